"""The readers' door: the `report_*` views, the same on both databases.

Tables are state, views are code: they are dropped and created again whenever the schema is brought
up to date. Columns are only ever added, at the end.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import sqlalchemy as sa

from storage.views_compared import (
    benchmarks_view,
    changes_view,
    goals_view,
    judged_values,
    restatements_view,
)
from storage.views_kpi import kpi_definitions_view, kpis_view, tickets_view
from storage.views_outside import business_figures_view, customers_view, sla_clocks_view
from storage.words import Words

View = Callable[[Words], str]


def ratings_view(words: Words) -> str:
    """Employees' answers are told by no fewer than five at once, and so never one by one."""
    return f"""
        SELECT r.account, r.id AS rating_id, r.ticket_id, r.survey_type, r.score, r.scale,
               {words.flag("f.satisfied")} AS satisfied, r.comment, p.name AS agent_name, g.name AS group_name,
               {words.at("r.rated_at")} AS rated_at, r.survey_id AS survey,
               r.respondent_id
        FROM ratings r
        LEFT JOIN rating_facts f ON f.account = r.account AND f.rating_id = r.id
        LEFT JOIN people p ON p.account = r.account AND p.id = COALESCE(r.agent_id, f.agent_id)
        LEFT JOIN groups g ON g.account = r.account AND g.id = COALESCE(r.group_id, f.group_id)
        WHERE r.rated_at IS NOT NULL AND r.deleted_at IS NULL AND r.survey_type <> 'employee'
    """


def calls_view(words: Words) -> str:
    return f"""
        SELECT c.account, c.id AS call_id, c.ticket_id, p.name AS agent_name, c.direction, c.outcome,
               {words.at("c.started_at")} AS started_at, c.wait_seconds, c.talk_seconds, c.hold_seconds, c.wrap_seconds
        FROM calls c
        LEFT JOIN people p ON p.account = c.account AND p.id = c.agent_id
    """


def freshness_view(words: Words) -> str:
    return f"""
        SELECT c.account, c.stream, {words.at("last_success_at")} AS last_success_at, {words.at("data_until")} AS data_until,
               {words.seconds_since("COALESCE(data_until, last_success_at)")} AS lag_seconds, rows_total,
               last_error, {words.at("last_error_at")} AS last_error_at, {words.at("r.since")} AS read_since
        FROM checkpoints c
        LEFT JOIN reaches r ON r.account = c.account AND r.stream = c.stream
    """


def runs_view(words: Words) -> str:
    return f"""
        SELECT account, {words.at("started_at")} AS started_at, {words.at("finished_at")} AS finished_at, outcome,
               requests, rows_read, rows_changed, rejected, kpi_periods, seconds
        FROM runs
    """


def all_kpis_view(words: Words) -> str:
    """What is stored, and what is computed from it when it is read."""
    return f"{kpis_view(words)} UNION ALL {judged_values(words)}"


VIEWS: Mapping[str, View] = {
    "report_tickets": tickets_view,
    "report_ratings": ratings_view,
    "report_calls": calls_view,
    "report_kpis": all_kpis_view,
    "report_kpi_definitions": kpi_definitions_view,
    "report_kpi_changes": changes_view,
    "report_kpi_restatements": restatements_view,
    "report_goals": goals_view,
    "report_benchmarks": benchmarks_view,
    "report_customers": customers_view,
    "report_business_figures": business_figures_view,
    "report_sla_clocks": sla_clocks_view,
    "report_freshness": freshness_view,
    "report_runs": runs_view,
}


class Grant(NamedTuple):
    """A right that an admin gave a reader on a view."""

    view: str
    role: str
    privilege: str


def drop(connection: sa.Connection) -> list[Grant]:
    """Drop every view, so that tables may change; gives the rights that readers had on them."""
    grants = _grants(connection)
    for name in reversed(tuple(VIEWS)):
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")
    return grants


def create(connection: sa.Connection, grants: Iterable[Grant] = ()) -> None:
    """Create every view, and give readers back what they were granted."""
    words = Words(connection.dialect.name)
    for name, view in VIEWS.items():
        text = view(words)
        mark = _digest(text)
        connection.exec_driver_sql(f"CREATE VIEW {name} AS /* {mark} */ {text}".replace("%", words.percent))
        if words.is_postgres:
            connection.exec_driver_sql(f"COMMENT ON VIEW {name} IS '{mark}'")
    for grant in grants:
        if grant.view in VIEWS:
            connection.exec_driver_sql(f"GRANT {grant.privilege} ON {grant.view} TO {grant.role}")


def are_current(connection: sa.Connection) -> bool:
    """Whether the database holds exactly the views of this version."""
    words = Words(connection.dialect.name)
    if words.is_postgres:
        query = (
            "SELECT relname, obj_description(oid, 'pg_class') FROM pg_class "
            "WHERE relkind = 'v' AND relnamespace = current_schema()::regnamespace"
        )
    else:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'view'"
    found = {name: text or "" for name, text in connection.exec_driver_sql(query)}
    return all(_digest(view(words)) in found.get(name, "") for name, view in VIEWS.items())


def _grants(connection: sa.Connection) -> list[Grant]:
    """SQLite knows no rights; Postgres forgets them with the view."""
    if connection.dialect.name != "postgresql":
        return []
    rows = connection.exec_driver_sql(
        "SELECT c.relname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, "
        "a.privilege_type FROM pg_class c, aclexplode(c.relacl) a "
        "WHERE c.relkind = 'v' AND c.relnamespace = current_schema()::regnamespace AND a.grantee <> c.relowner"
    )
    return [Grant(*row) for row in rows]


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
