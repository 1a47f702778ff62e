"""The picture of a sequence as plain data: how far apart the lanes stand, and what is drawn.

Every number below `texts` and `bands` is the index of a text, as in the rest of the page's
data, but for the lanes of an arrow and how often it comes; measures are pixels of a page
whose letters are 16 high. The page makes a drawing of SVG from it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from harness.report.sequence import Arrow, Band, Lane, SequenceView

# Widths of a sign of a label, of a note, and of a name.
_SIGN, _SMALL_SIGN, _BOLD_SIGN = 6.65, 6.05, 8
_GUTTER, _EDGE = 48, 80
_NARROWEST, _BETWEEN, _LOOP = 150, 28, 42


def describe_sequence(view: SequenceView, text: Callable[[str], int]) -> dict[str, Any]:
    """The data of a sequence; `text` gives the number of a text."""
    arrows = [arrow for band in view.bands for arrow in band.arrows]
    middles = _middles(len(view.lanes), arrows)
    return {
        "width": middles[-1] + _EDGE,
        "count": sum(arrow.times for arrow in arrows),
        "lanes": [
            {
                "name": text(lane.name),
                "kind": text(lane.kind),
                "about": text(lane.about),
                "title": text(lane.title),
                "x": x,
                "width": _width(lane),
            }
            for lane, x in zip(view.lanes, middles, strict=True)
        ],
        "bands": [_describe_band(band, text) for band in view.bands],
    }


def _describe_band(band: Band, text: Callable[[str], int]) -> dict[str, Any]:
    return {
        "index": text(band.index),
        "action": text(band.action),
        "role": text(band.role),
        "failed": band.failed,
        "arrows": [
            [
                arrow.place,
                arrow.sender,
                arrow.receiver,
                text(arrow.outcome),
                text(_label(arrow)),
                text(_title(arrow)),
                arrow.aside,
                *map(text, arrow.notes),
            ]
            for arrow in band.arrows
        ],
    }


def _middles(count: int, arrows: Sequence[Arrow]) -> list[int]:
    """Where the lanes stand: as far apart as the words between them need."""
    gaps = [_NARROWEST] * (count - 1)
    for arrow in sorted(arrows, key=lambda one: abs(one.receiver - one.sender)):
        low, high = sorted((arrow.sender, arrow.receiver))
        if low == high:
            # A loop hangs at the left of its lane, or at the right of the first.
            low, high = (low - 1, high) if low else (low, high + 1)
        if between := gaps[low:high]:
            gaps[high - 1] += max(0, _needed(arrow) - sum(between))
    middles = [_GUTTER + _EDGE]
    for gap in gaps:
        middles.append(middles[-1] + gap)
    return middles


def _needed(arrow: Arrow) -> int:
    words = [_columns(note) * _SMALL_SIGN for note in arrow.notes]
    widest = max([_columns(_label(arrow)) * _SIGN, *words])
    return round(widest) + _BETWEEN + (_LOOP if arrow.sender == arrow.receiver else 0)


def _width(lane: Lane) -> int:
    """That of the box with its name."""
    widest = max(_columns(lane.name) * _BOLD_SIGN, _columns(lane.about) * _SMALL_SIGN)
    return min(round(widest) + 24, 2 * _EDGE - 8)


def _label(arrow: Arrow) -> str:
    return f"{arrow.label} ×{arrow.times}" if arrow.times > 1 else arrow.label


def _title(arrow: Arrow) -> str:
    more = arrow.times - 1
    return f"{arrow.title}; and {more} more alike" if more else arrow.title


def _columns(text: str) -> int:
    """How many signs wide; those of Chinese and the like are two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
