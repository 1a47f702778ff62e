"""The operations of the API, a module for each kind of thing they act on.

Importing this package registers every one of them.
"""

from harness.sentry.agent import approve, mint
from harness.sentry.api import (
    deploys,
    environments,
    index,
    invitations,
    members,
    monitors,
    organizations,
    project_keys,
    project_teams,
    projects,
    releases,
    repositories,
    teams,
    users,
)

__all__ = [
    "approve",
    "deploys",
    "environments",
    "index",
    "invitations",
    "members",
    "mint",
    "monitors",
    "organizations",
    "project_keys",
    "project_teams",
    "projects",
    "releases",
    "repositories",
    "teams",
    "users",
]
