"""Which decision record of the server belongs to which exchange.

The transcript has Sentry's records of a step after its exchanges, in the order of the audit
log; a record names the method, the route and the status, and no exchange.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

Event = Mapping[str, Any]

_API = "/api/0"
# What the harness reads around a step: its records belong to no step, and are not kept.
_ASIDE = frozenset({"read before", "read after", "control", "reset"})


def pair_decisions(events: Sequence[Event]) -> dict[int, Event]:
    """The `decision` event of each exchange that has one, by the number of the exchange.

    `events` are those of one step. A record that fits no exchange is left out.
    """
    waiting = [event for event in events if _is_judged(event)]
    pairs: dict[int, Event] = {}
    for event in events:
        if event["kind"] != "decision" or not isinstance(event["record"], Mapping):
            continue
        found = _find(waiting, event["record"], before=event["number"])
        if found is not None:
            waiting.remove(found)
            pairs[found["number"]] = event
    return pairs


def _is_judged(event: Event) -> bool:
    return (
        event["kind"] == "exchange"
        and event["server"] == "sentry"
        and event["status"] is not None
        and event["purpose"] not in _ASIDE
    )


def _find(exchanges: Iterable[Event], record: Mapping[str, Any], *, before: int) -> Event | None:
    alike = [
        exchange
        for exchange in exchanges
        if exchange["number"] < before
        and exchange["method"] == record.get("method")
        and exchange["status"] == record.get("status")
    ]
    pattern = _pattern(str(record.get("route", "")))
    for exchange in alike:
        if pattern.fullmatch(urlsplit(exchange["url"]).path):
            return exchange
    # A route that nothing matches has no template.
    return alike[0] if alike and not record.get("route") else None


@lru_cache(maxsize=512)
def _pattern(route: str) -> re.Pattern[str]:
    """The paths of a route template such as `/organizations/{organization_id_or_slug}/`."""
    parts = re.split(r"\{\w+\}", route)
    return re.compile(re.escape(_API) + "[^/]+".join(map(re.escape, parts)))
