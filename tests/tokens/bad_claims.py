"""Samples that are rightly signed and say what no token may say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from harness.attacks.raw_json import Raw
from harness.attacks.respelling import respell
from tests.tokens.sample import AT, CLAIMS, EXPIRES, ISSUED, Sample, forged, signed

#: claim: [(what is done to it, its value)].
_MISTYPED: Final[dict[str, list[tuple[str, Any]]]] = {
    "aud": [
        ("null", None),
        ("empty", ""),
        ("of another API", "sentry-api"),
        ("in capitals", "SENTRY-AGENT-API"),
        ("with a space behind", "sentry-agent-api "),
        ("in a list", ["sentry-agent-api"]),
        ("in a list with others", ["sentry-api", "sentry-agent-api"]),
        ("a boolean", True),
        ("an object", {"sentry-agent-api": True}),
    ],
    "sub": [
        ("null", None),
        ("a number", 101),
        ("a boolean", True),
        ("a list", ["101"]),
        ("an object", {"id": "101"}),
        ("empty", ""),
        ("a name", "olivia"),
        ("negative", "-101"),
        ("with a plus", respell("101", "plus")),
        ("with spaces around", respell("101", "spaces")),
        ("with a line break behind", respell("101", "newline")),
        ("with an underscore", respell("101", "underscore")),
        ("with a fraction of zero", "101.0"),
        ("with an exponent", "101e0"),
        ("hexadecimal", "0x65"),
        ("in Arabic-Indic digits", respell("101", "arabic")),
        ("in full-width digits", respell("101", "full-width")),
        ("in superscript digits", "\u00b9\u2070\u00b9"),
        ("beyond 31 bits", "2147483648"),
        ("very long", "1" * 5000),
    ],
    "org": [
        ("null", None),
        ("in text", "4001"),
        ("a slug", "acme"),
        ("true", True),
        ("false", False),
        ("a list", [4001]),
        ("an object", {"id": 4001}),
        ("with a fraction of zero", Raw("4001.0")),
        ("with an exponent", Raw("4001e0")),
        ("with a fraction", Raw("4001.5")),
        ("negative", -1),
        ("beyond 31 bits", 2147483648),
        ("beyond 64 bits", 2**64 + 4001),
    ],
    "scopes": [
        ("null", None),
        ("one text of words", "org:read project:read"),
        ("empty text", ""),
        ("a mapping", {"org:read": True}),
        ("a boolean", True),
        ("a number", 1),
        ("a list of numbers", [1]),
        ("a list with null in it", ["org:read", None]),
        ("a list of lists", [["org:read"]]),
    ],
    "sid": [
        ("null", None),
        ("empty", ""),
        ("a number", 1),
        ("a boolean", True),
        ("a list", ["session-1"]),
        ("an object", {"id": "session-1"}),
        ("of 129 characters", "s" * 129),
    ],
    "iat": [
        ("null", None),
        ("in text", str(ISSUED)),
        ("in ISO 8601", "2026-01-15T12:00:00Z"),
        ("true", True),
        ("a list", [ISSUED]),
        ("with a fraction of zero", Raw(f"{ISSUED}.0")),
        ("with an exponent", Raw(f"{ISSUED}e0")),
        ("negative", -1),
        ("no number, as NaN", Raw("NaN")),
    ],
    "exp": [
        ("null", None),
        ("in text", str(EXPIRES)),
        ("true", True),
        ("a list", [EXPIRES]),
        ("with a fraction of zero", Raw(f"{EXPIRES}.0")),
        ("with an exponent", Raw("9e9")),
        ("negative", -1),
        ("of 19 digits", 10**18),
        ("beyond any clock, as Infinity", Raw("Infinity")),
    ],
}


def bad_claims() -> Iterator[Sample]:
    """In the order of the corpus."""
    for name in CLAIMS:
        yield Sample(
            f"{name}-missing",
            "claims",
            f"{name} is missing",
            signed(drop=[name]),
            f"claim-missing:{name}",
        )
    yield Sample("claims-none", "claims", "An empty object", forged([]), "claim-missing:aud")
    for name, spoiled in _MISTYPED.items():
        for how, value in spoiled:
            words = how.replace(",", "").replace(".", "").lower().replace(" ", "-")
            yield Sample(
                f"{name}-{words}",
                "claims",
                f"{name} is {how}",
                signed({name: value}),
                f"claim:{name}",
            )
    yield from _twice()
    yield from _times()


def _twice() -> Iterator[Sample]:
    # Good ones last are not in the corpus: RFC 7519 section 4 lets a reader refuse them too.
    for name, value in (("org", True), ("aud", ["sentry-agent-api"]), ("scopes", "org:admin")):
        yield Sample(
            f"{name}-twice",
            "claims",
            f"{name} twice: first the good value, then a mistyped one",
            signed(after={name: value}),
            f"claim:{name}",
        )


def _times() -> Iterator[Sample]:
    def sample(name: str, construction: str, reason: str, at: int = AT, **claims: Any) -> Sample:
        return Sample(name, "times", construction, signed(claims), reason, at=at)

    yield sample("expired", "Used an hour after exp", "expired", EXPIRES + 3600)
    yield sample("at-expiry", "Used in the second of exp: there is no leeway", "expired", EXPIRES)
    yield sample("second-after-expiry", "Used a second after exp", "expired", EXPIRES + 1)
    yield sample("from-the-future", "iat is an hour away", "not-yet-valid", ISSUED - 3600)
    yield sample("second-before-issue", "iat is a second away", "not-yet-valid", ISSUED - 1)
    yield sample("expires-at-issue", "exp is iat", "claim:exp", exp=ISSUED)
    yield sample("expires-before-issue", "exp is before iat", "claim:exp", iat=AT, exp=AT - 1)
    yield sample("life-backwards", "iat and exp swapped", "claim:exp", iat=EXPIRES, exp=ISSUED)
    yield sample(
        "expired-in-milliseconds",
        "iat in milliseconds, exp in seconds",
        "claim:exp",
        iat=ISSUED * 1000,
    )
    yield sample(
        "issued-in-milliseconds",
        "iat and exp in milliseconds: not valid for a long time",
        "not-yet-valid",
        iat=ISSUED * 1000,
        exp=EXPIRES * 1000,
    )
