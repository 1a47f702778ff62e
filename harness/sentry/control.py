"""The control API: what only a mock can do. Closed unless a control token was set.

It stands under /control/, takes `Authorization: Bearer <control token>` and
nothing else, and leaves no decision records: it is not part of what it controls.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from flask import Request, Response
from pydantic import AfterValidator, AwareDatetime, Field
from sqlalchemy import Row, delete, func, insert, or_, select, update

from harness import scopes
from harness.defence import defence
from harness.sentry.agent.grant import GrantKey, expire_grant, replace_grant
from harness.sentry.agent.session_id import SessionId
from harness.sentry.body import Body, Filled, read_object, validate
from harness.sentry.call import Reply
from harness.sentry.dispatch import respond
from harness.sentry.errors import ApiError, Invalid, NotFound, Unauthenticated
from harness.sentry.rendezvous import POINTS
from harness.sentry.route import parse_id
from harness.sentry.schema import feature, member, organization, user, write_grant
from harness.sentry.services import Services
from harness.sentry.store import Store

# A step of a century in either direction, within times that leave room for every lifetime.
_FARTHEST = 100 * 366 * 24 * 3600.0
_EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)


def _role(value: str) -> str:
    if value not in scopes.ROLES:
        raise ValueError(f"Choose one of {', '.join(scopes.ROLES)}.")
    return value


def _known_scopes(values: list[str]) -> list[str]:
    unknown = sorted(set(values) - scopes.ALL_SCOPES)
    if unknown:
        raise ValueError(f"There is no scope {', '.join(unknown)}.")
    return values


def _within_times(value: datetime) -> datetime:
    if not _EARLIEST <= value <= _LATEST:
        raise ValueError(f"Choose a time between {_EARLIEST.year} and {_LATEST.year}.")
    return value


class ClockBody(Body):
    """Where to move the clock: to a moment, or by seconds."""

    now: Annotated[AwareDatetime, Field(strict=False)] | None = None
    advance: Annotated[float, Field(ge=-_FARTHEST, le=_FARTHEST, strict=False)] | None = None


class GrantBody(Body):
    """Whose grant: `organization` is a slug or id, `user` an id or email."""

    organization: Filled
    user: Filled
    session: SessionId


class PlantBody(GrantBody):
    """A grant to store as it is."""

    scopes: Annotated[list[str], AfterValidator(_known_scopes)]
    expiresAt: (
        Annotated[AwareDatetime, Field(strict=False), AfterValidator(_within_times)] | None
    ) = None


class MemberBody(Body):
    """A member."""

    organization: Filled
    user: Filled


class RoleBody(MemberBody):
    """A member's new role."""

    role: Annotated[str, AfterValidator(_role)]


class UserBody(Body):
    """A user to switch on or off."""

    user: Filled
    active: bool


class FeatureBody(Body):
    """A feature to switch on or off for an organization."""

    organization: Filled
    feature: Annotated[Filled, Field(max_length=128)]
    enabled: bool


class RendezvousBody(Body):
    """A point where the next so many calls wait for each other."""

    point: Filled
    parties: Annotated[int, Field(ge=2, le=8)]


