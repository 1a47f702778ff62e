"""Worlds: what a file may say, what is said about the rest, and the rows that come of it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from werkzeug.security import check_password_hash

from harness.document import DocumentError, read
from harness.randomness import Randomness
from harness.resources import locate
from harness.scopes import role_scopes
from harness.sentry.schema import metadata
from harness.sentry.store import Image, Store
from harness.world import (
    Population,
    World,
    load_world,
    parse_world,
    populate,
    world_names,
    world_schema,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
FLOW = "organizations:seer-agent-token-flow"
WORLDS = ["flag-off", "poisoned", "rehearsal", "small", "two-organizations"]

GOOD = """\
organizations:
  acme:
    features: [organizations:seer-agent-token-flow]
    teams: {web: {}, ops: {}}
    projects:
      web-app:
        teams: [web]
        issues:
          - assignee: {user: mia}
            comments: [{by: mia, text: hello}]
        alert_rules: [{name: rule, by: mia}]
    releases:
      "1.0": {projects: [web-app], deploys: [{environment: production}]}
    tokens: {ci: {}}
    integrations: {bot: {scopes: [org:read]}}
  globex: {}
users:
  mia:
    memberships:
      acme: {role: member, teams: {web: contributor}}
    tokens: {bound: {organization: acme, scopes: [org:write]}}
