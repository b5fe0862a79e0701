"""Fixtures for everybody: both databases, and an environment without deskpulse's own variables."""

import os
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.database import connect as connect_database
from storage.database import migrate, open_database
from tests.postgres import Cluster

_numbers = count()
_TEMPLATE = "deskpulse_template"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("DESKPULSE_") and not name.startswith("DESKPULSE_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A real Postgres, one a worker, started when the first test asks for it. Missing fails the run."""
    cluster = Cluster()
    cluster.run(f"CREATE DATABASE {_TEMPLATE}")
    engine = connect_database(cluster.url(_TEMPLATE))
    migrate(engine)
    engine.dispose()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"
    engine = open_database(f"sqlite:///{path}")
    engine.dispose()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated, empty SQLite database of the test's own."""
    path = tmp_path / "deskpulse.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: Cluster) -> Iterator[str]:
    """A migrated, empty Postgres database of the test's own."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    postgres.run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY file_copy")
    yield postgres.url(name)
    postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[sa.Engine]:
    """An engine on a migrated, empty database, on SQLite and on Postgres."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


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
