"""A mock Sentry with a world in it and a Seer beside it: the composition root.

In process a deployment is two WSGI applications, which reach each other through its
network. `serving` puts them on loopback ports. Either way its `description` says all that
a client needs, in the form of the ready JSON: who there is, with which credentials, and
where.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import seer as seer_service
from harness.clock import Clock
from harness.network import Network
from harness.randomness import Randomness
from harness.seer.script import load_scripts
from harness.sentry import Image, Settings, create_app
from harness.world import load_world, populate

if TYPE_CHECKING:
    from flask import Flask

#: The names of the services in their network.
SENTRY, SEER = "sentry", "seer"
#: Where applications in process answer; nothing resolves these names.
IN_PROCESS_URL = "http://sentry.test"
SEER_IN_PROCESS_URL = "http://seer.test"
DEFAULT_WORLD = "two-organizations"
#: Where a frozen clock stands at the start of a run.
START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)

# Requests in flight at once behind a socket; each takes a thread.
_THREADS = 8
# More than the application takes, so that it is the application that refuses.
_SERVER_MAX_BODY = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of one run: the one shared with Seer, and the control API's token."""

    shared: str = field(repr=False)
    control: str | None = field(repr=False)

    @classmethod
    def draw(cls, randomness: Randomness, *, shared: bool = True) -> Secrets:
        """New ones, of 32 random bytes each; not `shared`: none is shared with Seer."""
        drawn = randomness.derive("secrets")
        secret = drawn.hex(32)
        return cls(shared=secret if shared else "", control=drawn.hex(32))


@dataclass(frozen=True, slots=True)
class Start:
    """A populated world: its rows as an image, and its description."""

    image: Image
    description: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deployment:
    """One mock Sentry, and its Seer if it has one.

    `app` is Sentry's WSGI application, `seer` Seer's; `secrets` opens both for their
    operator. `network` is how they reach each other.
    """

    app: Flask
    secrets: Secrets
    world: dict[str, Any]
    seer: Flask | None = None
    network: Network = field(default_factory=Network, repr=False)

    def describe(self, url: str) -> dict[str, Any]:
        """The ready JSON of this deployment when Sentry answers at `url`."""
        sentry = {"url": url, "secret": self.secrets.shared or None}
        seer = None
        if self.seer is not None:
            seer_url = self.network.url(SEER)
            seer = {"url": seer_url, "control": self._control(seer_url)}
        return {"sentry": sentry, "seer": seer, "control": self._control(url), **self.world}

    def _control(self, url: str) -> dict[str, str] | None:
        token = self.secrets.control
        return {"url": f"{url}/control", "token": token} if token else None

    @property
    def description(self) -> dict[str, Any]:
        """The ready JSON, in process."""
        return self.describe(IN_PROCESS_URL)

    def serve(self) -> AbstractContextManager[str]:
        """A context manager: it is served on free loopback ports; gives Sentry's URL."""
        return serving(self)

    def reset(self) -> None:
        """Puts the world's start back, clock and audit log too."""
        self.app.extensions["reset"]()

    def close(self) -> None:
        """Ends what runs, and lets the database go."""
        if self.seer is not None:
            self.seer.extensions["close"]()
        self.network.close()
        self.app.extensions["sentry"].store.close()


