"""Processes that are measured: what they cost is read from the kernel, not from themselves."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

_ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Cost:
    """One process from start to end, start-up included."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def run(command: Sequence[str], *, folder: Path, env: Mapping[str, str]) -> tuple[Cost, str]:
    """Runs to the end and returns the cost and what was printed; a failure ends the benchmark."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("DESKPULSE_")}
    output = folder / f"output-{time.monotonic_ns()}.txt"
    began = time.monotonic()
    with output.open("wb") as file:
        child = subprocess.Popen(
            command, cwd=_ROOT, env={**clean, **env}, stdout=file, stderr=subprocess.STDOUT
        )
        _pid, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    printed = output.read_text(errors="replace")
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}:\n{printed[-4000:]}")
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024), printed


@dataclass(frozen=True, slots=True)
class Served:
    """A sandbox in its own process, and the settings with which an account reaches it."""

    url: str
    settings: Mapping[str, Any]
    process_id: int

    def account(self, name: str, vendor: str, **more: str) -> dict[str, str]:
        prefix = f"DESKPULSE_ACCOUNTS__{name.upper()}__"
        values = {"connector": vendor, "since": "800d", **self.settings, **more}
        return {prefix + key.upper(): str(value) for key, value in values.items()}

    def ask(self, what: str, **arguments: Any) -> None:
        """Make something happen there."""
        self._post(f"/_sandbox/{what}", arguments)

    def cpu_seconds(self) -> float:
        used = psutil.Process(self.process_id).cpu_times()
        return used.user + used.system

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=300) as answer:
            told: dict[str, Any] = json.load(answer)
            return told


@contextmanager
def sandbox(vendor: str, tickets: int, *, days: int = 365, seed: int = 1) -> Iterator[Served]:
    command = [sys.executable, "-m", "connectors.sandbox", "--vendor", vendor, "--tickets", str(tickets)]
    command += ["--days", str(days), "--seed", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as child:
        try:
            assert child.stdout is not None
            served = json.loads(child.stdout.readline())
            yield Served(served["url"], served["settings"], child.pid)
        finally:
            child.terminate()
            child.wait(20)
