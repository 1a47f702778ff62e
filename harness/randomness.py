"""The one source of ids and secrets.

With a seed every value is a function of the seed, the labels it was derived
under and the number of values taken before, so two runs agree. Without one the
operating system's generator is used.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from base64 import urlsafe_b64encode

_SEPARATOR = b"\x1f"


class Randomness:
    """A stream of bytes; safe to use from several threads.

    `seed`: any int or text makes the stream repeatable; None takes the operating
    system's randomness, which is what a server that somebody can reach should use.
    """

    def __init__(self, seed: int | str | None) -> None:
        key = None if seed is None else hashlib.sha256(f"{seed}".encode()).digest()
        self._key: bytes | None = key
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def repeatable(self) -> bool:
        """Whether a seed was given."""
        return self._key is not None

    @property
    def seed(self) -> int:
        """A number to seed another generator with (Faker): 64 bits, the same for one seed."""
        if self._key is None:
            return secrets.randbits(64)
        return int.from_bytes(self._block(b"seed", 0)[:8])

    def derive(self, *labels: str) -> Randomness:
        """An independent stream for `labels`; values taken here do not shift it."""
        child = Randomness(None)
        if self._key is not None:
            name = _SEPARATOR.join(label.encode() for label in labels)
            child._key = self._block(b"derive" + _SEPARATOR + name, 0)
        return child

    def restart(self) -> None:
        """Takes a seeded stream back to its beginning; the operating system's has none."""
        with self._lock:
            self._taken = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if self._key is None:
            return secrets.token_bytes(count)
        with self._lock:
            position = self._taken
            self._taken += 1
        blocks = -(-count // 32)
        stream = b"".join(self._block(b"take %d" % position, i) for i in range(blocks))
        return stream[:count]

    def hex(self, count: int) -> str:
        """The next `count` bytes as 2 × `count` hexadecimal digits."""
        return self.take(count).hex()

    def urlsafe(self, count: int) -> str:
        """The next `count` bytes in unpadded URL-safe base64."""
        return urlsafe_b64encode(self.take(count)).rstrip(b"=").decode()

    def _block(self, label: bytes, index: int) -> bytes:
        if self._key is None:
            raise RuntimeError("only a seeded stream has blocks")
        return hmac.digest(self._key, label + _SEPARATOR + str(index).encode(), "sha256")
