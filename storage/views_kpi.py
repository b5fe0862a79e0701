"""The views that show facts and cells: report_tickets, report_kpis, report_kpi_definitions."""

from storage.words import Words

_ACCOUNT_BOUND = "('agent', 'group', 'brand', 'organisation')"
_SECONDS = (
    "first_response_seconds",
    "first_response_business_seconds",
    "first_resolution_seconds",
    "full_resolution_seconds",
    "full_resolution_business_seconds",
    "requester_wait_seconds",
)
_COUNTS = ("replies", "customer_messages", "reopens", "agent_changes", "group_changes")


def tickets_view(words: Words) -> str:
    """One row a ticket; figures are null until the KPI refresh has seen it."""
    figures = ", ".join(f"f.{name}" for name in (*_SECONDS, *_COUNTS))
    flags = ", ".join(f"{words.flag(f'f.{name}')} AS {name}" for name in ("one_touch", "fcr"))
    return f"""
        SELECT t.account, t.id AS ticket_id, t.subject, t.status, t.priority, t.channel, t.type,
               COALESCE(f.category, t.category) AS category, COALESCE(b.name, t.brand_id) AS brand,
               t.group_id, g.name AS group_name, t.agent_id, p.name AS agent_name, t.requester_id,
               COALESCE(o.name, t.organisation_id) AS organisation,
               {words.at("t.created_at")} AS created_at, {words.at("t.updated_at")} AS updated_at,
               {words.at("f.first_response_at")} AS first_response_at,
               {words.at("f.first_solved_at")} AS first_solved_at, {words.at("f.solved_at")} AS solved_at,
               {figures}, {flags},
               (SELECT MAX({words.flag("r.satisfied") if not words.is_postgres else "r.satisfied"}) FROM rating_facts r
                WHERE r.account = t.account AND r.ticket_id = t.id AND r.is_counted = 1 AND r.survey_type = 'csat'
               ) {"= 1" if words.is_postgres else ""} AS csat_satisfied,
               {words.flag("f.is_outbound")} AS is_outbound, {words.flag("f.is_countable")} AS is_countable,
               {words.at("t.deleted_at")} AS deleted_at, t.merged_into, t.url
        FROM tickets t
        LEFT JOIN ticket_facts f ON f.account = t.account AND f.ticket_id = t.id
        LEFT JOIN people p ON p.account = t.account AND p.id = t.agent_id
        LEFT JOIN groups g ON g.account = t.account AND g.id = t.group_id
        LEFT JOIN brands b ON b.account = t.account AND b.id = t.brand_id
        LEFT JOIN organisations o ON o.account = t.account AND o.id = t.organisation_id
    """


def kpis_view(words: Words) -> str:
    """One row a value: a cell of a distribution gives its mean and percentiles, any other one value.

    Members of an account (agents, groups, brands, organisations) stand under `*` too.
    """
    return f"""
        WITH cells AS (
            SELECT c.*, c.account AS shown_account FROM kpi_cells c
            UNION ALL
            SELECT c.*, '*' AS shown_account FROM kpi_cells c WHERE c.dimension IN {_ACCOUNT_BOUND}
        ), vals AS (
            SELECT c.*, d.shape, 'value' AS statistic,
                   CASE d.shape WHEN 'count' THEN CAST(c.numerator AS double precision)
                        ELSE d.scale * CAST(c.numerator AS double precision) / NULLIF(c.denominator, 0) END AS value
            FROM cells c JOIN kpi_definitions d ON d.kpi = c.kpi WHERE d.shape <> 'distribution'
            UNION ALL
            SELECT c.*, d.shape, s.statistic,
                   CASE s.statistic WHEN 'mean' THEN CAST(c.numerator AS double precision) / NULLIF(c.n, 0)
                        WHEN 'p50' THEN c.p50 WHEN 'p90' THEN c.p90 ELSE c.p95 END AS value
            FROM cells c JOIN kpi_definitions d ON d.kpi = c.kpi
            CROSS JOIN (SELECT 'mean' AS statistic UNION ALL SELECT 'p50' UNION ALL SELECT 'p90' UNION ALL SELECT 'p95') s
            WHERE d.shape = 'distribution'
        )
        SELECT v.shown_account AS account, v.kpi, v.statistic, v.grain, {words.day("v.period")} AS period_start,
               v.dimension,
               CASE WHEN v.dimension IN {_ACCOUNT_BOUND} THEN v.account || '/' || v.member ELSE v.member END AS member,
               CASE v.dimension
                    WHEN 'agent' THEN COALESCE((SELECT p.name FROM people p WHERE p.account = v.account AND p.id = v.member), v.member)
                    WHEN 'group' THEN COALESCE((SELECT g.name FROM groups g WHERE g.account = v.account AND g.id = v.member), v.member)
                    WHEN 'brand' THEN COALESCE((SELECT b.name FROM brands b WHERE b.account = v.account AND b.id = v.member), v.member)
                    WHEN 'organisation' THEN COALESCE(
                        (SELECT o.name FROM organisations o WHERE o.account = v.account AND o.id = v.member), v.member)
                    ELSE v.member END AS member_name,
               v.value, v.n, v.numerator, v.denominator, v.ci_low, v.ci_high,
               CASE v.statistic WHEN 'p90' THEN v.n < 10 WHEN 'p95' THEN v.n < 20 ELSE v.low_sample = 1 END AS low_sample,
               {words.flag("v.provisional")} AS provisional, v.availability, {words.at("v.computed_at")} AS computed_at
        FROM vals v
    """


def kpi_definitions_view(_words: Words) -> str:
    return """
        SELECT kpi, title, unit, direction, anchor, definition, formula, zendesk, freshdesk, hubspot, files
        FROM kpi_definitions
    """
