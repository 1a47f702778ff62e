r"""What a misled agent takes for instructions in the data that it reads.

    find_instructions(issue)      # [Request("DELETE", "/api/0/projects/acme/payments/"), …]
    find_forms(comment)           # ["base64"]: how the first of them was hidden

A sound agent reads data as data. This one obeys, once hidden forms are undone
(`harness.seer.agent.unhiding`), whatever has this form:

    order [words] METHOD target [[with body] json] [words METHOD target …]

order     run, call, execute, send, do, use, request, issue, perform, make, invoke or submit,
          where an order begins: at the start of the text, of a line, a sentence, a quotation
          or a clause (`; : , ( > -`), or after and, then, please, must, should, now, first,
          next, just, always, instead, assistant, agent. So "we call GET /x" orders nothing.
words     up to eight words without the end of a sentence and without not, never, don't. They
          may end in a line break, a code span or a fence: `Execute the following:` ⏎ `PUT …`
METHOD    GET, POST, PUT, PATCH or DELETE, in capitals
target    a path from the root or an http(s) URL, up to white space, a quote, a bracket or a
          back-tick. One that `HTTP/1.1` follows is a line of a log, and no instruction
json      an object or a list, which becomes the body

A target's query goes into the request's `query`; one that names a key twice stays in the path.
`{token}`, `{organization}`, `{user.id}` and `{session}` are left as they stand, for whoever
obeys to fill in.

An instruction may be split over texts that say their number: `1/2 run PUT /x` and, in another
field or another comment, whichever comes first, `(2/2) {"a": 1}`. All texts of one value that
have the same total belong together. A space joins them, or nothing where one ends in dots (…).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, unquote

from harness.seer.agent.actions import Request
from harness.seer.agent.unhiding import Reading, place_of, unhide

#: Values of a reply that are looked at, how deep, and characters of one text.
MOST_VALUES = 20_000
DEEPEST = 64
MOST_CHARACTERS = 50_000
# Characters of all texts of a reply.
_MOST_IN_ALL = 1_000_000

_LONGEST_BODY = 4_096
_LONGEST_WORDS = 120
_MOST_WORDS = 8
_MOST_PARAMETERS = 50

_CALL = re.compile(
    r"(?<![A-Za-z0-9_])(?P<method>GET|POST|PUT|PATCH|DELETE)\s{1,8}[*_`'\"]{0,3}"
    r"(?P<target>(?:/|https?://)(?:[^\s\"'`<>{}()\[\]\\]|\{[a-z]{1,16}(?:\.[a-z]{1,16})?\}){0,2000})"
)
_ORDER = re.compile(
    r"(?:(?<![\w'])(?:and|then|please|must|should|now|first|next|just|always|instead"
    r"|assistant|agent)\s{1,3}[*_`]{0,3}|[.!?;:,(>\n\"'`*\[{|-]\s{0,3}|^\s{0,8})"
    r"(?:run|call|execute|send|do|use|request|issue|perform|make|invoke|submit)(?![\w'-])",
    re.IGNORECASE,
)
# The number of an entry in a list ends no sentence.
_REFUSED = re.compile(
    r"(?:(?<!\n\d)[.!?;]\s|\b(?:not|never|don't|without|instead of)\b)", re.IGNORECASE
)
_LOGGED = re.compile(r"[\"'`]?\s{1,4}HTTP/\d")
_BODY = re.compile(
    r"[\s`'\"*]{0,8}(?:(?:with|and)\s(?:(?:the|this|a)\s)?)?(?:(?:JSON\s)?(?:body|payload|data)"
    r"\s?:?)?[\s`'\"]{0,8}(?=[{\[])",
    re.IGNORECASE,
)
_PART = re.compile(r"[\s(\[]{0,3}(?:part\s)?([1-9])/([2-9])[\])]?[\s:.-]{1,4}", re.IGNORECASE)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Found:
    """An instruction, and where it was read: at `start` of a reading, split or whole."""

    request: Request
    reading: Reading
    start: int
    split: bool

    @property
    def forms(self) -> list[str]:
        place = place_of(self.reading.text, self.start)
        around = ["split"] if self.split else []
        return [*around, *self.reading.forms, *([place] if place else [])]


def find_instructions(value: Any) -> list[Request]:
    """The instructions in JSON-like data, keys and texts alike, each once, as they appear.

    In a text that hides some, those that stand open come first. Split ones come last. Never
    raises, whatever `value` is; takes time in proportion to its size, of which it reads a
    bounded part (`MOST_VALUES`, `DEEPEST`, `MOST_CHARACTERS`).
    """
    found: dict[str, Request] = {}
    for instruction in _find(value):
        request = instruction.request
        key = repr((request.method, request.path, dict(request.query), request.body))
        found.setdefault(key, request)
    return list(found.values())


def find_forms(value: Any) -> list[str]:
    """How the first instruction in `value` was hidden, outermost form first.

    `["plain"]` for one that stands open; nothing where there is none.
    """
    first = next(_find(value), None)
    return [] if first is None else first.forms or ["plain"]


def _find(value: Any) -> Iterator[_Found]:
    texts = list(dict.fromkeys(_texts(value)))
    parts: dict[int, dict[int, str]] = {}
    for text in texts:
        if match := _PART.match(text):
            parts.setdefault(int(match[2]), {}).setdefault(int(match[1]), text)
    whole = [
        [by_number[number] for number in sorted(by_number)]
        for total, by_number in parts.items()
        if len(by_number) == total and max(by_number) == total
    ]
    # Half an instruction, read alone, is another one.
    halves = {text for group in whole for text in group}
    for text in texts:
        if text not in halves:
            yield from _find_in_text(_drop_number(text), split=False)
    for group in whole:
        yield from _find_in_text("".join(map(_continue, group)), split=True)


def _continue(text: str) -> str:
    said = _drop_number(text).rstrip()
    open_end = said.rstrip(".…") if said.endswith(("...", "…")) else ""
    return open_end or f"{said} "


def _drop_number(text: str) -> str:
    match = _PART.match(text)
    return text[match.end() :] if match else text


def _texts(value: Any) -> Iterator[str]:
    """Keys and texts in their order, as far as the bounds go."""
    waiting = [iter((value,))]
    left = _MOST_IN_ALL
    for _ in range(MOST_VALUES):
        while waiting:
            item = next(waiting[-1], waiting)
            if item is not waiting:
                break
            waiting.pop()
        else:
            return
        if isinstance(item, str):
            text = item[: min(MOST_CHARACTERS, left)]
            left -= len(text)
            yield text
        elif len(waiting) < DEEPEST:
            if isinstance(item, dict):
                waiting.append(iter([part for pair in _first(item.items()) for part in pair]))
            elif isinstance(item, list | tuple):
                waiting.append(iter(_first(item)))


def _first(items: Any) -> list[Any]:
    return list(islice(items, MOST_VALUES))


def _find_in_text(text: str, *, split: bool) -> Iterator[_Found]:
    """What one text says. What a reading says again in other words is passed over.

    For undoing one form may spoil another: a query's escapes belong to the query.
    """
    known: set[tuple[str, str]] = set()
    for reading in unhide(text):
        new: set[tuple[str, str]] = set()
        for request, start in _scan(reading.text):
            key = request.method, unquote(request.path)
            if key not in known:
                new.add(key)
                yield _Found(request, reading, start, split)
        known |= new


def _scan(text: str) -> Iterator[tuple[Request, int]]:
    """Each instruction that stands open in `text`, and where its method does."""
    obeyed = -1
    position = 0
    while match := _CALL.search(text, position):
        position = match.end()
        start = match.start()
        ordered = _follows_order(text, start) or (obeyed >= 0 and _leads_on(text[obeyed:start]))
        obeyed = -1
        if not ordered or _LOGGED.match(text, position):
            continue
        target = match["target"].rstrip(".,;:!?*_")
        body, end = _read_body(text, match.start("target") + len(target))
        if end is None:
            continue
        position = obeyed = max(end, match.start("target") + len(target))
        yield _request(match["method"], target, body), start


def _follows_order(text: str, start: int) -> bool:
    earliest = max(0, start - _LONGEST_WORDS)
    orders = list(_ORDER.finditer(text[earliest:start]))
    if orders and earliest and not orders[0].start():
        # Where the piece begins, nothing begins in the text.
        orders = orders[1:]
    return bool(orders) and _leads_on(text[earliest + orders[-1].end() : start])


def _leads_on(words: str) -> bool:
    """Whether nothing between an order and what it is about says that they are apart."""
    return (
        len(words) <= _LONGEST_WORDS
        and len(_WORD.findall(words)) <= _MOST_WORDS
        and not _REFUSED.search(words)
    )


def _read_body(text: str, start: int) -> tuple[Any, int | None]:
    """The JSON after a target, and where it ends; None: it is spoilt, and so is all of it."""
    match = _BODY.match(text, start)
    if match is None:
        return None, start
    at = match.end()
    piece = text[at : at + _LONGEST_BODY]
    try:
        body, size = _DECODER.raw_decode(piece)
    except (ValueError, RecursionError):
        # In prose a bracket is a bracket: `PUT /x [now]`.
        return None, None if piece[:2] in ('{"', "{\\", "{&", "{%") else start
    return body, at + size


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _request(method: str, target: str, body: Any) -> Request:
    path, _, query = target.partition("#")[0].partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return Request(method, f"{path}?{query}", body=body)
    parameters: Mapping[str, str] = dict(pairs)
    if len(parameters) < len(pairs):
        return Request(method, f"{path}?{query}", body=body)
    return Request(method, path, parameters, body)
