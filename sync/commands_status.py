"""`accounts`, `status`: what is configured and how fresh it is, without asking any helpdesk."""

import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.text import Text

from connectors import utc_now
from sync import overview
from sync.logs import plain
from sync.opening import opened, opened_to_read
from sync.overview import LastRun, StreamState
from sync.report import Outcome
from sync.settings import AccountSettings
from sync.telling import DONE
from sync.terminal import out, outcome_text, say, table
from sync.words import ago, duration, number, several

NO_ACCOUNT = "no account is configured: run `deskpulse init`, or set DESKPULSE_ACCOUNTS__<NAME>__CONNECTOR"


def accounts() -> int:
    """A line an account; no secrets, and no request."""
    with opened() as house:
        last, now = overview.last_successes(house.database), utc_now()
    if not house.accounts:
        say(NO_ACCOUNT)
        return DONE
    shown = table("account", "connector", "schedule", "last success")
    for account in house.accounts:
        rhythm = str(account.schedule) if account.enabled else "not enabled"
        shown.add_row(account.name, account.connector, rhythm, ago(last.get(account.name), now))
    out().print(shown)
    return DONE


def status(as_json: bool) -> int:
    """For people, or as one JSON object."""
    with opened_to_read() as (settings, database):
        streams, runs = overview.streams(database), overview.last_runs(database)
        last, now = overview.last_successes(database), utc_now()
    names = sorted({*settings.accounts, *runs})
    if as_json:
        whole = {
            "accounts": [
                {"account": name, "last_success_at": last.get(name), "last_run": runs.get(name)}
                for name in names
            ],
            "streams": streams,
        }
        sys.stdout.write(json.dumps(whole, indent=2, default=_jsonable) + "\n")
        return DONE
    if not names:
        say(NO_ACCOUNT)
    for name in names:
        own = [state for state in streams if state.account == name]
        _show(name, settings.accounts.get(name), runs.get(name), last.get(name), own, now)
    return DONE


def _show(
    name: str,
    given: AccountSettings | None,
    run: LastRun | None,
    success: datetime | None,
    streams: list[StreamState],
    now: datetime,
) -> None:
    console = out()
    rhythm = (
        "no longer configured" if given is None else str(given.schedule) if given.enabled else "not enabled"
    )
    head = Text.assemble((name, "bold"), f"  {rhythm} · last success {ago(success, now)}")
    console.print(head)
    if run is not None:
        console.print(_run_line(run, now), soft_wrap=True)
    if streams:
        shown = table(
            "stream", "read", "data until", "rows", "set aside", "state", numbers=("rows", "set aside")
        )
        for state in streams:
            shown.add_row(
                state.stream,
                ago(state.last_success_at, now),
                ago(state.data_until, now) if state.data_until else "–",
                number(state.rows_total),
                number(state.rejected) if state.rejected else "–",
                _state(state, now),
            )
        console.print(shown)


def _run_line(run: LastRun, now: datetime) -> Text:
    if run.outcome == "running":
        return Text(f"  syncing since {ago(run.started_at, now)}")
    known = {outcome.value: outcome for outcome in Outcome}
    how = outcome_text(known[run.outcome]) if run.outcome in known else Text(run.outcome, style="yellow")
    figures = (
        f" {ago(run.finished_at, now)} in {duration(run.seconds)}: {several(run.requests, 'request')}, "
        f"{several(run.rows_read, 'row')} read, {number(run.rows_changed)} new or changed, "
        f"{several(run.kpi_periods, 'KPI period')}"
    )
    why = f"\n  {plain(run.error)}" if run.error else ""
    return Text.assemble("  last run ", how, figures, (why, "red"))


def _state(state: StreamState, now: datetime) -> Text:
    if state.last_error:
        return Text(f"failed {ago(state.last_error_at, now)}: {plain(state.last_error)}", style="red")
    if state.skipped:
        return Text(f"skipped: {plain(state.skipped)}", style="dim")
    return Text("ok", style="green") if state.last_success_at else Text("unfinished", style="yellow")


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return asdict(value)
