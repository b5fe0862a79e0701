"""A stranger's connector: installed beside deskpulse into a clean environment, found, proved and used.

The example reads the real django-helpdesk, which is among the development dependencies; the page's
connector is written down from docs/connectors.md, block by block.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Thread

import httpx
import page_blocks
import pytest

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "django_helpdesk"
BIN = Path(sys.executable).parent
LOCK = ROOT / "requirements" / "dev.lock"


class Clean:
    """An environment that holds deskpulse's wheel, what it needs, and strangers' packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "venv" / "bin"
        self._run([str(BIN / "uv"), "venv", "-q", "--python", sys.executable, str(folder / "venv")])
        self.install(str(self._wheel()), "pytest")

    def _wheel(self) -> Path:
        """deskpulse, built from this tree."""
        self._run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(self.folder)], cwd=ROOT
        )
        return next(self.folder.glob("deskpulse-*.whl"))

    def install(self, *what: str) -> None:
        """With the versions of the lock, which make has fetched before; no build is isolated."""
        uv = [str(BIN / "uv"), "pip", "install", "-q", "--python", str(self.bin / "python"), "--offline"]
        self._run([*uv, "--no-build-isolation", "-c", str(LOCK), *what])

    def run(
        self, *command: str, code: int = 0, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """A command of this environment's; it knows of no other."""
        return self._run([str(self.bin / command[0]), *command[1:]], cwd=cwd, code=code, **variables)

    def _run(
        self, command: list[str], cwd: Path | None = None, code: int = 0, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        foreign = ("DESKPULSE_", "PYTEST_", "PYTHONPATH", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        done = subprocess.run(  # noqa: PLW1510 - its exit code is looked at below
            command,
            cwd=cwd or self.folder,
            env={**kept, **variables},
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == code, f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        return done


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    return Clean(tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="module")
def installed(clean: Clean) -> Clean:
    """The example, as its README says."""
    clean.install("hatchling", "editables", f"{EXAMPLE}[test]")
    return clean


@pytest.fixture(scope="module")
def desk(installed: Clean) -> Iterator[Mapping[str, str]]:
    """Settings of an account at the real django-helpdesk."""
    command = [str(installed.bin / "python"), str(EXAMPLE / "tests" / "desk.py"), str(installed.folder)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as running:
        assert running.stdout is not None
        address = running.stdout.readline().strip()
        given = {
            "CONNECTOR": "django_helpdesk",
            "BASE_URL": address,
            "USERNAME": "agnes",
            "PASSWORD": "a-staff-password",
        }
        database = f"sqlite:///{installed.folder / 'example.db'}"
        yield {
            "DESKPULSE_DATABASE_URL": database,
            **{f"DESKPULSE_ACCOUNTS__DESK__{name}": value for name, value in given.items()},
        }
        assert running.stdin is not None
        running.stdin.close()


def test_the_example_keeps_every_promise_with_the_real_program(installed: Clean) -> None:
    done = installed.run("pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "tests", cwd=EXAMPLE)

    assert "passed" in done.stdout
    assert "failed" not in done.stdout


def test_the_example_is_found_by_its_entry_point_and_checked(
    installed: Clean, desk: Mapping[str, str]
) -> None:
    done = installed.run("deskpulse", "check", "desk", **desk)

    assert "agnes at http://127.0.0.1:" in " ".join(done.stdout.split())


def test_a_wrong_password_is_explained(installed: Clean, desk: Mapping[str, str]) -> None:
    wrong = {**desk, "DESKPULSE_ACCOUNTS__DESK__PASSWORD": "not-hers"}

    done = installed.run("deskpulse", "check", "desk", code=2, **wrong)

    said = " ".join((done.stdout + done.stderr).split())
    assert "check the credentials" in said
    assert "not-hers" not in said


def test_the_example_syncs_and_its_tickets_are_counted(installed: Clean, desk: Mapping[str, str]) -> None:
    installed.run("deskpulse", "sync", "desk", **desk)
    done = installed.run("deskpulse", "kpi", "ticket_volume", "--grain", "month", "--format", "json", **desk)

    assert sum(row["value"] for row in json.loads(done.stdout)) == 25


@pytest.fixture(scope="module")
def acme(clean: Clean, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's package, installed as its first commands say, but with uv in the place of pip."""
    folder = page_blocks.write(tmp_path_factory.mktemp("acme"))
    assert page_blocks.commands()[0] == ["pip install -e . pytest", "pytest"]
    clean.install("hatchling", "editables", "-e", str(folder))
    return folder


def test_the_page_takes_an_author_to_a_connector_that_keeps_every_promise(clean: Clean, acme: Path) -> None:
    done = clean.run("pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", cwd=acme)

    assert "passed" in done.stdout


def test_the_page_takes_an_admin_to_the_first_figure(clean: Clean, acme: Path) -> None:
    lines = page_blocks.commands()[1]
    given = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
    database = f"sqlite:///{clean.folder / 'acme.db'}"

    with served(acme) as address:
        here = {"DESKPULSE_ACCOUNTS__SUPPORT__BASE_URL": address, "DESKPULSE_DATABASE_URL": database}
        said = [
            clean.run(*line.split(), **given, **here).stdout
            for line in lines
            if line.startswith("deskpulse ")
        ]

    checked, _, volume = said
    assert "Ada at Acme" in checked
    assert "7" in [word.rstrip("…") for word in volume.split()]  # the month may go on


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The page's stand-in for Acme Desk, on a loopback port."""
    page_blocks.module("acme_desk", (folder / "acme_desk" / "__init__.py").read_text())
    answer = page_blocks.module("test_acme_desk", (folder / "tests" / "test_acme_desk.py").read_text()).acme

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            response = answer(httpx.Request("GET", f"http://acme{self.path}", headers=dict(self.headers)))
            self.send_response(response.status_code)
            self.send_header("Content-Length", str(len(response.content)))
            self.end_headers()
            self.wfile.write(response.content)

        def log_message(self, *_arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        del sys.modules["acme_desk"], sys.modules["test_acme_desk"]
