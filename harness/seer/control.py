"""The control API of Seer: what only a fake has. Closed unless a control token was set.

| request below /control | body | does |
| `PUT /direction/` | `{"script": id or null, "headers": {name: value}}` | what the next runs do |
| `POST /settle/` | `{"timeout": seconds}` | answers when no run is at work |
| `GET /audit/?since=N` | | what callers and agents did |
| `GET /log/?since=N` | | what Seer wrote into its log |
| `POST /reset/` | | ends and forgets every run |
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from harness.seer import messages
from harness.seer.errors import Refused
from harness.seer.runs import Authority
from harness.seer.services import Direction, Services

_LONGEST = 60.0


class DirectionBody(BaseModel):
    """`headers` show a user's whole session, which the next runs then act with."""

    model_config = ConfigDict(
        strict=True, defer_build=True, extra="forbid", hide_input_in_errors=True
    )

    script: str | None = None
    headers: dict[str, str] = Field({}, repr=False)


class SettleBody(BaseModel):
    """How long to wait."""

    model_config = ConfigDict(strict=True, defer_build=True, extra="forbid")

    timeout: Annotated[float, Field(gt=0, le=_LONGEST, strict=False)] = 30.0


class Control:
    """The control API of one application."""

    def __init__(self, services: Services, reset: Callable[[], None]) -> None:
        self._services = services
        self._reset = reset
        self._operations: dict[tuple[str, str], Callable[[bytes, Mapping[str, str]], Any]] = {
            ("PUT", "direction/"): self._direct,
            ("POST", "settle/"): self._settle,
            ("GET", "audit/"): self._read_audit,
            ("GET", "log/"): self._read_log,
            ("POST", "reset/"): self._start_again,
        }

    def answer(
        self, method: str, path: str, authorization: str, body: bytes, query: Mapping[str, str]
    ) -> Any:
        """The answer to a control request of `path`, below /control/. Raises Refused."""
        expected = self._services.settings.control_token
        if not expected:
            raise Refused(404, "control")
        scheme, _, token = authorization.partition(" ")
        same = hmac.compare_digest(token.encode(errors="replace"), expected.encode())
        if scheme.lower() != "bearer" or not same:
            raise Refused(401, "control")
        operation = self._operations.get((method, path))
        if operation is None:
            raise Refused(404, "control")
        return operation(body, query)

    def _direct(self, body: bytes, _: Mapping[str, str]) -> dict[str, Any]:
        wanted = messages.read(DirectionBody, body)
        direction: Direction = self._services.direction
        script = None
        if wanted.script is not None:
            script = next((one for one in self._services.scripts if one.id == wanted.script), None)
            if script is None:
                raise Refused(404, "script", f"There is no script {wanted.script[:100]!r}.")
        direction.script = script
        headers = tuple(wanted.headers.items())
        shown = wanted.headers.get("Cookie", "")
        direction.authority = Authority("session", headers, shown) if headers else None
        return {"script": wanted.script, "authority": "session" if headers else "agent token"}

    def _settle(self, body: bytes, _: Mapping[str, str]) -> dict[str, Any]:
        wanted = messages.read(SettleBody, body or b"{}")
        if not self._services.runs.settle(wanted.timeout):
            raise Refused(504, "settle", "A run is still at work.")
        return {"settled": True}

    def _read_audit(self, _: bytes, query: Mapping[str, str]) -> dict[str, Any]:
        entries = self._services.audit.since(_since(query))
        return {"entries": [entry.as_json(number) for number, entry in entries]}

    def _read_log(self, _: bytes, query: Mapping[str, str]) -> dict[str, Any]:
        return {"lines": self._services.log.since(_since(query))}

    def _start_again(self, _: bytes, __: Mapping[str, str]) -> dict[str, Any]:
        self._reset()
        return {"reset": True}


def _since(query: Mapping[str, str]) -> int:
    text = query.get("since", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise Refused(400, "since", "since: a whole number is expected")
    return int(text)
