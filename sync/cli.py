"""The command line: names, options and help. What a command does stands in sync/commands_*.py.

Nothing heavy is imported before a command runs: `deskpulse --help` and `deskpulse health` answer at once.
"""

import sys
from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

P = ParamSpec("P")

app = typer.Typer(
    name="deskpulse",
    help="Pulls helpdesks into one schema and keeps customer-service KPIs exact after every sync.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # rich tracebacks print local variables, and so secrets
    context_settings={"help_option_names": ["-h", "--help"]},
)

Names = Annotated[list[str] | None, typer.Argument(metavar="ACCOUNT", help="Accounts; all by default.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="From this local day on.")
]
Until = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Up to this local day.")
]


class Grain(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Form(StrEnum):
    TABLE = "table"
    JSON = "json"
    CSV = "csv"


files = typer.Typer(help="Files for the drop folder.", no_args_is_help=True)
app.add_typer(files, name="files")


def command(function: Callable[P, int], group: typer.Typer = app) -> Callable[P, None]:
    """Register under the function's own name; what it returns, or what its error asks for, is the exit code."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = function(*args, **kwargs)
        except typer.Exit:
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - becomes a sentence and an exit code
            from sync.telling import tell

            code = tell(error)
        raise typer.Exit(code)

    group.command(name=function.__name__.removesuffix("_"))(run)
    return run


@command
def demo() -> int:
    """The whole product in one go, no credentials needed.

    Starts a sandbox on this machine, syncs it into a fresh demo.db, changes some tickets, syncs again, and shows
    the KPIs and what the second sync cost.
    """
    from sync.demo import show

    return show()


@command
def init() -> int:
    """Write a commented .env and set up the first account."""
    from sync.commands_setup import init

    return init()


@command
def check(accounts: Names = None) -> int:
    """Test credentials, role and streams of the accounts."""
    from sync.commands_sync import check

    return check(accounts or [])


@command
def accounts() -> int:
    """Configured accounts, schedules and last success."""
    from sync.commands_status import accounts

    return accounts()


@command
def sync(
    accounts: Names = None,
    stream: Annotated[list[str] | None, typer.Option(help="Only this stream; may be repeated.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Read from the beginning again.")] = False,
) -> int:
    """One sync now, then exit."""
    from sync.commands_sync import sync

    return sync(accounts or [], stream or [], full)


@command
def run() -> int:
    """The daemon: every account on its schedule."""
    from sync.commands_sync import run

    return run()


@command
def status(as_json: AsJson = False) -> int:
    """Freshness, last runs, errors, rows set aside."""
    from sync.commands_status import status

    return status(as_json)


@command
def kpi(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="KPIs; all by default.")] = None,
    grain: Annotated[Grain, typer.Option(help="Length of a period.")] = Grain.WEEK,
    by: Annotated[
        str | None, typer.Option(metavar="DIMENSION", help="Split by channel, group, agent …")
    ] = None,
    account: Annotated[str | None, typer.Option(help="One account instead of all together.")] = None,
    since: Since = None,
    until: Until = None,
    form: Annotated[Form, typer.Option("--format", help="How to print.")] = Form.TABLE,
) -> int:
    """Read KPI values."""
    from sync.commands_kpi import kpi

    return kpi(names or [], grain, by, account, _day(since), _day(until), form)


@command
def explain(
    kpi: Annotated[str, typer.Argument(metavar="KPI")],
    period: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="A day of the period.")
    ],
    grain: Annotated[Grain, typer.Option(help="Length of the period.")] = Grain.DAY,
    by: Annotated[
        str | None, typer.Option(metavar="DIMENSION=MEMBER", help="For example agent=acme/12.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="One account instead of all together.")] = None,
) -> int:
    """Definition, numerator, denominator and tickets of a number."""
    from sync.commands_explain import explain

    return explain(kpi, period.date(), grain, by, account)


@command
def verify(since: Since = None) -> int:
    """Recompute everything elsewhere and compare."""
    from sync.commands_kpi import verify

    return verify(_day(since))


@command
def recompute(since: Since = None) -> int:
    """Rebuild KPI values from what is stored."""
    from sync.commands_kpi import recompute

    return recompute(_day(since))


@command
def rejected(
    retry: Annotated[bool, typer.Option("--retry", help="Try to read them again.")] = False,
    as_json: AsJson = False,
) -> int:
    """Rows set aside because they could not be read."""
    from sync.commands_care import rejected

    return rejected(retry, as_json)


@command
def reset(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT")],
    stream: Annotated[str | None, typer.Option(help="Only this stream.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Forget checkpoints, never data."""
    from sync.commands_care import reset

    return reset(account, stream, yes)


@partial(command, group=files)
def template(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="For example survey_answers.")],
    folder: Annotated[Path, typer.Option(help="Where to write it.")] = Path(),
) -> int:
    """Write an empty file of one kind, its header only."""
    from sync.commands_files import template

    return template(kind, folder)


@command
def migrate() -> int:
    """Bring the database to this version's schema."""
    from sync.commands_care import migrate

    return migrate()


@command
def health() -> int:
    """Exit 0 if the daemon lives and every account is fresh."""
    from sync.health import report

    return report()


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"deskpulse {version('deskpulse')}")
        raise typer.Exit


@app.callback()
def deskpulse(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Pulls helpdesks into one schema and keeps customer-service KPIs exact after every sync."""


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def main() -> None:
    """The console script. A health check takes a short cut: typer would load pydantic for its arguments."""
    if sys.argv[1:] == ["health"]:
        from sync.health import report

        sys.exit(report())
    app()
