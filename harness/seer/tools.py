"""The tools of an agent: search in the catalogue, calls of the Sentry API, new tokens.

A tool is Seer's, not the agent's: it calls the API of its organization's Sentry and no
other host, and it shows the credential that belongs to the run.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

from harness.defence import defence
from harness.network import Incoming, Outgoing, UnansweredError
from harness.seer.agent.actions import Execute, Found, Reply, Request
from harness.seer.operations import search
from harness.seer.runs import Run
from harness.seer.services import Services
from harness.signing import sign

_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
# RFC 3986 section 3.3: what a path is made of, from its first segment on, below the API's root.
_PATH = re.compile(r"/api/0/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*", re.ASCII)
# To nobody but its own user does an agent's token belong.
_SENDER: Final = "seer"
_TOOLS_OFF: Final = "This run has no tools for the API."

_log = logging.getLogger("harness.seer.tools")


class OutsideError(ValueError):
    """A request that leads elsewhere than to the API of the run's Sentry."""


class Tools:
    """The tools of the runs of one Seer."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def search(self, query: str) -> Found:
        """`sentry_api_search`."""
        return search(query)

    def execute(self, run: Run, call: Execute) -> Reply:
        """`sentry_api_execute`: the answer, or why nothing was sent."""
        request = call.request
        log_call(run, request, call.token)
        if not has_tools(run):
            return self._refuse(run, request, "tools-off", _TOOLS_OFF)
        if request.method not in _METHODS:
            return self._refuse(run, request, "method", "That is no method of the API.")
        try:
            url = self._locate(run, request)
        except OutsideError:
            return self._refuse(
                run, request, "other-host", "The tool calls the API of this organization's Sentry."
            )
        if not may_repeat(self._services, run, request):
            return self._refuse(
                run, request, "denied-before", "That was denied before, and is not sent again."
            )
        reply = self._send(run, request, url, call.token)
        count_denial(run, request, reply.status)
        self._services.note(run, "tool", str(request), allowed=True, status=reply.status)
        return reply

    def mint(self, run: Run, requested: tuple[str, ...] | None) -> Reply:
        """A new agent token for the run's session, on behalf of its user.

        A run without tools has nothing to show it to, and is given none.
        """
        if not has_tools(run):
            self._services.note(run, "mint", "agent token", allowed=False, rule="tools-off")
            return Reply(0, refusal=_TOOLS_OFF)
        body: dict[str, Any] = {"sessionId": session_to_mint(run)}
        if requested is not None:
            body["requestedScopes"] = list(requested)
        path = f"/api/0/organizations/{quote(run.organization, safe='')}/agent/token/"
        content = json.dumps(body).encode()
        headers = (("Content-Type", "application/json"), *self._act_for(run))
        reply = self._exchange(Outgoing("POST", self._services.sentry_url + path, headers, content))
        if isinstance(reply.body, dict) and isinstance(reply.body.get("token"), str):
            run.hide(reply.body["token"])
        self._services.note(run, "mint", "agent token", allowed=reply.ok, status=reply.status)
        return reply

    def _locate(self, run: Run, request: Request) -> str:
        base = self._services.sentry_url
        if run.authority.kind == "session":
            # As no tool of Seer's does: the operator wants to see what then happens.
            return _with_query(urljoin(base, request.path), request.query)
        return _with_query(locate(base, request.path), request.query)

    def _send(self, run: Run, request: Request, url: str, token: str | None) -> Reply:
        headers: list[tuple[str, str]] = [("Accept", "application/json")]
        if token:
            run.hide(token)
            headers.append(("Authorization", f"Bearer {token}"))
        else:
            headers += run.authority.headers
        content = b""
        if request.body is not None:
            headers.append(("Content-Type", "application/json"))
            content = json.dumps(request.body).encode()
        return self._exchange(Outgoing(request.method, url, tuple(headers), content))

    def _exchange(self, outgoing: Outgoing) -> Reply:
        services = self._services
        try:
            came = services.network.send(_SENDER, outgoing, timeout=services.settings.timeout)
        except UnansweredError as error:
            return Reply(0, refusal=f"There was no answer: {error}.")
        return _read(came)

    def _act_for(self, run: Run) -> tuple[tuple[str, str], ...]:
        """The viewer context of the run's user, signed. None without a secret."""
        secret, owner = self._services.settings.secret, run.owner
        if not secret:
            return ()
        named = {"organization_id": owner.organization_id, "user_id": owner.user_id}
        context = json.dumps(named, separators=(",", ":"))
        return (
            ("X-Viewer-Context", context),
            ("X-Viewer-Context-Signature", sign(secret, context.encode())),
        )

    def _refuse(self, run: Run, request: Request, rule: str, sentence: str) -> Reply:
        self._services.note(run, "tool", str(request), allowed=False, rule=rule)
        return Reply(0, refusal=sentence)


