"""A scenario: what its file says, checked.

The frame (id, title, cast, …) is a model. A step is a mapping with one key
`<actor> <verb>`, whose value are the verb's arguments, and beside it `expect`,
`note` and `for each`, in an attack also `control` and `attack`; arguments and
expectations keep the plain data of the file, because names in braces are filled in only
when the step is played.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model, model_validator

from harness.scenario.attack import Attack, Role
from harness.scenario.cast import CastModel
from harness.scenario.casting import Wanted
from harness.scenario.names import Actor
from harness.scenario.registry import EXPECTATIONS

DEFAULT_WORLD = "two-organizations"

ScenarioId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Filled = Annotated[str, Field(min_length=1)]
RawStep = dict[str, JsonValue]


class Server(BaseModel):
    """How the mock is started; a server that runs already is as it is."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    secret: bool = Field(
        True, description="Whether a secret is shared with Seer; without one nothing is signed."
    )


class Frame(BaseModel):
    """A scenario file, its steps still plain."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: ScenarioId = Field(description="Unique; words joined by hyphens.")
    title: Filled = Field(description="What is shown, in one sentence.")
    note: str = Field("", description="What a reviewer should look at.")
    tags: list[Filled] = Field([], description="Words to select by.")
    world: Filled = Field(
        DEFAULT_WORLD, description="The world to play in, by name or path, in process."
    )
    attack: Attack | None = Field(None, description="What makes the scenario an attack.")
    server: Server = Field(Server(), description="How the mock is started, in process.")
    cast: CastModel = Field(CastModel(), description="Who plays, by what they are.")
    steps: list[RawStep] = Field(min_length=1, description="What happens, in order.")
    afterwards: list[RawStep] = Field(
        [], description="Steps that put things right again, played whatever happened before."
    )


class StepFrame(BaseModel):
    """What may stand beside the action of a step."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    note: str = Field("", description="What a reviewer should look at.")
    for_each: dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")],
        Annotated[list[JsonValue], Field(min_length=1)],
    ] = Field(
        {}, alias="for each", description="Plays the step for each value of a name, in order."
    )
    control: bool = Field(
        False, description="In an attack: the honest form of what is attacked, which must work."
    )
    attack: bool = Field(
        False,
        description="In an attack: the hostile act; `expect` says what is seen when it is held.",
    )
    expect: dict[str, JsonValue] = Field({}, description="What must come of it.")

    @model_validator(mode="after")
    def _one_role(self) -> StepFrame:
        if self.control and self.attack:
            raise ValueError("a step is control or attack, not both")
        return self

    @property
    def role(self) -> Role | None:
        """What the step is in an attack; None for set-up."""
        if self.attack:
            return "attack"
        return "control" if self.control else None


BESIDE = ("expect", "note", "for each", "control", "attack")
"""The keys of a step that are not its action."""


@dataclass(frozen=True)
class Step:
    """One step. `arguments` and `expect` are the plain data of the file.

    `acts_for`: the user whom the step is about, if that is plain. `line` is in the file.
    `role`: what it is in an attack.
    """

    index: int
    actor: Actor
    verb: str
    arguments: dict[str, Any]
    expect: dict[str, Any]
    note: str
    for_each: Mapping[str, list[Any]]
    line: int
    acts_for: str | None
    role: Role | None = None

    @property
    def action(self) -> str:
        """`<actor> <verb>`, as the file has it."""
        return f"{self.actor} {self.verb}"


@dataclass(frozen=True)
class Scenario:
    """A scenario that was read without a mistake.

    `world` is a name, or the path of a file. `control`, `secret`, `seer` and `browser`
    tell what needs the control API, the shared secret, a scripted Seer and users with a
    browser; `sessions` maps agent sessions to organizations.
    `secretless`: the mock is to be started with no shared secret.
    """

    id: str
    title: str
    note: str
    tags: tuple[str, ...]
    world: str
    cast: CastModel
    steps: tuple[Step, ...]
    afterwards: tuple[Step, ...]
    file: str
    wanted: Wanted = field(repr=False)
    control: tuple[str, ...]
    secret: tuple[str, ...]
    sessions: Mapping[str, str]
    seer: tuple[str, ...] = ()
    browser: tuple[str, ...] = ()
    attack: Attack | None = None
    secretless: bool = False


_models: dict[tuple[str, ...], type[BaseModel]] = {}


def expect_model() -> type[BaseModel]:
    """The model of `expect`, with a field for each expectation of the language.

    Fields are `e0`, `e1`, …, in the order of the table; their aliases are the names.
    """
    names = tuple(EXPECTATIONS)
    if names not in _models:
        fields: dict[str, Any] = {
            f"e{index}": (
                expectation.type,
                Field(None, alias=expectation.name, description=expectation.description or None),
            )
            for index, expectation in enumerate(EXPECTATIONS.values())
        }
        config = ConfigDict(extra="forbid", strict=True, frozen=True)
        _models[names] = create_model("Expect", __config__=config, **fields)
    return _models[names]


def read_expectations(data: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an `expect` section by name, in its order, each in its model.

    Raises pydantic.ValidationError.
    """
    checked = expect_model().model_validate(dict(data))
    fields = {info.alias: name for name, info in type(checked).model_fields.items()}
    return {name: getattr(checked, fields[name]) for name in data}
