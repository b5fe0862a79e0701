"""What the table of KPIs shows beside a value: an arrow where it changed by more than chance, and its goal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from rich.text import Text

from kpi.comparing import Change, GoalNow
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


def _goal(goal: GoalNow, amount: Callable[[float], str]) -> Text:
    sign = "≥" if goal.direction == "higher" else "≤"
    aim = f"{sign} {amount(goal.target)} by {goal.due_date.isoformat()}"
    if goal.is_met:
        return Text.assemble(aim, (" met", "green"))
    if goal.progress is None:
        return Text(aim)
    style = "green" if goal.is_on_track else "red"
    return Text.assemble(aim, (f" {number(goal.progress)} %", style))
