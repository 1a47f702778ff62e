"""Changes to the text of a token that leave what it says as it is, or take parts of others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal

from harness.attacks.jws import Token, decode, encode, parse

Part = Literal["header", "payload", "signature"]
PARTS: Final[tuple[Part, ...]] = ("header", "payload", "signature")

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def strip_signature(text: str) -> str:
    """Header and payload, and the dot before a signature that is not there."""
    return str(replace(parse(text), signature=""))


def cut_signature(text: str) -> str:
    """Header and payload alone: two parts."""
    return text.rpartition(".")[0]


def truncate_signature(text: str) -> str:
    """The first half of the signature: what a comparison by the shorter one would accept."""
    token = parse(text)
    whole = decode(token.signature)
    return str(replace(token, signature=encode(whole[: len(whole) // 2])))


def flip_signature(text: str) -> str:
    """One bit of the signature is another."""
    token = parse(text)
    whole = bytearray(decode(token.signature))
    whole[0] ^= 1
    return str(replace(token, signature=encode(bytes(whole))))


def zero_signature(text: str) -> str:
    """As many zero bytes as the signature has."""
    token = parse(text)
    return str(replace(token, signature=encode(bytes(len(decode(token.signature))))))


def set_spare_bits(text: str, part: Part) -> str:
    """Sets a bit behind the last byte of a part: another spelling of the same bytes.

    A part that ends with its last character full is left as it is (RFC 4648 section 3.5).
    """
    token = parse(text)
    written: str = getattr(token, part)
    if len(written) % 4 not in (2, 3):
        return text
    last = _ALPHABET[_ALPHABET.index(written[-1]) | 1]
    return _with(token, part, written[:-1] + last)


def pad(text: str, part: Part) -> str:
    """Padding, which RFC 7515 section 2 leaves out; two signs where none would be due."""
    token = parse(text)
    written: str = getattr(token, part)
    return _with(token, part, written + "=" * (-len(written) % 4 or 2))


def insert(text: str, part: Part, what: str) -> str:
    """Puts `what` into the middle of a part: white space, a sign of no alphabet."""
    token = parse(text)
    written: str = getattr(token, part)
    middle = len(written) // 2
    return _with(token, part, written[:middle] + what + written[middle:])


def use_standard_alphabet(text: str) -> str:
    """`+` and `/` instead of `-` and `_` in all parts; a token that has neither stays."""
    token = parse(text)
    return token.prefix + str(replace(token, prefix="")).translate(str.maketrans("-_", "+/"))


def take_part(text: str, part: Part, other: str) -> str:
    """The part of another token in the place of one's own."""
    return _with(parse(text), part, getattr(parse(other), part))


def set_prefix(text: str, prefix: str) -> str:
    """Another prefix before the JWT."""
    return str(replace(parse(text), prefix=prefix))


def double_prefix(text: str) -> str:
    """The prefix twice."""
    return parse(text).prefix + text


def raise_prefix(text: str) -> str:
    """The prefix in capitals."""
    return set_prefix(text, parse(text).prefix.upper())


def add_part(text: str) -> str:
    """A fourth part behind the signature, an empty object."""
    return f"{text}.{encode(b'{}')}"


def _with(token: Token, part: Part, written: str) -> str:
    parts = {name: getattr(token, name) for name in ("prefix", *PARTS)} | {part: written}
    return str(Token(**parts))


def _words_of(part: Part) -> dict[str, Callable[[str], str]]:
    return {
        f"pad {part}": lambda text: pad(text, part),
        f"set spare bits of {part}": lambda text: set_spare_bits(text, part),
        f"space in {part}": lambda text: insert(text, part, " "),
        f"star in {part}": lambda text: insert(text, part, "*"),
    }


#: What can be done to a token in itself, by name.
WORDS: Final[dict[str, Callable[[str], str]]] = {
    "strip signature": strip_signature,
    "cut signature": cut_signature,
    "truncate signature": truncate_signature,
    "flip signature": flip_signature,
    "zero signature": zero_signature,
    "use standard alphabet": use_standard_alphabet,
    "double prefix": double_prefix,
    "raise prefix": raise_prefix,
    "add part": add_part,
    **_words_of("header"),
    **_words_of("payload"),
    **_words_of("signature"),
}
