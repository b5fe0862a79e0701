"""What a store would hold after pulling Freshdesk's streams: the newest of each record, and the cursors."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from connectors import Page, Record, Rejected, Unsupported
from connectors.freshdesk import FreshdeskConnector, FreshdeskSettings


class Synced:
    """One account. Each `sync` is a run of its own: a new connector that goes on from the cursors.

    `keep_page` sees each page before it is stored, and cuts the pull when it raises.
    """

    def __init__(self, desk: Any, *, since_days: float = 400, events_days: float = 90, **own: Any) -> None:
        self.desk = desk
        now = desk.clock()
        self.own = {
            **desk.settings, "since": now - timedelta(days=since_days),
            "events_since": now - timedelta(days=events_days), **own,
        }  # fmt: skip
        self.kept: dict[str, dict[str, Record]] = {}
        self.cursors: dict[str, Mapping[str, Any]] = {}
        self.rejected: list[Rejected] = []
        self.told: list[str] = []
        self.skipped: dict[str, str] = {}
        self.data_until: dict[str, datetime] = {}

    def connector(self) -> FreshdeskConnector:
        return FreshdeskConnector(
            FreshdeskSettings(**self.own),
            clock=self.desk.clock,
            sleep=self.desk.clock.sleep,
            transport=self.desk.transport,
            notify=self.told.append,
        )

    def sync(self, *streams: str) -> "Synced":
        """All streams where none is named; the calls of earlier runs are forgotten."""
        self.forget_calls()
        asyncio.run(self._run(streams))
        return self

    def forget_calls(self) -> None:
        self.desk.forget_calls()

    def check(self) -> Any:
        async def asked() -> Any:
            connector = self.connector()
            try:
                return await connector.check()
            finally:
                await connector.aclose()

        return asyncio.run(asked())

    async def _run(self, streams: tuple[str, ...]) -> None:
        connector = self.connector()
        try:
            for stream in connector.streams():
                if not streams or stream.name in streams:
                    try:
                        await self._pull(stream.name, stream.pull(self.cursors.get(stream.name)))
                    except Unsupported as refused:
                        self.skipped[stream.name] = str(refused)
        finally:
            await connector.aclose()

    async def _pull(self, stream: str, pages: AsyncIterator[Page]) -> None:
        seen = set()
        async with aclosing(pages) as read:  # type: ignore[type-var] # every pull is a generator
            async for page in read:
                self.keep_page(page)
                for record in page.records:
                    self._keep(record)
                self.rejected += page.rejected
                if page.data_until is not None:
                    self.data_until[stream] = page.data_until
                if page.cursor is not None:
                    text = json.dumps(page.cursor, sort_keys=True)
                    assert text not in seen, "a cursor came twice"
                    seen.add(text)
                    self.cursors[stream] = json.loads(text)

    def keep_page(self, page: Page) -> None:
        return None

    def _keep(self, record: Record) -> None:
        of_kind = self.kept.setdefault(record.kind, {})
        before = of_kind.get(record.id)
        if before is None or record.version >= before.version:
            of_kind[record.id] = record

    def of(self, kind: str) -> dict[str, Any]:
        return self.kept.get(kind, {})

    def ticket(self, number: int) -> Any:
        return self.of("tickets")[str(number)]

    def events(self, number: int, kind: str) -> list[Any]:
        found = [
            e for e in self.of("ticket_events").values() if e.ticket_id == str(number) and e.event == kind
        ]
        return sorted(found, key=lambda event: (event.at, event.sequence))

    def messages(self, number: int) -> list[tuple[str, bool]]:
        """Who wrote and whether in public, in order."""
        return [(event.actor_role.value, event.is_public) for event in self.events(number, "message")]

    def read(self) -> list[int]:
        """Tickets whose conversations the last run asked for, in order."""
        paths = [call.path for call in self.desk.calls if call.path.endswith("/conversations")]
        return [int(path.split("/")[1]) for path in paths]