def deploy(
    world: str | Path = DEFAULT_WORLD,
    seed: int | str | None = None,
    *,
    frozen: bool = False,
    database: str = "sqlite://",
    secrets: Secrets | None = None,
    weaknesses: Iterable[str] = (),
) -> Deployment:
    """A mock Sentry with `world` (a name or a file) in it.

    With a `seed` the world, its tokens and its secrets are the same every time:
    right for runs that are compared, wrong for a server that others can reach.
    `frozen`: the clock stands still until it is moved. `weaknesses`: ids of defences'
    weakened forms to serve with. Raises DocumentError for a world that is wrong,
    UnknownWeaknessError, and StoreError for a database that cannot be used.
    """
    clock = Clock.frozen(START) if frozen else Clock()
    randomness = Randomness(seed)
    if seed is None:
        start = _populate(world, randomness, clock.now())
    else:
        start = _start_of(str(world), str(seed))
    secrets = secrets or Secrets.draw(randomness)
    settings = Settings(secret=secrets.shared, control_token=secrets.control, database=database)
    network = Network()
    weak = tuple(weaknesses)
    seer = seer_service.create_app(
        seer_service.Settings(secret=secrets.shared, control_token=secrets.control),
        load_scripts(),
        network,
        clock=clock,
        weaknesses=weak,
    )
    app = create_app(
        settings,
        start.image,
        clock=clock,
        randomness=randomness.derive("sentry"),
        network=network,
        on_reset=seer.extensions["reset"],
        weaknesses=weak,
    )
    network.join(SENTRY, IN_PROCESS_URL, app)
    network.join(SEER, SEER_IN_PROCESS_URL, seer)
    return Deployment(app, secrets, start.description, seer, network)


@contextmanager
def serving(
    deployment: Deployment, host: str = "127.0.0.1", port: int = 0, seer_port: int = 0
) -> Iterator[str]:
    """Serves a deployment from threads of this process while the context lasts; Sentry's URL.

    Its services reach each other through their ports. Port 0 takes a free one. Raises
    OSError when an address cannot be bound.
    """
    with ExitStack() as around:
        url = around.enter_context(serving_app(deployment.app, host, port))
        if deployment.seer is not None:
            seer_url = around.enter_context(serving_app(deployment.seer, host, seer_port))
            around.enter_context(_reached_by(deployment, url, seer_url, deployment.seer))
        yield url


@contextmanager
def _reached_by(deployment: Deployment, url: str, seer_url: str, seer: Flask) -> Iterator[None]:
    """The services reach each other at these URLs while the context lasts."""
    network = deployment.network
    network.join(SENTRY, url)
    network.join(SEER, seer_url)
    try:
        yield
    finally:
        # Agents at work would go on calling what is not there any more.
        seer.extensions["close"]()
        network.join(SENTRY, IN_PROCESS_URL, deployment.app)
        network.join(SEER, SEER_IN_PROCESS_URL, seer)


@contextmanager
def serving_app(app: Flask, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serves `app` from threads of this process while the context lasts; gives its URL.

    Port 0 takes a free one. Raises OSError when the address cannot be bound.
    """
    from waitress.server import create_server

    # It warns whenever two requests come at once, which is no news here.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    listener = _listen(host, port)
    server = create_server(
        app,
        sockets=[listener],
        threads=_THREADS,
        ident=None,
        clear_untrusted_proxy_headers=True,
        max_request_body_size=_SERVER_MAX_BODY,
    )
    loop = threading.Thread(
        target=server.run, name=getattr(app, "name", "application"), daemon=True
    )
    loop.start()
    try:
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{listener.getsockname()[1]}"
    finally:
        # First those that answer, for they still wake the loop; then, in the loop's own
        # thread, every connection, those too that clients keep open.
        server.task_dispatcher.shutdown()
        server.trigger.pull_trigger(lambda: _close(server))
        loop.join()


def keep_quiet() -> None:
    """What goes wrong inside a mock stands in its own log, which `/control/log/` tells, alone.

    For weakened servers, which fail in every way: nobody wants to hear it from the process.
    """
    for service in (SENTRY, SEER):
        logger = logging.getLogger(f"harness.{service}")
        if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            logger.addHandler(logging.NullHandler())


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _close(server: Any) -> None:
    for channel in list(server.active_channels.values()):
        channel.handle_close()
    server.close()


def _populate(world: str | Path, randomness: Randomness, now: datetime) -> Start:
    population = populate(load_world(world), randomness.derive("world"), now)
    return Start(Image(population.rows), population.description)


@lru_cache(maxsize=16)
def _start_of(world: str, seed: str) -> Start:
    """Seeded worlds are built once in a process: every deployment restores the same image."""
    return _populate(world, Randomness(seed), START)
