"""A world as the rows of a mock Sentry's tables, and as the description that clients get."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from harness.randomness import Randomness
from harness.world.issues import add_issue
from harness.world.model import Organization, Project, World
from harness.world.people import add_machines, add_user, add_user_tokens
from harness.world.rows import Rows, title


@dataclass(frozen=True)
class Population:
    """`rows`: {table: [row]}, in an order to insert them in, ids given.

    `description`: the ready JSON without the addresses: JSON values only. Beside what that
    has, `user_tokens`: [{"name", "token", "user", "organization" or null, "scopes"}].
    It holds every password and token, so it is not shown where the population is.
    """

    rows: dict[str, list[dict[str, Any]]] = field(repr=False)
    description: dict[str, Any] = field(repr=False)


def populate(world: World, randomness: Randomness, now: datetime) -> Population:
    """Fills the tables of a mock Sentry whose clock starts at `now` (aware).

    A function of the three: the same seed gives the same rows. Every password and token is
    taken from `randomness`; the rows have hashes of them only.
    """
    rows = Rows(randomness, now)
    for slug, organization in world.organizations.items():
        _add_organization(rows, slug, organization)
    for name, user in world.users.items():
        add_user(rows, name, user)
    for slug, organization in world.organizations.items():
        for project_slug, project in organization.projects.items():
            _add_project(rows, slug, project_slug, project)
        _add_releases(rows, slug, organization)
        add_machines(rows, slug, organization)
    for name, user in world.users.items():
        add_user_tokens(rows, name, user)
    return Population(rows.tables, rows.description)


def _add_organization(rows: Rows, slug: str, organization: Organization) -> None:
    name = organization.name or title(slug)
    number = rows.add(
        "sentry_organization",
        slug=slug,
        name=name,
        open_membership=organization.open_membership,
        default_role=organization.default_role,
        options=dict(organization.flags),
        date_added=rows.ago(days=400),
    )
    rows.organizations[slug] = number
    rows.describe("organizations", id=str(number), slug=slug, name=name)
    for feature in organization.features:
        rows.add("sentry_organizationfeature", organization_id=number, name=feature)
    for team_slug, team in organization.teams.items():
        team_id = rows.add(
            "sentry_team",
            organization_id=number,
            slug=team_slug,
            name=team.name or title(team_slug),
            date_added=rows.ago(days=390),
        )
        rows.teams[slug, team_slug] = team_id
        rows.describe("teams", id=str(team_id), slug=team_slug, organization=slug)


def _add_project(rows: Rows, organization: str, slug: str, project: Project) -> None:
    number = rows.add(
        "sentry_project",
        organization_id=rows.organizations[organization],
        slug=slug,
        name=project.name or slug,
        platform=project.platform,
        options=dict(project.options),
        issue_counter=len(project.issues),
        date_added=rows.ago(days=360),
    )
    rows.projects[organization, slug] = number
    rows.describe("projects", id=str(number), slug=slug, organization=organization)
    for team in project.teams:
        rows.add("sentry_projectteam", project_id=number, team_id=rows.teams[organization, team])
    for position, label in enumerate(project.keys):
        source = rows.randomness.derive("key", organization, slug, str(position))
        rows.add(
            "sentry_projectkey",
            project_id=number,
            label=label,
            public_key=source.hex(16),
            secret_key=source.hex(16),
            is_active=True,
            date_added=rows.ago(days=360),
        )
    for short_id, issue in enumerate(project.issues, 1):
        issue_id = add_issue(rows, organization, slug, short_id, project.platform, issue)
        rows.describe(
            "issues",
            id=str(issue_id),
            shortId=f"{slug.upper()}-{short_id}",
            organization=organization,
            project=slug,
        )
    _add_alert_rules(rows, number, project)


def _add_alert_rules(rows: Rows, project_id: int, project: Project) -> None:
    for rule in project.alert_rules:
        rows.add(
            "sentry_rule",
            project_id=project_id,
            label=rule.name,
            # By Sentry's JSON names.
            data={
                "conditions": [dict(part) for part in rule.conditions],
                "filters": [dict(part) for part in rule.filters],
                "actions": [dict(part) for part in rule.actions],
                "actionMatch": "any",
                "filterMatch": "all",
                "frequency": rule.frequency,
            },
            created_by=rows.users[rule.by] if rule.by else None,
            date_added=rows.ago(days=200),
        )


def _add_releases(rows: Rows, slug: str, organization: Organization) -> None:
    count = len(organization.releases)
    for position, (version, release) in enumerate(organization.releases.items()):
        # The last in the file is the newest.
        added = rows.ago(days=2 * (count - position))
        number = rows.add(
            "sentry_release",
            organization_id=rows.organizations[slug],
            version=version,
            status="open",
            ref=None,
            url=None,
            date_added=added,
            date_released=added + timedelta(hours=1) if release.released else None,
        )
        for project in release.projects:
            rows.add(
                "sentry_release_project",
                release_id=number,
                project_id=rows.projects[slug, project],
            )
        for deploy in release.deploys:
            rows.add(
                "sentry_deploy",
                release_id=number,
                environment=deploy.environment,
                name=deploy.name,
                url=None,
                date_started=added + timedelta(hours=2),
                date_finished=added + timedelta(hours=2, minutes=10),
            )
