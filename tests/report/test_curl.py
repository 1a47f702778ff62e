"""Exchanges as commands: quoted for any shell, and the same request again when they are run."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.deployment import deploy, serving
from harness.report.curl import render_curl
from harness.scenario.loader import load_scenarios
from harness.scenario.runner import run_scenarios
from harness.scenario.targets import InProcess
from tests.scenario.theatre import events_of

URL = "http://sentry.test/api/0/organizations/acme/"
# Where labels stand, the words of the command have these.
SECRETS = {
    "AGENT_TOKEN_1": "sntryag_e.y.J",
    "PASSWORD_1": "p&a=s s'w\"o$rd%é",
    "SESSION_COOKIE_12": "cookie!",
    "SENTRY_URL": "http://127.0.0.1:9",
}
# In the place of curl: says what it was given, and what it was told to read.
FAKE = (
    "curl() { printf '%s\\0' \"$@\"; "
    'case "$*" in *"--data-binary @-"*) printf "stdin:"; cat; printf "\\0";; esac; }; '
)
SHELLS = [shell for shell in ("bash", "dash", "sh") if shutil.which(shell)]


def exchange(**changes: Any) -> dict[str, Any]:
    event: dict[str, Any] = {
        "kind": "exchange",
        "method": "GET",
        "url": URL,
        "request_headers": [["Host", "sentry.test"]],
        "request_body": "",
    }
    return event | changes


def words_of(line: str, shell: str = "sh", secrets: Mapping[str, str] = SECRETS) -> list[str]:
    """What curl is given when a shell runs `line`; what it reads stands after `stdin:`."""
    done = subprocess.run(
        [shell, "-c", FAKE + line],
        env=dict(secrets) | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert done.stderr == b""
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, 'curl -i "$SENTRY_URL/api/0/organizations/acme/"'),
        ({"method": "HEAD"}, 'curl -i --head "$SENTRY_URL/api/0/organizations/acme/"'),
        ({"method": "DELETE"}, 'curl -i -X DELETE "$SENTRY_URL/api/0/organizations/acme/"'),
        ({"url": "http://127.0.0.1:80/a"}, "curl -i http://127.0.0.1:80/a -H 'Host: sentry.test'"),
        (
            {"url": "http://sentry.test.evil/"},
            "curl -i http://sentry.test.evil/ -H 'Host: sentry.test'",
        ),
        (
            {"request_headers": [["Authorization", "Bearer <agent token 1>"], ["X-Empty", ""]]},
            (
                'curl -i "$SENTRY_URL/api/0/organizations/acme/"'
                " -H \"Authorization: Bearer $AGENT_TOKEN_1\" -H 'X-Empty;'"
            ),
        ),
        (
            {"url": "http://sentry.test/a[1]/../b?token=<agent token 1>"},
            'curl -i --globoff --path-as-is "$SENTRY_URL/a[1]/../b?token=$AGENT_TOKEN_1"',
        ),
        (
            {
                "method": "POST",
                "request_headers": [["Content-Type", "application/json"], ["Content-Length", "9"]],
                "request_body": '{"token": "<agent token 1>"}',
            },
            (
                'curl -i -X POST "$SENTRY_URL/api/0/organizations/acme/"'
                " -H 'Content-Type: application/json'"
                ' --data-raw \'{"token": "\'"$AGENT_TOKEN_1"\'"}\''
            ),
        ),
        (
            {
                "method": "POST",
                "request_headers": [["Content-Type", "application/x-www-form-urlencoded"]],
                "request_body": "username=a%40b&password=<password 1>&next=%2F",
            },
            (
                'curl -i -X POST "$SENTRY_URL/api/0/organizations/acme/"'
                " -H 'Content-Type: application/x-www-form-urlencoded' --data-raw username=a%40b"
                ' --data-urlencode "password=$PASSWORD_1" --data-raw next=%2F'
            ),
        ),
        (
            {"method": "POST", "request_body": "a\0b%\\<agent token 1>\n"},
            (
                "printf 'a\\000b%%\\\\%s\\012' \"$AGENT_TOKEN_1\" |"
                ' curl -i -X POST "$SENTRY_URL/api/0/organizations/acme/" -H Content-Type:'
                " --data-binary @-"
            ),
        ),
        (
            {"request_headers": [["X-Odd", "\x1b[31m<session cookie 12>"]]},
            (
                'curl -i "$SENTRY_URL/api/0/organizations/acme/"'
                ' -H "$(printf \'X-Odd: \\033[31m%s\' "$SESSION_COOKIE_12")"'
            ),
        ),
        (
            {"method": "POST", "request_body": "x" * 20_000},
            (
                'curl -i -X POST "$SENTRY_URL/api/0/organizations/acme/" -H Content-Type:'
                " --data-binary @body"
            ),
        ),
    ],
)
def test_a_line(changes: dict[str, Any], line: str) -> None:
    rendered = render_curl(exchange(**changes))
    assert rendered == line
    assert shlex.split(rendered)


@pytest.mark.parametrize("shell", SHELLS)
def test_variables_hold_the_secrets(shell: str) -> None:
    line = render_curl(
        exchange(
            method="POST",
            request_headers=[["Cookie", "a=<session cookie 12>x; $HOME `id` $(id) !!"]],
            request_body="<password 1>",
        )
    )
    assert words_of(line, shell)[3:] == [
        "http://127.0.0.1:9/api/0/organizations/acme/",
        "-H",
        "Cookie: a=cookie!x; $HOME `id` $(id) !!",
        "-H",
        "Content-Type:",
        "--data-raw",
        SECRETS["PASSWORD_1"],
    ]


# Without a NUL, which no header and no address holds, and without what ends in a line feed,
# which the shell takes away.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])).map(
    lambda text: text.rstrip("\n")
)


@given(value=TEXT, body=st.text(st.characters(exclude_categories=["Cs"])))
@settings(max_examples=60, deadline=None)
def test_any_text_comes_through_the_shell(value: str, body: str) -> None:
    for text in (value, body):
        if "<" in text and ">" in text:
            return
    # A transcript shows the bytes of a header one by one.
    shown = value.encode().decode("latin-1")
    line = render_curl(
        exchange(method="POST", request_headers=[["X-Any", shown]], request_body=body)
    )
    assert line.isprintable()
    assert shlex.split(line)
    words = words_of(line)
    header = f"X-Any: {value}" if value else "X-Any;"
    assert words[words.index("-H") + 1] == header
    if "--data-raw" in words:
        assert words[-1] == body
    elif body:
        # A NUL in what is read looks like the end of a word here.
        assert "\0".join(words).partition("stdin:")[2] == body


def test_every_line_of_a_scenario_can_be_parsed() -> None:
    names = ["csrf-on-approval", "bad-mint-requests", "malformed-credentials", "token-signature"]
    run = run_scenarios(load_scenarios(names), InProcess())
    lines = [
        render_curl(event) for result in run.results for event in events_of(result, "exchange")
    ]
    assert len(lines) > 40
    for line in lines:
        assert "\n" not in line
        assert {"curl", "-i"} <= set(shlex.split(line))
        assert "<agent token" not in line


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_commands_do_it_again_on_a_live_server() -> None:
    """What an agent did in process, typed into a shell against a server with the same seed."""
    (result,) = run_scenarios(load_scenarios(["denied-write"]), InProcess(), seed=5).results
    exchanges = events_of(result, "exchange")
    deployment = deploy(seed=5, frozen=True)
    with serving(deployment) as url:
        secrets = {"SENTRY_URL": url, "PATH": "/usr/bin:/bin", "NO_PROXY": "*"}
        owner = deployment.description["users"][0]
        secrets |= {"USER_TOKEN_1": owner["token"], "PASSWORD_1": owner["password"]}
        came = []
        for event in exchanges:
            done = subprocess.run(
                ["bash", "-c", f"{render_curl(event)} --silent --show-error"],
                env=secrets,
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            )
            head, _, body = done.stdout.partition("\n\n")
            came.append(int(head.split()[1]))
            if body.startswith("{") and "token" in (answer := json.loads(body)):
                secrets["AGENT_TOKEN_1"] = answer["token"]
    deployment.close()
    assert came == [event["status"] for event in exchanges]
    assert {200, 403} <= set(came)
