"""`calls`: any request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlencode

from pydantic import ConfigDict, Field, JsonValue, model_validator
from pydantic.config import JsonDict

from harness.scenario.answer import Answer, Request
from harness.scenario.book import Book
from harness.scenario.names import Actor
from harness.scenario.registry import Verb
from harness.scenario.stage import Stage
from harness.scenario.verbs.sending import (
    Sending,
    credential_headers,
    review_credentials,
    scalar_text,
    whom,
)

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_BODIES = ("json", "body", "form")

Path = Annotated[str, Field(pattern=r"^(/|\{)")]
Scalar = str | int | float | bool | None
Fields = dict[str, Scalar | list[Scalar]]


def _show_choices(schema: JsonDict) -> None:
    """Exactly one method and at most one body, in the JSON Schema too."""
    schema["oneOf"] = [{"required": [method]} for method in METHODS]
    pairs = (["json", "body"], ["json", "form"], ["body", "form"])
    schema["not"] = {"anyOf": [{"required": [*pair]} for pair in pairs]}


class Call(Sending):
    """One request: a method with its path, and at most one kind of body."""

    model_config = ConfigDict(json_schema_extra=_show_choices)

    to: Literal["sentry", "seer"] = Field("sentry", description="Which service is called.")
    get: Path | None = None
    post: Path | None = None
    put: Path | None = None
    patch: Path | None = None
    delete: Path | None = None
    head: Path | None = None
    options: Path | None = None
    json_: JsonValue = Field(None, alias="json", description="A body sent as JSON.")
    body: str | None = Field(None, description="A body sent as it is.")
    content_type: str | None = Field(
        None, alias="content type", description="Of the body; application/json for a raw one."
    )
    form: Fields | None = Field(None, description="A body sent as a form.")
    query: Fields = Field({}, description="Added to the path.")

    @model_validator(mode="after")
    def _one_of_each(self) -> Call:
        methods = [name for name in METHODS if getattr(self, name) is not None]
        if len(methods) != 1:
            found = f"got {' and '.join(methods)}" if methods else "got none"
            raise ValueError(f"expected one method ({', '.join(METHODS)}), {found}")
        bodies = [name for name in _BODIES if name in self._given()]
        if len(bodies) > 1:
            raise ValueError(f"expected one body, got {' and '.join(bodies)}")
        return self

    def _given(self) -> set[str]:
        return {name.removesuffix("_") for name in self.model_fields_set}

    @property
    def method(self) -> str:
        """The method in capitals."""
        return next(name for name in METHODS if getattr(self, name) is not None).upper()

    @property
    def path(self) -> str:
        """The path, as the file has it."""
        return str(getattr(self, self.method.lower()))

    def content(self) -> tuple[bytes, str | None]:
        """The body and its media type, None without a body."""
        if "json" in self._given():
            return json.dumps(self.json_).encode(), self.content_type or "application/json"
        if self.form is not None:
            kind = self.content_type or "application/x-www-form-urlencoded"
            return urlencode(_pairs(self.form)).encode(), kind
        if self.body is not None:
            return self.body.encode(), self.content_type or "application/json"
        return b"", self.content_type


def play(stage: Stage, actor: Actor, call: Call) -> Answer:
    """Sends the request; a session's cookies are kept up to date."""
    headers = credential_headers(stage, actor, call, default_credential(actor), call.method)
    content, content_type = call.content()
    if content_type is not None:
        headers = (*headers, ("Content-Type", content_type))
    request = Request(
        call.method,
        call.path,
        (("Accept", "application/json"), *headers),
        content,
        tuple(_pairs(call.query)),
    )
    answer = stage.wire_to(call.to).send(actor.name, request)
    if call.to == "seer" and stage.seer_control is not None:
        # What the call began is over before the next step looks.
        stage.seer_control.settle()
    stage.take_cookies(actor, call.credentials(default_credential(actor)), answer)
    return answer


def default_credential(actor: Actor) -> str:
    """What an actor shows when the file says nothing."""
    return {"user": "own", "holder": actor.name}.get(actor.kind, "none")


def _review(book: Book, actor: Actor, call: Call) -> None:
    if actor.kind in ("agent", "service") and call.with_ is None and call.using is None:
        book.mistake((), f"say what the {actor} shows: 'with: <token>' or 'using: none'")
    review_credentials(book, actor, call, default_credential(actor))
    if call.to == "seer":
        book.needs_seer("'calls' to Seer")


def _pairs(fields: Mapping[str, Scalar | list[Scalar]]) -> list[tuple[str, str]]:
    return [
        (name, scalar_text(value))
        for name, given in fields.items()
        for value in (given if isinstance(given, list) else [given])
    ]


VERBS = [
    Verb(
        name="calls",
        arguments=Call,
        actors=frozenset({"user", "agent", "service", "holder", "anonymous", "attacker"}),
        play=play,
        review=_review,
        acts_for=lambda book, actor, call: whom(book, actor, call, default_credential(actor)),
    )
]
