"""A helpdesk that exists only as a script: what each stream yields, and how it fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import Checked, Connector, ConnectorSettings, Cursor, Page, Rejected, Stream
from storage.records import Status, TicketRecord
from sync import schedule

CREATED = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)

Step = Page | BaseException | Callable[[], Awaitable[None]]
"""A page to yield, an error to raise, or something to wait for."""


def ticket(number: int, *, version: int = 1, **fields: Any) -> TicketRecord:
    values = {"status": Status.OPEN, "created_at": CREATED, "updated_at": CREATED, **fields}
    return TicketRecord(id=str(number), version=version, **values)


def page(*numbers: int, cursor: Cursor | None = None, rejected: Sequence[Rejected] = ()) -> Page:
    """Tickets of these numbers; the cursor is the last one's unless given."""
    at = {"after": numbers[-1]} if cursor is None and numbers else cursor
    return Page([ticket(number) for number in numbers], cursor=at, rejected=rejected)


@dataclass
class Script:
    """One stream: `steps` are played from the beginning, or from after the cursor's page."""

    name: str
    steps: Sequence[Step]
    every: timedelta = timedelta(0)
    since: datetime | None = None
    asked: list[Cursor | None] = field(default_factory=list)
    fetched: int = 0

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        self.asked.append(cursor)
        behind = cursor is not None
        for step in self.steps:
            if isinstance(step, Page):
                self.fetched += 1
                if not behind:
                    yield step
                behind = behind and step.cursor != cursor
            elif behind:
                continue
            elif isinstance(step, BaseException):
                raise step
            else:
                await step()


class ScriptedConnector(Connector[ConnectorSettings]):
    Settings = ConnectorSettings

    def __init__(self, scripts: Sequence[Script], **seams: Any) -> None:
        super().__init__(ConnectorSettings(since=CREATED, events_since=CREATED), **seams)
        self.scripts = scripts
        self.closed = False

    @property
    def requests(self) -> int:
        return sum(script.fetched for script in self.scripts)

    def streams(self) -> Sequence[Stream]:
        return [Stream(script.name, script.pull, script.every, since=script.since) for script in self.scripts]

    async def check(self) -> Checked:
        return Checked("a script")

    async def aclose(self) -> None:
        self.closed = True


class FakeAccount:
    """What the engine sees of `sync.accounts.Account`."""

    def __init__(self, *scripts: Script, name: str = "acme", every: str = "every 10m") -> None:
        self.name = name
        self.connector = "scripted"
        self.schedule = schedule.parse(every)
        self.enabled = True
        self.scripts: Mapping[str, Script] = {script.name: script for script in scripts}
        self.opened: list[ScriptedConnector] = []

    def connect(self, notify: Callable[[str], None]) -> ScriptedConnector:
        self.opened.append(ScriptedConnector(list(self.scripts.values()), notify=notify))
        return self.opened[-1]


async def for_ever() -> None:
    """An hour-long Retry-After, and longer."""
    await asyncio.Event().wait()


@dataclass(frozen=True)
class Refreshed:
    """What a KPI refresh tells that had nothing to do."""

    tickets: int = 0
    periods: int = 0
    values: int = 0
    seconds: float = 0.0


def refresh(_may_be_cut: Callable[[], None]) -> Refreshed:
    """A KPI refresh with nothing to do."""
    return Refreshed()
