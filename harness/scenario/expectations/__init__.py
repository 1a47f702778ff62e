"""What can be expected of a step. Each module has a list `EXPECTATIONS`; importing adds them."""

from __future__ import annotations

from harness.scenario.expectations import (
    answer,
    challenge,
    harm,
    lists,
    page,
    records,
    resources,
    services,
    token,
    traces,
)
from harness.scenario.registry import add_expectation

for _module in (answer, challenge, token, lists, resources, records, traces, services, harm, page):
    for _expectation in _module.EXPECTATIONS:
        add_expectation(_expectation)
