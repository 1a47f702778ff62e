"""HMAC-SHA256 over exact bytes: what Sentry and Seer sign for each other.

Signed calls and viewer contexts are verified over the bytes that were received,
never over a re-serialised form.
"""

from __future__ import annotations

import hmac


def sign(secret: str, message: bytes) -> str:
    """The hexadecimal HMAC-SHA256 of `message` under `secret`.

    Raises ValueError for an empty `secret`: a signature that anybody can make is none.
    """
    if not secret:
        raise ValueError("nothing is signed without a secret")
    return hmac.digest(secret.encode(), message, "sha256").hex()


def verify(secret: str, message: bytes, signature: str) -> bool:
    """Whether `signature` is that of `message`, compared in constant time.

    Nothing verifies under an empty `secret`.
    """
    if not secret:
        return False
    return hmac.compare_digest(sign(secret, message).encode(), signature.encode())
