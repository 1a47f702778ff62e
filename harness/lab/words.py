"""The form of a step: which verbs there are, who can do them, and what they ask for.

Everything but the order and what stands behind "more" comes from the verbs' JSON Schemas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.scenario.names import BUILT_IN
from harness.scenario.registry import VERBS, Verb
from harness.scenario.verbs.call import METHODS

# As a presenter needs them; what is not named here builds attacks, which files do better.
ORDER: Final = (
    "mints",
    "calls",
    "approves",
    "asks",
    "continues",
    "answers",
    "interrupts",
    "signs in",
    "signs out",
    "moves clock",
    "switches feature",
    "changes role",
    "removes member",
    "deactivates user",
    "activates user",
    "expires grant",
    "plants grant",
    "directs agent",
    "resets",
)
# Seldom needed.
_MORE: Final = frozenset({"using", "csrf", "headers", "input"})
_MORE_OF_CALLS: Final = frozenset({"to", "query", "body", "form", "content type"})
# Names of what a field takes, where its name says so.
_NAMED: Final[Mapping[str, str]] = {
    "for": "users",
    "user": "users",
    "in": "organizations",
    "session": "sessions",
    "with": "tokens",
    "run": "runs",
    "scopes": "scopes",
    "requested scopes": "scopes",
}


def describe_verbs() -> list[dict[str, Any]]:
    """Each verb with its actors and fields.

    An actor is a name, or `user` for any user. A field has `key`, `type` (text, words, json,
    choice, flag), whether it is `required`, whether it is `more`, its `options`, `names`: the
    kind of names that it takes, and `help`.
    """
    return [_describe(VERBS[name]) for name in ORDER]


def _describe(verb: Verb) -> dict[str, Any]:
    actors = [name for name, kind in BUILT_IN.items() if kind in verb.actors]
    if "user" in verb.actors:
        actors.append("user")
    return {"verb": verb.name, "actors": actors, "fields": list(_fields(verb))}


def _fields(verb: Verb) -> Iterator[dict[str, Any]]:
    schema = verb.arguments.model_json_schema()
    required = set(schema.get("required", ()))
    if verb.name == "calls":
        yield _field("method", "choice", required=True, options=[*METHODS])
        yield _field("path", "text", required=True, note="Such as /api/0/organizations/{first}/")
    for key, part in schema["properties"].items():
        if verb.name == "calls" and key in METHODS:
            continue
        kind, options = _kind(_resolve(part, schema))
        more = key in _MORE or (verb.name == "calls" and key in _MORE_OF_CALLS)
        yield _field(
            key,
            kind,
            required=key in required,
            options=options,
            note=part.get("description", ""),
            more=more,
        )


def _field(
    key: str,
    kind: str,
    *,
    required: bool = False,
    options: list[str] | None = None,
    note: str = "",
    more: bool = False,
) -> dict[str, Any]:
    return {
        "key": key,
        "type": kind,
        "required": required,
        "options": options or [],
        "names": _NAMED.get(key, ""),
        "help": note,
        "more": more,
    }


def _resolve(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a value that is given: references followed, null left out."""
    if "$ref" in part:
        return _resolve(schema["$defs"][part["$ref"].rpartition("/")[2]], schema)
    choices = [one for one in part.get("anyOf", ()) if one.get("type") != "null"]
    return _resolve(choices[0], schema) if len(choices) == 1 else part


def _kind(part: Mapping[str, Any]) -> tuple[str, list[str]]:
    if "enum" in part:
        return "choice", [str(one) for one in part["enum"]]
    if "const" in part:
        return "choice", [str(part["const"])]
    kinds = {one.get("type") for one in part.get("anyOf", (part,))}
    if kinds == {"boolean"}:
        return "flag", []
    if kinds == {"array"} and part.get("items", {}).get("type") == "string":
        return "words", []
    if kinds & {"object", None} or kinds == {"array"}:
        return "json", []
    return "text", []
