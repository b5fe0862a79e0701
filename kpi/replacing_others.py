"""Facts of other things than tickets that differ from the stored ones replace them, and touch their days;
and what tickets' facts touch besides their own days.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from kpi import writing
from kpi.bearing import customer_days, spread
from kpi.facts import TicketFact
from kpi.lesser import RiskSpan
from kpi.loading import Batch
from kpi.metric import AT_RISK, CHURNED, CUSTOMERS
from kpi.replacing import Days, Noted, note_rows, replace, rewrite
from kpi.selecting import Keys, Part, rows_of
from kpi.standalone import KINDS, Changes, Fact, StandalonePart
from kpi.stored import LESSER
from storage.judged import Cause
from storage.tables import metadata

_RISKS = 1 + list(LESSER).index("risk_spans")


def replace_any(
    connection: sa.Connection, part: Part | StandalonePart, found: Batch | Changes, today: int
) -> Noted:
    """Make the stored facts of a part those that were found; gives the days whose facts changed, and why."""
    if isinstance(part, StandalonePart):
        assert isinstance(found, Changes)
        noted = _replace_standalone(connection, part, found, today)
    else:
        assert isinstance(found, Batch)
        noted = replace(connection, part, found, today)
        _note_risks(found, noted[Cause.CORRECTION], today)
        _note_lost_customers(connection, part.account, found, noted[Cause.CORRECTION])
    for days in noted.values():
        spread(days, today)
    return noted


def rewrite_any(connection: sa.Connection, part: Part | StandalonePart, found: Batch | Changes) -> None:
    """The same where no day is worth noting, for all cells are computed anew."""
    if isinstance(part, StandalonePart):
        assert isinstance(found, Changes)
        _rewrite_standalone(connection, part, found)
    else:
        assert isinstance(found, Batch)
        rewrite(connection, part, found)


def _replace_standalone(connection: sa.Connection, part: StandalonePart, found: Changes, today: int) -> Noted:
    days: Days = defaultdict(set)
    table = metadata.tables[KINDS[part.kind].table]
    note_rows(days, table, (*found.before.values(), *found.now.values()))
    if part.kind == "customers":
        for key in found.before.keys() | found.now.keys():
            days[CUSTOMERS.name] |= customer_days(found.before.get(key), found.now.get(key), today)
    _rewrite_standalone(connection, part, found)
    return {Cause.CORRECTION: days}


def _rewrite_standalone(connection: sa.Connection, part: StandalonePart, found: Changes) -> None:
    kind = KINDS[part.kind]
    table = metadata.tables[kind.table]
    writing.delete_rows(connection, table, part.account, kind.columns[1], list(found.before))
    writing.insert_rows(connection, table, found.now.values())


def _note_risks(batch: Batch, days: Days, today: int) -> None:
    """Days in which a clock of a changed ticket was at risk for a while."""
    for row in map(RiskSpan._make, _each(batch, _RISKS)):
        days[AT_RISK.name].update(range(row.risk_day, min(row.risk_until_day, today) + 1))


def _each(batch: Batch, place: int) -> Iterable[Any]:
    for facts in (*batch.before.values(), *batch.tickets.values()):
        yield from facts[place]


def _note_lost_customers(connection: sa.Connection, account: str, batch: Batch, days: Days) -> None:
    """Whether a lost customer had asked for help rests on the tickets."""
    facts: list[Fact | None] = [each[0] for each in (*batch.before.values(), *batch.tickets.values())]
    asked = {TicketFact._make(fact).requester_id for fact in facts if fact is not None} - {None}
    requesters = Keys(sorted(map(str, asked)))
    rows = rows_of(connection, "customer_facts", ("churned_day",), account, "requester_id", requesters)
    days[CHURNED.name].update(row[0] for row in rows if row[0] is not None)
