"""The JSON Schema of a scenario file, for editors and other tools.

It accepts exactly the forms of steps that there are; what takes knowledge of the
other steps (an actor that nobody cast, a token not minted yet) only the loader finds.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel

# Importing the loader fills the tables of the language.
import harness.scenario.loader  # noqa: F401
from harness.scenario.model import BESIDE, Frame, StepFrame, expect_model
from harness.scenario.names import BUILT_IN
from harness.scenario.registry import A_STEP, VERBS, Verb

Schema = dict[str, Any]

_BUILT_IN = "|".join(BUILT_IN)
# Users and holders of tokens have names of their own.
_OWN_NAME = rf"(?!(?:{_BUILT_IN}) )[A-Za-z][\w.+-]*"


def scenario_schema() -> Schema:
    """The schema (draft 2020-12) as plain data."""
    definitions: Schema = {}
    frame = _take(Frame, definitions)
    step_frame = _take(StepFrame, definitions)
    definitions["Expect"] = _take(expect_model(), definitions)
    for verb in VERBS.values():
        definitions[_name(verb)] = arguments = _take(verb.arguments, definitions)
        for argument in arguments.get("properties", {}).values():
            if argument.get("items") == A_STEP:
                argument["items"] = {"$ref": "#/$defs/Step"}
    beside: Schema = dict(step_frame["properties"])
    beside["expect"] = {"$ref": "#/$defs/Expect", "description": "What must come of it."}
    definitions["Step"] = _step(beside)
    steps: Schema = {"type": "array", "items": {"$ref": "#/$defs/Step"}}
    frame["properties"]["steps"] |= steps
    frame["properties"]["afterwards"] |= steps
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **frame,
        "title": "Scenario",
        "$defs": dict(sorted(definitions.items())),
    }


def _step(beside: Schema) -> Schema:
    """One action, and what may stand beside it."""
    actions: Schema = {}
    patterns: Schema = {}
    for verb in VERBS.values():
        target: Schema = {"$ref": f"#/$defs/{_name(verb)}"}
        if not _required(verb):
            target = {"anyOf": [target, {"type": "null"}]}
        # Named in full where the actor is known: editors complete names, not patterns.
        for name, kind in BUILT_IN.items():
            if kind in verb.actors:
                actions[f"{name} {verb.name}"] = target
        if verb.actors & {"user", "holder"}:
            patterns[f"^{_OWN_NAME} {re.escape(verb.name)}$".replace(r"\ ", " ")] = target
    return {
        "type": "object",
        "description": "One action '<actor> <verb>' with its arguments, and what is expected.",
        "properties": actions | beside,
        "patternProperties": patterns,
        "additionalProperties": False,
        "oneOf": [_exactly_one_action(present) for present in _subsets(list(BESIDE))],
    }


def _exactly_one_action(present: list[str]) -> Schema:
    """With just these keys beside it, one more key."""
    absent = {key: False for key in BESIDE if key not in present}
    size = len(present) + 1
    return {
        "required": present,
        "properties": absent,
        "minProperties": size,
        "maxProperties": size,
    }


def _subsets(keys: list[str]) -> list[list[str]]:
    if not keys:
        return [[]]
    rest = _subsets(keys[1:])
    return rest + [[keys[0], *subset] for subset in rest]


def _required(verb: Verb) -> bool:
    fields = verb.arguments.model_fields
    return any(info.is_required() for info in fields.values()) or verb.name in (
        "calls",
        "moves clock",
    )


def _name(verb: Verb) -> str:
    return "".join(word.capitalize() for word in verb.name.split())


def _take(model: type[BaseModel], definitions: Schema) -> Schema:
    """A model's schema; what it refers to is added to `definitions`."""
    schema = model.model_json_schema()
    for name, definition in schema.pop("$defs", {}).items():
        if definitions.setdefault(name, definition) != definition:
            raise TypeError(f"two models of the language have the name {name!r}")
    return schema