class Control:
    """The control API of one application.

    `reset`: puts the world's start back, clock and audit log too.
    """

    def __init__(self, services: Services, reset: Callable[[], None]) -> None:
        self._services = services
        self._store: Store = services.store
        self._reset = reset
        self._operations: dict[tuple[str, str], Callable[[Request], Reply]] = {
            ("GET", "clock/"): self._read_clock,
            ("PUT", "clock/"): self._move_clock,
            ("POST", "reset/"): self._start_again,
            ("GET", "grants/"): self._list_grants,
            ("POST", "grants/"): self._plant_grant,
            ("POST", "grants/expire/"): self._expire_grant,
            ("PUT", "members/"): self._change_role,
            ("DELETE", "members/"): self._remove_member,
            ("PUT", "users/"): self._switch_user,
            ("PUT", "features/"): self._switch_feature,
            ("GET", "audit/"): self._read_audit,
            ("GET", "log/"): self._read_log,
            ("GET", "exchanges/"): self._read_exchanges,
            ("POST", "rendezvous/"): self._arm,
        }

    def answer(self, request: Request, path: str) -> Response:
        """The response to a control request of `path`, below /control/."""
        try:
            self._authenticate(request)
            handler = self._operations.get((request.method, path))
            if handler is None:
                raise NotFound()
            return respond(handler(request))
        except ApiError as error:
            return respond(Reply(error.body, error.status, error.headers))

    def _authenticate(self, request: Request) -> None:
        expected = self._services.settings.control_token
        if not expected:
            raise NotFound()
        check_token(request.headers.get("Authorization", ""), expected)

    def _read_clock(self, request: Request) -> Reply:
        return Reply({"now": self._services.clock.now().isoformat()})

    def _move_clock(self, request: Request) -> Reply:
        body = validate(read_object(request), ClockBody)
        if (body.now is None) == (body.advance is None):
            raise Invalid("Send either now or advance.")
        clock = self._services.clock
        target = body.now or clock.now() + timedelta(seconds=body.advance or 0)
        if not _EARLIEST <= target <= _LATEST:
            raise Invalid("The clock cannot be moved that far.")
        clock.set(target)
        return self._read_clock(request)

    def _start_again(self, request: Request) -> Reply:
        self._reset()
        return Reply(status=204)

    def _list_grants(self, request: Request) -> Reply:
        statement = (
            select(write_grant, organization.c.slug)
            .select_from(write_grant.join(organization))
            .order_by(write_grant.c.id)
        )
        return Reply({"grants": [_show_grant(row) for row in self._store.all(statement)]})

    def _plant_grant(self, request: Request) -> Reply:
        body = validate(read_object(request), PlantBody)
        now = self._services.clock.now()
        expires_at = body.expiresAt or now + self._services.settings.grant_lifetime
        grant = replace_grant(self._store, self._key(body), body.scopes, now, expires_at)
        shown = {"scopes": sorted(grant.scopes), "expiresAt": grant.expires_at.isoformat()}
        return Reply(shown, 201)

    def _expire_grant(self, request: Request) -> Reply:
        body = validate(read_object(request), GrantBody)
        now = self._services.clock.now()
        if not expire_grant(self._store, self._key(body), now):
            raise NotFound("There is no such grant.")
        return Reply({"expiresAt": now.isoformat()})

    def _change_role(self, request: Request) -> Reply:
        body = validate(read_object(request), RoleBody)
        row = self._find_member(body)
        with self._store.transaction() as connection:
            connection.execute(update(member).where(member.c.id == row.id).values(role=body.role))
        return Reply({"role": body.role})

    def _remove_member(self, request: Request) -> Reply:
        row = self._find_member(validate(read_object(request), MemberBody))
        with self._store.transaction() as connection:
            connection.execute(delete(member).where(member.c.id == row.id))
        return Reply(status=204)

    def _switch_user(self, request: Request) -> Reply:
        body = validate(read_object(request), UserBody)
        user_id = self._find_user(body.user)
        with self._store.transaction() as connection:
            connection.execute(
                update(user).where(user.c.id == user_id).values(is_active=body.active)
            )
        return Reply({"active": body.active})

    def _switch_feature(self, request: Request) -> Reply:
        body = validate(read_object(request), FeatureBody)
        organization_id = self._find_organization(body.organization)
        this = (feature.c.organization_id == organization_id) & (feature.c.name == body.feature)
        with self._store.transaction() as connection:
            connection.execute(delete(feature).where(this))
            if body.enabled:
                connection.execute(
                    insert(feature).values(organization_id=organization_id, name=body.feature)
                )
        return Reply({"feature": body.feature, "enabled": body.enabled})

    def _arm(self, request: Request) -> Reply:
        body = validate(read_object(request), RendezvousBody)
        try:
            self._services.rendezvous.arm(body.point, body.parties)
        except KeyError:
            known = f"Choose one of {', '.join(POINTS)}."
            raise Invalid(fields={"point": [known]}) from None
        return Reply({"point": body.point, "parties": body.parties}, 201)

    def _read_audit(self, request: Request) -> Reply:
        return Reply({"records": self._services.audit.since(_since(request))})

    def _read_log(self, request: Request) -> Reply:
        return Reply({"lines": self._services.log.since(_since(request))})

    def _read_exchanges(self, request: Request) -> Reply:
        return Reply({"exchanges": self._services.network.since(_since(request))})

    def _key(self, body: GrantBody) -> GrantKey:
        return GrantKey(
            self._find_organization(body.organization), self._find_user(body.user), body.session
        )

    def _find_organization(self, named: str) -> int:
        this = or_(organization.c.slug == named, organization.c.id == _number(named))
        return self._id_of("organization", select(organization.c.id).where(this), named)

    def _find_user(self, named: str) -> int:
        this = or_(func.lower(user.c.email) == named.lower(), user.c.id == _number(named))
        return self._id_of("user", select(user.c.id).where(this), named)

    def _find_member(self, body: MemberBody) -> Row[Any]:
        row = self._store.one(
            select(member.c.id)
            .where(member.c.organization_id == self._find_organization(body.organization))
            .where(member.c.user_id == self._find_user(body.user))
        )
        if row is None:
            raise NotFound("That user is no member of that organization.")
        return row

    def _id_of(self, kind: Literal["organization", "user"], statement: Any, named: str) -> int:
        row = self._store.one(statement)
        if row is None:
            raise NotFound(f"There is no {kind} {named[:100]!r}.")
        return int(row.id)


@defence(
    "control.token",
    title="The control API opens for the run's control token",
    cwe=306,
    source="CWE-306",
)
def check_token(authorization: str, expected: str) -> None:
    """Raises Unauthenticated for any other `Authorization`; compares in constant time."""
    scheme, _, token = authorization.partition(" ")
    same = hmac.compare_digest(token.encode(errors="replace"), expected.encode())
    if scheme.lower() != "bearer" or not same:
        raise Unauthenticated("Invalid control token", rule="control")


@check_token.weakened("control-open", title="The control API asks for no token")
def _(authorization: str, expected: str) -> None:
    return None


def _since(request: Request) -> int:
    since = parse_id(request.args.get("since", "0"))
    if since is None:
        raise Invalid(fields={"since": ["A whole number is expected."]})
    return since


def _number(text: str) -> int:
    number = parse_id(text)
    return -1 if number is None else number


def _show_grant(row: Row[Any]) -> dict[str, Any]:
    return {
        "organization": row.slug,
        "user": str(row.user_id),
        "session": row.agent_session_id,
        "scopes": row.scope_list,
        "expiresAt": row.expires_at.astimezone(UTC).isoformat(),
        "dateAdded": row.date_added.astimezone(UTC).isoformat(),
        "dateUpdated": row.date_updated.astimezone(UTC).isoformat(),
    }
