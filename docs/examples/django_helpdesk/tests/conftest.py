"""The real django-helpdesk, running beside the tests on a loopback port."""

from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen
from sys import executable

import pytest


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    command = [executable, str(Path(__file__).with_name("desk.py")), str(tmp_path_factory.mktemp("desk"))]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as running:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
        assert running.stdin is not None
        running.stdin.close()
