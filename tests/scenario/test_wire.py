"""What goes over the wire and what comes back: in process, on a socket, from bad servers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from harness.deployment import serving_app
from harness.network import open_transport
from harness.scenario.answer import Answer, Request, resolve
from harness.scenario.hands import HttpHands, Jar
from harness.scenario.matching import MISSING
from harness.scenario.wire import UnreachableError, UnsendableError, Wire
from harness.transcript import Received, Transcript
from harness.wsgi import WsgiTransport
from tests.scenario.theatre import StandIn


def wire_to(app: Any, url: str = "http://sentry.test") -> tuple[Wire, Transcript]:
    transcript = Transcript()
    return Wire(url, WsgiTransport(app), transcript), transcript


def received(headers: list[tuple[str, str]], body: bytes = b"") -> Answer:
    return Answer(Received(200, tuple(headers), body), Request("GET", "/"))


def test_headers_that_come_twice_are_joined_as_servers_do() -> None:
    app = StandIn()
    wire, transcript = wire_to(app)
    headers = (
        ("Authorization", "one"),
        ("Authorization", "two"),
        ("Cookie", "a=1"),
        ("Cookie", "b=2"),
    )
    wire.send("a", Request("GET", "/", headers))
    assert app.seen[0].headers["authorization"] == "one, two"
    assert app.seen[0].headers["cookie"] == "a=1; b=2"
    names = [name for name, _ in transcript.as_json()[0]["request_headers"]]
    assert names.count("Authorization") == 2


def test_the_transcript_has_the_name_of_the_server() -> None:
    transcript = Transcript()
    wire = Wire("http://seer.test", WsgiTransport(StandIn()), transcript, server="seer")
    wire.send("sentry", Request("GET", "/"))
    (event,) = transcript.as_json()
    assert (event["actor"], event["server"]) == ("sentry", "seer")


def test_in_process_and_on_a_socket_an_application_sees_the_same() -> None:
    seen: list[dict[str, Any]] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        keys = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH")
        own = {key: environ.get(key) for key in (*keys, "HTTP_X_ODD", "HTTP_X_TWICE")}
        seen.append(own | {"body": environ["wsgi.input"].read()})
        start_response("200 OK", [("X-Odd", "\xe9"), ("Content-Type", "text/plain")])
        return [b"a", b"b"]

    request = Request(
        "POST",
        "/caf%C3%A9/a%2Fb/../c?x=%20y&z",
        (
            ("X-Odd", "\u00e9\u20ac"),
            ("X-Twice", "1"),
            ("X-Twice", "2"),
            ("Content-Type", "application/json"),
        ),
        b"\x00\xff",
        (("q", "a b&c"),),
    )
    wire, _ = wire_to(app)
    here = wire.send("a", request)
    with serving_app(app) as url, open_transport(url) as transport:
        there = Wire(url, transport, Transcript()).send("a", request)
    assert seen[0] == seen[1]
    assert here.text == there.text == "ab"
    assert here.header("x-odd") == there.header("x-odd") == "\xe9"


def test_redirects_are_not_followed() -> None:
    app = StandIn({"*": (302, {"Location": "http://elsewhere.example.com/"}, "")})
    wire, _ = wire_to(app)
    answer = wire.send("a", Request("GET", "/here"))
    assert answer.status == 302
    assert app.calls == ["GET /here"]


@pytest.mark.parametrize("path", ["@elsewhere.example.com/", ".example.com/", ":80@evil/", "x", ""])
def test_a_path_leads_to_no_other_server(path: str) -> None:
    app = StandIn()
    wire, transcript = wire_to(app)
    with pytest.raises(UnsendableError, match="a path begins with a slash"):
        wire.send("a", Request("GET", path, (("Authorization", "Bearer x"),)))
    assert app.calls == []
    assert transcript.as_json() == []


def test_nothing_is_sent_where_nothing_is_to_be() -> None:
    transcript = Transcript()
    wire = Wire("http://sentry.test", None, transcript)
    answer = wire.send("a", Request("GET", "/x", query=(("a", "1"),)))
    assert answer.planned
    assert answer.status is None
    assert wire.sent == 0
    event = transcript.as_json()[0]
    assert (event["url"], event["error"]) == ("http://sentry.test/x?a=1", "planned")


def test_a_server_that_is_not_there_is_evidence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    transcript = Transcript()
    with (
        open_transport(url) as transport,
        pytest.raises(UnreachableError, match=r"GET .*/x: Connect"),
    ):
        Wire(url, transport, transcript).send("a", Request("GET", "/x?secret=hidden"))
    assert transcript.as_json()[0]["status"] is None
    assert "ConnectError" in transcript.as_json()[0]["error"]


@contextmanager
def raw_server(answer: bytes) -> Iterator[str]:
    """A server that says this to whoever connects, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"this is not HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxyz",
    ],
)
def test_an_answer_that_is_none_is_evidence(answer: bytes) -> None:
    transcript = Transcript()
    with raw_server(answer) as url, open_transport(url) as transport:
        wire = Wire(url, transport, transcript)
        with pytest.raises(UnreachableError):
            wire.send("a", Request("GET", "/"))
    assert transcript.as_json()[0]["error"]


