"""`POST /api/{project_id}/envelope/`: who may send, and what comes back."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from flask import Request
from sqlalchemy import bindparam, select

from harness.sentry.call import Reply
from harness.sentry.errors import ApiError, Denied, MethodNotAllowed, Unauthenticated
from harness.sentry.ingest.envelope import (
    Envelope,
    parse_envelope,
    parse_object,
    read_event_id,
    unpack,
)
from harness.sentry.ingest.event import read_event
from harness.sentry.ingest.keeping import keep_event
from harness.sentry.route import parse_id
from harness.sentry.schema import project_key
from harness.sentry.services import Services

_KEY = re.compile(r"[0-9a-f]{32}")
_NAMED_KEY = re.compile(r"(?:^|[\s,])sentry_key=([^\s,]*)")

_find_key = (
    select(project_key.c.id)
    .where(project_key.c.project_id == bindparam("project_id"))
    .where(project_key.c.public_key == bindparam("public_key"))
    .where(project_key.c.is_active)
)


def receive(request: Request, project: str, services: Services) -> Reply:
    """{"id": the event's id}. Items that are no events are taken and dropped.

    Every error is answered as the API's are.
    """
    try:
        return _receive(request, project, services)
    except ApiError as error:
        return Reply(error.body, error.status, error.headers)


def _receive(request: Request, project: str, services: Services) -> Reply:
    if request.method != "POST":
        raise MethodNotAllowed(request.method, ["POST"])
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    data = unpack(request.get_data(cache=False), encoding, services.settings.max_body)
    envelope = parse_envelope(data)
    project_id = _check_key(_read_key(request, envelope), project, services)
    event_id = envelope.event_id
    item = envelope.find("event")
    if item is not None:
        payload = parse_object(item.payload)
        event_id = event_id or read_event_id(payload.get("event_id")) or services.randomness.hex(16)
        keep_event(services, project_id, read_event(payload, event_id, services.clock.now()))
    return Reply({} if event_id is None else {"id": event_id})


def _check_key(key: str, project: str, services: Services) -> int:
    """The project's id. Raises Denied where `key` is no active key of it."""
    project_id = parse_id(project)
    known = project_id is not None and services.store.one(
        _find_key, project_id=project_id, public_key=key
    )
    if project_id is None or not known:
        raise Denied("event submission rejected: no such key of this project", rule="dsn")
    return project_id


def _read_key(request: Request, envelope: Envelope) -> str:
    """The DSN's public key, from wherever the SDK put it. Raises Unauthenticated."""
    for text in (
        request.headers.get("X-Sentry-Auth"),
        request.headers.get("Authorization"),
    ):
        if text is not None and text.lower().startswith("sentry "):
            named = _NAMED_KEY.search(text)
            return _checked(named and named[1])
    if "sentry_key" in request.args:
        return _checked(request.args["sentry_key"])
    return _checked(_key_of_dsn(envelope.header.get("dsn")))


def _key_of_dsn(dsn: Any) -> str | None:
    try:
        return urlsplit(dsn).username if isinstance(dsn, str) else None
    except ValueError:
        return None


def _checked(key: str | None) -> str:
    if key is None or not _KEY.fullmatch(key):
        raise Unauthenticated("missing authorization information", rule="dsn")
    return key
