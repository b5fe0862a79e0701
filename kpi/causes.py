"""Why facts changed: from what they were and what they are now."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from kpi.facts import TicketFact
from kpi.ratings import RatingFact
from kpi.selecting import Keys, rows_of
from storage.judged import Cause

_COUNTABLE = TicketFact._fields.index("is_countable")
_REOPENS = TicketFact._fields.index("reopens")


def cause_of_ticket(before: Any, now: Any, *, is_merged: bool = False) -> Cause:
    """`before` and `now` are rows of `ticket_facts`, null where there is none."""
    if before is None:
        return Cause.LATE_TICKET
    if now is None:
        return Cause.DELETION
    if before[_COUNTABLE] != now[_COUNTABLE]:
        gone = Cause.MERGE if is_merged else Cause.DELETION
        return Cause.RESTORATION if now[_COUNTABLE] else gone
    return Cause.REOPENING if now[_REOPENS] > before[_REOPENS] else Cause.CORRECTION


def cause_of_rating(before: RatingFact | None, now: RatingFact | None) -> Cause:
    if now is None or (before is not None and before.is_countable and not now.is_countable):
        return Cause.DELETION
    if before is None or before.rated_at is None:
        return Cause.LATE_RATING
    if now.is_countable and not before.is_countable:
        return Cause.RESTORATION
    is_same = (before.score, before.rated_at, before.scale) == (now.score, now.rated_at, now.scale)
    return Cause.CORRECTION if is_same else Cause.CHANGED_RATING


def merged_away(
    connection: sa.Connection,
    account: str,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    keys: Iterable[str],
) -> Collection[str]:
    """Which tickets have left because they were merged into others."""
    left = [
        key for key in keys
        if key in before and key in now and before[key][0] and before[key][0][_COUNTABLE] > now[key][0][_COUNTABLE]
    ]  # fmt: skip
    if not left:
        return ()
    rows = rows_of(connection, "tickets", ("id", "is_merged", "merged_into"), account, "id", Keys(left))
    return {row[0] for row in rows if row[1] or row[2] is not None}
