"""Releases as Sentry's JSON has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Row, bindparam, select

from harness.sentry.api.shapes import iso
from harness.sentry.call import Call
from harness.sentry.schema import deploy, project, release_project

_ids: BindParameter[Any] = bindparam("release_ids", expanding=True)
_projects = (
    select(
        release_project.c.release_id,
        project.c.id,
        project.c.slug,
        project.c.name,
        project.c.platform,
    )
    .select_from(release_project.join(project, project.c.id == release_project.c.project_id))
    .where(release_project.c.release_id.in_(_ids))
    .order_by(project.c.slug)
)
_deploys = (
    select(deploy)
    .where(deploy.c.release_id.in_(_ids))
    .order_by(deploy.c.date_finished, deploy.c.id)
)

# package@version, as Sentry's tools name releases.
_NAMED = re.compile(r"(?P<package>[^@]+)@(?P<version>[^@]+)")
_SEMVER = re.compile(
    r"(?P<major>\d{1,9})(?:\.(?P<minor>\d{1,9}))?(?:\.(?P<patch>\d{1,9}))?"
    r"(?:-(?P<pre>[0-9A-Za-z.-]+))?(?:\+(?P<build>[0-9A-Za-z.-]+))?"
)
_HASH = re.compile(r"[0-9a-f]{12,64}")


class ReleaseSummaries:
    """What is needed to show the releases `rows` to a caller, read at once."""

    def __init__(self, call: Call, rows: Sequence[Row[Any]]) -> None:
        ids = tuple(sorted(row.id for row in rows))
        self._projects: dict[int, list[dict[str, Any]]] = {}
        for row in call.services.store.recall(_projects, release_ids=ids):
            # Others take part in the release too: they are not the caller's to see.
            if call.access.reaches_project(row.id):
                self._projects.setdefault(row.release_id, []).append(_show_project(row))
        self._deploys: dict[int, list[Row[Any]]] = {}
        for row in call.services.store.recall(_deploys, release_ids=ids):
            self._deploys.setdefault(row.release_id, []).append(row)

    def show(self, row: Row[Any]) -> dict[str, Any]:
        """A row of `sentry_release` as JSON."""
        deploys = self._deploys.get(row.id, [])
        return {
            "id": str(row.id),
            "version": row.version,
            "shortVersion": row.version[:12] if _HASH.fullmatch(row.version) else row.version,
            "versionInfo": describe_version(row.version),
            "status": row.status,
            "ref": row.ref,
            "url": row.url,
            "dateCreated": iso(row.date_added),
            "dateReleased": iso(row.date_released),
            "data": {},
            "newGroups": 0,
            "owner": None,
            "authors": [],
            "commitCount": 0,
            "lastCommit": None,
            "deployCount": len(deploys),
            "lastDeploy": show_deploy(deploys[-1]) if deploys else None,
            "projects": self._projects.get(row.id, []),
            "firstEvent": None,
            "lastEvent": None,
            "currentProjectMeta": {},
            "userAgent": None,
        }


def show_deploy(row: Row[Any]) -> dict[str, Any]:
    """A row of `sentry_deploy` as JSON."""
    return {
        "id": str(row.id),
        "environment": row.environment,
        "name": row.name,
        "url": row.url,
        "dateStarted": iso(row.date_started),
        "dateFinished": iso(row.date_finished),
    }


def describe_version(version: str) -> dict[str, Any]:
    """The parts of a version: its package, and its number where it has one."""
    named = _NAMED.fullmatch(version)
    package, raw = (named["package"], named["version"]) if named else (None, version)
    parts: dict[str, Any] = {"raw": raw}
    number = _SEMVER.fullmatch(raw)
    if number is not None:
        counts = [number[name] for name in ("major", "minor", "patch")]
        parts |= {
            "major": int(number["major"]),
            "minor": int(number["minor"] or 0),
            "patch": int(number["patch"] or 0),
            "pre": number["pre"],
            "buildCode": number["build"],
            "components": sum(count is not None for count in counts),
        }
    build_hash = raw if _HASH.fullmatch(raw) else None
    description = build_hash[:12] if build_hash else raw
    return {
        "package": package,
        "version": parts,
        "description": description,
        "buildHash": build_hash,
    }


def _show_project(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "slug": row.slug,
        "name": row.name,
        "newGroups": 0,
        "platform": row.platform,
        "platforms": [row.platform] if row.platform else [],
        "hasHealthData": False,
    }
