"""KPI values as a person likes to read them: a line a measure, a column a period or an account."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rich.table import Table
from rich.text import Text

from kpi.judged import unit_of
from kpi.metric import Metric
from kpi.values import Value
from sync.kpi_beside import Beside
from sync.terminal import table
from sync.words import duration, number

SHOWN = ("value", "p50", "mean", "p90")
"""The statistics a table shows, of those a KPI has; `json` and `csv` have all."""
LEGEND = (
    "~ approximated   … provisional, it may still change   ° fewer than 30 cases   "
    "↑ ↓ differs from the period before by more than chance"
)
NOTHING = Beside()


def shown(value: Value, unit: str) -> str:
    """`2 h 14 min`, `87.3 %`, `1,204`, and the marks that make it honest."""
    if value.value is None:
        return "–"
    match unit:
        case "s":
            text = duration(value.value)
        case "%":
            text = f"{number(value.value, 1)} %"
        case _:
            is_whole = value.statistic == "value" and value.value == int(value.value)
            text = number(value.value, 0 if is_whole else 2)
    return text + marks(value)


def marks(value: Value) -> str:
    found = ("~" if value.availability == "approximated" else "") + ("…" if value.provisional else "")
    return found + ("°" if value.low_sample else "")


def waiting(metrics: Iterable[Metric]) -> Iterator[str]:
    """What those wait for that have no value of themselves."""
    for metric in metrics:
        if metric.waits_for:
            yield f"{metric.id} waits for: {metric.waits_for}"


def pivot(
    values: Iterable[Value],
    catalog: Sequence[Metric],
    columns: Sequence[str],
    column_of: Callable[[Value], str],
    *,
    title: str | None = None,
    by_member: bool = False,
    statistics: Sequence[str] = SHOWN,
    beside: Beside = NOTHING,
) -> Table:
    """A line for each KPI, statistic and member, in the catalogue's order; a column for goals where there are."""
    metrics: Mapping[str, Metric] = {metric.id: metric for metric in catalog}
    lines: dict[tuple[int, str, int, str], dict[str, Value]] = {}
    order = {metric.id: place for place, metric in enumerate(catalog)}
    for value in values:
        if value.statistic in statistics and value.kpi in metrics:
            place = order[value.kpi], value.member_name, statistics.index(value.statistic), value.kpi
            lines.setdefault(place, {})[column_of(value)] = value
    heads = ["KPI", *(["member"] if by_member else []), *columns, *(["goal"] if beside.goals else [])]
    made = table(*heads, title=title, numbers=columns)
    last = ""
    for (_, member, _, kpi), cells in sorted(lines.items(), key=lambda line: line[0]):
        any_value = next(iter(cells.values()))
        name = kpi if any_value.statistic == "value" else f"{kpi} {any_value.statistic}"
        unit = unit_of(metrics[kpi], any_value.member)
        shown_cells = [
            Text.assemble(shown(cells[c], unit), beside.arrow(cells[c])) if c in cells else "–"
            for c in columns
        ]
        goal = [beside.goal(any_value, unit)] if beside.goals else []
        first = Text(name, style="" if kpi != last else "dim")
        made.add_row(first, *([member] if by_member else []), *shown_cells, *goal)
        last = kpi
    return made
