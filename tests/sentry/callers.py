"""A mock Sentry in process, and everybody who could call it.

A credential is the headers that show it, so that they can be mixed and spoiled.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any, TypeAlias

from werkzeug.test import Client, TestResponse

from harness.deployment import Deployment
from harness.sentry.schema import api_token, metadata
from harness.sentry.services import Services
from tests.sentry import forge

Headers: TypeAlias = dict[str, str]

_UNSET: Any = object()
_COOKIE = re.compile(r"^(\w+)=([^;]*)")


class Answer(TestResponse):
    """A response, whose `json` is whatever the test expects it to be."""

    @property
    def json(self) -> Any:
        return self.get_json()


class Sentry:
    """One deployment of a world. Users are named by what stands before the @ of their email."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.world = deployment.world
        self.secret = deployment.secrets.shared
        self._client = Client(deployment.app, Answer, use_cookies=False)
        self._numbers = count(1)

    @property
    def services(self) -> Services:
        services: Services = self.deployment.app.extensions["sentry"]
        return services

    # Calls

    def send(self, method: str, path: str, headers: Any = None, **sent: Any) -> Answer:
        """Any request; `headers` may be pairs, and then name one header twice."""
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers or ())
        answer = self._client.open(path, method=method, headers=pairs, **sent)
        assert isinstance(answer, Answer)
        return answer

    def api(
        self,
        method: str,
        path: str,
        credential: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        body: Any = _UNSET,
        **sent: Any,
    ) -> Answer:
        """A call of `path` below /api/0, with `body` as JSON."""
        if body is not _UNSET:
            sent |= {"data": json.dumps(body), "content_type": "application/json"}
        return self.send(method, f"/api/0{path}", credential, **sent)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """The control API's answer, which must be a good one."""
        answer = self.send(
            method,
            f"/control{path}",
            {"Authorization": f"Bearer {self.deployment.secrets.control}"},
            data=None if body is None else json.dumps(body),
            content_type=None if body is None else "application/json",
        )
        assert answer.status_code < 300, answer.text
        return answer.json if answer.data else None

    # Who there is

    def user_id(self, name: str) -> int:
        return int(self._user(name)["id"])

    def organization_id(self, slug: str) -> int:
        return next(int(o["id"]) for o in self.world["organizations"] if o["slug"] == slug)

    def password(self, name: str) -> str:
        password: str = self._user(name)["password"]
        return password

    def _user(self, name: str) -> dict[str, Any]:
        email = f"{name}@example.com"
        user: dict[str, Any] = next(u for u in self.world["users"] if u["email"] == email)
        return user

    # Credentials

    def user(self, name: str) -> Headers:
        """The token with every scope of the user's roles."""
        return bearer(self._user(name)["token"])

    def named_token(self, name: str) -> Headers:
        """A user token of the world: `acme-only`, `legacy` or `narrow`, all of them olivia's."""
        return bearer(next(t["token"] for t in self.world["user_tokens"] if t["name"] == name))

    def new_token(self, name: str, scopes: Iterable[str], **columns: Any) -> Headers:
        """One more user token, with exactly these `scopes`; `columns` as the table has them."""
        token = f"sntryu_{next(self._numbers):064x}"
        values = {
            "kind": "user",
            "hashed_token": hashlib.sha256(token.encode()).hexdigest(),
            "name": "of a test",
            "user_id": self.user_id(name),
            "scope_list": list(scopes),
            "date_added": self.services.clock.now(),
        }
        with self.services.store.transaction() as connection:
            connection.execute(api_token.insert().values(values | columns))
        return bearer(token)

    def organization(self, slug: str = "acme", *, reads: bool = False) -> Headers:
        """An organization token: with `org:ci` alone, or one that `reads` too."""
        return bearer(
            next(
                t["token"]
                for t in self.world["organization_tokens"]
                if t["organization"] == slug and ("org:read" in t["scopes"]) == reads
            )
        )

    def integration(self, slug: str = "acme") -> Headers:
        return bearer(
            next(t["token"] for t in self.world["integration_tokens"] if t["organization"] == slug)
        )

    def session(self, name: str) -> Headers:
        """A new session: its cookies, and the CSRF header for writes."""
        page = self.send("GET", "/auth/login/")
        csrf = cookies(page)["sc"]
        form = {
            "username": f"{name}@example.com",
            "password": self.password(name),
            "csrfmiddlewaretoken": csrf,
        }
        answer = self.send("POST", "/auth/login/", {"Cookie": f"sc={csrf}"}, data=form)
        assert answer.status_code == 302, answer.text
        held = cookies(answer)
        cookie = f"sentrysid={held['sentrysid']}; sc={held['sc']}"
        return {"Cookie": cookie, "X-CSRFToken": held["sc"]}

    def viewer(self, name: str, organization: str | None = None) -> Headers:
        claims = {"user_id": self.user_id(name)}
        if organization is not None:
            claims = {"organization_id": self.organization_id(organization), **claims}
        return self.viewer_context(json.dumps(claims, separators=(",", ":")))

    def viewer_context(self, context: str) -> Headers:
        """Any text as a signed viewer context."""
        return {
            "X-Viewer-Context": context,
            "X-Viewer-Context-Signature": forge.sign(context.encode("latin-1"), self.secret),
        }

    def agent(
        self,
        name: str = "olivia",
        organization: str = "acme",
        *,
        session: str = "s1",
        scopes: Iterable[str] | None = None,
    ) -> Headers:
        """A token as mint gives it for the user's own token."""
        return bearer(self.mint(self.user(name), organization, session, scopes)["token"])

    def mint(
        self,
        credential: Headers,
        organization: str = "acme",
        session: str = "s1",
        scopes: Iterable[str] | None = None,
    ) -> dict[str, Any]:
        """The answer of mint, which must be a good one."""
        body: dict[str, Any] = {"sessionId": session}
        if scopes is not None:
            body["requestedScopes"] = list(scopes)
        answer = self.api("POST", f"/organizations/{organization}/agent/token/", credential, body)
        assert answer.status_code == 200, answer.text
        minted: dict[str, Any] = answer.json
        return minted

    def approve(
        self,
        credential: Headers,
        scopes: Iterable[str],
        organization: str = "acme",
        session: str = "s1",
    ) -> Answer:
        body = {"sessionId": session, "scopes": list(scopes)}
        return self.api("POST", f"/organizations/{organization}/agent/approve/", credential, body)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a good token of olivia's agent in Acme, with `changes`."""
        now = int(self.services.clock.timestamp())
        good = {
            "aud": "sentry-agent-api",
            "sub": str(self.user_id("olivia")),
            "org": self.organization_id("acme"),
            "scopes": ["org:read"],
            "sid": "s1",
            "iat": now,
            "exp": now + 300,
        }
        return good | changes

    def forged(self, **changes: Any) -> Headers:
        """A rightly signed token of `claims`."""
        return agent_bearer(forge.encode(self.claims(**changes), self.secret))

    # What happens behind the API

    def plant(
        self,
        name: str,
        scopes: Iterable[str],
        organization: str = "acme",
        session: str = "s1",
        **more: Any,
    ) -> None:
        """Stores a grant."""
        whose = {"user": f"{name}@example.com", "organization": organization, "session": session}
        self.control("POST", "/grants/", whose | {"scopes": list(scopes)} | more)

    def set_role(self, name: str, role: str, organization: str = "acme") -> None:
        member = {"user": f"{name}@example.com", "organization": organization}
        self.control("PUT", "/members/", member | {"role": role})

    def remove(self, name: str, organization: str = "acme") -> None:
        member = {"user": f"{name}@example.com", "organization": organization}
        self.control("DELETE", "/members/", member)

    def set_active(self, name: str, active: bool) -> None:
        self.control("PUT", "/users/", {"user": f"{name}@example.com", "active": active})

    def set_flow(self, enabled: bool, organization: str = "acme") -> None:
        """Switches the feature of the agent flow."""
        feature = {"organization": organization, "feature": "organizations:seer-agent-token-flow"}
        self.control("PUT", "/features/", feature | {"enabled": enabled})

    def advance(self, seconds: float) -> None:
        self.control("PUT", "/clock/", {"advance": seconds})

    def grants(self) -> list[dict[str, Any]]:
        grants: list[dict[str, Any]] = self.control("GET", "/grants/")["grants"]
        return grants

    def audit(self) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = self.control("GET", "/audit/")["records"]
        return records

    def stored(self) -> dict[str, list[Any]]:
        """Every row of every table."""
        store = self.services.store
        return {
            table.name: [tuple(row) for row in store.all(table.select().order_by(table.c.id))]
            for table in metadata.sorted_tables
        }


def bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


def agent_bearer(jwt: str) -> Headers:
    return bearer(f"sntryag_{jwt}")


def cookies(answer: Answer) -> dict[str, str]:
    """The cookies that an answer sets."""
    found = (_COOKIE.match(line) for line in answer.headers.getlist("Set-Cookie"))
    return {match[1]: match[2] for match in found if match}


# Answers

FORBIDDEN = {"detail": "You do not have permission to perform this action."}
MISSING = {"detail": "The requested resource does not exist"}
OPAQUE = {"detail": "Invalid agent token"}


def assert_plain_denial(answer: Answer) -> None:
    """403, and nothing that approval would cure."""
    assert (answer.status_code, answer.json) == (403, FORBIDDEN)
    assert "WWW-Authenticate" not in answer.headers


def assert_challenge(answer: Answer, scopes: str) -> None:
    """403, and the endpoint's `scopes` in the challenge."""
    assert (answer.status_code, answer.json) == (403, FORBIDDEN)
    assert answer.headers.getlist("WWW-Authenticate") == [
        f'Bearer error="insufficient_scope", scope="{scopes}"'
    ]


def assert_missing(answer: Answer) -> None:
    """404, in the API's words."""
    assert (answer.status_code, answer.json) == (404, MISSING)
    assert "WWW-Authenticate" not in answer.headers


def assert_unauthenticated(answer: Answer, detail: str | None = None) -> None:
    """401, with nothing that could be taken for a challenge."""
    assert answer.status_code == 401, answer.text
    assert list(answer.json) == ["detail"]
    assert isinstance(answer.json["detail"], str)
    assert 0 < len(answer.json["detail"]) < 100
    assert answer.headers.getlist("WWW-Authenticate") == ['xBasic realm="api"']
    assert detail is None or answer.json["detail"] == detail
