"""Users, their memberships, and every stored token."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from harness.scopes import expand, role_scopes
from harness.world.model import Organization, User
from harness.world.rows import Rows, title


def hash_password(password: str, salt: str) -> str:
    """`password` in the form that werkzeug's `check_password_hash` reads.

    The passwords are random and long, so a slow hash would only cost time. Werkzeug's own
    function takes its salt from the system, and no two populations would be the same.
    """
    count, size, parallel = 1024, 8, 1
    key = hashlib.scrypt(
        password.encode(),
        salt=salt.encode(),
        n=count,
        r=size,
        p=parallel,
        maxmem=132 * count * size * parallel,
    )
    return f"scrypt:{count}:{size}:{parallel}${salt}${key.hex()}"


def email_of(name: str) -> str:
    """The email of the user whom the world calls `name`."""
    return f"{name}@example.com"


def add_user(rows: Rows, name: str, user: User) -> None:
    """A user with a password, memberships and the token that every user has."""
    email = email_of(name)
    password = rows.randomness.derive("secret", "password", name).hex(10)
    salt = rows.randomness.derive("salt", name).hex(8)
    number = rows.add(
        "auth_user",
        username=email,
        email=email,
        name=user.name or rows.fill.name(rows.seed("user", name)),
        password=hash_password(password, salt) if user.password else None,
        is_active=user.active,
        is_sentry_app=False,
        date_joined=rows.ago(days=380),
    )
    rows.users[name] = number
    held: set[str] = set()
    for slug, membership in user.memberships.items():
        held |= role_scopes(membership.role)
        member = rows.add(
            "sentry_organizationmember",
            organization_id=rows.organizations[slug],
            user_id=number,
            role=membership.role,
            date_added=rows.ago(days=370),
        )
        for team, role in membership.teams.items():
            rows.add(
                "sentry_organizationmember_teams",
                organizationmember_id=member,
                team_id=rows.teams[slug, team],
                role=role,
            )
    token = "sntryu_" + rows.secret("user-token", name)
    # Role scopes are complete already: there is nothing that they imply and do not hold.
    _add_token(rows, "user", token, "Default", held, user=number)
    rows.describe(
        "users",
        id=str(number),
        email=email,
        password=password if user.password else None,
        token=token,
        memberships=[
            {"organization": slug, "role": membership.role}
            for slug, membership in user.memberships.items()
        ],
    )


def add_user_tokens(rows: Rows, user_name: str, user: User) -> None:
    """The tokens that the world gives a user beside that one."""
    for name, wanted in user.tokens.items():
        secret = rows.secret("user-token", user_name, name)
        token = f"sntryu_{secret}" if wanted.prefix else secret
        held = expand(wanted.scopes)
        bound = wanted.organization and rows.organizations[wanted.organization]
        _add_token(
            rows, "user", token, name, held, user=rows.users[user_name], organization=bound or None
        )
        rows.describe(
            "user_tokens",
            name=name,
            token=token,
            user=email_of(user_name),
            organization=wanted.organization,
            scopes=sorted(held),
        )


def add_machines(rows: Rows, slug: str, organization: Organization) -> None:
    """An organization's own tokens and its integrations, each with a proxy user."""
    number = rows.organizations[slug]
    for name, wanted in organization.tokens.items():
        token = "sntrys_" + rows.secret("organization-token", slug, name)
        _add_token(rows, "organization", token, name, wanted.scopes, organization=number)
        rows.describe(
            "organization_tokens", token=token, organization=slug, scopes=sorted(set(wanted.scopes))
        )
    for name, integration in organization.integrations.items():
        email = f"{name}.{slug}@integrations.example.com"
        proxy = rows.add(
            "auth_user",
            username=email,
            email=email,
            name=title(name),
            password=None,
            is_active=True,
            is_sentry_app=True,
            date_joined=rows.ago(days=100),
        )
        token = "sntryi_" + rows.secret("integration-token", slug, name)
        held = integration.scopes
        _add_token(rows, "integration", token, name, held, user=proxy, organization=number)
        rows.describe(
            "integration_tokens", token=token, organization=slug, scopes=sorted(set(held))
        )


def _add_token(
    rows: Rows,
    kind: str,
    token: str,
    name: str,
    held: Iterable[str],
    *,
    user: int | None = None,
    organization: int | None = None,
) -> None:
    rows.add(
        "sentry_apitoken",
        kind=kind,
        hashed_token=hashlib.sha256(token.encode()).hexdigest(),
        name=name,
        user_id=user,
        organization_id=organization,
        scope_list=sorted(set(held)),
        date_added=rows.ago(days=60),
        expires_at=None,
    )
