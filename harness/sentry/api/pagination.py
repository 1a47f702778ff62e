"""Pages of a list, and the `Link` header that leads through them.

A cursor is `0:<offset>:<1 where it leads back>`; a page has `per_page` items.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from sqlalchemy import Row, Select

from harness.sentry.call import Call, Reply
from harness.sentry.errors import Invalid
from harness.sentry.route import parse_id

_T = TypeVar("_T")


def paginate(call: Call, items: Sequence[_T], show: Callable[[_T], Any]) -> Reply:
    """The page of `items` that the call asks for, each as `show` writes it.

    Raises Invalid for a cursor or a page size that cannot be read.
    """
    size = _page_size(call)
    offset = _offset(call)
    page = items[offset : offset + size]
    return _reply(call, offset, size, page, offset + size < len(items), show)


def paginate_rows(call: Call, statement: Select[Any], show: Callable[[Row[Any]], Any]) -> Reply:
    """As `paginate`, for the rows of an ordered `statement`: only the page's are read.

    Raises Invalid.
    """
    size = _page_size(call)
    offset = _offset(call)
    # One more than the page has tells whether there is a next one.
    rows = call.services.store.all(statement.limit(size + 1).offset(offset))
    return _reply(call, offset, size, rows[:size], len(rows) > size, show)


def _reply(
    call: Call, offset: int, size: int, page: Sequence[_T], more: bool, show: Callable[[_T], Any]
) -> Reply:
    back, ahead = max(0, offset - size), offset + size
    link = ", ".join(
        (
            _link(call, "previous", offset > 0, f"0:{back}:1"),
            _link(call, "next", more, f"0:{ahead}:0"),
        )
    )
    return Reply([show(item) for item in page], headers={"Link": link})


def _page_size(call: Call) -> int:
    """`per_page`, or `limit` as some clients call it."""
    most = call.services.settings.page_size
    text = call.request.args.get("per_page", call.request.args.get("limit"))
    if text is None:
        return most
    size = parse_id(text)
    if size is None or size < 1:
        raise Invalid("Invalid per_page parameter.")
    if size > most:
        raise Invalid(f"Invalid per_page value. Must be between 1 and {most}.")
    return size


def _offset(call: Call) -> int:
    text = call.request.args.get("cursor")
    if not text:
        return 0
    parts = text.split(":")
    offset = parse_id(parts[1]) if len(parts) == 3 else None
    if offset is None or parts[2] not in ("0", "1"):
        raise Invalid("Invalid cursor parameter.")
    return offset


def _link(call: Call, rel: str, results: bool, cursor: str) -> str:
    asked = [(k, v) for k, v in call.request.args.items(multi=True) if k != "cursor"]
    query = urlencode([*asked, ("cursor", cursor)])
    url = f"{call.base_url}{quote(call.request.path)}?{query}"
    found = "true" if results else "false"
    return f'<{url}>; rel="{rel}"; results="{found}"; cursor="{cursor}"'
