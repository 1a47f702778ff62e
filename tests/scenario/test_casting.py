"""Who plays whom: found by what they are, the same each time, or a reason why nobody can."""

from __future__ import annotations

from typing import Any

import pytest

from harness.scenario.cast import CastModel
from harness.scenario.casting import Uncastable, Wanted, cast
from harness.scenario.description import Description
from tests.scenario.theatre import described


def world(users: dict[str, dict[str, str]], **changes: Any) -> Description:
    """A target with these users, each with their roles by organization."""
    slugs = list(dict.fromkeys(slug for roles in users.values() for slug in roles))
    data: dict[str, Any] = {
        "organizations": [
            {"id": str(number), "slug": slug, "name": slug} for number, slug in enumerate(slugs, 1)
        ],
        "users": [
            {
                "id": str(number),
                "email": f"{name}@example.com",
                "password": "p",
                "token": "t",
                "memberships": [
                    {"organization": slug, "role": role} for slug, role in roles.items()
                ],
            }
            for number, (name, roles) in enumerate(users.items(), 1)
        ],
    }
    lists = ("projects", "teams", "issues", "organization_tokens", "integration_tokens")
    empty: dict[str, Any] = {name: [] for name in (*lists, "user_tokens")}
    return described(**(data | empty | changes))


def played(model: dict[str, Any], target: Description, **wanted: Any) -> dict[str, str]:
    company = cast(CastModel.model_validate(model), target, Wanted(**wanted))
    return company.show()


BOTH = {"olivia": {"role": "owner", "of": ["first", "second"]}}


def test_people_are_found_by_role() -> None:
    target = world(
        {
            "ann": {"one": "owner"},
            "ben": {"two": "owner", "three": "owner"},
            "cem": {"two": "member", "three": "member"},
            "dan": {"two": "member"},
        }
    )
    model = {
        "organizations": ["first", "second"],
        "users": BOTH | {"mel": {"role": "member", "of": "first", "not in": "second"}},
    }
    assert played(model, target) == {
        "first": "two",
        "second": "three",
        "olivia": "ben@example.com",
        "mel": "dan@example.com",
    }


def test_organizations_are_chosen_so_that_all_fit() -> None:
    target = world({"ann": {"one": "owner", "two": "owner"}, "ben": {"two": "manager"}})
    model = {
        "organizations": ["first", "second"],
        "users": BOTH | {"kim": {"role": ["manager", "admin"], "of": "first"}},
    }
    assert played(model, target)["first"] == "two"


def test_a_role_for_each_organization() -> None:
    target = world(
        {"ann": {"one": "member", "two": "member"}, "ben": {"one": "owner", "two": "member"}}
    )
    model = {
        "organizations": ["first", "second"],
        "users": {"kim": {"roles": {"first": "member", "second": ["manager", "owner"]}}},
    }
    assert played(model, target) == {"first": "two", "second": "one", "kim": "ben@example.com"}


def test_different_names_are_different_people() -> None:
    target = world({"ann": {"one": "owner"}, "ben": {"one": "owner"}})
    users = {"x": {"role": "owner", "of": "first"}, "y": {"role": "owner", "of": "first"}}
    model = {"organizations": ["first"], "users": users}
    assert played(model, target)["x"] != played(model, target)["y"]
    with pytest.raises(Uncastable, match="too few"):
        played(model, world({"ann": {"one": "owner"}}))


def test_the_first_choice_is_given_up_where_another_needs_it() -> None:
    target = world({"ann": {"one": "owner"}, "ben": {"one": "member"}})
    users = {
        "any": {"role": ["owner", "member"], "of": "first"},
        "own": {"role": "owner", "of": "first"},
    }
    shown = played({"organizations": ["first"], "users": users}, target)
    assert shown["any"] == "ben@example.com"
    assert shown["own"] == "ann@example.com"


