"""Verification finds what does not stand in the records, whatever the refresh believes."""

from typing import Any

import pytest
import sqlalchemy as sa

from kpi.recompute import rebuild
from kpi.verify import Verified, verify
from storage.derived import kpi_cells, rating_facts, ticket_facts
from tests.kpi_desk import Desk, instant, rating, records

NOW = "2024-05-01T12:00:00Z"


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    desk = Desk(database)
    for number in range(4):
        events = [
            {"at": f"2024-03-0{number + 1}T09:00:00Z", "ev": "created", "by": "end_user", "assignee": "ann"},
            {
                "at": f"2024-03-0{number + 1}T10:00:00Z",
                "ev": "comment",
                "by": "agent",
                "author": "ann",
                "public": True,
            },
            {"at": f"2024-03-0{number + 2}T09:00:00Z", "ev": "status", "to": "solved"},
        ]
        desk.deliver(*records({"id": str(number), "events": events}))
    desk.deliver(
        rating(
            {
                "id": "r",
                "ticket": "1",
                "value": "good",
                "scale": "good_bad",
                "rated_at": "2024-03-04T09:00:00Z",
            }
        )
    )
    desk.refresh(NOW)
    return desk


def _verify(desk: Desk, **options: Any) -> Verified:
    return verify(desk.engine, desk.reporting, now=instant(NOW), **options)


def _change(desk: Desk, statement: Any) -> None:
    with desk.engine.begin() as connection:
        assert connection.execute(statement).rowcount == 1


_CELL = (
    (kpi_cells.c.kpi == "ticket_volume")
    & (kpi_cells.c.grain == "month")
    & (kpi_cells.c.account == "*")
    & (kpi_cells.c.dimension == "all")
)


def test_what_a_refresh_left_is_right(desk: Desk) -> None:
    found = _verify(desk)
    assert found.is_right
    assert found.tickets == 4
    with desk.engine.connect() as connection:
        assert found.values == connection.execute(sa.select(sa.func.count()).select_from(kpi_cells)).scalar()


def test_a_changed_cell_is_found_with_both_values(desk: Desk) -> None:
    _change(desk, sa.update(kpi_cells).where(_CELL).values(numerator=40))
    [difference] = _verify(desk).differences
    assert (difference.kpi, difference.grain, str(difference.period_start)) == (
        "ticket_volume",
        "month",
        "2024-03-01",
    )
    assert difference.columns == ("numerator",)
    assert difference.stored is not None
    assert difference.recomputed is not None
    assert (difference.stored.numerator, difference.recomputed.numerator) == (40, 4)


def test_a_missing_cell_is_found(desk: Desk) -> None:
    _change(desk, sa.delete(kpi_cells).where(_CELL))
    [difference] = _verify(desk).differences
    assert difference.stored is None
    assert difference.recomputed is not None


@pytest.mark.parametrize("period", [19_000, 19_783], ids=["on a first of no month", "within known facts"])
def test_a_cell_without_facts_is_found(desk: Desk, period: int) -> None:
    with desk.engine.begin() as connection:
        row = dict(connection.execute(sa.select(kpi_cells).where(_CELL)).mappings().one())
        connection.execute(sa.insert(kpi_cells).values({**row, "period": period, "member": "ghost"}))
    [difference] = _verify(desk).differences
    assert difference.member == "ghost"
    assert difference.recomputed is None


def test_a_stale_fact_of_a_ticket_is_found(desk: Desk) -> None:
    _change(desk, sa.update(ticket_facts).where(ticket_facts.c.ticket_id == "2").values(replies=7))
    found = _verify(desk)
    assert [(fact.what, fact.id) for fact in found.stale_facts] == [("ticket", "2")]
    assert not found.is_right


def test_a_fact_of_a_ticket_that_does_not_exist_is_found(desk: Desk) -> None:
    _change(desk, sa.update(ticket_facts).where(ticket_facts.c.ticket_id == "2").values(ticket_id="ghost"))
    assert [fact.id for fact in _verify(desk).stale_facts] == ["2", "ghost"]


def test_a_stale_fact_of_a_rating_is_found(desk: Desk) -> None:
    _change(desk, sa.update(rating_facts).values(satisfied=0))
    assert [(fact.what, fact.id) for fact in _verify(desk).stale_facts] == [("rating", "r")]


def test_a_stale_fact_whose_cells_agree_with_it_is_found_in_both(desk: Desk) -> None:
    _change(desk, sa.update(ticket_facts).where(ticket_facts.c.ticket_id == "2").values(created_day=19_790))
    with desk.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO touched_periods VALUES ('created', 19785, 1, 256), ('created', 19790, 1, 256)"
        )
    desk.refresh(NOW)
    found = _verify(desk)
    assert [fact.id for fact in found.stale_facts] == ["2"]
    found_wrong = {difference.kpi for difference in found.differences}
    assert found_wrong >= {"ticket_volume", "channel_mix"}
    assert not found_wrong & {"tickets_solved", "csat_score", "first_response_time"}


def test_the_stored_values_stay_as_they_are(desk: Desk) -> None:
    _change(desk, sa.update(kpi_cells).where(_CELL).values(numerator=40))
    _verify(desk)
    assert desk.value("ticket_volume", grain="month") == 40


def test_pages_that_no_refresh_has_seen_are_no_difference(desk: Desk) -> None:
    events = [{"at": "2024-03-20T09:00:00Z", "ev": "created", "by": "end_user"}]
    desk.deliver(*records({"id": "late", "events": events}))
    assert _verify(desk).is_right


def test_only_later_periods_are_compared_when_asked(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        connection.execute(
            sa.update(kpi_cells)
            .where(
                kpi_cells.c.kpi == "ticket_volume", kpi_cells.c.grain == "day", kpi_cells.c.period == 19_783
            )
            .values(numerator=40)
        )
    assert not _verify(desk).is_right
    assert _verify(desk, since=instant("2024-03-10T00:00:00Z").date()).is_right


def test_a_rebuild_heals_what_verification_found(desk: Desk) -> None:
    _change(desk, sa.update(ticket_facts).where(ticket_facts.c.ticket_id == "2").values(ticket_id="ghost"))
    _change(desk, sa.update(kpi_cells).where(_CELL).values(numerator=40))
    rebuild(desk.engine, desk.reporting, now=instant(NOW))
    assert _verify(desk).is_right
