"""Slugs made from names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.sentry.api.slugs import check_slug, derive_slug


@given(st.text(max_size=200), st.sets(st.integers(0, 5)))
def test_any_name_has_a_free_and_good_slug(name: str, rounds: set[int]) -> None:
    taken: set[str] = set()
    for _ in range(len(rounds) + 1):
        slug = derive_slug(name, "team", taken.__contains__)
        assert slug not in taken
        assert check_slug(slug) == slug
        assert len(slug) <= 50
        taken.add(slug)
