"""KPIs that set counts against each other, member by member. Written from the definitions alone."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import NamedTuple

from tests.kpi_cases import CASES
from tests.kpi_life import Case, Life
from tests.kpi_oracle import (
    BASIC,
    DIMENSIONS,
    ByTicket,
    Cell,
    Cells,
    Flow,
    Measure,
    Truth,
    counted,
    of_each,
    period,
)

_AGENTS = ("all", "agent", "group")
"""Days of work are an agent's, on no channel and of no priority."""


class NetFlow(NamedTuple):
    """Created + reopened − solved."""

    dimensions: tuple[str, ...] = DIMENSIONS

    def cells(self, truth: Truth, grain: str, dimension: str) -> Cells:
        parts = [BASIC[kpi].cells(truth, grain, dimension) for kpi, _ in _FLOWS]
        found: Cells = {}
        for key in {key for part in parts for key in part}:
            there = [(part[key], sign) for part, (_, sign) in zip(parts, _FLOWS, strict=True) if key in part]
            value = sum(cell.values["value"] * sign for cell, sign in there)
            found[key] = Cell(max(cell.n for cell, _ in there), {"value": value})
        return found

    def by_ticket(self, truth: Truth) -> ByTicket:
        found: ByTicket = {}
        for kpi, sign in _FLOWS:
            for ticket, listed in BASIC[kpi].by_ticket(truth).items():
                found.setdefault(ticket, []).extend((day, value * sign) for day, value in listed)
        return {ticket: sorted(listed) for ticket, listed in found.items()}


_FLOWS = (("ticket_volume", 1), ("reopen_events", 1), ("solve_events", -1))


class Share(NamedTuple):
    """Each member's part of all that were created."""

    dimension: str

    @property
    def dimensions(self) -> tuple[str, ...]:
        return (self.dimension,)

    def cells(self, truth: Truth, grain: str, dimension: str) -> Cells:
        volume = BASIC["ticket_volume"]
        whole = {start: cell.n for (start, _), cell in volume.cells(truth, grain, "all").items()}
        return {
            key: Cell(whole[key[0]], {"value": 100 * cell.n / whole[key[0]]})
            for key, cell in volume.cells(truth, grain, dimension).items()
        }

    def by_ticket(self, truth: Truth) -> ByTicket:
        return BASIC["ticket_volume"].by_ticket(truth)


class Quotient(NamedTuple):
    """So many of something by so many different others."""

    above: Measure
    below: Measure
    scale: int = 1
    dimensions: tuple[str, ...] = DIMENSIONS

    def cells(self, truth: Truth, grain: str, dimension: str) -> Cells:
        above, below = (part.cells(truth, grain, dimension) for part in (self.above, self.below))
        found: Cells = {}
        for key, cell in below.items():
            over = above.get(key, Cell(0, {"value": 0}))
            value = self.scale * over.values["value"] / cell.values["value"]
            found[key] = Cell(max(over.n, cell.n), {"value": value})
        return found

    def by_ticket(self, truth: Truth) -> ByTicket:
        return self.above.by_ticket(truth)


class Different(NamedTuple):
    """How many different ones, and of how many."""

    cases: Flow
    key: str
    """`requester`, or an agent's `day`."""

    @property
    def dimensions(self) -> tuple[str, ...]:
        return DIMENSIONS

    def cells(self, truth: Truth, grain: str, dimension: str) -> Cells:
        found: dict[tuple[date, str], Counter[object]] = {}
        for case in truth.cases(self.cases.cases):
            member, day = truth.member(case, dimension), truth.day(case.at)
            one = truth.lives[case.ticket].ticket.requester if self.key == "requester" else (case.agent, day)
            if member is not None:
                found.setdefault((period(grain, day), member), Counter())[one] += 1
        return {place: Cell(ones.total(), {"value": len(ones)}) for place, ones in found.items()}

    def by_ticket(self, truth: Truth) -> ByTicket:
        return self.cases.by_ticket(truth)


def _requested(life: Life) -> Iterator[Case]:
    if not life.is_outbound:
        yield Case(life.number, life.created, 1, life.ticket.agent, life.ticket.group)


def _days_on_tickets(truth: Truth, *, only_replies: bool) -> Iterator[Case]:
    """Who replied in public on a ticket, or had it when it was solved: once a day, with how many replies."""
    for life in truth.countable:
        acts = [(reply.at, reply.actor, 1) for reply in life.replies]
        acts += [] if only_replies else [(at, life.agent(at), 0) for at in life.solves if life.agent(at)]
        found: dict[tuple[int, int, date], list[tuple[int, int]]] = {}
        for at, agent, replies in sorted(acts):
            found.setdefault((agent, life.group(at), truth.day(at)), []).append((at, replies))
        for (agent, group, _), done in found.items():
            yield Case(life.number, done[0][0], sum(replies for _, replies in done), agent, group)


def _solved_by_somebody(life: Life) -> Iterator[Case]:
    return (case for case in CASES["tickets_solved"](life) if case.agent)


_REQUESTED = Flow(partial(of_each, _requested), counted)
_REPLIES = Flow(partial(_days_on_tickets, only_replies=True), counted)
_SOLVED_BY_SOMEBODY = Flow(partial(of_each, _solved_by_somebody), counted)
_DAYS = Different(Flow(partial(_days_on_tickets, only_replies=False), counted), "day")

COMPOSED: Mapping[str, Measure] = {
    "net_ticket_flow": NetFlow(),
    "channel_mix": Share("channel"),
    "issue_category_share": Share("category"),
    "avg_issue_count": Quotient(_REQUESTED, Different(_REQUESTED, "requester")),
    "solved_to_created_ratio": Quotient(BASIC["tickets_solved"], BASIC["ticket_volume"], 100),
    "tickets_per_agent_day": Quotient(_SOLVED_BY_SOMEBODY, _DAYS, dimensions=_AGENTS),
    "replies_per_agent_day": Quotient(_REPLIES, _DAYS, dimensions=_AGENTS),
}
