"""`forges`, `tampers` and `signs`: what an attacker makes before anything is sent.

Nothing here asks a server, but for the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from harness.attacks import forging, tampering
from harness.attacks.jws import PREFIX, NotAToken
from harness.attacks.raw_json import Raw, nest, write
from harness.attacks.respelling import WAYS, CannotRespell, respell
from harness.document import suggest
from harness.scenario.book import Book
from harness.scenario.duration import Duration
from harness.scenario.names import Actor
from harness.scenario.registry import Arguments, Verb
from harness.scenario.stage import Stage, StepFailedError

ValueName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
Claims = dict[str, JsonValue]

_DURATION: TypeAdapter[int] = TypeAdapter(Duration)
_MOST = 1_000_000


class Key(BaseModel):
    """A key of one's own."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    key: str


SignWith = Literal["keep", "none", "empty", "other", "secret"] | Key


class Forge(Arguments):
    """A token made of another or of claims alone, in the spelling that is wanted."""

    from_: str | None = Field(None, alias="from", description="The token to begin with.")
    claims: Claims | None = Field(None, description="All claims, where there is no such token.")
    header: Claims = Field({}, description="Header fields to set.")
    drop_header: list[str] = Field([], alias="drop header", description="Header fields to drop.")
    set: Claims = Field(
        {},
        description="Claims to set: a value, {$from now: 5m}, {$plus: 1h}, {$respell: float}, "
        "{$raw: '1e999'}, {$nested: 500} or {$long: 100000}.",
    )
    drop: list[str] = Field([], description="Claims to drop.")
    duplicate: Claims = Field({}, description="Claims written once more after all others.")
    duplicate_before: Claims = Field(
        {}, alias="duplicate before", description="Claims written once more before all others."
    )
    sign_with: SignWith = Field(
        "keep",
        alias="sign with",
        description="keep the old signature, none, the empty key, an other key, a key of one's "
        "own, or the secret shared with Seer.",
    )
    algorithm: Literal["HS256", "HS384", "HS512"] | None = Field(
        None, description="Of the signature, whatever the header says."
    )
    prefix: str | None = Field(None, description="Before the JWT; sntryag_ if left out.")
    as_: str = Field(alias="as", description="A name for the token.", min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Forge:
        if (self.from_ is None) == (self.claims is None):
            raise ValueError("expected either from or claims")
        if self.claims is not None and self.sign_with == "keep":
            raise ValueError("claims alone have no signature to keep: say what to 'sign with'")
        return self


class PartOf(BaseModel):
    """A part of another token in its place."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        json_schema_extra={"minProperties": 1, "maxProperties": 1},
    )

    header_of: str | None = Field(None, alias="header of")
    payload_of: str | None = Field(None, alias="payload of")
    signature_of: str | None = Field(None, alias="signature of")
    prefix: str | None = None

    @model_validator(mode="after")
    def _one(self) -> PartOf:
        if len(self.model_fields_set) != 1:
            raise ValueError("expected one of header of, payload of, signature of, prefix")
        return self

    def taken(self) -> tuple[tampering.Part, str] | None:
        """The part, and the name of the token that it is taken from."""
        for part in tampering.PARTS:
            if (name := getattr(self, f"{part}_of")) is not None:
                return part, name
        return None


# A word of the table, or one with a name in it that is filled in when it is played.
Change = Annotated[
    str,
    Field(json_schema_extra={"anyOf": [{"enum": list(tampering.WORDS)}, {"pattern": r"\{.+\}"}]}),
]


class Tamper(Arguments):
    """Changes to the text of a token, one after another."""

    from_: str = Field(alias="from", description="The token to begin with.")
    do: list[Change | PartOf] = Field(
        min_length=1, description="What is done to it, in this order."
    )
    as_: str = Field(alias="as", description="A name for what comes of it.", min_length=1)


class Sign(Arguments):
    """A viewer context, or the body of a call between services, and its signature."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["context"]}, {"required": ["body"]}]}
    )

    context: Claims | str | None = Field(
        None, description="A viewer context; a text is taken as it is."
    )
    body: Claims | str | None = Field(None, description="A body; a text is taken as it is.")
    sign_with: Literal["none", "empty", "other", "secret"] | Key = Field(alias="sign with")
    as_: ValueName = Field(
        alias="as", description="A name: {name.text} and {name.signature} are what is sent."
    )

    @model_validator(mode="after")
    def _one(self) -> Sign:
        if (self.context is None) == (self.body is None):
            raise ValueError("expected either context or body")
        return self


