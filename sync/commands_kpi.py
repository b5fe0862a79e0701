"""`kpi`, `verify`, `recompute`: reading values, proving them, and computing them again."""

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any, TypedDict

import sqlalchemy as sa

from connectors import Misconfigured, utc_now
from kpi.catalog import CATALOG, metric_named
from kpi.comparing import goals_now, significant_changes
from kpi.forecasts import BOTH
from kpi.metric import Metric
from kpi.reach import not_read
from kpi.reading import MONTHLY, PROFILE
from kpi.recompute import rebuild
from kpi.values import COLUMNS, Value, latest_period, values
from kpi.verify import Difference, Verified
from kpi.verify import verify as prove
from sync.kpi_beside import Beside
from sync.kpi_table import LEGEND, pivot
from sync.opening import opened_to_read, reporting_of
from sync.settings import suggest
from sync.telling import DONE, FAILED
from sync.terminal import out, say
from sync.words import duration, number, several

_PERIODS = {"day": timedelta(days=6), "week": timedelta(weeks=5), "month": timedelta(days=160)}
"""How far back a table reaches from the latest period unless told otherwise."""
_SHOWN_DIFFERENCES = 50
_OF_SOME = sorted({name for metric in CATALOG for anchor in metric.anchors for name in anchor.dimensions})
"""Dimensions that only facts of some kinds have."""
DIMENSIONS = (
    "all", "channel", "group", "agent", "priority", "type", "category", BOTH, "brand", *MONTHLY,
    *_OF_SOME,
)  # fmt: skip


class _Question(TypedDict):
    kpis: Sequence[str]
    grain: str
    dimension: str
    account: str
    since: date | None
    until: date | None


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
    dimension = checked(names, grain, by)
    with opened_to_read() as (settings, database):
        if form == "table" and since is None and (latest := latest_period(database, grain)):
            since = (until or latest) - _PERIODS[grain]
        question = _Question(
            kpis=[metric_named(name).id for name in names],
            grain=grain,
            dimension=dimension,
            account=account or "*",
            since=since,
            until=until,
        )
        found = values(database, **question)
        beside = _beside(database, question) if form == "table" else Beside()
        first = min((value.period_start for value in found), default=date.max)
        missing = not_read(database, settings.timezone, question["account"], first)
    if form == "json":
        sys.stdout.write(json.dumps([asdict(value) for value in found], indent=2, default=_plain) + "\n")
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([_plain(getattr(value, name)) for name in COLUMNS] for value in found)
    elif found:
        _print_table(found, beside, is_split=dimension != "all")
        for sentence in missing:
            out().print(f"~ {sentence}", style="yellow", soft_wrap=True)
    else:
        say("no value yet: run `deskpulse sync` first, or ask for other periods with --since")
    return DONE


def _beside(database: sa.Engine, question: _Question) -> Beside:
    goals = goals_now(database, dimension=question["dimension"], account=question["account"])
    asked = question["kpis"]
    return Beside.of(
        significant_changes(database, **question), [goal for goal in goals if not asked or goal.kpi in asked]
    )


def _print_table(found: Sequence[Value], beside: Beside, *, is_split: bool) -> None:
    periods = sorted({value.period_start.isoformat() for value in found})
    console = out()
    console.print(
        pivot(
            found,
            CATALOG,
            periods,
            lambda value: value.period_start.isoformat(),
            by_member=is_split,
            beside=beside,
        )
    )
    console.print(LEGEND, style="dim")


def checked(names: Sequence[str], grain: str, by: str | None) -> str:
    """The dimension to split by; Misconfigured where there is no such KPI or value."""
    known = [name for metric in CATALOG for name in (metric.id, *metric.aliases)]
    for name in names:
        if name not in known:
            raise Misconfigured(
                f"there is no KPI {name}{suggest(name, known)}; all are in report_kpi_definitions"
            )
    dimension = by or "all"
    if dimension not in DIMENSIONS:
        raise Misconfigured(f"cannot split by {dimension}: choose from {', '.join(DIMENSIONS[1:])}")
    if dimension in MONTHLY and grain != "month":
        raise Misconfigured(f"{dimension} has values by month only: add --grain month")
    if names and not any(_is_split(metric_named(name), dimension) for name in names):
        raise Misconfigured(
            f"{', '.join(names)} has no values by {dimension}: see docs/kpis.md, or split by channel"
        )
    return dimension


def _is_split(metric: Metric, dimension: str) -> bool:
    if dimension == PROFILE:
        return metric.has_profile
    return dimension not in _OF_SOME or any(dimension in anchor.dimensions for anchor in metric.anchors)


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


def _plain(value: Any) -> Any:
    """Dates as ISO 8601, everything else as it is."""
    return value.isoformat() if isinstance(value, date) else value
