"""Changes to the text of a token: what still says the same, and what does not verify."""

from __future__ import annotations

import json

import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from harness.attacks import tampering
from harness.attacks.forging import forge
from harness.attacks.jws import NotAToken, decode, parse
from harness.attacks.tampering import PARTS, WORDS

KEY = b"0123456789abcdef0123456789abcdef"
CLAIMS = {"sub": "7", "org": 1, "sid": "ab?>~"}
TOKEN = str(forge({"alg": "HS256", "typ": "JWT"}.items(), CLAIMS.items(), KEY))
OTHER = str(forge({"alg": "HS256", "typ": "JWT"}.items(), {"sub": "8"}.items(), KEY))


def verifies(text: str) -> bool:
    """Whether joserfc takes it, which is strict where RFC 7515 is."""
    try:
        jws.deserialize_compact(text.removeprefix("sntryag_"), OctKey.import_key(KEY))
    except (JoseError, ValueError):
        return False
    return True


def test_the_token_itself_verifies() -> None:
    assert verifies(TOKEN)


@pytest.mark.parametrize("word", sorted(WORDS))
def test_each_change_changes_the_text(word: str) -> None:
    changed = WORDS[word](TOKEN)
    # A part whose last character is full has no other spelling (RFC 4648 section 3.5).
    full = [f"set spare bits of {p}" for p in PARTS if len(getattr(parse(TOKEN), p)) % 4 == 0]
    assert (changed == TOKEN) is (word in full or _has_one_alphabet(word))


def _has_one_alphabet(word: str) -> bool:
    return word == "use standard alphabet" and not {"-", "_"} & set(TOKEN.removeprefix("sntryag_"))


@pytest.mark.parametrize(
    "word",
    ["strip signature", "cut signature", "truncate signature", "flip signature", "zero signature"],
)
def test_without_its_signature_it_does_not_verify(word: str) -> None:
    changed = WORDS[word](TOKEN)
    assert not verifies(changed)
    assert changed.startswith(TOKEN.rpartition(".")[0])


def test_signatures_in_detail() -> None:
    whole = decode(parse(TOKEN).signature)
    assert tampering.strip_signature(TOKEN).endswith(".")
    assert tampering.cut_signature(TOKEN).count(".") == 1
    assert decode(parse(tampering.truncate_signature(TOKEN)).signature) == whole[:16]
    assert decode(parse(tampering.zero_signature(TOKEN)).signature) == bytes(32)
    flipped = decode(parse(tampering.flip_signature(TOKEN)).signature)
    assert sum((a ^ b).bit_count() for a, b in zip(whole, flipped, strict=True)) == 1


@pytest.mark.parametrize("part", PARTS)
def test_other_spellings_say_the_same(part: tampering.Part) -> None:
    bytes_of = decode(getattr(parse(TOKEN), part))
    for change in (tampering.pad, tampering.set_spare_bits):
        assert decode(getattr(parse(change(TOKEN, part)), part)) == bytes_of
    assert tampering.pad(TOKEN, part).count("=") in (1, 2)


def test_spare_bits_are_another_spelling_of_the_signature() -> None:
    changed = tampering.set_spare_bits(TOKEN, "signature")
    assert changed != TOKEN
    assert changed[:-1] == TOKEN[:-1]


def test_parts_are_taken_from_another() -> None:
    spliced = tampering.take_part(TOKEN, "payload", OTHER)
    assert json.loads(decode(parse(spliced).payload)) == {"sub": "8"}
    assert parse(spliced).signature == parse(TOKEN).signature
    assert not verifies(spliced)
    whole = tampering.take_part(spliced, "signature", OTHER)
    assert verifies(whole)


def test_prefixes() -> None:
    assert tampering.set_prefix(TOKEN, "") == TOKEN.removeprefix("sntryag_")
    assert tampering.double_prefix(TOKEN) == f"sntryag_{TOKEN}"
    assert tampering.raise_prefix(TOKEN).startswith("SNTRYAG_eyJ")
    assert tampering.add_part(TOKEN).count(".") == 3


@pytest.mark.parametrize("word", sorted(set(WORDS) - {"cut signature", "add part"}))
def test_what_is_no_token_cannot_be_changed(word: str) -> None:
    with pytest.raises(NotAToken):
        WORDS[word]("no token")
