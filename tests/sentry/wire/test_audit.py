"""Every allow and deny leaves a record; no secret, no part of one, is left anywhere."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sentry import forge
from tests.sentry.callers import Headers, Sentry, agent_bearer, bearer, cookies
from tests.sentry.conftest import Make

KEYS = {
    *("id", "time", "credential", "user", "agent", "organization", "method", "route"),
    *("decision", "rule", "reason", "wanted", "held", "missing", "status"),
    *("flow", "exposed", "named"),
}
CANARY_NAME = "canary-of-a-name"
ORGANIZATION = "/organizations/{organization_id_or_slug}/"
READS = ["org:admin", "org:read", "org:write"]
WRITES = ["org:admin", "org:write"]


def last(sentry: Sentry) -> dict[str, Any]:
    return sentry.audit()[-1]


# A record for each allow and deny


def test_an_allow(sentry: Sentry) -> None:
    sentry.advance(1.5)
    sentry.api("GET", "/organizations/acme/", sentry.named_token("narrow"))
    assert last(sentry) == {
        "id": 1,
        "time": "2026-01-15T12:00:01.500000+00:00",
        "credential": "user_token",
        "user": "101",
        "agent": None,
        "organization": "4001",
        "method": "GET",
        "route": ORGANIZATION,
        "decision": "allow",
        "rule": "role",
        "reason": None,
        "wanted": READS,
        "held": ["org:read"],
        "missing": [],
        "status": 200,
        "flow": None,
        "exposed": [],
        "named": None,
    }


def test_a_deny_at_the_gate(sentry: Sentry) -> None:
    token = sentry.forged(scopes=["event:read", "org:read"], sid="chat 7")
    sentry.api("PUT", "/organizations/acme/", token, {"name": "x"})
    assert last(sentry) == {
        "id": 1,
        "time": "2026-01-15T12:00:00+00:00",
        "credential": "agent_token",
        "user": "101",
        "agent": {"session": "chat 7"},
        "organization": "4001",
        "method": "PUT",
        "route": ORGANIZATION,
        "decision": "deny",
        "rule": "scope-gate",
        "reason": None,
        "wanted": WRITES,
        "held": ["event:read", "org:read"],
        "missing": WRITES,
        "status": 403,
        "flow": None,
        "exposed": [],
        "named": None,
    }


Show = Callable[[Sentry], Headers]
MINT, APPROVE = "/organizations/acme/agent/token/", "/organizations/acme/agent/approve/"
GOOD = {"sessionId": "s1", "scopes": ["org:write"]}


def bare(sentry: Sentry) -> Headers:
    return {"Cookie": sentry.session("olivia")["Cookie"]}


# (what is asked: method, path, body, by whom; what is recorded: decision, rule, status)
CASES: dict[str, tuple[str, str, Any, Show, str, str, int]] = {
    "anonymous": ("GET", "/organizations/acme/", {}, lambda _: {}, "deny", "authentication", 401),
    "open": ("GET", "/", {}, lambda _: {}, "allow", "authentication", 200),
    "header": (
        *("GET", "/organizations/acme/", {}, lambda _: {"Authorization": "x"}),
        *("deny", "authorization-header", 401),
    ),
    "token": (
        *("GET", "/organizations/acme/", {}, lambda _: bearer("sntryu_x")),
        *("deny", "token", 401),
    ),
    "agent token": (
        *("GET", "/organizations/acme/", {}, lambda _: bearer("sntryag_x")),
        *("deny", "agent-token", 401),
    ),
    "bound token": (
        *("GET", "/organizations/globex/", {}, lambda sentry: sentry.named_token("acme-only")),
        *("deny", "organization-bound-token", 401),
    ),
    "csrf": ("PUT", "/organizations/acme/", {}, bare, "deny", "csrf", 403),
    "unmapped method": (
        *("PATCH", "/organizations/acme/", {}, lambda sentry: sentry.user("olivia")),
        *("deny", "method", 403),
    ),
    "no such method": (
        *("PATCH", "/organizations/acme/", {}, lambda sentry: sentry.session("olivia")),
        *("deny", "method", 405),
    ),
    "account": (
        *("POST", "/organizations/", {}, lambda sentry: sentry.user("olivia")),
        *("deny", "account-level", 403),
    ),
    "unknown organization": (
        *("GET", "/organizations/nowhere/", {}, lambda sentry: sentry.user("olivia")),
        *("deny", "not-found", 404),
    ),
    "no member": (
        *("GET", "/organizations/acme/", {}, lambda sentry: sentry.user("gil")),
        *("deny", "membership", 403),
    ),
    "other organization": (
        *("GET", "/organizations/globex/", {}, lambda sentry: sentry.agent()),
        *("deny", "other-organization", 403),
    ),
    "role": (
        *("PUT", "/organizations/acme/", {}, lambda sentry: sentry.session("mia")),
        *("deny", "role", 403),
    ),
    "write": (
        *("PUT", "/organizations/acme/", {"name": "x"}, lambda sentry: sentry.session("olivia")),
        *("allow", "role", 200),
    ),
    # It was allowed, and is wrong.
    "bad write": (
        *("PUT", "/organizations/acme/", {"name": 1}, lambda sentry: sentry.session("olivia")),
        *("allow", "input", 400),
    ),
    "huge write": (
        *("PUT", "/organizations/acme/", "x" * 2**20, lambda sentry: sentry.session("olivia")),
        *("allow", "input", 413),
    ),
    "mint": ("POST", MINT, GOOD, lambda sentry: sentry.user("olivia"), "allow", "mint", 200),
    "mint by an agent": (
        *("POST", MINT, GOOD, lambda sentry: sentry.agent()),
        *("deny", "principal", 403),
    ),
    "bad mint": ("POST", MINT, {}, lambda sentry: sentry.user("olivia"), "allow", "input", 400),
    "approve": (
        *("POST", APPROVE, GOOD, lambda sentry: sentry.session("olivia")),
        *("allow", "approve", 200),
    ),
    "approve by an agent": (
        *("POST", APPROVE, GOOD, lambda sentry: sentry.agent() | sentry.session("olivia")),
        *("deny", "approval-from-session", 403),
    ),
    "approve by nobody": (
        "POST",
        APPROVE,
        GOOD,
        lambda _: {},
        "deny",
        "approval-from-session",
        403,
    ),
    "approve without CSRF": ("POST", APPROVE, GOOD, bare, "deny", "csrf", 403),
    "nothing to approve": (
        *("POST", APPROVE, GOOD, lambda sentry: sentry.session("mia")),
        *("allow", "grantable", 400),
    ),
    "password": ("POST", "/auth/", {}, lambda _: bearer("x"), "deny", "authentication", 401),
}


@pytest.mark.parametrize("name", CASES)
def test_one_record_for_each(sentry: Sentry, name: str) -> None:
    method, path, body, show, decision, rule, status = CASES[name]
    credential = show(sentry)
    before = len(sentry.audit())
    answer = sentry.api(method, path, credential, body)
    assert answer.status_code == status
    records = sentry.audit()
    assert len(records) == before + 1
    record = records[-1]
    assert set(record) == KEYS
    assert (record["decision"], record["rule"], record["status"]) == (decision, rule, status)
    assert record["method"] == method
    assert record["id"] == len(records)


def test_the_feature_that_is_off(sentry: Sentry) -> None:
    sentry.set_flow(False)
    sentry.api("POST", MINT, sentry.user("olivia"), GOOD)
    record = last(sentry)
    assert (record["decision"], record["rule"], record["status"]) == ("deny", "feature", 404)


def test_a_secret_that_is_missing(make_sentry: Make) -> None:
    sentry = make_sentry(secret="")
    sentry.api("POST", MINT, sentry.user("olivia"), GOOD)
    assert (last(sentry)["rule"], last(sentry)["status"]) == ("no-secret", 503)


# Who did it


def test_an_agents_action_is_the_users_and_the_agents(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"], session="chat 7")
    token = sentry.agent(session="chat 7")
    assert sentry.api("PUT", "/organizations/acme/", token, {"name": "x"}).status_code == 200
    record = last(sentry)
    assert record["credential"] == "agent_token"
    assert record["user"] == str(sentry.user_id("olivia"))
    assert record["agent"] == {"session": "chat 7"}
    assert record["organization"] == str(sentry.organization_id("acme"))


@pytest.mark.parametrize(
    ("show", "user"),
    [
        (lambda sentry: sentry.user("mia"), "mia"),
        (lambda sentry: sentry.session("mia"), "mia"),
        (lambda sentry: sentry.viewer("mia"), "mia"),
        (lambda sentry: sentry.organization(reads=True), None),
    ],
)
def test_a_persons_action_is_nobody_elses(sentry: Sentry, show: Show, user: str | None) -> None:
    sentry.api("GET", "/organizations/acme/", show(sentry))
    record = last(sentry)
    assert record["agent"] is None
    assert record["user"] == (None if user is None else str(sentry.user_id(user)))


def test_an_approval_is_the_approvers(sentry: Sentry) -> None:
    sentry.approve(sentry.session("martin"), ["org:write"])
    record = last(sentry)
    assert (record["credential"], record["user"]) == ("session", str(sentry.user_id("martin")))


def test_of_a_bad_credential_nobody_is_named(sentry: Sentry) -> None:
    for credential in (sentry.forged(exp=1), bearer("sntryu_x"), {"Authorization": "x"}):
        sentry.api("GET", "/organizations/acme/", credential | sentry.session("olivia"))
        record = last(sentry)
        assert (record["user"], record["agent"], record["organization"]) == (None, None, None)
        assert (record["credential"], record["held"]) == ("none", [])


# What an agent is judged by

FLOW = {"session": None, "by": None, "shown": None, "asked": None, "given": None, "expires": None}


def test_a_mint_says_what_the_token_carries_and_until_when(sentry: Sentry) -> None:
    body = {"sessionId": " s1 ", "requestedScopes": ["org:read", "org:admin", CANARY]}
    sentry.api("POST", MINT, sentry.user("olivia"), body)
    assert last(sentry)["flow"] == FLOW | {
        "session": "s1",
        "asked": ["org:admin", "org:read"],
        "given": ["org:read"],
        "expires": "2026-01-15T12:05:00+00:00",
    }


def test_an_approval_says_what_was_asked_and_what_was_granted(sentry: Sentry) -> None:
    body = {"sessionId": "s1", "scopes": ["org:write", "org:ci", CANARY]}
    sentry.api("POST", APPROVE, sentry.session("olivia"), body)
    flow = {"session": "s1", "asked": ["org:ci", "org:write"], "given": ["org:write"]}
    assert last(sentry)["flow"] == FLOW | flow


@pytest.mark.parametrize("kind", ["agent", "expired", "user", "viewer", "forged", "other", "none"])
def test_a_refused_approval_says_what_was_shown_and_whose_agent_it_was(
    sentry: Sentry, kind: str
) -> None:
    olivia = sentry.user_id("olivia")
    mine = {"user": str(olivia), "session": "mine"}
    shown: dict[str, tuple[Headers, Any, Any]] = {
        "agent": (sentry.forged(sid="mine"), "agent_token", mine),
        "expired": (sentry.forged(sid="mine"), "agent_token", mine),
        "user": (sentry.user("olivia"), "user_token", None),
        "viewer": (sentry.viewer("olivia"), "viewer_context", None),
        "forged": (
            agent_bearer(forge.encode(sentry.claims(sid="mine"), CANARY)),
            *("agent_token", None),
        ),
        "other": ({"Authorization": CANARY}, "other", None),
        "none": ({}, None, None),
    }
    headers, word, by = shown[kind]
    if kind == "expired":
        sentry.advance(3600)
    sentry.api("POST", APPROVE, headers, GOOD)
    flow = {"session": "s1", "asked": ["org:write"], "shown": word, "by": by}
    assert last(sentry)["flow"] == FLOW | flow
    assert last(sentry)["agent"] is None


def test_of_an_expired_token_the_session_is_told_and_of_a_forged_one_nothing(
    sentry: Sentry,
) -> None:
    expired = sentry.forged(sid="mine")
    sentry.advance(3600)
    sentry.api("GET", "/organizations/acme/", expired)
    by = {"user": str(sentry.user_id("olivia")), "session": "mine"}
    assert (last(sentry)["reason"], last(sentry)["flow"]) == ("expired", FLOW | {"by": by})
    sentry.api(
        *("GET", "/organizations/acme/"),
        agent_bearer(forge.encode(sentry.claims(sid="mine"), CANARY)),
    )
    assert last(sentry)["flow"] is None


@pytest.mark.parametrize(
    ("path", "body", "places"),
    [
        ("/organizations/acme/", {"name": "x"}, []),
        ("/organizations/acme/?q=sntryag_x", {"name": "x"}, ["query"]),
        ("/organizations/sntryu_x/", {"name": "x"}, ["path"]),
        ("/organizations/acme/", {"name": "see sntryag_x"}, ["body"]),
        ("/organizations/sntryag_x/?q=sntryag_x", {"name": "sntryag_x"}, ["query", "path", "body"]),
    ],
)
def test_where_a_token_is_exposed_is_a_word(
    sentry: Sentry, path: str, body: Any, places: list[str]
) -> None:
    sentry.api("PUT", path, sentry.agent(), body)
    assert last(sentry)["exposed"] == places
    assert "sntry" not in json.dumps(sentry.audit())


@pytest.mark.parametrize(
    ("method", "named", "told"),
    [
        *(("GET", "acme", None), ("GET", "{acme}", None), ("GET", "globex", "{globex}")),
        *(("PUT", "globex", "{globex}"), ("PUT", "{globex}", "{globex}")),
        *(("GET", CANARY_NAME, "unknown"), ("PUT", CANARY_NAME, "unknown")),
    ],
)
def test_another_organization_is_named_by_its_id(
    sentry: Sentry, method: str, named: str, told: str | None
) -> None:
    ids = {slug: str(sentry.organization_id(slug)) for slug in ("acme", "globex")}
    sentry.api(method, f"/organizations/{named.format(**ids)}/", sentry.agent(), {"name": "x"})
    assert last(sentry)["named"] == (told and told.format(**ids))


def test_of_people_no_organization_is_another(sentry: Sentry) -> None:
    sentry.api("GET", "/organizations/globex/", sentry.user("olivia"))
    assert last(sentry)["named"] is None


def test_what_is_missing_is_told_to_the_log_alone(sentry: Sentry) -> None:
    """Also where the caller gets no challenge."""
    sentry.api("PUT", "/organizations/acme/", sentry.session("mia"), {"name": "x"})
    assert last(sentry)["missing"] == last(sentry)["wanted"] == WRITES
    assert not set(last(sentry)["held"]) & set(WRITES)


def test_records_of_threads_are_numbered_in_a_row(sentry: Sentry) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: sentry.api("GET", "/"), range(100)))
    assert [record["id"] for record in sentry.audit()] == list(range(1, 101))


# No secret, no part of one

CANARY = "c4n4ry" * 8


def secrets_of(sentry: Sentry) -> set[str]:
    """Every secret that there is before anybody called."""
    world, deployment = sentry.world, sentry.deployment
    found = {deployment.secrets.shared, deployment.secrets.control or ""}
    for user in world["users"]:
        found |= {user["token"].partition("_")[2], user["password"] or CANARY}
    for kind in ("organization_tokens", "integration_tokens", "user_tokens"):
        found |= {each["token"].rpartition("_")[2] for each in world[kind]}
    return found


def parts(secret: str, size: int = 8) -> Iterator[str]:
    """Pieces of a secret, long enough not to turn up by chance."""
    for at in range(len(secret) - size + 1):
        yield secret[at : at + size]


def exercise(sentry: Sentry) -> tuple[set[str], list[str]]:
    """All that could spill something. Returns the secrets made on the way, and what was answered.

    Answers that hand out a secret are left out: the token of mint, the cookie of signing in.
    """
    made: set[str] = set()
    said: list[str] = []

    def call(method: str, path: str, credential: Headers, *body: Any) -> Any:
        answer = sentry.api(method, path, credential, *body)
        if path != MINT or answer.status_code != 200:
            said.append(answer.text + str(answer.headers))
        return answer

    session = sentry.session("olivia")
    made |= {session["Cookie"].partition("sentrysid=")[2].partition(";")[0]}
    made |= {session["X-CSRFToken"]}
    token = sentry.agent()
    tampered = {"Authorization": token["Authorization"][:-6] + "AAAAAA"}
    made |= set(token["Authorization"].removeprefix("Bearer sntryag_").split(".")[1:])
    unsigned = agent_bearer(forge.encode(sentry.claims(canary=CANARY), CANARY))
    signed = sentry.forged(canary=CANARY, aud=CANARY)
    stray = base64.b64encode(f"olivia@example.com:{CANARY}".encode()).decode()
    viewer = sentry.viewer("olivia")
    made |= {viewer["X-Viewer-Context-Signature"]}
    credentials: list[Headers] = [
        *(session, token, tampered, unsigned, signed, viewer, {}),
        *(bearer(prefix + CANARY) for prefix in ("", "sntryu_", "sntrys_", "sntryi_", "sntryag_")),
        *({"Authorization": CANARY}, {"Authorization": f"Basic {stray}"}, bearer(f"x {CANARY}")),
        *({"Cookie": f"sentrysid={CANARY}"}, session | {"X-CSRFToken": CANARY}),
        *(viewer | {"X-Viewer-Context-Signature": CANARY}, session | {"Origin": CANARY}),
        *(sentry.user("olivia"), sentry.organization(), sentry.integration(), sentry.user("gil")),
        sentry.named_token("acme-only"),
    ]
    bodies: list[Any] = [GOOD, {"sessionId": CANARY * 9}, {"sessionId": [CANARY]}, [CANARY]]
    bodies += [{"sessionId": "s1", "scopes": [CANARY], "requestedScopes": [CANARY]}]
    for credential in credentials:
        for method, path in (("GET", "/organizations/acme/"), ("PUT", "/organizations/globex/")):
            call(method, path, credential, {"name": [CANARY]})
        call("GET", f"/organizations/acme/?token={CANARY}", credential)
        call("GET", "/organizations/nowhere/", credential)
        call("PATCH", "/organizations/acme/", credential)
        call("PUT", "/auth/", credential, {"password": CANARY})
        for body in bodies:
            call("POST", MINT, credential, body)
            call("POST", APPROVE, credential, body)
        answer = sentry.api("POST", "/auth/", credential)
        assert not cookies(answer)
        said.append(answer.text + str(answer.headers))
    form = {"username": CANARY, "password": CANARY, "csrfmiddlewaretoken": CANARY}
    said.append(sentry.send("POST", "/auth/login/", {"Cookie": f"sc={CANARY}"}, data=form).text)
    said.append(json.dumps(sentry.audit()))
    return made, said


@pytest.mark.parametrize("database", ["sqlite://", "file"])
def test_no_secret_in_records_answers_and_logs(
    make_sentry: Make, tmp_path: Any, caplog: pytest.LogCaptureFixture, database: str
) -> None:
    # All loggers, the database's and the framework's too, from before there is an application.
    caplog.set_level(logging.DEBUG)
    url = f"sqlite:///{tmp_path}/sentry.db" if database == "file" else database
    sentry = make_sentry(database=url)
    made, said = exercise(sentry)
    logged = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "harness.sentry.audit" in logged
    everything = "\n".join([*said, logged])
    for secret in secrets_of(sentry) | made | {CANARY}:
        for part in parts(secret):
            assert part not in everything, f"{part} of {secret}"


def test_the_search_for_secrets_finds_them() -> None:
    """The positive control: these texts would be found."""
    secret = "0123456789abcdef"
    assert any(part in "… 23456789 …" for part in parts(secret))
    assert not any(part in "2345678" for part in parts(secret))


def test_a_record_holds_no_text_that_a_caller_chose(sentry: Sentry) -> None:
    """But for the agent's session id."""
    sentry.api("GET", f"/organizations/{CANARY}/?{CANARY}", sentry.user("olivia"))
    sentry.api("GET", f"/{CANARY}/", sentry.user("olivia"))
    sentry.api(CANARY, "/organizations/acme/", sentry.session("olivia"))
    sentry.api("GET", "/organizations/acme/", sentry.forged(scopes=[CANARY, "org:read"]))
    sentry.approve(sentry.session("olivia"), [CANARY, "org:write"])
    sentry.api("GET", "/organizations/acme/", sentry.user("olivia") | {"User-Agent": CANARY})
    sentry.api("GET", f"/organizations/{CANARY}/", sentry.agent())
    assert len(sentry.audit()) >= 5
    assert CANARY not in json.dumps(sentry.audit()).lower()
    assert re.search(r'"session": "s1"', json.dumps(sentry.audit()))


