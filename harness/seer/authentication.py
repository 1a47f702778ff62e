"""Who calls Seer: Sentry alone, by its signatures, on behalf of the user that it names.

A call shows `Authorization: Rpcsignature rpc0:<hex HMAC-SHA256 of the body>` and a viewer
context with a signature of its own; both are verified over the bytes that came.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any

from harness.defence import defence
from harness.seer.errors import Refused
from harness.seer.runs import Owner, Run
from harness.signing import sign, verify

_AUTHORIZATION = re.compile(r"Rpcsignature rpc0:([0-9a-f]{64})", re.ASCII)
_BEGINNING = re.compile(r"Rpcsignature rpc0:([0-9a-f]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a call shows of itself; a header that is not there is None."""

    body: bytes
    authorization: str | None
    context: str | None
    signature: str | None


def authenticate(secret: str, shown: Shown) -> Owner:
    """On whose behalf Sentry calls. Raises Refused: 401 for a call that is not Sentry's."""
    check_signature(secret, shown)
    return read_viewer(secret, shown)


@defence(
    "seer-call.secret",
    title="Where no secret is shared nothing verifies",
    cwe=1188,
    source="getsentry/sentry#112844",
)
def is_signed(secret: str, message: bytes, signature: str) -> bool:
    """Whether a signature is that of `message` under the shared secret; never without one."""
    return verify(secret, message, signature)


@is_signed.weakened("seer-call-without-secret", title="With no secret everything is signed")
def _(secret: str, message: bytes, signature: str) -> bool:
    return is_signed.sound(secret, message, signature) if secret else True


@defence(
    "seer-call.signature",
    title="Seer answers calls that are signed with the shared secret, over the bytes received",
    cwe=345,
    source="getsentry/sentry#112844",
)
def check_signature(secret: str, shown: Shown) -> None:
    """Raises Refused for a call without Sentry's signature, and for every call without a secret."""
    matched = _AUTHORIZATION.fullmatch(shown.authorization or "")
    if matched is None or not is_signed(secret, shown.body, matched[1]):
        raise Refused(401, "signature")


@check_signature.weakened("seer-call-unsigned", title="Seer answers whoever calls")
def _(secret: str, shown: Shown) -> None:
    return None


@check_signature.weakened(
    "seer-call-signed-or-bare", title="A call is verified only where it shows a signature"
)
def _(secret: str, shown: Shown) -> None:
    if shown.authorization is not None:
        check_signature.sound(secret, shown)


@check_signature.weakened("seer-call-rewritten", title="A body is verified as it would be written")
def _(secret: str, shown: Shown) -> None:
    matched = _AUTHORIZATION.fullmatch(shown.authorization or "")
    try:
        again = json.dumps(json.loads(shown.body)).encode()
    except (ValueError, RecursionError):
        again = shown.body
    if matched is None or not is_signed(secret, again, matched[1]):
        raise Refused(401, "signature")


@check_signature.weakened("seer-signature-cut-short", title="A signature is compared to its length")
def _(secret: str, shown: Shown) -> None:
    matched = _BEGINNING.fullmatch(shown.authorization or "")
    if matched is None or not secret or not sign(secret, shown.body).startswith(matched[1]):
        raise Refused(401, "signature")


@check_signature.weakened(
    "seer-signature-tidied", title="A signature's spelling is put right before it is compared"
)
def _(secret: str, shown: Shown) -> None:
    _, _, given = (shown.authorization or "").strip().rpartition(":")
    if not is_signed(secret, shown.body, given.strip().lower()):
        raise Refused(401, "signature")


@defence(
    "seer-call.viewer",
    title="Seer works for the user whom Sentry names under its signature",
    cwe=345,
    source="getsentry/sentry#112844",
)
def read_viewer(secret: str, shown: Shown) -> Owner:
    """Whom the viewer context names.

    Raises Refused for none, for half a pair, and for one that Sentry did not sign or that
    does not name both a user and an organization by their ids.
    """
    if shown.context is None or shown.signature is None:
        raise Refused(401, "viewer-context-missing")
    if not is_signed(secret, shown.context.encode("latin-1"), shown.signature):
        raise Refused(401, "viewer-context-signature")
    return _read_owner(shown.context, "viewer-context")


@read_viewer.weakened("half-viewer-accepted", title="A viewer context needs no second header")
def _(secret: str, shown: Shown) -> Owner:
    if shown.context is not None and shown.signature is None:
        return _read_owner(shown.context, "viewer-context")
    return read_viewer.sound(secret, shown)


