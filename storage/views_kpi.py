"""The views that show facts and cells: report_tickets, report_kpis, report_kpi_definitions."""

from storage.words import Words

_ACCOUNT_BOUND = "('agent', 'group', 'brand', 'organisation', 'sla_policy')"
_SECONDS = (
    "first_response_seconds",
    "first_response_business_seconds",
    "first_resolution_seconds",
    "full_resolution_seconds",
    "full_resolution_business_seconds",
    "requester_wait_seconds",
)
_HOUR = """substr('MonTueWedThuFriSatSun', 1 + 3 * (CAST(c.member AS integer) / 24), 3) || ' '
                        || substr('000102030405060708091011121314151617181920212223', 1 + 2 * (CAST(c.member AS integer) % 24), 2)
                        || ':00'"""
_COUNTS = ("replies", "customer_messages", "reopens", "agent_changes", "group_changes")

INFERRED = {
    1: "first_response",
    2: "first_resolution",
    4: "full_resolution",
    8: "waits",
    16: "reopens",
    32: "agent_changes",
    64: "group_changes",
    128: "replies",
    256: "customer_messages",
    512: "assignment",
    1024: "backlog",
    2048: "contacts",
    4096: "actors",
    8192: "escalation",
    16384: "hours",
    32768: "workdays",
}
"""The bits of a fact's `approximations` (kpi.shapes.Approximated), as readers see them."""


def value_of(cell: str, definition: str = "d") -> str:
    """What a cell (an alias of `kpi_cells`) says by a statistic `s` and its definition."""
    above, below = above_of(cell, definition), below_of(cell, definition)
    return f"""CASE s.statistic
                    WHEN 'mean' THEN {above} / NULLIF({cell}.n, 0)
                    WHEN 'p50' THEN {cell}.p50 WHEN 'p90' THEN {cell}.p90 WHEN 'p95' THEN {cell}.p95
                    ELSE CASE WHEN {cell}.denominator IS NULL THEN {above} ELSE {definition}.scale * {above} / NULLIF({below}, 0) END
                    END"""


def above_of(cell: str, definition: str = "d") -> str:
    """A cell's numerator, which is kept in whole units."""
    return f"(CAST({cell}.numerator AS double precision) / {definition}.fineness)"


def below_of(cell: str, definition: str = "d") -> str:
    """The same of its denominator."""
    return f"(CAST({cell}.denominator AS double precision) / {definition}.fineness_below)"


STATISTICS = """(SELECT 'value' AS statistic, 0 AS is_distribution UNION ALL SELECT 'mean', 1 UNION ALL SELECT 'p50', 1
              UNION ALL SELECT 'p90', 1 UNION ALL SELECT 'p95', 1) s
             ON s.is_distribution = CASE d.shape WHEN 'distribution' THEN 1 ELSE 0 END"""
"""One row a statistic that a definition `d` has."""


def _interval(bound: str) -> str:
    """The cell's interval is that of its value, or of its median."""
    return f"CASE WHEN s.statistic IN ('value', 'p50') THEN {bound} END"


def is_low_sample(cell: str) -> str:
    """Whether a statistic rests on fewer cases than it needs."""
    return f"CASE s.statistic WHEN 'p90' THEN {cell}.n < 10 WHEN 'p95' THEN {cell}.n < 20 ELSE {cell}.low_sample = 1 END"


SETTLED = "LEFT JOIN kpi_settled e ON e.kpi = d.kpi"
"""Up to when the periods of a definition `d` stand."""


def is_provisional(words: Words, cell: str) -> str:
    """Whether a value may still change without anything being put right: its period, or the time that its
    cohort takes to settle, was not over at the last refresh, or some cases' windows were not.
    """
    return f"({cell}.provisional = 1 OR {last_day(words, cell)} > COALESCE(e.until_day, {cell}.period + 31))"


def last_day(words: Words, cell: str) -> str:
    month = words.months_after(f"{cell}.period", 1)
    return f"CASE {cell}.grain WHEN 'day' THEN {cell}.period WHEN 'week' THEN {cell}.period + 6 ELSE {month} - 1 END"


