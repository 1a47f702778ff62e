"""The approval page: where a user lets one session of their agent write.

The link that leads here says which session and which scopes, and is worth nothing by
itself: whoever is signed in decides, for their own agent. Where the session is one of a
conversation with Seer, the page looks at what that conversation asks for now, and tells
Seer what was decided.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as WerkzeugResponse

from harness import scopes
from harness.defence import defence
from harness.resources import read_facts
from harness.sentry.agent import dialect
from harness.sentry.errors import NOT_FOUND
from harness.sentry.pages.own_api import OwnApi, organization_path
from harness.sentry.pages.rendering import Visitor, for_visitors, show
from harness.sentry.services import Services

_FLOW: Final = dialect.FEATURE.removeprefix("organizations:")
_RUN = re.compile(r"explorer-([1-9][0-9]{0,9})", re.ASCII)
_DONE: Final = frozenset({"approve", "reject"})


@dataclass(frozen=True, slots=True)
class Link:
    """What an approval link says: a session, and the scopes that it is for."""

    session: str
    scopes: tuple[str, ...]

    @property
    def run_id(self) -> int | None:
        """The conversation with Seer whose session it is, if it is one's."""
        found = _RUN.fullmatch(self.session)
        return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Asked:
    """A scope that is asked for: in words, and whether this user may and did grant it."""

    scope: str
    words: str
    grantable: bool
    granted: bool


@dataclass(frozen=True, slots=True)
class Place:
    """The organization, as the signed-in user sees it."""

    slug: str
    name: str
    role: str
    held: frozenset[str]


class Unusable(Exception):
    """Why there is nothing to approve: the page that says so, its status, and the API's word."""

    def __init__(self, page: str, status: int, detail: str = NOT_FOUND) -> None:
        super().__init__(page)
        self.page = page
        self.status = status
        self.detail = detail


def add(pages: Blueprint, services: Services, api: OwnApi) -> None:
    """Adds the pages of this module."""

    @pages.get("/organizations/<organization>/agent/approve/")
    @for_visitors(services)
    def show_approval(visitor: Visitor, organization: str) -> Response | WerkzeugResponse:
        try:
            return _ask(api, visitor, organization, read_link(request.args))
        except Unusable as why:
            return _explain(why, visitor, organization)

    @pages.post("/organizations/<organization>/agent/approve/")
    @for_visitors(services)
    def decide(visitor: Visitor, organization: str) -> Response | WerkzeugResponse:
        try:
            return _decide(api, visitor, organization, read_link(request.form))
        except Unusable as why:
            return _explain(why, visitor, organization)


def read_link(said: Any) -> Link:
    """The link of a query or a form. Raises Unusable for one that no agent made."""
    session = said.get("session", "").strip()
    wanted = tuple(dict.fromkeys(said.get("scopes", "").split()))
    sound = 0 < len(session) <= dialect.SESSION_ID_LENGTH and session.isprintable()
    if not sound or not wanted or not scopes.ALL_SCOPES.issuperset(wanted):
        raise Unusable("changed", 400)
    return Link(session, wanted)


@cache
def read_words() -> dict[str, str]:
    """{scope: what it allows}."""
    words: dict[str, str] = read_facts("scope_words.yaml")
    return words


def _ask(api: OwnApi, visitor: Visitor, organization: str, link: Link) -> Response:
    place = _find_place(api, organization)
    question = _check_run(api, place, link)
    granted, until = _find_granted(api, place, link)
    asked = [
        Asked(scope, read_words()[scope], scope in place.held, scope in granted)
        for scope in link.scopes
    ]
    page = "ask"
    if all(one.granted for one in asked):
        page = "already"
    elif not any(one.grantable for one in asked):
        page = "nothing"
    return show(
        "approve.html",
        400 if page == "nothing" else 200,
        state=page,
        visitor=visitor,
        place=place,
        link=link,
        question=question,
        asked=asked,
        until=until,
        lifetime=api.services.settings.grant_lifetime,
        guarded=is_guarded(),
    )


def _decide(api: OwnApi, visitor: Visitor, organization: str, link: Link) -> Response:
    place = _find_place(api, organization)
    _check_run(api, place, link, request.form.get("input", ""))
    decision = request.form.get("decision")
    if decision not in _DONE:
        raise Unusable("changed", 400)
    granted: Collection[str] = ()
    expires_at = None
    outcome: dict[str, Any] = {"status": "rejected"}
    if decision == "approve":
        chosen = [scope for scope in link.scopes if scope in request.form.getlist("scope")]
        body = {"sessionId": link.session, "scopes": chosen}
        came = api.call(request, "POST", organization_path(place.slug, "agent/approve/"), body)
        if not came.ok:
            return show(
                "decided.html",
                came.status,
                state="refused",
                visitor=visitor,
                place=place,
                link=link,
                detail=came.detail,
                told={},
                outcome=came.json,
            )
        outcome = came.json
        granted, expires_at = outcome["scopes"], outcome["expiresAt"]
    told = _tell_seer(api, place, link, decision)
    if told.get("decision") == "reject":
        granted = [] if decision == "reject" else [s for s in granted if s not in link.scopes]
    return show(
        "decided.html",
        state="rejected" if decision == "reject" else "approved",
        visitor=visitor,
        place=place,
        link=link,
        granted=[(scope, read_words().get(scope, "")) for scope in granted],
        missing=[scope for scope in link.scopes if scope not in granted],
        expires_at=expires_at,
        told=told,
        outcome=outcome | told,
    )


