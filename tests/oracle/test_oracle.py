"""Server and oracle, call by call: every operation, every kind of credential, every role."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from harness.oracle import AGENT_EXCEPTIONS, Outcome, Verdict, judge, operations
from tests.oracle.calls import (
    API,
    CORNERS,
    FOREIGN,
    NOWHERE,
    PORTAL,
    WEB,
    Call,
    Corner,
    body_for,
    calls,
    path_for,
)
from tests.oracle.people import USERS, Cast, Facts, Shown, crowded, crowded_file
from tests.oracle.server import Server

#: Where an outcome hangs on nobody's role, two roles are enough.
FEW = ("olivia", "mia")
#: Those who have, beside everything else, a token for each single scope.
SINGLES = ("olivia", "mia")

Make: TypeAlias = Callable[..., Server]
Told: TypeAlias = Verdict | AssertionError


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Tens of thousands of decisions are not worth keeping for a report."""
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Make]:
    made = []

    def make(*weaknesses: str, singles: Iterable[str] = ()) -> Server:
        made.append(Server(crowded_file(tmp_path, singles), weaknesses))
        return made[-1]

    yield make
    for server in made:
        server.close()


def expect(call: Call, shown: Shown, facts: Facts) -> Verdict:
    """The oracle's verdict."""
    place = None
    if call.organization is not None:
        place = facts.place(call.organization, shown.user)
    return judge(call.method, call.template, shown.caller(facts), place, call.judged(shown, facts))


def ask(server: Server, cast: Cast, call: Call, shown: Shown) -> Told:
    """The server's verdict, or why its answer shows none; what a write changed is put back."""
    body, path = body_for(call, shown, cast), path_for(call, shown, cast)
    answer = server.api(call.method, path, cast.headers(shown), body, call.query)
    if call.writes and answer.status < 300:
        server.reset()
    try:
        return answer.verdict
    except AssertionError as error:
        return error


def compare(
    server: Server,
    facts: Facts,
    rounds: Iterable[Call],
    everybody: list[Shown],
    cast: Cast | None = None,
) -> Iterator[str]:
    """What server and oracle disagree about, and where an agent is unlike a user token."""
    cast = cast or Cast(server)
    for call in rounds:
        told: dict[str, Told] = {}
        for shown in everybody:
            if call.method == "PATCH" and " only " in shown.name:
                continue
            expected = expect(call, shown, facts)
            told[shown.name] = ask(server, cast, call, shown)
            if told[shown.name] != expected:
                yield f"{call.name}, {shown.name}: {told[shown.name]}, expected {expected}"
            unlike = shown.pair in told and told[shown.pair] != told[shown.name]
            if unlike and expected.exception not in AGENT_EXCEPTIONS:
                yield f"{call.name}, {shown.name}: unlike a user token, and nothing says why"


@pytest.mark.parametrize("corner", CORNERS, ids=lambda corner: corner.name)
def test_server_and_oracle_agree(make_server: Make, corner: Corner) -> None:
    singles = SINGLES if corner is WEB else ()
    server = make_server(singles=singles)
    users = FEW if corner in (FOREIGN, NOWHERE) else USERS
    everybody = Cast(server).everybody(users)
    wrong = list(compare(server, Facts.of(crowded(singles)), calls(server, corner), everybody))
    assert not wrong, f"{len(wrong)} differences:\n" + "\n".join(wrong[:60])


def test_every_operation_is_called(make_server: Make) -> None:
    """And is allowed to somebody, but for what the world begins without."""
    server, facts = make_server(), Facts.of(crowded(()))
    everybody = Cast(server).everybody()
    allowed = {
        (call.method, call.template)
        for call in calls(server, WEB)
        if any(expect(call, shown, facts).outcome is Outcome.ALLOWED for shown in everybody)
    }
    organization = "/organizations/{organization_id_or_slug}/"
    never = {("POST", organization + "issues/{issue_id}/autofix/")}
    never |= {("POST", organization + "agent/revoke/")}
    assert allowed == {*operations()} - never


