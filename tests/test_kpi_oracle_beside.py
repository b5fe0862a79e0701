"""KPIs of a vendor's desk and of what files tell of it, against a computation by hand from both.

What a vendor does not tell cannot be known: `UNTOLD`, `FEWER_DIMENSIONS` and `check_limit` list it and bound it;
everything else is equal.
"""

from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.sandbox import Desk
from storage.database import open_database
from tests.kpi_beside import Business, stir, told_beside
from tests.kpi_beside_facts import Beside
from tests.kpi_oracle import Truth
from tests.kpi_oracle_beside import DESCRIBING, DIMENSIONS, EXPECTED, KPIS, is_told, told
from tests.kpi_oracle_rows import GRAINS, Rows, assert_same, shown
from tests.kpi_service import NOW, WORDS

NO_TALK = "Freshdesk has no telephone"
NO_QUEUE = "a logged call tells neither menu nor queue"
ANOTHER_SCALE = "each vendor has its own"
NOT_OFFERED = "when a survey was offered is not told"
UNTOLD = {
    **{("freshdesk", kpi): NO_TALK for kpi in (
        "average_handle_time", "talk_plus_hold", "handle_time_per_issue", "abandonment_rate", "abandonment_by_step",
        "average_speed_of_answer")},
    ("hubspot", "abandonment_rate"): NO_QUEUE,
    ("hubspot", "abandonment_by_step"): NO_QUEUE,
    ("hubspot", "average_speed_of_answer"): NO_QUEUE,
    ("freshdesk", "csat_response_rate"): NOT_OFFERED,
    ("hubspot", "csat_response_rate"): NOT_OFFERED,
    ("zendesk", "csat_mean_freshdesk"): ANOTHER_SCALE,
    ("hubspot", "csat_mean_freshdesk"): ANOTHER_SCALE,
    ("zendesk", "csat_mean_bad_neutral_good"): ANOTHER_SCALE,
    ("freshdesk", "csat_mean_bad_neutral_good"): ANOTHER_SCALE,
}  # fmt: skip
"""KPIs that have no value at all."""
NO_HOLDERS = "no history of agents and groups: today's stand for those then"
FEWER_DIMENSIONS = {
    ("freshdesk", kpi): NO_HOLDERS
    for kpi in ("nps", "nps_promoter_pct", "nps_passive_pct", "nps_detractor_pct", "ces_score", "ces_easy_rate",
                "csat_mean_freshdesk")
}  # fmt: skip
"""KPIs that are told exactly by what describes a ticket only."""


def check(database: sa.Engine, beside: Beside) -> None:
    found = shown(database, *KPIS)
    for kpi in KPIS:
        if (beside.vendor, kpi) in UNTOLD:
            assert not any(one == kpi for one, _, _ in found), kpi
            continue
        dimensions = DESCRIBING if (beside.vendor, kpi) in FEWER_DIMENSIONS else DIMENSIONS
        if kpi in EXPECTED:
            dimensions = (*DIMENSIONS, "category_priority")
        compared = 0
        for grain in GRAINS:
            for dimension, rows in told(beside, kpi, grain, dimensions):
                told_rows = rows if is_told(grain, dimension) else {}
                assert_same(
                    f"{kpi} by {dimension}, {grain}", told_rows, found.get((kpi, grain, dimension), {})
                )
                compared += len(rows)
        assert compared > 3, f"{kpi}: hardly anything to compare"
        if (beside.vendor, kpi) in FEWER_DIMENSIONS:
            for dimension, rows in told(beside, kpi, "month", ("agent", "group")):
                misplaced = missing(rows, found[kpi, "month", dimension])
                assert misplaced <= 0.25, f"{kpi} by {dimension}: {misplaced}"


def missing(told_rows: Rows, found: Rows) -> float:
    """The share of the cases that are not where they should be."""
    away = sum(max(row.n - found[key].n if key in found else row.n, 0) for key, row in told_rows.items())
    return away / sum(row.n for row in told_rows.values())


def check_limit(database: sa.Engine, beside: Beside) -> None:
    """HubSpot tells how long was talked, not how long it took to write it up: marked, and off by just that."""
    found = shown(database, "average_handle_time")["average_handle_time", "month", "all"]
    seconds = sum(
        row.numerator or 0
        for (account, _, _, statistic), row in found.items()
        if (account, statistic) == ("*", "mean")
    )
    told_seconds = sum(fact.value for fact in beside.handled(with_wrap=False))
    assert 0 < beside.untold_seconds() < 0.5 * told_seconds
    assert seconds == told_seconds
    query = "SELECT DISTINCT availability FROM report_kpis WHERE kpi IN ('average_handle_time', 'handle_time_per_issue')"
    with database.connect() as connection:
        assert connection.exec_driver_sql(query).scalars().all() == ["approximated"]


@pytest.mark.parametrize(
    ("vendor", "zone"), [("zendesk", "America/New_York"), ("freshdesk", "UTC"), ("hubspot", "Asia/Kolkata")]
)
def test_every_kpi_is_what_the_desk_and_the_files_say_and_stays_it_when_tickets_change(
    sqlite_url: str, tmp_path: Path, vendor: str, zone: str
) -> None:
    database = open_database(sqlite_url)
    desk = Desk(seed=8, tickets=210, days=110, now=NOW)
    with told_beside(vendor, desk, database, tmp_path / "drop", zone, KPIS) as (service, office):
        business = Business(desk, vendor, 1)
        business.drop(office)
        office.sync()
        service.sync()
        beside = Beside(Truth(desk, zone, WORDS[vendor]), vendor, business.lines)
        check(database, beside)
        if vendor == "hubspot":
            check_limit(database, beside)
        stir(desk)
        service.sync()
        check(database, Beside(Truth(desk, zone, WORDS[vendor]), vendor, business.lines))
    database.dispose()
