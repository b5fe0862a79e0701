"""Zendesk's ways of paging, each with its traps as recorded."""

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from connectors.sandbox.http import Answer, Request
from connectors.sandbox.order import pack

Changed = Callable[[int, int], Iterator[tuple[int, int]]]
"""(packed key, until) → (version, number) after the key."""
Render = Callable[[int, int], dict[str, Any]]
"""(version, number) → row."""

WITHHELD_SECONDS = 60


def error(status: int, code: str, description: str) -> Answer:
    return Answer.json({"error": code, "description": description}, status)


def bad_cursor() -> Answer:
    return error(400, "InvalidPaginationParameter", "page[after] is not valid")


def too_recent() -> Answer:
    return error(400, "StartTimeTooRecent", "Too recent start_time. Use a start_time older than 60 seconds")


def per_page(request: Request, most: int = 1_000) -> int:
    return min(max(request.whole("per_page") or most, 1), most)


# -- cursor export ----------------------------------------------------------------------------


def cursor_of(version: int, number: int) -> str:
    return base64.b64encode(f"{version}.0||{number}|".encode()).decode()


def position_of(cursor: str) -> int | None:
    """The packed key a cursor stands for; null for one that was never given out."""
    try:
        version, number = base64.b64decode(cursor, validate=True).decode().removesuffix("|").split("||")
        return pack(int(float(version)), int(number))
    except ValueError:
        return None


def cursor_export(
    request: Request,
    base_url: str,
    kind: str,
    now: int,
    changed: Changed,
    render: Render,
) -> Answer:
    """Rows after the cursor, oldest change first; an empty poll forgets even the cursor it was asked with."""
    cursor, start = request.query.get("cursor"), request.whole("start_time")
    if cursor:
        after = position_of(cursor)
        if after is None:
            return error(400, "InvalidValue", "cursor is not valid")
    elif start is None:
        return error(400, "ParameterMissing", "Parameter start_time is required")
    elif start > now - WITHHELD_SECONDS:
        return too_recent()
    else:
        after = pack(start, 0) - 1
    size = per_page(request)
    found = list(islice(changed(after, now - WITHHELD_SECONDS), size + 1))
    rows, more = found[:size], len(found) > size
    following = cursor_of(*rows[-1]) if rows else None
    before = cursor_of(*rows[0]) if rows and cursor else None
    return Answer.json(
        {
            kind: [render(version, number) for version, number in rows],
            "after_url": _url(request, base_url, cursor=following),
            "before_url": _url(request, base_url, cursor=before),
            "after_cursor": following,
            "before_cursor": before,
            "end_of_stream": not more,
        }
    )


