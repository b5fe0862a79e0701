"""What a store would hold after pulling HubSpot's streams: the newest of each record, and the cursors."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from connectors import Page, Record, Rejected, Unsupported
from connectors.hubspot import HubSpotConnector, HubSpotSettings
from connectors.sandbox import Sandbox


class Synced:
    """One account. Each `sync` is a run of its own: a new connector that goes on from the cursors.

    Waiting moves the sandbox's clock.
    """

    def __init__(
        self, sandbox: Sandbox, *, since_days: float = 400, events_days: float = 400, **own: Any
    ) -> None:
        self.sandbox, self.clock = sandbox, sandbox.clock
        now = self.clock()
        self.own = {
            **sandbox.settings, "since": now - timedelta(days=since_days),
            "events_since": now - timedelta(days=events_days), **own,
        }  # fmt: skip
        self.kept: dict[str, dict[str, Record]] = {}
        self.cursors: dict[str, Mapping[str, Any]] = {}
        self.rejected: list[Rejected] = []
        self.told: list[str] = []
        self.skipped: dict[str, str] = {}
        self.data_until: dict[str, datetime] = {}
        self.most_pages: int | None = None
        """A pull is given up after so many pages, as if the process had ended."""

    def connector(self) -> HubSpotConnector:
        return HubSpotConnector(
            HubSpotSettings(**self.own), clock=self.clock, sleep=self.clock.sleep, notify=self.told.append
        )

    def sync(self, *streams: str) -> "Synced":
        """All streams where none is named; the requests of earlier runs are forgotten."""
        self.sandbox.forget_requests()
        asyncio.run(self._run(streams))
        return self

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
        seen, count = set(), 0
        async with aclosing(pages) as read:  # type: ignore[type-var] # every pull is a generator
            async for page in read:
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
                count += 1
                if count == self.most_pages:
                    return

    def _keep(self, record: Record) -> None:
        of_kind = self.kept.setdefault(record.kind, {})
        before = of_kind.get(record.id)
        if before is None or record.version >= before.version:
            of_kind[record.id] = record

    def of(self, kind: str) -> dict[str, Any]:
        return self.kept.get(kind, {})

    def calls(self, *names: str) -> int:
        """Requests by the names the sandbox gives them; all of the last run without any."""
        counted = {name: sum(by.values()) for name, by in self.sandbox.counters().items()}
        return sum(counted.get(name, 0) for name in names) if names else sum(counted.values())
