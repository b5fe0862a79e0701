"""`kpi`, `verify`, `recompute`: reading values, proving them, and computing them again."""

import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import sqlalchemy as sa

from connectors import utc_now
from kpi.comparing import compared, goals_now, significant_changes
from kpi.judged import GOAL_PROGRESS, KNOWN, goal_grains, known_metric
from kpi.reach import not_read
from kpi.recompute import rebuild
from kpi.values import Value, latest_period, values
from kpi.verify import Difference, Verified
from kpi.verify import verify as prove
from sync.kpi_beside import Beside
from sync.kpi_question import Question, checked
from sync.kpi_rows import rows, write_csv, write_json
from sync.kpi_table import LEGEND, pivot, waiting
from sync.opening import opened_to_read, reporting_of
from sync.telling import DONE, FAILED
from sync.terminal import out, say
from sync.words import duration, number, several

_PERIODS = {"day": timedelta(days=6), "week": timedelta(weeks=5), "month": timedelta(days=160)}
"""How far back a table reaches from the latest period unless told otherwise."""
_SHOWN_DIFFERENCES = 50


def kpi(
    names: Sequence[str],
    grain: str,
    by: str | None,
    account: str | None,
    since: date | None,
    until: date | None,
    form: str,
) -> int:
    """Print values as a table for people, or whole as JSON or CSV."""
    checked(names, grain, by)
    with opened_to_read() as (settings, database):
        if form == "table" and since is None and (latest := latest_period(database, grain)):
            since = (until or latest) - _PERIODS[grain]
        kpis = tuple(known_metric(name).id for name in names)
        asked = Question(kpis, grain, by or "all", account or "*", since, until).by_dimension(by)
        found = [value for question in asked for value in values(database, **question.words)]
        if form != "table":
            beside = {
                key: one for question in asked for key, one in compared(database, **question.words).items()
            }
            (write_json if form == "json" else write_csv)(sys.stdout, rows(found, beside))
        elif found:
            _print_table(found, _beside(database, asked))
            first = min(value.period_start for value in found)
            for sentence in not_read(database, settings.timezone, account or "*", first):
                out().print(f"~ {sentence}", style="yellow", soft_wrap=True)
        else:
            say(_nothing(database, kpis, grain))
    return DONE


def _beside(database: sa.Engine, asked: Sequence[Question]) -> Beside:
    changes, goals = [], []
    for question in asked:
        changes += significant_changes(database, **question.words)
        known = goals_now(database, dimension=question.dimension, account=question.account)
        goals += [goal for goal in known if not question.kpis or goal.kpi in question.kpis]
    return Beside.of(changes, goals)


def _nothing(database: sa.Engine, kpis: Sequence[str], grain: str) -> str:
    """Why there is nothing to show, and what would be."""
    if kpis == (GOAL_PROGRESS.id,):
        grains = goal_grains(database)
        if not grains:
            return "no goal is set: goals are set in kpi.toml"
        if grain not in grains:
            return f"goals are by {' and '.join(grains)}: add --grain {grains[0]}"
    told = "no value yet: run `deskpulse sync` first, or ask for other periods with --since"
    return "\n".join((told, *waiting(known_metric(kpi) for kpi in kpis)))


def _print_table(found: Sequence[Value], beside: Beside) -> None:
    periods = sorted({value.period_start.isoformat() for value in found})
    console = out()
    console.print(
        pivot(
            found,
            KNOWN,
            periods,
            lambda value: value.period_start.isoformat(),
            by_member=any(value.dimension != "all" for value in found),
            beside=beside,
        )
    )
    console.print(LEGEND, style="dim")


def verify(since: date | None) -> int:
    """Compute everything again elsewhere and compare; 1 and a list on any difference."""
    with opened_to_read() as (settings, database):
        found = prove(database, reporting_of(settings), now=utc_now(), since=since)
    compared = f"{several(found.values, 'value')} of {several(found.tickets, 'ticket')}"
    if found.is_right:
        say(f"{compared} computed again in {duration(found.seconds)}: no difference", style="green")
        return DONE
    for line in _differences(found):
        out().print(line, soft_wrap=True)
    wrong = several(len(found.differences) + len(found.stale_facts), "difference")
    say(
        f"{compared} computed again: {wrong}. `deskpulse recompute` mends them; please report this",
        style="red",
    )
    return FAILED


def _differences(found: Verified) -> Iterator[str]:
    for stale in found.stale_facts[:_SHOWN_DIFFERENCES]:
        yield f"{stale.what} {stale.account}/{stale.id}: the stored facts are not what its rows say"
    for each in found.differences[:_SHOWN_DIFFERENCES]:
        where = f"{each.kpi} {each.grain} {each.period_start} {each.account} {each.dimension} {each.member}".rstrip()
        yield f"{where}: {_how(each)}"
    hidden = sum(max(len(part) - _SHOWN_DIFFERENCES, 0) for part in (found.differences, found.stale_facts))
    if hidden:
        yield f"… and {number(hidden)} more"


def _how(each: Difference) -> str:
    if each.stored is None:
        return "missing"
    if each.recomputed is None:
        return "stored, but the rows give no such value"
    pairs = ((name, getattr(each.stored, name), getattr(each.recomputed, name)) for name in each.columns)
    return ", ".join(f"{name} {stored} instead of {right}" for name, stored, right in pairs)


def recompute(since: date | None) -> int:
    """Rebuild facts and values from what is stored; readers see each period replaced at once."""
    with opened_to_read() as (settings, database):
        done = rebuild(database, reporting_of(settings), now=utc_now(), since=since)
    say(
        f"{several(done.tickets, 'ticket')}, {several(done.periods, 'period')} and "
        f"{number(done.values)} values computed again in {duration(done.seconds)}"
    )
    return DONE
