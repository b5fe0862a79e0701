"""What readers are told of each KPI: what it means here, what it waits for, and under which names it goes."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
import sqlalchemy as sa

from connectors.files import KINDS
from kpi.catalog import CATALOG, metric_named
from kpi.catalog.figures import FIGURE_TITLES
from kpi.documentation import page
from kpi.explain import explain
from kpi.judged import KNOWN
from kpi.meaning import Meaning
from kpi.metric import FIGURES, UNAVAILABLE, Metric
from kpi.publishing import begin, publish
from kpi.shapes import Signs
from kpi.wording import lasting, worded
from tests.kpi_desk import Desk, instant, records
from tests.test_decisions import TICKET

NOW = "2024-12-01T00:00:00Z"
CHOSEN = Meaning(
    fcr_window_seconds=14 * 86_400,
    reopen_window_seconds=10 * 86_400,
    bot_window_seconds=24 * 3600,
    short_abandon_seconds=20,
    complaint=Signs(tags=frozenset({"refund", "angry"}), types=frozenset({"complaint"})),
)
SAID = {
    "fcr_rate": "14 days",
    "fcr_rate_strict": "14 days",
    "reopen_rate": "10 days",
    "bot_deflection_rate": "1 day",
    "abandonment_rate": "20 seconds",
    "complaint_rate": "tags angry, refund; types complaint",
}


def definitions(engine: sa.Engine) -> Mapping[str, Mapping[str, str]]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM report_kpi_definitions").mappings()
        return {row["kpi"]: dict(row) for row in rows}


@pytest.mark.parametrize("metric", CATALOG, ids=lambda metric: metric.id)
def test_a_kpi_that_a_helpdesk_cannot_give_says_what_it_waits_for(metric: Metric) -> None:
    helpdesks = [metric.available(vendor) for vendor in ("zendesk", "freshdesk", "hubspot")]
    figures = {
        name for measure in metric.measures if measure.anchor is FIGURES for name in FIGURE_TITLES
        if f"'{name}'" in measure.where
    }  # fmt: skip

    assert UNAVAILABLE not in helpdesks or metric.waits_for
    assert all(f"`{name}`" in metric.waits_for for name in figures)
    for measure in metric.measures:
        told = f"{measure.where} {measure.value}"
        assert "is_complaint" not in told or "[complaint]" in metric.waits_for
        assert "is_escalated" not in told or "[escalation]" in metric.waits_for


def test_what_a_kpi_waits_for_are_files_that_there_are() -> None:
    named = {kind for metric in CATALOG for kind in re.findall(r"`(\w+)` files", metric.waits_for)}

    assert named
    assert named <= {kind.name for kind in KINDS}


def test_without_business_hours_their_kpis_have_no_value_and_say_so(database: sa.Engine) -> None:
    """HubSpot's own figures stand in for two of them."""
    desk = Desk(database, vendor="hubspot")
    desk.show(NOW, *records(TICKET))
    in_hours = [metric for metric in CATALOG if metric.id.endswith("_business")]

    assert len(in_hours) == 8
    assert [metric.id for metric in in_hours if desk.rows(metric.id)] == []
    assert [metric.id for metric in in_hours if "[[schedules]]" not in metric.waits_for] == [
        "first_response_time_business",
        "full_resolution_time_business",
    ]


def test_readers_see_what_is_waited_for_and_other_names(database: sa.Engine) -> None:
    Desk(database).refresh(NOW)

    found = definitions(database)

    assert {kpi: row["waits_for"] for kpi, row in found.items()} == {
        metric.id: metric.waits_for or None for metric in KNOWN
    }
    assert found["nps"]["aliases"] == "net_reporter_score"
    assert found["avg_reply_time"]["aliases"] == "average_response_time"
    assert found["ticket_volume"]["aliases"] is None


def test_definitions_say_what_kpi_toml_says(database: sa.Engine) -> None:
    desk = Desk(database)
    desk.refresh(NOW)
    desk.reporting = replace(desk.reporting, meaning=CHOSEN)
    desk.refresh(NOW)

    found = definitions(database)

    assert {kpi: words for kpi, words in SAID.items() if words not in found[kpi]["definition"]} == {}


def test_a_definition_changes_with_its_values_not_before(database: sa.Engine) -> None:
    Desk(database).refresh(NOW)
    with database.begin() as connection:
        begin(connection, CATALOG)
        publish(connection, worded(CATALOG, CHOSEN))
    before = definitions(database)["reopen_rate"]["definition"]
    with database.begin() as connection:
        publish(connection, worded(CATALOG, CHOSEN), ["reopen_rate"])
    after = definitions(database)["reopen_rate"]["definition"]

    assert ("30 days" in before, "10 days" in after) == (True, True)


def test_an_explanation_says_what_kpi_toml_says(database: sa.Engine) -> None:
    desk = Desk(database)
    desk.reporting = replace(desk.reporting, meaning=CHOSEN)
    desk.refresh(NOW)

    found = explain(
        desk.engine,
        desk.reporting,
        kpi="reopen_rate",
        day=instant(NOW).date(),
        grain="month",
        now=instant(NOW),
    )

    assert "10 days" in found.metric.definition


def test_no_word_is_left_open() -> None:
    told = "".join(f"{metric.definition}{metric.formula}" for metric in worded(CATALOG, Meaning()))

    assert re.findall(r"\{\w+\}", told + page(CATALOG)) == []


def test_the_page_says_what_is_waited_for_and_other_names() -> None:
    told = page([metric_named("nps")])

    assert "- waits for: Zendesk, Freshdesk: `survey_answers` files with survey_type nps\n" in told
    assert "- also known as: net_reporter_score\n" in told


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(604_800, "7 days"), (86_400, "1 day"), (5400, "90 minutes"), (45, "45 seconds"), (0, "0 seconds")],
)
def test_a_duration_is_said_in_its_largest_whole_unit(seconds: int, words: str) -> None:
    assert lasting(seconds) == words
