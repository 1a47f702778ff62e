"""`weaknesses`: the weakened forms of defences that there are."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import groupby

import click

from harness.scenario.proof import list_weaknesses


def show_weaknesses(*, as_json: bool) -> None:
    """Prints each defence with its weaknesses, their ids and titles."""
    weaknesses = list_weaknesses()
    if as_json:
        entries = [asdict(weakness) for weakness in weaknesses]
        click.echo(json.dumps(entries, ensure_ascii=False, indent=2))
        return
    width = max(len(weakness.id) for weakness in weaknesses)
    for _, group in groupby(weaknesses, key=lambda weakness: weakness.defence):
        members = list(group)
        first = members[0]
        click.echo(f"{first.defence}: {first.rule} (CWE-{first.cwe}, {first.source})")
        for weakness in members:
            click.echo(f"  {weakness.id:{width}}  {weakness.title}")
