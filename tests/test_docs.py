"""What is promised in the docs, in settings.example.env and by the views is one and the same."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.registry import load as load_connector
from storage.views import VIEWS
from sync.settings import COMMON, Settings

ROOT = Path(__file__).parent.parent
OURS = ("zendesk", "freshdesk", "hubspot", "files")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

PROMISED = {
    "report_tickets": "account ticket_id subject status priority channel type category brand group_id group_name "
    "agent_id agent_name requester_id organisation created_at updated_at first_response_at first_solved_at "
    "solved_at first_response_seconds first_response_business_seconds first_resolution_seconds "
    "full_resolution_seconds full_resolution_business_seconds requester_wait_seconds replies customer_messages "
    "reopens agent_changes group_changes one_touch fcr csat_satisfied is_outbound is_countable deleted_at "
    "merged_into url",
    "report_ratings": "account rating_id ticket_id survey_type score scale satisfied comment agent_name group_name "
    "rated_at",
    "report_calls": "account call_id ticket_id agent_name direction outcome started_at wait_seconds talk_seconds "
    "hold_seconds wrap_seconds",
    "report_kpis": "account kpi statistic grain period_start dimension member member_name value n numerator "
    "denominator ci_low ci_high low_sample provisional availability computed_at",
    "report_kpi_definitions": "kpi title unit direction anchor definition formula zendesk freshdesk hubspot files "
    "version",
    "report_kpi_changes": "account kpi statistic grain period_start dimension member value n previous_period_start "
    "previous_value previous_n change change_percent is_significant verdict year_ago_period_start year_ago_value "
    "year_ago_n year_change year_change_percent year_is_significant year_verdict",
    "report_kpi_restatements": "kpi statistic grain period_start account dimension member old new cause at",
    "report_goals": "name kpi statistic account dimension member grain period_start direction baseline target value "
    "progress is_met is_on_track start_date due_date",
    "report_benchmarks": "kpi statistic account grain period_start value n benchmark delta delta_percent industry "
    "source year measured_as",
    "report_customers": "account customer_id requester_id name segment ltv started_at churned_at",
    "report_business_figures": "account name grain period_start value unit",
    "report_sla_clocks": "account ticket_id sla_metric instance policy state started_at due_at at_risk_at "
    "fulfilled_at seconds_left agent_name group_name priority subject url",
    "report_freshness": "account stream last_success_at data_until lag_seconds rows_total last_error last_error_at",
    "report_runs": "account started_at finished_at outcome requests rows_read rows_changed rejected kpi_periods "
    "seconds",
}
"""The columns that were promised first, in their order; more may follow."""


def settings_named_in(page: Path) -> set[str]:
    text = page.read_text(encoding="utf-8")
    full = re.findall(
        r"DESKPULSE_[A-Z_]*[A-Z]", re.sub(r"ACCOUNTS__(<NAME>|[A-Z]+)__", "ACCOUNTS__X__", text)
    )
    short = [f"DESKPULSE_ACCOUNTS__X__{name}" for name in re.findall(r"…__([A-Z_]+)", text)]
    return {*full, *short}


def every_setting() -> set[str]:
    own = {f"DESKPULSE_{name.upper()}" for name in Settings.model_fields if name != "accounts"}
    fields = {*COMMON, *(name for kind in OURS for name in load_connector(kind).Settings.model_fields)}
    return own | {f"DESKPULSE_ACCOUNTS__X__{name.upper()}" for name in fields}


@pytest.mark.parametrize("page", ["docs/settings.md", "settings.example.env"])
def test_every_setting_is_listed_and_no_other(page: str) -> None:
    assert settings_named_in(ROOT / page) == every_setting()


def test_the_example_is_all_comments_and_every_line_is_a_valid_setting() -> None:
    lines = (ROOT / "settings.example.env").read_text(encoding="utf-8").splitlines()
    assert all(not line or line.startswith("#") for line in lines)


@pytest.mark.parametrize("view", PROMISED)
def test_a_view_has_the_promised_columns_first_and_the_docs_name_all(database: sa.Engine, view: str) -> None:
    columns = [column["name"] for column in sa.inspect(database).get_columns(view)]

    promised = PROMISED[view].split()
    assert columns[: len(promised)] == promised
    assert documented(view) == columns


def documented(view: str) -> list[str]:
    page = (ROOT / "docs" / "views.md").read_text(encoding="utf-8")
    section = page.split(f"## {view}\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")][1:]
    return [name.strip() for cell in cells for name in cell.split(",")]


def test_every_view_is_documented() -> None:
    page = (ROOT / "docs" / "views.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (report_\w+)$", page, re.MULTILINE) == list(PROMISED)
    assert set(VIEWS) >= set(PROMISED)


def test_every_link_between_the_docs_leads_somewhere() -> None:
    links = [
        (page, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
        if not target.startswith("http")
    ]
    assert links
    assert [link for link in links if not (link[0].parent / link[1]).exists()] == []


def test_the_commands_the_docs_show_exist() -> None:
    from sync.cli import app

    known = {command.name for command in app.registered_commands} | {
        group.name for group in app.registered_groups
    }
    shown = {
        word
        for page in PAGES
        for block in re.findall(r"```\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        for word in re.findall(r"^deskpulse ([a-z]+)", block, re.MULTILINE)
    }
    assert shown
    assert shown <= known


def shown_queries() -> list[str]:
    blocks = [
        block
        for page in PAGES
        for block in re.findall(r"```\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        if re.search(r"^SELECT", block, re.MULTILINE)
    ]
    return [query for block in blocks for query in block.split(";") if "FROM report_" in query]


@pytest.mark.parametrize("query", shown_queries(), ids=lambda query: re.findall(r"report_\w+", query)[0])
def test_a_query_the_docs_show_can_be_run(database: sa.Engine, query: str) -> None:
    with database.connect() as connection:
        assert connection.execute(sa.text(query)).all() == []


def test_the_page_of_kpis_is_what_the_catalogue_says() -> None:
    from kpi.catalog import CATALOG
    from kpi.documentation import page

    written = (ROOT / "docs" / "kpis.md").read_text(encoding="utf-8")
    assert written == page(CATALOG), "run: python -m kpi.documentation > docs/kpis.md"
