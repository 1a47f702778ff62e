"""What operations ask beyond the scopes that the catalogue names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from harness.oracle.case import Case, overlap
from harness.oracle.facts import rank
from harness.oracle.parties import ALLOWED, DENIED, HIDDEN, UNAUTHENTICATED, Kind, Verdict

Rule: TypeAlias = Callable[[Case], Verdict]

_MANAGE_MEMBERS: Final = frozenset({"member:write", "member:admin"})
_CHANGE_PROJECTS: Final = frozenset({"project:write", "project:admin"})


def _mint(case: Case) -> Verdict:
    if not case.place.flow:
        return HIDDEN
    return DENIED if case.is_machine else _for_users(case, "minting")


def _where_agents_are(case: Case) -> Verdict:
    return ALLOWED if case.place.flow else HIDDEN


def _for_users(case: Case, exception: str) -> Verdict:
    agent = case.caller.kind is Kind.AGENT_TOKEN
    return case.unlike_user_token(DENIED, exception) if agent else ALLOWED


def _delete_team(case: Case) -> Verdict:
    if case.caller.kind is Kind.AGENT_TOKEN:
        return case.unlike_user_token(UNAUTHENTICATED, "sudo")
    return _ask_password(case)


def _delete_project(case: Case) -> Verdict:
    return ALLOWED if case.target.empty else _ask_password(case)


def _ask_password(case: Case) -> Verdict:
    """Tokens cannot type one, and were made to act alone; a session did so not long ago."""
    caller = case.caller
    typed = caller.kind is Kind.SESSION and caller.sudo
    return ALLOWED if typed or caller.is_token else UNAUTHENTICATED


def _change_project(case: Case) -> Verdict:
    more = overlap(case.held(case.target.teams), _CHANGE_PROJECTS)
    return ALLOWED if more or case.target.harmless else DENIED


def _take_team_away(case: Case) -> Verdict:
    if case.target.other_team is None:
        return HIDDEN
    teams = {case.target.other_team}
    manages = case.reaches(teams) and overlap(case.held(teams), _CHANGE_PROJECTS)
    return ALLOWED if manages else DENIED


def _change_member(case: Case) -> Verdict:
    return ALLOWED if overlap(case.held(), _MANAGE_MEMBERS) else DENIED


def _remove_member(case: Case) -> Verdict:
    target = case.target
    own = target.own and not case.is_machine
    manages = not case.is_machine and overlap(case.held(), _MANAGE_MEMBERS)
    below = rank(target.member_role) <= rank(case.place.role)
    if target.last_owner:
        return DENIED
    if (own and case.caller.kind is not Kind.AGENT_TOKEN) or (manages and below):
        return ALLOWED
    return case.unlike_user_token(DENIED, "leaving", own)


def _write_comment(case: Case) -> Verdict:
    return DENIED if case.caller.kind is Kind.ORGANIZATION_TOKEN else ALLOWED


def _change_comment(case: Case) -> Verdict:
    if case.caller.kind is Kind.ORGANIZATION_TOKEN:
        return DENIED
    return ALLOWED if case.target.own else HIDDEN


def _start_fix(_: Case) -> Verdict:
    """No Seer that fixes issues stands behind the mock."""
    return HIDDEN


def _list_rules() -> dict[tuple[str, str], Rule]:
    organization = "/organizations/{organization_id_or_slug}/"
    project = "/projects/{organization_id_or_slug}/{project_id_or_slug}/"
    issue = organization + "issues/{issue_id}/"
    rules: dict[tuple[str, str], Rule] = {
        ("POST", organization + "agent/token/"): _mint,
        ("GET", organization + "agent/grants/"): _where_agents_are,
        ("POST", organization + "agent/revoke/"): _where_agents_are,
        ("DELETE", "/teams/{organization_id_or_slug}/{team_id_or_slug}/"): _delete_team,
        ("DELETE", project): _delete_project,
        ("PUT", project): _change_project,
        ("DELETE", project + "teams/{team_id_or_slug}/"): _take_team_away,
        ("PUT", organization + "members/{member_id}/"): _change_member,
        ("DELETE", organization + "members/{member_id}/"): _remove_member,
        ("POST", issue + "autofix/"): _start_fix,
    }
    for name in ("comments/", "notes/"):
        rules["POST", issue + name] = _write_comment
        rules["PUT", issue + name + "{note_id}/"] = _change_comment
        rules["DELETE", issue + name + "{note_id}/"] = _change_comment
    return rules


#: (method, path): what is asked of who came that far.
RULES: Final[Mapping[tuple[str, str], Rule]] = _list_rules()
