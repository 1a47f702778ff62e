"""What a verifier remembers: the newest good tokens, as many as it may, and nothing else."""

from __future__ import annotations

import pytest

from harness.sentry.agent.claims import TokenError
from harness.sentry.agent.signature import check_signature
from harness.sentry.agent.token import Verifier
from tests.tokens.sample import AT, EXPIRES, SECRETS, signed

ONE, TWO, THREE = (signed({"sid": name}) for name in ("one", "two", "three"))


class Counted:
    """A verifier, and how many signatures it has checked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, remembered: int) -> None:
        self.checked = 0

        def counting(encoded: str, secret: str) -> dict[str, object]:
            self.checked += 1
            return check_signature(encoded, secret)

        monkeypatch.setattr("harness.sentry.agent.token.check_signature", counting)
        self.verifier = Verifier(SECRETS["service"], remembered)

    def checks(self, token: str, at: float = AT) -> int:
        """Verifies `token`: how many signatures were checked for that."""
        before = self.checked
        self.verifier.verify(token, token.removeprefix("sntryag_"), at)
        return self.checked - before


def test_the_newest_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch, remembered=2)
    assert [counted.checks(token) for token in (ONE, TWO, TWO, ONE)] == [1, 1, 0, 0]
    assert counted.checks(THREE) == 1
    assert [counted.checks(token) for token in (THREE, TWO)] == [0, 0]
    # The oldest made room.
    assert counted.checks(ONE) == 1


def test_of_none_to_remember_none_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch, remembered=0)
    assert [counted.checks(ONE), counted.checks(ONE)] == [1, 1]


def test_a_token_that_is_remembered_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch, remembered=2)
    assert counted.checks(ONE) == 1
    with pytest.raises(TokenError, match="expired"):
        counted.checks(ONE, EXPIRES)
    assert counted.checks(ONE) == 0


def test_what_is_forgotten_is_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch, remembered=2)
    assert [counted.checks(ONE), counted.checks(ONE)] == [1, 0]
    counted.verifier.forget()
    assert counted.checks(ONE) == 1
