"""Target files: what they may say, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.document import DocumentError
from harness.scenario.description import is_loopback, read_target
from tests.scenario.theatre import DESCRIPTION, described, secrets_of

LEAST: dict[str, Any] = {
    "sentry": {"url": "http://127.0.0.1:9000"},
    "organizations": [{"id": "1", "slug": "acme", "name": "Acme"}],
    "users": [{"id": "7", "email": "alice@example.com"}],
}


def write(folder: Path, data: Any) -> Path:
    path = folder / "target.json"
    path.write_text(json.dumps(data, indent=1))
    return path


def mistakes(folder: Path, data: Any) -> list[str]:
    path = write(folder, data)
    with pytest.raises(DocumentError) as raised:
        read_target(path)
    return [str(mistake).removeprefix(f"{path}:") for mistake in raised.value.mistakes]


def loopback(**changes: Any) -> dict[str, Any]:
    local = {
        "sentry": {"url": "http://127.0.0.1:9000", "secret": "s"},
        "control": {"url": "http://127.0.0.1:9000/control", "token": "c"},
    }
    return DESCRIPTION | local | changes


def test_the_least_that_will_do(tmp_path: Path) -> None:
    target = read_target(write(tmp_path, LEAST))
    assert target.control is None
    assert target.sentry.secret is None
    assert target.users[0].name == "alice"
    assert target.users[0].password is None


def test_all_that_can_be_said(tmp_path: Path) -> None:
    target = read_target(write(tmp_path, loopback()))
    assert target.control is not None
    assert target.users[1].role_in("acme") == "member"
    assert target.users[1].role_in("globex") is None


def test_what_is_not_there_may_be_null(tmp_path: Path) -> None:
    user = LEAST["users"][0] | {"password": None, "token": None}
    read_target(write(tmp_path, LEAST | {"control": None, "users": [user]}))


def test_every_mistake_has_its_line(tmp_path: Path) -> None:
    wrong = {
        "sentry": {"url": "127.0.0.1:9000"},
        "contol": None,
        "organizations": [{"id": 1, "slug": "acme", "name": "Acme"}],
        "users": [{"id": "7"}],
    }
    found = mistakes(tmp_path, wrong)
    assert len(found) == 4
    assert found[0].startswith("3:10: sentry.url: expected a URL")
    assert found[1].startswith("5:2: contol: unknown key 'contol'; did you mean 'control'?")
    assert found[2].startswith("8:10: organizations[0].id: expected text, got the number 1")
    assert found[3].startswith("14:3: users[0].email: missing key 'email'")


def test_names_must_be_known(tmp_path: Path) -> None:
    user = LEAST["users"][0] | {"memberships": [{"organization": "acmee", "role": "owner"}]}
    wrong = LEAST | {
        "users": [user],
        "projects": [{"id": "1", "slug": "web", "organization": "nowhere"}],
        "issues": [{"id": "1", "shortId": "A-1", "organization": "acme", "project": "gone"}],
        "user_tokens": [{"token": "t", "user": "nobody", "scopes": []}],
    }
    found = "\n".join(mistakes(tmp_path, wrong))
    assert "unknown organization 'acmee'; did you mean 'acme'?" in found
    assert "projects[0].organization: unknown organization 'nowhere'" in found
    assert "issues[0].project: acme has no project 'gone'" in found
    assert "user_tokens[0].user: unknown user 'nobody'" in found


@pytest.mark.parametrize(
    "url", ["http://h/path", "http://u:p@h", "http://h?q=1", "ftp://h", "http://", "http://h:0"]
)
def test_an_address_is_a_plain_root(tmp_path: Path, url: str) -> None:
    assert "sentry.url" in mistakes(tmp_path, LEAST | {"sentry": {"url": url}})[0]


@pytest.mark.parametrize(
    "url",
    [
        "http://:hidden@127.0.0.1:9000",
        "http://olivia:hidden@127.0.0.1:9000",
        "http://@127.0.0.1",
        "http://127.0.0.1?",
        "http://127.0.0.1#",
        " http://127.0.0.1",
        "http://local\thost",
        "http://127.0.0.1\n",
        "http://127.0.0.1\\",
        "http://\uff11\uff12\uff17.0.0.1",
    ],
)
def test_an_address_says_nothing_else(tmp_path: Path, url: str) -> None:
    found = mistakes(tmp_path, LEAST | {"sentry": {"url": url}})[0]
    assert "expected a URL such as" in found
    assert "hidden" not in found


@pytest.mark.parametrize(
    ("url", "loopback_is"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:80", True),
        ("http://localhost:80", True),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://10.0.0.1", False),
        ("http://0.0.0.0", False),
        ("https://sentry.io", False),
    ],
)
def test_what_is_loopback(url: str, loopback_is: bool) -> None:
    assert is_loopback(url) is loopback_is


def test_a_target_beyond_loopback_must_be_authorized(tmp_path: Path) -> None:
    far = LEAST | {"sentry": {"url": "https://sentry.example.com"}}
    assert '"authorized": true' in mistakes(tmp_path, far)[0]
    read_target(write(tmp_path, far | {"authorized": True}))


def test_so_must_a_control_api_beyond_loopback(tmp_path: Path) -> None:
    far = loopback(control={"url": "https://sentry.example.com/control", "token": "t"})
    (found,) = mistakes(tmp_path, far)
    assert "control.url: not on loopback" in found


def test_secrets_are_in_no_mistake_and_no_repr(tmp_path: Path) -> None:
    secret = "a-password-nobody-may-see"
    user = LEAST["users"][0] | {"password": secret, "token": secret, "emial": "x"}
    assert secret not in "".join(mistakes(tmp_path, LEAST | {"users": [user]}))
    target = described()
    for known in ("password-of-olivia", "token-of-mel", "shared-secret-of-the-test"):
        assert known not in repr(target)


def test_every_secret_is_made_known() -> None:
    redactor = secrets_of(described())
    shown = redactor.text(
        "password-of-mel token-of-mel token-of-acme token-of-robot narrow-token-of-olivia "
        "shared-secret-of-the-test control-token-of-the-test"
    )
    assert shown == (
        "<password 1> <user token 1> <organization token 1> <integration token 1> <user token 2> "
        "<shared secret 1> <control token 1>"
    )
