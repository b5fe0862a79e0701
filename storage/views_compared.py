"""The views that hold values against others: report_kpi_changes, report_goals, report_benchmarks,
report_kpi_restatements.
"""

from collections.abc import Callable

from storage.judged import Cause
from storage.views_kpi import (
    SETTLED,
    STATISTICS,
    is_low_sample,
    is_provisional,
    shown,
    shown_account,
    shown_member,
    value_of,
)
from storage.words import Words


def changes_view(words: Words) -> str:
    """Each value beside that of the period before and of the same period last year, and whether it differs
    by more than chance.

    From a value's interval (l, u) and another's (L, U) the interval of their difference follows without
    any other part: (v - w)² is set against (v - l)² + (U - w)² where v is the higher one. For shares with
    Wilson's intervals that is Newcombe's tenth method, for medians the same idea (MOVER).
    """
    return f"""
        SELECT account, kpi, statistic, grain, {words.day("period")} AS period_start, dimension, member, value, n,
               {words.day("previous_period")} AS previous_period_start, w AS previous_value, previous_n,
               value - w AS change, 100 * (value - w) / NULLIF(ABS(w), 0) AS change_percent,
               {words.flag(_is_significant("w", "p"))} AS is_significant, {_verdict("w", "p")} AS verdict,
               {words.day("year_ago_period")} AS year_ago_period_start, y AS year_ago_value, year_ago_n,
               value - y AS year_change, 100 * (value - y) / NULLIF(ABS(y), 0) AS year_change_percent,
               {words.flag(_is_significant("y", "a"))} AS year_is_significant, {_verdict("y", "a")} AS year_verdict,
               c_provisional AS provisional
        FROM (
            SELECT {shown_account("c")} AS account, c.kpi, s.statistic, c.grain, c.period, c.dimension,
                   {shown_member("c")} AS member, d.direction, {value_of("c")} AS value, c.n,
                   {_before(words)} AS previous_period, {value_of("p")} AS w, p.n AS previous_n,
                   {_year_before(words)} AS year_ago_period, {value_of("a")} AS y, a.n AS year_ago_n,
                   c.ci_low AS c_low, c.ci_high AS c_high, p.ci_low AS p_low, p.ci_high AS p_high,
                   a.ci_low AS a_low, a.ci_high AS a_high, {is_provisional(words, "c")} AS c_provisional,
                   {is_provisional(words, "p")} AS p_provisional, {is_provisional(words, "a")} AS a_provisional
            FROM kpi_definitions d
            {SETTLED}
            JOIN {STATISTICS}
            JOIN kpi_cells c ON c.kpi = d.kpi AND c.generation = d.generation
            JOIN {shown("c")}
            {_beside("p", _before(words))}
            {_beside("a", _year_before(words))}
        ) compared
    """


def _beside(cell: str, period: str) -> str:
    """The same cell of another period."""
    alike = " AND ".join(
        f"{cell}.{name} = c.{name}"
        for name in ("kpi", "generation", "grain", "account", "dimension", "member")
    )
    return f"LEFT JOIN kpi_cells {cell} ON {alike} AND {cell}.period = {period}"


def _before(words: Words) -> str:
    month = words.months_after("c.period", -1)
    return f"CASE c.grain WHEN 'day' THEN c.period - 1 WHEN 'week' THEN c.period - 7 ELSE {month} END"


def _year_before(words: Words) -> str:
    """Days and weeks 52 weeks ago, so that weekdays meet weekdays."""
    return f"CASE c.grain WHEN 'month' THEN {words.months_after('c.period', -12)} ELSE c.period - 364 END"


def _is_significant(other: str, cell: str) -> str:
    """1 or 0; null where one of the two has no interval, or may still change by itself."""

    def exceeds(high: str, low: str, down: str, up: str) -> str:
        return f"({high} - {low}) * ({high} - {low}) > ({high} - {down}) * ({high} - {down}) + ({up} - {low}) * ({up} - {low})"

    falls = exceeds(other, "value", f"{cell}_low", "c_high")
    rises = exceeds("value", other, "c_low", f"{cell}_high")
    return f"""CASE WHEN statistic NOT IN ('value', 'p50') OR c_low IS NULL OR {cell}_low IS NULL
                         OR c_provisional OR {cell}_provisional THEN NULL
                    WHEN value >= {other} THEN CASE WHEN {rises} THEN 1 ELSE 0 END
                    ELSE CASE WHEN {falls} THEN 1 ELSE 0 END END"""


