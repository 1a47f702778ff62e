"""An event as an SDK sends it, made into what is stored of it.

SDKs differ, and an error in an event must not lose it: what has another form than
it should is left out. Everything is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from harness.sentry.api.search import parse_time
from harness.sentry.grouping import hash_parts, hash_title
from harness.sentry.ingest.interfaces import read_entries, read_exceptions, read_message, values_of
from harness.sentry.plain_json import mend_json

#: Characters.
MAX_TITLE: Final = 256
MAX_CULPRIT: Final = 200
MAX_MESSAGE: Final = 8192
MAX_TAG_KEY: Final = 200
MAX_TAG_VALUE: Final = 200
#: How many of each are kept.
MOST_TAGS: Final = 50
MOST_FINGERPRINTS: Final = 20

UNTITLED: Final = "<unlabeled event>"

#: An event from outside of this is taken to have happened when it came.
_PAST = timedelta(days=30)
_FUTURE = timedelta(minutes=1)

_LEVELS = frozenset({"fatal", "error", "warning", "info", "debug"})
_DEFAULT = "{{ default }}"
# Facts of an event that are tags too.
_TAGGED = ("environment", "release", "dist", "server_name", "transaction", "logger")


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What is stored of an event. `hash` says which issue it belongs to."""

    event_id: str
    hash: str
    #: Whether the title alone made the hash.
    by_title: bool
    title: str
    message: str
    culprit: str
    level: str
    platform: str
    metadata: dict[str, Any]
    tags: list[dict[str, str]]
    entries: list[dict[str, Any]]
    data: dict[str, Any]
    date: datetime
    #: The tag of the user whom it happened to; None for nobody known.
    user: str | None


def read_event(payload: Mapping[str, Any], event_id: str, now: datetime) -> NewEvent:
    """The event in `payload`, received at `now`."""
    said: dict[str, Any] = mend_json(dict(payload))
    exceptions, message = read_exceptions(said), read_message(said)
    title, metadata = _title(exceptions, message)
    user = _user(said.get("user"))
    level = _text(said.get("level"))
    fingerprint = _fingerprint(said.get("fingerprint"), title)
    level = level if level in _LEVELS else "error"
    return NewEvent(
        event_id=event_id,
        hash=hash_title(title) if fingerprint is None else hash_parts(fingerprint),
        by_title=fingerprint is None,
        title=title,
        message=message[:MAX_MESSAGE],
        culprit=_culprit(said, exceptions),
        level=level,
        platform=_text(said.get("platform"), 64) or "other",
        metadata=metadata,
        tags=_tags(said, level, _user_tag(user)),
        entries=read_entries(said, exceptions, message),
        data=_data(said, user),
        date=_date(said.get("timestamp"), now),
        user=_user_tag(user),
    )


def _title(exceptions: list[dict[str, Any]], message: str) -> tuple[str, dict[str, Any]]:
    """The event's title and metadata."""
    if exceptions:
        # The last one is what was raised; those before it are its causes.
        raised = exceptions[-1]
        kind, value = raised["type"] or "Error", raised["value"] or ""
        metadata = {"type": kind[:MAX_TITLE], "value": value[:MAX_MESSAGE]}
        frame = _frame(raised)
        metadata |= {key: frame[key] for key in ("filename", "function") if frame.get(key)}
        first = _first_line(value)
        return (f"{kind}: {first}" if first else kind)[:MAX_TITLE], metadata
    title = _first_line(message)[:MAX_TITLE] or UNTITLED
    return title, {"title": title}


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0]


def _frame(exception: dict[str, Any]) -> dict[str, Any]:
    """Where it was raised: the last frame of the application's own code, or the last."""
    stacktrace = exception["stacktrace"]
    frames: list[dict[str, Any]] = stacktrace["frames"] if stacktrace else []
    own = [frame for frame in frames if frame["inApp"]]
    return (own or frames or [{}])[-1]


def _culprit(said: Mapping[str, Any], exceptions: list[dict[str, Any]]) -> str:
    named = _text(said.get("culprit")) or _text(said.get("transaction"))
    if not named and exceptions:
        frame = _frame(exceptions[-1])
        place, function = frame.get("module") or frame.get("filename"), frame.get("function")
        named = " in ".join(part for part in (place, function) if part)
    return named[:MAX_CULPRIT]


def _fingerprint(value: Any, title: str) -> list[str] | None:
    """The fingerprint's parts; None where it is the usual one."""
    parts = [str(part) for part in values_of(value)[:MOST_FINGERPRINTS] if part is not None]
    usual = [part.replace("{{default}}", _DEFAULT) for part in parts]
    if not usual or usual == [_DEFAULT]:
        return None
    return [part.replace(_DEFAULT, title) for part in usual]


def _tags(said: Mapping[str, Any], level: str, user: str | None) -> list[dict[str, str]]:
    sent = said.get("tags")
    pairs = list(sent.items()) if isinstance(sent, dict) else values_of(sent)
    found: dict[str, str] = {}
    for pair in pairs:
        if isinstance(pair, (list, tuple)) and len(pair) == 2:
            key, value = _text(pair[0], MAX_TAG_KEY), _text(pair[1], MAX_TAG_VALUE)
            if key and value and len(found) < MOST_TAGS:
                found[key] = value
    for name in _TAGGED:
        value = _text(said.get(name), MAX_TAG_VALUE)
        if value:
            found[name] = value
    found["level"] = level
    if user is not None:
        found["user"] = user
    return [{"key": key, "value": found[key]} for key in sorted(found)]


def _user(value: Any) -> dict[str, Any] | None:
    """The user whom it happened to, by Sentry's JSON names."""
    if not isinstance(value, dict):
        return None
    found = {
        name: _text(value.get(name), MAX_TAG_VALUE) or None
        for name in ("id", "email", "username", "ip_address", "name")
    }
    # A server that knows the address of who sent it would fill it in.
    if found["ip_address"] == "{{auto}}":
        found["ip_address"] = None
    return found if any(found.values()) else None


def _user_tag(user: dict[str, Any] | None) -> str | None:
    names = ("id", "email", "username", "ip_address")
    keys = {"ip_address": "ip"}
    told = ((keys.get(name, name), user[name]) for name in names if user and user[name])
    return next((f"{key}:{value}"[:MAX_TAG_VALUE] for key, value in told), None)


def _data(said: Mapping[str, Any], user: dict[str, Any] | None) -> dict[str, Any]:
    def part(name: str) -> dict[str, Any]:
        value = said.get(name)
        return value if isinstance(value, dict) else {}

    sdk = part("sdk")
    return {
        "user": user,
        "contexts": part("contexts"),
        "context": part("extra"),
        "packages": part("modules"),
        "dist": _text(said.get("dist"), MAX_TAG_VALUE) or None,
        "sdk": {"name": _text(sdk.get("name")), "version": _text(sdk.get("version"))},
    }


def _date(value: Any, now: datetime) -> datetime:
    moment: datetime | None = None
    if isinstance(value, str):
        moment = parse_time(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e10:
        moment = datetime.fromtimestamp(value, UTC)
    if moment is None or not now - _PAST <= moment <= now + _FUTURE:
        return now
    return moment


def _text(value: Any, limit: int = MAX_TITLE) -> str:
    """A text or a number as text; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).strip()[:limit]