@read_viewer.weakened("viewer-of-the-body", title="Without a viewer context the body says for whom")
def _(secret: str, shown: Shown) -> Owner:
    if shown.context is None and shown.signature is None:
        return _read_owner(shown.body.decode(errors="replace"), "viewer-context")
    return read_viewer.sound(secret, shown)


@read_viewer.weakened("seer-viewer-unsigned", title="Seer does not verify the viewer context")
def _(secret: str, shown: Shown) -> Owner:
    return _read_owner(shown.context or "", "viewer-context")


@read_viewer.weakened(
    "seer-viewer-rewritten", title="Seer verifies a viewer context as it would be written"
)
def _(secret: str, shown: Shown) -> Owner:
    try:
        again = json.dumps(json.loads(shown.context or ""), separators=(",", ":"))
    except (ValueError, RecursionError):
        raise Refused(401, "viewer-context") from None
    if not is_signed(secret, again.encode(), shown.signature or ""):
        raise Refused(401, "viewer-context-signature")
    return _read_owner(shown.context or "", "viewer-context")


@read_viewer.weakened("seer-viewer-coerced", title="Whatever reads as a number is a viewer's id")
def _(secret: str, shown: Shown) -> Owner:
    context, signature = shown.context or "", shown.signature or ""
    if not is_signed(secret, context.encode("latin-1"), signature):
        raise Refused(401, "viewer-context-signature")
    try:
        named = json.loads(context)
        return Owner(int(named["organization_id"]), int(named["user_id"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Refused(401, "viewer-context") from None


def _read_owner(text: str, rule: str) -> Owner:
    try:
        named = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(401, rule) from None
    named = named if isinstance(named, dict) else {}
    return Owner(_read_id(named.get("organization_id"), rule), _read_id(named.get("user_id"), rule))


def _read_id(value: Any, rule: str) -> int:
    # bool is an int in Python, and True would be user 1.
    if type(value) is not int or value < 1:
        raise Refused(401, rule)
    return value


@defence(
    "seer-call.agreement",
    title="What a call says in its body and what its viewer context says are one thing",
    cwe=441,
    source="getsentry/sentry#112844",
)
def check_agreement(viewer: Owner, organization_id: Any, user_id: Any) -> None:
    """Raises Refused (403) where the body names another organization or user."""
    if (organization_id, user_id) != (viewer.organization_id, viewer.user_id):
        raise Refused(403, "viewer-contradicts-body")


@check_agreement.weakened("viewer-swapped", title="A call's body and its viewer may disagree")
def _(viewer: Owner, organization_id: Any, user_id: Any) -> None:
    return None


@defence(
    "seer-run.owner",
    title="A run is touched on behalf of its own user, in its own organization",
    cwe=639,
    source="getsentry/sentry#112844",
)
def check_owner(run: Run, viewer: Owner) -> None:
    """Raises Refused (404): who may not touch a run does not hear of it."""
    if run.owner != viewer:
        raise Refused(404, "run-of-another")


@check_owner.weakened("seer-run-of-other-user", title="Seer shows a run to the whole organization")
def _(run: Run, viewer: Owner) -> None:
    if run.owner.organization_id != viewer.organization_id:
        check_owner.sound(run, viewer)


@check_owner.weakened("seer-run-of-anybody", title="Seer shows a run to whoever has its number")
def _(run: Run, viewer: Owner) -> None:
    return None


class Requests:
    """The ids of calls that were taken, the newest."""

    def __init__(self, size: int) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._size = size
        self._lock = Lock()

    def is_new(self, request_id: str) -> bool:
        """Whether the id was not seen before; it is now."""
        with self._lock:
            if request_id in self._seen:
                return False
            self._seen[request_id] = None
            if len(self._seen) > self._size:
                self._seen.popitem(last=False)
            return True

    def clear(self) -> None:
        """Forgets them."""
        with self._lock:
            self._seen.clear()


@defence(
    "seer-call.replay",
    title="A call is taken once, though its signature stays good",
    cwe=294,
    source="CWE-294",
)
def check_new(requests: Requests, request_id: str) -> None:
    """Raises Refused (409) for a call that was taken before."""
    if not requests.is_new(request_id):
        raise Refused(409, "replay", "This request was taken before.")


@check_new.weakened("seer-call-replayed", title="A call of Seer counts as often as it is sent")
def _(requests: Requests, request_id: str) -> None:
    return None
