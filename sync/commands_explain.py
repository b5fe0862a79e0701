"""`explain`: a number, what it means, and the very tickets behind it."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from rich.text import Text

from connectors import Misconfigured, utc_now
from kpi.calendar import day_date, day_number
from kpi.explain import Contribution, Explanation, Part
from kpi.explain import explain as ask
from kpi.judged import JUDGED_IDS, known_metric, unit_of
from kpi.metric import Metric, Shape
from kpi.periods import Grain, start_of
from kpi.values import values
from sync.kpi_beside import judged_lines
from sync.kpi_question import checked, own_dimension
from sync.kpi_table import shown, waiting
from sync.opening import opened_to_read, reporting_of
from sync.telling import DONE
from sync.terminal import out, table
from sync.words import duration, number, several

_CASES = 25
"""Cases a table lists before it says how many more there are."""


def explain(kpi: str, day: date, grain: str, by: str | None, account: str | None) -> int:
    """Print one value's explanation; `by` is `dimension=member` as in `report_kpis`."""
    dimension, _, member = (by or "all=").partition("=")
    if by and not member:
        raise Misconfigured("write --by as dimension=member, for example channel=email or agent=acme/12")
    checked([kpi], grain, dimension if by else None)
    metric = known_metric(kpi)
    with opened_to_read() as (settings, database):
        if metric.id in JUDGED_IDS and not by:
            dimension, member = own_dimension(metric), _only(database, metric, day, grain, account)
        found = ask(
            database, reporting_of(settings), kpi=kpi, day=day, grain=grain, dimension=dimension,
            member=member, account=account or "*", now=utc_now(),
        )  # fmt: skip
    _print(found)
    return DONE


def _only(database: sa.Engine, metric: Metric, day: date, grain: str, account: str | None) -> str:
    """The one goal or benchmark that has a value in the period; none where none has."""
    start = day_date(start_of(Grain(grain), day_number(day)))
    dimension = own_dimension(metric)
    told = values(database, kpis=[metric.id], grain=grain, dimension=dimension, account=account or "*",
                  since=start, until=start)  # fmt: skip
    members = [value.member for value in told]
    if len(members) > 1:
        listed = ", ".join(f'"{dimension}={member}"' for member in members)
        raise Misconfigured(f"there are {len(members)}, say which: --by with one of {listed}")
    return members[0] if members else ""


def _print(found: Explanation) -> None:
    console, metric = out(), found.metric
    console.print(Text(metric.title, style="bold"), Text(f"({metric.id})", style="dim"))
    console.print(_where(found), soft_wrap=True)
    console.print()
    for line in _values(found):
        console.print(line)
    console.print()
    console.print(Text(metric.definition), soft_wrap=True)
    console.print(
        Text(f"Formula: {metric.formula}. Dated by: {metric.anchor.name.replace('_', ' ')}."), soft_wrap=True
    )
    if found.judgement is not None:
        for sentence in judged_lines(found.judgement):
            console.print(Text(sentence), soft_wrap=True)
    else:
        console.print(_parts(found), soft_wrap=True)
        for part in found.parts:
            console.print(_part(part), soft_wrap=True)
    for reason in found.approximated:
        console.print(Text(f"~ {reason}", style="yellow"), soft_wrap=True)
    if not found.is_current:
        console.print(
            Text("The next sync's refresh will change this value: pages came in since.", style="yellow")
        )
    _lists(found)


def _lists(found: Explanation) -> None:
    """The cases; of a composed number those of each part, once."""
    _list("Behind it", found.counted, found)
    _list("Left out", found.left_out, found)
    listed = set()
    for part in found.parts:
        of_part = part.explanation
        key = (of_part.metric.id, of_part.period_start, of_part.dimension)
        if key not in listed:
            listed.add(key)
            _list(of_part.metric.title, of_part.counted, of_part)


def _where(found: Explanation) -> Text:
    whose = "all accounts" if found.account == "*" else found.account
    part = "" if found.dimension == "all" else f", {found.dimension} {found.member}"
    span = found.period_start.isoformat()
    if found.period_end != found.period_start:
        span += f" to {found.period_end.isoformat()}"
    return Text(f"{found.grain} {span}, {whose}{part}")


def _values(found: Explanation) -> list[Text]:
    lines = []
    for value in found.stored:
        name = "" if value.statistic == "value" else f"{value.statistic} "
        between = (
            f", 95 % between {value.ci_low:.1f} and {value.ci_high:.1f}"
            if value.ci_low is not None and value.ci_high is not None
            else ""
        )
        told = f"  (n = {number(value.n)}{between}, {value.availability}{', provisional' if value.provisional else ''})"
        lines.append(Text.assemble(name, (shown(value, unit_of(found.metric, value.member)), "bold"), told))
    return lines or [
        Text(sentence) for sentence in ("no value: nothing counts in this period", *waiting([found.metric]))
    ]


def _parts(found: Explanation) -> Text:
    if found.metric.shape is Shape.COUNT:
        return Text(f"Counted: {number(found.denominator)}.")
    above = _amount(found.numerator, found)
    if found.parts and not found.denominator:
        return Text(f"Sum {above}.")
    return Text(f"Numerator {above}, denominator {number(found.denominator)}.")


def _part(part: Part) -> Text:
    """`+ Tickets created 12`, `÷ Active customers 400`."""
    found = part.explanation
    sign = "÷" if part.term.below else "−" if part.term.sign < 0 else "+"
    whole = " (of all)" if part.term.whole else ""
    return Text(
        f"  {sign} {found.metric.title}{whole}, {found.period_start}: {_amount(found.numerator, found)}"
    )


def _amount(value: float | None, found: Explanation) -> str:
    if value is None:
        return "–"
    if found.metric.unit == "s":
        return duration(value)
    return number(value, 0 if value == int(value) else 2)


def _list(title: str, cases: Sequence[Contribution], found: Explanation) -> None:
    if not cases:
        return
    console = out()
    has_theirs = any(case.vendor_value is not None for case in cases)
    is_out = cases[0].left_out is not None
    last = ["why"] if is_out else ["counts", *(["the vendor's", "why it differs"] if has_theirs else [])]
    made = table("ticket", "day", *last, "link", title=f"{title}: {several(len(cases), 'case')}")
    for case in cases[:_CASES]:
        named = (case.ticket_id, case.rating_id, case.thing)
        name = f"{case.account}/{', '.join(one for one in named if one)}"
        told = [case.left_out or ""] if is_out else [_amount(case.value, found)]
        if has_theirs and not is_out:
            told += [_amount(case.vendor_value, found), case.vendor_differs or "–"]
        made.add_row(name, case.day.isoformat() if case.day else "–", *told, case.url or "–")
    console.print()
    console.print(made)
    if len(cases) > _CASES:
        console.print(Text(f"… and {several(len(cases) - _CASES, 'more case')}", style="dim"))
    if is_out:
        why = Counter(case.left_out for case in cases)
        console.print(
            Text("; ".join(f"{many} × {reason}" for reason, many in why.most_common()), style="dim"),
            soft_wrap=True,
        )
