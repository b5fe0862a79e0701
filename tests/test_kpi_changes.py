"""Each value beside those of other periods, and which changes are more than chance."""

from collections.abc import Iterable
from datetime import datetime
from math import comb
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from kpi.catalog import metric_named
from kpi.statistics import median_intervals
from storage.records import RatingRecord
from tests.kpi_desk import Desk, instant, records

CATALOG = [
    metric_named(name) for name in ("csat_score", "ticket_volume", "first_response_time", "resolution_rate")
]
NOW = "2024-12-01T00:00:00Z"


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    return Desk(database, catalog=CATALOG)


def answers(good: int, of: int, day: str) -> Iterable[RatingRecord]:
    at = instant(f"{day}T12:00:00Z")
    for number in range(of):
        yield RatingRecord(id=f"{day}-{number}", score=int(number < good), scale="good_bad", rated_at=at)


def replied(day: str, seconds: Iterable[int]) -> list[Any]:
    found: list[Any] = []
    for number, after in enumerate(seconds):
        reply = datetime.fromtimestamp(
            instant(f"{day}T01:00:00Z").timestamp() + after, tz=instant(NOW).tzinfo
        )
        found += records({"id": f"{day}-{number}", "events": [
            {"at": f"{day}T01:00:00Z", "ev": "created", "by": "end_user"},
            {"at": reply.isoformat(), "ev": "comment", "public": True, "by": "agent", "author": "ann"},
        ]})  # fmt: skip
    return found


def change(
    desk: Desk, kpi: str, period: str, statistic: str = "value", grain: str = "month"
) -> dict[str, Any]:
    query = sa.text(
        "SELECT * FROM report_kpi_changes WHERE kpi = :kpi AND account = '*' AND dimension = 'all' "
        "AND grain = :grain AND statistic = :statistic"
    )
    with desk.engine.connect() as connection:
        rows = connection.execute(query, {"kpi": kpi, "grain": grain, "statistic": statistic}).mappings()
        return next(dict(row) for row in rows if str(row["period_start"]) == period)


@pytest.mark.parametrize(
    ("now", "before", "differs"),
    [
        ((56, 70), (48, 80), True),  # 0.0524 to 0.3339
        ((9, 10), (3, 10), True),  # 0.1705 to 0.8090
        ((6, 7), (2, 7), True),  # 0.0582 to 0.8062
        ((5, 56), (0, 29), False),  # -0.0381 to 0.1926
        ((0, 10), (0, 20), False),  # -0.1611 to 0.2775
        ((10, 10), (0, 20), True),  # 0.6791 to 1.0000
    ],
)
def test_a_share_differs_as_newcombe_s_tenth_method_says(
    desk: Desk, now: tuple[int, int], before: tuple[int, int], differs: bool
) -> None:
    """The examples (a), (d) to (h) of Newcombe's paper of 1998, with his limits."""
    desk.show(NOW, *answers(*before, "2024-03-05"), *answers(*now, "2024-04-05"))
    found = change(desk, "csat_score", "2024-04-01")
    assert bool(found["is_significant"]) == differs
    assert found["change"] == pytest.approx(100 * (now[0] / now[1] - before[0] / before[1]))
    assert found["verdict"] == ("better" if differs else None)


@pytest.mark.parametrize(
    ("now", "is_open"), [("2024-04-30T23:59:59Z", True), ("2024-05-01T00:00:00Z", False)]
)
def test_a_period_that_is_not_over_is_provisional_and_not_judged(desk: Desk, now: str, is_open: bool) -> None:
    """Nothing is computed again when it ends."""
    desk.show("2024-04-20T00:00:00Z", *answers(1, 20, "2024-03-05"), *answers(20, 20, "2024-04-05"))
    before = cells(desk)
    desk.refresh(now)
    assert cells(desk) == before
    found = change(desk, "csat_score", "2024-04-01")
    assert (bool(found["provisional"]), found["verdict"]) == (is_open, None if is_open else "better")
    assert (found["is_significant"] is None) == is_open
    provisional = desk.by_period("csat_score", "provisional", grain="month")
    assert provisional == {"2024-03-01": False, "2024-04-01": is_open}
    assert desk.by_period("csat_score", "provisional") == {"2024-03-05": False, "2024-04-05": False}
    assert desk.by_period("csat_score", "provisional", grain="week")["2024-04-01"] == 0


