"""The network between the services: who is reached, who is not, and what is kept of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from harness.deployment import serving_app
from harness.network import OUTSIDE, Network, Outgoing, UnansweredError, open_transport
from tests.scenario.theatre import StandIn

URL = "http://sentry.test"


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network()
    yield made
    made.close()


@pytest.fixture
def app(network: Network) -> StandIn:
    """The party at `URL`."""
    made = StandIn({"*": (200, {"X-Answer": "yes"}, "good")})
    network.join("sentry", URL, made)
    return made


def get(network: Network, url: str, **more: Any) -> Any:
    return network.send("seer", Outgoing("GET", url, **more), timeout=5)


@pytest.mark.parametrize(
    "url",
    [
        f"{URL}/a?b=c",
        f"{URL}:80/a?b=c",
        "HTTP://SENTRY.TEST/a?b=c",
        "http://somebody:password@sentry.test/a?b=c",
        f"{URL}/a?b=c#fragment",
    ],
)
def test_a_party_is_reached_at_its_origin_however_it_is_spelled(
    network: Network, app: StandIn, url: str
) -> None:
    answer = get(network, url, headers=(("X-One", "1"),))
    assert (answer.status, answer.body, answer.header("x-answer")) == (200, b"good", "yes")
    assert answer.header("x-none") == ""
    (seen,) = app.seen
    assert (seen.method, seen.path, seen.headers["x-one"]) == ("GET", "/a?b=c", "1")
    assert "authorization" not in seen.headers


@pytest.mark.parametrize(
    "url",
    [
        "https://sentry.test/",
        f"{URL}:81/",
        f"{URL}:0/",
        f"{URL}:65536/",
        f"{URL}:http/",
        f"{URL}.evil.test/",
        f"{URL}./",
        "http://sub.sentry.test/",
        "http://sentry.test@evil.test/",
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::1/",
        "//sentry.test/",
        "/api/0/",
        "",
        "ftp://sentry.test/",
        "ftp://outside.test/",
        "file:///",
        "gopher://outside.test/",
        "data:,x",
    ],
)
def test_nobody_else_is_reached(network: Network, app: StandIn, url: str) -> None:
    """Neither a party, nor a host beyond, nor a name server."""
    opened: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lambda *a, **_: opened.append(a))
        patch.setattr(socket, "create_connection", lambda *a, **_: opened.append(a))
        with pytest.raises(UnansweredError) as told:
            get(network, url)
    assert not opened
    assert not app.seen
    (passage,) = network.since(0)
    assert (passage["server"], passage["status"]) == (OUTSIDE, None)
    assert passage["error"] == str(told.value)


@pytest.mark.parametrize("url", ["https://outside.test/x", "http://outside.test:8080/x?token=1"])
def test_the_host_outside_takes_everything_and_says_nothing(network: Network, url: str) -> None:
    answer = get(network, url)
    assert (answer.status, answer.body) == (204, b"")
    (passage,) = network.since(0)
    assert (passage["sender"], passage["server"], passage["url"]) == ("seer", OUTSIDE, url)


def test_what_passed_is_kept_in_the_order_in_which_it_was_sent(
    network: Network, app: StandIn
) -> None:
    """One that is sent on the way to an answer stands after what it is for."""

    def relay(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        get(network, f"{URL}/inner")
        start_response("200 OK", [])
        return [b"\xff\x00"]

    network.join("relay", "http://relay.test/", relay)
    assert network.url("relay") == "http://relay.test"
    body = b"\xfe{}"
    network.send("sentry", Outgoing("POST", "http://relay.test/outer", (), body), timeout=5)
    outer, inner = network.since(0)
    assert [outer["id"], inner["id"]] == [1, 2]
    assert [outer["server"], inner["server"]] == ["relay", "sentry"]
    assert (outer["request_body"], outer["response_body"]) == ("\\xfe{}", "\\xff\x00")
    assert network.since(1) == [inner]
    network.clear()
    assert network.since(0) == []


def test_an_exchange_that_is_told_while_it_waits_has_no_status(network: Network) -> None:
    told: list[Any] = []

    def watch(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        told.extend(network.since(0))
        start_response("200 OK", [])
        return []

    network.join("watch", "http://watch.test", watch)
    get(network, "http://watch.test/")
    assert (told[0]["status"], told[0]["error"], told[0]["response_headers"]) == (None, None, [])


def test_redirects_are_not_followed(network: Network, app: StandIn) -> None:
    app.answers["*"] = (302, {"Location": "http://outside.test/stolen"}, "")
    assert get(network, f"{URL}/").status == 302
    assert [passage["server"] for passage in network.since(0)] == ["sentry"]


def test_an_endless_answer_is_not_read_to_its_end(network: Network) -> None:
    served = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        for _ in range(400):
            served.append(1)
            yield bytes(1024 * 1024)

    with serving_app(app) as url:
        network.join("big", url)
        with pytest.raises(UnansweredError, match="more than 8388608 bytes"):
            get(network, url)
        network.join("big", "http://nobody.test")
    assert len(served) < 400
    assert network.since(0)[0]["error"] == "an answer of more than 8388608 bytes"


def test_nobody_at_the_port_and_an_answer_that_is_none_are_told_by_their_kind(
    network: Network,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    network.join("nobody", f"http://127.0.0.1:{port}")
    with pytest.raises(UnansweredError, match=r"\AConnectError\Z"):
        get(network, f"http://127.0.0.1:{port}/?secret")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        network.join("nobody", f"http://127.0.0.1:{port}")
        with pytest.raises(UnansweredError, match=r"\AReadTimeout\Z"):
            network.send("a", Outgoing("GET", f"http://127.0.0.1:{port}/"), timeout=0.05)
        network.close()


@pytest.mark.parametrize("header", [("X-A", "a\nb"), ("X-A", "\u0100\n"), ("X A", "b")])
def test_what_cannot_be_sent_gets_no_answer(network: Network, header: tuple[str, str]) -> None:
    with serving_app(StandIn({"*": (200, {}, {})})) as url:
        network.join("sentry", url)
        with pytest.raises(UnansweredError):
            get(network, url, headers=(header,))
        network.close()


def test_joining_anew_leads_elsewhere_and_lets_the_old_connections_go(network: Network) -> None:
    first, second = StandIn({"*": (200, {}, "1")}), StandIn({"*": (200, {}, "2")})
    closed: list[httpx.HTTPTransport] = []

    class Kept(httpx.HTTPTransport):
        def close(self) -> None:
            closed.append(self)
            super().close()

    with serving_app(first) as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.network.open_transport", lambda _: Kept(trust_env=False))
        network.join("sentry", url)
        assert get(network, url).body == b"1"
        network.join("sentry", URL, second)
        assert len(closed) == 1
    assert get(network, f"{URL}/").body == b"2"
    with pytest.raises(UnansweredError, match="no such host"):
        get(network, url)
    with pytest.raises(KeyError):
        network.url("nobody")


def test_threads_that_come_first_together_share_one_way(network: Network) -> None:
    opened: list[httpx.HTTPTransport] = []
    together = threading.Barrier(8)

    second = threading.Barrier(2)

    def open_once(url: str) -> httpx.HTTPTransport:
        # Nobody else gets here meanwhile.
        with suppress(threading.BrokenBarrierError):
            second.wait(0.2)
        opened.append(open_transport(url))
        return opened[-1]

    statuses: list[int] = []

    def call() -> None:
        together.wait(10)
        statuses.append(get(network, url).status)

    with serving_app(StandIn({"*": (200, {}, {})})) as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.network.open_transport", open_once)
        network.join("sentry", url)
        threads = [threading.Thread(target=call) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        network.close()
    assert statuses == [200] * 8
    assert len(opened) == 1
    assert [passage["id"] for passage in network.since(0)] == list(range(1, 9))


def test_what_is_sent_is_not_printed() -> None:
    assert "secret" not in repr(Outgoing("POST", URL, (), b"secret"))


def test_of_a_long_body_only_the_beginning_is_kept(network: Network, app: StandIn) -> None:
    long = "b" * (300 * 1024)
    app.answers["*"] = (200, {}, long)
    answer = network.send("seer", Outgoing("POST", URL, body=long.encode()), timeout=5)
    assert answer.body == long.encode()
    assert app.seen[0].body == long.encode()
    (passed,) = network.since(0)
    assert passed["request_body"] == passed["response_body"] == long[: 256 * 1024]
