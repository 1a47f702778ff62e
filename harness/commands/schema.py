"""`schema`: the JSON Schema of a kind of file, for editors and other tools."""

from __future__ import annotations

import json
from typing import Any

import click


def show_schema(kind: str) -> None:
    """Prints the schema (draft 2020-12) of files of one kind."""
    click.echo(json.dumps(_schema(kind), ensure_ascii=False, indent=2))


def _schema(kind: str) -> dict[str, Any]:
    if kind == "world":
        from harness.world import world_schema

        return world_schema()
    if kind == "script":
        from harness.seer.script.model import script_schema

        return script_schema()
    if kind == "injection":
        from harness.injections import injection_schema

        return injection_schema()
    if kind == "target":
        from harness.scenario.description import Description

        schema = Description.model_json_schema()
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    from harness.scenario.schema import scenario_schema

    return scenario_schema()
