"""What happened lately, numbered."""

from __future__ import annotations

import threading

from harness.numbered import Numbered


def test_items_are_numbered_from_one_and_given_in_order() -> None:
    items: Numbered[str] = Numbered(10)
    assert [items.add(word) for word in "abc"] == [1, 2, 3]
    assert items.since(0) == [(1, "a"), (2, "b"), (3, "c")]
    assert items.since(2) == [(3, "c")]
    assert items.since(3) == items.since(99) == []


def test_the_oldest_gives_way_and_numbers_go_on() -> None:
    items: Numbered[int] = Numbered(2)
    for number in range(5):
        items.add(number)
    assert items.since(0) == [(4, 3), (5, 4)]


def test_after_clearing_it_counts_from_one_again() -> None:
    items: Numbered[str] = Numbered(2)
    items.add("before")
    items.clear()
    assert items.since(0) == []
    assert items.add("after") == 1


def test_many_threads_get_a_number_each() -> None:
    items: Numbered[int] = Numbered(5000)
    together = threading.Barrier(8)
    given: list[int] = []

    def add(worker: int) -> None:
        together.wait(10)
        given.extend(items.add(worker) for _ in range(250))

    threads = [threading.Thread(target=add, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == [number for number, _ in items.since(0)] == list(range(1, 2001))
