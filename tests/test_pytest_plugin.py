"""The pytest plugin, as somebody else's tests use it."""

from __future__ import annotations

import pytest

# Here and not in each run: pytester forgets what is imported while it runs.
import harness.commands.run
import harness.playground  # noqa: F401

GOOD = """\
id: reads
title: An agent reads
tags: [reading]
steps:
  - agent mints: {for: olivia, in: acme, session: s1, as: first}
  - agent calls: {with: first, get: /api/0/organizations/acme/}
    expect: {status: 200}
"""
FAILING = GOOD.replace("id: reads", "id: fails").replace("status: 200", "status: 204")
WRONG = GOOD.replace("expect: {status: 200}", "expect: {statos: 200}").replace("mints", "minds")
INCONCLUSIVE = """\
id: nobody
title: Somebody plays who is in no world
cast:
  organizations: [first]
  users: {owner: {role: owner, of: first}, other: {role: owner, of: first, not in: first}}
steps:
  - other approves: {in: first, session: s1, scopes: [org:write]}
"""


@pytest.fixture(autouse=True)
def _own_processes(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the run that runs this test; and none of a machine."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n")


def test_a_scenario_file_on_the_command_line_is_a_test(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", reads=GOOD)
    done = pytester.runpytest_inprocess("reads.yaml", "-v")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["reads.yaml::reads PASSED*"])


def test_yaml_files_of_others_are_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", compose="services: {}")
    pytester.makepyfile("def test_nothing(): pass")
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_the_ini_option_names_scenarios_by_glob(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nseer_scenarios = scenarios/**/*.yaml\n")
    folder = pytester.mkdir("scenarios") / "deep"
    folder.mkdir()
    (folder / "reads.yaml").write_text(GOOD)
    scripts = pytester.path / "scenarios" / "agent" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "greets.yaml").write_text("id: greets\nplan: [say: hello]\n")
    pytester.makefile(".yaml", other="no: scenario")
    done = pytester.runpytest_inprocess("-v")
    done.assert_outcomes(passed=1)
    pytester.runpytest_inprocess("-k", "reading").assert_outcomes(passed=1)
    pytester.runpytest_inprocess("-k", "writing").assert_outcomes(deselected=1)


def test_a_failure_shows_the_check_and_the_exchange(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", fails=FAILING)
    done = pytester.runpytest_inprocess("fails.yaml")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        [
            "failed: step 2, agent calls (line 6): status",
            "*✗ status",
            "*expected: 204",
            "*came: 200",
            "*GET http://sentry.test/api/0/organizations/acme/*",
            "*Authorization: Bearer <agent token 1>*",
            "*HTTP 200*",
            "FAILED fails.yaml::fails - failed: step 2, agent calls*",
        ]
    )
    done.stdout.no_fnmatch_line("*Traceback*")
    done.stdout.no_fnmatch_line("*sntryag_*")


