"""What scenarios are played against.

    InProcess()                        a mock Sentry in this process: the default, and fast
    Loopback()                         the same, served on a loopback port
    Running(read_target("acme.json"))  a server that is already there

A mock of our own has a frozen clock and is put back to its start before each
scenario. A running server is put back through its control API; without one,
agent sessions get names that no other run uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from harness import deployment
from harness.network import open_transport
from harness.randomness import Randomness
from harness.scenario.description import Description
from harness.wsgi import WsgiApp, WsgiTransport

Seed = int | str


class Deployed(Protocol):
    """A mock Sentry of our own: what `harness.deployment.deploy` gives."""

    @property
    def app(self) -> Any:
        """The WSGI application."""

    @property
    def seer(self) -> Any:
        """Seer's WSGI application; None where there is none."""

    def describe(self, url: str) -> dict[str, Any]:
        """The ready JSON when it answers at `url`."""

    def serve(self) -> AbstractContextManager[str]:
        """A context manager: it is served on free loopback ports; gives Sentry's URL."""

    def reset(self) -> None:
        """Puts the world's start back."""

    def close(self) -> None:
        """Lets its resources go."""


#: Takes a world and a seed, and by name what is out of the ordinary: see `deploy_frozen`.
Deploy = Callable[..., Deployed]


@dataclass(frozen=True)
class Venue:
    """A world at a target, ready to be played in.

    `renew` puts a world of our own back to its start; None: only the control API can.
    `secretless`: no secret is shared with Seer here, which only we can know of our own.
    """

    description: Description
    transport: httpx.BaseTransport
    control_transport: httpx.BaseTransport
    renew: Callable[[], None] | None
    secretless: bool = False
    seer_transport: httpx.BaseTransport | None = None


class Target(Protocol):
    """Where scenarios are played. `parallel`: each worker may have one of its own."""

    @property
    def name(self) -> str:
        """For reports."""

    @property
    def parallel(self) -> bool:
        """Whether several workers may play at once."""

    @property
    def seeded(self) -> bool:
        """Whether the seed decides what is in the world."""

    def open(self, world: str, seed: Seed, *, secretless: bool = False) -> Any:
        """A context manager that gives the venue for `world`.

        `secretless`: with no secret shared with Seer, where that is ours to say.
        """


def deploy_frozen(
    world: str,
    seed: Seed,
    *,
    secretless: bool = False,
    weaknesses: Sequence[str] = (),
    scripts: Sequence[str] = (),
) -> Deployed:
    """A mock Sentry whose clock stands still until it is moved.

    Raises DocumentError, UnknownWeaknessError.
    """
    secrets = deployment.Secrets.draw(Randomness(seed), shared=not secretless)
    return deployment.deploy(
        world, seed, frozen=True, secrets=secrets, weaknesses=weaknesses, scripts=scripts
    )


def _options(own: InProcess | Loopback, *, secretless: bool) -> dict[str, Any]:
    """What is out of the ordinary about a deployment."""
    options: dict[str, Any] = {"secretless": True} if secretless else {}
    if own.weaknesses:
        options["weaknesses"] = tuple(own.weaknesses)
    return options | ({"scripts": own.scripts} if own.scripts else {})


@dataclass(frozen=True)
class InProcess:
    """A mock Sentry called in the worker's own thread, sound or with weakened defences."""

    deploy: Deploy = deploy_frozen
    name: str = "in process"
    parallel: bool = True
    seeded: bool = True
    weaknesses: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()

    @contextmanager
    def open(self, world: str, seed: Seed, *, secretless: bool = False) -> Iterator[Venue]:
        """Raises DocumentError for a world that is wrong, UnknownWeaknessError."""
        options = _options(self, secretless=secretless)
        deployed = self.deploy(world, seed, **options)
        try:
            description = read_description(deployed.describe(deployment.IN_PROCESS_URL))
            app: WsgiApp = deployed.app
            transport = WsgiTransport(app)
            seer = WsgiTransport(deployed.seer) if deployed.seer else None
            yield Venue(description, transport, transport, deployed.reset, secretless, seer)
        finally:
            deployed.close()


@dataclass(frozen=True)
class Loopback:
    """A mock Sentry served on a free loopback port, sound or with weakened defences."""

    deploy: Deploy = deploy_frozen
    name: str = "loopback"
    parallel: bool = True
    seeded: bool = True
    weaknesses: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()

    @contextmanager
    def open(self, world: str, seed: Seed, *, secretless: bool = False) -> Iterator[Venue]:
        """Raises DocumentError for a world that is wrong, UnknownWeaknessError, OSError."""
        options = _options(self, secretless=secretless)
        deployed = self.deploy(world, seed, **options)
        try:
            with deployed.serve() as url, open_transport(url) as transport, ExitStack() as around:
                description = read_description(deployed.describe(url))
                seer = _reach_seer(description, around)
                yield Venue(description, transport, transport, deployed.reset, secretless, seer)
        finally:
            deployed.close()


@dataclass(frozen=True)
class Running:
    """A server that is already there, with whatever world it has."""

    description: Description
    parallel: bool = False
    seeded: bool = False

    @property
    def name(self) -> str:
        """Its address."""
        return self.description.sentry.url

    @contextmanager
    def open(
        self,
        world: str,  # noqa: ARG002
        seed: Seed,  # noqa: ARG002
        *,
        secretless: bool = False,  # noqa: ARG002
    ) -> Iterator[Venue]:
        """What a scenario would play in at home makes no difference here."""
        control = self.description.control
        with open_transport(self.name) as transport, ExitStack() as around:
            seer = _reach_seer(self.description, around)
            operating = transport
            if control is not None:
                operating = around.enter_context(open_transport(control.url))
            yield Venue(self.description, transport, operating, None, seer_transport=seer)


def _reach_seer(description: Description, around: ExitStack) -> httpx.BaseTransport | None:
    seer = description.seer
    return None if seer is None else around.enter_context(open_transport(seer.url))


def read_description(data: dict[str, Any]) -> Description:
    """The description in a ready JSON object. Raises pydantic.ValidationError."""
    return Description.model_validate(data)