def test_who_signs_in_has_a_password() -> None:
    target = world({"ann": {"one": "owner"}, "ben": {"one": "owner"}})
    users = [target.users[0].model_copy(update={"password": None}), target.users[1]]
    target = target.model_copy(update={"users": users})
    model = {"organizations": ["first"], "users": {"olivia": {"role": "owner", "of": "first"}}}
    assert played(model, target)["olivia"] == "ann@example.com"
    assert played(model, target, passwords={"olivia"})["olivia"] == "ben@example.com"
    assert played(model, target, either={"olivia"})["olivia"] == "ann@example.com"


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"passwords": {"olivia"}}, r"nobody .* olivia \(owner of first\) who has a password"),
        ({"tokens": {"olivia"}}, "who has a user token"),
        ({"either": {"olivia"}}, "who has a user token or a password"),
    ],
)
def test_what_is_lacking_is_named(wanted: dict[str, Any], reason: str) -> None:
    target = world({"ann": {"one": "owner"}})
    bare = target.users[0].model_copy(update={"password": None, "token": None})
    target = target.model_copy(update={"users": [bare]})
    model = {"organizations": ["first"], "users": {"olivia": {"role": "owner", "of": "first"}}}
    with pytest.raises(Uncastable, match=reason):
        played(model, target, **wanted)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ({"organizations": ["first", "second"]}, "2 organizations are needed; there are 1"),
        (
            {"organizations": ["first"], "users": {"a": {"role": "admin", "of": "first"}}},
            r"nobody in this target can be a \(admin of first\)",
        ),
        ({"organizations": ["first"], "projects": {"p": {"of": "first"}}}, "nothing .* p "),
        ({"organizations": ["first"], "teams": {"p": {"of": "first"}}}, "nothing .* p "),
        (
            {
                "organizations": ["first"],
                "integration tokens": {"r": {"of": "first", "scopes": {"includes": ["org:read"]}}},
            },
            r"nothing .* r \(of first with org:read\)",
        ),
    ],
)
def test_nobody_for_a_name_is_a_reason(model: dict[str, Any], reason: str) -> None:
    with pytest.raises(Uncastable, match=reason):
        played(model, world({"ann": {"one": "owner"}}))


def test_things_and_tokens_are_found() -> None:
    model = {
        "organizations": ["first"],
        "users": {"olivia": {"role": "owner", "of": "first"}},
        "teams": {"t": {"of": "first"}},
        "projects": {"p": {"of": "first"}},
        "issues": {"i": {"of": "p"}},
        "organization tokens": {"ci": {"of": "first"}},
        "integration tokens": {"robot": {"of": "first", "scopes": {"lacks": ["org:write"]}}},
        "user tokens": {"narrow": {"of": "olivia", "scopes": {"includes": ["org:read"]}}},
    }
    assert played(model, described()) == {
        "first": "acme",
        "olivia": "olivia@example.com",
        "t": "crew",
        "p": "web",
        "i": "WEB-1",
        "ci": "a token of acme",
        "robot": "a token of acme",
        "narrow": "a token of olivia@example.com",
    }


def test_names_of_the_world_are_taken_as_they_are() -> None:
    named = {"users": ["mel"], "organizations": ["globex"], "projects": ["web"], "teams": ["crew"]}
    assert played({}, described(), named=named) == {
        "globex": "globex",
        "mel": "mel@example.com",
        "crew": "crew",
        "web": "web",
    }


def test_who_is_named_is_not_cast_as_well() -> None:
    target = world({"ann": {"one": "owner"}, "ben": {"one": "owner"}})
    model = {"organizations": [], "users": {"x": {"role": "owner", "of": "one"}}}
    shown = played(model, target, named={"users": ["ann"], "organizations": ["one"]})
    assert shown["x"] == "ben@example.com"


def test_a_name_that_the_target_lacks_is_a_reason() -> None:
    with pytest.raises(Uncastable, match="no user 'zoe'"):
        played({}, described(), named={"users": ["zoe"]})
    with pytest.raises(Uncastable, match="no organization 'initech'"):
        played({}, described(), named={"organizations": ["initech"]})
