"""`audit` and `grants`: what the server wrote down. Both need the control API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from harness.scenario.book import Book
from harness.scenario.control import parse_time
from harness.scenario.duration import Duration
from harness.scenario.expectations.answer import review_pattern
from harness.scenario.matching import compare, matches
from harness.scenario.names import Actor
from harness.scenario.registry import Expectation
from harness.scenario.scene import Scene

_TOLERANCE = 5


class Records(BaseModel):
    """Patterns of which each must match a record, and patterns that none may match."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    contains: list[JsonValue] = []
    lacks: list[JsonValue] = []


class ExpectedGrant(BaseModel):
    """A grant that must be stored; what is left out may be anything."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    for_: str = Field(alias="for")
    in_: str | None = Field(None, alias="in")
    session: str
    scopes: list[str] | None = None
    expires_in: Duration | None = Field(None, alias="expires in")


def _check_audit(scene: Scene, expected: list[JsonValue] | Records) -> None:
    wanted = expected if isinstance(expected, Records) else Records(contains=expected)
    redact = scene.stage.transcript.redactor.data
    for pattern in wanted.contains:
        fits = [record for record in scene.decisions if matches(pattern, record)]
        message = "" if fits else "no record of this step matches"
        if not fits and len(scene.decisions) == 1:
            differences = compare(pattern, scene.decisions[0])
            message = "; ".join(difference.explain(redact) for difference in differences)
        scene.check(
            "audit",
            expected=pattern,
            came=fits[0] if fits else scene.decisions,
            passed=bool(fits),
            message=message,
        )
    for pattern in wanted.lacks:
        fits = [record for record in scene.decisions if matches(pattern, record)]
        message = "a record of this step matches" if fits else ""
        scene.check("audit: lacks", expected=pattern, came=fits, passed=not fits, message=message)


def _check_grants(scene: Scene, expected: list[ExpectedGrant]) -> None:
    control = scene.stage.need_control()
    stored = control.grants()
    patterns = [_pattern(scene, grant) for grant in expected]
    faults = []
    if len(stored) != len(expected):
        faults.append(f"expected {len(expected)} grants, came {len(stored)}")
    for grant, pattern in zip(expected, patterns, strict=True):
        found = next((entry for entry in stored if matches(pattern, entry)), None)
        if found is None:
            faults.append(f"no such grant of {grant.for_} for {grant.session}")
        elif grant.expires_in is not None:
            at = parse_time(found.get("expiresAt"))
            due = control.now() + timedelta(seconds=grant.expires_in)
            if at is None or abs((at - due).total_seconds()) > _TOLERANCE:
                faults.append(f"the grant of {grant.for_} does not expire in {grant.expires_in} s")
    scene.check(
        "grants",
        expected=[grant.model_dump(by_alias=True, exclude_none=True) for grant in expected],
        came=stored,
        passed=not faults,
        message="; ".join(faults),
    )


def _pattern(scene: Scene, grant: ExpectedGrant) -> dict[str, Any]:
    stage = scene.stage
    organization = stage.organization(grant.in_ or stage.session_organizations[grant.session])
    pattern: dict[str, Any] = {
        "organization": {"$one of": [organization.slug, organization.id]},
        "user": stage.user(grant.for_).id,
        "session": stage.session(grant.session),
    }
    if grant.scopes is not None:
        pattern["scopes"] = {"$unordered": grant.scopes}
    return pattern


def _review_audit(book: Book, actor: Actor, used: str | None, value: Any) -> None:
    book.needs_control("'audit'")
    plain = value.model_dump() if isinstance(value, Records) else value
    for patterns in plain.values() if isinstance(plain, dict) else [plain]:
        review_pattern(book, actor, used, patterns)


def _review_grants(book: Book, _: Actor, __: str | None, grants: list[ExpectedGrant]) -> None:
    book.needs_control("'grants'")
    for index, grant in enumerate(grants):
        book.user((index, "for"), grant.for_)
        if grant.in_ is not None:
            book.organization((index, "in"), grant.in_)
        book.session((index,), grant.session, grant.in_)


EXPECTATIONS = [
    Expectation(
        "audit",
        list[JsonValue] | Records,
        _check_audit,
        review=_review_audit,
        description="Patterns for the decision records that the step caused: each must match "
        "one, or contains and lacks.",
    ),
    Expectation(
        "grants",
        list[ExpectedGrant],
        _check_grants,
        review=_review_grants,
        description="Exactly the grants that are stored after the step; [] for none.",
    ),
]
