"""Signed calls and signed viewer contexts: the contract's own vectors."""

from __future__ import annotations

import pytest

from harness.signing import sign, verify
from tests.sentry import forge

VECTORS = [
    pytest.param(
        "secret-one",
        b'{"b": 12, "thing": "thing"}',
        "d2e6070dfab955db6fc9f3bc0518f75f27ca93ae2e393072929e5f6cba26ff07",
        id="call",
    ),
    pytest.param(
        "test-secret",
        b'{"organization_id":42,"user_id":7}',
        "453176d1b292b33295cd535c88cb333d08ad625b1e603c46093f1ac7a4ddcf07",
        id="viewer-context",
    ),
]


@pytest.mark.parametrize(("secret", "message", "signature"), VECTORS)
def test_vector(secret: str, message: bytes, signature: str) -> None:
    assert sign(secret, message) == signature
    assert verify(secret, message, signature)


@pytest.mark.parametrize(("secret", "message", "signature"), VECTORS)
def test_anything_else_does_not_verify(secret: str, message: bytes, signature: str) -> None:
    for other in (message + b" ", message.replace(b":", b": "), b"", message[::-1]):
        assert not verify(secret, other, signature)
    for bad in ("", signature[:-1], signature + "0", "0" * 64, signature.upper(), "é" * 64):
        assert not verify(secret, message, bad)
    assert not verify(secret + "x", message, signature)


def test_an_empty_secret_signs_nothing_and_verifies_nothing() -> None:
    with pytest.raises(ValueError, match="without a secret"):
        sign("", b"{}")
    # The second one is what anybody can compute who has no key either.
    for signature in ("", forge.sign(b"{}", "")):
        assert not verify("", b"{}", signature)
