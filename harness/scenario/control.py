"""The control API of a mock: what no other server can do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from harness.scenario.answer import Answer, Request
from harness.scenario.wire import UnreachableError, Wire


class Control:
    """A client of the control API; every call may raise UnreachableError."""

    def __init__(self, wire: Wire, token: str) -> None:
        self._wire = wire
        self._token = token

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        actor: str = "operator",
        purpose: str = "control",
        quiet: bool = False,
    ) -> Answer:
        """Any call; `path` is below the control URL, `body` goes as JSON unless it is None."""
        headers = [("Authorization", f"Bearer {self._token}")]
        content = b""
        if body is not None:
            headers.append(("Content-Type", "application/json"))
            content = json.dumps(body).encode()
        request = Request(method, path, tuple(headers), content)
        return self._wire.send(actor, request, purpose=purpose, quiet=quiet)

    def now(self) -> datetime:
        """What time it is there; when nothing is sent, the start of 1970."""
        now = parse_time(self._get("/clock/", "now", "1970-01-01T00:00:00+00:00"))
        if now is None:
            raise UnreachableError("the control API tells no time with an offset")
        return now

    def reset(self) -> None:
        """Puts the world's start back."""
        answer = self.call("POST", "/reset/", purpose="reset")
        if answer.status not in (None, 204):
            raise UnreachableError(f"the control API did not reset: status {answer.status}")

    def grants(self) -> list[dict[str, Any]]:
        """Every grant, as the API has it."""
        return self._get_objects("/grants/", "grants")

    def decisions_since(self, number: int) -> list[dict[str, Any]]:
        """The decision records after that number; they go into no transcript as exchange."""
        return self._get_numbered(f"/audit/?since={number}", "records")

    def log_since(self, number: int) -> list[dict[str, Any]]:
        """The lines of the server's log after that number; they go into no transcript."""
        return self._get_numbered(f"/log/?since={number}", "lines")

    def exchanges_since(self, number: int) -> list[dict[str, Any]]:
        """What passed between the services after that number, as it was: credentials are in it."""
        return self._get_numbered(f"/exchanges/?since={number}", "exchanges")

    def _get_numbered(self, path: str, key: str) -> list[dict[str, Any]]:
        entries = self._get_objects(path, key)
        if not all(isinstance(entry.get("id"), int) for entry in entries):
            raise UnreachableError(f"the control API has {key} without a number")
        return entries

    def _get_objects(self, path: str, key: str) -> list[dict[str, Any]]:
        entries = self._get(path, key, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise UnreachableError(f"the control API has no list {key!r} at {path}")
        return entries

    def _get(self, path: str, key: str, planned: Any) -> Any:
        """What stands under `key` in the answer; `planned` when nothing is sent."""
        answer = self.call("GET", path, quiet=True)
        if answer.planned:
            return planned
        if answer.status != 200 or not isinstance(answer.json, dict) or key not in answer.json:
            raise UnreachableError(f"the control API has no {key!r} at {path}: {answer.status}")
        return answer.json[key]


def parse_time(text: Any) -> datetime | None:
    """An ISO 8601 time with an offset as aware UTC, or None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else None
