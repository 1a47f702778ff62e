"""What a script file may say."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from harness import conduct, scopes
from harness.seer.agent.habits import Habit, Temperament

METHODS: Final = ("get", "post", "put", "patch", "delete")
#: The keys of which a step has exactly one.
ACTIONS: Final = ("say", "search", "call", "ask", "mint", "when", "for each", "stop")
#: The keys that may stand beside each action.
BESIDE: Final[dict[str, tuple[str, ...]]] = {
    "say": (),
    "search": ("as",),
    "call": ("as", "bare", "on refusal"),
    "ask": ("as",),
    "mint": ("as", "on refusal"),
    "when": ("then", "otherwise"),
    "for each": ("do",),
    "stop": (),
}
#: The ways in which a condition compares.
COMPARISONS: Final = ("is", "is not", "contains", "has", "matches")
NAME: Final = r"^[a-z][a-z0-9_-]*$"


class _ScopeWords:
    """Lists the scopes in the JSON Schema; they are checked with the other words of a script."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(core) | {"enum": sorted(scopes.ALL_SCOPES)}


class _RuleIds:
    """Lists the rules in the JSON Schema, likewise."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(core) | {"enum": list(conduct.RULE_IDS)}


Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=NAME, max_length=64)]
Scope = Annotated[str, _ScopeWords()]
RuleId = Annotated[str, _RuleIds()]
Operation = Annotated[str, StringConstraints(pattern=r"^(GET|POST|PUT|PATCH|DELETE) /\S*$")]
ScriptId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Call(_Part):
    """A request of Sentry's API: one method with its path."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"oneOf": [{"required": [method]} for method in METHODS]},
    )

    get: Text | None = Field(None, description="The path; below /api/0/ unless the call is bare.")
    post: Text | None = None
    put: Text | None = None
    patch: Text | None = None
    delete: Text | None = None
    query: dict[str, str | int | bool] = Field({}, description="What stands after the `?`.")
    body: JsonValue = Field(None, alias="json", description="What is sent as JSON.")

    @property
    def method(self) -> str:
        """The method, in lower case."""
        return next(method for method in METHODS if getattr(self, method) is not None)

    @property
    def path(self) -> str:
        """The path that stands at the method."""
        return str(getattr(self, self.method))


class Condition(_Part):
    """A comparison; with several, all must hold. It is false where `value` has nothing to show."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"anyOf": [{"required": [word]} for word in COMPARISONS]},
    )

    value: JsonValue = Field(description="What is looked at, such as {found.status}.")
    is_: JsonValue = Field(None, alias="is", description="It is this very value.")
    is_not: JsonValue = Field(None, alias="is not", description="It is another value.")
    contains: JsonValue = Field(
        None, description="It is a list with this in it, or a text with this text in it."
    )
    has: bool = Field(
        True, description="Whether it is a list, a text or a mapping with anything in it."
    )
    matches: str = Field("", description="It is a text in which this regular expression is found.")


class Step(_Part):
    """One action, and what stands beside it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"oneOf": [{"required": [action]} for action in ACTIONS]},
    )

    say: Text | None = Field(None, description="A message for the user.")
    search: Text | None = Field(None, description="Looks for operations of the API.")
    call: Call | None = Field(None, description="Calls the API.")
    ask: Annotated[list[Scope], Field(min_length=1)] | None = Field(
        None, description="Asks the user for these scopes, denied or not."
    )
    mint: Literal["all"] | list[Scope] | None = Field(
        None, description="Mints a token: all that there is to have, or only these scopes."
    )
    when: Condition | Annotated[list[Condition], Field(min_length=1)] | None = Field(
        None, description="What must be so for `then`; of a list, all."
    )
    for_each: (
        Annotated[dict[Name, Text | list[JsonValue]], Field(min_length=1, max_length=1)] | None
    ) = Field(
        None, alias="for each", description="A name, and the list whose first 100 it stands for."
    )
    stop: Text | None = Field(None, description="A last message; ends the run.")
    as_: Name | None = Field(None, alias="as", description="The name of what comes of it.")
    bare: bool = Field(
        False, description="Sent once as it is: not minted again, nothing asked. Hostile only."
    )
    on_refusal: Literal["stop", "continue"] | None = Field(
        None,
        alias="on refusal",
        description="`stop` says the refusal and ends: so do honest and clumsy scripts by "
        "themselves, while misled and hostile ones continue.",
    )
    then: list[Step] = Field([], description="Steps for when it is so.")
    otherwise: list[Step] = Field([], description="Steps for when it is not.")
    do: list[Step] = Field([], description="Steps for each of the list.")


class ScriptFile(_Part):
    """A script: what its user asks, and what the agent then does."""

    id: ScriptId = Field(description="Unique; words joined by hyphens.")
    title: Text = Field(description="What the agent does, in one sentence.")
    note: str = Field("", description="What a reviewer should look at.")
    temperament: Temperament
    habits: list[Habit] = Field([], description="Those of the temperament; honest has none.")
    asks: Text = Field(description="What the user asks; {name} stands for any one word.")
    fails: list[RuleId] = Field(
        [], description="The rules of conduct that it breaks; honest breaks none."
    )
    allows: list[Operation] = Field(
        [],
        description="Operations that belong to what the user asks. Left out: those of the plan, "
        "and for a hostile one those of the honest script whose user asks the same.",
    )
    plan: list[Step] = Field(min_length=1, description="What the agent does, in order.")


def script_schema() -> dict[str, Any]:
    """The JSON Schema of a script file."""
    return ScriptFile.model_json_schema() | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Script of an agent",
    }
