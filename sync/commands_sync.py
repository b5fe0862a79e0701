"""`check`, `sync`, `run`: the commands that speak to helpdesks."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import nullcontext

from rich.text import Text

from connectors import Checked, ConnectorError, Misconfigured
from sync import logs
from sync.accounts import Account
from sync.asked import Asked
from sync.daemon import Daemon, serve
from sync.engine import Engine
from sync.lease import this_process
from sync.opening import House, opened, refresher
from sync.report import Logged, Report, Watch
from sync.telling import DONE, FAILED, NEEDS_ADMIN
from sync.terminal import Bars, out, run_lines, say


def check(names: Sequence[str]) -> int:
    """Prove every account's credentials; one that fails does not hide the others."""
    with opened() as house:
        found = asyncio.run(_check_all(house.choose(names)))
    console, code = out(), DONE
    for account, result in found:
        if isinstance(result, Checked):
            console.print(Text.assemble((account.name, "bold"), (" ok", "green"), f": {result.identity}"))
            for note in result.notes:
                console.print(Text(f"  {note}", style="yellow"))
            for stream, why_not in result.streams.items():
                if why_not:
                    console.print(Text(f"  {stream} is skipped: {why_not}", style="dim"))
        else:
            console.print(Text.assemble((account.name, "bold"), (" failed", "red"), f": {result}"))
            code = max(code, NEEDS_ADMIN if isinstance(result, Misconfigured) else FAILED)
    return code


async def _check_all(accounts: Sequence[Account]) -> list[tuple[Account, Checked | ConnectorError]]:
    return list(await asyncio.gather(*(_check(account) for account in accounts)))


async def _check(account: Account) -> tuple[Account, Checked | ConnectorError]:
    connector = account.connect(lambda sentence: say(f"{account.name}: {sentence}"))
    try:
        return account, await connector.check()
    except ConnectorError as error:
        return account, error
    finally:
        await connector.aclose()


def sync(names: Sequence[str], streams: Sequence[str], full: bool) -> int:
    """Sync once; the gravest outcome decides the exit code."""
    with opened() as house:
        logs.configure(house.settings.log_format)
        chosen = house.choose(names)
        with Bars() if sys.stderr.isatty() else nullcontext(Logged()) as watch:
            is_in_background = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            if is_in_background:  # asyncio has an answer to a signal only where Python has
                signal.signal(signal.SIGINT, signal.default_int_handler)
            reports = asyncio.run(
                _sync_all(
                    house, chosen, Asked(tuple(streams), full), watch, is_in_background=is_in_background
                )
            )
    console = out()
    for report in reports:
        for line in run_lines(report):
            console.print(line, soft_wrap=True)
    return max(report.exit_code for report in reports)


async def _sync_all(
    house: House, accounts: Sequence[Account], asked: Asked, watch: Watch, *, is_in_background: bool
) -> list[Report]:
    """Both signals stop it at a page boundary; a shell's background jobs take no notice of SIGINT."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    if is_in_background:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    engine = Engine(house.store, refresher(house, watch), owner=this_process(), watch=watch)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(engine.sync(account, asked)) for account in accounts]
    return [task.result() for task in tasks]


def run() -> int:
    """The daemon; ends with 0 once a signal asked it to."""
    with opened() as house:
        logs.configure(house.settings.log_format)
        owner = this_process()
        watch = Logged()
        engine = Engine(house.store, refresher(house, watch), owner=owner, watch=watch)
        return serve(Daemon(engine, house.store, house.choose([]), owner=owner))