"""


def people(text: str) -> Population:
    return populate(parse_world(text), Randomness(7), NOW)


def mistakes(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        parse_world(text, name="world.yaml")
    assert {mistake.file for mistake in caught.value.mistakes} == {"world.yaml"}
    return [f"{m.line}:{m.column} {m.key}: {m.message}" for m in caught.value.mistakes]


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


@pytest.fixture(scope="module")
def default() -> Population:
    return populate(load_world("two-organizations"), Randomness(7), NOW)


def by_id(population: Population, table: str) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in population.rows[table]}


# Files


def test_the_worlds_that_come_along() -> None:
    assert world_names() == WORLDS


@pytest.mark.parametrize("name", WORLDS)
def test_each_fits_the_published_schema(name: str) -> None:
    schema = world_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    document = read(locate("fixtures") / "worlds" / f"{name}.yaml", World)
    jsonschema.validate(document.data, schema)


def test_the_schema_refuses_what_the_loader_refuses() -> None:
    validator = jsonschema.Draft202012Validator(world_schema())
    world: dict[str, Any] = {
        "organizations": {"acme": {}},
        "users": {"mia": {"memberships": {"acme": {"role": "boss"}}}},
    }
    errors = list(validator.iter_errors(world))
    assert [error.json_path for error in errors] == ["$.users.mia.memberships.acme.role"]
    world["users"]["mia"]["memberships"]["acme"]["role"] = "member"
    assert validator.is_valid(world)


def test_a_world_is_found_by_name_or_path(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert load_world(file) == load_world(str(file)) == parse_world(GOOD)
    assert load_world("small").title.startswith("One organization")


def test_an_unknown_world_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="unknown world; did you mean 'small'"):
        load_world("smal")
    with pytest.raises(DocumentError, match="No such file"):
        load_world(str(tmp_path / "none.yaml"))


# References


# A place is written with ~ before it. PROJECT stands for the path to the project.
WRONG = [
    ("role: member", "role: ~boss", "users.mia.memberships.acme.role", "unknown role 'boss'"),
    (
        "web: contributor",
        "web: ~owner",
        "users.mia.memberships.acme.teams.web",
        "unknown team role 'owner'; expected 'admin' or 'contributor'",
    ),
    (
        "web: contributor",
        "~wbe: admin",
        "users.mia.memberships.acme.teams.wbe",
        "unknown team of acme 'wbe'; did you mean 'web'?",
    ),
    (
        "acme: {role: member",
        "~acne: {role: member",
        "users.mia.memberships.acne",
        "unknown organization 'acne'; did you mean 'acme'?",
    ),
    ("role: member", "~rol: member", "users.mia.memberships.acme.rol", "unknown key 'rol'"),
    (
        "[org:write]",
        "[~org:wirte]",
        "users.mia.tokens.bound.scopes[0]",
        "unknown scope 'org:wirte'; did you mean 'org:write'?",
    ),
    (
        "{ci: {}}",
        "{ci: {scopes: [~ci]}}",
        "organizations.acme.tokens.ci.scopes[0]",
        "unknown scope 'ci'",
    ),
    (
        "[org:read]",
        "[~org:reed]",
        "organizations.acme.integrations.bot.scopes[0]",
        "unknown scope 'org:reed'",
    ),
    (
        "organization: acme",
        "organization: ~acne",
        "users.mia.tokens.bound.organization",
        "unknown organization 'acne'",
    ),
    (
        "organization: acme",
        "organization: ~globex",
        "users.mia.tokens.bound.organization",
        "mia does not belong to globex",
    ),
    (
        "scopes: [org:write]}}",
        "scopes: [org:write]}}\n  bo: {tokens: {~bound: {scopes: [org:read]}}}",
        "users.bo.tokens.bound",
        "a token of mia has the name 'bound' already",
    ),
    ("teams: [web]", "teams: [~wab]", "PROJECT.teams[0]", "unknown team of acme 'wab'"),
    ("teams: [web]", "teams: [web, ~web]", "PROJECT.teams[1]", "'web' is named twice"),
    (
        "projects: [web-app]",
        "projects: [~web-ap]",
        'organizations.acme.releases["1.0"].projects[0]',
        "unknown project of acme 'web-ap'; did you mean 'web-app'?",
    ),
    (
        '"1.0"',
        '~"a b/c"',
        'organizations.acme.releases["a b/c"]',
        "expected a version, got 'a b/c'",
    ),
    ("{user: mia}", "{user: ~mira}", "PROJECT.issues[0].assignee.user", "unknown user 'mira'"),
    ("{user: mia}", "{team: ~wab}", "PROJECT.issues[0].assignee.team", "unknown team of acme"),
    (
        "assignee: {user: mia}",
        "~assignee: {user: mia, team: web}",
        "PROJECT.issues[0].assignee",
        "expected either a user or a team",
    ),
    ("assignee: {user: mia}", "~assignee: {}", "PROJECT.issues[0].assignee", "expected either"),
    ("{by: mia", "{by: ~max", "PROJECT.issues[0].comments[0].by", "unknown user 'max'"),
    ("rule, by: mia", "rule, by: ~bo", "PROJECT.alert_rules[0].by", "unknown user 'bo'"),
    (
        "  globex: {}",
        "  globex: {projects: {p: {issues: [{comments: [{by: ~mia, text: x}]}]}}}",
        "organizations.globex.projects.p.issues[0].comments[0].by",
        "mia does not belong to globex",
    ),
    (
        "  globex: {}",
        "  globex: {default_role: ~boss}",
        "organizations.globex.default_role",
        "unknown role 'boss'",
    ),
    (
        "[organizations:seer-agent-token-flow]",
        "[~organizations:seer-agent-token-flwo]",
        "organizations.acme.features[0]",
        "unknown feature 'organizations:seer-agent-token-flwo'; did you mean 'organizations:seer",
    ),
    (
        "[organizations:seer-agent-token-flow]",
        "['organizations:a', ~'organizations:a']",
        "organizations.acme.features[1]",
        "'organizations:a' is named twice",
    ),
    (
        "projects: [web-app]",
        "projects: [web-app, ~web-app]",
        'organizations.acme.releases["1.0"].projects[1]',
        "'web-app' is named twice",
    ),
    (
        "  - assignee",
        "  - substatus: ~archived_forever\n            assignee",
        "PROJECT.issues[0].substatus",
        "an issue that is unresolved cannot be archived_forever; expected 'escalating', 'new'",
    ),
    (
        "  - assignee",
        "  - {events: 3, times_seen: ~2}\n          - assignee",
        "PROJECT.issues[0].times_seen",
        "fewer than its 3 events",
    ),
    ("  globex: {}", "  ~acme: {}", "organizations.acme", "duplicate key 'acme', first on line 2"),
    ("  globex: {}", "  ~'42': {}", "organizations.42", "expected a slug, got the number '42'"),
    ("  globex: {}", "  ~Globex: {}", "organizations.Globex", "expected a text that matches"),
]


@pytest.mark.parametrize(("old", "new", "key", "message"), WRONG)
def test_a_mistake_is_said_at_its_place(old: str, new: str, key: str, message: str) -> None:
    before, _, after = changed(old, new).partition("~")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    key = key.replace("PROJECT", "organizations.acme.projects.web-app")
    said = f"{line}:{column} {key}: {message}"
    found = mistakes(before + after)
    assert any(mistake.startswith(said) for mistake in found), (said, found)


def test_the_good_world_is_good() -> None:
    parse_world(GOOD)
    parse_world(changed("  - assignee", "  - {events: 3, times_seen: 3}\n          - assignee"))
    parse_world(changed("token-flow]", "token-flow, 'organizations:of-our-own']"))


def test_wrong_types_and_wrong_references_come_together() -> None:
    text = changed("role: member", "role: boss").replace("  globex: {}", "  globex: {flag: 1}")
    assert [line.partition(": ")[0] for line in mistakes(text)] == [
        "16:12 organizations.globex.flag",
        "20:20 users.mia.memberships.acme.role",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "organizations: 3\nusers: [1]",
        "organizations: {acme: 3}\nusers: {mia: [1]}",
        "organizations: {acme: {projects: {p: 1}}}\nusers: {mia: {memberships: [acme]}}",
        "organizations: {acme: {projects: {p: {issues: [1, {assignee: 5, status: []}]}}}}",
        "organizations: {acme: {features: [[1], [1]]}}\nusers: {mia: {tokens: {t: 1}}}",
        "organizations: {}\nusers: {}",
        "users: {mia: {memberships: {acme: {role: 1, teams: {x: 2}}}}}",
    ],
)
def test_references_are_looked_for_in_any_shape(text: str) -> None:
    assert mistakes(text)


# Rows


@pytest.mark.parametrize("name", WORLDS)
def test_the_rows_are_what_the_tables_hold(name: str) -> None:
    population = populate(load_world(name), Randomness(1), NOW)
    for table, rows in population.rows.items():
        columns = metadata.tables[table].columns
        for row in rows:
            assert row.keys() == rows[0].keys()
            assert row.keys() <= set(columns.keys())
            for column in columns:
                value = row.get(column.name)
                assert value is not None or column.nullable, (table, column.name, row)
                length = getattr(column.type, "length", None)
                assert value is None or length is None or len(value) <= length


def test_the_rows_can_be_inserted_in_their_order(default: Population) -> None:
    store = Store("sqlite://", Image(default.rows))
    for table, rows in default.rows.items():
        stored = store.all(metadata.tables[table].select().order_by("id"))
        kept = [{key: row._mapping[key] for key in rows[0]} for row in stored]
        assert kept == rows
    store.close()


def test_the_same_seed_gives_the_same_rows_in_any_process(default: Population) -> None:
    program = (
        "import hashlib, json; from datetime import datetime, UTC\n"
        "from harness.randomness import Randomness\n"
        "from harness.world import load_world, populate\n"
        "now = datetime(2026, 1, 31, 12, tzinfo=UTC)\n"
        "p = populate(load_world('two-organizations'), Randomness(7), now)\n"
        "text = json.dumps([p.rows, p.description], default=str)\n"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    text = json.dumps([default.rows, default.description], default=str)
    assert digests == {hashlib.sha256(text.encode()).hexdigest()}


def test_another_seed_gives_other_secrets_and_names() -> None:
    one, two = (populate(load_world("small"), Randomness(seed), NOW) for seed in (1, 2))
    assert one.description["users"][0]["token"] != two.description["users"][0]["token"]
    assert one.description["users"][0]["password"] != two.description["users"][0]["password"]
    assert [row["name"] for row in one.rows["auth_user"]] != [
        row["name"] for row in two.rows["auth_user"]
    ]
    assert [row["title"] for row in one.rows["sentry_groupedmessage"]] != [
        row["title"] for row in two.rows["sentry_groupedmessage"]
    ]


def test_without_a_seed_no_two_populations_are_alike() -> None:
    world = load_world("small")
    tokens = {
        populate(world, Randomness(None), NOW).description["users"][0]["token"] for _ in range(3)
    }
    assert len(tokens) == 3


def test_a_part_that_is_added_leaves_the_others_as_they_were() -> None:
    before = people(GOOD)
    after = people(changed("users:\n", "users:\n  ada: {}\n"))
    kept = {key: before.description["users"][0][key] for key in ("email", "password", "token")}
    assert after.description["users"][1] | kept == after.description["users"][1]
    assert after.rows["auth_user"][1]["name"] == before.rows["auth_user"][0]["name"]
    assert after.rows["nodestore_event"] == before.rows["nodestore_event"]


def test_ids_of_different_kinds_do_not_meet(default: Population) -> None:
    kinds = ("organizations", "users", "projects", "teams", "issues")
    ids = [entry["id"] for kind in kinds for entry in default.description[kind]]
    assert [number for number, count in Counter(ids).items() if count > 1] == []


def test_a_world_starts_at_its_clock_and_nothing_is_in_the_future(default: Population) -> None:
    for rows in default.rows.values():
        for row in rows:
            for value in row.values():
                if isinstance(value, datetime):
                    assert NOW - timedelta(days=500) < value <= NOW
                    assert value.tzinfo is not None
                    assert value.microsecond == 0


# Secrets


def test_passwords_are_stored_hashed_and_open_their_user(default: Population) -> None:
    rows = {row["email"]: row for row in default.rows["auth_user"]}
    passwords = {user["email"]: user["password"] for user in default.description["users"]}
    for email, password in passwords.items():
        stored = rows[email]["password"]
        if password is None:
            assert stored is None
        else:
            assert stored.startswith("scrypt:1024:8:1$")
            assert check_password_hash(stored, password)
            assert not check_password_hash(stored, password + "x")
    given = [password for password in passwords.values() if password]
    assert len(set(given)) == len(given) == len(passwords) - 1


def test_tokens_are_stored_as_digests_only(default: Population) -> None:
    shown = default.description
    kinds = {
        "user": [*shown["users"], *shown["user_tokens"]],
        "organization": shown["organization_tokens"],
        "integration": shown["integration_tokens"],
    }
    text = json.dumps(default.rows, default=str)
    expected = {
        (kind, hashlib.sha256(entry["token"].encode()).hexdigest())
        for kind, entries in kinds.items()
        for entry in entries
    }
    stored = {(row["kind"], row["hashed_token"]) for row in default.rows["sentry_apitoken"]}
    assert stored == expected
    for entries in kinds.values():
        for entry in entries:
            assert entry["token"] not in text
            assert entry.get("password") is None or entry["password"] not in text


def test_tokens_have_their_forms(default: Population) -> None:
    forms = {
        "users": r"sntryu_[0-9a-f]{64}",
        "organization_tokens": r"sntrys_[0-9a-f]{64}",
        "integration_tokens": r"sntryi_[0-9a-f]{64}",
    }
    for kind, form in forms.items():
        assert all(re.fullmatch(form, entry["token"]) for entry in default.description[kind])
    extra = {entry["name"]: entry["token"] for entry in default.description["user_tokens"]}
    assert re.fullmatch(r"[0-9a-f]{64}", extra["legacy"])
    assert re.fullmatch(forms["users"], extra["narrow"])


def test_a_population_does_not_print_its_secrets(default: Population) -> None:
    assert "sntry" not in repr(default)


def test_every_user_has_a_token_with_the_union_of_their_roles(default: Population) -> None:
    rows = {row["hashed_token"]: row for row in default.rows["sentry_apitoken"]}
    for user in default.description["users"]:
        row = rows[hashlib.sha256(user["token"].encode()).hexdigest()]
        held = set[str]().union(*(role_scopes(m["role"]) for m in user["memberships"]))
        assert row["scope_list"] == sorted(held)
        assert row["user_id"] == int(user["id"])
        assert row["organization_id"] is None


def test_an_extra_token_holds_what_its_scopes_imply() -> None:
    population = people(GOOD)
    (shown,) = population.description["user_tokens"]
    token = shown.pop("token")
    assert shown == {
        "name": "bound",
        "user": "mia@example.com",
        "organization": "acme",
        "scopes": ["org:read", "org:write"],
    }
    digest = hashlib.sha256(token.encode()).hexdigest()
    (row,) = [r for r in population.rows["sentry_apitoken"] if r["hashed_token"] == digest]
    assert row["scope_list"] == ["org:read", "org:write"]
    assert row["organization_id"] == int(population.description["organizations"][0]["id"])


def test_machines_hold_exactly_what_they_were_given() -> None:
    population = people(GOOD)
    shown = population.description
    assert [e["scopes"] for e in shown["organization_tokens"]] == [["org:ci"]]
    assert [e["scopes"] for e in shown["integration_tokens"]] == [["org:read"]]
    proxies = [row for row in population.rows["auth_user"] if row["is_sentry_app"]]
    (token,) = [r for r in population.rows["sentry_apitoken"] if r["kind"] == "integration"]
    assert [row["id"] for row in proxies] == [token["user_id"]]
    assert proxies[0]["password"] is None
    assert [user["email"] for user in shown["users"]] == ["mia@example.com"]
    (ci,) = [r for r in population.rows["sentry_apitoken"] if r["kind"] == "organization"]
    assert ci["user_id"] is None
    assert ci["organization_id"] == token["organization_id"]


# What is filled in


def test_what_the_file_says_stays_and_the_rest_is_filled() -> None:
    population = people(
        """
