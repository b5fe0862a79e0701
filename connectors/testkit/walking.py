"""How the contract goes through a stream, and what a store would make of it."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import ConnectorError, Cursor, Page, Record, Rejected, Stream

MOST_PAGES = 10_000
Key = tuple[str | None, str, str]


@dataclass
class Time:
    """A clock that moves only when somebody sleeps, so that an hour's wait is over at once."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def clock(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Walk:
    """One pull of one stream: its pages, and how it ended."""

    start: Cursor | None
    pages: list[Page] = field(default_factory=list)
    error: ConnectorError | None = None

    @property
    def cursors(self) -> list[Cursor]:
        return [page.cursor for page in self.pages if page.cursor is not None]

    @property
    def stored_cursor(self) -> Cursor | None:
        """What a checkpoint would hold now."""
        return through_json(self.cursors[-1]) if self.cursors else self.start

    @property
    def records(self) -> list[Record]:
        return [record for page in self.pages for record in page.records]

    @property
    def rejected(self) -> list[Rejected]:
        return [rejected for page in self.pages for rejected in page.rejected]


async def walk(stream: Stream, cursor: Cursor | None = None, *, pages: int = MOST_PAGES) -> Walk:
    """Pull up to so many pages, then close the pull as a stopped run would."""
    done = Walk(cursor)
    try:
        async with aclosing(_closable(stream, cursor)) as pulled:
            async for page in pulled:
                done.pages.append(page)
                if len(done.pages) >= pages:
                    break
    except ConnectorError as error:
        done.error = error
    assert len(done.pages) < MOST_PAGES, f"{stream.name} gives pages without end"
    return done


async def _closable(stream: Stream, cursor: Cursor | None) -> Any:
    """`pull` may be any async iterator; only generators can be closed."""
    pulled = stream.pull(cursor)
    try:
        async for page in pulled:
            yield page
    finally:
        if close := getattr(pulled, "aclose", None):
            await close()


def through_json(cursor: Cursor) -> Cursor:
    """A cursor as the store gives it back."""
    read: Cursor = json.loads(json.dumps(cursor, allow_nan=False))
    return read


class Stored:
    """Rows as the store would keep them: one a kind and id, the newest version, of equal ones the latest."""

    def __init__(self, pages: Sequence[Page] = ()) -> None:
        self.rows: dict[Key, Record] = {}
        for page in pages:
            self.put(page)

    def put(self, page: Page) -> None:
        for record in page.records:
            key = (page.account, record.kind, record.id)
            if key not in self.rows or record.version >= self.rows[key].version:
                self.rows[key] = record
        for retired in page.retired:
            gone = [
                key
                for key, row in self.rows.items()
                if row.kind == retired.kind and row.origin == retired.origin
            ]
            for key in gone:
                del self.rows[key]

    @property
    def keys(self) -> set[Key]:
        return set(self.rows)

    def contents(self) -> dict[Key, dict[str, Any]]:
        return {key: dict(row) for key, row in self.rows.items()}


def places(count: int, most: int = 5) -> Sequence[int]:
    """Where to cut a walk of so many pages: the first, the last, and some between."""
    if count <= most:
        return range(1, count + 1)
    return sorted({1, 2, count // 2, count - 1, count})
