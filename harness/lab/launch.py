"""Starts everything that the lab needs, on loopback: mock Sentry, Seer, and the lab."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.deployment import Deployment, deploy, serving, serving_app
from harness.lab.access import Access
from harness.lab.application import MOST_BODY, create_app
from harness.lab.bench import Bench
from harness.lab.byhand import Watched
from harness.lab.feed import Feed
from harness.lab.session import Session
from harness.lab.tour import load_tour
from harness.scenario.targets import Running, read_description
from harness.transcript import Received, Sent

# Each page that is open keeps a thread for its stream.
_THREADS = 24


@dataclass(frozen=True)
class Lab:
    """A lab that answers: `url` lets a browser in, `root` is the same without the token.

    `description` is the ready JSON of the services.
    """

    root: str
    url: str = field(repr=False)
    description: dict[str, Any] = field(repr=False)


@contextmanager
def running(world: str, seed: int | None = None, *, port: int = 0) -> Iterator[Lab]:
    """The lab in `world`, while the context lasts; `port` is the lab's, 0 takes a free one.

    Raises DocumentError for a world that is wrong, StepRefusedError for one in which the tour
    cannot be played, OSError for a port that cannot be had.
    """
    with ExitStack() as around:
        deployment = around.enter_context(closing(deploy(world, seed)))
        watch = _watch(deployment)
        sentry = around.enter_context(serving(deployment))
        description = deployment.describe(sentry)
        target = Running(read_description(description))
        venue = around.enter_context(target.open(world, seed or 0))
        access, feed = Access(), Feed()
        secrets = (access.token, access.key)
        session = Session(feed, venue, load_tour(world), secrets=secrets)
        around.callback(session.close)
        watch.append(session)
        bench = Bench(feed)
        app = create_app(session, bench, feed, access)
        root = around.enter_context(
            serving_app(app, port=port, threads=_THREADS, most_body=MOST_BODY, lookahead=1)
        )
        around.callback(bench.close)
        # First of all: a server does not end before its streams do.
        around.callback(feed.close)
        yield Lab(root, access.url(root), description)


def _watch(deployment: Deployment) -> list[Session]:
    """Tells the session in the list, when there is one, what is done by hand in the pages."""
    sessions: list[Session] = []

    def note(sent: Sent, received: Received) -> None:
        for session in sessions:
            session.note_by_hand(sent, received)

    deployment.app.wsgi_app = Watched(deployment.app.wsgi_app, note)  # type: ignore[method-assign]
    return sessions
