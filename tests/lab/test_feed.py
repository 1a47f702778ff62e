"""The stream: framing, going on after a break, and what counts no more."""

from __future__ import annotations

import json
import re
from itertools import islice

from harness.lab.feed import Feed, stream
from tests.lab.visitor import Visitor, is_state


def clock() -> str:
    return "2026-01-15T12:00:00+00:00"


def read(feed: Feed, last: str, count: int) -> list[str]:
    return list(islice(stream(feed, last, clock, patience=0.01), count))


def test_each_message_is_one_event_with_an_id() -> None:
    feed = Feed()
    feed.publish("flow", "item", {"text": "a\nline and ✓"})
    hello, event = read(feed, "", 2)
    assert hello.startswith("retry: 1000\nevent: hello\n")
    assert hello.endswith("\n\n")
    lines = event.splitlines()
    assert lines[0] == f"id: {feed.name}-1"
    assert json.loads(lines[1].removeprefix("data: ")) == {
        "topic": "flow",
        "kind": "item",
        "data": {"text": "a\nline and ✓"},
    }
    assert lines[2:] == [""]


def test_who_comes_back_is_told_what_they_missed_and_nothing_twice() -> None:
    feed = Feed()
    for number in range(5):
        feed.publish("flow", "item", number)
    hello, *events = read(feed, f"{feed.name}-3", 3)
    assert '"fresh": false' in hello
    assert [json.loads(event.splitlines()[1][6:])["data"] for event in events] == [3, 4]


def test_an_id_of_another_run_means_nothing() -> None:
    feed = Feed()
    feed.publish("flow", "item", 0)
    for last in ("other-1", f"{feed.name}-7", f"{feed.name}-", f"{feed.name}-x", "-1", "²"):
        assert feed.place(last) == -1, last
        hello, event = read(feed, last, 2)
        assert '"fresh": true' in hello
        assert f"id: {feed.name}-1\n" in event


def test_a_new_beginning_drops_what_was() -> None:
    feed = Feed()
    feed.publish("flow", "item", "old")
    feed.publish("bench", "item", "kept")
    feed.publish("flow", "state", 1, state=True)
    feed.publish("flow", "state", 2, state=True)
    feed.begin("flow")
    told = [(one.topic, one.kind) for one in feed.since(0)]
    assert told == [("bench", "item"), ("flow", "state"), ("flow", "begin")]
    assert '"data": 2' in feed.since(0)[1].text


def test_when_there_is_nothing_new_the_clock_is_told() -> None:
    feed = Feed()
    told = read(feed, "", 3)
    names = [re.search(r"event: (\w+)", event) for event in told]
    assert [name and name[1] for name in names] == ["hello", "clock", "clock"]


def test_a_closed_feed_ends_the_stream() -> None:
    feed = Feed()
    events = stream(feed, "", clock, patience=60)
    next(events)
    feed.close()
    assert list(events) == []


def test_over_the_wire_a_break_loses_and_doubles_nothing(visitor: Visitor) -> None:
    visitor.forward(2)
    whole = visitor.told(is_state)
    last = ""
    seen = []
    with visitor.listen() as events:
        for event in events:
            if event.name == "message":
                seen.append(event.data)
                last = event.id
            if len(seen) == 7:
                break
    with visitor.listen(last) as events:
        assert next(events).data["fresh"] is False
        seen += [next(events).data for _ in range(len(whole) - 7)]
    assert seen == whole
