"""Many at once: simultaneous approvals, mint in between, applications side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import select, update

from harness import scopes
from harness.sentry.schema import organization
from tests.sentry.callers import Sentry
from tests.sentry.conftest import Make

_T = TypeVar("_T")
_R = TypeVar("_R")


class Undone(Exception):
    """The transaction is not to stand."""


OWNERS = sorted(scopes.role_scopes("owner"))


def at_once(function: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
    """What `function` returns for each of `items`, all of them started at the same moment."""
    items = list(items)
    barrier = threading.Barrier(len(items))

    def run(item: _T) -> _R:
        barrier.wait(30)
        return function(item)

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(run, items))


@pytest.fixture(params=["memory", "file"])
def sentry(request: pytest.FixtureRequest, make_sentry: Make, tmp_path: Path) -> Sentry:
    url = "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/sentry.db"
    return make_sentry(database=url)


@pytest.mark.parametrize("standing", ["nothing", "a grant", "an expired grant"])
def test_simultaneous_approvals_lose_nothing(sentry: Sentry, standing: str) -> None:
    """One row, every scope, no 500: each thread approves another scope."""
    if standing != "nothing":
        sentry.plant("olivia", ["org:read"])
        sentry.advance(4 * 3600 if standing == "an expired grant" else 60)
    wanted = [scope for scope in OWNERS if scope != "org:read"]
    sessions = {scope: sentry.session("olivia") for scope in wanted}
    answers = at_once(lambda scope: sentry.approve(sessions[scope], [scope]), wanted)
    assert [answer.status_code for answer in answers] == [200] * len(wanted)
    (grant,) = sentry.grants()
    expected = wanted if standing != "a grant" else OWNERS
    assert grant["scopes"] == sorted(expected)
    # Each answer had its own scope, and they grew one by one.
    for scope, answer in zip(wanted, answers, strict=True):
        assert scope in answer.json["scopes"]
    sizes = sorted(len(answer.json["scopes"]) for answer in answers)
    assert sizes == list(range(len(expected) - len(wanted) + 1, len(expected) + 1))


def test_approvals_through_two_applications_on_one_file(make_sentry: Make, tmp_path: Path) -> None:
    """As two processes would: what they share is the file's own lock."""
    url = f"sqlite:///{tmp_path}/sentry.db"
    both = [make_sentry(database=url) for _ in range(2)]
    session = both[0].session("olivia")
    work = [(both[number % 2], scope) for number, scope in enumerate(OWNERS)]
    answers = at_once(lambda each: each[0].approve(session, [each[1]]), work)
    assert [answer.status_code for answer in answers] == [200] * len(OWNERS)
    (grant,) = both[1].grants()
    assert grant["scopes"] == OWNERS


def test_organizations_made_through_two_applications(make_sentry: Make, tmp_path: Path) -> None:
    """What reads before it writes waits its turn, and does not fail."""
    url = f"sqlite:///{tmp_path}/sentry.db"
    both = [make_sentry(database=url) for _ in range(2)]
    session = both[0].session("olivia")

    def work(number: int) -> set[int]:
        own = both[number % 2]
        names = [f"New {number} {turn}" for turn in range(8)]
        answers = [own.api("POST", "/organizations/", session, {"name": name}) for name in names]
        return {answer.status_code for answer in answers}

    assert at_once(work, range(4)) == [{201}] * 4


def test_nobody_reads_what_is_not_committed(sentry: Sentry) -> None:
    store = sentry.services.store
    names = select(organization.c.name).order_by(organization.c.id)
    read: list[list[str]] = []

    def look() -> None:
        read.append([row.name for row in store.all(names)])
        read.append([row.name for row in store.recall(names)])

    reader = threading.Thread(target=look)

    def fail() -> None:
        with store.transaction() as connection:
            connection.execute(update(organization).values(name="Never"))
            reader.start()
            # Long enough to read, for one who does not wait.
            reader.join(0.3)
            raise Undone

    with pytest.raises(Undone):
        fail()
    reader.join(30)
    assert read == [["Acme", "Globex"]] * 2


def test_approvals_of_many_users_and_sessions(sentry: Sentry) -> None:
    """Each row gets all of its scopes, and only those."""
    credentials = {name: sentry.session(name) for name in ("olivia", "martin", "mia")}
    work = [
        (name, session, scope)
        for name in credentials
        for session in ("s1", "s2")
        for scope in ("event:write", "event:admin", "alerts:write")
    ]
    answers = at_once(
        lambda each: sentry.approve(credentials[each[0]], [each[2]], session=each[1]), work
    )
    assert {answer.status_code for answer in answers} == {200}
    grants = sentry.grants()
    assert len(grants) == 6
    assert {tuple(grant["scopes"]) for grant in grants} == {
        ("alerts:write", "event:admin", "event:write")
    }


