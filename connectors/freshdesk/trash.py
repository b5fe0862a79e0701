"""Tickets in trash or spam, which leave the list without a word, and those that come back from there."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from connectors import Clock, Cursor, Page, Record, Unsupported
from connectors.freshdesk import mapping
from connectors.freshdesk.api import Api, Marks, Missing
from connectors.freshdesk.conversations import OVERLAP, Look, read_conversation
from connectors.freshdesk.instants import instant, iso
from connectors.freshdesk.mapping import EPOCH, RESTORED, Desk, micros, seconds
from connectors.freshdesk.messages import Horizon, Reading
from connectors.freshdesk.reading import Reader
from connectors.freshdesk.rows import TicketRow
from connectors.freshdesk.tickets import listing, ticket_records
from connectors.freshdesk.walks import keyset
from storage.records import TicketRecord

SWEEP_EVERY: Final = timedelta(days=1)
"""Nobody says that deleting and restoring move `updated_at`, so all of it is read once a day."""
_KEPT_FOR: Final = timedelta(days=30)
_PURGED_SOON: Final = timedelta(days=29)
_LEAVES: Final = Look(Reading.NOTHING)


@dataclass(slots=True)
class Sweep:
    """One of the two lists.

    A cursor: {"position": …, "swept_at": when all of it was last read, "there": {ticket: its last change}}.
    """

    api: Api
    reader: Reader[TicketRow]
    only: str
    """`deleted` or `spam`."""
    desk: Callable[[], Awaitable[Desk]]
    clock: Clock
    events_since: datetime

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        state = cursor or {}
        begun_at = self.clock()
        swept_at = instant(state.get("swept_at"))
        is_whole = swept_at is None or begun_at - swept_at >= SWEEP_EVERY
        position = instant(state.get("position")) or EPOCH
        start = EPOCH if is_whole else position - OVERLAP
        before: Mapping[str, int] = state.get("there", {})
        there = {} if is_whole else dict(before)
        since = listing(self.api, self.reader, only=self.only)
        async for step in keyset(since, start, max(begun_at, position) + OVERLAP):
            if step.position is not None:
                position = max(position, min(step.position, begun_at))
            if step.listed.rows or step.listed.rejected:
                gone = partial(self._gone, await self.desk())
                records, rejected = self.reader.read(step.listed.rows, gone)
                there |= {str(row.id): seconds(row.updated_at) for row in step.listed.rows}
                yield Page(records, rejected=[*step.listed.rejected, *rejected])
        if is_whole:
            async for page in self._back(before, there, begun_at):
                yield page
        yield Page(
            (),
            Marks(cursor).fresh(self._done(position, is_whole, there, state, begun_at)),
            data_until=begun_at,
        )

    def _gone(self, desk: Desk, row: TicketRow) -> Record:
        """Said by the list itself: rows of the trash do not always say it of themselves."""
        row.deleted = row.deleted or self.only == "deleted"
        row.spam = row.spam or self.only == "spam"
        return mapping.ticket(row, desk)

    def _done(
        self, position: datetime, is_whole: bool, there: Mapping[str, int], state: Cursor, begun_at: datetime
    ) -> dict[str, Any]:
        oldest = seconds(begun_at - _KEPT_FOR)
        return {
            "position": iso(position),
            "swept_at": iso(begun_at) if is_whole else state.get("swept_at"),
            "there": {ticket: at for ticket, at in there.items() if at >= oldest},
        }

    async def _back(
        self, before: Mapping[str, int], there: Mapping[str, int], begun_at: datetime
    ) -> AsyncIterator[Page]:
        """Those that left before they were purged. Their messages may be older than any that a walk still asks for."""
        purged = seconds(begun_at - _PURGED_SOON)
        for ticket, at in before.items():
            if ticket not in there and at > purged:
                yield await self._restored(ticket)

    async def _restored(self, ticket: str) -> Page:
        try:
            row = await self.api.get(f"tickets/{ticket}", TicketRow, {"include": "stats"})
        except Missing:
            return Page(())
        if row.deleted or row.spam:
            return Page(())
        desk = await self.desk()
        look = await self._look(row, desk)
        records = ticket_records(row, look, Horizon(self.events_since, None), desk)
        for record in records:
            if isinstance(record, TicketRecord):
                record.version = micros(row.updated_at) + RESTORED
        return Page(records, rejected=look.rejected)

    async def _look(self, row: TicketRow, desk: Desk) -> Look:
        try:
            return await read_conversation(self.api, row, desk)
        except Unsupported:
            return _LEAVES
