"""The corpus of tokens, the project's verifier, and a JOSE library of somebody else's."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from jsonschema import Draft202012Validator

from harness.attacks.jws import PREFIX
from harness.sentry.agent import dialect
from harness.sentry.agent.claims import Claims, TokenError
from harness.sentry.agent.token import Verifier
from tests.tokens.corpus import FILE, write

CORPUS: dict[str, Any] = json.loads(FILE.read_text("ascii"))
SAMPLES: list[dict[str, Any]] = CORPUS["samples"]

#: Where the library decides otherwise, and why it is not followed.
UNLIKE = {"header-crit-empty": "RFC 7515 section 4.1.11: crit must not be an empty list"}

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["id"])


def show(claims: Claims) -> dict[str, Any]:
    return {
        "user": claims.user_id,
        "organization": claims.organization_id,
        "scopes": sorted(claims.scopes),
        "session": claims.session_id,
        "issued_at": claims.issued_at,
        "expires_at": claims.expires_at,
    }


def judge(verifier: Verifier, sample: dict[str, Any]) -> tuple[str, str | None, Any]:
    """Verdict, reason and claims of the project's own verifier."""
    encoded = dialect.recognise(sample["token"])
    if encoded is None:
        return "reject", "not-an-agent-token", None
    try:
        return "accept", None, show(verifier.verify(sample["token"], encoded, sample["at"]))
    except TokenError as error:
        return "reject", error.reason, None


@every_sample
def test_the_verifier_agrees(sample: dict[str, Any]) -> None:
    verifier = Verifier(CORPUS["secrets"][sample["verify_with"]], remembered=8)
    expected = (sample["verdict"], sample["reason"], sample["claims"])
    assert judge(verifier, sample) == expected
    # What it remembers changes no verdict.
    assert judge(verifier, sample) == expected


def test_one_verifier_agrees_on_all_one_after_another() -> None:
    for name, secret in CORPUS["secrets"].items():
        verifier = Verifier(secret, remembered=4)
        for sample in SAMPLES:
            if sample["verify_with"] == name:
                assert judge(verifier, sample)[:2] == (sample["verdict"], sample["reason"])


@pytest.mark.filterwarnings("ignore:.*")
@every_sample
def test_an_independent_library_agrees_on_the_signature(sample: dict[str, Any]) -> None:
    secret = CORPUS["secrets"][sample["verify_with"]]
    if sample["jws"] is None or not secret:
        # Nothing to verify, or a key that the library does not even take.
        assert sample["reason"] in ("not-an-agent-token", "no-secret")
        return
    try:
        jwt = sample["token"].removeprefix(PREFIX)
        jws.deserialize_compact(jwt, OctKey.import_key(secret), algorithms=["HS256"])
        valid = True
    except JoseError:
        valid = False
    assert (valid is sample["jws"]) is (sample["id"] not in UNLIKE)


def test_the_file_is_what_the_generator_writes() -> None:
    assert FILE.read_bytes() == write().encode("ascii"), "run python -m tests.tokens.corpus"


def test_the_file_is_of_its_published_form() -> None:
    schema = json.loads((FILE.parent / "v1.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(CORPUS)


def test_the_readme_names_every_reason_and_key() -> None:
    told = (FILE.parent / "README.md").read_text("utf-8")
    for sample in SAMPLES:
        assert f"`{(sample['reason'] or 'accept').partition(':')[0]}" in told or (
            sample["reason"] is None
        )
    for key in (*CORPUS, *SAMPLES[0]):
        assert f'"{key}"' in told or key == "about"


def test_no_sample_comes_twice() -> None:
    assert max(Counter(sample["id"] for sample in SAMPLES).values()) == 1
    asked = Counter((one["token"], one["verify_with"], one["at"]) for one in SAMPLES)
    assert max(asked.values()) == 1


def test_every_claim_is_missing_once_and_mistyped_often() -> None:
    reasons = Counter(sample["reason"] for sample in SAMPLES)
    for claim in ("aud", "sub", "org", "scopes", "sid", "iat", "exp"):
        assert reasons[f"claim-missing:{claim}"] >= 1
        assert reasons[f"claim:{claim}"] >= 7
    assert reasons[None] >= 25
