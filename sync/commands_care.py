"""`rejected`, `reset`, `migrate`: looking after what is stored."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict

import typer

from connectors import Page, Record, Stream, utc_now
from kpi.recompute import refresh
from storage.books import RejectedRow
from storage.database import SchemaState, connect, schema_state
from storage.database import migrate as bring_up_to_date
from sync import environment, settings
from sync.accounts import Account
from sync.lease import Busy, held, this_process
from sync.logs import plain
from sync.opening import House, opened, reporting_of
from sync.telling import DONE, FAILED, NotPossible
from sync.terminal import out, say, table
from sync.words import ago, several


def rejected(retry: bool, as_json: bool) -> int:
    """List rows set aside, after trying them again if asked to."""
    with opened() as house:
        if retry:
            asyncio.run(_retry(house))
        rows = house.store.rejected()
    if as_json:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=2, default=str) + "\n")
        return DONE
    if not rows:
        say("no row is set aside")
        return DONE
    shown, now = table("account", "stream", "kind", "id", "since", "reason"), utc_now()
    for row in rows:
        shown.add_row(
            row.account, row.stream, row.kind, row.row_id, ago(row.rejected_at, now), plain(row.reason)
        )
    out().print(shown)
    return DONE


async def _retry(house: House) -> None:
    known = {account.name: account for account in house.accounts}
    waiting: dict[str, list[RejectedRow]] = {}
    for row in house.store.rejected():
        waiting.setdefault(row.account, []).append(row)
    read = 0
    for name, rows in waiting.items():
        if name not in known:
            say(f"{name}: no longer configured, {several(len(rows), 'row')} left aside")
            continue
        async with held(house.store, name, this_process()):
            read += await _retry_account(house, known[name], rows)
    if read:
        refresh(house.database, reporting_of(house.settings), now=utc_now())
    say(f"{several(read, 'row')} read after all")


async def _retry_account(house: House, account: Account, rows: Sequence[RejectedRow]) -> int:
    connector = account.connect(lambda sentence: say(f"{account.name}: {sentence}"))
    try:
        streams = {stream.name: stream for stream in connector.streams()}
    finally:
        await connector.aclose()
    read = 0
    for row in rows:
        records = _read_again(streams.get(row.stream), row)
        if records is not None:
            house.store.save(account.name, row.stream, Page(records))
            house.store.resolve_rejected([row.id])
            read += 1
    return read


def _read_again(stream: Stream | None, row: RejectedRow) -> Sequence[Record] | None:
    """The row's records; null while it cannot be read, for whatever reason its mapping has now."""
    if stream is None or stream.retry is None:
        return None
    try:
        return stream.retry(row.row)
    except Exception:  # noqa: BLE001 - still unreadable: it stays aside, with the reason it has
        return None


def reset(name: str, stream: str | None, yes: bool, ask: Callable[[str], bool] = typer.confirm) -> int:
    """Forget checkpoints after a confirmation; what is stored stays, and is compared when it is read again."""
    with opened() as house:
        known = house.store.checkpoints(name)
        if not known:
            raise NotPossible(f"{name} has no checkpoints: nothing to forget")
        if stream is not None and stream not in known:
            raise NotPossible(f"{name} has no stream {stream}; it has {', '.join(sorted(known))}")
        what = stream or several(len(known), "stream")
        if not yes and not sys.stdin.isatty():
            raise NotPossible("not a terminal to confirm on: add --yes")
        if not yes and not ask(
            f"{name}: read {what} from the beginning at the next sync? Nothing is deleted."
        ):
            say("nothing was changed")
            return DONE
        return asyncio.run(_reset(house, name, stream))


async def _reset(house: House, name: str, stream: str | None) -> int:
    try:
        async with held(house.store, name, this_process()):
            forgotten = house.store.reset(name, stream)
    except Busy as busy:
        say(f"{name}: {busy}; try again when its sync has ended")
        return FAILED
    say(f"{name}: {several(forgotten, 'checkpoint')} forgotten; the next sync reads from the beginning")
    return DONE


def migrate() -> int:
    """Bring the schema up to date; on SQLite every command does that by itself."""
    found = settings.load(environment.read())
    database = connect(found.database_url.get_secret_value())
    try:
        before = schema_state(database)
        bring_up_to_date(database)
    finally:
        database.dispose()
    say(
        "the schema is this version's already"
        if before is SchemaState.CURRENT
        else "the schema is up to date"
    )
    return DONE
