"""Where data files are found: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import resources
from harness.resources import locate

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("kind", ["fixtures", "scenarios"])
def test_a_checkout_has_them_at_its_root(kind: str) -> None:
    assert locate(kind) == ROOT / kind


def test_a_wheel_has_them_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "harness"
    inside = package / "_data" / "fixtures"
    inside.mkdir(parents=True)
    # A folder of that name beside the package is somebody else's.
    (package.parent / "fixtures").mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert locate("fixtures") == inside


def test_what_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "harness")
    with pytest.raises(FileNotFoundError, match="the scenarios are not installed"):
        locate("scenarios")


@pytest.mark.parametrize("kind", ["", "tests", "../etc", "fixtures/worlds"])
def test_there_are_no_other_kinds(kind: str) -> None:
    with pytest.raises(ValueError, match="no such kind of data"):
        locate(kind)


def test_the_wheel_is_told_to_carry_them() -> None:
    configuration = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for kind in ("fixtures", "scenarios"):
        assert f'{kind} = "harness/_data/{kind}"' in configuration
