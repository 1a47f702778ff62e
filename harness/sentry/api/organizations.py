"""Organizations: list, create, read, update."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import StringConstraints
from sqlalchemy import Row, bindparam, insert, select, update

from harness import scopes
from harness.defence import defence
from harness.sentry.access import NO_MEMBER
from harness.sentry.api.conflicts import refuse_conflict
from harness.sentry.api.matching import Match, by, filter_by_query
from harness.sentry.api.pagination import paginate
from harness.sentry.api.shapes import iso, letter_avatar
from harness.sentry.api.slugs import Slug
from harness.sentry.api.users import find_self
from harness.sentry.body import Body, Filled, read_body
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import Invalid
from harness.sentry.objects import find_organization
from harness.sentry.principal import Caller
from harness.sentry.schema import feature, member, organization

#: The role that sees an organization under `?owner=1`.
OWNER = "owner"
# Who holds it chooses what new members become.
_OWNERS = frozenset({"org:admin"})

# Switched on for tests of the flow, and not for an organization's members to see.
_HIDDEN_FEATURES = frozenset({"organizations:seer-explorer-code-mode-tools"})

_OPTIONS: dict[str, Any] = {
    "isEarlyAdopter": False,
    "require2FA": False,
    "allowMemberInvite": True,
    "allowMemberProjectCreation": True,
    "allowSuperuserAccess": False,
}


_FIELDS: dict[str, Match[Row[Any]]] = {"slug": by("slug"), "id": by("id")}

Name = Annotated[Filled, StringConstraints(max_length=64)]

_features_of = (
    select(feature.c.name)
    .where(feature.c.organization_id == bindparam("organization_id"))
    .order_by(feature.c.name)
)
_of_user = (
    select(organization, member.c.role.label("member_role"))
    .select_from(organization.join(member, member.c.organization_id == organization.c.id))
    .where(member.c.user_id == bindparam("user_id"))
    .order_by(organization.c.id)
)
_by_id = select(organization).where(organization.c.id == bindparam("id"))
_by_id_locked = _by_id.with_for_update()


def show_organization(row: Row[Any], base_url: str) -> dict[str, Any]:
    """A row of `sentry_organization` as JSON, in the short form of lists."""
    options = _OPTIONS | row.options
    return {
        "id": str(row.id),
        "slug": row.slug,
        "name": row.name,
        "status": {"id": "active", "name": "active"},
        "dateCreated": iso(row.date_added),
        "avatar": letter_avatar(),
        "hasAuthProvider": False,
        "isEarlyAdopter": options["isEarlyAdopter"],
        "require2FA": options["require2FA"],
        "allowMemberInvite": options["allowMemberInvite"],
        "allowMemberProjectCreation": options["allowMemberProjectCreation"],
        "allowSuperuserAccess": options["allowSuperuserAccess"],
        "links": {
            "organizationUrl": f"{base_url}/organizations/{row.slug}",
            "regionUrl": base_url,
        },
    }


@operation("GET", "/organizations/")
def list_organizations(call: Call) -> Reply:
    """The caller's organizations; with `?owner=1`, {"organization", "singleOwner"} of those owned.

    A credential that is bound to one organization sees that one alone.
    """
    if call.request.args.get("owner") == "1":
        owned = [row for row in _search(call) if is_owned(call.caller, row)]
        return paginate(call, owned, lambda row: _show_owned(call, row))
    rows = [row for row in _search(call) if is_listed(call.caller, row)]
    return paginate(call, rows, lambda row: show_organization(row, call.base_url))


@operation("GET", "/users/{user_id}/organizations/")
def list_own_organizations(call: Call) -> Reply:
    """As the list of all that the caller sees."""
    find_self(call)
    return list_organizations(call)


class CreateBody(Body):
    """A new organization."""

    name: Name
    slug: Slug | None = None


@operation("POST", "/organizations/")
def create_organization(call: Call) -> Reply:
    """201 with the organization, whose owner the caller is.

    Raises Invalid where the slug is taken.
    """
    body = read_body(call, CreateBody)
    slug = body.slug or re.sub(r"[^a-z0-9]+", "-", body.name.lower()).strip("-")[:50]
    if not slug or slug.isdigit():
        raise Invalid(fields={"slug": ["A slug cannot be made from this name: send one."]})
    services = call.services
    now = services.clock.now()
    taken = Invalid(fields={"slug": ["This slug is already in use"]}, status=409)
    with refuse_conflict(taken), services.store.transaction() as connection:
        if connection.execute(select(organization.c.id).where(organization.c.slug == slug)).first():
            raise taken
        row_id = connection.execute(
            insert(organization).values(
                slug=slug,
                name=body.name,
                open_membership=True,
                default_role="member",
                options={},
                date_added=now,
            )
        ).inserted_primary_key
        assert row_id is not None  # noqa: S101 - an insert of one row gives its key
        connection.execute(
            insert(member).values(
                organization_id=row_id[0], user_id=call.caller.user_id, role=OWNER, date_added=now
            )
        )
        row = connection.execute(_by_id, {"id": row_id[0]}).one()
    return Reply(show_organization(row, call.base_url), 201)


@operation("GET", "/organizations/{organization_id_or_slug}/")
def read_organization(call: Call) -> dict[str, Any]:
    """The organization, with the caller's role and access in it."""
    row, access = call.organization, call.access
    features = call.services.store.recall(_features_of, organization_id=row.id)
    names = (entry.name for entry in features if entry.name not in _HIDDEN_FEATURES)
    return show_organization(row, call.base_url) | {
        "isDefault": False,
        "features": [name.removeprefix("organizations:") for name in names],
        "access": sorted(access.scopes),
        "role": access.role,
        "orgRole": access.role,
        "openMembership": row.open_membership,
        "defaultRole": row.default_role,
        "orgRoleList": [{"id": role, "name": scopes.role_name(role)} for role in scopes.ROLES],
    }