def _verdict(other: str, cell: str) -> str:
    better = f"(value > {other}) = (direction = 'higher')"
    return f"""CASE WHEN direction <> 'neutral' AND {_is_significant(other, cell)} = 1
                    THEN CASE WHEN {better} THEN 'better' ELSE 'worse' END END"""


def goals_view(words: Words) -> str:
    """One row a goal and period from its start until it is due; one without a value where there is none yet."""
    last_day = f"""CASE grain WHEN 'day' THEN period WHEN 'week' THEN period + 6
                    ELSE {words.months_after("period", 1)} - 1 END"""
    elapsed = f"(CAST({last_day} AS double precision) - start_day + 1) / (due_day - start_day + 1)"
    share = f"CASE WHEN {last_day} >= due_day THEN 1.0 ELSE {elapsed} END"
    is_met = "CASE direction WHEN 'higher' THEN value >= target ELSE value <= target END"
    return f"""
        SELECT name, kpi, statistic, account, dimension, member, grain, {words.day("period")} AS period_start,
               direction, baseline, target, value, {_PROGRESS} AS progress,
               {is_met if words.is_postgres else f"({is_met})"} AS is_met,
               CASE WHEN value IS NULL THEN NULL ELSE {is_met} OR {_PROGRESS} >= 100 * ({share}) END AS is_on_track,
               {words.day("start_day")} AS start_date, {words.day("due_day")} AS due_date, label
        FROM ({_goals(words)}) judged
    """


_PROGRESS = "100 * (baseline - value) / NULLIF(baseline - target, 0)"


def _goals(words: Words) -> str:
    """Each goal with the cells it is about."""
    return f"""SELECT g.name, g.kpi, g.statistic, g.account, g.dimension, g.member, g.grain, c.period, g.direction,
                   COALESCE(g.baseline, ({_baseline()})) AS baseline, g.target, {value_of("c")} AS value,
                   g.start_day, g.due_day, {_label("kpi_goals", "g", _goal_label)} AS label, {_marks(words)}
            FROM kpi_goals g
            JOIN kpi_definitions d ON d.kpi = g.kpi
            {SETTLED}
            JOIN {STATISTICS} AND s.statistic = g.statistic
            LEFT JOIN kpi_cells c ON {_of_goal("c")} AND c.period >= g.start_day AND c.period <= g.due_day"""


def _marks(words: Words) -> str:
    """How sure a compared value is."""
    return f"""c.n, {is_low_sample("c")} AS low_sample, {is_provisional(words, "c")} AS provisional,
                   c.availability, c.computed_at"""


def _label(table: str, row: str, of: Callable[[str], str]) -> str:
    """A text that is a row's alone: where others before it have the same, with a number."""
    before = f"(SELECT COUNT(*) FROM {table} e WHERE e.ordinal < {row}.ordinal AND {of('e')} = {of(row)})"
    return f"{of(row)} || CASE WHEN {before} > 0 THEN ' (' || ({before} + 1) || ')' ELSE '' END"


def _of_statistic(row: str) -> str:
    return f"{row}.kpi || CASE {row}.statistic WHEN 'value' THEN '' ELSE ' ' || {row}.statistic END"


def _goal_label(row: str) -> str:
    member = f"CASE {row}.member WHEN '' THEN '' ELSE ' ' || {row}.member END"
    return f"COALESCE(NULLIF({row}.name, ''), {_of_statistic(row)} || {member})"


def _benchmark_label(row: str) -> str:
    year = f"COALESCE(' (' || {row}.year || ')', '')"
    return f"({_of_statistic(row)} || ', ' || {row}.industry || ': ' || {row}.source || {year})"


