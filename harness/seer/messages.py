"""What Sentry sends: typed, and refused where it does not fit."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.seer.errors import Refused

Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class Message(BaseModel):
    """A call on behalf of a user; keys that are not known are passed over."""

    model_config = ConfigDict(
        strict=True, defer_build=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    organization_id: Id
    user_id: Id
    request_id: Annotated[str, Field(min_length=16, max_length=128)]
    run_id: Id


class Context(BaseModel):
    """What a run is told of its user and organization."""

    model_config = ConfigDict(strict=True, defer_build=True, extra="ignore", frozen=True)

    organization_slug: Text


class Chat(Message):
    """A message of the user: a run begins, or goes on."""

    query: Text
    user_org_context: Context
    enable_code_mode_tools: bool = False
    user_auth_token: Text | None = Field(None, repr=False)


class State(Message):
    """How is the run?"""


class Response(BaseModel):
    """What the user answered."""

    model_config = ConfigDict(strict=True, defer_build=True, extra="ignore", frozen=True)

    decision: Literal["approve", "reject"]
    reason: Annotated[str, Field(max_length=64)] = ""


class Payload(BaseModel):
    """An answer to a question, or the end of the run."""

    model_config = ConfigDict(strict=True, defer_build=True, extra="ignore", frozen=True)

    type: Literal["user_input_response", "interrupt"]
    input_id: str = ""
    response_data: Response = Response(decision="reject")


class Update(Message):
    """Something happened to the run."""

    payload: Payload


def read(model: type[Any], body: bytes) -> Any:
    """`body` as a `model`. Raises Refused (400), which tells places and never values."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise Refused(400, "message", f"{place}: {first['msg']}") from None
