"""What the operator does through the control API, which only a mock has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from harness.scenario.answer import Answer
from harness.scenario.book import Book
from harness.scenario.cast import Role
from harness.scenario.duration import Duration
from harness.scenario.names import Actor
from harness.scenario.registry import Arguments, Verb
from harness.scenario.stage import Stage

AGENT_FLOW = "organizations:seer-agent-token-flow"


class MoveClock(Arguments):
    """By a duration, or to a time."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    by: Duration | None = Field(None, description="Such as 5m, or -1h to go back.")
    to: AwareDatetime | None = Field(None, strict=False)

    @model_validator(mode="after")
    def _one(self) -> MoveClock:
        if (self.by is None) == (self.to is None):
            raise ValueError("expected either by or to")
        return self


class Nothing(Arguments):
    """No arguments."""


class Member(Arguments):
    """A user in an organization."""

    user: str
    in_: str = Field(alias="in")


class NewRole(Member):
    """A member's new role."""

    to: Role


class Direction(Arguments):
    """What Seer's next runs do, whatever their user asks."""

    script: str | None = Field(None, description="The id of an agent's script; none: it follows.")
    as_: str | None = Field(
        None,
        alias="as",
        description="A user with whose whole session the agent acts, as none of Seer's does.",
    )


class Person(Arguments):
    """A user."""

    user: str


class Feature(Arguments):
    """A feature of an organization, on or off."""

    in_: str = Field(alias="in")
    feature: str = AGENT_FLOW
    on: bool


class Grant(Arguments):
    """The grant of a user, in an organization, for an agent session."""

    for_: str = Field(alias="for")
    in_: str | None = Field(None, alias="in")
    session: str


class PlantedGrant(Grant):
    """A grant as it is to be stored."""

    scopes: list[str]
    expires_in: Duration | None = Field(None, alias="expires in")


def _move_clock(stage: Stage, actor: Actor, move: MoveClock) -> Answer:
    body = {"advance": move.by} if move.to is None else {"now": move.to.isoformat()}
    return _call(stage, actor, "PUT", "/clock/", body)


def _reset(stage: Stage, actor: Actor, _: Nothing) -> Answer:
    return _call(stage, actor, "POST", "/reset/")


def _plant_grant(stage: Stage, actor: Actor, grant: PlantedGrant) -> Answer:
    body = _key(stage, grant) | {"scopes": grant.scopes}
    if grant.expires_in is not None:
        at = stage.need_control().now() + timedelta(seconds=grant.expires_in)
        body["expiresAt"] = at.isoformat()
    return _call(stage, actor, "POST", "/grants/", body)


def _expire_grant(stage: Stage, actor: Actor, grant: Grant) -> Answer:
    return _call(stage, actor, "POST", "/grants/expire/", _key(stage, grant))


def _change_role(stage: Stage, actor: Actor, role: NewRole) -> Answer:
    return _call(stage, actor, "PUT", "/members/", _member(stage, role) | {"role": role.to})


def _remove_member(stage: Stage, actor: Actor, member: Member) -> Answer:
    return _call(stage, actor, "DELETE", "/members/", _member(stage, member))


def _activate(active: bool) -> Callable[[Stage, Actor, Person], Answer]:
    def play(stage: Stage, actor: Actor, person: Person) -> Answer:
        body = {"user": stage.user(person.user).id, "active": active}
        return _call(stage, actor, "PUT", "/users/", body)

    return play


def _switch_feature(stage: Stage, actor: Actor, feature: Feature) -> Answer:
    body = {
        "organization": stage.organization(feature.in_).slug,
        "feature": feature.feature,
        "enabled": feature.on,
    }
    return _call(stage, actor, "PUT", "/features/", body)


def _direct(stage: Stage, actor: Actor, direction: Direction) -> Answer:
    headers: dict[str, str] = {}
    if direction.as_ is not None:
        headers = dict(stage.signed_in(direction.as_).jar.headers("POST"))
    return stage.need_seer_control().direct(actor.name, direction.script, headers)


def _read(path: str) -> Callable[[Stage, Actor, Nothing], Answer]:
    def play(stage: Stage, actor: Actor, _: Nothing) -> Answer:
        return _call(stage, actor, "GET", path)

    return play


def _call(stage: Stage, actor: Actor, method: str, path: str, body: Any = None) -> Answer:
    return stage.need_control().call(method, path, body, actor=actor.name, purpose="step")


def _member(stage: Stage, member: Member) -> dict[str, Any]:
    return {
        "organization": stage.organization(member.in_).slug,
        "user": stage.user(member.user).id,
    }


def _key(stage: Stage, grant: Grant) -> dict[str, Any]:
    organization = grant.in_ or stage.session_organizations[grant.session]
    return {
        "organization": stage.organization(organization).slug,
        "user": stage.user(grant.for_).id,
        "session": stage.session(grant.session),
    }


def _review(book: Book, arguments: Any, what: str) -> None:
    if isinstance(arguments, Direction):
        book.needs_seer(what)
        if arguments.as_ is not None:
            book.user(("as",), arguments.as_)
            book.passwords.add(arguments.as_)
        return
    book.needs_control(what)
    if isinstance(arguments, Member | Person):
        book.user(("user",), arguments.user)
    if isinstance(arguments, Grant):
        book.user(("for",), arguments.for_)
        book.session((), arguments.session, arguments.in_)
    if isinstance(arguments, Member | Grant | Feature) and arguments.in_ is not None:
        book.organization(("in",), arguments.in_)


def _acts_for(_: Book, __: Actor, arguments: Any) -> str | None:
    if isinstance(arguments, Member | Person):
        return arguments.user
    return arguments.for_ if isinstance(arguments, Grant) else None


def _verb(
    name: str, arguments: type[Arguments], play: Callable[[Stage, Actor, Any], Answer]
) -> Verb:
    return Verb(
        name=name,
        arguments=arguments,
        actors=frozenset({"operator"}),
        play=play,
        review=lambda book, _, arguments: _review(book, arguments, f"'operator {name}'"),
        acts_for=_acts_for,
    )


VERBS = [
    _verb("moves clock", MoveClock, _move_clock),
    replace(_verb("resets", Nothing, _reset), restarts=True),
    _verb("plants grant", PlantedGrant, _plant_grant),
    _verb("expires grant", Grant, _expire_grant),
    _verb("changes role", NewRole, _change_role),
    _verb("removes member", Member, _remove_member),
    _verb("deactivates user", Person, _activate(active=False)),
    _verb("activates user", Person, _activate(active=True)),
    _verb("switches feature", Feature, _switch_feature),
    _verb("directs agent", Direction, _direct),
    _verb("reads audit", Nothing, _read("/audit/")),
    _verb("reads grants", Nothing, _read("/grants/")),
]