def test_every_exception_for_agents_makes_a_difference(make_server: Make) -> None:
    """An exception that changes nothing would only hide what changes."""
    server, facts = make_server(), Facts.of(crowded(()))
    off = Facts(facts.members, set(), facts.open, explorers=facts.explorers)
    everybody = Cast(server).everybody()
    by_name = {shown.name: shown for shown in everybody}
    met = set()
    for corner in (WEB, PORTAL):
        for call in calls(server, corner):
            for shown in everybody:
                for now in (facts, off):
                    verdict = expect(call, shown, now)
                    if shown.pair and verdict != expect(call, by_name[shown.pair], now):
                        met.add(verdict.exception)
    assert met == AGENT_EXCEPTIONS.keys()


def test_a_flow_that_is_switched_off_kills_agents_and_nobody_else(make_server: Make) -> None:
    server, facts = make_server(), Facts.of(crowded(()))
    feature = {"organization": "acme", "feature": "organizations:seer-agent-token-flow"}
    server.control("PUT", "/features/", feature | {"enabled": False})
    facts.flows.discard("acme")
    reads = [call for call in calls(server, WEB) if not call.writes and call.method != "DELETE"]
    wrong = list(compare(server, facts, reads, Cast(server).everybody(FEW)))
    assert not wrong, "\n".join(wrong[:60])


def test_an_explorer_that_is_switched_off_hides_conversations_alone(make_server: Make) -> None:
    server, facts = make_server(), Facts.of(crowded(()))
    cast = Cast(server)
    for user in (*FEW, "martin"):
        cast.run(user, "acme")
    feature = {"organization": "acme", "feature": "organizations:seer-explorer"}
    server.control("PUT", "/features/", feature | {"enabled": False})
    facts.explorers.discard("acme")
    some = ("/seer/", "GET /organizations/acme/ ", "agent/token/")
    rounds = [c for c in calls(server, WEB) if any(word in f"{c.name} " for word in some)]
    wrong = list(compare(server, facts, rounds, cast.everybody(FEW), cast))
    assert not wrong, "\n".join(wrong[:60])


#: Weakened servers, each with the calls on which the difference must show.
WEAKENED: list[tuple[str, Corner, str]] = [
    ("read-opens-write", WEB, "PUT /organizations/acme/"),
    ("role-change-ignored", WEB, "PUT /organizations/acme/"),
    ("everything-in-reach", API, "GET /projects/acme/api/"),
    ("team-role-everywhere", PORTAL, "DELETE /projects/globex/portal/keys/"),
    ("strangers-served", PORTAL, "GET /organizations/globex/"),
    ("slug-crosses", PORTAL, "GET /organizations/globex/"),
    ("project-crosses", PORTAL, "GET /projects/globex/portal/"),
    ("team-crosses", PORTAL, "GET /teams/globex/platform/"),
    ("issue-crosses", PORTAL, "GET /organizations/globex/issues/PORTAL-1/"),
    ("viewer-context-crosses", PORTAL, "GET /organizations/globex/"),
    ("account-open-to-agents", WEB, "GET /users/me/"),
    ("existence-first", NOWHERE, "PUT /organizations/nowhere/"),
    ("incurable-challenged", PORTAL, "GET /organizations/globex/"),
    ("held-scopes-named", WEB, "PUT /organizations/acme/"),
    ("sudo-not-asked", WEB, "DELETE /teams/acme/web/"),
    ("agent-mints", WEB, "POST /organizations/acme/agent/token/"),
    ("integration-mints", WEB, "POST /organizations/acme/agent/token/"),
    ("agent-approves", WEB, "POST /organizations/acme/agent/approve/"),
    ("viewer-context-approves", WEB, "POST /organizations/acme/agent/approve/"),
    ("user-token-approves", WEB, "POST /organizations/acme/agent/approve/"),
    ("csrf-not-checked", WEB, "PUT /organizations/acme/"),
    ("viewer-context-unsigned", WEB, "GET /organizations/acme/"),
    ("bound-token-roams", PORTAL, "GET /organizations/globex/"),
    ("signature-not-checked", WEB, "GET /organizations/acme/"),
]


@pytest.mark.parametrize(
    ("weakness", "corner", "start"), WEAKENED, ids=[weakness for weakness, _, _ in WEAKENED]
)
def test_the_comparison_finds_a_weakened_server(
    make_server: Make, weakness: str, corner: Corner, start: str
) -> None:
    server = make_server(weakness)
    rounds = [call for call in calls(server, corner) if call.name.startswith(start)]
    everybody = Cast(server).everybody()
    assert next(compare(server, Facts.of(crowded(())), rounds, everybody), None) is not None
