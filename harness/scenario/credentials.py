"""The credentials that a step shows, as the file names them.

none                          none at all
session                       the actor's own session; signs in when there is none yet
token                         the actor's own user token
own                           the token, or the session where the target gives no token
session of alice              another user's
token of alice
own of alice
viewer context of alice       the Seer service's, signed with the shared secret
viewer context of alice in first
first                         a token that was minted `as: first`, or one of the cast
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.scenario.names import Actor

_OF = re.compile(r"(session|token|own) of (\S+)")
_CONTEXT = re.compile(r"viewer context(?: of (\S+)(?: in (\S+))?)?")


@dataclass(frozen=True)
class Session:
    """A user's session cookie, with the CSRF token where the request writes."""

    user: str


@dataclass(frozen=True)
class UserToken:
    """A user's own token."""

    user: str


@dataclass(frozen=True)
class Own:
    """A user's own token, or the session where there is no token."""

    user: str


@dataclass(frozen=True)
class ViewerContext:
    """A context that the Seer service signs for a user, and an organization if one is named."""

    user: str
    organization: str | None = None


@dataclass(frozen=True)
class NamedToken:
    """A minted token, or one of the cast."""

    name: str


Credential = Session | UserToken | Own | ViewerContext | NamedToken


def parse_credential(text: str, actor: Actor) -> Credential | None:
    """What `text` names when `actor` shows it; None for `none`.

    Raises ValueError when it leaves open whose it is.
    """
    if text == "none":
        return None
    if text in ("session", "token", "own"):
        if actor.kind != "user":
            raise ValueError(f"{actor} has no {text}; say whose: '{text} of alice'")
        return _of(text, actor.name)
    if match := _OF.fullmatch(text):
        return _of(match[1], match[2])
    if match := _CONTEXT.fullmatch(text):
        if match[1]:
            return ViewerContext(match[1], match[2])
        if actor.kind != "user":
            raise ValueError("say whose: 'viewer context of alice in first'")
        return ViewerContext(actor.name)
    if not re.fullmatch(r"\S+", text):
        raise ValueError(
            f"no credential: {text!r}; expected none, session, token, own, "
            "'viewer context of alice in first' or the name of a token"
        )
    return NamedToken(text)


def _of(word: str, user: str) -> Credential:
    match word:
        case "session":
            return Session(user)
        case "token":
            return UserToken(user)
        case _:
            return Own(user)
