"""Reading a request's JSON body.

Models are pydantic's; what does not fit is answered in Sentry's shape, {field:
[message, …]}. A body that is no JSON at all gets one sentence.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from flask import Request
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from harness.sentry.call import Call
from harness.sentry.errors import Invalid

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class Body(BaseModel):
    """A body of known fields: strict types, and other keys are ignored, as Sentry does.

    Only what the caller sent counts (`model_fields_set`), so `None` is a value.
    """

    model_config = ConfigDict(strict=True, extra="ignore", defer_build=True)


def _plain(value: str) -> str:
    """Text that every database can store and every client can read back."""
    if "\0" in value:
        raise ValueError("Null characters are not allowed.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("Lone surrogates are not allowed.")
    return value


#: Text, trimmed; no NUL and no lone surrogate.
Plain = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_plain)]
#: Text that says something: not empty after trimming.
Filled = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_plain)
]

_B = TypeVar("_B", bound=BaseModel)


def read_json(request: Request) -> Any:
    """The request's body as JSON; {} where there is none.

    Raises Invalid: 415 for another content type, 400 for what is no JSON.
    """
    data = request.get_data(cache=True)
    if request.mimetype and request.mimetype != "application/json":
        raise Invalid(f'Unsupported media type "{request.mimetype}" in request.', status=415)
    if not data:
        return {}
    if not request.mimetype:
        raise Invalid('Unsupported media type "" in request.', status=415)
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        # Also UnicodeDecodeError, and numbers longer than Python reads.
        raise Invalid("JSON parse error") from None


def read_object(request: Request) -> dict[str, Any]:
    """The request's body as a JSON object.

    Raises Invalid.
    """
    body = read_json(request)
    if not isinstance(body, dict):
        raise Invalid("Request body must be an object.")
    return body


def read_body(call: Call, model: type[_B], *, nested: bool = False) -> _B:
    """The call's body as a `model`.

    Raises Invalid; `nested` puts the fields' messages under `detail`.
    """
    return validate(read_object(call.request), model, nested=nested)


def validate(values: dict[str, Any], model: type[_B], *, nested: bool = False) -> _B:
    """`values` as a `model`. Raises Invalid."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fields = _messages(error)
        raise (Invalid(fields) if nested else Invalid(fields=fields)) from None


def _messages(error: ValidationError) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for problem in error.errors(include_url=False):
        name = str(problem["loc"][0]) if problem["loc"] else "nonFieldErrors"
        fields.setdefault(name, []).append(_message(problem))
    return fields


def _message(problem: ErrorDetails) -> str:
    if problem["type"] == "missing":
        return "This field is required."
    if problem["type"] == "too_long" and isinstance(problem["input"], str):
        # To pydantic what was checked by a function is of any type, and has items.
        return f"Ensure this field has no more than {problem['ctx']['max_length']} characters."
    return problem["msg"].removeprefix("Value error, ")
