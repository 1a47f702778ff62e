"""`demo`: the services and the lab on loopback, and a browser that shows it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import webbrowser

import click

from harness.commands.failure import Misuse
from harness.commands.serve import ENDING, leaving_quietly, show_logins
from harness.document import DocumentError
from harness.lab.launch import Lab, running
from harness.lab.session import StepRefusedError


def demo(*, port: int, world: str, seed: int | None, no_open: bool, ready_json: bool) -> None:
    """Serves until SIGTERM or Ctrl-C.

    Raises Misuse for a world or a port that cannot be used.
    """
    with leaving_quietly():
        # Threads inherit the mask: from here on only `sigwait` sees these signals.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            with running(world, seed, port=port) as lab:
                _announce(lab, as_json=ready_json)
                if not no_open and _has_display():
                    # It may wait for the browser that it starts.
                    threading.Thread(target=_open, args=(lab.url,), daemon=True).start()
                signal.sigwait(ENDING)
        except DocumentError as error:
            raise Misuse(str(error)) from None
        except StepRefusedError as error:
            raise Misuse(f"--world: the tour cannot be played there: {error}") from None
        except OSError as error:
            raise Misuse(f"cannot listen at port {port}: {error.strerror or error}") from None
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def _open(url: str) -> None:
    # A browser that is started now would inherit the mask, and be deaf to its own end.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    webbrowser.open(url)


def _has_display() -> bool:
    return sys.platform == "darwin" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def _announce(lab: Lab, *, as_json: bool) -> None:
    if as_json:
        shown = lab.description | {"lab": {"url": lab.root, "open": lab.url}}
        click.echo(json.dumps(shown, ensure_ascii=False))
    else:
        url = lab.description["sentry"]["url"]
        click.echo(f"Lab           {lab.url}")
        click.echo(f"Mock Sentry   {url}")
        click.echo(f"Sign in       {url}/auth/login/")
        click.echo()
        show_logins(lab.description)
        click.echo()
        click.echo("The address of the lab lets a browser in; n goes on, b back, ? tells the keys.")
        click.echo("Ctrl-C ends it.")
    sys.stdout.flush()
