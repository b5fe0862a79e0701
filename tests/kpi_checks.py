"""How a vendor's stored KPIs are held against the truth, and what is left of that where it tells too little."""

from collections.abc import Iterator, Sequence
from datetime import date

import pytest

from connectors.sandbox import Desk
from kpi.catalog import CATALOG
from kpi.explain import Contribution, Explanation
from tests.kpi_limits import Limit, any_of, changed_agent, changed_group, is_any, seen_before_taken
from tests.kpi_measures import LIMITS, UNTOLD, measures_of
from tests.kpi_oracle import GRAINS, ByTicket, Cell, Cells, Flow, Measure, Stock, Truth
from tests.kpi_service import WORDS, Service

_MANY = 20
"""Of fewer cases a month's value says little."""


def check(service: Service, desk: Desk, zone: str = "UTC") -> set[str]:
    """Every cell of every KPI, and where a vendor tells too little every ticket it tells of. Returns the KPIs
    of which any cell differs.
    """
    truth, stored = Truth(desk, zone, WORDS[service.vendor]), service.cells()
    differs = set()
    for kpi, measure in measures_of(service.vendor).items():
        limit = LIMITS.get((service.vendor, kpi))
        assert measure.cells(truth, "day", measure.dimensions[0]), f"{kpi}: nothing to compare"
        for grain in GRAINS:
            for dimension in measure.dimensions:
                told, found = measure.cells(truth, grain, dimension), stored.get((kpi, grain, dimension), {})
                if limit is None or dimension not in limit.dimensions:
                    compare(f"{kpi} by {dimension}, {grain}", told, found)
                elif kpi not in differs and differing(told, found):
                    differs.add(kpi)
        if limit is not None:
            _Limited(service, truth, kpi, measure, limit).check(stored)
    assert not [name for name in stored if (service.vendor, name[0]) in UNTOLD]
    check_reasons(service, truth)
    return differs


def differing(told: Cells, found: Cells) -> dict[tuple[date, str], tuple[Cell | None, Cell | None]]:
    return {
        key: (told.get(key), found.get(key))
        for key in {*told, *found}
        if not is_same(told.get(key), found.get(key))
    }


def compare(name: str, told: Cells, found: Cells) -> None:
    wrong = differing(told, found)
    assert not wrong, f"{name}: {dict(sorted(wrong.items())[:3])}"


def is_same(told: Cell | None, found: Cell | None) -> bool:
    if told is None or found is None or told.n != found.n or set(told.values) != set(found.values):
        return False
    return all(found.values[name] == pytest.approx(value, rel=1e-9) for name, value in told.values.items())


