"""`forges`, `tampers` and `signs` in scenarios: what is made, and what is refused unread."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.attacks.jws import parse, read_object
from harness.document import DocumentError
from tests.scenario.theatre import StandIn, events_of, play_on, play_on_mock, scenario_of

MINT = "  - agent mints: {for: olivia, in: first, session: s1, as: honest}\n"
SHOW = '  - attacker calls: {with: made, get: "/api/0/organizations/{first}/"}\n'
SECRET = "shared-secret-of-the-test"
HONEST = (
    "sntryag_eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJhdWQiOiJ4Iiwic3ViIjoiNyIsIm9yZyI6MSwic2NvcGVzIjpbImEiXSwiaWF0IjoxMDAsImV4cCI6NDAwfQ.c2ln"
)


def made_of(step: str, **changes: Any) -> str:
    """The token that a step makes of the honest one, as a server sees it."""
    body = {"token": HONEST, "expiresAt": "2026-01-01T00:00:00+00:00", "scopes": []}
    app = StandIn({"*": (200, {}, body)})
    result = play_on(app, f"{MINT}  - {step}\n{SHOW}", **changes)
    assert result.outcome == "passed", result.reason
    return app.seen[-1].headers["authorization"].removeprefix("Bearer ")


def payload_of(step: str) -> str:
    from harness.attacks.jws import decode

    return decode(parse(made_of(step)).payload).decode()


def test_claims_are_changed_and_the_signature_kept() -> None:
    made = parse(made_of("attacker forges: {from: honest, set: {org: 2}, drop: [sub], as: made}"))
    assert read_object(made.payload) == {
        "aud": "x",
        "org": 2,
        "scopes": ["a"],
        "iat": 100,
        "exp": 400,
    }
    assert made.signature == parse(HONEST).signature


@pytest.mark.parametrize(
    ("forge", "header"),
    [
        ("header: {alg: none}, sign with: none", {"alg": "none", "typ": "JWT"}),
        ("header: {kid: '1'}, drop header: [typ], sign with: other", {"alg": "HS256", "kid": "1"}),
    ],
)
def test_the_header_is_changed(forge: str, header: dict[str, Any]) -> None:
    made = parse(made_of(f"attacker forges: {{from: honest, {forge}, as: made}}"))
    assert read_object(made.header) == header


@pytest.mark.parametrize(
    ("sign_with", "same_as"),
    [("secret", f"{{key: {SECRET}}}"), ("empty", "{key: ''}")],
)
def test_keys(sign_with: str, same_as: str) -> None:
    step = "attacker forges: {from: honest, sign with: %s, as: made}"
    assert made_of(step % sign_with) == made_of(step % same_as)
    assert made_of(step % sign_with) != made_of(step % "other")


def test_without_a_signature() -> None:
    assert made_of("attacker forges: {from: honest, sign with: none, as: made}").endswith(".")


def test_claims_alone() -> None:
    step = (
        "attacker forges: {claims: {sub: '7', exp: {$from now: 5m}}, sign with: secret, as: made}"
    )
    claims = read_object(parse(made_of(step)).payload)
    assert claims["sub"] == "7"
    assert claims["exp"] > 1_700_000_000


@pytest.mark.parametrize(
    ("forge", "part"),
    [
        ("set: {exp: {$plus: 1h}}", '"exp":4000'),
        ("set: {exp: {$plus: -1m}}", '"exp":340'),
        ("set: {exp: {$respell: float}}", '"exp":400.0'),
        ("set: {sub: {$respell: number}}", '"sub":7'),
        ("set: {exp: {$raw: '1e999'}}", '"exp":1e999'),
        ("set: {org: {$nested: 3}}", '"org":[[[]]]'),
        ("set: {sid: {$long: 5}}", '"sid":"aaaaa"'),
        ("duplicate: {org: 2}", '"exp":400,"org":2}'),
        ("duplicate before: {org: 2}", '{"org":2,"aud"'),
        ("set: {scopes: {a: true}}", '"scopes":{"a":true}'),
    ],
)
def test_values(forge: str, part: str) -> None:
    step = f"attacker forges: {{from: honest, {forge}, as: made}}"
    assert part in payload_of(step)


def test_prefixes() -> None:
    assert made_of("attacker forges: {from: honest, prefix: '', as: made}").startswith("eyJ")
    step = "attacker tampers: {from: honest, do: [{prefix: sntryu_}], as: made}"
    assert made_of(step) == HONEST.replace("sntryag_", "sntryu_")


def test_changes_are_done_one_after_another() -> None:
    made = made_of("attacker tampers: {from: honest, do: [flip signature, add part], as: made}")
    assert made.endswith(".e30")
    assert not made.startswith(HONEST)


def test_parts_of_another_token() -> None:
    steps = (
        "  - attacker forges: {claims: {sub: '9'}, sign with: other, as: other}\n"
        "  - attacker tampers: {from: honest, do: [{payload of: other}], as: made}\n"
    )
    made = parse(made_of(steps.strip().removeprefix("- ")))
    assert read_object(made.payload) == {"sub": "9"}
    assert made.signature == parse(HONEST).signature


def test_what_is_made_is_shown_by_a_label_with_its_claims() -> None:
    result = play_on_mock(
        MINT + "  - attacker forges: {from: honest, set: {org: 2}, as: made}\n"
        "  - attacker tampers: {from: made, do: [star in signature], as: odd}\n"
        '  - attacker calls: {with: odd, get: "/api/0/organizations/{first}/"}\n'
        "    expect: {status: 401}\n"
    )
    assert result.outcome == "passed", result.reason
    remarks = [remark["text"] for remark in events_of(result, "remark")]
    assert remarks == [
        "attacker holds <agent token 2> as made",
        "attacker holds <agent token 3> as odd",
    ]
    assert [token["claims"]["org"] for token in events_of(result, "token")][1:] == [2, 2]
    assert "eyJ" not in json.dumps(list(result.events))


def test_a_context_is_signed() -> None:
    app = StandIn({"*": (200, {}, {})})
    result = play_on(
        app,
        """\
  - service signs:
      {context: {organization_id: 42, user_id: 7}, sign with: {key: test-secret}, as: seen}
  - attacker calls:
      get: /api/0/
      headers: {X-Viewer-Context: "{seen.text}", X-Viewer-Context-Signature: "{seen.signature}"}
