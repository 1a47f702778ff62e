"""The control API: what only a mock can do, and only for who holds its token."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from harness.clock import Clock
from harness.deployment import START, Deployment, Secrets
from harness.randomness import Randomness
from harness.sentry import Image, Settings, create_app
from tests.sentry.callers import Answer, Headers, Sentry, assert_missing, bearer

OPERATIONS = [
    ("GET", "/clock/"),
    ("PUT", "/clock/"),
    ("POST", "/reset/"),
    ("GET", "/grants/"),
    ("POST", "/grants/"),
    ("POST", "/grants/expire/"),
    ("PUT", "/members/"),
    ("DELETE", "/members/"),
    ("PUT", "/users/"),
    ("PUT", "/features/"),
    ("GET", "/audit/"),
    ("GET", "/log/"),
    ("POST", "/rendezvous/"),
]
OLIVIA = {"organization": "acme", "user": "olivia@example.com"}
GRANT = OLIVIA | {"session": "s1"}


def ask(
    sentry: Sentry, method: str, path: str, body: Any = None, credential: Headers | None = None
) -> Answer:
    if credential is None:
        credential = bearer(sentry.deployment.secrets.control or "")
    data = None if body is None else json.dumps(body)
    content_type = None if body is None else "application/json"
    return sentry.send(method, f"/control{path}", credential, data=data, content_type=content_type)


# Who may


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_without_a_token_there_is_no_control_api(method: str, path: str) -> None:
    app = create_app(Settings(secret="s" * 64), Image({}), clock=Clock.frozen(START))
    sentry = Sentry(Deployment(app, Secrets("s" * 64, None), {}))
    for credential in ({}, bearer(""), bearer("None"), {"Authorization": "Bearer "}):
        assert_missing(ask(sentry, method, path, {}, credential))
    app.extensions["sentry"].store.close()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_control_token_alone_opens_it(sentry: Sentry, method: str, path: str) -> None:
    token = sentry.deployment.secrets.control or ""
    credentials: list[Headers] = [
        *({}, bearer(""), bearer("x"), bearer(token[:-1]), bearer(token + "x"), bearer("\xe9")),
        *(bearer(token.upper()), {"Authorization": token}, {"Authorization": f"Token {token}"}),
        *(bearer(sentry.secret), sentry.user("olivia"), sentry.agent(), sentry.session("olivia")),
        *(sentry.integration(), sentry.viewer("olivia"), {"X-Control-Token": token}),
    ]
    before, records = sentry.stored(), len(sentry.audit())
    for credential in credentials:
        answer = ask(sentry, method, path, GRANT | {"scopes": ["org:admin"]}, credential)
        assert answer.status_code == 401
        assert list(answer.json) == ["detail"]
        assert "insufficient_scope" not in str(answer.headers)
    assert sentry.stored() == before
    # It is not part of what it controls.
    assert len(sentry.audit()) == records


def test_the_control_token_opens_nothing_else(sentry: Sentry) -> None:
    credential = bearer(sentry.deployment.secrets.control or "")
    assert sentry.api("GET", "/organizations/acme/", credential).status_code == 401


@pytest.mark.parametrize("secret", ["secret", "control_token"])
@pytest.mark.parametrize("length", [1, 31])
def test_a_short_secret_is_refused(secret: str, length: int) -> None:
    given: dict[str, Any] = {secret: "x" * length}
    with pytest.raises(ValueError, match="32 bytes") as caught:
        create_app(Settings(**given), Image({}))
    assert "xx" not in str(caught.value)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/x/"), ("DELETE", "/clock/"), ("GET", "/reset/")]
)
def test_what_it_does_not_have(sentry: Sentry, method: str, path: str) -> None:
    assert ask(sentry, method, path).status_code == 404


# The clock


def test_the_clock(sentry: Sentry) -> None:
    assert sentry.control("GET", "/clock/") == {"now": "2026-01-15T12:00:00+00:00"}
    for body, now in (
        ({"advance": 90}, "2026-01-15T12:01:30+00:00"),
        ({"advance": -30.5}, "2026-01-15T12:00:59.500000+00:00"),
        ({"now": "2027-01-01T00:00:00Z"}, "2027-01-01T00:00:00+00:00"),
        ({"now": "2027-01-01T00:00:00-08:00"}, "2027-01-01T08:00:00+00:00"),
    ):
        assert sentry.control("PUT", "/clock/", body) == {"now": now}
        assert sentry.control("GET", "/clock/") == {"now": now}


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"now": "2027-01-01T00:00:00Z", "advance": 1}, {"now": "soon"}, {"now": None}),
        *({"now": "2027-01-01T00:00:00"}, {"advance": "x"}, {"advance": None}, {"advance": 1e300}),
        *({"advance": []}, {"now": "9999-12-31T23:59:59-12:00"}, [], "x"),
        *({"now": "0001-01-01T00:00:00+14:00"}, {"now": "1969-12-31T23:59:59Z"}, {"now": 9e18}),
    ],
)
def test_the_clock_stays(sentry: Sentry, body: Any) -> None:
    assert ask(sentry, "PUT", "/clock/", body).status_code == 400
    assert sentry.control("GET", "/clock/") == {"now": "2026-01-15T12:00:00+00:00"}


@pytest.mark.parametrize("body", [{"advance": 3e9}, {"advance": -3e9}])
def test_the_clock_goes_no_further_than_dates(sentry: Sentry, body: Any) -> None:
    for _ in range(200):
        answer = ask(sentry, "PUT", "/clock/", body)
        assert answer.status_code in (200, 400)
    assert answer.status_code == 400
    assert sentry.api("GET", "/organizations/acme/", sentry.user("olivia")).status_code == 200


# Grants


def test_planting_and_reading(sentry: Sentry) -> None:
    body = GRANT | {"scopes": ["org:write", "org:read"], "expiresAt": "2026-02-01T00:00:00Z"}
    assert ask(sentry, "POST", "/grants/", body).status_code == 201
    assert sentry.grants() == [
        {
            "organization": "acme",
            "user": str(sentry.user_id("olivia")),
            "session": "s1",
            "scopes": ["org:read", "org:write"],
            "expiresAt": "2026-02-01T00:00:00+00:00",
            "dateAdded": "2026-01-15T12:00:00+00:00",
            "dateUpdated": "2026-01-15T12:00:00+00:00",
        }
    ]


def test_planting_replaces(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"])
    sentry.plant("olivia", ["event:write"])
    (grant,) = sentry.grants()
    assert grant["scopes"] == ["event:write"]
    assert grant["expiresAt"] == "2026-01-15T16:00:00+00:00"


def test_names_and_ids_are_the_same(sentry: Sentry) -> None:
    by_id = {
        "organization": str(sentry.organization_id("acme")),
        "user": str(sentry.user_id("olivia")),
        "session": " s1 ",
    }
    sentry.plant("olivia", ["org:write"])
    ask(sentry, "POST", "/grants/", by_id | {"scopes": ["org:admin"]})
    assert [grant["scopes"] for grant in sentry.grants()] == [["org:admin"]]
    assert ask(sentry, "POST", "/grants/expire/", by_id).status_code == 200


def test_expiring(sentry: Sentry) -> None:
    sentry.plant("olivia", ["org:write"])
    assert "org:write" in sentry.mint(sentry.user("olivia"))["scopes"]
    assert ask(sentry, "POST", "/grants/expire/", GRANT).status_code == 200
    assert "org:write" not in sentry.mint(sentry.user("olivia"))["scopes"]
    assert ask(sentry, "POST", "/grants/expire/", GRANT | {"session": "s2"}).status_code == 404


# Members, users, features


def test_a_role(sentry: Sentry) -> None:
    assert ask(sentry, "PUT", "/members/", OLIVIA | {"role": "admin"}).status_code == 200
    shown = sentry.api("GET", "/organizations/acme/", sentry.user("olivia")).json
    assert shown["role"] == "admin"
    assert ask(sentry, "PUT", "/members/", OLIVIA | {"role": "king"}).status_code == 400


def test_a_member(sentry: Sentry) -> None:
    assert ask(sentry, "DELETE", "/members/", OLIVIA).status_code == 204
    assert sentry.api("GET", "/organizations/acme/", sentry.user("olivia")).status_code == 403
    assert sentry.api("GET", "/organizations/globex/", sentry.user("olivia")).status_code == 200
    for method, body in (("DELETE", OLIVIA), ("PUT", OLIVIA | {"role": "owner"})):
        assert ask(sentry, method, "/members/", body).status_code == 404


def test_a_user(sentry: Sentry) -> None:
    for active, status in ((False, 401), (True, 200)):
        sentry.set_active("olivia", active)
        answer = sentry.api("GET", "/organizations/acme/", sentry.user("olivia"))
        assert answer.status_code == status


def test_a_feature(sentry: Sentry) -> None:
    body = {"organization": "acme", "feature": "organizations:performance-view"}
    for enabled in (True, True, False, False):
        assert ask(sentry, "PUT", "/features/", body | {"enabled": enabled}).status_code == 200
        features = sentry.api("GET", "/organizations/acme/", sentry.user("olivia")).json["features"]
        assert ("performance-view" in features) is enabled


BAD: list[tuple[str, str, Any, int]] = [
    ("POST", "/grants/", GRANT, 400),
    ("POST", "/grants/", GRANT | {"scopes": "org:write"}, 400),
    ("POST", "/grants/", GRANT | {"scopes": ["no:such"]}, 400),
    ("POST", "/grants/", GRANT | {"scopes": [], "session": ""}, 400),
    ("POST", "/grants/", GRANT | {"scopes": [], "session": "s" * 129}, 400),
    ("POST", "/grants/", GRANT | {"scopes": [], "session": "\0"}, 400),
    ("POST", "/grants/", GRANT | {"scopes": [], "expiresAt": "soon"}, 400),
    ("POST", "/grants/", GRANT | {"scopes": [], "expiresAt": "2027-01-01T00:00:00"}, 400),
    ("POST", "/grants/", GRANT | {"scopes": [], "expiresAt": "0001-01-01T00:00:00+10:00"}, 400),
    ("POST", "/grants/", GRANT | {"scopes": [], "expiresAt": "9999-12-31T23:59:59-10:00"}, 400),
    ("POST", "/grants/", GRANT | {"scopes": [], "user": "nobody@example.com"}, 404),
    ("POST", "/grants/", GRANT | {"scopes": [], "user": "\0"}, 400),
    ("POST", "/grants/", GRANT | {"scopes": [], "organization": "nowhere"}, 404),
    ("POST", "/grants/", GRANT | {"scopes": [], "organization": "9" * 30}, 404),
    ("POST", "/grants/", GRANT | {"scopes": [], "organization": 4001}, 400),
    ("POST", "/grants/expire/", {}, 400),
    ("PUT", "/members/", OLIVIA, 400),
    ("PUT", "/members/", OLIVIA | {"role": None}, 400),
    ("PUT", "/members/", OLIVIA | {"role": "owner", "user": "gil@example.com"}, 404),
    ("PUT", "/users/", {"user": "olivia@example.com", "active": "no"}, 400),
    ("PUT", "/users/", {"user": "nobody@example.com", "active": False}, 404),
    ("PUT", "/features/", {"organization": "acme", "feature": "", "enabled": True}, 400),
    ("PUT", "/features/", {"organization": "acme", "feature": "x" * 129, "enabled": True}, 400),
    ("PUT", "/features/", {"organization": "acme", "feature": "x", "enabled": 1}, 400),
    *((method, path, [], 400) for method, path in OPERATIONS if method == "PUT"),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), BAD)
def test_a_mistake_changes_nothing(
    sentry: Sentry, method: str, path: str, body: Any, status: int
) -> None:
    before = sentry.stored()
    answer = ask(sentry, method, path, body)
    assert answer.status_code == status
    assert answer.json
    assert sentry.stored() == before


# Reset


def test_reset(sentry: Sentry) -> None:
    before = sentry.stored()
    session = sentry.session("olivia")
    sentry.approve(session, ["org:write"])
    sentry.api("PUT", "/organizations/acme/", session, {"name": "Changed"})
    token = sentry.agent()
    sentry.set_role("olivia", "member")
    sentry.remove("mia")
    sentry.set_flow(False)
    sentry.advance(1000)
    assert ask(sentry, "POST", "/reset/").status_code == 204
    assert sentry.stored() == before
    assert sentry.audit() == []
    assert sentry.control("GET", "/clock/") == {"now": START.isoformat()}
    # Sessions ended; a token that was minted is as good as its claims.
    assert sentry.api("GET", "/auth/", session).status_code == 401
    assert sentry.api("GET", "/organizations/acme/", token).status_code == 200
    assert sentry.audit()[0]["id"] == 1


def test_reset_twice_is_reset(sentry: Sentry) -> None:
    for _ in range(2):
        sentry.plant("olivia", ["org:write"])
        sentry.control("POST", "/reset/")
        assert sentry.grants() == []


# The audit log


def test_reading_the_audit_log_from_a_record_on(sentry: Sentry) -> None:
    for _ in range(3):
        sentry.api("GET", "/organizations/acme/", sentry.user("olivia"))
    for since, ids in (("0", [1, 2, 3]), ("2", [3]), ("3", []), ("99", [])):
        records = sentry.control("GET", f"/audit/?since={since}")["records"]
        assert [record["id"] for record in records] == ids
    for since in ("-1", "x", "1.5", "9" * 30, ""):
        assert ask(sentry, "GET", f"/audit/?since={since}").status_code == 400


def test_only_so_many_records_are_kept() -> None:
    settings = Settings(secret="s" * 64, control_token="c" * 64, audit_size=3)
    app = create_app(settings, Image({}), clock=Clock.frozen(START), randomness=Randomness(1))
    sentry = Sentry(Deployment(app, Secrets("s" * 64, "c" * 64), {}))
    for _ in range(5):
        sentry.api("GET", "/")
    assert [record["id"] for record in sentry.audit()] == [3, 4, 5]
    assert all(record["time"] == START.isoformat() for record in sentry.audit())
    assert datetime.fromisoformat(sentry.audit()[0]["time"]).tzinfo == UTC
    app.extensions["sentry"].store.close()
