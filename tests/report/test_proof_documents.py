"""A proof on the terminal, as JSON and as a page."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.report.proof_console import print_proof, show_progress
from harness.report.proof_json import render_proof_json
from harness.report.table import MARKS, render_table
from harness.scenario.loader import load_scenarios
from harness.scenario.proof import SOUND, Cell, Problem, Proof, make_cell
from harness.scenario.prover import choose, prove
from tests.report.test_hostile import HIDDEN, HOSTILE, read_page, write

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
WEAK = ("signature-not-checked", "expired-grant-revived", "sudo-not-asked")


@pytest.fixture(scope="module")
def proof() -> Proof:
    scenarios = load_scenarios(["forged-scopes", "grant-revived", "subject-respelled"])
    return prove(choose(scenarios, weakness_ids=WEAK))


@pytest.fixture(scope="module")
def fallen(proof: Proof) -> Proof:
    """The same with every kind of cell, and with problems."""
    attack = proof.attacks[0].id
    unsure = Cell(attack, WEAK[2], "inconclusive", "the control failed")
    row = dict(proof.cells[WEAK[2]]) | {attack: unsure}
    sound = dict(proof.sound)
    sound[attack] = replace(sound[attack], mark="broken", reason="step 9")
    missed = dict(proof.cells[WEAK[0]])
    missed["forged-scopes"] = Cell("forged-scopes", WEAK[0], "held")
    problems = [
        Problem("broken when sound", attack, "", f"{attack} breaks the sound server: step 9"),
        Problem("found by nobody", "", WEAK[2], f"no attack breaks on {WEAK[2]}"),
    ]
    cells = {**proof.cells, SOUND: sound, WEAK[2]: row, WEAK[0]: missed}
    return replace(proof, cells=cells, problems=problems)


def printed(proof: Proof, *, verbose: bool = False) -> str:
    console = Console(file=io.StringIO(), width=140, highlight=False, markup=False)
    print_proof(proof, console, verbose=verbose)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


# -- the terminal


def test_the_terminal_has_a_row_for_each_weakness(proof: Proof) -> None:
    lines = [re.sub(" +", " ", line).strip() for line in printed(proof).splitlines()]
    assert "signature-not-checked forged-scopes" in lines
    assert "expired-grant-revived grant-revived" in lines
    assert "sudo-not-asked none lists it" in lines
    assert (
        lines[-2] == "✗ no attack breaks on sudo-not-asked: An approved scope is enough to "
        "delete a team"
    )
    assert lines[-1] == "The proof does not stand."


def test_verbose_says_why(proof: Proof) -> None:
    text = printed(proof, verbose=True)
    assert (
        "as listed  signature-not-checked  step 4, attacker calls (line 26): status, json" in text
    )
    assert "expected: 401" in text
    assert "sntryag_" not in text


def test_what_did_not_break_is_marked(fallen: Proof) -> None:
    assert "forged-scopes (held)" in printed(fallen)
    assert "on the sound server: step 9" in printed(fallen, verbose=True)


def test_progress_is_for_terminals() -> None:
    plain = Console(file=io.StringIO())
    with show_progress(plain) as note:
        note(1, 2, "x")
    assert isinstance(plain.file, io.StringIO)
    assert plain.file.getvalue() == ""
    drawn = Console(file=io.StringIO(), force_terminal=True, width=80)
    with show_progress(drawn) as note:
        note(1, 2, "a weakness")
        note(2, 2, "another")
    assert isinstance(drawn.file, io.StringIO)
    assert "another" in drawn.file.getvalue()


# -- JSON


def test_json(proof: Proof) -> None:
    data = json.loads(render_proof_json(proof))
    assert (data["format"], data["seed"], data["stands"], data["complete"]) == (
        1,
        "0",
        False,
        False,
    )
    assert data["table"]["signature-not-checked"] == {
        "subject-respelled": "held",
        "grant-revived": "unreached",
        "forged-scopes": "broken",
    }
    assert set(data["table"]["sudo-not-asked"].values()) == {"unreached"}
    evidence = data["evidence"]["signature-not-checked"]["forged-scopes"]
    assert evidence["reason"].startswith("step 4")
    assert evidence["events"][0]["kind"] == "step"
    assert data["sound"]["forged-scopes"]["mark"] == "held"
    assert data["sound"]["forged-scopes"]["steps"]
    assert data["attacks"][0]["breaks on"] == ["subject-coerced"]
    assert data["problems"] == [
        {
            "kind": "found by nobody",
            "attack": "",
            "weakness": "sudo-not-asked",
            "message": proof.problems[0].message,
        }
    ]


def test_the_same_proof_gives_the_same_bytes(proof: Proof) -> None:
    scenarios = load_scenarios(["subject-respelled", "grant-revived", "forged-scopes"])
    again = prove(choose(scenarios, weakness_ids=WEAK), jobs=2)
    assert render_proof_json(again) == render_proof_json(proof)
    assert render_table(again) == render_table(proof)


# -- the page


class Links(HTMLParser):
    """Where links of a page lead, its ids, and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.cells: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.hrefs += [given["href"] or ""] if tag == "a" else []
        self.loads += [value or "" for name, value in attrs if name in ("src", "srcset")]
        if tag in ("link", "img", "iframe", "object"):
            self.loads.append(tag)
        if tag == "td":
            kind = given["class"] or ""
            self.cells[kind] = self.cells.get(kind, 0) + 1