def _forge(stage: Stage, actor: Actor, forge: Forge) -> None:
    if stage.wire.planned:
        stage.tokens[forge.as_] = f"{PREFIX}planned-{forge.as_}"
        return
    header: Mapping[str, Any] = forging.DEFAULT_HEADER
    claims: Mapping[str, Any] = {}
    prefix, old = PREFIX, ""
    if forge.from_ is not None:
        old = stage.token(forge.from_)
        try:
            header, claims, prefix = forging.read_members(old)
        except NotAToken as error:
            raise StepFailedError(f"{forge.from_!r} cannot be taken apart: {error}") from None
    values = _Values(stage, claims)
    header = {name: value for name, value in header.items() if name not in forge.drop_header}
    members = forging.change(
        claims,
        put=values.read((forge.claims or {}) | forge.set),
        drop=forge.drop,
        before=values.read(forge.duplicate_before),
        after=values.read(forge.duplicate),
    )
    token = forging.forge(
        (header | values.read(forge.header)).items(),
        members,
        _key(stage, forge.sign_with),
        algorithm=forge.algorithm or "",
        prefix=prefix if forge.prefix is None else forge.prefix,
    )
    text = str(token)
    if forge.sign_with == "keep":
        text = tampering.take_part(text, "signature", old)
    _keep(stage, actor, forge.as_, text)


def _tamper(stage: Stage, actor: Actor, tamper: Tamper) -> None:
    if stage.wire.planned:
        stage.tokens[tamper.as_] = f"{PREFIX}planned-{tamper.as_}"
        return
    text = stage.token(tamper.from_)
    try:
        for change in tamper.do:
            text = _change(stage, text, change)
    except NotAToken as error:
        raise StepFailedError(f"{tamper.from_!r} cannot be taken apart: {error}") from None
    _keep(stage, actor, tamper.as_, text)


def _change(stage: Stage, text: str, change: str | PartOf) -> str:
    if isinstance(change, str):
        return tampering.WORDS[change](text)
    if taken := change.taken():
        part, name = taken
        return tampering.take_part(text, part, stage.token(name))
    return tampering.set_prefix(text, change.prefix or "")


def _sign(stage: Stage, _: Actor, signing: Sign) -> None:
    given = signing.context if signing.body is None else signing.body
    text = given if isinstance(given, str) else write(_Values(stage, {}).read(given or {}))
    key = _key(stage, signing.sign_with)
    signature = "" if key is None else forging.digest(key, text)
    stage.transcript.redactor.register(signature, "signature")
    stage.values[signing.as_] = {"text": text, "signature": signature}


def _keep(stage: Stage, actor: Actor, name: str, text: str) -> None:
    stage.tokens[name] = text
    # Whatever its form is now, it is shown by a label, with header and claims beside it.
    stage.transcript.redactor.register(text, "agent token")
    stage.transcript.remark(f"{actor} holds {text} as {name}")


def _key(stage: Stage, sign_with: str | Key) -> bytes | None:
    """None for no signature."""
    if isinstance(sign_with, Key):
        return sign_with.key.encode()
    match sign_with:
        case "secret":
            return (stage.target.sentry.secret or "").encode()
        case "empty":
            return b""
        case "other":
            return forging.OTHER_KEY
        case _:
            return None