def test_minting_while_approving(sentry: Sentry) -> None:
    """A token never has more than what was approved until then, and never an error."""
    session, olivia = sentry.session("olivia"), sentry.user("olivia")
    read_only = set(scopes.READ_ONLY)
    writes = [scope for scope in OWNERS if scope not in read_only]

    def work(number: int) -> Any:
        if number % 2:
            return sentry.approve(session, [writes[number // 2]]).status_code
        return set(sentry.mint(olivia)["scopes"])

    results = at_once(work, range(2 * len(writes)))
    assert set(results[1::2]) == {200}
    for minted in results[::2]:
        assert read_only <= minted <= read_only | set(writes)
    assert set(sentry.mint(olivia)["scopes"]) == read_only | set(writes)


def test_a_removed_member_is_refused_from_then_on(sentry: Sentry) -> None:
    """Nothing that was remembered while others read outlives the write."""
    tokens = [sentry.agent(session=f"s{number}") for number in range(8)]
    removed = threading.Event()
    late: list[int] = []

    def work(number: int) -> None:
        if number == 0:
            sentry.remove("olivia")
            removed.set()
            return
        for _ in range(20):
            known = removed.is_set()
            status = sentry.api("GET", "/organizations/acme/", tokens[number]).status_code
            assert status in (200, 401)
            if known:
                late.append(status)
        removed.wait(30)
        late.append(sentry.api("GET", "/organizations/acme/", tokens[number]).status_code)

    at_once(work, range(8))
    assert set(late) == {401}


def test_writes_of_an_organization_at_once(sentry: Sentry) -> None:
    session = sentry.session("olivia")
    names = [f"Name {number}" for number in range(12)]
    answers = at_once(
        lambda name: sentry.api("PUT", "/organizations/acme/", session, {"name": name}), names
    )
    assert [answer.json["name"] for answer in answers] == names
    assert sentry.api("GET", "/organizations/acme/", session).json["name"] in names


def test_one_slug_is_given_once(sentry: Sentry) -> None:
    session = sentry.session("olivia")
    answers = at_once(
        lambda _: sentry.api("POST", "/organizations/", session, {"name": "Third"}), range(8)
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


def test_signing_in_at_once(sentry: Sentry) -> None:
    sessions = at_once(lambda _: sentry.session("olivia"), range(8))
    assert len({session["Cookie"] for session in sessions}) == 8
    for session in sessions:
        assert sentry.api("GET", "/auth/", session).status_code == 200


def test_reset_among_readers_and_writers(sentry: Sentry) -> None:
    before = sentry.stored()
    olivia = sentry.user("olivia")

    def work(number: int) -> set[int]:
        found = set()
        for turn in range(10):
            if number == 0:
                sentry.control("POST", "/reset/")
            elif number % 2:
                sentry.plant("olivia", ["org:write"], session=f"s{number}")
            else:
                body = {"name": f"Name {turn}"}
                found.add(sentry.api("PUT", "/organizations/acme/", olivia, body).status_code)
        return found

    results = at_once(work, range(8))
    assert set().union(*results) == {200}
    sentry.control("POST", "/reset/")
    assert sentry.stored() == before


def test_applications_side_by_side_share_nothing(make_sentry: Make) -> None:
    """Each thread has one of its own: store, clock, audit log, secret, randomness."""

    def play(number: int) -> dict[str, Any]:
        sentry = make_sentry(seed=f"world {number}")
        sentry.advance(number * 3600)
        session = sentry.session("olivia")
        for turn in range(number + 1):
            answer = sentry.approve(session, [OWNERS[number]], session=f"{number}-{turn}")
            assert answer.status_code == 200
        name = f"Acme {number}"
        sentry.api("PUT", "/organizations/acme/", session, {"name": name})
        return {
            "sentry": sentry,
            "name": sentry.api("GET", "/organizations/acme/", sentry.agent()).json["name"],
            "grants": {(g["session"], *g["scopes"]) for g in sentry.grants()},
            "now": sentry.control("GET", "/clock/")["now"],
            "records": [record["id"] for record in sentry.audit()],
        }

    results = at_once(play, range(8))
    for number, result in enumerate(results):
        assert result["name"] == f"Acme {number}"
        assert result["grants"] == {(f"{number}-{t}", OWNERS[number]) for t in range(number + 1)}
        assert result["now"].startswith(f"2026-01-15T{12 + number}:00:00")
        assert result["records"] == list(range(1, len(result["records"]) + 1))
    assert len({result["sentry"].secret for result in results}) == 8
    first, second = results[0]["sentry"], results[1]["sentry"]
    for credential in (first.user("olivia"), first.agent(), first.session("olivia")):
        assert second.api("GET", "/organizations/acme/", credential).status_code == 401
