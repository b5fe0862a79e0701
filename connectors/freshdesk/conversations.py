"""Reading the conversations that `messages.reading` asks for, each once."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from connectors import Rejected, Unsupported
from connectors.freshdesk.api import Api
from connectors.freshdesk.mapping import Desk, seconds, stats_of
from connectors.freshdesk.messages import Horizon, Reading, merged_into, reading
from connectors.freshdesk.reading import Reader
from connectors.freshdesk.rows import ConversationRow, TicketRow

OVERLAP: Final = timedelta(minutes=5)
"""A walk begins this long before the last one ended: rows may reach the list late."""
_AT_ONCE: Final = 4
"""Conversations asked for side by side: one after the other, a fast plan's calls would lie idle."""
_MESSAGES: Final = Reader("ticket_events", ConversationRow, lambda _row: ())
"""A message becomes an event only beside its ticket; read again alone it gives nothing."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a row led to."""

    reading: Reading
    conversation: Sequence[ConversationRow] | None = None
    merged_into: str | None = None
    is_checked: bool = False
    """Its private notes were looked at, now or within the overlap."""
    is_gone: bool = False
    rejected: Sequence[Rejected] = ()


@dataclass(slots=True)
class Known:
    """Conversations read lately: {ticket: [seen, agent spoke, customer spoke, closed, merged into]},
    instants in epoch seconds. Never more than the overlap holds.
    """

    entries: dict[str, list[Any]]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Known":
        return cls({ticket: list(entry) for ticket, entry in told.items()})

    def told(self) -> dict[str, list[Any]]:
        return dict(self.entries)

    def note(self, row: TicketRow, merged: str | None) -> None:
        self.entries[str(row.id)] = [seconds(row.updated_at), *_spoken(row), merged]

    def holds(self, row: TicketRow) -> bool:
        entry = self.entries.get(str(row.id))
        return entry is not None and entry[1:4] == _spoken(row)

    def merged_into(self, row: TicketRow) -> str | None:
        return self.entries[str(row.id)][4]  # type: ignore[no-any-return]  # JSON of our own cursor

    def forget_before(self, position: datetime) -> None:
        """What a walk from this position on will not show again, its first second included."""
        oldest = seconds(position - OVERLAP) - 1
        self.entries = {ticket: entry for ticket, entry in self.entries.items() if entry[0] >= oldest}


def _spoken(row: TicketRow) -> list[int | None]:
    stats = stats_of(row)
    deeds = (stats.agent_responded_at, stats.requester_responded_at, stats.closed_at)
    return [None if at is None else seconds(at) for at in deeds]


@dataclass(slots=True)
class Conversations:
    api: Api
    horizon: Horizon
    notify: Callable[[str], None]
    known: Known
    is_closed: bool = False
    """This key may not read conversations."""

    async def look(self, rows: Sequence[TicketRow], desk: Desk) -> list[Look]:
        """What each row leads to; the conversations that must be read are read side by side."""
        looks = [self._settled(row) for row in rows]
        places = [place for place, look in enumerate(looks) if look is None]
        read = await self._side_by_side([rows[place] for place in places], desk)
        for place, look in zip(places, read, strict=True):
            looks[place] = look
        return [look for look in looks if look is not None]

    def _settled(self, row: TicketRow) -> Look | None:
        """What needs no call; null where the conversation must be read."""
        wanted = reading(row, self.horizon)
        if wanted is not Reading.READ:
            return Look(wanted)
        if self.known.holds(row):
            return Look(Reading.NOTHING, merged_into=self.known.merged_into(row), is_checked=True)
        return None

    async def _side_by_side(self, rows: Sequence[TicketRow], desk: Desk) -> list[Look]:
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(row: TicketRow) -> Look:
            async with places:
                return await self._read(row, desk)

        looks = [asyncio.ensure_future(one(row)) for row in rows]
        try:
            return list(await asyncio.gather(*looks))
        except BaseException:
            for look in looks:
                look.cancel()
            await asyncio.gather(*looks, return_exceptions=True)
            raise

    async def _read(self, row: TicketRow, desk: Desk) -> Look:
        if self.is_closed:
            return Look(Reading.NOTHING)
        try:
            look = await read_conversation(self.api, row, desk)
        except Unsupported as refusal:
            if not self.is_closed:
                self.notify(f"conversations cannot be read, so replies are counted from summaries: {refusal}")
            self.is_closed = True
            return Look(Reading.NOTHING)
        if not look.is_gone:
            self.known.note(row, look.merged_into)
        return look


async def read_conversation(api: Api, row: TicketRow, desk: Desk) -> Look:
    """Raises Unsupported where the key may not read conversations."""
    told = await api.every(f"tickets/{row.id}/conversations", _MESSAGES)
    if told is None:
        return Look(Reading.READ, is_gone=True)
    merged = merged_into(row, told.rows, desk.merge_note)
    return Look(Reading.READ, told.rows, merged, is_checked=True, rejected=told.rejected)