def _find_place(api: OwnApi, organization: str) -> Place:
    """The organization. Raises Unusable where it is not the user's, or the flow is off."""
    came = api.call(request, "GET", organization_path(organization))
    if not came.ok:
        raise Unusable("stranger" if came.status == 403 else "nowhere", came.status, came.detail)
    if _FLOW not in came.json["features"]:
        raise Unusable("off", 404)
    return Place(
        slug=came.json["slug"],
        name=came.json["name"],
        role=came.json["orgRole"],
        held=frozenset(came.json["access"]),
    )


def _check_run(api: OwnApi, place: Place, link: Link, shown: str | None = None) -> dict[str, Any]:
    """A link of a conversation with Seer is for what that conversation asks for now.

    Returns its question; empty where it is no conversation's. `shown`: the id of the
    question that stood in the page which somebody decided on.

    Raises Unusable for a conversation of somebody else or of nobody, for a question that
    is not open any more, and for other scopes than it asks for.
    """
    if link.run_id is None:
        return {}
    path = organization_path(place.slug, f"seer/explorer-chat/{link.run_id}/")
    came = api.call(request, "GET", path)
    if came.status == 404:
        refuse_others()
        return {}
    if not came.ok:
        raise Unusable("silent", came.status)
    pending: dict[str, Any] | None = (came.json["session"] or {}).get("pending_user_input")
    check_question(link, pending, shown)
    return pending or {}


@defence(
    "approval-page.owner",
    title="The page approves for conversations of the user's own alone",
    cwe=639,
    source="getsentry/sentry#121459",
)
def refuse_others() -> None:
    """Raises Unusable: the conversation is somebody else's, or nobody's."""
    raise Unusable("other", 404)


@refuse_others.weakened(
    "others-link-approves", title="A link of another's conversation is shown as one's own"
)
def _() -> None:
    return None


@defence(
    "approval-page.question",
    title="The page approves what Seer asks for now, not what an old or altered link says",
    cwe=345,
    source="getsentry/sentry#121459",
)
def check_question(link: Link, pending: dict[str, Any] | None, shown: str | None = None) -> None:
    """Raises Unusable where the link is not about the open question `pending`.

    `shown`: the id of the question that the user saw, once they decide.
    """
    if pending is None or shown not in (None, pending["id"]):
        raise Unusable("over", 410)
    if set(pending["data"]["scopes"]) != set(link.scopes):
        raise Unusable("changed", 400)


@check_question.weakened("stale-link-approves", title="A link approves whatever it says, for ever")
def _(link: Link, pending: dict[str, Any] | None, shown: str | None = None) -> None:
    return None


@check_question.weakened(
    "stale-tab-approves", title="What one question showed approves the next one, too"
)
def _(link: Link, pending: dict[str, Any] | None, shown: str | None = None) -> None:
    check_question.sound(link, pending)


@defence(
    "approval-page.seen",
    title="Nobody approves before the page could be read, or with a key that is still held",
    cwe=1021,
    source="CWE-1021",
)
def is_guarded() -> bool:
    """Whether the page waits, when it is seen, before a button of it works."""
    return True


@is_guarded.weakened("approval-unseen", title="The first key or click approves, seen or not")
def _() -> bool:
    return False


def _find_granted(api: OwnApi, place: Place, link: Link) -> tuple[frozenset[str], str | None]:
    """What the session may write already, and until when."""
    came = api.call(request, "GET", organization_path(place.slug, "agent/grants/"))
    for grant in came.json if came.ok else ():
        if grant["sessionId"] == link.session:
            return frozenset(grant["scopes"]), grant["expiresAt"]
    return frozenset(), None


def _tell_seer(api: OwnApi, place: Place, link: Link, decision: str) -> dict[str, Any]:
    """What became of the decision in the conversation; empty where it is no one's.

    Where there is no Seer to hear a no, what was granted before ends here.
    """
    if link.run_id is None:
        if decision == "reject":
            body = {"sessionId": link.session, "scopes": list(link.scopes)}
            came = api.call(request, "POST", organization_path(place.slug, "agent/revoke/"), body)
            if not came.ok:
                raise Unusable("nowhere", came.status, came.detail)
        return {}
    path = organization_path(place.slug, f"seer/explorer-chat/{link.run_id}/")
    session = api.call(request, "GET", path)
    pending = (session.json or {}).get("session") if session.ok else None
    question = (pending or {}).get("pending_user_input") or {}
    payload = {
        "type": "user_input_response",
        "input_id": question.get("id", "none"),
        "response_data": {"decision": decision, "scopes": list(link.scopes)},
    }
    path = organization_path(place.slug, f"seer/explorer-update/{link.run_id}/")
    came = api.call(request, "POST", path, {"payload": payload})
    if came.ok:
        told: dict[str, Any] = came.json
        return told
    return {"failed": came.detail}


def _explain(why: Unusable, visitor: Visitor, organization: str) -> Response:
    return show(
        "unusable.html",
        why.status,
        why=why.page,
        visitor=visitor,
        organization=organization,
        outcome={"detail": why.detail},
    )