def test_logs_are_lines(sentry: Sentry, caplog: pytest.LogCaptureFixture) -> None:
    """No session id breaks out of its record."""
    caplog.set_level(logging.INFO)
    evil = 's1\n{"decision": "allow"} \x1b[2J\r\u2028'
    sentry.api("PUT", "/organizations/acme/", sentry.forged(sid=evil), {"name": "x"})
    (record,) = (each for each in caplog.records if each.name == "harness.sentry.audit")
    message = record.getMessage()
    assert message.isprintable()
    assert message.isascii()
    assert json.loads(message.removeprefix("decision "))["agent"] == {"session": evil}


@pytest.mark.parametrize(
    "body", ['{"sessionId": "\\ud800"}', "[" * 5000, "[1]", '{"scopes": [[], "\\ud800"]}', "\xff"]
)
def test_whatever_is_sent_the_record_is_written(sentry: Sentry, body: str) -> None:
    for path in (MINT, APPROVE):
        before = len(sentry.audit())
        headers = sentry.agent() | {"Content-Type": "application/json"}
        answer = sentry.send("POST", f"/api/0{path}", headers, data=body.encode("latin-1"))
        assert answer.status_code < 500
        record = sentry.audit()[-1]
        assert (len(sentry.audit()) > before, record["flow"]["session"]) == (True, None)