class UpdateBody(Body):
    """What of an organization can be changed; each key may be left out."""

    name: Name = ""
    slug: Slug = ""
    openMembership: bool = False
    defaultRole: str = ""
    isEarlyAdopter: bool = False
    require2FA: bool = False
    allowMemberInvite: bool = True
    allowMemberProjectCreation: bool = True


@operation("PUT", "/organizations/{organization_id_or_slug}/")
def update_organization(call: Call) -> dict[str, Any]:
    """The organization as it is now.

    Raises Invalid for a slug that is taken or a role that there is not. The default role
    is the owners' to choose: of others it is ignored, as Sentry does.
    """
    body = read_body(call, UpdateBody)
    sent = body.model_dump(include=body.model_fields_set)
    if not call.access.holds_any(_OWNERS):
        sent.pop("defaultRole", None)
    if "defaultRole" in sent and sent["defaultRole"] not in scopes.ROLES:
        raise Invalid(fields={"defaultRole": [f"Choose one of {', '.join(scopes.ROLES)}."]})
    columns = {"name": "name", "slug": "slug"}
    columns |= {"openMembership": "open_membership", "defaultRole": "default_role"}
    values = {columns[key]: sent.pop(key) for key in list(sent) if key in columns}
    taken = Invalid(fields={"slug": ["The slug is already in use."]})
    with refuse_conflict(taken), call.services.store.transaction() as connection:
        # Locked: the settings that another call writes at the same time are kept.
        before = connection.execute(_by_id_locked, {"id": call.organization.id}).one()
        call.access.organization = connection.execute(
            update(organization)
            .where(organization.c.id == before.id)
            .values(**values, options=before.options | sent)
            .returning(organization)
        ).one()
    return read_organization(call)


def _search(call: Call) -> list[Row[Any]]:
    return filter_by_query(call, _rows_of(call), _FIELDS, lambda row: (row.name, row.slug))


def _rows_of(call: Call) -> list[Row[Any]]:
    caller, bound = call.caller, call.caller.organization_id
    if caller.credential in NO_MEMBER and bound is not None:
        return [find_organization(call.services.store, caller, str(bound))]
    # A credential that is bound to an organization may outlive its user's membership.
    return list(call.services.store.all(_of_user, user_id=caller.user_id))


@defence(
    "lists.organizations",
    title="The list of organizations shows the credential's own",
    cwe=200,
    source="getsentry/sentry#118539",
)
def is_listed(caller: Caller, row: Row[Any]) -> bool:
    """Whether a credential bound to one organization, or to none, shows this one."""
    return caller.organization_id is None or caller.organization_id == row.id


@is_listed.weakened("list-leaks", title="An agent's list shows its user's other organizations")
def _(caller: Caller, row: Row[Any]) -> bool:
    return True


@defence(
    "lists.owned",
    title="The list of owned organizations shows the credential's own",
    cwe=200,
    source="getsentry/sentry#118539",
)
def is_owned(caller: Caller, row: Row[Any]) -> bool:
    """Whether the user owns an organization that the credential shows."""
    shown = caller.organization_id is None or caller.organization_id == row.id
    return shown and getattr(row, "member_role", None) == OWNER


@is_owned.weakened("owned-list-leaks", title="The list of owned organizations is not filtered")
def _(caller: Caller, row: Row[Any]) -> bool:
    return getattr(row, "member_role", None) == OWNER


def _show_owned(call: Call, row: Row[Any]) -> dict[str, Any]:
    others = (
        select(member.c.id)
        .where(member.c.organization_id == row.id)
        .where(member.c.role == OWNER)
        .where(member.c.user_id != call.caller.user_id)
    )
    return {
        "organization": show_organization(row, call.base_url),
        "singleOwner": call.services.store.one(others) is None,
    }