""",
    )
    assert result.outcome == "passed", result.reason
    assert app.seen[0].headers["x-viewer-context"] == '{"organization_id":42,"user_id":7}'
    assert app.seen[0].headers["x-viewer-context-signature"] == (
        "453176d1b292b33295cd535c88cb333d08ad625b1e603c46093f1ac7a4ddcf07"
    )
    assert "453176d1" not in json.dumps(list(result.events))


def test_a_context_without_a_signature() -> None:
    app = StandIn({"*": (200, {}, {})})
    play_on(
        app,
        "  - attacker signs: {context: '{\"user_id\": 7 }', sign with: none, as: seen}\n"
        '  - attacker calls: {get: /api/0/, headers: {A: "{seen.text}", B: "{seen.signature}x"}}\n',
    )
    assert (app.seen[0].headers["a"], app.seen[0].headers["b"]) == ('{"user_id": 7 }', "x")


def test_cookies_of_a_user_who_signed_in() -> None:
    result = play_on_mock(
        "  - mel signs in: {}\n"
        "  - attacker calls:\n"
        '      {get: "/api/0/users/me/", headers: {Cookie: "sentrysid={cookie.mel}"}}\n'
        "    expect: {status: 200}\n"
        '  - attacker calls: {get: "/api/0/", headers: {X-CSRFToken: "{csrf.mel}"}}\n'
    )
    assert result.outcome == "passed", result.reason


def mistakes_in(steps: str) -> list[str]:
    with pytest.raises(DocumentError) as raised:
        scenario_of(steps)
    return [mistake.message for mistake in raised.value.mistakes]


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("attacker forges: {from: honst, as: made}", "no token 'honst' was minted before"),
        ("attacker forges: {as: made}", "expected either from or claims"),
        ("attacker forges: {claims: {}, as: made}", "say what to 'sign with'"),
        ("attacker forges: {from: honest, sign with: secrt, as: made}", "'secret'?"),
        ("attacker forges: {from: honest, set: {a: {$pls: 1}}, as: made}", "did you mean '$plus'?"),
        ("attacker forges: {from: honest, set: {a: {$plus: 1y}}, as: made}", "a duration"),
        ("attacker forges: {from: honest, set: {a: {$respell: flot}}, as: made}", "'float'?"),
        ("attacker forges: {from: honest, set: {a: {$nested: 0}}, as: made}", "greater than"),
        ("attacker forges: {from: honest, set: {a: {$raw: 1}}, as: made}", "valid string"),
        ("attacker forges: {from: honest, as: session}", "already names something else"),
        ("attacker tampers: {from: honest, do: [strp signature], as: made}", "'strip signature'?"),
        ("attacker tampers: {from: honest, do: [], as: made}", "1 or more"),
        ("attacker tampers: {from: honest, do: [{signature of: x}], as: made}", "no token 'x'"),
        ("attacker tampers: {from: honest, do: [{}], as: made}", "expected one of header of"),
        ("attacker signs: {context: {a: {$pls: 1}}, sign with: none, as: x}", "'$plus'?"),
        ("olivia forges: {from: honest, as: made}", "the user 'olivia' never forges"),
        ('attacker calls: {get: "/{cookie.mel}"}', "no earlier step shows a session of 'mel'"),
    ],
)
def test_mistakes(step: str, told: str) -> None:
    found = mistakes_in(f"{MINT}  - {step}\n")
    assert any(told in mistake for mistake in found), found


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("attacker forges: {from: honest, set: {new: {$plus: 1}}, as: made}", "no claim 'new'"),
        ("attacker forges: {from: honest, set: {scopes: {$respell: plus}}, as: made}", "respelled"),
        ("attacker tampers: {from: narrow, do: [strip signature], as: made}", "three parts"),
        ("attacker forges: {from: narrow, as: made}", "three parts"),
    ],
)
def test_what_cannot_be_made(step: str, told: str) -> None:
    cast = (
        "cast:\n  organizations: [first]\n  users: {olivia: {role: owner, of: first}}\n"
        "  user tokens: {narrow: {of: olivia}}\n"
    )
    app = StandIn({"*": (200, {}, {"token": HONEST, "scopes": []})})
    result = play_on(app, f"{MINT}  - {step}\n", cast=cast)
    assert result.outcome == "failed"
    (check,) = (check for check in events_of(result, "check") if not check["passed"])
    assert check["name"] == "the step can be done"
    assert told in check["message"]


def test_nothing_is_made_in_a_plan() -> None:
    steps = (
        MINT + "  - attacker forges: {from: honest, set: {org: 2}, as: made}\n"
        "  - attacker tampers: {from: made, do: [strip signature], as: bare}\n" + SHOW
    )
    result = play_on(StandIn(), steps, planned=True)
    assert result.outcome == "planned"