@defence(
    "seer-tool.code-mode",
    title="An agent has tools for the API only with code mode on",
    cwe=863,
    source="getsentry/sentry#112179",
)
def has_tools(run: Run) -> bool:
    """Whether Sentry switched the tools on with the last message."""
    return run.tools


@has_tools.weakened("tools-without-code-mode", title="An agent calls the API with code mode off")
def _(run: Run) -> bool:
    return True


@defence(
    "seer-tool.log",
    title="Seer's log tells what an agent calls, never with which token",
    cwe=532,
    source="CWE-532",
)
def log_call(run: Run, request: Request, token: str | None) -> None:
    """Writes down that a tool was used. An agent may write anything into a path."""
    _log.info("seer.tool run=%d request=%r", run.id, run.mask(str(request)))


@log_call.weakened("seer-token-logged", title="Seer's log has the token of each call")
def _(run: Run, request: Request, token: str | None) -> None:
    _log.info("seer.tool run=%d request=%r token=%s", run.id, run.mask(str(request)), token)


@log_call.weakened("seer-path-logged", title="Seer's log has a path as the agent wrote it")
def _(run: Run, request: Request, token: str | None) -> None:
    _log.info("seer.tool run=%d request=%s", run.id, request)


@defence(
    "seer-tool.host",
    title="An agent's tool calls the API of its own Sentry, and no other host",
    cwe=918,
    source="OWASP API7:2023",
)
def locate(base: str, path: str) -> str:
    """The URL of `path` at `base`. Raises OutsideError for all but a plain path of the API."""
    if not _PATH.fullmatch(path) or _strays(path):
        raise OutsideError(path)
    return base + path


@locate.weakened("tool-follows-urls", title="An agent's tool calls whatever URL it is given")
def _(base: str, path: str) -> str:
    return urljoin(base, path)


@locate.weakened("tool-joins-texts", title="What is no path is appended to the host's name")
def _(base: str, path: str) -> str:
    url = base + path
    if not urlsplit(url).scheme:
        raise OutsideError(path)
    return url


@locate.weakened("tool-leaves-the-api", title="Dots lead an agent's tool out of the API")
def _(base: str, path: str) -> str:
    if not _PATH.fullmatch(path):
        raise OutsideError(path)
    return urljoin(base, path)


def _strays(path: str) -> bool:
    """Whether a path leads anywhere else when it is decoded or tidied up on its way."""
    plain = unquote(unquote(path))
    segments = plain.split("/")
    return "\\" in plain or not {".", ".."}.isdisjoint(segments) or "" in segments[1:-1]


@defence(
    "seer-tool.retries",
    title="What was denied is not tried again and again",
    cwe=799,
    source="OWASP API4:2023",
)
def may_repeat(services: Services, run: Run, request: Request) -> bool:
    """Whether a request may be sent: it was not denied too often without a new approval."""
    with run.lock:
        return run.denials.get(str(request), 0) < services.settings.denials


@may_repeat.weakened("retry-storm", title="An agent repeats a denied write without end")
def _(services: Services, run: Run, request: Request) -> bool:
    return True


def count_denial(run: Run, request: Request, status: int) -> None:
    """Remembers that a request was denied, or forgets it once it was not."""
    with run.lock:
        if status in (401, 403):
            run.denials[str(request)] = run.denials.get(str(request), 0) + 1
        else:
            run.denials.pop(str(request), None)


@defence(
    "seer-mint.session",
    title="A run's tokens are for the session of that run",
    cwe=639,
    source="getsentry/sentry#118539",
)
def session_to_mint(run: Run) -> str:
    """The session that a run mints for."""
    return run.session


@session_to_mint.weakened("one-session-for-all", title="All runs of a user share their approvals")
def _(run: Run) -> str:
    return f"explorer-of-{run.owner.user_id}"


def _with_query(url: str, query: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}" if query else url


def _read(came: Incoming) -> Reply:
    try:
        body = json.loads(came.body) if came.body else None
    except (ValueError, RecursionError):
        body = came.body.decode("utf-8", "replace")
    return Reply(came.status, dict(came.headers), body)
