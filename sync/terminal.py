"""What people see: tables on stdout, progress bars and sentences on stderr. Honours NO_COLOR."""

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from sync.logs import plain
from sync.report import Outcome, Report, StreamReport, Watch
from sync.words import duration, number, several

_WIDE = 240  # what is piped into a file is never folded
_STYLES = {
    Outcome.DONE: "green",
    Outcome.FRESH: "dim",
    Outcome.SKIPPED: "dim",
    Outcome.INTERRUPTED: "yellow",
    Outcome.PARTIAL: "yellow",
    Outcome.BUSY: "yellow",
    Outcome.FAILED: "red",
    Outcome.NEEDS_ADMIN: "red",
}


def out() -> Console:
    """Where data goes."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _WIDE)


def aside() -> Console:
    """Where everything that is not data goes."""
    return Console(stderr=True, highlight=False, markup=False, width=None if sys.stderr.isatty() else _WIDE)


def say(sentence: str, *, style: str = "") -> None:
    """One sentence on stderr, secrets hidden, whole."""
    aside().print(Text(plain(sentence), style=style), soft_wrap=True)


def table(*columns: str, title: str | None = None, numbers: Sequence[str] = ()) -> Table:
    """A quiet table; the columns named in `numbers` are aligned to the right."""
    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", no_wrap=column in numbers)
    return made


def outcome_text(outcome: Outcome) -> Text:
    return Text(outcome.value.replace("_", " "), style=_STYLES[outcome])


def run_lines(report: Report) -> list[Text]:
    """What a finished run is worth telling: a line for the account, one for each stream with something to say."""
    kpi = f", {several(report.kpi.periods, 'KPI period')}" if report.kpi else ""
    figures = (
        f"{several(report.rows_read, 'row')} read, {number(report.rows_changed)} new or changed, "
        f"{several(report.requests, 'request')}{kpi}, {duration(report.seconds)}"
    )
    head = Text.assemble((report.account, "bold"), " ", outcome_text(report.outcome), f": {figures}")
    lines = [head]
    if report.sentence:
        lines.append(Text(f"  {plain(report.sentence)}", style=_STYLES[report.outcome]))
    for done in report.streams.values():
        if done.outcome is Outcome.SKIPPED:
            lines.append(Text(f"  {done.stream} skipped: {plain(done.sentence)}", style="dim"))
        if done.rejected:
            what = several(done.rejected, "row")
            lines.append(Text(f"  {done.stream}: {what} set aside, see `deskpulse rejected`", style="yellow"))
    return lines


class Bars(Watch):
    """A line a stream that is being read; it stays once it has brought something."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
            console=aside(),
        )
        self._lines: dict[tuple[str, str], TaskID] = {}
        self._computing: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def reading(self, report: Report, done: StreamReport) -> None:
        self._begin(report.account, done.stream)

    def stored(self, report: Report, done: StreamReport) -> None:
        line = self._lines[report.account, done.stream]
        told = f"{number(done.rows)} rows"
        self._progress.update(line, completed=done.rows, total=done.total, told=told)

    def read(self, report: Report, done: StreamReport) -> None:
        line = self._lines.pop((report.account, done.stream), None)
        if line is not None:
            self._end(line, done.rows, done.outcome is Outcome.DONE and not done.rows)

    def notice(self, account: str, sentence: str) -> None:
        self._progress.console.print(Text(f"{account}: {plain(sentence)}", style="yellow"), soft_wrap=True)

    def recomputing(self, report: Report) -> None:
        self._begin(report.account, "KPIs")
        self._computing = self._lines[report.account, "KPIs"]

    def computing(self, what: str, done: int, of: int) -> None:
        if self._computing is not None:
            told = f"{number(done)} of {number(of)} {what}"
            self._progress.update(self._computing, completed=done, total=of, told=told)

    def ended(self, report: Report) -> None:
        if (line := self._lines.pop((report.account, "KPIs"), None)) is not None:
            self._computing = None
            self._progress.update(line, told=several(report.kpi.periods if report.kpi else 0, "period"))
            self._end(line, 1, False)

    def _begin(self, account: str, what: str) -> None:
        line = self._progress.add_task(f"{account} · {what}", total=None, told="")
        self._lines[account, what] = line

    def _end(self, line: TaskID, rows: int, hide: bool) -> None:
        self._progress.update(line, completed=max(rows, 1), total=max(rows, 1), visible=not hide)
