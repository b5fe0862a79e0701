"""The readers' door: the `report_*` views, the same on both databases.

Tables are state, views are code: they are dropped and created again whenever the schema is brought
up to date. Columns are only ever added, at the end.
"""

from collections.abc import Callable, Mapping

import sqlalchemy as sa

from storage.views_kpi import kpi_definitions_view, kpis_view, tickets_view
from storage.words import Words

View = Callable[[Words], str]


def ratings_view(words: Words) -> str:
    return f"""
        SELECT r.account, r.id AS rating_id, r.ticket_id, r.survey_type, r.score, r.scale,
               {words.flag("f.satisfied")} AS satisfied, r.comment, p.name AS agent_name, g.name AS group_name,
               {words.at("r.rated_at")} AS rated_at
        FROM ratings r
        LEFT JOIN rating_facts f ON f.account = r.account AND f.rating_id = r.id
        LEFT JOIN people p ON p.account = r.account AND p.id = COALESCE(r.agent_id, f.agent_id)
        LEFT JOIN groups g ON g.account = r.account AND g.id = COALESCE(r.group_id, f.group_id)
        WHERE r.rated_at IS NOT NULL AND r.deleted_at IS NULL
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
        SELECT account, stream, {words.at("last_success_at")} AS last_success_at, {words.at("data_until")} AS data_until,
               {words.seconds_since("COALESCE(data_until, last_success_at)")} AS lag_seconds, rows_total,
               last_error, {words.at("last_error_at")} AS last_error_at
        FROM checkpoints
    """


def runs_view(words: Words) -> str:
    return f"""
        SELECT account, {words.at("started_at")} AS started_at, {words.at("finished_at")} AS finished_at, outcome,
               requests, rows_read, rows_changed, rejected, kpi_periods, seconds
        FROM runs
    """


VIEWS: Mapping[str, View] = {
    "report_tickets": tickets_view,
    "report_ratings": ratings_view,
    "report_calls": calls_view,
    "report_kpis": kpis_view,
    "report_kpi_definitions": kpi_definitions_view,
    "report_freshness": freshness_view,
    "report_runs": runs_view,
}


def recreate_views(connection: sa.Connection) -> None:
    """Drop and create every view, inside the caller's transaction."""
    words = Words(connection.dialect.name)
    for name, view in VIEWS.items():
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {view(words)}".replace("%", words.percent))
