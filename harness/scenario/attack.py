"""Attacks: scenarios that say of a defence whether it holds, and prove that they can tell.

An attack is a scenario file like any other, with a section `attack`, under
`scenarios/attack/`:

    id: forged-scopes
    title: A token with more scopes under the old signature is refused
    note: What a reviewer should look at.
    attack:
      category: token forging
      severity: critical              # low, medium, high or critical
      cwe: 347                        # the number of the weakness class
      owasp: "API2:2023"              # or ASI03:2026, A07:2021, T9
      source: RFC 8725 section 3.1    # where the rule comes from
      attacker: [stolen agent token]  # what the attacker holds: a closed list, see HOLDINGS
      breaks on: [signature-not-checked]
    cast: …
    steps:
      - agent mints: {for: olivia, in: first, session: s1, as: honest}
      - attacker forges: {from: honest, set: {scopes: [org:admin]}, as: forged}
      - agent calls: {with: honest, get: "/api/0/organizations/{first}/"}
        control: true
        expect: {status: 200}
      - attacker calls: {with: forged, get: "/api/0/organizations/{first}/"}
        attack: true
        expect: {status: 401, json: {detail: Invalid agent token}}

Steps. A step is set-up unless it says otherwise. `control: true` marks the honest form of
the same request, which must work: without it a refusal proves nothing. `attack: true`
marks the hostile act; its `expect` says what must be seen for the defence to hold, and
never what the attacker hopes for. Keep control and attack as near to each other as can
be: the same method, path and body, one thing changed. The attack ends at its first
failed step. `for each` makes one attack step many.

Verdicts:

    held          every step went as expected, and a control was among them
    broken        an expectation of an attack step failed: that is the evidence
    inconclusive  set-up or control failed, an attack step could not be done, there was no
                  control, or the target lacks what the attack needs

`breaks on` lists every weakness (`seer-harness weaknesses`) that this attack is meant to
find. `seer-harness prove` plays all attacks on the sound server and on each weakness: an
attack must break on what it lists, it may break on others, and it must hold on the sound
server. Try one with `seer-harness prove --attack ID -v`, or show the hole with
`seer-harness run --weaken ID FILE`.

What an attacker does beside `calls`, `mints` and `approves`:

    forges     builds a token: from one that is held, or from claims alone
               {from: honest, set: {org: 2}, drop: [sid], sign with: keep, as: forged}
               {claims: {…}, header: {alg: none}, sign with: none, as: forged}
               `sign with`: keep (the old signature), none, empty, other, {key: text}, or
               secret, which only an attacker has who holds the `Seer secret`.
               Values: {$from now: 5m}, {$plus: 1h}, {$respell: float}, {$raw: "1e999"},
               {$nested: 500}, {$long: 100000}. `duplicate` writes a claim a second time,
               after the first; `duplicate before` ahead of it.
    tampers    changes the text of a token: {from: honest, do: [strip signature], as: bare},
               {from: honest, do: [{signature of: other}], as: spliced}
    signs      a viewer context, or with `body` a call of Seer, good or bad:
               {context: {user_id: "{mel.number}"}, sign with: other, as: seen}
               shown by the headers X-Viewer-Context: "{seen.text}" and
               X-Viewer-Context-Signature: "{seen.signature}"
    captures   keeps the last request between two services, byte for byte:
               {from: sentry, to: seer, path: /v1/automation/explorer/chat, as: message}
               and sends it again: body: "{message.body}", headers:
               {Authorization: "{message.headers.authorization}", …}
    races      sends several requests at once, which meet at a point inside the server:
               {at: grant.merge, together: [step, step]}, each step with its own `expect`

A section `server: {secret: false}` starts the mock with no secret shared with Seer.

Names in texts, beside those of every scenario: `{token.honest}` is a token's text,
`{cookie.mel}` and `{csrf.mel}` are the session cookie and CSRF token of a user who has
signed in. Expectations for attacks: `cookies` (attributes of Set-Cookie), `log` (what
the server wrote into its log during the step), `grants`, `unchanged`, `audit`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from harness.defence import WEAKNESSES
from harness.document import suggest

HOLDINGS: Final = {
    "nothing": "only the server's address",
    "stolen agent token": "an agent token that somebody else was given",
    "stolen user token": "a user's own token",
    "stolen organization token": "an organization's token",
    "stolen integration token": "a token of an internal integration",
    "stolen session cookie": "the cookie of a user who is signed in",
    "captured viewer context": "a viewer context that the Seer service has sent",
    "agent": "the agent does what the attacker says: prompt injection",
    "link": "a user opens the attacker's link or page",
    "account in the organization": "a login of their own, with a low role",
    "account in the other organization": "a login of their own, elsewhere",
    "former account": "a login that was taken away, and what it left behind",
    "network position": "sees and changes requests on their way",
    "log access": "reads what the server writes into its log",
    "Seer secret": "the secret that Sentry and Seer share",
}
"""What an attacker may hold, each with what it means."""

Category = Literal[
    "token forging",
    "claim confusion",
    "scope widening",
    "grant binding",
    "approval abuse",
    "cross-organization",
    "lifecycle",
    "disclosure",
    "identity smuggling",
    "session",
    "race",
]
Severity = Literal["low", "medium", "high", "critical"]
Role = Literal["control", "attack"]
"""What a step is in an attack; one that is neither is set-up."""

Verdict = Literal["held", "broken", "inconclusive"]

_OWASP = r"^(API([1-9]|10):2023|A(0[1-9]|10):20(21|25)|ASI(0[1-9]|10):2026|T([1-9]|1[0-7]))$"


def _holding(value: str) -> str:
    if value not in HOLDINGS:
        raise ValueError(f"no attacker holds {value!r}{suggest(value, HOLDINGS)}")
    return value


def _show_holdings(schema: dict[str, Any]) -> None:
    schema["enum"] = list(HOLDINGS)


Holding = Annotated[str, AfterValidator(_holding), Field(json_schema_extra=_show_holdings)]


class Attack(BaseModel):
    """What makes a scenario an attack: how grave, from where, by whom, and what it must find."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    category: Category = Field(description="What is attacked.")
    severity: Severity = Field(description="How grave it is when the attack succeeds.")
    cwe: Annotated[int, Field(ge=1, le=9999)] = Field(
        description="The number of the weakness class: 347 for CWE-347."
    )
    owasp: str = Field(
        pattern=_OWASP,
        description="The category of OWASP: API1:2023 to API10:2023, ASI01:2026 to ASI10:2026 "
        "(agentic applications), A01:2021 to A10:2025, or T1 to T17 (agentic threats).",
    )
    source: Annotated[str, Field(min_length=1)] = Field(
        description="Where the rule comes from: an RFC section, an issue, an advisory."
    )
    attacker: list[Holding] = Field(
        min_length=1,
        description="All that the attacker holds: "
        + "; ".join(f"{name}: {meaning}" for name, meaning in HOLDINGS.items()),
    )
    breaks_on: list[str] = Field(
        alias="breaks on", min_length=1, description="The weaknesses that this attack must find."
    )

    def as_json(self) -> dict[str, Any]:
        """The section as plain data, with the defences that its weaknesses belong to."""
        defences = {WEAKNESSES[name].defence: None for name in self.breaks_on if name in WEAKNESSES}
        return self.model_dump(by_alias=True) | {"defences": list(defences)}


def find_unknown(attack: Attack) -> list[tuple[tuple[str | int, ...], str]]:
    """Path and message of each weakness that there is not, or that is listed twice."""
    known = known_weaknesses()
    found: list[tuple[tuple[str | int, ...], str]] = []
    for index, name in enumerate(attack.breaks_on):
        if name not in known:
            found.append((("breaks on", index), f"unknown weakness {name!r}{suggest(name, known)}"))
        elif name in attack.breaks_on[:index]:
            found.append((("breaks on", index), f"{name!r} is listed twice"))
    return found


def known_weaknesses() -> dict[str, str]:
    """Every weakness of the services that are deployed here, by id, with its title."""
    # Importing the services fills the registry; not before somebody asks, for it takes a while.
    import harness.deployment  # noqa: F401

    return {name: weakness.title for name, weakness in WEAKNESSES.items()}
