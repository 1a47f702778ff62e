"""A mock Sentry that is called as bare WSGI: many thousand calls in a test."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.deployment import DEFAULT_WORLD, deploy
from harness.oracle import ALLOWED, DENIED, HIDDEN, UNAUTHENTICATED, Outcome, Verdict

SEED: Final = "the oracle's tests"

_CHALLENGE = re.compile(r'Bearer error="insufficient_scope", scope="([a-z: ]+)"')
_PLAIN: Final = {
    401: UNAUTHENTICATED,
    403: DENIED,
    404: HIDDEN,
    405: Verdict(Outcome.NO_METHOD),
}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def verdict(self) -> Verdict:
        """The outcome that the answer shows. AssertionError for one that shows none."""
        told = [value for name, value in self.headers if name.lower() == "www-authenticate"]
        if self.status == 403 and told:
            (header,) = told
            matched = _CHALLENGE.fullmatch(header)
            assert matched, header
            listed = matched[1].split(" ")
            assert listed == sorted(set(listed)), header
            return Verdict(Outcome.CHALLENGED, frozenset(listed))
        if 200 <= self.status < 300:
            return ALLOWED
        assert self.status in _PLAIN, (self.status, self.body)
        assert told == (['xBasic realm="api"'] if self.status == 401 else []), told
        return _PLAIN[self.status]


class Server:
    """One deployment of a world, seeded and frozen."""

    def __init__(self, world: str | Path = DEFAULT_WORLD, weaknesses: Iterable[str] = ()) -> None:
        self._deployment = deploy(world, SEED, frozen=True, weaknesses=weaknesses)
        self._app = self._deployment.app
        self._seer = self._deployment.seer
        self.description = self._deployment.description
        self.secret = self._deployment.secrets.shared
        #: How often the world's start was put back: sessions of before are gone.
        self.resets = 0

    def call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Any = None,
        query: str = "",
        app: Any = None,
    ) -> Answer:
        """The answer to a call; `body` goes out as JSON, None as no body.

        `app`: another application than Sentry's.
        """
        sent = b"" if body is None else json.dumps(body).encode()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "sentry.test",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "sentry.test",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(sent),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "CONTENT_LENGTH": str(len(sent)),
        }
        if body is not None:
            environ["CONTENT_TYPE"] = "application/json"
        for name, value in headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, pairs: list[tuple[str, str]], _: Any = None) -> Any:
            started.append((status, pairs))
            return lambda _: None

        chunks = (app or self._app)(environ, start)
        content = b"".join(chunks)
        if close := getattr(chunks, "close", None):
            close()
        status, pairs = started[-1]
        return Answer(int(status[:3]), tuple(pairs), content)

    def api(
        self, method: str, path: str, headers: Mapping[str, str], body: Any = None, query: str = ""
    ) -> Answer:
        """A call of `path` below /api/0."""
        return self.call(method, f"/api/0{path}", headers, body, query)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """The control API's answer, which must be a good one."""
        headers = {"Authorization": f"Bearer {self.description['control']['token']}"}
        answer = self.call(method, f"/control{path}", headers, body)
        assert answer.status < 300, (method, path, answer)
        return answer.json if answer.body else None

    def settle(self) -> None:
        """Waits until no agent of Seer is at work."""
        headers = {"Authorization": f"Bearer {self.description['control']['token']}"}
        answer = self.call("POST", "/control/settle/", headers, app=self._seer)
        assert answer.status == 200, answer

    def reset(self) -> None:
        """Puts the world's start back."""
        self._deployment.reset()
        self.resets += 1

    def close(self) -> None:
        self._deployment.close()
