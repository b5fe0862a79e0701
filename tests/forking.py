"""Talks with a process that has imported deskpulse once and forks it as often as it is asked to."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Forker:
    """One line to it, one line or more from it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def tell(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the forking process has ended; its reason stands in the captured stderr"
        return line


@contextmanager
def forker(module: str) -> Iterator[Forker]:
    """`module` is run as a program; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    with process:
        try:
            yield Forker(process)
        finally:
            process.kill()
