"""What a token says, and how it differs from the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeGuard

Event = Mapping[str, Any]

# Claims that say whose token it is: the one before is compared if it says the same.
_WHOSE = ("sub", "org", "sid")
_TIMES = frozenset({"iat", "exp", "nbf"})
_MOST = 1e15
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True)
class Change:
    """What changed since the token labelled `since`.

    `claims`: name, before, now, of every claim but the scopes; None for no such claim.
    """

    since: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    claims: tuple[tuple[str, Any, Any], ...]


def find_changes(tokens: Sequence[Event]) -> list[Change | None]:
    """For each `token` event the change since an earlier one, None for the first.

    Compared is the last token before it of the same user, organization and session; where
    there is none, the last one before it.
    """
    changes: list[Change | None] = []
    for index, token in enumerate(tokens):
        earlier = tokens[:index]
        kin = [one for one in earlier if _whose(one) == _whose(token)]
        changes.append(_compare((kin or earlier)[-1], token) if earlier else None)
    return changes


def scopes_of(token: Event) -> list[str]:
    """The scopes of a token; none where the claim is no list of texts."""
    scopes = _claims(token).get("scopes")
    return [one for one in scopes if isinstance(one, str)] if isinstance(scopes, list) else []


def describe_lifetime(token: Event) -> str:
    """How long a token lives, in words; empty where its times are no numbers."""
    claims = _claims(token)
    issued, expires = claims.get("iat"), claims.get("exp")
    if not (_is_number(issued) and _is_number(expires)):
        return ""
    seconds = expires - issued
    for unit, size in _UNITS:
        if seconds and seconds % size == 0:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"


def describe_claim(name: str, value: Any) -> str:
    """What a claim means where its value does not say it: a time; else empty."""
    if name not in _TIMES or not _is_number(value):
        return ""
    try:
        return datetime.fromtimestamp(value, UTC).isoformat(sep=" ").replace("+00:00", " UTC")
    except (ValueError, OverflowError, OSError):
        return ""


def _compare(before: Event, now: Event) -> Change:
    old, new = scopes_of(before), scopes_of(now)
    was, claims = _claims(before), _claims(now)
    names = [name for name in dict.fromkeys([*was, *claims]) if name != "scopes"]
    return Change(
        since=before["label"],
        gained=tuple(scope for scope in new if scope not in old),
        lost=tuple(scope for scope in old if scope not in new),
        claims=tuple(
            (name, was.get(name), claims.get(name))
            for name in names
            if not _same(was.get(name), claims.get(name))
        ),
    )


def _same(one: Any, other: Any) -> bool:
    """Whether two claims are the same; 1, 1.0 and true are not."""
    return type(one) is type(other) and one == other


def _whose(token: Event) -> tuple[str, ...]:
    claims = _claims(token)
    return tuple(repr(claims.get(name)) for name in _WHOSE)


def _claims(token: Event) -> Mapping[str, Any]:
    claims = token["claims"]
    return claims if isinstance(claims, dict) else {}


def _is_number(value: Any) -> TypeGuard[int | float]:
    """Whether it can be reckoned with: some tokens carry numbers beyond any time."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST
