"""How the flow stands, as plain data for the page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from harness.lab.script import Done, Script
from harness.lab.tour import APPROVAL, STOPS, Tour
from harness.report.text import visible_data
from harness.report.wording import word_arguments
from harness.scenario.stage import Stage
from harness.scopes import ALL_SCOPES


def describe_state(stage: Stage, script: Script, tour: Tour, position: int) -> dict[str, Any]:
    """The tour, the steps so far, the grants, the names that a step may use, and the clock.

    Raises UnreachableError.
    """
    control = stage.need_control()
    shown: dict[str, Any] = visible_data(
        {
            "position": position,
            "stops": [_stop(script, tour, number) for number in range(len(STOPS))],
            "done": [_done(stage, number, done) for number, done in enumerate(script.done, 1)],
            "grants": [_grant(stage, grant) for grant in control.grants()],
            "names": _names(stage, script),
            "clock": control.now().isoformat(),
            "sentry": stage.wire.url,
            "approval": _approval_url(stage, tour),
        }
    )
    return shown


def _stop(script: Script, tour: Tour, number: int) -> dict[str, Any]:
    done = [one for one in script.done if one.stop == number]
    return {
        "title": STOPS[number].title,
        "button": STOPS[number].button,
        "notice": tour.notice(number),
        "byHand": any(one.by_hand for one in done),
        "failures": [name for one in done for name in one.failures],
    }


def _done(stage: Stage, number: int, done: Done) -> dict[str, Any]:
    arguments = stage.transcript.redactor.data(done.arguments)
    return {
        "number": number,
        "action": done.action,
        "arguments": word_arguments(arguments),
        "status": done.status,
        "failures": list(done.failures),
        "byHand": done.by_hand,
        "tour": done.stop is not None,
    }


def _grant(stage: Stage, grant: dict[str, Any]) -> dict[str, Any]:
    users = {user.id: user.email for user in stage.target.users}
    return {
        "user": users.get(grant["user"], grant["user"]),
        "organization": grant["organization"],
        "session": grant["session"],
        "scopes": grant["scopes"],
        "expires": grant["expiresAt"],
    }


def _approval_url(stage: Stage, tour: Tour) -> str:
    """Where a person approves by hand what the tour waits for."""
    arguments = next(iter(tour.steps_of(APPROVAL)[0].values()))
    session = arguments["session"]
    organization = stage.organization(stage.session_organizations.get(session, "first")).slug
    asked = urlencode({"session": stage.session(session), "scopes": " ".join(arguments["scopes"])})
    return f"{stage.wire.url}/organizations/{quote(organization, safe='')}/agent/approve/?{asked}"


def _names(stage: Stage, script: Script) -> dict[str, list[str]]:
    """What fields of a step may name: those of the cast, then whom the cast leaves over."""
    company, target = stage.company, stage.target
    playing = {user.id for user in company.users.values()}
    taken = {organization.id for organization in company.organizations.values()}
    others = [
        user.email.partition("@")[0]
        for user in target.users
        if user.id not in playing and user.password
    ]
    places = [one.slug for one in target.organizations if one.id not in taken]
    return {
        "users": list(dict.fromkeys([*company.users, *others])),
        "organizations": list(dict.fromkeys([*company.organizations, *places])),
        "sessions": list(stage.session_organizations) if script.done else ["s1"],
        "tokens": list(stage.tokens),
        "runs": [name for name, value in stage.values.items() if _is_run(value)],
        "scopes": sorted(ALL_SCOPES),
    }


def _is_run(value: Any) -> bool:
    return isinstance(value, dict) and "run_id" in value
