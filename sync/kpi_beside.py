"""What the table of KPIs shows beside a value: an arrow where it changed by more than chance, and its goal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from rich.text import Text

from kpi.catalog import metric_named
from kpi.comparing import Change, GoalNow
from kpi.judged import Judgement
from kpi.values import Value
from sync.words import duration, number

_STYLES = {"better": "green", "worse": "red"}


@dataclass(frozen=True, slots=True)
class Beside:
    """By KPI, statistic and member; changes by period, too."""

    changes: Mapping[tuple[str, str, str, date], Change] = field(default_factory=dict)
    goals: Mapping[tuple[str, str, str], Sequence[GoalNow]] = field(default_factory=dict)

    @classmethod
    def of(cls, changes: Sequence[Change], goals: Sequence[GoalNow]) -> "Beside":
        by_value: dict[tuple[str, str, str], list[GoalNow]] = {}
        for goal in goals:
            by_value.setdefault((goal.kpi, goal.statistic, goal.member), []).append(goal)
        return cls({(one.kpi, one.statistic, one.member, one.period_start): one for one in changes}, by_value)

    def arrow(self, value: Value) -> Text:
        """`↑` or `↓`, green where that is good and red where it is not; nothing where it may be chance."""
        change = self.changes.get((value.kpi, value.statistic, value.member, value.period_start))
        if change is None:
            return Text()
        return Text(" ↑" if change.change > 0 else " ↓", style=_STYLES.get(change.verdict or "", ""))

    def goal(self, value: Value, unit: str) -> Text:
        """`≤ 8 h by 2026-12-31: 50 %`."""
        goals = self.goals.get((value.kpi, value.statistic, value.member), ())
        return Text("\n").join(_goal(goal, _amount(unit)) for goal in goals)


def _amount(unit: str) -> Callable[[float], str]:
    if unit == "s":
        return duration
    sign = " %" if unit == "%" else ""
    return lambda amount: number(amount, 0 if amount == int(amount) else 1) + sign


def judged_lines(told: Judgement) -> Iterator[str]:
    """`baseline 10 h, target ≤ 8 h by 2026-12-31, value 9 h: not met, on track`, and its parts."""
    amount = _amount(metric_named(told.kpi).unit)
    name = told.kpi if told.statistic == "value" else f"{told.kpi} {told.statistic}"
    if told.benchmark is None:
        sign = "≥" if told.direction == "higher" else "≤"
        yield f"Numerator {amount(told.numerator)}, denominator {amount(told.denominator)}."
        yield (
            f"{name}: baseline {amount(told.baseline or 0)}, target {sign} {amount(told.target or 0)} by "
            f"{told.due_date}, value {amount(told.value)}: {'met' if told.is_met else 'not met'}, "
            f"{'on track' if told.is_on_track else 'not on track'}"
        )
        return
    whose = ", ".join(str(one) for one in (told.industry, told.source, told.year) if one)
    away = "" if told.delta_percent is None else f": {number(told.delta_percent, 1)} % away"
    yield f"{name}: value {amount(told.value)}, benchmark {amount(told.benchmark)} ({whose}){away}"
    if told.measured_as:
        yield f"They measure it as: {told.measured_as}"


def _goal(goal: GoalNow, amount: Callable[[float], str]) -> Text:
    sign = "≥" if goal.direction == "higher" else "≤"
    aim = f"{sign} {amount(goal.target)} by {goal.due_date.isoformat()}"
    if goal.is_met:
        return Text.assemble(aim, (" met", "green"))
    if goal.progress is None:
        return Text(aim)
    style = "green" if goal.is_on_track else "red"
    return Text.assemble(aim, (f" {number(goal.progress)} %", style))
