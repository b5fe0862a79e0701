"""Fixtures for everybody: both databases, and an environment without deskpulse's own variables."""

import os
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings

from storage.database import connect as connect_database
from storage.database import migrate, open_database
from storage.tables import metadata
from tests.postgres import Cluster

settings.register_profile("full", settings.get_profile("default"))

_numbers = count()
_SHARED = "deskpulse"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos-full", action="store_true", help="kill as often as before a release")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--chaos-full"):
        settings.load_profile("full")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("DESKPULSE_") and not name.startswith("DESKPULSE_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A real Postgres, one a worker, started when the first test asks for it. Missing fails the run."""
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture
def durable_postgres() -> Iterator[Cluster]:
    """A Postgres of the test's own that keeps what it committed when it is crashed."""
    cluster = Cluster(durable=True)
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"
    engine = open_database(f"sqlite:///{path}")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def shared_postgres_url(postgres: Cluster) -> str:
    """The worker's migrated database, which its tests use in turn."""
    postgres.run(f"CREATE DATABASE {_SHARED}")
    engine = connect_database(postgres.url(_SHARED))
    migrate(engine)
    engine.dispose()
    return postgres.url(_SHARED)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated, empty SQLite database of the test's own."""
    path = tmp_path / "deskpulse.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: Cluster, shared_postgres_url: str) -> Iterator[str]:
    """A migrated, empty Postgres database; what a test stores is deleted after it, its tables must stay."""
    yield shared_postgres_url
    postgres.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        *(f"DELETE FROM {name}" for name in metadata.tables),
        database=_SHARED,
    )


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other, migrated and empty."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[sa.Engine]:
    """An engine on a migrated, empty database, on SQLite and on Postgres."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def bare_postgres_url(postgres: Cluster) -> Iterator[str]:
    """A Postgres database without a table, of the test's own."""
    name = f"bare_{next(_numbers)}"
    postgres.run(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without a table, on SQLite and on Postgres."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bare.db'}"
    url: str = request.getfixturevalue("bare_postgres_url")
    return url


@pytest.fixture
def new_database(tmp_path: Path) -> Iterator[Callable[[], sa.Engine]]:
    """Makes migrated, empty SQLite databases, as many as a test needs."""
    opened: list[sa.Engine] = []

    def make() -> sa.Engine:
        opened.append(open_database(f"sqlite:///{tmp_path / f'new-{next(_numbers)}.db'}"))
        return opened[-1]

    yield make
    for engine in opened:
        engine.dispose()
