"""Every KPI of every vendor against the truth, which is worked out by hand from what happened at the desk.

The same desk is told in three vendors' ways over HTTP, synced by the real engine and refreshed. What a vendor
does not tell cannot be known: `LIMITS` lists it all, with the tickets it is about, and everything else is equal.
"""

from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from connectors.sandbox import Desk
from kpi.catalog import CATALOG
from kpi.explain import Contribution, Explanation
from storage.database import open_database
from tests.kpi_life import DONE
from tests.kpi_limits import LIMITS, Limit, is_any
from tests.kpi_measures import MEASURES
from tests.kpi_oracle import GRAINS, ByTicket, Cell, Cells, Measure, Truth
from tests.kpi_service import DIALECTS, NOW, WORDS, Service, quiet, told_by


def check(service: Service, desk: Desk, zone: str = "UTC") -> None:
    """Every cell of every KPI, and where a vendor tells too little every ticket it tells of."""
    truth = Truth(desk, zone, WORDS[service.vendor])
    stored = service.cells()
    for kpi, measure in MEASURES.items():
        limit = LIMITS.get((service.vendor, kpi))
        limited = limit.dimensions if limit else ()
        assert measure.cells(truth, "day", measure.dimensions[0]), f"{kpi}: nothing to compare"
        for grain in GRAINS:
            for dimension in measure.dimensions:
                if dimension not in limited:
                    told = measure.cells(truth, grain, dimension)
                    compare(f"{kpi} by {dimension}, {grain}", told, stored.get((kpi, grain, dimension), {}))
        if limit is not None:
            check_limit(service, truth, kpi, measure, limit)
    check_reasons(service, truth)


def compare(name: str, told: Cells, found: Cells) -> None:
    wrong = {
        key: (told.get(key), found.get(key))
        for key in {*told, *found}
        if not is_same(told.get(key), found.get(key))
    }
    assert not wrong, f"{name}: {dict(sorted(wrong.items())[:3])}"


def is_same(told: Cell | None, found: Cell | None) -> bool:
    if told is None or found is None or told.n != found.n or set(told.values) != set(found.values):
        return False
    return all(found.values[name] == pytest.approx(value, rel=1e-9) for name, value in told.values.items())


def check_limit(service: Service, truth: Truth, kpi: str, measure: Measure, limit: Limit) -> None:
    """What differs is about the tickets that the limit names, not more than it allows, and marked."""
    explained = [service.explained(kpi, month) for month in truth.months()]
    told, found = measure.by_ticket(truth), listed(explained, truth)
    wrong = {number for number in {*told, *found} if told.get(number) != found.get(number)}
    shown = {number: (told.get(number), found.get(number)) for number in sorted(wrong)}
    unexpected = [number for number in wrong if not limit.hidden(truth.lives[number])]
    assert not unexpected, f"{kpi}: {[(number, shown[number]) for number in unexpected[:3]]}"
    assert len(wrong) <= limit.most * len(told), f"{kpi}: {len(wrong)} of {len(told)}: {limit.why}"
    if limit.most == 1:
        assert not [number for number in found if number in wrong and limit.hidden is is_any], kpi
    if limit.is_marked:
        for one in explained:
            numbers = {number_of(truth, case) for case in one.counted}
            assert one.approximated or not numbers & wrong, f"{kpi} of {one.period_start} seems exact"


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
    for case in (case for one in explained for case in one.counted):
        assert case.day is not None
        assert case.value is not None
        found.setdefault(number_of(truth, case), []).append((case.day, case.value))
    return found


def number_of(truth: Truth, case: Contribution) -> int:
    return int(case.ticket_id or 0) - truth.words.first_ticket


def stir(desk: Desk) -> None:
    """What may happen to tickets that were read before: all of it, and then some days go by."""
    desk.change(20, within_days=25)
    alive = [ticket for ticket in desk.tickets() if not ticket.deleted_at and not ticket.merged_into]
    untouched = [ticket for ticket in alive if not desk.is_changed(ticket.number)]
    unsolved = [ticket.number for ticket in untouched if ticket.status not in DONE]
    solved = [ticket.number for ticket in untouched if ticket.status == "solved"]
    winner, loser, deleted, restored, *_ = unsolved
    desk.act(winner, ("absorbed", str(loser)), ("message", "private"), actor=2, role="agent")
    desk.act(
        loser, ("message", "private"), ("merged_into", str(winner)), ("tag_added", "closed_by_merge"),
        ("status", "closed"), actor=2, role="agent",
    )  # fmt: skip
    desk.act(deleted, ("deleted", None), actor=1, role="agent")
    desk.act(restored, ("deleted", None), actor=1, role="agent")
    reopened, rated, gone, *_ = solved
    customer = desk.ticket(reopened).requester
    desk.act(reopened, ("message", "public"), ("status", "open"), actor=customer, role="end_user")
    desk.act(rated, ("survey_answered", "2|Too late"), actor=desk.ticket(rated).requester, role="end_user")
    desk.act(gone, ("deleted", None), actor=1, role="agent")
    desk.clock.advance(hours=30)
    desk.act(restored, ("restored", None), actor=1, role="agent")
    desk.act(reopened, ("message", "public"), ("status", "solved"), actor=3, role="agent")
    desk.clock.advance(days=3)
    quiet(desk)


def follow(vendor: str, database: sa.Engine, zone: str = "UTC") -> None:
    desk = Desk(seed=5, tickets=260, days=70, now=NOW)
    with told_by(vendor, desk, database, zone) as service:
        service.sync()
        check(service, desk, zone)
        stir(desk)
        service.sync()
        check(service, desk, zone)
    database.dispose()


@pytest.mark.parametrize("vendor", sorted(DIALECTS))
def test_every_kpi_is_the_truth_and_stays_it_when_tickets_change(vendor: str, sqlite_url: str) -> None:
    follow(vendor, open_database(sqlite_url))


def test_so_it_is_where_clocks_went_back(sqlite_url: str) -> None:
    """In New York on 1 November."""
    follow("zendesk", open_database(sqlite_url), "America/New_York")


def test_so_it_is_on_postgres_where_clocks_went_forward(postgres_url: str) -> None:
    """On Chatham, whose hours are 45 minutes off, on 27 September."""
    follow("zendesk", open_database(postgres_url), "Pacific/Chatham")
