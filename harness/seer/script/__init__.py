"""Scripts of agents: YAML that says what a user asks and what the agent then does.

scripts = load_scripts()                       # those in scenarios/agent/scripts
script, captured = find_script(scripts, "Rename this organization to Initech")
agent = perform(script, circumstances, captured, clock)
"""

from __future__ import annotations

from harness.seer.script.interpreter import ScriptError, perform, perform_unknown
from harness.seer.script.loader import (
    Script,
    find_script,
    load_script,
    load_scripts,
    parse_script,
    scripts_folder,
)
from harness.seer.script.model import script_schema

__all__ = [
    "Script",
    "ScriptError",
    "find_script",
    "load_script",
    "load_scripts",
    "parse_script",
    "perform",
    "perform_unknown",
    "script_schema",
    "scripts_folder",
]
