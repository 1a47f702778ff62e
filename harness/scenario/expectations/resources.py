"""`unchanged` and `changed`: a resource, read over HTTP before and after the step."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from harness.scenario.answer import Answer, Request
from harness.scenario.book import Book
from harness.scenario.credentials import Own
from harness.scenario.matching import MISSING, equal
from harness.scenario.names import Actor
from harness.scenario.registry import Expectation
from harness.scenario.scene import Scene

Path = Annotated[str, Field(pattern=r"^(/|\{)")]


class Resource(BaseModel):
    """A resource, who reads it, and which part of it counts."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    path: Path
    as_: str | None = Field(
        None, alias="as", description="The user who reads it: else whom the step is about."
    )
    at: str = Field("", description="The part of the body that counts, as a JSON pointer.")


Resources = Path | Resource | list[Path | Resource]


def _listed(value: str | Resource | list[str | Resource]) -> list[Resource]:
    entries = value if isinstance(value, list) else [value]
    return [Resource(path=entry) if isinstance(entry, str) else entry for entry in entries]


def _read_all(scene: Scene, value: Any, purpose: str) -> list[Answer]:
    return [_read(scene, resource, purpose) for resource in _listed(value)]


def _read(scene: Scene, resource: Resource, purpose: str) -> Answer:
    reader = resource.as_ or scene.acts_for or scene.actor.name
    shown = scene.stage.show(Own(reader), "GET")
    headers = (("Accept", "application/json"), *shown)
    return scene.stage.wire.send(reader, Request("GET", resource.path, headers), purpose=purpose)


def _read_before(scene: Scene, value: Any) -> list[Answer]:
    return _read_all(scene, value, "read before")


def _check(name: str, scene: Scene, value: Any, *, same: bool) -> None:
    after = _read_all(scene, value, "read after")
    for resource, old, new in zip(_listed(value), scene.before[name], after, strict=True):
        before, now = _state(old, resource.at), _state(new, resource.at)
        if old.status is None or not 200 <= old.status < 300:
            # Two refusals are alike and tell nothing about the resource.
            passed, message = False, f"it could not be read before: status {old.status}"
        else:
            passed = equal(before, now) is same
            message = "" if passed else ("it changed" if same else "it did not change")
        scene.check(
            f"{name}: {resource.path}{' at ' + resource.at if resource.at else ''}",
            expected=before if same else "another state",
            came=now,
            passed=passed,
            message=message,
        )


def _state(answer: Answer, at: str) -> dict[str, Any]:
    body = answer.at(at)
    return {"status": answer.status, "body": answer.text if body is MISSING and not at else body}


def _review(book: Book, actor: Actor, used: str | None, value: Any) -> None:
    entries = value if isinstance(value, list) else [value]
    for index, entry in enumerate(entries):
        path = (index,) if isinstance(value, list) else ()
        if isinstance(entry, Resource):
            book.reader((*path, "as"), entry.as_, actor, used)
        else:
            book.reader(path, None, actor, used)


EXPECTATIONS = [
    Expectation(
        "unchanged",
        Resources,
        lambda scene, value: _check("unchanged", scene, value, same=True),
        before=_read_before,
        review=_review,
        description="Paths that read the same before and after, by the user of the step or `as`.",
    ),
    Expectation(
        "changed",
        Resources,
        lambda scene, value: _check("changed", scene, value, same=False),
        before=_read_before,
        review=_review,
        description="Paths that read differently before and after.",
    ),
]