class _Limited:
    """One KPI of which a vendor tells too little."""

    def __init__(self, service: Service, truth: Truth, kpi: str, measure: Measure, limit: Limit) -> None:
        self.service, self.truth, self.kpi, self.measure, self.limit = service, truth, kpi, measure, limit
        self.explained = [service.explained(kpi, month) for month in truth.months()]
        self.told = {ticket: sorted(cases) for ticket, cases in measure.by_ticket(truth).items()}
        self.found = listed(self.explained, truth)

    def check(self, stored: dict[tuple[str, str, str], Cells]) -> None:
        self._tickets()
        if self.limit.within is not None:
            self._months(stored.get((self.kpi, "month", "all"), {}), self.limit.within)
        if isinstance(self.measure, Flow):
            self._free_days(stored)
        elif isinstance(self.measure, Stock) and self.limit.hidden is not is_any:
            self._members(stored)

    def _tickets(self) -> None:
        """What differs is about the tickets that the limit names, not more than it allows, and marked."""
        kpi, limit, told, found = self.kpi, self.limit, self.told, self.found
        wrong = {number for number in {*told, *found} if told.get(number) != found.get(number)}
        shown = {number: (told.get(number), found.get(number)) for number in sorted(wrong)}
        unexpected = [number for number in shown if not limit.hidden(self.truth.lives[number])]
        assert not unexpected, f"{kpi}: {[(number, shown[number]) for number in unexpected[:3]]}"
        assert len(wrong) <= limit.most * len(told), f"{kpi}: {len(wrong)} of {len(told)}: {limit.why}"
        if limit.most == 1:
            assert not [number for number in found if number in wrong and limit.hidden is is_any], kpi
        if limit.is_marked:
            for one in self.explained:
                numbers = {number_of(self.truth, case) for case, _ in behind(one)}
                assert one.approximated or not numbers & wrong, f"{kpi} of {one.period_start} seems exact"

    def _months(self, found: Cells, within: float) -> None:
        told = self.measure.cells(self.truth, "month", "all")
        for (month, member), cell in ((key, cell) for key, cell in told.items() if cell.n >= _MANY):
            value = found[month, member].values["value"]
            assert value == pytest.approx(cell.values["value"], rel=within), f"{self.kpi} of {month}"

    def _free_days(self, stored: dict[tuple[str, str, str], Cells]) -> None:
        """Of days to which none of the limit's tickets adds anything, every member's cell is exact; nor one, where
        agents or groups are told apart, that went from one to another.
        """
        for dimension in self.limit.dimensions:
            if dimension in self.measure.dimensions:
                days = self._touched(dimension)
                told = self.measure.cells(self.truth, "day", dimension)
                found = stored.get((self.kpi, "day", dimension), {})
                compare(f"{self.kpi} by {dimension} on free days", without(told, days), without(found, days))

    def _touched(self, dimension: str) -> set[date]:
        went = {"agent": any_of(changed_agent, seen_before_taken), "group": changed_group}
        hides = any_of(self.limit.hidden, *([went[dimension]] if dimension in went else []))
        hidden = [number for number in {*self.told, *self.found} if hides(self.truth.lives[number])]
        return {day for cases in (self.told, self.found) for one in hidden for day, _ in cases.get(one, ())}

    def _members(self, stored: dict[tuple[str, str, str], Cells]) -> None:
        """At the end of the last whole month every other ticket that was with whom it is with now stands under its
        own members.
        """
        month = self.truth.months()[-2]
        on = self.truth.last_day(month)
        for dimension in self.limit.dimensions:
            if dimension not in self.measure.dimensions:
                continue
            told = self._standing(dimension, on)
            members = {
                member for start, member in stored.get((self.kpi, "month", dimension), {}) if start == month
            }
            for member in sorted(members | set(told)):
                one = self.service.explained(self.kpi, month, dimension, member)
                found = {number_of(self.truth, case) for case in one.counted}
                others = {number for number in found ^ told.get(member, set()) if self._stays(number, on)}
                assert not others, f"{self.kpi} of {month}, {dimension} {member}: {sorted(others)}"

    def _standing(self, dimension: str, on: date) -> dict[str, set[int]]:
        assert isinstance(self.measure, Stock)
        found: dict[str, set[int]] = {}
        for case in self.truth.standing(self.measure.standing, on):
            member = self.truth.member(case, dimension)
            if member is not None:
                found.setdefault(member, set()).add(case.ticket)
        return found

    def _stays(self, number: int, on: date) -> bool:
        life, at = self.truth.lives[number], self.truth.end_of(on)
        is_moved = life.agent(at) != life.agent(life.now) or life.group(at) != life.group(life.now)
        return not is_moved and not self._is_hidden(number)

    def _is_hidden(self, number: int) -> bool:
        return self.limit.hidden(self.truth.lives[number])


def without(cells: Cells, days: set[date]) -> Cells:
    return {(day, member): cell for (day, member), cell in cells.items() if day not in days}


def check_reasons(service: Service, truth: Truth) -> None:
    """Where explain says that a figure of ours was put together from looks, it was."""
    for metric in CATALOG:
        if metric.vendor_figure is None:
            continue
        for month in truth.months():
            for case in service.explained(metric.id, month).vendor_differences:
                if "seen at each sync" in (case.vendor_differs or ""):
                    limit = LIMITS[service.vendor, metric.id]
                    assert limit.hidden(truth.lives[number_of(truth, case)])


def listed(explained: Sequence[Explanation], truth: Truth) -> ByTicket:
    found: ByTicket = {}
    for case, sign in (one for each in explained for one in behind(each)):
        assert case.day is not None
        assert case.value is not None
        found.setdefault(number_of(truth, case), []).append((case.day, case.value * sign))
    return {ticket: sorted(cases) for ticket, cases in found.items()}


def behind(explained: Explanation) -> Iterator[tuple[Contribution, int]]:
    """The cases of a number, or of what stands above in a composed one, with their sign."""
    yield from ((case, 1) for case in explained.counted)
    for part in explained.parts:
        if not part.term.below:
            yield from ((case, part.term.sign) for case in part.explanation.counted)


def number_of(truth: Truth, case: Contribution) -> int:
    return int(case.ticket_id or 0) - truth.words.first_ticket