def test_a_mistake_is_an_error_of_collection_with_its_line(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", wrong=WRONG)
    done = pytester.runpytest_inprocess("wrong.yaml")
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*wrong.yaml:5:*minds*", "*wrong.yaml:7:*statos*"])


def test_what_cannot_be_judged_is_no_success(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", nobody=INCONCLUSIVE)
    done = pytester.runpytest_inprocess("nobody.yaml")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["inconclusive: *"])


TESTS = """
    from datetime import timedelta

    import pytest


    def mint(sentry_client, scopes=None):
        client = sentry_client("olivia", by="token")
        body = {"sessionId": "s1"} | ({} if scopes is None else {"requestedScopes": scopes})
        answer = client.post("/api/0/organizations/acme/agent/token/", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


    def test_the_whole_flow(mock_sentry, sentry_client):
        agent = sentry_client(bearer=mint(sentry_client)["token"])
        assert agent.get("/api/0/organizations/acme/").status_code == 200
        denied = agent.put("/api/0/organizations/acme/", json={"name": "New"})
        assert denied.status_code == 403
        assert "insufficient_scope" in denied.headers["WWW-Authenticate"]
        approved = sentry_client("olivia").post(
            "/api/0/organizations/acme/agent/approve/",
            json={"sessionId": "s1", "scopes": ["org:write"]},
        )
        assert approved.status_code == 200, approved.text
        (grant,) = mock_sentry.control.grants()
        assert grant["scopes"] == ["org:write"]
        again = sentry_client(bearer=mint(sentry_client)["token"])
        assert again.put("/api/0/organizations/acme/", json={"name": "New"}).status_code == 200
        assert mock_sentry.control.audit()[-1]["agent"] == {"session": "s1"}


    def test_it_is_fresh(mock_sentry, sentry_client):
        assert mock_sentry.control.grants() == []
        assert sentry_client().get("/api/0/organizations/acme/").status_code == 401
        name = sentry_client("olivia").get("/api/0/organizations/acme/").json()["name"]
        assert name != "New"


    def test_its_clock(mock_sentry, sentry_client):
        before = mock_sentry.clock.now()
        agent = sentry_client(bearer=mint(sentry_client)["token"])
        assert agent.get("/api/0/organizations/acme/").status_code == 200
        mock_sentry.clock.advance(301)
        assert mock_sentry.clock.now() - before == timedelta(seconds=301)
        assert agent.get("/api/0/organizations/acme/").status_code == 401
        mock_sentry.clock.set(before)
        assert mock_sentry.clock.now() == before


    def test_its_control(mock_sentry, sentry_client):
        control = mock_sentry.control
        control.plant_grant("acme", "olivia@example.com", "s1", ["org:write"])
        assert "org:write" in mint(sentry_client)["scopes"]
        control.expire_grant("acme", "olivia@example.com", "s1")
        assert "org:write" not in mint(sentry_client)["scopes"]
        control.plant_grant(
            "acme", "olivia@example.com", "s1", ["org:write"],
            expires_at=mock_sentry.clock.now() + timedelta(hours=1),
        )
        control.set_role("acme", "olivia@example.com", "member")
        assert "org:write" not in mint(sentry_client)["scopes"]
        control.set_feature("acme", "organizations:seer-agent-token-flow", enabled=False)
        client = sentry_client("olivia")
        body = {"sessionId": "s1"}
        path = "/api/0/organizations/acme/agent/token/"
        assert client.post(path, json=body).status_code == 404
        control.remove_member("acme", "olivia@example.com")
        assert client.get("/api/0/organizations/acme/").status_code == 403
        control.set_active("olivia@example.com", active=False)
        assert client.get("/api/0/organizations/acme/").status_code == 401


    def test_who_is_unknown(mock_sentry):
        with pytest.raises(KeyError, match="nobody"):
            mock_sentry.client("nobody")
        with pytest.raises(ValueError, match="not both"):
            mock_sentry.client("olivia", bearer="x")


    @pytest.mark.parametrize("turn", range(2))
    def test_live(live_sentry, sentry_client, turn):
        assert live_sentry.url.startswith("http://127.0.0.1:")
        assert live_sentry.control.grants() == []
        answer = sentry_client("olivia").post(
            "/api/0/organizations/acme/agent/approve/",
            json={"sessionId": "s1", "scopes": ["org:write"]},
        )
        assert answer.status_code == 200
        assert len(live_sentry.control.grants()) == 1


    @pytest.mark.seer(world="small", seed=7, frozen=False)
    def test_another_world(mock_sentry):
        slugs = [o["slug"] for o in mock_sentry.description["organizations"]]
        before = mock_sentry.clock.now()
        assert mock_sentry.clock.now() > before
        assert mock_sentry.user(mock_sentry.description["users"][0]["email"])


    def test_the_application_is_there(mock_sentry):
        assert mock_sentry.app.test_client().get("/auth/login/").status_code == 200
        assert len(mock_sentry.secret) >= 32
"""


def test_fixtures(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    done = pytester.runpytest_inprocess("-p", "no:xdist")
    done.assert_outcomes(passed=9)


def test_everything_works_in_several_processes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    pytester.makefile(".yaml", reads=GOOD, fails=FAILING)
    done = pytester.runpytest_subprocess("-n", "2", ".", "reads.yaml", "fails.yaml")
    done.assert_outcomes(passed=10, failed=1)


def test_a_marker_with_a_wrong_name_is_said(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.seer(wurld="small")
        def test_it(mock_sentry): ...
        """
    )
    done = pytester.runpytest_inprocess()
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*@pytest.mark.seer has no wurld*"])


def test_those_who_do_not_use_it_pay_nothing(pytester: pytest.Pytester) -> None:
    # Faker is not asked about: it has a plugin of its own, which imports it.
    pytester.makepyfile(
        """
        import sys

        def test_nothing_heavy_is_imported():
            heavy = {"flask", "httpx", "sqlalchemy", "pydantic", "yaml", "jwt", "rich"}
            assert heavy & sys.modules.keys() == set()
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
