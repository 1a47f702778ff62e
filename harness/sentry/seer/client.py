"""Calls of the Seer service: signed over their body, on behalf of a user.

The signature is HMAC-SHA256 under the shared secret over the exact bytes of the body
(getsentry/sentry#112844); so is that of the viewer context, over the header's bytes.
With no secret nothing is signed: the call goes out bare, and Seer may refuse it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from harness.defence import defence
from harness.network import Network, Outgoing, UnansweredError
from harness.sentry.errors import ApiError
from harness.signing import sign

_log = logging.getLogger("harness.sentry.seer")

SEER: Final = "seer"
#: Seer's words are for Sentry, which has its own.
UNAVAILABLE: Final = "Seer could not be reached. Try again later."
REFUSED: Final = "Seer refused the request."

# What Seer answers that is news for whoever asked: the run or the input is not there, or busy.
_PASSED_ON = frozenset({404, 409})


class SeerError(ApiError):
    """502: Seer gave no answer, or none that can be used. `reason` is for the log alone."""

    status = 502

    def __init__(self, detail: str, *, reason: str) -> None:
        super().__init__(detail, rule="seer", reason=reason)


class SeerRefusal(ApiError):
    """404 or 409: Seer does not know what was meant, or is busy with it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail, rule="seer")
        self.status = status


@dataclass(frozen=True, slots=True)
class Viewer:
    """On whose behalf a call is made: ids of the user and the organization."""

    organization_id: int
    user_id: int

    def context(self) -> str:
        """The viewer context's header: compact JSON."""
        named = {"organization_id": self.organization_id, "user_id": self.user_id}
        return json.dumps(named, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class SeerClient:
    """The way to Seer. `timeout`: seconds to wait for an answer."""

    network: Network
    secret: str = field(repr=False)
    timeout: float

    def call(self, path: str, payload: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
        """Seer's answer, a JSON object, to `payload` posted at `path`.

        Raises SeerError where there is none, SeerRefusal for 404 and 409.
        """
        body = json.dumps(payload).encode()
        headers = (
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
            *sign_call(self.secret, body),
            *sign_viewer(self.secret, viewer),
        )
        try:
            url = self.network.url(SEER) + path
            came = self.network.send(
                "sentry", Outgoing("POST", url, headers, body), timeout=self.timeout
            )
        except (KeyError, UnansweredError) as error:
            # No address and no message: a URL may hold more than a name.
            _log.warning("seer.unavailable path=%s error=%s", path, type(error).__name__)
            raise SeerError(UNAVAILABLE, reason="no-answer") from None
        if came.status in _PASSED_ON:
            raise SeerRefusal(came.status, _detail(came.body))
        if came.status != 200:
            _log.warning("seer.refused path=%s status=%d", path, came.status)
            raise SeerError(REFUSED, reason=f"status-{came.status}")
        answer = _read(came.body)
        if not isinstance(answer, dict):
            _log.warning("seer.unreadable path=%s", path)
            raise SeerError(UNAVAILABLE, reason="no-object")
        return answer


@defence(
    "seer-call.sender",
    title="A call of Seer is signed over the bytes that are sent",
    cwe=345,
    source="getsentry/sentry#112844",
)
def sign_call(secret: str, body: bytes) -> tuple[tuple[str, str], ...]:
    """The `Authorization` header for `body`; none, and a warning, without a secret."""
    if not secret:
        _log.warning("seer.unsigned: no secret is shared with Seer")
        return ()
    return (("Authorization", f"Rpcsignature rpc0:{sign(secret, body)}"),)


@sign_call.weakened("seer-call-sent-bare", title="Sentry calls Seer without a signature")
def _(secret: str, body: bytes) -> tuple[tuple[str, str], ...]:
    return ()


@sign_call.weakened("seer-call-shows-secret", title="Sentry shows Seer the secret itself")
def _(secret: str, body: bytes) -> tuple[tuple[str, str], ...]:
    return (*sign_call.sound(secret, body), ("X-Seer-Secret", secret)) if secret else ()


@defence(
    "seer-call.viewer-sender",
    title="A call of Seer says for whom, under a signature of its own",
    cwe=345,
    source="getsentry/sentry#112844",
)
def sign_viewer(secret: str, viewer: Viewer) -> tuple[tuple[str, str], ...]:
    """The two headers of a viewer context; neither without a secret."""
    if not secret:
        return ()
    context = viewer.context()
    return (
        ("X-Viewer-Context", context),
        ("X-Viewer-Context-Signature", sign(secret, context.encode())),
    )


@sign_viewer.weakened("viewer-sent-bare", title="Sentry says for whom without a signature")
def _(secret: str, viewer: Viewer) -> tuple[tuple[str, str], ...]:
    return sign_viewer.sound(secret, viewer)[:1]


@sign_viewer.weakened("viewer-not-sent", title="Sentry does not tell Seer for whom it calls")
def _(secret: str, viewer: Viewer) -> tuple[tuple[str, str], ...]:
    return ()


def _detail(body: bytes) -> str:
    answer = _read(body)
    detail = answer.get("detail") if isinstance(answer, dict) else None
    return detail[:200] if isinstance(detail, str) else REFUSED


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _read(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