def test_an_answer_without_end_is_cut() -> None:
    class Endless(httpx.BaseTransport):
        def handle_request(self, _: httpx.Request) -> httpx.Response:
            chunks = iter(lambda: b"x" * 1024 * 1024, b"")
            return httpx.Response(200, content=chunks)

    with pytest.raises(UnreachableError, match="more than"):
        Wire("http://sentry.test", Endless(), Transcript()).send("a", Request("GET", "/"))


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/a\nb"),
        Request("GET", "/" + "a" * 70000),
        Request("GET", "/", (("X", "a\nb"),)),
        Request("GET", "/", (("X\x00", "a"),)),
    ],
)
def test_what_cannot_be_sent_is_no_fault_of_the_server(request_: Request) -> None:
    app = StandIn()
    with serving_app(app) as url, open_transport(url) as transport:
        wire = Wire(url, transport, Transcript())
        with pytest.raises(UnsendableError):
            wire.send("a", request_)
    assert app.seen == []


def test_what_an_application_raises_is_raised() -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise KeyError("inside")

    wire, _ = wire_to(app)
    with pytest.raises(KeyError, match="inside"):
        wire.send("a", Request("GET", "/"))


def test_iterables_are_closed() -> None:
    closed: list[bool] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            yield b"x"

        def close(self) -> None:
            closed.append(True)

    def app(environ: dict[str, Any], start_response: Any) -> Body:
        start_response("200 OK", [])
        return Body()

    wire, _ = wire_to(app)
    assert wire.send("a", Request("GET", "/")).text == "x"
    assert closed == [True]


def test_an_answer_is_read_as_json_by_pointer() -> None:
    answer = received([], b'{"a": [{"b/c": 1, "~d": 2}], "": 3}')
    assert answer.at("/a/0/b~1c") == 1
    assert answer.at("/a/0/~0d") == 2
    assert answer.at("/") == 3
    assert answer.at("") == {"a": [{"b/c": 1, "~d": 2}], "": 3}
    for missing in ("/x", "/a/1", "/a/01", "/a/-1", "/a/x", "/a/0/b~1c/d"):
        assert answer.at(missing) is MISSING
    assert received([], b"no json").json is MISSING
    assert received([], b"[" * 100_000).json is MISSING
    assert received([], b"[" * 600 + b"]" * 600).json is MISSING
    assert received([], b'{"a":' * 150 + b"1" + b"}" * 150).json is not MISSING
    assert received([], b"[" + b"[]," * 500 + b"1]").json is not MISSING
    assert received([], b"[NaN]").json is MISSING
    assert received([], b"-Infinity").json is MISSING
    assert resolve(None, "/a") is MISSING


@pytest.mark.parametrize(
    ("link", "following"),
    [
        ('<http://h/a?c=1>; rel="next"; results="true"; cursor="0:1:0"', "http://h/a?c=1"),
        ('<http://h/a>; rel="next"; results="false"', None),
        ('<http://h/a>; rel="previous"; results="true"', None),
        (
            '<http://h/p>; rel="prev"; results="true", <http://h/n>; rel="next"; results="true"',
            "http://h/n",
        ),
        ("nonsense", None),
    ],
)
def test_the_next_page_is_found(link: str, following: str | None) -> None:
    assert received([("Link", link)]).next_page() == following


def test_a_jar_keeps_what_answers_set_and_drops_what_they_take_away() -> None:
    jar = Jar()
    jar.take(received([("Set-Cookie", "sentrysid=abc; HttpOnly; Path=/"), ("Set-Cookie", "sc=x")]))
    assert jar.headers("GET") == (("Cookie", "sentrysid=abc; sc=x"),)
    assert jar.headers("POST") == (("Cookie", "sentrysid=abc; sc=x"), ("X-CSRFToken", "x"))
    assert jar.headers("POST", csrf=False) == (("Cookie", "sentrysid=abc; sc=x"),)
    assert jar.headers("GET", csrf="other")[1] == ("X-CSRFToken", "other")
    jar.take(received([("Set-Cookie", "sc=; Max-Age=0"), ("Set-Cookie", "sentrysid=z; Max-Age=0")]))
    assert jar.cookies == {}
    assert jar.headers("POST") == ()


def test_hands_sign_in_by_the_form_with_its_token() -> None:
    page = '<form><input name="csrfmiddlewaretoken" type="hidden" value="from-the-page"></form>'
    cookies = [("Set-Cookie", "sentrysid=new"), ("Set-Cookie", "sc=later"), ("Location", "/")]
    app = StandIn(
        {
            "GET /auth/login/": (
                200,
                {"Set-Cookie": "sc=early", "Content-Type": "text/html"},
                page,
            ),
            "POST /auth/login/": (302, cookies, ""),
        }
    )
    wire, _ = wire_to(app)
    hands = HttpHands(wire, "alice")
    hands.sign_in("alice@example.com", "pass word&")
    assert hands.signed_in
    assert app.seen[1].headers["cookie"] == "sc=early"
    assert app.seen[1].body == (
        b"username=alice%40example.com&password=pass+word%26&csrfmiddlewaretoken=from-the-page"
    )
    assert hands.jar.cookies == {"sentrysid": "new", "sc": "later"}


def test_hands_sign_in_by_basic_credentials() -> None:
    app = StandIn({"POST /api/0/auth/": (200, {"Set-Cookie": "sentrysid=new"}, {})})
    wire, _ = wire_to(app)
    hands = HttpHands(wire, "alice")
    hands.sign_in("alice@example.com", "pw", by="basic")
    assert hands.signed_in
    assert app.seen[0].headers["authorization"] == "Basic YWxpY2VAZXhhbXBsZS5jb206cHc="