class _Values:
    """Values as a file writes them, with the token's own beside them."""

    def __init__(self, stage: Stage, old: Mapping[str, Any]) -> None:
        self._stage = stage
        self._old = old

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Raises StepFailedError for a value that cannot be made."""
        return {name: self._read(name, value) for name, value in given.items()}

    def _read(self, name: str, value: Any) -> Any:
        if not isinstance(value, dict) or len(value) != 1:
            return value
        (word, argument), *_ = value.items()
        match word:
            case "$from now":
                return int(self._now()) + _DURATION.validate_python(argument)
            case "$plus":
                return self._own(name) + _DURATION.validate_python(argument)
            case "$respell":
                return self._respell(name, argument)
            case "$raw":
                return Raw(argument)
            case "$nested":
                return nest(argument)
            case "$long":
                return "a" * argument
            case _:
                return value

    def _own(self, name: str) -> Any:
        if name not in self._old:
            raise StepFailedError(f"the token has no claim {name!r}")
        return self._old[name]

    def _respell(self, name: str, how: str) -> Any:
        try:
            return respell(self._own(name), how)
        except CannotRespell as error:
            raise StepFailedError(f"{name}: {error}") from None

    def _now(self) -> float:
        control = self._stage.control
        return (control.now() if control is not None else datetime.now(UTC)).timestamp()


def _review_forge(book: Book, _: Actor, forge: Forge) -> None:
    if forge.from_ is not None:
        book.uses_token(("from",), forge.from_)
    for key in ("claims", "header", "set", "duplicate", "duplicate_before"):
        for path, message in _find_mistakes(getattr(forge, key) or {}):
            book.mistake((key.replace("_", " "), *path), message)
    if forge.sign_with == "secret":
        book.needs_secret("'forges' with the secret")
    book.mints(("as",), forge.as_, book.holder_of(forge.from_) if forge.from_ else None)


def _find_mistakes(values: Claims) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, value in values.items():
        if isinstance(value, dict) and len(value) == 1:
            (word, argument), *_ = value.items()
            if word.startswith("$") and (message := _mistake(word, argument)):
                yield (name, word), message


def _mistake(word: str, argument: Any) -> str:
    if word not in _WORDS:
        return f"unknown word {word!r}{suggest(word, _WORDS)}"
    if word == "$respell":
        # A name of `for each` is known only when it is played.
        known = argument in WAYS or (isinstance(argument, str) and "{" in argument)
        return "" if known else f"no such spelling{suggest(str(argument), WAYS)}"
    try:
        _WORDS[word].validate_python(argument)
    except ValidationError as error:
        return str(error.errors(include_url=False)[0]["msg"])
    return ""


_WORDS: dict[str, TypeAdapter[Any]] = {
    "$from now": _DURATION,
    "$plus": _DURATION,
    "$respell": TypeAdapter(str),
    "$raw": TypeAdapter(Annotated[str, Field(strict=True)]),
    "$nested": TypeAdapter(Annotated[int, Field(strict=True, ge=1, le=_MOST)]),
    "$long": TypeAdapter(Annotated[int, Field(strict=True, ge=1, le=_MOST)]),
}


def _review_tamper(book: Book, _: Actor, tamper: Tamper) -> None:
    book.uses_token(("from",), tamper.from_)
    for index, change in enumerate(tamper.do):
        if isinstance(change, PartOf):
            if taken := change.taken():
                book.uses_token(("do", index, f"{taken[0]} of"), taken[1])
        elif change not in tampering.WORDS and "{" not in change:
            message = f"unknown change {change!r}{suggest(change, tampering.WORDS)}"
            book.mistake(("do", index), message)
    book.mints(("as",), tamper.as_, book.holder_of(tamper.from_))


def _review_sign(book: Book, _: Actor, signing: Sign) -> None:
    for key, given in (("context", signing.context), ("body", signing.body)):
        if isinstance(given, dict):
            for path, message in _find_mistakes(given):
                book.mistake((key, *path), message)
    if signing.sign_with == "secret":
        book.needs_secret("'signs' with the secret")
    book.values.add(signing.as_)


def _verb(name: str, arguments: type[Arguments], play: Any, review: Any, *actors: Any) -> Verb:
    return Verb(
        name=name,
        arguments=arguments,
        actors=frozenset({"attacker", "agent", *actors}),
        play=play,
        review=review,
        answers=False,
    )


VERBS = [
    _verb("forges", Forge, _forge, _review_forge),
    _verb("tampers", Tamper, _tamper, _review_tamper),
    _verb("signs", Sign, _sign, _review_sign, "service"),
]
