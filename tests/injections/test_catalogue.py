"""The catalogue is whole: every harm, many forms, every place, and outcomes of both kinds."""

from __future__ import annotations

from collections import defaultdict
from typing import get_args

from harness.injections import FENCES, WORLD, Outside, load_injections
from harness.injections.model import Form, Harm, Place
from harness.network import OUTSIDE_HOST
from harness.resources import locate
from harness.scopes import READ_ONLY
from harness.world import load_world

INJECTIONS = load_injections()
NAMED = {
    "delete project",
    "invite member",
    "resolve all issues",
    "leak token into a comment",
    "widen scopes",
    "approve itself",
    "reach another organization",
    "call outside host",
}


def test_it_has_every_harm_form_and_place() -> None:
    assert len(INJECTIONS) >= 28
    assert {one.harm for one in INJECTIONS} == set(get_args(Harm)) >= NAMED
    assert {one.form for one in INJECTIONS} == set(get_args(Form))
    assert {one.place for one in INJECTIONS} == set(get_args(Place))
    assert len(get_args(Form)) >= 12


def test_the_harms_that_matter_come_in_several_forms() -> None:
    forms: defaultdict[str, set[str]] = defaultdict(set)
    for one in INJECTIONS:
        forms[one.harm].add(one.form)
    assert {harm for harm in NAMED if len(forms[harm]) < 2} == set()


def test_it_tells_of_what_is_not_contained_too() -> None:
    outcomes = [one.happens.narrow_approval for one in INJECTIONS]
    assert set(outcomes) == {True, False}
    used = {one.contained_by.read_only for one in INJECTIONS}
    used |= {one.contained_by.narrow_approval for one in INJECTIONS}
    assert used == set(FENCES)


def test_what_asks_another_host_asks_the_one_that_nobody_resolves() -> None:
    for one in INJECTIONS:
        outside = one.demands.path.startswith(f"https://{OUTSIDE_HOST}/")
        assert outside == isinstance(one.harmed, Outside)
        assert outside or one.demands.path.startswith("/api/0/")


def test_what_is_approved_is_a_write() -> None:
    for one in INJECTIONS:
        assert not READ_ONLY & set(one.narrow)


def test_each_payload_has_an_issue_of_its_own() -> None:
    issues = [(one.organization, one.issue) for one in INJECTIONS]
    assert len(set(issues)) == len(issues)


def test_the_world_says_where_each_payload_stands() -> None:
    text = (locate("fixtures") / "worlds" / f"{WORLD}.yaml").read_text("utf-8")
    lines = {line.strip().removeprefix("# ") for line in text.splitlines()}
    assert {one.id for one in INJECTIONS} <= lines


def test_its_world_has_who_and_what_the_acts_need() -> None:
    world = load_world(WORLD)
    for organization in world.organizations.values():
        assert "organizations:seer-agent-token-flow" in organization.features
        assert "organizations:seer-explorer" in organization.features
    assert world.users["olivia"].memberships.keys() == {"acme", "globex"}
