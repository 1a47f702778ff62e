"""The catalogue of prompt injections: payloads, each with the harm that it tries.

    for injection in load_injections():     # all of them, or those with these ids
        injection.issue                     # the issue to ask about, in the world `poisoned`

The files are in `scenarios/agent/injections`, the payloads themselves in
`fixtures/worlds/poisoned.yaml`, where whoever asks the agent has them read. Each is played in
three acts, from a fresh world: with the user's whole authority, where the harm is done; with a
token that only reads; and after a narrow approval. Then the state is looked at, by the user,
never what the agent said.
"""

from __future__ import annotations

from harness.injections.loader import load_injections
from harness.injections.model import (
    FENCES,
    WORLD,
    Act,
    Demand,
    Fence,
    Gone,
    Granted,
    Harmed,
    Injection,
    Listed,
    Outside,
    Reads,
    TokenIn,
    injection_schema,
)

__all__ = [
    "FENCES",
    "WORLD",
    "Act",
    "Demand",
    "Fence",
    "Gone",
    "Granted",
    "Harmed",
    "Injection",
    "Listed",
    "Outside",
    "Reads",
    "TokenIn",
    "injection_schema",
    "load_injections",
]