def _url(request: Request, base_url: str, *, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    kept = {name: value for name, value in request.query.items() if name not in {"cursor", "start_time"}}
    return f"{base_url}{request.path}.json?{urlencode({'cursor': cursor, **kept})}"


# -- time export ------------------------------------------------------------------------------


def time_export(
    request: Request,
    base_url: str,
    kind: str,
    now: int,
    since: Callable[[int, int], Iterable[tuple[int, dict[str, Any]]]],
    *,
    says_end: bool = True,
) -> Answer:
    """Rows from start_time on, inclusive, cut at the page size; `next_page` is set even at the end."""
    start = request.whole("start_time")
    if start is None:
        return error(400, "ParameterMissing", "Parameter start_time is required")
    if start > now - WITHHELD_SECONDS:
        return too_recent()
    size = per_page(request)
    found = list(islice(since(start, now - WITHHELD_SECONDS), size + 1))
    rows = found[:size]
    end = rows[-1][0] if rows else start
    kept = {name: value for name, value in request.query.items() if name != "start_time"}
    body: dict[str, Any] = {
        kind: [row for _, row in rows],
        "next_page": f"{base_url}{request.path}.json?{urlencode({**kept, 'start_time': end})}",
        "count": len(rows),
        "end_time": end,
    }
    if says_end:
        body["end_of_stream"] = len(found) <= size
    return Answer.json(body)


# -- lists ------------------------------------------------------------------------------------


def listed(
    request: Request, base_url: str, kind: str, rows: Sequence[dict[str, Any]], *, cursors: bool = True
) -> Answer:
    """A short list: cursor pages when `page[size]` is given, offset pages otherwise."""
    if cursors and "page[size]" in request.query:
        after = _index_of(request.query.get("page[after]"))
        if after is None:
            return bad_cursor()
        return cursor_list(request, base_url, kind, enumerate(rows[after:], after + 1), most=100)
    return _offset_list(request, base_url, kind, rows)


def _offset_list(request: Request, base_url: str, kind: str, rows: Sequence[dict[str, Any]]) -> Answer:
    page, size = max(request.whole("page") or 1, 1), per_page(request, 100)
    if page > 100:
        return Answer.json(
            {"errors": [{"code": "InvalidPaginationDepth", "title": _TOO_DEEP, "detail": _TOO_DEEP}]}, 400
        )
    start = (page - 1) * size
    link = f"{base_url}{request.path}.json?per_page={size}&page="
    return Answer.json(
        {
            kind: rows[start : start + size],
            "next_page": f"{link}{page + 1}" if start + size < len(rows) else None,
            "previous_page": f"{link}{page - 1}" if page > 1 else None,
            "count": len(rows),
        }
    )


_TOO_DEEP = (
    "Pagination requests using Offset Pagination are limited to page 100 "
    "or up to 10000 records (page * per_page)"
)


def cursor_list(
    request: Request, base_url: str, kind: str, rows: Iterable[tuple[Any, dict[str, Any]]], *, most: int
) -> Answer:
    """(place, row) pairs after `page[after]`; `links.next` is set on the last page too."""
    size = request.whole("page[size]") or most
    if not 1 <= size <= most:
        description = f"page[size] must be between 1 and {most}"
        return Answer.json({"errors": [{"code": "InvalidPaginationParameter", "title": description}]}, 400)
    found = list(islice(rows, size + 1))
    page, more = found[:size], len(found) > size
    after = _opaque(page[-1][0]) if page else None
    before = _opaque(page[0][0]) if page else None
    kept = [(name, value) for name, value in request.pairs if not name.startswith("page[")]
    link = f"{base_url}{request.path}.json?{urlencode(kept)}{'&' if kept else ''}page%5Bsize%5D={size}"
    return Answer.json(
        {
            kind: [row for _, row in page],
            "meta": {"has_more": more, "after_cursor": after, "before_cursor": before},
            "links": {
                "prev": f"{link}&page%5Bbefore%5D={quote(before)}" if before else None,
                "next": f"{link}&page%5Bafter%5D={quote(after)}" if after else None,
            },
        }
    )


def _opaque(place: Any) -> str:
    return base64.urlsafe_b64encode(f"place:{place}".encode()).decode()


def place_of(cursor: str | None) -> str | None:
    """What a list cursor stands for: "" for the beginning, null for nonsense."""
    if not cursor:
        return ""
    try:
        name, _, place = base64.urlsafe_b64decode(cursor).decode().partition(":")
    except ValueError:
        return None
    return place if name == "place" else None


def passed(request: Request) -> tuple[int, int] | None:
    """The (instant, id) after which a list ordered by both goes on; null for a cursor that is nonsense."""
    place = place_of(request.query.get("page[after]"))
    if place is None:
        return None
    at, _, number = place.partition("/")
    return int(at or 0), int(number or 0)


def past(
    place: tuple[int, int], rows: Iterable[tuple[int, int, dict[str, Any]]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The (instant, id, row) triples after a place, as cursor_list wants them."""
    return ((f"{at}/{number}", row) for at, number, row in rows if (at, number) > place)


def _index_of(cursor: str | None) -> int | None:
    place = place_of(cursor)
    return None if place is None else int(place or 0)
