"""Tasks: which operations belong to them, and what a file may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.document import DocumentError
from harness.grading import Task, read_task
from harness.grading.task import plain_path

ROUTE = "/organizations/{organization_id_or_slug}/issues/{issue_id}/"


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        *((f"PUT {ROUTE}", True), ("PUT /organizations/acme/issues/7/", True)),
        *(
            ("PUT /api/0/organizations/{o}/issues/{i}/", True),
            ("* /organizations/*/issues/*/", True),
        ),
        *(("PUT /**", True), ("PUT /organizations/**", True), ("PUT /teams/**", False)),
        *((f"DELETE {ROUTE}", False), ("PUT /organizations/*/issues/", False)),
        ("PUT /organizations/*/teams/*/", False),
    ],
)
def test_an_operation(pattern: str, covered: bool) -> None:
    assert Task((pattern,)).covers("PUT", ROUTE) is covered


def test_nothing_is_allowed_by_nothing() -> None:
    assert not Task(()).covers("GET", "/organizations/")


def test_names_of_a_plan_stand_for_any_segment() -> None:
    assert plain_path("/api/0/x/{found.json.0.id}/a{b}c/?q={d}") == "/api/0/x/*/*/"


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "task.yaml"
    file.write_text("allowed:\n  - GET /organizations/\nscopes: [event:write]\n")
    assert read_task(file) == Task(("GET /organizations/",), frozenset({"event:write"}))


def test_mistakes_have_their_line(tmp_path: Path) -> None:
    file = tmp_path / "task.yaml"
    file.write_text(
        "allowed:\n  - GET /organizations/\n  - FETCH it\nscopes: [event:wrote]\nx: 1\n"
    )
    with pytest.raises(DocumentError) as caught:
        read_task(file)
    first, second, third = str(caught.value).splitlines()
    assert first.startswith(f"{file}:3:5: allowed[1]: expected a method and a path")
    assert second.startswith(f"{file}:4:10: scopes[0]: unknown scope 'event:wrote'; did you mean")
    assert third.startswith(f"{file}:5:")
