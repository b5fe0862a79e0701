"""The ticket stream: the list by keyset, and the conversations that it asks for.

A cursor: {"position": how far everything is seen, "read_until": how far it was when a walk last came to
the end of the list, "known": conversations read within the overlap the next walk begins with}.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors import Clock, Cursor, Page, Record, Rejected
from connectors.freshdesk import mapping, messages, sla
from connectors.freshdesk.api import Api, Marks
from connectors.freshdesk.conversations import OVERLAP, Conversations, Known, Look
from connectors.freshdesk.instants import instant, iso
from connectors.freshdesk.mapping import EPOCH, Desk
from connectors.freshdesk.messages import Horizon, Reading
from connectors.freshdesk.pace import TICKETS
from connectors.freshdesk.reading import Reader, explained
from connectors.freshdesk.rows import TicketRow
from connectors.freshdesk.walks import PAGE_CAP, PAGE_SIZE, Listed, Since, Step, keyset


def listing(api: Api, reader: Reader[TicketRow], *, stats: bool = False, only: str | None = None) -> Since:
    """The ticket list ordered by change; stats cost two credits more a page, and nothing else is
    asked for: requesters come by their own list and descriptions are not kept.
    """
    fixed = {"order_by": "updated_at", "order_type": "asc"}
    if stats:
        fixed["include"] = "stats"
    if only is not None:
        fixed["filter"] = only

    async def since(changed_since: datetime, page: int) -> Listed[TicketRow]:
        query = {"updated_since": iso(changed_since), "page": page, **fixed}
        return await api.listed(TICKETS, query, reader)

    return since


@dataclass(slots=True)
class Tickets:
    """The backbone: what changed, and the conversations that must be read to understand it."""

    api: Api
    reader: Reader[TicketRow]
    desk: Callable[[], Awaitable[Desk]]
    """Awaited once there are rows: an account's labels cost a call."""
    begin: Callable[[], Awaitable[None]]
    """Awaited before the first walk."""
    clock: Clock
    notify: Callable[[str], None]
    since: datetime
    events_since: datetime

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        state = cursor or {}
        position = instant(state.get("position")) or self.since
        read_until = instant(state.get("read_until"))
        horizon = Horizon(self.events_since, read_until and read_until - OVERLAP)
        talks = Conversations(self.api, horizon, self.notify, Known.of(state.get("known", {})))
        start = position - OVERLAP if cursor else position
        begun_at = self.clock()
        if not cursor:
            await self.begin()
        since = listing(self.api, self.reader, stats=True)
        marks, is_end = Marks(cursor), False
        async for step in keyset(since, start, max(begun_at, position) + OVERLAP):
            page = await self._page(step, talks)
            if step.position is not None:
                # A row dated in the future must not carry the walk past what is still to come.
                position = max(position, min(step.position, self._now(begun_at)))
                talks.known.forget_before(position)
                page = replace(page, cursor=marks.fresh(_cursor(position, read_until, talks.known)))
            yield page
            is_end = step.listed.is_last
        if is_end:
            # Otherwise a quiet night after a bulk update would read all of it again at each sync.
            position = max(position, self._quiet_until(begun_at))
            talks.known.forget_before(position)
            # Not where a busy desk ended the walk: what moved past its end was not looked into.
            read_until = position
        yield Page((), marks.fresh(_cursor(position, read_until, talks.known)), data_until=begun_at)

    def _now(self, begun_at: datetime) -> datetime:
        """By the clock that is ahead, the vendor's or ours."""
        return max(begun_at, self.api.vendor_now or begun_at)

    def _quiet_until(self, begun_at: datetime) -> datetime:
        """Where nothing came after the last row, all is seen up to here: by the clock that is behind."""
        return EPOCH if self.api.vendor_now is None else min(begun_at, self.api.vendor_now) - OVERLAP

    async def _page(self, step: Step, talks: Conversations) -> Page:
        rejected = list(step.listed.rejected)
        if step.overflow:
            rejected.append(self._overflow(step))
        if not step.listed.rows:
            return Page((), rejected=rejected)
        desk = await self.desk()
        records: list[Record] = []
        looks = await talks.look(step.listed.rows, desk)
        for row, look in zip(step.listed.rows, looks, strict=True):
            rejected.extend(look.rejected)
            try:
                records.extend(ticket_records(row, look, talks.horizon, desk))
            except (ValueError, OverflowError) as error:
                rejected.append(self.reader.rejected(row, explained(error)))
        return Page(records, rejected=rejected)

    def _overflow(self, step: Step) -> Rejected:
        assert step.position is not None
        second = iso(step.position - timedelta(seconds=1))
        sentence = (
            f"more than {PAGE_CAP * PAGE_SIZE:,} tickets were changed at {second}, and Freshdesk lists no "
            "more: those beyond come in when they change again, or by a drop of the account's export"
        )
        self.notify(sentence)
        return Rejected("tickets", None, {"updated_at": second}, sentence)


def ticket_records(row: TicketRow, look: Look, horizon: Horizon, desk: Desk) -> list[Record]:
    """Everything one row of the list tells, with what its conversation added."""
    if look.is_gone:
        return [mapping.vanished(row, desk)]
    records: list[Record] = [
        mapping.ticket(row, desk, merged_into=look.merged_into, merge_checked=look.is_checked),
        *sla.clocks(row, desk.labels),
    ]
    if messages.is_recent(row, horizon):
        records.extend(mapping.observed(row, desk.labels))
    if look.conversation is not None:
        records.extend(messages.spoken(row, look.conversation, is_whole=not look.rejected))
    elif look.reading is Reading.INFER:
        records.extend(messages.inferred(row))
    return records


def _cursor(position: datetime, read_until: datetime | None, known: Known) -> dict[str, Any]:
    return {
        "position": iso(position),
        "read_until": None if read_until is None else iso(read_until),
        "known": known.told(),
    }
