"""A signal ends a sync within a second, at a page boundary, whatever it is doing."""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from chaos_compare import leases, runs
from forking import Forker, forker

from connectors.sandbox import Desk, Sandbox, Zendesk, faults
from connectors.sandbox.http import Request

pytestmark = pytest.mark.chaos
WITHIN_SECONDS = 1.0
BUSY_MACHINE_SECONDS = 20.0
"""When other tests take the processors: still far from what a sync waits for."""


@pytest.fixture(scope="module")
def forking() -> Iterator[Forker]:
    with forker("tests.chaos_commands") as running:
        yield running


@pytest.fixture
def alone(request: pytest.FixtureRequest) -> bool:
    """Whether nothing else takes the processors: then the clock is believed."""
    return bool(request.config.getoption("--chaos-full")) and os.getloadavg()[0] < (os.cpu_count() or 1)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    desk = Desk(seed=3, tickets=150, days=45)
    with Sandbox(desk, Zendesk(desk)) as running:
        yield running


@dataclass
class Ended:
    code: int
    seconds: float
    cpu_seconds: float

    def in_time(self, alone: bool) -> bool:
        """Processor time says on a busy machine what the clock says where nothing else runs."""
        return self.cpu_seconds < WITHIN_SECONDS and self.seconds < (
            WITHIN_SECONDS if alone else BUSY_MACHINE_SECONDS
        )


@dataclass
class Command:
    """deskpulse, with a sandbox's account and a database of the test's own."""

    forking: Forker
    sandbox: Sandbox
    url: str
    folder: Path
    asked: int = 0
    is_in_background: bool = False
    _moments: dict[int, threading.Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sandbox.on_request(self._count)

    def _count(self, request: Request) -> None:
        self.asked += 1
        if moment := self._moments.get(self.asked):
            moment.set()

    def _environment(self) -> dict[str, str]:
        account = {
            "connector": "zendesk",
            "schedule": "every 1s",
            "events_since": "60d",
            **self.sandbox.settings,
        }
        named = {f"DESKPULSE_ACCOUNTS__ACME__{name.upper()}": value for name, value in account.items()}
        return {"DESKPULSE_DATABASE_URL": self.url, "DESKPULSE_LOG_FORMAT": "json", **named}

    def start(self, *arguments: str) -> int:
        self.asked = 0
        asked = {
            "arguments": arguments,
            "environment": self._environment(),
            "folder": str(self.folder),
            "is_in_background": self.is_in_background,
        }
        self.forking.tell(json.dumps(asked))
        return int(self.forking.hear())

    def end(self) -> tuple[int, float]:
        """Exit code, and the processor seconds of its whole life."""
        code, cpu_seconds = self.forking.hear().split()
        return int(code), float(cpu_seconds)

    def run(self, *arguments: str) -> int:
        self.start(*arguments)
        return self.end()[0]

    def ended_by_signal(
        self, *arguments: str, at_request: int, after_seconds: float = 0, number: int = signal.SIGTERM
    ) -> Ended:
        """Starts it, and sends the signal so long after that request came."""
        self._moments = {at_request: threading.Event()}
        child = self.start(*arguments)
        if not self._moments[at_request].wait(60):
            os.kill(child, signal.SIGKILL)
            self.end()
            pytest.fail(f"request {at_request} never came: {self.printed()}")
        time.sleep(after_seconds)
        began, before = time.monotonic(), psutil.Process(child).cpu_times()
        os.kill(child, number)
        code, cpu_seconds = self.end()
        return Ended(code, time.monotonic() - began, cpu_seconds - before.user - before.system)

    def printed(self) -> str:
        return (self.folder / "output").read_text()


@pytest.fixture
def command(forking: Forker, sandbox: Sandbox, sqlite_url: str, tmp_path: Path) -> Command:
    return Command(forking, sandbox, sqlite_url, tmp_path)


def test_a_signal_at_a_random_instant_ends_a_sync_in_time_and_the_next_one_goes_on(
    forking: Forker, sandbox: Sandbox, database_url: str, tmp_path: Path, alone: bool
) -> None:
    command, dice = Command(forking, sandbox, database_url, tmp_path), random.Random(5)
    for _time in range(3):
        request, after = dice.randint(2, 20), dice.uniform(0, 0.03)
        ended = command.ended_by_signal("sync", "--full", at_request=request, after_seconds=after)
        assert ended.code == 130, command.printed()
        assert runs(command.url)[-1] == "interrupted"
        assert leases(command.url) == 0
        assert ended.in_time(alone), ended
    assert command.run("sync") == 0
    assert command.run("verify") == 0, command.printed()
    assert runs(command.url) == [*["interrupted"] * 3, "done"]


def test_the_command_killed_again_and_again_can_be_started_at_once_and_ends_right(command: Command) -> None:
    dice = random.Random(9)
    for _time in range(3):
        request, after = dice.randint(4, 20), dice.uniform(0, 0.1)
        ended = command.ended_by_signal(
            "sync", "--full", at_request=request, after_seconds=after, number=signal.SIGKILL
        )
        assert ended.code == -signal.SIGKILL
        assert leases(command.url) == 1
    assert command.run("sync") == 0
    assert command.run("verify") == 0, command.printed()
    assert runs(command.url) == [*["aborted"] * 3, "done"]


def test_a_signal_ends_the_daemon_in_time_and_without_complaint(command: Command, alone: bool) -> None:
    ended = command.ended_by_signal("run", at_request=15, after_seconds=0.01)
    assert ended.code == 0, command.printed()
    assert ended.in_time(alone), ended
    assert leases(command.url) == 0
    assert runs(command.url) == ["interrupted"]
    assert command.run("sync") == 0


@pytest.mark.parametrize("is_in_background", [False, True])
@pytest.mark.parametrize(("name", "code"), [("sync", 130), ("run", 0)])
def test_a_signal_cuts_a_long_retry_after(
    command: Command, name: str, code: int, alone: bool, is_in_background: bool
) -> None:
    command.is_in_background = is_in_background
    command.sandbox.fail("incremental/tickets", faults.too_many(retry_after="600"), times=100)
    ended = command.ended_by_signal(name, at_request=6, after_seconds=0.3)
    assert ended.code == code, command.printed()
    assert ended.in_time(alone), ended
    assert command.sandbox.refused > 0
    assert runs(command.url) == ["interrupted"]
