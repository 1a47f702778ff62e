"""`challenge`: the `WWW-Authenticate` header of a refusal (RFC 6750 §3, RFC 9110 §11.6.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from harness.scenario.registry import Expectation
from harness.scenario.scene import Scene

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_ITEM = re.compile(
    rf"\s*(?:(?P<name>{_WORD})\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<plain>{_WORD}))"
    rf"|(?P<scheme>{_WORD})(?:[ ]+(?P<data>[A-Za-z0-9._~+/-]+=*)(?=\s*(?:,|$)))?)"
)


class ChallengeError(ValueError):
    """A header that is no list of challenges."""


@dataclass(frozen=True)
class Challenge:
    """One challenge: its scheme as it was written, and its parameters by lower-case name."""

    scheme: str
    parameters: dict[str, str]


class ExpectedChallenge(BaseModel):
    """The challenge expected; `scope` in the order in which it must come."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    scheme: str = "Bearer"
    error: str | None = None
    scope: list[str] | None = None
    realm: str | None = None


def parse_challenges(header: str) -> list[Challenge]:
    """The challenges of a `WWW-Authenticate` header, or of several joined by commas.

    Raises ChallengeError.
    """
    found: list[Challenge] = []
    position = 0
    # A scheme is followed by its parameters without a comma; anything else has one before it.
    after_scheme = False
    while position < len(header.rstrip()):
        match = _ITEM.match(header, position)
        if match is None:
            raise ChallengeError(f"not readable from character {position + 1} on")
        if match["scheme"] is not None and after_scheme:
            raise ChallengeError(f"no comma before character {match.start('scheme') + 1}")
        position = match.end()
        after_scheme = match["scheme"] is not None
        if after_scheme:
            data = {"": match["data"]} if match["data"] else {}
            found.append(Challenge(match["scheme"], data))
        else:
            _add_parameter(found, match)
        position += len(header[position:]) - len(header[position:].lstrip())
        if header[position : position + 1] == ",":
            position += 1
            after_scheme = False
        elif position < len(header) and not after_scheme:
            raise ChallengeError(f"no comma before character {position + 1}")
    return found


def _add_parameter(found: list[Challenge], match: re.Match[str]) -> None:
    name = match["name"].lower()
    if not found:
        raise ChallengeError(f"the parameter {name!r} stands before any scheme")
    parameters = found[-1].parameters
    if name in parameters:
        raise ChallengeError(f"the parameter {name!r} comes twice")
    quoted = match["quoted"]
    parameters[name] = match["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


def _check(scene: Scene, expected: ExpectedChallenge | Literal["none"]) -> None:
    header = scene.answer.header("www-authenticate")
    if isinstance(expected, str):
        came = header if isinstance(header, str) else None
        scene.check("challenge", expected="none", came=came, passed=came is None)
        return
    wanted = expected.model_dump(exclude_none=True)
    if not isinstance(header, str):
        message = "there is no WWW-Authenticate header"
        scene.check("challenge", expected=wanted, came=None, passed=False, message=message)
        return
    try:
        challenges = parse_challenges(header)
    except ChallengeError as error:
        scene.check("challenge", expected=wanted, came=header, passed=False, message=str(error))
        return
    same = [c for c in challenges if c.scheme.lower() == expected.scheme.lower()]
    if len(same) != 1:
        message = f"{len(same)} challenges of the scheme {expected.scheme}"
        scene.check("challenge", expected=wanted, came=header, passed=False, message=message)
        return
    shown = _show(same[0])
    faults = _find_faults(wanted, shown)
    scene.check(
        "challenge", expected=wanted, came=shown, passed=not faults, message="; ".join(faults)
    )


def _show(challenge: Challenge) -> dict[str, Any]:
    shown: dict[str, Any] = {"scheme": challenge.scheme, **challenge.parameters}
    if "scope" in challenge.parameters:
        shown["scope"] = challenge.parameters["scope"].split(" ")
    return shown


def _find_faults(wanted: dict[str, Any], came: dict[str, Any]) -> list[str]:
    faults = [
        f"{name}: expected {value!r}, came {came.get(name)!r}"
        for name, value in wanted.items()
        if name != "scheme" and came.get(name) != value
    ]
    # These tell nothing about the caller; anything else that was not expected may.
    further = came.keys() - wanted.keys() - {"realm", "scheme", "scope"}
    return faults + [f"not expected: {name}" for name in sorted(further)]


EXPECTATIONS = [
    Expectation(
        "challenge",
        Literal["none"] | ExpectedChallenge,
        _check,
        description="The challenge of a refusal, or none: no WWW-Authenticate header at all.",
    )
]
