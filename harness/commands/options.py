"""Options that several commands have."""

from __future__ import annotations

import click

weaken = click.option(
    "--weaken",
    "weaknesses",
    multiple=True,
    metavar="ID",
    help="Serve with a weakened form of a defence, to see what it is for; may come twice.",
)
scripts = click.option(
    "--scripts",
    multiple=True,
    metavar="FILE|FOLDER",
    help="Scripts of agents that Seer has beside those that come along; may come twice.",
)
names = click.argument("names", nargs=-1, metavar="[FILE|FOLDER|ID]...")
world = click.option(
    "--world",
    default="two-organizations",
    show_default=True,
    metavar="NAME|FILE",
    help="The world to put into the mock Sentry.",
)
expression = click.option(
    "-k",
    "expression",
    metavar="EXPR",
    help="Only scenarios with these words in id, title or tags: 'mint and not expiry'.",
)
all_jobs = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Play in N processes at once.  [default: as many as there are processors]",
)
seed = click.option(
    "--seed",
    type=int,
    metavar="N",
    help="The seed of worlds and ids; the same seed gives the same reports.  [default: 0]",
)