def links_of(text: str) -> Links:
    links = Links()
    links.feed(text)
    return links


def test_every_link_of_the_page_leads_somewhere(fallen: Proof) -> None:
    links = links_of(render_table(fallen))
    assert len(links.ids) == len(set(links.ids))
    assert {href.removeprefix("#") for href in links.hrefs} <= set(links.ids)
    assert links.loads == []


def test_each_cell_that_tells_something_leads_to_its_evidence(proof: Proof) -> None:
    text = render_table(proof)
    for anchor in (
        "forged-scopes--signature-not-checked",
        "grant-revived--expired-grant-revived",
        "forged-scopes--sound",
    ):
        assert f'href="#{anchor}"' in text
        assert f'<details class="evidence" id="{anchor}">' in text
    assert "attacker calls (line 26): status, json" in text
    assert 'aria-label="forged-scopes on signature-not-checked: broke, as the attack lists"' in text


def test_the_picture_has_every_cell(proof: Proof, fallen: Proof) -> None:
    assert links_of(render_table(proof)).cells == {
        "sound": 3,
        "listed": 2,
        "held": 1,
        "unreached": 6,
    }
    cells = links_of(render_table(fallen)).cells
    assert cells["fallen"] == cells["missed"] == cells["inconclusive"] == 1
    assert sum(cells.values()) == 12
    assert cells.keys() <= MARKS.keys()


def test_the_policy_names_the_style_and_the_script(proof: Proof) -> None:
    text = render_table(proof)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    for tag in ("style", "script"):
        (source,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy[1].replace("'", "&#39;")
    assert " style=" not in text.replace("<style>", "")


def wicked(proof: Proof, text: str) -> Proof:
    """The proof with this text wherever a server or a file may have put one."""
    result = write(text)
    scenario = load_scenarios(["forged-scopes"])[0]
    cell = make_cell(scenario, WEAK[0], result)
    sound = replace(make_cell(scenario, SOUND, result), mark="held")
    attacks = [
        replace(attack, title=text, note=text, section={**attack.section, "source": text})
        for attack in proof.attacks
    ]
    cells = {
        **proof.cells,
        SOUND: {**proof.sound, "forged-scopes": sound},
        WEAK[0]: {**proof.cells[WEAK[0]], "forged-scopes": cell},
    }
    problems = [Problem("not broken", "forged-scopes", WEAK[0], text)]
    return replace(proof, attacks=attacks, cells=cells, problems=problems)


@pytest.mark.parametrize("name", HOSTILE)
def test_text_stays_text(proof: Proof, name: str) -> None:
    hostile, harmless = wicked(proof, HOSTILE[name]), wicked(proof, "harmless")
    page, plain = read_page(render_table(hostile)), read_page(render_table(harmless))
    assert page.elements == plain.elements
    assert page.attributes == plain.attributes
    assert page.scripts == plain.scripts
    for text in (render_table(hostile), printed(hostile, verbose=True)):
        assert not HIDDEN.search(text)
    assert json.loads(render_proof_json(hostile))["problems"]


def test_what_is_not_unicode_is_written_as_an_escape(proof: Proof) -> None:
    render_proof_json(wicked(proof, HOSTILE["not Unicode"])).encode()


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
@pytest.mark.parametrize("fragment", ["", "#forged-scopes--signature-not-checked"])
def test_in_a_browser(proof: Proof, tmp_path: Path, fragment: str) -> None:
    page = tmp_path / "page.html"
    page.write_text(render_table(proof), "utf-8")
    done: Any = subprocess.run(
        [
            str(BROWSER),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--virtual-time-budget=3000",
            "--enable-logging=stderr",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            page.as_uri() + fragment,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    # Neither a fault of the script nor a refusal of the policy.
    assert "CONSOLE" not in done.stderr, done.stderr
    # One cell is reached by Tab, the arrow keys go on from there.
    assert done.stdout.count('tabindex="0" href=') + done.stdout.count('tabindex="0">') >= 1
    opened = re.findall(r'<details class="evidence" id="([^"]*)" open="">', done.stdout)
    assert opened == ([fragment[1:]] if fragment else [])
