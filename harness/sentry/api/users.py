"""Users, as Sentry's JSON has them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from harness.sentry.api.shapes import iso, letter_avatar


def show_user(row: Row[Any]) -> dict[str, Any]:
    """A row of `auth_user` as JSON."""
    return {
        "id": str(row.id),
        "name": row.name or row.username,
        "username": row.username,
        "email": row.email,
        "avatar": letter_avatar(),
        "avatarUrl": None,
        "isActive": row.is_active,
        "hasPasswordAuth": row.password is not None,
        "isManaged": False,
        "isSuperuser": False,
        "isStaff": False,
        "isSentryApp": row.is_sentry_app,
        "has2fa": False,
        "dateJoined": iso(row.date_joined),
        "emails": [{"id": str(row.id), "email": row.email, "is_verified": True}],
    }
