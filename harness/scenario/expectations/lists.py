"""`lists`: who is in the list that came back, over all its pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from harness.scenario.answer import Answer, Request, resolve
from harness.scenario.cast import OneOrMore, listed
from harness.scenario.matching import MISSING
from harness.scenario.registry import Expectation
from harness.scenario.scene import Scene

_MOST_PAGES = 20


class Membership(BaseModel):
    """What a list has, what it lacks, or all that it has."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    contains: OneOrMore = []
    lacks: OneOrMore = []
    exactly: OneOrMore | None = None
    by: str = Field(
        "slug", description="What entries are known by: a key, or a JSON pointer into each."
    )
    at: str = Field("", description="Where the list is in the body, as a JSON pointer.")


def _check(scene: Scene, expected: Membership) -> None:
    wanted = expected.model_dump(exclude_unset=True)
    entries = read_pages(scene, scene.answer, expected.at)
    if entries is None:
        message = f"there is no list{' at ' + expected.at if expected.at else ''}"
        scene.check("lists", expected=wanted, came=None, passed=False, message=message)
        return
    pointer = expected.by if expected.by.startswith("/") else f"/{expected.by}"
    names = [resolve(entry, pointer) for entry in entries]
    faults = [] if MISSING not in names else [f"an entry has no {expected.by!r}"]
    came = [str(name) for name in names if name is not MISSING]
    faults += [f"lacks {name!r}" for name in listed(expected.contains) if name not in came]
    faults += [f"contains {name!r}" for name in listed(expected.lacks) if name in came]
    if expected.exactly is not None and sorted(came) != sorted(listed(expected.exactly)):
        faults.append(f"expected exactly {sorted(listed(expected.exactly))}")
    scene.check("lists", expected=wanted, came=came, passed=not faults, message="; ".join(faults))


def read_pages(scene: Scene, answer: Answer, at: str = "") -> list[Any] | None:
    """The entries of the list in `answer` and on the pages after it; None where one has none."""
    entries: list[Any] = []
    for _ in range(_MOST_PAGES):
        page = answer.at(at)
        if not isinstance(page, list):
            return None
        entries += page
        path = _next_path(scene, answer)
        if path is None:
            break
        # The same reader with the same credentials: whatever the first page was asked with.
        headers = answer.request.headers if answer.request else ()
        request = Request("GET", path, headers)
        answer = scene.stage.wire.send(scene.actor.name, request, purpose="next page")
    return entries


def _next_path(scene: Scene, answer: Answer) -> str | None:
    """Path and query of the next page, if that is on the same server."""
    url = answer.next_page()
    if url is None or answer.request is None or answer.request.method != "GET":
        return None
    here, there = urlsplit(scene.stage.wire.url), urlsplit(url)
    if there.netloc and (there.scheme, there.netloc) != (here.scheme, here.netloc):
        return None
    if not there.path.startswith("/"):
        # `@elsewhere/` after the URL of this server would be another's.
        return None
    return f"{there.path}?{there.query}" if there.query else there.path


EXPECTATIONS = [
    Expectation(
        "lists",
        Membership,
        _check,
        description="Who is in the list that came back, following its pages.",
    )
]
