"""Facts of other things than tickets: each a pure function of its own row (a call's, of its legs too).

They are computed, compared with what is stored and replaced like tickets' facts, by account and range of ids.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from kpi.calendar import LocalDays
from kpi.calls import CallFact, CallInput, LegInput, call_fact
from kpi.outside import (
    AgentTimeFact,
    AgentTimeInput,
    CustomerFact,
    CustomerInput,
    FigureFact,
    FigureInput,
    PurchaseFact,
    PurchaseInput,
    agent_time_fact,
    customer_fact,
    figure_fact,
    purchase_fact,
)
from kpi.selecting import Selection, rows_of

Fact = tuple[Any, ...]
"""A row of a fact table: account, key, and what is known."""


class StandalonePart(NamedTuple):
    """Some things of one kind of an account."""

    account: str
    kind: str
    selected: Selection


class Changes(NamedTuple):
    """What replaces what, by key; `computed` counts the facts that were computed, changed or not."""

    before: Mapping[str, Fact]
    now: Mapping[str, Fact]
    computed: int


@dataclass(frozen=True, slots=True)
class Setting:
    """What these facts rest on besides their own rows."""

    days: LocalDays
    short_abandon_seconds: int


class Kind(NamedTuple):
    """One kind of thing: its touches bear the same name."""

    records: str
    table: str
    columns: Sequence[str]
    """Of the fact table: account and key first."""
    load: Callable[[sa.Connection, StandalonePart, Setting], Iterator[Fact]]


def _calls(connection: sa.Connection, part: StandalonePart, setting: Setting) -> Iterator[Fact]:
    legs: dict[str, list[LegInput]] = defaultdict(list)
    columns = ("call_id", *LegInput._fields)
    for row in rows_of(connection, "call_legs", columns, part.account, "call_id", part.selected):
        legs[row[0]].append(LegInput._make(row[1:]))
    days, short = setting.days, setting.short_abandon_seconds
    for row in rows_of(connection, "calls", CallInput._fields, part.account, "id", part.selected):
        yield call_fact(CallInput._make(row), legs.get(row[1], ()), days, short)


def _agent_times(connection: sa.Connection, part: StandalonePart, _: Setting) -> Iterator[Fact]:
    for row in rows_of(connection, "agent_times", AgentTimeInput._fields, part.account, "id", part.selected):
        yield agent_time_fact(AgentTimeInput._make(row))


def _customers(connection: sa.Connection, part: StandalonePart, setting: Setting) -> Iterator[Fact]:
    for row in rows_of(connection, "customers", CustomerInput._fields, part.account, "id", part.selected):
        yield customer_fact(CustomerInput._make(row), setting.days)


def _purchases(connection: sa.Connection, part: StandalonePart, setting: Setting) -> Iterator[Fact]:
    for row in rows_of(connection, "purchases", PurchaseInput._fields, part.account, "id", part.selected):
        yield purchase_fact(PurchaseInput._make(row), setting.days)


def _figures(connection: sa.Connection, part: StandalonePart, _: Setting) -> Iterator[Fact]:
    for row in rows_of(
        connection, "business_figures", FigureInput._fields, part.account, "id", part.selected
    ):
        fact = figure_fact(FigureInput._make(row))
        if fact is not None:
            yield fact


KINDS: Mapping[str, Kind] = {
    "call": Kind("calls", "call_facts", CallFact._fields, _calls),
    "agent_times": Kind("agent_times", "agent_time_facts", AgentTimeFact._fields, _agent_times),
    "customers": Kind("customers", "customer_facts", CustomerFact._fields, _customers),
    "purchases": Kind("purchases", "purchase_facts", PurchaseFact._fields, _purchases),
    "business_figures": Kind("business_figures", "figure_facts", FigureFact._fields, _figures),
}


def computed(connection: sa.Connection, part: StandalonePart, setting: Setting) -> dict[str, Fact]:
    """The facts of a part as its rows say, by key."""
    return {fact[1]: tuple(fact) for fact in KINDS[part.kind].load(connection, part, setting)}


def stored(connection: sa.Connection, part: StandalonePart) -> dict[str, Fact]:
    """The facts of a part as they stand, by key."""
    kind = KINDS[part.kind]
    rows = rows_of(connection, kind.table, kind.columns, part.account, kind.columns[1], part.selected)
    return {row[1]: tuple(row) for row in rows}


def changes(connection: sa.Connection, part: StandalonePart, setting: Setting) -> Changes:
    """What must be replaced so that the stored facts are the computed ones."""
    now, before = computed(connection, part, setting), stored(connection, part)
    differ = [key for key in before.keys() | now.keys() if before.get(key) != now.get(key)]
    return Changes(
        {key: before[key] for key in differ if key in before},
        {key: now[key] for key in differ if key in now},
        len(now),
    )
