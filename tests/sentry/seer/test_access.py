"""Who may talk with Seer: members, from their own sessions, about their own runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness import scopes
from tests.sentry.callers import (
    FORBIDDEN,
    Headers,
    Sentry,
    assert_missing,
    assert_plain_denial,
    assert_unauthenticated,
    bearer,
)
from tests.sentry.seer.chats import Chats, listen

Show = Callable[[Sentry], Headers]

TOKENS: dict[str, Show] = {
    "user token": lambda sentry: sentry.user("olivia"),
    "user token of every scope": lambda s: s.new_token("olivia", scopes.ALL_SCOPES),
    "bound user token": lambda sentry: sentry.named_token("acme-only"),
    "legacy user token": lambda sentry: sentry.named_token("legacy"),
    "organization token": lambda sentry: sentry.organization(reads=True),
    "integration token": lambda sentry: sentry.integration(),
    "agent token": lambda sentry: sentry.agent(),
    "viewer context": lambda sentry: sentry.viewer("olivia"),
    "viewer context in Acme": lambda sentry: sentry.viewer("olivia", "acme"),
    "agent token beside a session": lambda s: s.session("olivia") | s.agent(),
    "viewer context beside a session": lambda s: s.session("olivia") | s.viewer("olivia"),
}


@pytest.mark.parametrize("show", TOKENS.values(), ids=TOKENS)
def test_every_other_credential_gets_a_plain_denial(sentry: Sentry, show: Show) -> None:
    app, run_id = listen(sentry), Chats(sentry).start()
    before = sentry.stored()
    with_it = Chats(sentry, headers=show(sentry))
    for method, path, body in with_it.every(run_id):
        answer = with_it.call(method, path, *([] if body is None else [body]))
        assert_plain_denial(answer)
    assert len(app.seen) == 1
    assert sentry.stored()["seer_explorerrun"] == before["seer_explorerrun"]


def test_nobody_and_bad_credentials_are_unauthenticated(sentry: Sentry) -> None:
    app, run_id = listen(sentry), Chats(sentry).start()
    for headers in (
        {"Accept": "*/*"},
        {"Cookie": "sentrysid=0"},
        bearer("sntryu_" + "0" * 64),
        bearer("sntryag_a.b.c"),
        sentry.session("olivia") | {"Authorization": "Basic b2xpdmlhOng="},
        sentry.viewer("olivia") | {"X-Viewer-Context-Signature": "0" * 64},
    ):
        chats = Chats(sentry, headers=headers)
        for method, path, body in chats.every(run_id):
            assert_unauthenticated(chats.call(method, path, *([] if body is None else [body])))
    assert len(app.seen) == 1


@pytest.mark.parametrize("token", [None, "", "0" * 32])
def test_a_write_without_the_csrf_token_is_refused(sentry: Sentry, token: str | None) -> None:
    app, chats = listen(sentry), Chats(sentry)
    run_id = chats.start()
    del chats.headers["X-CSRFToken"]
    if token is not None:
        chats.headers["X-CSRFToken"] = token
    for method, path, body in chats.every(run_id):
        answer = chats.call(method, path, *([] if body is None else [body]))
        if method == "GET":
            assert answer.status_code == 200
        else:
            assert answer.status_code == 403
            assert answer.json["detail"].startswith("CSRF Failed")
    assert [seen.path.rpartition("/")[2] for seen in app.seen] == ["chat", "state"]


def test_strangers_nowhere_and_switched_off(sentry: Sentry) -> None:
    app, run_id = listen(sentry), Chats(sentry).start()
    stranger, nowhere = Chats(sentry, "gil"), Chats(sentry, organization="nowhere")
    for method, path, body in stranger.every(run_id):
        sent = [] if body is None else [body]
        answer = stranger.call(method, path, *sent)
        assert (answer.status_code, answer.json) == (403, FORBIDDEN)
        assert_missing(nowhere.call(method, path, *sent))
    feature = {"organization": "acme", "feature": "organizations:seer-explorer", "enabled": False}
    sentry.control("PUT", "/features/", feature)
    olivia = Chats(sentry)
    for method, path, body in olivia.every(run_id):
        assert_missing(olivia.call(method, path, *([] if body is None else [body])))
    assert len(app.seen) == 1


def test_a_run_is_its_users_own_in_its_organization(sentry: Sentry) -> None:
    app, olivia = listen(sentry), Chats(sentry)
    run_id = olivia.start("Hers")
    for other in (Chats(sentry, "martin"), Chats(sentry, organization="globex")):
        assert other.runs() == []
        for method, path, body in other.every(run_id)[2:]:
            assert_missing(other.call(method, path, *([] if body is None else [body])))
    assert len(app.seen) == 1
    by_id = Chats(sentry, organization=str(sentry.organization_id("acme")))
    assert [run["title"] for run in by_id.runs()] == ["Hers"]
    assert by_id.read(run_id).status_code == 200


def test_who_left_reaches_the_run_no_more(sentry: Sentry) -> None:
    listen(sentry)
    mia = Chats(sentry, "mia")
    run_id = mia.start()
    sentry.remove("mia")
    for method, path, body in mia.every(run_id):
        assert_plain_denial(mia.call(method, path, *([] if body is None else [body])))


NO_RUNS = ["0", "-1", "+1", "1e3", "1.0", "x", "%00", "1%00", "%2e%2e", "\u0663", " 1"]
TOO_GREAT = ["2147483647", "2147483648", "9" * 19, "9" * 400]


def test_what_is_no_run_is_missing(stored_sentry: Sentry) -> None:
    app, chats = listen(stored_sentry), Chats(stored_sentry)
    chats.start()
    for run_id in NO_RUNS + TOO_GREAT:
        for method, path, body in chats.every(0)[2:]:
            path = path.replace("/0/", f"/{run_id}/")
            assert_missing(chats.call(method, path, *([] if body is None else [body])))
    assert len(app.seen) == 1


def test_the_list_has_the_last_that_was_used_first(sentry: Sentry) -> None:
    listen(sentry)
    chats = Chats(sentry)
    first = chats.start("One")
    sentry.advance(1)
    second = chats.start("Two " + "x" * 400)
    assert [run["run_id"] for run in chats.runs()] == [second, first]
    sentry.advance(1)
    chats.go_on(first)
    runs = chats.runs()
    assert [run["run_id"] for run in runs] == [first, second]
    assert runs[1]["title"] == ("Two " + "x" * 400)[:200]
    assert runs[0]["created_at"] < runs[0]["last_triggered_at"]
    assert runs[0]["organization"] == "acme"
    page = chats.call("GET", "explorer-runs/?per_page=1")
    assert [run["run_id"] for run in page.json] == [first]
    assert 'rel="next"; results="true"' in page.headers["Link"]
