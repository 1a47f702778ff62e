"""The operations of the API, a module for each kind of thing they act on.

Importing this package registers every one of them.
"""

from harness.sentry.agent import approve, mint
from harness.sentry.api import (
    alert_rules,
    comments,
    deploys,
    environments,
    events,
    explore,
    explorer,
    index,
    invitations,
    issue_bulk,
    issue_companions,
    issues,
    members,
    monitors,
    organizations,
    project_keys,
    project_teams,
    projects,
    releases,
    repositories,
    tags,
    teams,
    users,
)

__all__ = [
    "alert_rules",
    "approve",
    "comments",
    "deploys",
    "environments",
    "events",
    "explore",
    "explorer",
    "index",
    "invitations",
    "issue_bulk",
    "issue_companions",
    "issues",
    "members",
    "mint",
    "monitors",
    "organizations",
    "project_keys",
    "project_teams",
    "projects",
    "releases",
    "repositories",
    "tags",
    "teams",
    "users",
]