def shown(cell: str) -> str:
    """Members of an account (agents, groups, brands, organisations) stand under `*` too."""
    return f"""(SELECT 0 AS everybody UNION ALL SELECT 1) shown
             ON shown.everybody = 0 OR {cell}.dimension IN {_ACCOUNT_BOUND}"""


def shown_account(cell: str) -> str:
    return f"CASE shown.everybody WHEN 1 THEN '*' ELSE {cell}.account END"


def shown_member(cell: str) -> str:
    own = f"{cell}.account || '/' || {cell}.member"
    return f"CASE WHEN {cell}.dimension IN {_ACCOUNT_BOUND} THEN {own} ELSE {cell}.member END"


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
               {words.at("t.deleted_at")} AS deleted_at, t.merged_into, t.url,
               f.history, f.messages, {_inferred()} AS approximations, NULLIF(f.flags, '') AS flags
        FROM tickets t
        LEFT JOIN ticket_facts f ON f.account = t.account AND f.ticket_id = t.id
        LEFT JOIN people p ON p.account = t.account AND p.id = t.agent_id
        LEFT JOIN groups g ON g.account = t.account AND g.id = t.group_id
        LEFT JOIN brands b ON b.account = t.account AND b.id = t.brand_id
        LEFT JOIN organisations o ON o.account = t.account AND o.id = t.organisation_id
    """


def _inferred() -> str:
    """A word for each bit; null where there is none."""
    told = " || ".join(
        f"CASE WHEN (f.approximations & {bit}) <> 0 THEN '{word} ' ELSE '' END"
        for bit, word in INFERRED.items()
    )
    return f"NULLIF(TRIM({told}), '')"


def kpis_view(words: Words) -> str:
    """One row a value: a cell of a distribution gives its mean and percentiles, any other one value.

    Members of an account (agents, groups, brands, organisations) stand under `*` too.
    """
    return f"""
        SELECT {shown_account("c")} AS account, c.kpi, s.statistic, c.grain,
               {words.day("c.period")} AS period_start, c.dimension,
               {shown_member("c")} AS member,
               CASE c.dimension
                    WHEN 'agent' THEN COALESCE((SELECT p.name FROM people p WHERE p.account = c.account AND p.id = c.member), c.member)
                    WHEN 'group' THEN COALESCE((SELECT g.name FROM groups g WHERE g.account = c.account AND g.id = c.member), c.member)
                    WHEN 'brand' THEN COALESCE((SELECT b.name FROM brands b WHERE b.account = c.account AND b.id = c.member), c.member)
                    WHEN 'organisation' THEN COALESCE(
                        (SELECT o.name FROM organisations o WHERE o.account = c.account AND o.id = c.member), c.member)
                    WHEN 'hour_of_week' THEN {_HOUR}
                    WHEN 'sla_policy' THEN COALESCE((SELECT y.name FROM sla_policies y WHERE y.account = c.account AND y.id = c.member), c.member)
                    ELSE c.member END AS member_name,
               {value_of("c")} AS value,
               c.n, {above_of("c")} AS numerator, {below_of("c")} AS denominator, {_interval("c.ci_low")} AS ci_low, {_interval("c.ci_high")} AS ci_high,
               {is_low_sample("c")} AS low_sample,
               {is_provisional(words, "c")} AS provisional, c.availability, {words.at("c.computed_at")} AS computed_at
        FROM kpi_definitions d
        {SETTLED}
        JOIN {STATISTICS}
        JOIN kpi_cells c ON c.kpi = d.kpi AND c.generation = d.generation
        JOIN {shown("c")}
    """


def kpi_definitions_view(_words: Words) -> str:
    return """
        SELECT kpi, title, unit, direction, anchor, definition, formula, zendesk, freshdesk, hubspot, files,
               signature AS version, waits_for, aliases
        FROM kpi_definitions
    """
