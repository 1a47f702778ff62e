"""No secret of the whole chain stands in a log, an audit log, a state, or an error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.seer.script import load_scripts
from tests.sentry.callers import Sentry
from tests.sentry.conftest import Make
from tests.sentry.seer.chats import Chats, seer, settle

#: What each script's user asks, with words for what it leaves open.
QUERIES = {script.id: script.asks for script in load_scripts()}


def drive(sentry: Sentry, chats: Chats, script: str) -> list[Any]:
    """Plays a script, approving what it asks for; what users and operators are shown of it."""
    seer(sentry, "PUT", "/direction/", {"script": script})
    query = QUERIES[script]
    for word in ("{name}", "{issue}", "{team}", "{project}", "{url}", "{email}"):
        query = query.replace(word, "web")
    answer = chats.ask(query)
    shown: list[Any] = [answer.text]
    if answer.status_code != 200:
        return shown
    run_id = answer.json["run_id"]
    for turn in range(4):
        settle(sentry)
        state = chats.state(run_id)
        shown.append(state)
        pending = state["pending_user_input"]
        if pending is None:
            break
        scopes = pending["data"]["scopes"]
        if turn % 2 == 0:
            sentry.approve(chats.headers, scopes, session=f"explorer-{run_id}")
        shown.append(chats.answer(run_id, "approve", pending["id"], scopes).text)
        shown.append(chats.answer(run_id, "approve", "x-9", scopes).text)
    chats.update(run_id, {"type": "interrupt"})
    settle(sentry)
    shown.append(chats.state(run_id))
    return shown


def secrets_of(sentry: Sentry, chats: Chats) -> dict[str, str]:
    """Everything that opens something, and passed between the services."""
    found = {"shared secret": sentry.secret, "control": str(sentry.deployment.secrets.control)}
    cookie = chats.headers["Cookie"]
    found |= {f"cookie {n}": part.partition("=")[2] for n, part in enumerate(cookie.split("; "))}
    for passage in sentry.deployment.network.since(0):
        for name, value in passage["request_headers"]:
            if name == "Authorization":
                found[value] = value.rpartition(" ")[2].removeprefix("rpc0:")
            if name == "X-Viewer-Context-Signature":
                found[value] = value
        for body in (passage["request_body"], passage["response_body"]):
            for key in ("user_auth_token", "token"):
                told = json.loads(body or "{}") if body[:1] in ("", "{") else {}
                if isinstance(told, dict) and isinstance(told.get(key), str):
                    found[f"{key} {told[key]}"] = told[key]
    return found


def assert_nowhere(sentry: Sentry, chats: Chats, shown: list[Any]) -> None:
    told = {
        "log of Sentry": sentry.control("GET", "/log/"),
        "audit of Sentry": sentry.control("GET", "/audit/"),
        "log of Seer": seer(sentry, "GET", "/log/"),
        "audit of Seer": seer(sentry, "GET", "/audit/"),
        "what is shown": shown,
    }
    secrets = secrets_of(sentry, chats)
    assert len(secrets) > 5
    for where, text in told.items():
        dumped = json.dumps(text)
        for name, secret in secrets.items():
            assert secret not in dumped, (where, name)
            # Nor a part of a token: its signature, or the beginning of its random part.
            assert secret.rpartition(".")[2][-24:] not in dumped, (where, name)
            assert secret[:20] not in dumped, (where, name)


@pytest.mark.parametrize("script", sorted(QUERIES))
def test_no_script_brings_a_secret_to_light(sentry: Sentry, script: str) -> None:
    chats = Chats(sentry)
    shown = drive(sentry, chats, script)
    assert_nowhere(sentry, chats, shown)


def test_nor_do_errors(make_sentry: Make) -> None:
    sentry = make_sentry()
    chats = Chats(sentry)
    shown = drive(sentry, chats, "rename-the-organization")
    sentry.deployment.network.join("sentry", "http://127.0.0.1:1")
    shown += drive(sentry, chats, "rename-the-organization")
    sentry.deployment.network.join("sentry", "http://sentry.test", sentry.deployment.app)
    sentry.deployment.network.join("seer", "http://127.0.0.1:1")
    shown += [chats.ask().text, chats.go_on(1).text, chats.read(1).text]
    assert_nowhere(sentry, chats, shown)
