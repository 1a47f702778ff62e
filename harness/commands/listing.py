"""`list`: the scenarios there are."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from harness.commands.failure import Misuse
from harness.commands.selection import select
from harness.document import DocumentError
from harness.scenario.loader import load_scenarios
from harness.scenario.result import shown_path


def show_scenarios(names: Sequence[str], expression: str | None, *, as_json: bool) -> None:
    """Prints id and title of each scenario; as JSON also file, tags, note and needs.

    Raises Misuse for files that are wrong.
    """
    try:
        scenarios = select(load_scenarios(names), expression)
    except DocumentError as error:
        raise Misuse(str(error)) from None
    if as_json:
        entries = [
            {
                "id": scenario.id,
                "title": scenario.title,
                "note": scenario.note,
                "tags": list(scenario.tags),
                "world": scenario.world,
                "file": shown_path(scenario.file),
                "attack": scenario.attack.as_json() if scenario.attack else None,
                "needs": {
                    "control": list(scenario.control),
                    "secret": list(scenario.secret),
                    "seer": list(scenario.seer),
                    "browser": list(scenario.browser),
                },
            }
            for scenario in scenarios
        ]
        click.echo(json.dumps(entries, ensure_ascii=False, indent=2))
        return
    width = max((len(scenario.id) for scenario in scenarios), default=0)
    for scenario in scenarios:
        click.echo(f"{scenario.id:{width}}  {scenario.title}")
