"""What readers see beside the KPIs: clocks, customers, figures, and how a ticket's own figures are known."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kpi.shapes import Approximated
from storage.records import (
    BusinessFigureRecord,
    CustomerRecord,
    RatingRecord,
    SlaEventKind,
    SlaEventRecord,
    Status,
    SurveyType,
    TicketRecord,
)
from storage.views_kpi import INFERRED
from tests.kpi_desk import Desk, instant

AT = instant("2024-03-04T09:00:00Z")


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    return Desk(database)


def read(desk: Desk, query: str) -> list[tuple[Any, ...]]:
    with desk.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_a_clock_stands_as_it_is_when_it_is_read(desk: Desk) -> None:
    now = datetime.now(UTC)
    due = {
        "late": now - timedelta(hours=1),
        "soon": now + timedelta(minutes=10),
        "later": now + timedelta(days=9),
    }
    for name, due_at in due.items():
        desk.deliver(
            TicketRecord(id=name, status=Status.OPEN, created_at=now - timedelta(days=1), is_outbound=False),
            SlaEventRecord(
                id=name, ticket_id=name, metric="first_response", event=SlaEventKind.APPLIED,
                at=now - timedelta(days=1), due_at=due_at,
            ),
        )  # fmt: skip
    desk.refresh(now.isoformat())

    rows = read(desk, "SELECT ticket_id, state, seconds_left FROM report_sla_clocks ORDER BY due_at")

    assert [row[:2] for row in rows] == [("late", "breached"), ("soon", "at_risk"), ("later", "running")]
    assert [round(row[2], -2) for row in rows[:2]] == [-3600, 600]


def test_clocks_that_have_ended_say_how_and_those_of_deleted_tickets_are_not_there(desk: Desk) -> None:
    for name, due_at, deleted_at in (("kept", 3, None), ("tardy", 1, None), ("gone", 3, AT)):
        desk.deliver(
            TicketRecord(id=name, status=Status.OPEN, created_at=AT, is_outbound=False, deleted_at=deleted_at),
            SlaEventRecord(
                id=name, ticket_id=name, metric="first_response", event=SlaEventKind.FULFILLED,
                at=AT + timedelta(hours=2), due_at=AT + timedelta(hours=due_at),
            ),
        )  # fmt: skip
    desk.refresh()

    rows = read(desk, "SELECT ticket_id, state, seconds_left FROM report_sla_clocks ORDER BY ticket_id")

    assert rows == [("kept", "met", None), ("tardy", "met_late", None)]


def test_answers_can_be_split_by_what_files_know_of_the_customer(desk: Desk) -> None:
    for name, segment, score in (("ada", "business", 5), ("bo", "business", 1), ("cy", "consumer", 5)):
        desk.deliver(
            CustomerRecord(id=name, requester_id=name, segment=segment, lifetime_value=4200.5),
            TicketRecord(id=name, status=Status.OPEN, created_at=AT, requester_id=name),
            RatingRecord(id=name, ticket_id=name, score=score, scale="1-5", rated_at=AT, survey_id="2024-Q1"),
        )
    desk.refresh()

    rows = read(
        desk,
        "SELECT c.segment, r.survey, SUM(CASE WHEN r.satisfied THEN 1 ELSE 0 END), COUNT(*), MAX(c.ltv) "
        "FROM report_ratings r JOIN report_tickets t ON t.account = r.account AND t.ticket_id = r.ticket_id "
        "JOIN report_customers c ON c.account = t.account AND c.requester_id = t.requester_id "
        "GROUP BY c.segment, r.survey ORDER BY c.segment",
    )

    assert rows == [("business", "2024-Q1", 1, 2, 4200.5), ("consumer", "2024-Q1", 1, 1, 4200.5)]


def test_single_answers_of_employees_are_told_nowhere(desk: Desk) -> None:
    for kind in (SurveyType.EMPLOYEE, SurveyType.NPS):
        desk.deliver(
            RatingRecord(
                id=kind,
                survey_type=kind,
                score=9,
                scale="0-10",
                rated_at=AT,
                respondent_id="ann",
                comment="…",
            )
        )
    desk.refresh()

    rows = read(desk, "SELECT survey_type, respondent_id FROM report_ratings ORDER BY survey_type")

    assert rows == [("nps", "ann")]


def test_figures_of_the_business_stand_as_they_were_told(desk: Desk) -> None:
    desk.deliver(
        BusinessFigureRecord(
            id="1",
            name="new_customers",
            grain="month",
            period_start=date(2024, 3, 1),
            value=12,
            unit="customers",
        )
    )

    [row] = read(desk, "SELECT name, grain, period_start, value, unit FROM report_business_figures")

    assert [*row[:2], str(row[2]), *row[3:]] == ["new_customers", "month", "2024-03-01", 12, "customers"]


def test_a_ticket_says_how_its_figures_are_known(desk: Desk) -> None:
    desk.deliver(
        TicketRecord(
            id="1", status=Status.SOLVED, created_at=AT, solved_at=AT + timedelta(hours=1), vendor_reopens=1
        )
    )
    desk.refresh()

    ticket = desk.ticket("1")

    assert (ticket["history"], ticket["messages"]) == ("summary", "summary")
    assert {"agent_changes", "group_changes"} <= set(ticket["approximations"].split())


def test_every_kind_of_approximation_has_its_word() -> None:
    assert {word: bit for bit, word in INFERRED.items()} == {
        each.name.lower(): each.value for each in Approximated if each.name
    }
