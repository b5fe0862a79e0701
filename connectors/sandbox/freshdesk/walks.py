"""Which tickets a list shows: the usual ones, the deleted, the spam; by change or by creation."""

from collections.abc import Iterator, Mapping

import numpy as np

from connectors.sandbox.desk import Desk
from connectors.sandbox.history import DELETED
from connectors.sandbox.instants import epoch
from connectors.sandbox.order import pack

PAGE_CAP = 300
_DAY = 86_400
_KEPT_IN_TRASH = 30 * _DAY
_RECENT = 30 * _DAY


class Lists:
    def __init__(self, desk: Desk, ticket_scope: int, archives_after_days: float | None) -> None:
        self.desk = desk
        self._scope = ticket_scope
        self._archives_after = None if archives_after_days is None else int(archives_after_days * _DAY)

    def numbers(self, query: Mapping[str, str]) -> Iterator[int]:
        """Ticket numbers in the asked order; raises ValueError(`field: message`) for a mistaken query."""
        kind, order = query.get("filter", ""), query.get("order_by", "created_at")
        if kind not in {"", "deleted", "spam"}:
            raise ValueError("filter: It should be one of these values: 'deleted,spam'")
        if order not in {"created_at", "updated_at"}:
            raise ValueError("order_by: It should be one of these values: 'created_at,updated_at'")
        since = self._since(query)
        oldest = self.desk.now() - _RECENT if since is None else 0
        pairs = self._trashed(kind, since or 0) if kind else self._usual(since or oldest)
        numbers = (number for _, number in pairs if not oldest or self._is_recent(number, oldest))
        descending = query.get("order_type", "desc") == "desc"
        if order == "created_at":
            return iter(sorted(numbers, reverse=descending))
        return reversed(list(numbers)) if descending else numbers

    def _is_recent(self, number: int, oldest: int) -> bool:
        """Without updated_since only what was created in the last thirty days is listed."""
        return self.desk.ticket(number).created_at >= oldest

    def _since(self, query: Mapping[str, str]) -> int | None:
        text = query.get("updated_since")
        if text is None:
            return None
        at = epoch(text)
        if at is None:
            raise ValueError("updated_since: It should be in the 'combined date and time ISO8601' format")
        return at

    def exists(self, number: int) -> bool:
        """Whether the ticket can be read at all: it was created, and not purged from the trash."""
        try:
            ticket = self.desk.ticket(number)
        except KeyError:
            return False
        return not ticket.deleted_at or ticket.deleted_at > self.desk.now() - _KEPT_IN_TRASH

    def is_archived(self, number: int) -> bool:
        if self._archives_after is None:
            return False
        ticket = self.desk.ticket(number)
        return ticket.status == "closed" and ticket.changed_at < self.desk.now() - self._archives_after

    def _usual(self, since: int) -> Iterator[tuple[int, int]]:
        deleted = self.desk.history.skeleton.times[:, DELETED]
        plain = self._scope == 1 and self._archives_after is None
        for at, number in self.desk.changed(pack(since, 0) - 1, self.desk.now()):
            if (plain and not deleted[number - 1] and not self.desk.is_changed(number)) or self._is_shown(
                number
            ):
                yield at, number

    def _is_shown(self, number: int) -> bool:
        ticket = self.desk.ticket(number)
        mine = self._scope == 1 or ticket.group == 1
        return mine and not ticket.deleted_at and not self.is_archived(number)

    def _trashed(self, kind: str, since: int) -> Iterator[tuple[int, int]]:
        """Deleted or spam tickets, until the trash is emptied."""
        oldest, now = self.desk.now() - _KEPT_IN_TRASH, self.desk.now()
        deleted = self.desk.history.skeleton.times[:, DELETED]
        scripted = (np.flatnonzero((deleted > oldest) & (deleted <= now)) + 1).tolist()
        found = []
        for number in {*scripted, *self.desk.changed_by_hand()}:
            ticket = self.desk.ticket(number)
            spam = ticket.plot.name == "spam"
            if ticket.deleted_at > oldest and spam == (kind == "spam") and ticket.changed_at >= since:
                found.append((ticket.changed_at, number))
        return iter(sorted(found))