organizations:
  acme:
    projects:
      app:
        issues:
          - title: "KeyError: 'price'"
            culprit: app.cart in total
            level: warning
            metadata: {custom: true}
            tags: {browser: Firefox, level: mine}
            times_seen: 40
            users_affected: 0
            events: [{message: one, tags: {browser: Chrome}}, {}]
          - {}
          - {events: 0, status: ignored}
          - {title: "Something: odd", events: 2}
users:
  mia: {name: Mia}
"""
    )
    first, second, third, fourth = population.rows["sentry_groupedmessage"]
    assert first["title"] == "KeyError: 'price'"
    assert first["culprit"] == "app.cart in total"
    assert first["priority"] == "medium"
    assert first["metadata"] == {"custom": True}
    assert (first["times_seen"], first["user_count"]) == (40, 0)
    one, two, *others = population.rows["nodestore_event"]
    assert one["tags"] == [
        {"key": "browser", "value": "Chrome"},
        {"key": "environment", "value": "production"},
        {"key": "level", "value": "mine"},
    ]
    assert two["tags"][0] == {"key": "browser", "value": "Firefox"}
    assert (one["message"], two["message"]) == ("one", "KeyError: 'price'")
    raised = two["entries"][0]["data"]["values"][0]
    assert (raised["type"], raised["value"]) == ("KeyError", "'price'")
    assert raised["stacktrace"]["frames"][0]["filename"] == "app/cart.py"
    assert raised["stacktrace"]["frames"][0]["function"] == "total"
    assert one["date_created"] < two["date_created"] == first["last_seen"]
    assert first["first_seen"] < one["date_created"]

    assert second["title"] == f"{second['metadata']['type']}: {second['metadata']['value']}"
    assert second["culprit"]
    assert second["times_seen"] == 1
    assert second["first_seen"] == second["last_seen"]
    assert (third["substatus"], third["times_seen"]) == ("archived_until_escalating", 0)
    assert fourth["metadata"]["type"] == "Something"
    assert [event["issue_id"] for event in others] == [second["id"], fourth["id"], fourth["id"]]
    assert [issue["short_id"] for issue in (first, second, third, fourth)] == [1, 2, 3, 4]
    assert population.rows["sentry_project"][0]["issue_counter"] == 4
    assert len({event["event_id"] for event in population.rows["nodestore_event"]}) == 5
    assert population.rows["auth_user"][0]["name"] == "Mia"
    assert population.rows["sentry_organization"][0]["name"] == "Acme"


def test_what_a_file_leaves_out_has_defaults() -> None:
    population = people(GOOD)
    rows = population.rows
    assert [row["open_membership"] for row in rows["sentry_organization"]] == [True, True]
    assert [row["default_role"] for row in rows["sentry_organization"]] == ["member", "member"]
    assert all(row["is_active"] for row in rows["auth_user"])
    assert rows["auth_user"][0]["password"]
    (key,) = rows["sentry_projectkey"]
    assert (key["label"], key["is_active"]) == ("Default", True)
    assert rows["sentry_release"][0]["date_released"]
    assert rows["sentry_rule"][0]["data"]["frequency"] == 30
    assert rows["sentry_project"][0]["name"] == "web-app"
    assert [row["name"] for row in rows["sentry_team"]] == ["Web", "Ops"]
    assert rows["sentry_groupedmessage"][0]["priority"] == "high"


def test_teams_hold_their_projects() -> None:
    population = people(GOOD)
    (link,) = population.rows["sentry_projectteam"]
    assert link["project_id"] == int(population.description["projects"][0]["id"])
    web, ops = population.description["teams"]
    assert (web["slug"], ops["slug"]) == ("web", "ops")
    assert link["team_id"] == int(web["id"])
    assert {team["organization"] for team in (web, ops)} == {"acme"}


def test_a_user_can_be_inactive() -> None:
    population = people(changed("  mia:\n", "  mia:\n    active: false\n"))
    assert population.rows["auth_user"][0]["is_active"] is False


@pytest.mark.parametrize(
    ("title", "kind", "value"),
    [
        ("KeyError: a: b", "KeyError", "a: b"),
        ("two words: a", "Error", "two words: a"),
        ("no colon", "Error", "no colon"),
    ],
)
def test_the_title_tells_the_error(title: str, kind: str, value: str) -> None:
    population = people(changed("  - assignee", f"  - title: '{title}'\n            assignee"))
    metadata = population.rows["sentry_groupedmessage"][0]["metadata"]
    assert (metadata["type"], metadata["value"]) == (kind, value)


@pytest.mark.parametrize(
    "version", ["latest", "", ".", "..", " 1", "1 ", "a/b", "a\\tb", "a\\\\b", "a\\nb"]
)
def test_a_version_is_a_segment_of_a_path(version: str) -> None:
    (said,) = mistakes(changed('"1.0"', f'"{version}"'))
    assert "expected a version, got" in said


@pytest.mark.parametrize("version", ["web@1.0.0", "1", "a b", "1.0-rc+build", ".1"])
def test_other_versions_are_fine(version: str) -> None:
    assert people(changed('"1.0"', f'"{version}"')).rows["sentry_release"][0]["version"] == version


def test_comments_come_after_the_issue_and_in_their_order(default: Population) -> None:
    issues = by_id(default, "sentry_groupedmessage")
    last: dict[int, datetime] = {}
    for comment in default.rows["sentry_groupnote"]:
        earliest = last.get(comment["issue_id"], issues[comment["issue_id"]]["last_seen"])
        assert earliest < comment["date_added"] < NOW
        last[comment["issue_id"]] = comment["date_added"]


def test_the_last_release_in_the_file_is_the_newest(default: Population) -> None:
    acme = [row for row in default.rows["sentry_release"] if row["organization_id"] == 4001]
    assert [row["date_added"] for row in acme] == sorted(row["date_added"] for row in acme)
    assert acme[-1]["version"] == "api@2026.2"
    assert acme[-1]["date_released"] is None


def test_alert_rules_have_their_parts_by_sentrys_names(default: Population) -> None:
    data = default.rows["sentry_rule"][1]["data"]
    assert set(data) == {
        "conditions",
        "filters",
        "actions",
        "actionMatch",
        "filterMatch",
        "frequency",
    }
    assert data["frequency"] == 60
    assert data["conditions"][0]["value"] == 100


def test_faker_is_whole_for_those_who_import_it_later() -> None:
    program = (
        "import sys\n"
        "from harness.randomness import Randomness\n"
        "from harness.world import load_world, populate\n"
        "from datetime import datetime, UTC\n"
        "populate(load_world('small'), Randomness(1), datetime(2026, 1, 1, tzinfo=UTC))\n"
        "assert not [name for name in sys.modules if name.partition('.')[0] == 'faker']\n"
        "from faker import Faker\n"
        "assert Faker('de_DE').name() and Faker().ipv4()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_faker_that_was_there_before_is_used_and_gives_the_same() -> None:
    population = populate(load_world("small"), Randomness(7), NOW)
    program = (
        "import sys\n"
        "import faker\n"
        "from harness.randomness import Randomness\n"
        "from harness.world import load_world, populate\n"
        "from datetime import datetime, UTC\n"
        "p = populate(load_world('small'), Randomness(7), datetime(2026, 1, 31, 12, tzinfo=UTC))\n"
        "assert sys.modules['faker'] is faker\n"
        "print(p.rows['auth_user'][0]['name'])\n"
    )
    alone = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert alone.stdout.decode().strip() == population.rows["auth_user"][0]["name"]


# The default world


def roles(population: Population) -> dict[str, dict[str, str]]:
    return {
        user["email"].partition("@")[0]: {m["organization"]: m["role"] for m in user["memberships"]}
        for user in population.description["users"]
    }


def test_the_default_world_has_everybody(default: Population) -> None:
    assert roles(default) == {
        "olivia": {"acme": "owner", "globex": "owner"},
        "mia": {"acme": "member"},
        "martin": {"acme": "manager"},
        "ada": {"acme": "admin"},
        "bo": {"acme": "member", "globex": "member"},
        "gil": {"globex": "member"},
        "maya": {"globex": "manager", "acme": "member"},
        "tess": {"acme": "member"},
        "nora": {"acme": "member"},
    }
    assert [u["email"] for u in default.description["users"] if u["password"] is None] == [
        "nora@example.com"
    ]


def team_roles(population: Population, email: str) -> dict[str, str]:
    users, teams = by_id(population, "auth_user"), by_id(population, "sentry_team")
    members = by_id(population, "sentry_organizationmember")
    return {
        teams[row["team_id"]]["slug"]: row["role"]
        for row in population.rows["sentry_organizationmember_teams"]
        if users[members[row["organizationmember_id"]]["user_id"]]["email"] == email
    }


def test_the_default_world_has_its_teams(default: Population) -> None:
    assert team_roles(default, "mia@example.com") == {"web": "contributor"}
    assert team_roles(default, "tess@example.com") == {"web": "admin"}
    assert team_roles(default, "olivia@example.com") == {}


def test_the_default_world_has_open_and_closed_membership_and_the_flow(
    default: Population,
) -> None:
    organizations = by_id(default, "sentry_organization")
    assert {row["slug"]: row["open_membership"] for row in organizations.values()} == {
        "acme": False,
        "globex": True,
    }
    features = [
        (organizations[row["organization_id"]]["slug"], row["name"])
        for row in default.rows["sentry_organizationfeature"]
    ]
    explorer = ("organizations:seer-explorer", "organizations:seer-explorer-code-mode-tools")
    assert features == [(slug, name) for slug in ("acme", "globex") for name in (FLOW, *explorer)]


def test_the_default_world_has_things_to_read_and_change(default: Population) -> None:
    shown = default.description
    assert {(i["shortId"], i["organization"], i["project"]) for i in shown["issues"]} >= {
        ("WEB-APP-1", "acme", "web-app"),
        ("API-1", "acme", "api"),
        ("PORTAL-1", "globex", "portal"),
    }
    for kind in ("projects", "teams"):
        assert set(Counter(e["organization"] for e in shown[kind]).values()) <= {2, 3}
    first = default.rows["sentry_groupedmessage"][0]["id"]
    assert sum(row["issue_id"] == first for row in default.rows["nodestore_event"]) == 3
    assert sum(row["issue_id"] == first for row in default.rows["sentry_groupnote"]) == 2
    for table in ("sentry_rule", "sentry_release", "sentry_deploy", "sentry_projectkey"):
        assert default.rows[table]


def test_the_default_world_has_tokens_of_every_kind(default: Population) -> None:
    shown = default.description
    assert {e["organization"] for e in shown["organization_tokens"]} == {"acme", "globex"}
    assert {e["organization"] for e in shown["integration_tokens"]} == {"acme", "globex"}
    tokens = {entry["name"]: entry for entry in shown["user_tokens"]}
    assert set(tokens) == {"acme-only", "legacy", "narrow"}
    assert {entry["user"] for entry in tokens.values()} == {"olivia@example.com"}
    assert tokens["acme-only"]["organization"] == "acme"
    assert tokens["legacy"]["organization"] is None
    assert tokens["narrow"]["scopes"] == ["org:read"]


def test_the_description_is_json_with_text_ids(default: Population) -> None:
    assert json.loads(json.dumps(default.description)) == default.description
    for kind in ("organizations", "users", "projects", "teams", "issues"):
        assert all(isinstance(entry["id"], str) for entry in default.description[kind])


def test_in_flag_off_the_flow_is_off_in_one_organization() -> None:
    population = populate(load_world("flag-off"), Randomness(1), NOW)
    organizations = by_id(population, "sentry_organization")
    features = [
        (organizations[row["organization_id"]]["slug"], row["name"])
        for row in population.rows["sentry_organizationfeature"]
    ]
    assert features == [("globex", FLOW)]


def test_the_small_world_is_small() -> None:
    population = populate(load_world("small"), Randomness(1), NOW)
    assert roles(population) == {"olivia": {"acme": "owner"}, "mia": {"acme": "member"}}
    assert [e["slug"] for e in population.description["projects"]] == ["web-app"]
