"""Every test of storage and KPIs runs on SQLite and on a real Postgres that is started when first needed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from real_postgres import Cluster


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("DESKPULSE_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """This worker's Postgres, fast instead of durable."""
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture
def durable_postgres() -> Iterator[Cluster]:
    """A Postgres of one's own that may be crashed and started again."""
    cluster = Cluster(durable=True)
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from storage.database import open_database

    path = tmp_path_factory.mktemp("template") / "deskpulse.db"
    open_database(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture(scope="session")
def _postgres_template(postgres: Cluster) -> str:
    """A migrated database, the same one for all tests of this worker."""
    from storage.database import connect, migrate

    postgres.execute("CREATE DATABASE deskpulse")
    engine = connect(postgres.url("deskpulse"))
    migrate(engine)
    engine.dispose()
    return "deskpulse"


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """An empty, migrated SQLite database."""
    path = tmp_path / "deskpulse.db"
    shutil.copyfile(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(_postgres_template: str, postgres: Cluster) -> Iterator[str]:
    """An empty, migrated Postgres database."""
    yield postgres.url(_postgres_template)
    _empty(postgres, _postgres_template)


@pytest.fixture
def new_postgres_url(postgres: Cluster) -> Iterator[str]:
    """A Postgres database without any table."""
    postgres.execute("CREATE DATABASE unmigrated")
    yield postgres.url("unmigrated")
    postgres.execute("DROP DATABASE unmigrated WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty, migrated database, once on SQLite and once on Postgres."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[sa.Engine]:
    """An engine on `database_url`."""
    from storage.database import open_database

    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def new_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table, once on SQLite and once on Postgres."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new.db'}"
    url: str = request.getfixturevalue("new_postgres_url")
    return url


def _empty(cluster: Cluster, database: str) -> None:
    """Deleting is a hundred times faster than a new database; nobody may hold locks meanwhile."""
    from storage.tables import metadata

    statements = "; ".join(f"DELETE FROM {name}" for name in metadata.tables)
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    cluster.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}",
        statements,
        database=database,
    )
