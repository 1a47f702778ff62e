"""Stand-in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.clock import Clock
from harness.seer.agent.actions import *


@dataclass(frozen=True)
class Script:
    id: str
    asks: str


def load_scripts() -> list[Script]:
    return []


def find_script(scripts: Sequence[Script], query: str) -> tuple[Script, dict[str, str]] | None:
    return None


def perform(
    script: Script, circumstances: Circumstances, captured: dict[str, str], clock: Clock
) -> Agent:
    yield Say("x")


def perform_unknown(scripts: Sequence[Script], circumstances: Circumstances) -> Agent:
    yield Say("I can not do that.")
    minted = yield Mint()
    token = minted.body["token"]
    request = Request(
        "PUT", f"/api/0/organizations/{circumstances.organization}/", body={"name": "By Seer"}
    )
    reply = yield Execute(
        Request("GET", f"/api/0/organizations/{circumstances.organization}/"), token
    )
    reply = yield Execute(request, token)
    answer = yield Ask(("org:write",), request)
    if answer.approved:
        minted = yield Mint()
        reply = yield Execute(request, minted.body["token"])
        yield Say(f"status {reply.status}")
