"""The flow scenarios: all hold on the sound mock, each fails on one that is broken for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest

from harness.deployment import Deployment, deploy
from harness.resources import locate
from harness.scenario.loader import load_scenario, load_scenarios
from harness.scenario.model import Scenario
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess, Loopback, Seed
from tests.scenario.theatre import events_of

FLOW = load_scenarios([locate("scenarios") / "flow"])
BY_ID = {scenario.id: scenario for scenario in FLOW}


@pytest.mark.parametrize("scenario", FLOW, ids=[scenario.id for scenario in FLOW])
def test_it_holds_in_process(scenario: Scenario) -> None:
    result = run_scenarios([scenario], InProcess(), seed="flow").results[0]
    assert result.outcome == "passed", result.reason
    held, count = result.checks
    assert held == count >= 3


def test_all_hold_on_a_port() -> None:
    run = run_scenarios(FLOW, Loopback(), seed="flow")
    assert {result.scenario: result.reason for result in run.results if result.reason} == {}


def test_they_do_not_lean_on_each_other() -> None:
    run = run_scenarios(FLOW, InProcess(), seed="another", order="shuffled")
    assert run.exit_code == 0


def test_there_are_enough_and_each_tells_what_to_see() -> None:
    assert len(FLOW) >= 25
    for scenario in FLOW:
        assert scenario.note, scenario.id


App = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass
class Tampered:
    """A mock whose answers, or the requests to it, are changed on their way."""

    inner: Deployment
    change: Callable[[App], App]

    @property
    def app(self) -> App:
        return self.change(self.inner.app)

    @property
    def seer(self) -> Any:
        return self.inner.seer

    def describe(self, url: str) -> dict[str, Any]:
        return self.inner.describe(url)

    def serve(self) -> AbstractContextManager[str]:
        return self.inner.serve()

    def reset(self) -> None:
        self.inner.reset()

    def close(self) -> None:
        self.inner.close()


def answers(
    edit: Callable[[dict[str, Any], int, dict[str, str], str], Any],
) -> Callable[[App], App]:
    """Edits answers: gets environ, status, headers, body; gives new ones, or None to leave them."""

    def change(app: App) -> App:
        def tampered(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            kept: dict[str, Any] = {}

            def keep(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
                kept["status"], kept["headers"] = status, headers

            body = b"".join(app(environ, keep))
            status, headers = int(kept["status"].split(" ")[0]), dict(kept["headers"])
            changed = None
            if not environ["PATH_INFO"].startswith("/control/"):
                changed = edit(environ, status, headers, body.decode())
            if changed is None:
                start_response(kept["status"], kept["headers"])
                return [body]
            status, headers, text = changed
            headers.pop("Content-Length", None)
            start_response(f"{status} Changed", list(headers.items()))
            return [text.encode()]

        return tampered

    return change


def requests(edit: Callable[[dict[str, Any]], None]) -> Callable[[App], App]:
    """Edits the environ of requests."""

    def change(app: App) -> App:
        def tampered(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            if not environ["PATH_INFO"].startswith("/control/"):
                edit(environ)
            return app(environ, start_response)

        return tampered

    return change


def _tell_held_scopes(environ: Any, status: int, headers: dict[str, str], body: str) -> Any:
    if status == 403 and "WWW-Authenticate" in headers:
        headers["WWW-Authenticate"] += ', held="org:read"'
        return status, headers, body
    return None


def _challenge_always(environ: Any, status: int, headers: dict[str, str], body: str) -> Any:
    if status == 403:
        headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope", scope="org:write"'
        return status, headers, body
    return None


def _explain_refusal(environ: Any, status: int, headers: dict[str, str], body: str) -> Any:
    if status == 401 and "Invalid agent token" in body:
        return status, headers, json.dumps({"detail": "Token expired"})
    return None


def _tell_not_found(environ: Any, status: int, headers: dict[str, str], body: str) -> Any:
    if status == 403 and "no-such" in environ["PATH_INFO"]:
        headers.pop("WWW-Authenticate", None)
        return 404, headers, '{"detail": "The requested resource does not exist"}'
    return None


def _swallow(environ: Any, status: int, headers: dict[str, str], body: str) -> Any:
    """Says that it refused a write with a token, which it did."""
    if environ["REQUEST_METHOD"] == "PUT" and status == 403:
        return 200, headers, json.dumps({"name": "Renamed"})
    return None


def _more_scopes(environ: Any, status: int, headers: dict[str, str], body: str) -> Any:
    if environ["PATH_INFO"].endswith("/agent/token/") and status == 200:
        data = json.loads(body)
        return status, headers, json.dumps(data | {"scopes": sorted({*data["scopes"], "zzz"})})
    return None


def _long_life(environ: Any, status: int, headers: dict[str, str], body: str) -> Any:
    if environ["PATH_INFO"].endswith(("/agent/token/", "/agent/approve/")) and status == 200:
        data = json.loads(body)
        return status, headers, json.dumps(data | {"expiresAt": "2036-01-01T00:00:00+00:00"})
    return None


def _no_authorization_on_approval(environ: dict[str, Any]) -> None:
    """As if the approval endpoint looked at nothing but the cookie."""
    if environ["PATH_INFO"].endswith("/agent/approve/"):
        for key in ("AUTHORIZATION", "X_VIEWER_CONTEXT", "X_VIEWER_CONTEXT_SIGNATURE"):
            environ.pop(f"HTTP_{key}", None)


def _csrf_from_cookie(environ: dict[str, Any]) -> None:
    """As if the CSRF token were not checked: the right one is put in."""
    if found := re.search(r"\bsc=([^;]+)", environ.get("HTTP_COOKIE", "")):
        environ["HTTP_X_CSRFTOKEN"] = found[1]


@pytest.mark.parametrize(
    ("change", "fails"),
    [
        (answers(_tell_held_scopes), ["denied-write", "challenge-form", "unknown-organization"]),
        (
            answers(_challenge_always),
            ["cross-organization", "account-endpoints", "agent-cannot-mint"],
        ),
        (
            answers(_explain_refusal),
            ["token-expiry", "member-removed-after-mint", "feature-off-after-mint"],
        ),
        (answers(_tell_not_found), ["unknown-organization"]),
        (answers(_swallow), ["denied-write", "approve-and-remint", "old-token-stays-narrow"]),
        (answers(_more_scopes), ["mint-read-only", "narrow-by-request", "narrow-to-nothing"]),
        (answers(_long_life), ["approve", "mint-read-only", "reapproval-merges"]),
        (
            requests(_no_authorization_on_approval),
            [
                "agent-cannot-approve",
                "user-token-cannot-approve",
                "viewer-context-cannot-approve",
                "one-grant",
            ],
        ),
        (requests(_csrf_from_cookie), ["csrf-on-approval", "one-grant"]),
    ],
)
def test_it_fails_on_a_server_that_is_broken(
    change: Callable[[App], App], fails: list[str]
) -> None:
    def deploy_broken(world: str, seed: Seed) -> Tampered:
        return Tampered(deploy(world, seed, frozen=True), change)

    run = run_scenarios([BY_ID[name] for name in fails], InProcess(deploy=deploy_broken))
    assert {result.scenario: result.outcome for result in run.results} == dict.fromkeys(
        fails, "failed"
    )


def test_names_of_the_world_play_in_its_own_world() -> None:
    """The illustration of the design, as it stands there."""
    path = locate("fixtures").parent / "tests" / "scenario" / "illustration.yaml"
    run = run_scenarios([load_scenario(path)], InProcess())
    assert run.exit_code == 0, run.results[0].reason
    assert len(events_of(run.results[0], "token")) == 2
