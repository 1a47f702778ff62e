"""Where the data files are that belong to the code."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent
_OF_AGENTS = {("agent", "scripts"), ("agent", "injections")}
_STEPS = re.compile(r"^[\"']?steps[\"']?\s*:", re.MULTILINE)


def locate(kind: str) -> Path:
    """The folder of `kind`: `fixtures` or `scenarios`.

    Beside the package in a checkout or an editable install, inside it in a wheel.
    Raises ValueError for another `kind`, FileNotFoundError if the installation lacks it.
    """
    if kind not in ("fixtures", "scenarios"):
        raise ValueError(f"no such kind of data: {kind!r}; there are fixtures and scenarios")
    # The wheel's place first: beside an installed package stand other people's folders.
    inside, beside = _PACKAGE / "_data" / kind, _PACKAGE.parent / kind
    for folder in (inside, beside):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the {kind} are not installed: neither {inside} nor {beside} exists")


def is_of_agents(file: Path) -> bool:
    """Whether a YAML file is an agent's script or an injection, and has no `steps`.

    They stand below `agent/scripts` and `agent/injections`, beside the scenarios, and are
    none. The folder alone is no proof: somebody's own scenarios may lie below folders of
    these names.
    """
    folders = file.resolve().parent.parts
    if not any(pair in _OF_AGENTS for pair in pairwise(folders)):
        return False
    return file.is_file() and _STEPS.search(file.read_text("utf-8", "replace")) is None


def read_facts(name: str) -> Any:
    """What the YAML file `name` of the fixtures says; our own file, so its form is trusted."""
    import yaml

    # libyaml's loader where PyYAML was built with it: ten times faster, and as safe.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((locate("fixtures") / name).read_bytes(), loader)  # noqa: S506
