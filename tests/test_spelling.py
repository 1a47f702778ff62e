"""Secrets are found however they are spelt, and where they stand."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from itertools import product
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.redact import Redactor
from harness.spelling import Reading, decode_run, find_runs, plain, read

# A sign for everything that some escape gives a meaning to.
ODD = "q\"u'o<t&e>/+=%25 \\back é✓𝄞\n\tz"
SPELLINGS: dict[str, Callable[[str], str]] = {
    "URL": lambda text: quote(text, safe=""),
    "path": quote,
    "form": quote_plus,
    "small hex": lambda text: quote(text, safe="").lower(),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "page": html.escape,
    "text of a page": lambda text: html.escape(text, quote=False),
}


@pytest.mark.parametrize("outer", SPELLINGS)
def test_three_escapes_inside_each_other_are_undone(outer: str) -> None:
    for inner, innermost in product(SPELLINGS, repeat=2):
        spelt = SPELLINGS[outer](SPELLINGS[inner](SPELLINGS[innermost](ODD)))
        text = f'a %3D \\" {spelt}&amp;b'
        reading = read(text)
        assert reading is not None
        start = reading.text.index(plain(ODD))
        first, last = reading.span(start, start + len(plain(ODD)))
        assert text[first:last] == spelt, (innermost, inner)


@settings(deadline=None)
@given(st.text(alphabet='ab%25\\u0041&amp;;#x+"é'))
def test_every_place_of_a_reading_is_one_of_the_text(text: str) -> None:
    reading = Reading(text)
    places = [reading.span(at, at)[0] for at in range(len(reading.text) + 1)]
    assert places == sorted(places)
    assert all(0 <= place <= len(text) for place in places)
    assert reading.span(0, len(reading.text))[1] == len(text)


@pytest.mark.parametrize("text", ["", "plain", "a=b;c", "100 % \\", "50%zz", "a & b"])
def test_what_has_no_escape_reads_as_it_stands(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize("before", ["", "x", "xy", "user:"])
def test_base64_is_read_from_wherever_it_begins(before: str) -> None:
    secret = "a secret of some length"
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = f"Basic {encode(f'{before}{secret}~?'.encode()).decode()} it was"
        ((start, end, run),) = find_runs(text)
        assert text[start:end] == run
        assert secret.encode() in decode_run(run)


@settings(deadline=None)
@given(st.text(alphabet="ABCabc012+/_-", min_size=12))
def test_any_run_can_be_read(run: str) -> None:
    assert isinstance(decode_run(run), bytes)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_redactor_masks_every_spelling(spelling: str) -> None:
    redactor = Redactor()
    redactor.register(ODD, "password")
    encode = SPELLINGS[spelling]
    assert redactor.text(f"it was {encode(ODD)}!") == "it was <password 1>!"
    assert redactor.text(f"it was {encode(json.dumps(ODD)[1:-1])}!") == "it was <password 1>!"
    basic = base64.b64encode(f"olivia:{ODD}".encode()).decode().rstrip("=")
    assert redactor.text(f"seen {basic}") == "seen <password 1>"


def test_a_secret_known_later_is_found_in_what_was_clean_before() -> None:
    redactor = Redactor()
    word = base64.b64encode(b"tomorrow's secret").decode()
    assert redactor.text(f"{word} later-secret") == f"{word} later-secret"
    redactor.register("tomorrow's secret", "password")
    redactor.register("later-secret", "password")
    assert redactor.text(f"{word} later-secret") == "<password 1> <password 2>"
