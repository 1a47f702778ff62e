"""Samples that a verifier accepts: what is unusual is not wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator

from harness.attacks.raw_json import Raw
from tests.tokens.sample import (
    AT,
    CLAIMS,
    EXPIRES,
    ISSUED,
    SECRETS,
    Sample,
    forged,
    of_bytes,
    read_as,
    signed,
)


def good() -> Iterator[Sample]:
    """In the order of the corpus."""
    yield from _written()
    yield from _headers()
    yield from _claims()
    yield from _times()
    yield Sample(
        "secret-of-another-service",
        "good",
        "Signed with another secret, and verified with that one",
        signed(key=SECRETS["other"].encode()),
        signed_with="other",
        verify_with="other",
        claims=read_as(),
    )


def _written() -> Iterator[Sample]:
    plain = read_as()
    claims = list(CLAIMS.items())

    def sample(name: str, construction: str, token: str) -> Sample:
        return Sample(name, "good", construction, token, claims=plain)

    yield sample("good", "The plain form: every claim, as a service issues it", signed())
    yield sample("claims-in-reverse", "The claims in reverse order", forged(reversed(claims)))
    yield sample(
        "payload-with-spaces",
        "The payload is JSON over several lines with spaces and tabs",
        of_bytes(json.dumps(CLAIMS, indent="\t").encode()),
    )
    escaped = json.dumps(CLAIMS).replace('"sid"', '"\\u0073id"').replace("sentry-", "\\u0073entry-")
    yield sample(
        "payload-with-escapes",
        "A claim's name and the audience are written with JSON escapes",
        of_bytes(escaped.encode()),
    )
    yield sample(
        "unknown-claims",
        "More claims than are known (iss, jti, role, nbf in the future): they mean nothing here",
        signed({"iss": 5, "jti": [], "role": "owner", "nbf": EXPIRES + 9, "act": {"sub": "102"}}),
    )
    yield sample(
        "claims-in-capitals-beside",
        "Claims whose names differ in case from known ones stand beside these: they are others",
        signed({"ORG": 1, "Sub": "1", "Scopes": ["org:admin"]}),
    )


def _headers() -> Iterator[Sample]:
    def sample(name: str, construction: str, header: dict[str, object]) -> Sample:
        token = signed(header=header)
        return Sample(name, "good", construction, token, claims=read_as())

    yield sample("header-alg-alone", "The header has alg and no typ", {"alg": "HS256"})
    yield sample("header-reversed", "typ before alg", {"typ": "JWT", "alg": "HS256"})
    yield sample("header-typ-lower-case", "typ in lower case", {"alg": "HS256", "typ": "jwt"})
    yield sample(
        "header-kid", "A key id, which chooses nothing", {"alg": "HS256", "kid": "../../dev/null"}
    )
    yield sample(
        "header-offers-keys",
        "The header offers a key and a place to fetch keys, and is signed with the right one",
        {"alg": "HS256", "jku": "https://keys.invalid/", "jwk": {"kty": "oct", "k": "c2VjcmV0"}},
    )


def _claims() -> Iterator[Sample]:
    def sample(name: str, construction: str, **claims: object) -> Sample:
        return Sample(name, "good", construction, signed(claims), claims=read_as(**claims))

    yield sample("scopes-none", "No scope at all", scopes=[])
    yield sample("scopes-repeated", "A scope twice", scopes=["org:read", "org:read"])
    yield sample("scopes-unknown", "Scopes that nobody knows", scopes=["org:read", "no:such", ""])
    yield sample("sid-one-character", "The shortest session id", sid="s")
    yield sample("sid-128-characters", "The longest session id", sid="s" * 128)
    yield sample(
        "sid-128-beyond-the-basic-plane",
        "128 characters of four bytes each: characters are counted, not bytes or UTF-16 units",
        sid="\U0001d564" * 128,
    )
    yield sample("sid-spaces", "A session id of a space", sid=" ")
    yield sample("sub-zero", "The user with the id 0 is well-formed, though there is none", sub="0")
    yield sample("sub-leading-zeros", "Zeros before the digits of the user's id", sub="00101")
    yield sample("sub-greatest", "The greatest id of 31 bits", sub="2147483647")
    yield sample("org-zero", "The organization 0 is well-formed, though there is none", org=0)
    yield sample("org-greatest", "The greatest id of 31 bits", org=2147483647)


def _times() -> Iterator[Sample]:
    def sample(name: str, construction: str, at: int = AT, **claims: int) -> Sample:
        token = signed(claims)
        return Sample(name, "times", construction, token, at=at, claims=read_as(**claims))

    yield sample("at-issue", "Used in the second of its issue", at=ISSUED)
    yield sample("last-second", "Used one second before exp", at=EXPIRES - 1)
    yield sample("shortest-life", "exp one second after iat", at=ISSUED, exp=ISSUED + 1)
    yield sample("issued-at-the-epoch", "iat is 0", iat=0)
    yield sample("expires-late", "exp has 18 digits", exp=10**18 - 1)
    yield Sample(
        "time-with-a-minus-zero",
        "times",
        "iat is -0, which JSON reads as the integer 0",
        signed({"iat": Raw("-0")}),
        claims=read_as(iat=0),
    )
