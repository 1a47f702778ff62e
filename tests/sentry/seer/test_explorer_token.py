"""The token that an Explorer run hands to Seer."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from harness import scopes
from harness.sentry.principal import ANONYMOUS
from harness.sentry.schema import api_token
from harness.sentry.seer import explorer_token
from tests.sentry.callers import (
    Sentry,
    assert_challenge,
    assert_plain_denial,
    assert_unauthenticated,
    bearer,
)
from tests.sentry.seer.chats import Chats, chat_of, listen

FIELD = "user_auth_token"


def set_code_mode(sentry: Sentry, enabled: bool) -> None:
    feature = {"organization": "acme", "feature": "organizations:seer-explorer-code-mode-tools"}
    sentry.control("PUT", "/features/", feature | {"enabled": enabled})


def log_of(sentry: Sentry) -> list[str]:
    """What was written of Seer."""
    lines = sentry.control("GET", "/log/")["lines"]
    return [line["text"] for line in lines if line["logger"] == "harness.sentry.seer"]


def rows(sentry: Sentry) -> list[Any]:
    statement = api_token.select().where(api_token.c.name == "Seer Explorer")
    return list(sentry.services.store.all(statement.order_by(api_token.c.id)))


def test_it_is_handed_over_once_at_the_top_with_code_mode_on(sentry: Sentry) -> None:
    app, chats = listen(sentry), Chats(sentry)
    run_id = chats.start()
    chats.read(run_id)
    chats.update(run_id, {"type": "interrupt"})
    sent = chat_of(app.seen[0])
    token = sent[FIELD]
    assert token.startswith("sntryu_")
    assert sent["enable_code_mode_tools"] is True
    assert [seen.body.count(token.encode()) for seen in app.seen] == [1, 0, 0]
    assert token not in json.dumps(sent["user_org_context"])
    assert all(token not in str(seen.headers) + seen.path for seen in app.seen)


def test_with_code_mode_off_there_is_none(sentry: Sentry) -> None:
    set_code_mode(sentry, enabled=False)
    app, chats = listen(sentry), Chats(sentry)
    chats.go_on(chats.start())
    for seen in app.seen:
        assert FIELD not in seen.json
        assert seen.json["enable_code_mode_tools"] is False
        assert b"sntry" not in seen.body
    assert rows(sentry) == []
    assert not any("auth_token" in line for line in log_of(sentry))


def test_the_flag_is_not_shown_in_the_features_of_the_organization(sentry: Sentry) -> None:
    shown = sentry.api("GET", "/organizations/acme/", sentry.user("olivia")).json["features"]
    assert not any("code-mode" in feature for feature in shown)


def test_every_message_brings_a_fresh_one(sentry: Sentry) -> None:
    app, chats = listen(sentry), Chats(sentry)
    run_id = chats.start()
    chats.go_on(run_id)
    chats.go_on(run_id)
    tokens = [seen.json[FIELD] for seen in app.seen]
    assert len(set(tokens)) == 3
    hashed = [hashlib.sha256(token.encode()).hexdigest() for token in tokens]
    assert [row.hashed_token for row in rows(sentry)] == hashed


def test_it_reads_its_organization_for_an_hour(sentry: Sentry) -> None:
    app = listen(sentry)
    Chats(sentry).start()
    (row,) = rows(sentry)
    now = sentry.services.clock.now()
    assert row.user_id == sentry.user_id("olivia")
    assert row.organization_id == sentry.organization_id("acme")
    assert frozenset(row.scope_list) == scopes.READ_ONLY
    assert len(row.scope_list) == 6
    assert row.expires_at - now == timedelta(hours=1)

    token = bearer(app.seen[0].json[FIELD])
    assert sentry.api("GET", "/organizations/acme/", token).status_code == 200
    rename = {"name": "Mine"}
    put = sentry.api("PUT", "/organizations/acme/", token, rename)
    assert_challenge(put, "org:admin org:write")
    abroad = sentry.api("GET", "/organizations/globex/", token)
    assert_unauthenticated(abroad, "Unauthorized organization access.")
    assert_plain_denial(sentry.api("GET", "/organizations/acme/seer/explorer-runs/", token))
    sentry.advance(3599)
    assert sentry.api("GET", "/organizations/acme/", token).status_code == 200
    sentry.advance(1)
    assert_unauthenticated(sentry.api("GET", "/organizations/acme/", token))


def test_a_members_token_reads_what_the_member_may(sentry: Sentry) -> None:
    app = listen(sentry)
    Chats(sentry, "mia").start()
    token = bearer(app.seen[0].json[FIELD])
    assert sentry.mint(token)["scopes"] == sorted(scopes.READ_ONLY)
    sentry.remove("mia")
    assert sentry.api("GET", "/organizations/acme/", token).status_code == 403


def test_the_log_has_ids_and_the_expiry_and_no_part_of_it(sentry: Sentry) -> None:
    app = listen(sentry)
    Chats(sentry).start()
    token = app.seen[0].json[FIELD]
    log = log_of(sentry)
    expires = sentry.services.clock.now() + timedelta(hours=1)
    line = (
        f"seer_explorer.auth_token_created user_id={sentry.user_id('olivia')} "
        f"organization_id={sentry.organization_id('acme')} expires_at={expires.isoformat()}"
    )
    assert log == [line]
    parts = [token[at : at + 6] for at in range(len("sntryu_") - 1, len(token) - 6)]
    assert not any(part in log[0] for part in parts)
    assert "sntry" not in log[0]
    assert token not in str(sentry.audit())


def test_a_store_that_fails_is_logged_and_the_run_goes_on(
    sentry: Sentry, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, chats, shown = listen(sentry), Chats(sentry), []

    def fail(token: str) -> str:
        shown.append(token)
        raise OperationalError("INSERT INTO sentry_apitoken", {"t": token}, Exception("full"))

    monkeypatch.setattr(explorer_token, "digest", fail)
    run_id = chats.start()
    sent = chat_of(app.seen[0])
    assert FIELD not in sent
    assert sent["enable_code_mode_tools"] is True
    assert log_of(sentry) == ["seer_explorer.auth_token_failed error=OperationalError"]
    assert len(shown) == 1
    assert [run["run_id"] for run in chats.runs()] == [run_id]


def test_there_is_none_for_nobody() -> None:
    class Nobody:
        caller = ANONYMOUS

    assert explorer_token.make_token(Nobody(), 1) is None  # type: ignore[arg-type]
    assert explorer_token.hand_over(Nobody(), 1, code_mode=True) == {}  # type: ignore[arg-type]


def test_in_a_database_only_its_hash_is_kept(stored_sentry: Sentry) -> None:
    app = listen(stored_sentry)
    Chats(stored_sentry).start()
    token = app.seen[0].json[FIELD]
    assert len(rows(stored_sentry)) == 1
    assert token not in str(stored_sentry.stored())
    stored_sentry.deployment.reset()
    assert rows(stored_sentry) == []