@pytest.mark.parametrize(
    ("now", "is_young"),
    [("2024-06-03T00:00:00Z", True), ("2024-06-04T23:59:59Z", True), ("2024-06-05T00:00:00Z", False)],
)
def test_a_cohort_is_judged_once_it_had_time_to_fill_up(desk: Desk, now: str, is_young: bool) -> None:
    """Of the youngest tickets fewer are solved than of older ones, whoever works on them."""
    for day, status in (("2024-04-24", "solved"), ("2024-05-01", "open")):
        for number in range(30):
            events = [{"at": f"{day}T09:00:00Z", "ev": "created", "by": "end_user"}]
            events += [{"at": f"{day}T10:00:00Z", "ev": "status", "to": "solved"}] * (status == "solved")
            desk.deliver(*records({"id": f"{day}-{number}", "events": events}))
    desk.refresh(now)
    found = change(desk, "resolution_rate", "2024-04-29", grain="week")
    assert (bool(found["provisional"]), found["verdict"]) == (is_young, None if is_young else "worse")
    assert not change(desk, "resolution_rate", "2024-04-22", grain="week")["provisional"]
    assert not desk.by_period("ticket_volume", "provisional", grain="week")["2024-04-29"]


def cells(desk: Desk) -> list[Any]:
    with desk.engine.connect() as connection:
        return sorted(map(repr, connection.execute(sa.text("SELECT * FROM kpi_cells"))))


def test_a_fall_is_judged_like_the_rise_that_it_undoes(desk: Desk) -> None:
    desk.show(NOW, *answers(56, 70, "2024-03-05"), *answers(48, 80, "2024-04-05"))
    found = change(desk, "csat_score", "2024-04-01")
    assert (bool(found["is_significant"]), found["verdict"]) == (True, "worse")
    assert found["change_percent"] == pytest.approx(-25)


def test_last_year_is_the_same_month_and_for_days_and_weeks_the_same_weekday(desk: Desk) -> None:
    desk.show(NOW, *answers(1, 2, "2023-04-05"), *answers(3, 4, "2024-04-03"))
    year_ago = {
        grain: str(change(desk, "csat_score", period, grain=grain)["year_ago_period_start"])
        for grain, period in (("month", "2024-04-01"), ("week", "2024-04-01"), ("day", "2024-04-03"))
    }
    assert year_ago == {"month": "2023-04-01", "week": "2023-04-03", "day": "2023-04-05"}
    found = change(desk, "csat_score", "2024-04-03", grain="day")
    assert (found["year_ago_value"], found["year_change"], found["previous_value"]) == (50, 25, None)


def test_the_month_before_january_is_december(desk: Desk) -> None:
    desk.show(NOW, *answers(1, 2, "2023-12-31"), *answers(1, 4, "2024-01-01"))
    found = change(desk, "csat_score", "2024-01-01")
    assert (str(found["previous_period_start"]), found["previous_value"]) == ("2023-12-01", 50)


@pytest.mark.parametrize(
    ("before", "now", "differs"),
    [
        ([60, 120, 180, 240, 300, 360], [660, 720, 780, 840, 900, 960], True),
        ([60, 120, 180, 240, 300, 360], [120, 180, 240, 300, 360, 420], False),
        ([60, 120, 180, 240, 300], [660, 720, 780, 840, 900, 960], None),  # five values: no interval
    ],
)
def test_medians_differ_where_their_ranks_say_so(
    desk: Desk, before: list[int], now: list[int], differs: bool | None
) -> None:
    desk.show(NOW, *replied("2024-04-02", before), *replied("2024-04-03", now))
    found = change(desk, "first_response_time", "2024-04-03", "p50", "day")
    assert (None if found["is_significant"] is None else bool(found["is_significant"])) == differs
    assert found["verdict"] == ("worse" if differs else None)
    assert change(desk, "first_response_time", "2024-04-03", "mean", "day")["is_significant"] is None


def test_of_counts_no_chance_is_told(desk: Desk) -> None:
    desk.show(NOW, *replied("2024-04-02", [60]), *replied("2024-04-03", [60] * 9))
    found = change(desk, "ticket_volume", "2024-04-03", grain="day")
    assert (found["change"], found["change_percent"], found["is_significant"]) == (8, 800, None)


@pytest.mark.parametrize("n", [6, 7, 8, 9, 10, 11, 15, 20, 33, 50, 100, 333, 1000])
def test_the_ranks_of_a_median_s_interval_cover_it_in_95_of_100_samples(n: int) -> None:
    """Exact: the interval from the r-th lowest to the r-th highest misses where fewer than r lie on a side."""
    [low], [high] = median_intervals(np.arange(1.0, n + 1), np.array([0]), np.array([n]))
    rank = int(low)
    assert high == n + 1 - rank
    missed = 2 * sum(comb(n, fewer) for fewer in range(rank)) / 2**n
    assert missed < 0.0575
    assert missed + 2 * comb(n, rank) / 2**n > 0.05  # the next rank would be too narrow
