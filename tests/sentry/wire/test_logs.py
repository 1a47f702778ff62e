"""Of a bad agent token the caller hears one sentence; the log has a word and ids."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.sentry import forge
from tests.sentry.callers import OPAQUE, Headers, Sentry, agent_bearer, bearer
from tests.sentry.conftest import Make

NOW = 1768478400


def tampered(sentry: Sentry) -> Headers:
    head, _, _ = forge.encode(sentry.claims(), sentry.secret).rpartition(".")
    return agent_bearer(f"{head}.{'A' * 43}")


def without(name: str) -> Callable[[Sentry], Headers]:
    def show(sentry: Sentry) -> Headers:
        claims = sentry.claims()
        del claims[name]
        return agent_bearer(forge.encode(claims, sentry.secret))

    return show


def with_header(**header: Any) -> Callable[[Sentry], Headers]:
    return lambda sentry: agent_bearer(forge.encode(sentry.claims(), sentry.secret, header=header))


# {what is wrong: (how it is shown, the reason word, whether the ids are known)}
FAILURES: dict[str, tuple[Callable[[Sentry], Headers], str, bool]] = {
    "empty": (lambda _: bearer("sntryag_"), "signature", False),
    "no JWT": (lambda _: bearer("sntryag_canary-canary"), "signature", False),
    "malformed": (lambda _: bearer("sntryag_canary canary"), "malformed", False),
    "signature": (tampered, "signature", False),
    "alg none": (with_header(alg="none"), "signature", False),
    "alg HS512": (with_header(alg="HS512"), "signature", False),
    "crit": (with_header(alg="HS256", crit=["canary"], canary=1), "signature", False),
    "padding": (
        lambda sentry: agent_bearer(forge.encode(sentry.claims(), sentry.secret) + "="),
        "signature",
        False,
    ),
    **{
        f"no {name}": (without(name), f"claim-missing:{name}", False)
        for name in ("aud", "sub", "org", "scopes", "sid", "iat", "exp")
    },
    "audience": (lambda sentry: sentry.forged(aud="canary"), "claim:aud", False),
    "subject": (lambda sentry: sentry.forged(sub="canary"), "claim:sub", False),
    "organization": (lambda sentry: sentry.forged(org="canary"), "claim:org", False),
    "scopes": (lambda sentry: sentry.forged(scopes="canary"), "claim:scopes", False),
    "session": (lambda sentry: sentry.forged(sid="canary" * 30), "claim:sid", False),
    "issued": (lambda sentry: sentry.forged(iat="canary"), "claim:iat", False),
    "expires": (lambda sentry: sentry.forged(exp=NOW), "claim:exp", False),
    "expired": (lambda sentry: sentry.forged(iat=NOW - 9, exp=NOW - 1), "expired", True),
    "future": (lambda sentry: sentry.forged(iat=NOW + 9, exp=NOW + 99), "not-yet-valid", False),
    "nobody": (lambda sentry: sentry.forged(sub="999"), "not-a-member", True),
    "nowhere": (lambda sentry: sentry.forged(org=999), "not-a-member", True),
    "no member": (lambda sentry: sentry.forged(sub="106"), "not-a-member", True),
    "inactive": (lambda sentry: sentry.forged(sub="104"), "inactive-user", True),
    "feature off": (lambda sentry: sentry.forged(org=4002), "feature-off", True),
}


@pytest.fixture
def prepared(sentry: Sentry) -> Sentry:
    sentry.set_active("ada", False)
    sentry.set_flow(False, "globex")
    return sentry


def test_the_answer_is_opaque(prepared: Sentry) -> None:
    """Byte for byte the same, whatever was wrong and wherever it was used."""
    answers = set()
    for show, _, _ in FAILURES.values():
        for path in ("/organizations/acme/", "/organizations/nowhere/", "/", "/organizations/"):
            answer = prepared.api("GET", path, show(prepared))
            assert (answer.status_code, answer.json) == (401, OPAQUE)
            answers.add((answer.data, str(answer.headers)))
    assert len(answers) == 1


@pytest.mark.parametrize("name", FAILURES)
def test_the_log_has_the_reason_and_ids(
    prepared: Sentry, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    show, reason, known = FAILURES[name]
    credential = show(prepared)
    with caplog.at_level(logging.DEBUG, "harness.sentry.agent"):
        caplog.clear()
        prepared.api("GET", "/organizations/acme/", credential)
    (record,) = (each for each in caplog.records if each.name == "harness.sentry.agent")
    said = re.fullmatch(
        r"agent_token\.refused reason=(\S+) user_id=(\d+|None) organization_id=(\d+|None)",
        record.getMessage(),
    )
    assert said
    assert said[1] == reason
    assert (said[2] != "None", said[3] != "None") == (known, known)
    assert record.exc_info is None
    assert record.stack_info is None


@pytest.mark.parametrize("name", FAILURES)
def test_the_log_holds_no_part_of_the_token(
    prepared: Sentry, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """No library's words and no path of the server either."""
    credential = FAILURES[name][0](prepared)
    parts = [part for part in re.split(r"[._ ]", credential["Authorization"]) if len(part) > 7]
    with caplog.at_level(logging.DEBUG):
        caplog.clear()
        prepared.api("GET", "/organizations/acme/", credential)
    assert caplog.text
    for part in parts:
        for at in range(0, len(part) - 7, 4):
            assert part[at : at + 8] not in caplog.text
    for word in ("canary", "Signature", "segments", "Error", "Traceback", "jwt", ".py"):
        assert word not in "".join(record.getMessage() for record in caplog.records)


def test_no_secret(make_sentry: Make, caplog: pytest.LogCaptureFixture) -> None:
    sentry = make_sentry(secret="")
    with caplog.at_level(logging.DEBUG, "harness.sentry.agent"):
        forged = agent_bearer(forge.encode(sentry.claims(), "x" * 64))
        answer = sentry.api("GET", "/organizations/acme/", forged)
    assert (answer.status_code, answer.json) == (401, OPAQUE)
    assert "reason=no-secret user_id=None organization_id=None" in caplog.text