def _of_goal(cell: str) -> str:
    return (
        f"{cell}.kpi = g.kpi AND {cell}.generation = d.generation AND {cell}.grain = g.grain "
        f"AND {cell}.account = g.cell_account AND {cell}.dimension = g.dimension AND {cell}.member = g.cell_member"
    )


def _baseline() -> str:
    """Without one, the last value of a period that began before the goal did."""
    return f"SELECT {value_of('b')} FROM kpi_cells b WHERE {_of_goal('b')} AND b.period < g.start_day ORDER BY b.period DESC LIMIT 1"


def benchmarks_view(words: Words) -> str:
    """Each value of everything beside what others report, where they say so, and how they measure it."""
    return f"""
        SELECT kpi, statistic, account, grain, {words.day("period")} AS period_start, value, n, benchmark,
               value - benchmark AS delta, 100 * (value - benchmark) / NULLIF(ABS(benchmark), 0) AS delta_percent,
               industry, source, year, measured_as, label
        FROM ({_benchmarks(words)}) compared
    """


def _benchmarks(words: Words) -> str:
    """Each benchmark with the cells of everything that it is about."""
    return f"""SELECT b.kpi, b.statistic, c.account, c.grain, c.period, {value_of("c")} AS value,
                   b.value AS benchmark, b.industry, b.source, b.year, b.measured_as,
                   {_label("kpi_benchmarks", "b", _benchmark_label)} AS label, c.ci_low, c.ci_high, {_marks(words)}
            FROM kpi_benchmarks b
            JOIN kpi_definitions d ON d.kpi = b.kpi
            {SETTLED}
            JOIN {STATISTICS} AND s.statistic = b.statistic
            JOIN kpi_cells c ON c.kpi = b.kpi AND c.generation = d.generation AND c.dimension = 'all'"""


def judged_values(words: Words) -> str:
    """Rows of `report_kpis` that are computed when they are read: progress by goal, distances by benchmark."""
    marks = f"""low_sample, provisional, availability,
               {words.at("computed_at")} AS computed_at"""
    bound = "CASE WHEN statistic IN ('value', 'p50') THEN {} - benchmark END"
    return f"""
        SELECT account, 'goal_progress' AS kpi, 'value' AS statistic, grain, {words.day("period")} AS period_start,
               'goal' AS dimension, label AS member, label AS member_name, {_PROGRESS} AS value, n,
               baseline - value AS numerator, baseline - target AS denominator,
               CAST(NULL AS double precision) AS ci_low, CAST(NULL AS double precision) AS ci_high, {marks}
        FROM ({_goals(words)}) judged
        WHERE baseline <> target AND value IS NOT NULL
        UNION ALL
        SELECT account, 'benchmark_delta' AS kpi, 'value' AS statistic, grain, {words.day("period")} AS period_start,
               'benchmark' AS dimension, label AS member, label AS member_name, value - benchmark AS value, n,
               CAST(NULL AS double precision) AS numerator, CAST(NULL AS double precision) AS denominator,
               {bound.format("ci_low")} AS ci_low, {bound.format("ci_high")} AS ci_high, {marks}
        FROM ({_benchmarks(words)}) compared
        WHERE value IS NOT NULL
    """


def restatements_view(words: Words) -> str:
    """What was taken back within the same day is none."""
    named = " || ".join(
        f"CASE WHEN (r.causes & {int(cause)}) <> 0 THEN ' {str(cause.name).lower()}' ELSE '' END"
        for cause in Cause
    )
    is_account_bound = "r.dimension IN ('agent', 'group', 'brand', 'organisation')"
    return f"""
        SELECT r.kpi, r.statistic, r.grain, {words.day("r.period")} AS period_start, r.account, r.dimension,
               CASE WHEN {is_account_bound} THEN r.account || '/' || r.member ELSE r.member END AS member,
               r.old, r.new, LTRIM({named}) AS cause, {words.at("r.at")} AS at
        FROM kpi_restatements r
        WHERE {words.differ("r.old", "r.new")}
    """
