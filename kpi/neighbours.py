"""Days of facts whose verdict rests on other tickets or answers than their own: these changed, so they may."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from kpi.facts import TicketFact
from kpi.metric import OFFERED, RATED
from kpi.ratings import RatingFact
from kpi.selecting import Keys, conditions, fetched

Days = Mapping[str, Collection[int]]
"""Anchor's name → days."""
_COMING_BACK = tuple(
    TicketFact._fields.index(name) for name in ("requester_id", "created_at", "is_countable", "is_outbound")
)


def is_another_contact(before: Any, now: Any) -> bool:
    """Whether a ticket's fact is a contact of somebody else, or at another time, than before."""
    if before is None or now is None:
        return before is not now
    return any(before[place] != now[place] for place in _COMING_BACK)


def came_back_to(connection: sa.Connection, account: str, ticket_ids: Collection[str]) -> set[int]:
    """First solves after which these tickets came of the same requester, within the window: by local day."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    days: set[int] = set()
    for condition, values in conditions(connection.dialect.name, "x.ticket_id", Keys(sorted(ticket_ids))):
        query = (
            "SELECT DISTINCT o.first_solved_day FROM ticket_facts x JOIN ticket_facts o "
            "ON o.account = x.account AND o.requester_id = x.requester_id "
            "AND o.first_solved_at < x.created_at AND o.fcr_mature_at >= x.created_at "
            f"WHERE x.account = {mark} AND {condition}"
        )
        days.update(row[0] for row in fetched(connection, query, (account, *values)))
    return days


def beside(connection: sa.Connection, account: str, changed: Iterable[RatingFact]) -> Days:
    """Days of the other surveys of the same tickets, and of the same respondents."""
    found = list(changed)
    tickets = {fact.ticket_id for fact in found if fact.ticket_id is not None}
    respondents = {fact.respondent_id for fact in found if fact.respondent_id is not None}
    return {
        OFFERED.name: _days(connection, account, OFFERED.day, "ticket_id", tickets),
        RATED.name: _days(connection, account, RATED.day, "respondent_id", respondents),
    }


def _days(connection: sa.Connection, account: str, day: str, key: str, keys: Collection[str]) -> set[int]:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    days: set[int] = set()
    for condition, values in conditions(connection.dialect.name, key, Keys(sorted(keys))):
        query = f"SELECT DISTINCT {day} FROM rating_facts WHERE account = {mark} AND {condition} AND {day} IS NOT NULL"
        days.update(row[0] for row in fetched(connection, query, (account, *values)))
    return days
