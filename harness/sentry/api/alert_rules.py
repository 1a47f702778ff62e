"""Issue alert rules of a project: list, create, read, update, delete."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import Row, Select, bindparam, delete, insert, select, update

from harness.sentry.api.pagination import paginate_rows
from harness.sentry.api.shapes import iso
from harness.sentry.body import Body, Filled, Plain, read_body
from harness.sentry.call import Call, Reply, operation
from harness.sentry.errors import Invalid, NotFound
from harness.sentry.objects import find_team
from harness.sentry.plain_json import check_json
from harness.sentry.route import parse_id
from harness.sentry.schema import alert_rule, member, user

#: Conditions, filters or actions of a rule.
MOST_PARTS: Final = 100
#: Rules of a project.
MOST_RULES: Final = 500

_RULES = "/projects/{organization_id_or_slug}/{project_id_or_slug}/rules/"
_RULE = _RULES + "{rule_id}/"

_rules: Select[Any] = (
    select(alert_rule, user.c.name, user.c.username, user.c.email)
    .select_from(alert_rule.outerjoin(user, user.c.id == alert_rule.c.created_by))
    .where(alert_rule.c.project_id == bindparam("project_id"))
    .order_by(alert_rule.c.id)
)
_by_id = _rules.where(alert_rule.c.id == bindparam("id"))
_count = select(alert_rule.c.id).where(alert_rule.c.project_id == bindparam("project_id"))
_insert = insert(alert_rule).returning(alert_rule.c.id)
_this = alert_rule.c.id == bindparam("rule_id")
_member = (
    select(member.c.id)
    .where(member.c.organization_id == bindparam("organization_id"))
    .where(member.c.user_id == bindparam("user_id"))
)


def _check_part(part: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(part.get("id"), str) or not part["id"]:
        raise ValueError("Each part of a rule has an id.")
    check_json(part)
    return part


Part = Annotated[dict[str, Any], AfterValidator(_check_part)]
Parts = Annotated[list[Part], Field(default_factory=list, max_length=MOST_PARTS)]
Actions = Annotated[list[Part], Field(min_length=1, max_length=MOST_PARTS)]
Name = Annotated[Filled, StringConstraints(max_length=256)]
#: Minutes between two alerts.
Frequency = Annotated[int, Field(ge=5, le=43_200)]
Environment = Annotated[Plain, StringConstraints(max_length=64)]
Owner = Annotated[Plain, StringConstraints(max_length=64)]


class CreateBody(Body):
    """A new rule: what must happen, which events count, and what is then done."""

    name: Name
    actionMatch: Literal["all", "any", "none"]
    filterMatch: Literal["all", "any", "none"] = "all"
    conditions: Parts
    filters: Parts
    actions: Actions
    frequency: Frequency
    environment: Environment | None = None
    owner: Owner | None = None


class UpdateBody(Body):
    """What of a rule changes; each key may be left out."""

    name: Name = ""
    actionMatch: Literal["all", "any", "none"] = "all"
    filterMatch: Literal["all", "any", "none"] = "all"
    conditions: Parts
    filters: Parts
    actions: Actions = Field(default_factory=list)
    frequency: Frequency = 5
    environment: Environment | None = None
    owner: Owner | None = None


@operation("GET", _RULES)
def list_rules(call: Call) -> Reply:
    """The project's rules, oldest first."""
    statement = _rules.params(project_id=call.project.id)
    return paginate_rows(call, statement, lambda row: show_rule(row, call))


@operation("POST", _RULES)
def create_rule(call: Call) -> Reply:
    """201 with the rule. Raises Invalid for an owner who is not of the organization."""
    body = read_body(call, CreateBody)
    _check_owner(call, body.owner)
    services = call.services
    data = body.model_dump(exclude={"name"})
    with services.store.transaction() as connection:
        if len(services.store.all(_count, project_id=call.project.id)) >= MOST_RULES:
            raise Invalid(f"A project has {MOST_RULES} rules at most.")
        made = connection.execute(
            _insert,
            {
                "project_id": call.project.id,
                "label": body.name,
                "data": data,
                "created_by": call.caller.user_id,
                "date_added": services.clock.now(),
            },
        ).scalar_one()
        row = connection.execute(_by_id, {"project_id": call.project.id, "id": made}).one()
    return Reply(show_rule(row, call), 201)


@operation("GET", _RULE)
def read_rule(call: Call) -> dict[str, Any]:
    """The rule."""
    return show_rule(_find(call), call)


@operation("PUT", _RULE)
def update_rule(call: Call) -> dict[str, Any]:
    """The rule as it is now. Raises Invalid."""
    body = read_body(call, UpdateBody)
    sent = body.model_dump(include=body.model_fields_set)
    if "owner" in sent:
        _check_owner(call, sent["owner"])
    with call.services.store.transaction() as connection:
        row = _find(call, lock=True)
        label = sent.pop("name", row.label)
        changed = update(alert_rule).where(_this).values(label=label, data=row.data | sent)
        connection.execute(changed, {"rule_id": row.id})
        return show_rule(_find(call), call)


@operation("DELETE", _RULE)
def delete_rule(call: Call) -> Reply:
    """202: the rule goes."""
    with call.services.store.transaction() as connection:
        connection.execute(delete(alert_rule).where(_this), {"rule_id": _find(call).id})
    return Reply(status=202)


def show_rule(row: Row[Any], call: Call) -> dict[str, Any]:
    """A row of the project's rules as JSON."""
    data = row.data
    return {
        "id": str(row.id),
        "name": row.label,
        "conditions": data.get("conditions", []),
        "filters": data.get("filters", []),
        "actions": data.get("actions", []),
        "actionMatch": data.get("actionMatch", "all"),
        "filterMatch": data.get("filterMatch", "all"),
        "frequency": data.get("frequency", 30),
        "environment": data.get("environment"),
        "owner": data.get("owner"),
        "createdBy": None if row.created_by is None else _show_author(row),
        "dateCreated": iso(row.date_added),
        "lastTriggered": None,
        "projects": [call.project.slug],
        "status": "active",
        "snooze": False,
        "errors": [],
    }


def _show_author(row: Row[Any]) -> dict[str, Any]:
    return {"id": str(row.created_by), "name": row.name or row.username, "email": row.email}


def _find(call: Call, *, lock: bool = False) -> Row[Any]:
    """The rule that the path names. Raises NotFound."""
    number = parse_id(call.parameter("rule_id"))
    statement = _by_id.with_for_update(of=alert_rule) if lock else _by_id
    store = call.services.store
    row = None if number is None else store.one(statement, project_id=call.project.id, id=number)
    if row is None:
        raise NotFound()
    return row


def _check_owner(call: Call, owner: str | None) -> None:
    """`user:<id>` or `team:<id>`, of the organization. Raises Invalid."""
    if owner is None:
        return
    kind, _, named = owner.partition(":")
    number = parse_id(named)
    organization_id, store = call.organization.id, call.services.store
    known: Row[Any] | None = None
    if number is not None and kind == "team":
        known = find_team(store, organization_id, named)
    elif number is not None and kind == "user":
        known = store.one(_member, organization_id=organization_id, user_id=number)
    if known is None:
        raise Invalid(fields={"owner": ["Name a member as user:<id> or a team as team:<id>."]})
