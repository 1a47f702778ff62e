"""The rules of a SARIF document: one for each defence, with the weakness class behind it."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.defence import Defence
from harness.report.sources import link_cwe, link_source

Json = dict[str, Any]

# A scenario that is no attack aims at no defence.
EXPECTATION = "scenario.expectation"
# What code scanning ranks alerts by, on the scale of CVSS.
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.5"}


class Rules:
    """The rules, in the order of their ids, and last the one for expectations.

    `attacks`: the sections `attack` of what was played; a rule is as grave as the gravest
    that aims at it.
    """

    def __init__(
        self, defences: Mapping[str, Defence[..., Any]], attacks: Iterable[Mapping[str, Any]]
    ) -> None:
        self._defences = [defences[name] for name in sorted(defences)]
        self._attacks = list(attacks)
        self._cwes = sorted({defence.cwe for defence in self._defences})
        ids = [*(defence.id for defence in self._defences), EXPECTATION]
        self._indexes = {name: index for index, name in enumerate(ids)}

    def refer(self, attack: Mapping[str, Any]) -> Json:
        """`id` and `index` of the rule that an attack aims at; of a scenario, that for those."""
        aimed: Sequence[str] = attack.get("defences", ())
        rule = next((name for name in aimed if name in self._indexes), EXPECTATION)
        return {"id": rule, "index": self._indexes[rule]}

    def driver(self) -> Json:
        """The tool: ourselves."""
        return {
            "name": "seer-harness",
            "semanticVersion": importlib.metadata.version("seer-harness"),
            "rules": [*(self._rule(defence) for defence in self._defences), _expectation()],
            "supportedTaxonomies": [{"name": "CWE", "index": 0}],
        }

    def taxonomy(self) -> Json:
        """The weakness classes behind the rules."""
        return {
            "name": "CWE",
            "organization": "MITRE",
            "shortDescription": {"text": "Common Weakness Enumeration"},
            "informationUri": "https://cwe.mitre.org/",
            "isComprehensive": False,
            "taxa": [{"id": str(cwe), "helpUri": link_cwe(cwe)} for cwe in self._cwes],
        }

    def _rule(self, defence: Defence[..., Any]) -> Json:
        wrong = [weakness.title for weakness in defence.weaknesses.values()]
        source = f"Source: {defence.source}. CWE-{defence.cwe}."
        told = "Wrong versions of this rule:\n\n" + "\n".join(f"- {title}" for title in wrong)
        rule: Json = {
            "id": defence.id,
            "name": _pascal(defence.id),
            "shortDescription": {"text": defence.title},
            "fullDescription": {"text": f"{defence.title}. {source}"},
            "help": {
                "text": f"{defence.title}.\n\n{source}\n\n{told}",
                "markdown": f"{defence.title}.\n\n{source}\n\n{told}",
            },
            "defaultConfiguration": {"level": "error"},
            "relationships": [
                {
                    "target": {
                        "id": str(defence.cwe),
                        "index": self._cwes.index(defence.cwe),
                        "toolComponent": {"name": "CWE", "index": 0},
                    },
                    "kinds": ["relevant"],
                }
            ],
            "properties": {
                "tags": ["security", f"external/cwe/cwe-{defence.cwe:03d}"],
                "precision": "very-high",
                "weaknesses": list(defence.weaknesses),
            },
        }
        if link := link_source(defence.source):
            rule["helpUri"] = link
        if score := self._score(defence.id):
            rule["properties"]["security-severity"] = score
        return rule

    def _score(self, rule: str) -> str | None:
        found = {
            attack.get("severity") for attack in self._attacks if rule in attack.get("defences", ())
        }
        return next((score for severity, score in _SCORES.items() if severity in found), None)


def _expectation() -> Json:
    title = "What a scenario expects of the server is what the server does"
    return {
        "id": EXPECTATION,
        "name": _pascal(EXPECTATION),
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}."},
        "help": {"text": "The scenario says at this line what was expected."},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["security"], "precision": "very-high"},
    }


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"[.-]", name))
