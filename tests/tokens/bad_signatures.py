"""Samples that are not what the service signed, or are not for it to read at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from harness.attacks import tampering
from harness.attacks.jws import PREFIX, Token, decode, encode, mac, parse
from harness.attacks.raw_json import nest, write
from tests.tokens.sample import CLAIMS, SECRETS, SERVICE, Sample, of_bytes, signed

SIGNATURE: Final = "signature"
_WIDE: Final[dict[str, Any]] = {"scopes": ["org:admin"]}


def bad_signatures() -> Iterator[Sample]:
    """In the order of the corpus."""
    yield from _signatures()
    yield from _keys()
    yield from _algorithms()
    yield from _headers()
    yield from _structures()
    yield from _encodings()
    yield from _payloads()
    yield from _prefixes()


def _bad(group: str, name: str, construction: str, token: str, **more: Any) -> Sample:
    told: dict[str, Any] = {"reason": SIGNATURE, "jws": False} | more
    return Sample(name, group, construction, token, **told)


def _signatures() -> Iterator[Sample]:
    token = parse(signed())

    def sample(name: str, construction: str, text: str) -> Sample:
        return _bad("signature", name, construction, text)

    def with_signature(signature: str) -> str:
        return str(Token(token.prefix, token.header, token.payload, signature))

    wide = signed(_WIDE, key=SECRETS["other"].encode())
    yield sample(
        "signature-empty", "Nothing behind the last dot", tampering.strip_signature(str(token))
    )
    yield sample("signature-cut", "Header and payload alone", tampering.cut_signature(str(token)))
    yield sample("signature-half", "The first half of it", tampering.truncate_signature(str(token)))
    yield sample("signature-flipped", "One bit is another", tampering.flip_signature(str(token)))
    yield sample("signature-zero", "32 zero bytes", tampering.zero_signature(str(token)))
    yield sample(
        "signature-hexadecimal",
        "The right signature in hexadecimal",
        with_signature(decode(token.signature).hex()),
    )
    yield sample(
        "signature-longer",
        "The right signature and one more byte",
        with_signature(encode(decode(token.signature) + b"\0")),
    )
    yield sample(
        "signature-over-payload",
        "The signature is made over the payload alone",
        with_signature(mac(token.payload, SERVICE)),
    )
    yield sample(
        "signature-over-prefix",
        "The signature is made over the prefix, the header and the payload",
        with_signature(mac(PREFIX + token.signing_input, SERVICE)),
    )
    yield sample(
        "signature-over-decoded",
        "The signature is made over header and payload before base64url",
        with_signature(
            mac(f"{decode(token.header).decode()}.{decode(token.payload).decode()}", SERVICE)
        ),
    )
    yield sample(
        "payload-swapped",
        "The payload of another token, with more scopes, under this one's signature",
        tampering.take_part(str(token), "payload", wide),
    )
    yield sample(
        "header-swapped",
        "The header of another token under this one's signature",
        tampering.take_part(str(token), "header", signed(header={"alg": "HS256"})),
    )


def _keys() -> Iterator[Sample]:
    def sample(name: str, construction: str, secret: str, **more: Any) -> Sample:
        token = signed(key=SECRETS[secret].encode())
        return _bad("secret", name, construction, token, signed_with=secret, **more)

    yield sample("secret-other", "Signed with a secret of somebody else", "other")
    yield sample("secret-guessed", "Signed with the word secret", "guess")
    yield sample("secret-empty", "Signed with a key of no bytes", "empty")
    yield sample(
        "no-secret-configured",
        "Signed with a key of no bytes, and the verifier has no secret either",
        "empty",
        verify_with="empty",
        reason="no-secret",
    )
    yield _bad(
        "secret",
        "secret-unset",
        "Signed with a good secret, and the verifier has none",
        signed(),
        verify_with="empty",
        reason="no-secret",
    )
    offered = {"alg": "HS256", "jwk": {"kty": "oct", "k": encode(SECRETS["other"].encode())}}
    yield _bad(
        "secret",
        "secret-offered-by-header",
        "Signed with the key that its own header brings along",
        signed(header=offered, key=SECRETS["other"].encode()),
        signed_with="other",
    )


def _algorithms() -> Iterator[Sample]:
    def sample(
        name: str, construction: str, alg: Any, key: bytes | None = SERVICE, algorithm: str = ""
    ) -> Sample:
        token = signed(_WIDE, header={"alg": alg, "typ": "JWT"}, key=key, algorithm=algorithm)
        with_name = None if key is None else "service"
        return _bad("algorithm", name, construction, token, signed_with=with_name)

    for word in ("none", "None", "NONE", "nOnE"):
        name = "alg-none" if word == "none" else f"alg-none-as-{word}"
        yield sample(name, f"alg is {word}, and the signature empty", word, None)
    yield sample("alg-none-signed", "alg is none beside a right HS256 signature", "none")
    yield sample("alg-hs256-unsigned", "alg is HS256, and the signature empty", "HS256", None)
    yield sample("alg-hs384", "Rightly signed with HS384", "HS384")
    yield sample("alg-hs512", "Rightly signed with HS512", "HS512")
    yield sample("alg-hs512-hs256", "alg is HS512, the signature HS256", "HS512", algorithm="HS256")
    yield sample("alg-hs256-hs512", "alg is HS256, the signature HS512", "HS256", algorithm="HS512")
    for word in ("RS256", "PS256", "ES256", "EdDSA"):
        name = f"alg-{word.lower()}"
        yield sample(name, f"alg is {word}, the signature HS256 with the secret as key", word)
    yield sample("alg-lower-case", "alg in lower case", "hs256")
    yield sample("alg-padded", "A space behind the algorithm's name", "HS256 ")
    yield sample("alg-empty", "alg is empty", "")
    yield sample("alg-null", "alg is null", None)
    yield sample("alg-list", "alg is a list with the right one in it", ["HS256"])
    yield sample("alg-object", "alg is an object", {"HS256": True})
    yield sample("alg-number", "alg is a number", 256)


def _headers() -> Iterator[Sample]:
    def sample(name: str, construction: str, header: bytes) -> Sample:
        return _bad("header", name, construction, of_bytes(header=header))

    def members(name: str, construction: str, header: dict[str, Any]) -> Sample:
        return sample(name, construction, write(header).encode())

    hs256 = {"alg": "HS256"}
    yield members("header-without-alg", "There is no alg", {"typ": "JWT"})
    yield members(
        "header-crit-unknown",
        "A member that must be understood, and is not (RFC 7515 section 4.1.11)",
        hs256 | {"crit": ["exp2"], "exp2": 1},
    )
    yield members("header-crit-empty", "A list of no members in crit", hs256 | {"crit": []})
    yield members("header-crit-absent", "crit names what is not there", hs256 | {"crit": ["exp2"]})
    unencoded = write(hs256 | {"b64": False, "crit": ["b64"]}).encode()
    yield _bad(
        "header",
        "header-unencoded-payload",
        "The payload is said not to be encoded, which no JWT may say (RFC 7797 section 7)",
        of_bytes(header=unencoded),
        jws=True,
    )
    yield members("header-kid-number", "kid is a number, where it is a text", hs256 | {"kid": 1})
    yield sample("header-empty", "A header of no bytes", b"")
    yield sample("header-no-json", "A header that is not JSON", b"{")
    yield sample("header-null", "The header is null", b"null")
    yield sample("header-list", "The header is a list", b'[{"alg":"HS256"}]')
    yield sample("header-text", "The header is a text", b'"HS256"')
    yield sample("header-not-utf-8", "The header is not UTF-8", b'{"alg":"HS256","typ":"\xff"}')
    yield sample("header-nested", "Lists in lists, deep", write(nest(3000)).encode())
    yield sample("header-alg-twice", "alg twice, none last", b'{"alg":"HS256","alg":"none"}')
    yield sample("header-trailing", "Something stands behind the object", b'{"alg":"HS256"}{}')


def _structures() -> Iterator[Sample]:
    token = signed()
    jwt = token.removeprefix(PREFIX)
    header, payload, signature = jwt.split(".")

    def sample(name: str, construction: str, text: str) -> Sample:
        return _bad("structure", name, construction, PREFIX + text)

    yield sample("parts-none", "The prefix, and nothing behind it", "")
    yield sample("parts-one", "The payload alone", payload)
    yield sample("parts-empty", "Three parts with nothing in them", "..")
    yield sample("parts-four", "An empty object as a fourth part", f"{jwt}.{encode(b'{}')}")
    yield sample("parts-five", "Five parts, as if encrypted", f"{header}..{payload}..{signature}")
    yield sample("part-empty-first", "A dot before the JWT", f".{jwt}")
    yield sample("part-empty-last", "A dot behind the JWT", f"{jwt}.")
    yield sample("part-payload-empty", "Nothing between the dots", f"{header}..{signature}")
    yield sample("parts-reversed", "The parts in reverse order", f"{signature}.{payload}.{header}")
    yield sample("parts-comma", "Commas instead of dots", jwt.replace(".", ","))
    whole = {"protected": header, "payload": payload, "signature": signature}
    yield sample("json-serialisation", "The JSON form of RFC 7515 section 7.2", write(whole))
    yield sample("quoted", "The JWT in quotation marks", f'"{jwt}"')
    yield sample("twice", "The JWT twice with a comma between", f"{jwt},{jwt}")


def _encodings() -> Iterator[Sample]:
    token = signed()

    def sample(name: str, construction: str, text: str) -> Sample:
        assert text != token, name
        return _bad("encoding", name, construction, text)

    for part in tampering.PARTS:
        yield sample(f"padded-{part}", f"Padding at the {part}", tampering.pad(token, part))
    for part in tampering.PARTS:
        spaced = tampering.insert(token, part, " ")
        yield sample(f"space-in-{part}", f"A space inside the {part}", spaced)
    yield sample("line-in-signature", "A line break", tampering.insert(token, "signature", "\n"))
    yield sample("star-in-signature", "A star", tampering.insert(token, "signature", "*"))
    yield sample("nul-in-payload", "A NUL", tampering.insert(token, "payload", "\0"))
    yield sample(
        "spare-bits-in-signature",
        "A bit behind the last byte of the signature is set: another spelling of the same bytes",
        tampering.set_spare_bits(token, "signature"),
    )
    # A signature in which both alphabets differ: one of few tries.
    for number in range(99):
        tried = signed({"sid": f"session-{number}"})
        if {"-", "_"} <= set(parse(tried).signature):
            break
    yield sample(
        "standard-alphabet",
        "+ and / of the standard alphabet in the signature",
        tampering.use_standard_alphabet(tried),
    )
    yield sample("characters-behind", "Two more characters behind the JWT", f"{token}AA")
    yield sample("character-missing", "The last character is missing", token[:-1])
    yield sample("line-behind", "A line break behind the JWT", f"{token}\n")
    yield sample("space-before", "A space between prefix and JWT", token.replace("_", "_ ", 1))
    capitals = PREFIX + token.removeprefix(PREFIX).upper()
    yield sample("capitals", "The JWT in capitals", capitals)
    accented = token[:-1] + "\u00e9"
    yield sample("no-ascii", "A letter that is not ASCII at the end", accented)


def _payloads() -> Iterator[Sample]:
    def sample(name: str, construction: str, payload: bytes) -> Sample:
        return _bad("payload", name, construction, of_bytes(payload), jws=True)

    yield sample("payload-empty", "A payload of no bytes, rightly signed", b"")
    yield sample("payload-no-json", "A payload that is not JSON, rightly signed", b"{")
    yield sample("payload-null", "The payload is null, rightly signed", b"null")
    yield sample("payload-list", "The payload is a list", write([dict(CLAIMS)]).encode())
    yield sample("payload-text", "The payload is a text", write(write(CLAIMS)).encode())
    yield sample("payload-not-utf-8", "The payload is not UTF-8", b'{"aud":"\xff"}')
    yield sample("payload-nested", "Lists in lists, deep", write(nest(3000)).encode())
    yield sample("payload-trailing", "Something behind the object", write(CLAIMS).encode() + b"{}")
    single = write(CLAIMS).replace('"', "'").encode()
    yield sample("payload-single-quotes", "Quoted as in Python, not as in JSON", single)


def _prefixes() -> Iterator[Sample]:
    token = signed()
    jwt = token.removeprefix(PREFIX)

    def other(name: str, construction: str, text: str) -> Sample:
        return Sample(name, "prefix", construction, text, "not-an-agent-token", jws=None)

    yield other("prefix-none", "The JWT alone", jwt)
    yield other("prefix-user-token", "The prefix of user tokens", f"sntryu_{jwt}")
    yield other("prefix-organization-token", "The prefix of organization tokens", f"sntrys_{jwt}")
    yield other("prefix-capitals", "The prefix in capitals", tampering.raise_prefix(token))
    yield other("prefix-without-underscore", "No underscore", f"sntryag{jwt}")
    yield other("prefix-hyphen", "A hyphen for the underscore", f"sntryag-{jwt}")
    yield other("prefix-after-space", "A space before the prefix", f" {token}")
    yield other("prefix-confusable", "A Cyrillic letter in the prefix", f"sntry\u0430g_{jwt}")
    yield other("prefix-behind", "The prefix behind the JWT", f"{jwt}.{PREFIX}")
    twice = tampering.double_prefix(token)
    yield _bad("prefix", "prefix-twice", "The prefix twice", twice)
