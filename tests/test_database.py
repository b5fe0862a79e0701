"""Opening and migrating: all or nothing, one at a time, and troubles told in sentences that say what to do."""

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import make_url

import storage.derived  # its tables are compared too
from storage.database import SchemaState, connect, migrate, open_database, reading, schema_state
from storage.errors import (
    DatabaseMisconfigured,
    DatabaseUnavailable,
    SchemaTooNew,
    SchemaTooOld,
    StorageError,
    explained,
)
from storage.tables import metadata
from storage.views import VIEWS
from tests.postgres import Cluster

assert storage.derived


def names(engine: sa.Engine) -> set[str]:
    found = sa.inspect(engine)
    return {*found.get_table_names(), *found.get_view_names()}


def test_a_new_sqlite_file_is_its_owner_s_alone_and_ready(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'new.db'}")

    assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600
    assert names(engine) >= {*metadata.tables, *VIEWS}
    engine.dispose()


def test_postgres_waits_for_an_admin_to_migrate(bare_postgres_url: str) -> None:
    with pytest.raises(SchemaTooOld, match="run `deskpulse migrate` first"):
        open_database(bare_postgres_url)

    engine = connect(bare_postgres_url)
    migrate(engine)
    engine.dispose()
    open_database(bare_postgres_url).dispose()


def test_a_database_of_a_newer_version_is_left_alone(database: sa.Engine, database_url: str) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    try:
        with pytest.raises(SchemaTooNew, match="upgrade this one"):
            open_database(database_url)
        with pytest.raises(SchemaTooNew):
            migrate(database)
        assert schema_state(database) is SchemaState.NEWER
    finally:
        with database.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")


def test_the_migrations_give_exactly_the_tables_that_are_declared(database: sa.Engine) -> None:
    with database.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    assert found == []


def test_a_migration_that_fails_in_the_middle_leaves_nothing(bare_url: str) -> None:
    engine = connect(bare_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE report_runs (somebody_else text)")

    with pytest.raises(StorageError):
        migrate(engine)

    assert names(engine) == {"report_runs"}
    assert schema_state(engine) is SchemaState.EMPTY
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE report_runs")
    migrate(engine)
    assert schema_state(engine) is SchemaState.CURRENT
    engine.dispose()


def test_several_processes_may_migrate_at_once(bare_url: str) -> None:
    script = (
        "import sys; from storage.database import connect, migrate; engine = connect(sys.argv[1]); "
        "sys.stdin.readline(); migrate(engine)"
    )
    command = [sys.executable, "-c", script, bare_url]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, text=True) for _ in range(3)]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        process.communicate()

    assert [process.returncode for process in started] == [0, 0, 0]
    engine = connect(bare_url)
    assert schema_state(engine) is SchemaState.CURRENT
    engine.dispose()


def test_views_of_another_version_are_replaced_when_the_database_is_opened(
    database: sa.Engine, database_url: str
) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql("DROP VIEW report_runs")
        connection.exec_driver_sql("CREATE VIEW report_runs AS SELECT 1 AS old")

    open_database(database_url).dispose()

    assert "outcome" in {column["name"] for column in sa.inspect(database).get_columns("report_runs")}


def test_readers_keep_their_rights_on_the_views(bare_postgres_url: str, postgres: Cluster) -> None:
    engine = connect(bare_postgres_url)
    migrate(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql('CREATE ROLE "bi reader" LOGIN')
        connection.exec_driver_sql('GRANT SELECT ON report_kpis TO "bi reader"')
    try:
        migrate(engine)
        reader = connect(str(make_url(bare_postgres_url).set(username="bi reader")))
        with reader.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM report_kpis").scalar() == 0
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                connection.exec_driver_sql("SELECT count(*) FROM tickets")
        reader.dispose()
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql('DROP OWNED BY "bi reader"')
            connection.exec_driver_sql('DROP ROLE "bi reader"')
        engine.dispose()


def test_a_reader_never_waits_for_a_writer(database: sa.Engine) -> None:
    with database.begin() as writer:
        writer.exec_driver_sql("INSERT INTO kpi_state (name, value) VALUES ('held', 'open')")
        with reading(database) as reader:
            assert reader.exec_driver_sql("SELECT count(*) FROM kpi_state").scalar() == 0


def test_writers_of_one_process_take_turns_whoever_is_faster(tmp_path: Path) -> None:
    """A greedy writer that comes back at once must not keep another one waiting for ever."""
    engine = open_database(f"sqlite:///{tmp_path / 'turns.db'}")
    began, stopped = threading.Event(), threading.Event()

    def greedy() -> int:
        rounds = 0
        while not stopped.is_set():
            with engine.begin() as connection:
                connection.exec_driver_sql("UPDATE kpi_state SET value = value")
                began.set()
                rounds += 1
                stopped.wait(0.01)
        return rounds

    with ThreadPoolExecutor() as pool:
        running = pool.submit(greedy)
        began.wait()
        for number in range(20):
            with engine.begin() as connection:
                connection.exec_driver_sql(f"INSERT INTO kpi_state (name, value) VALUES ('{number}', '')")
        stopped.set()
        assert running.result() <= 22
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "cannot be read"),
        ("mysql://user:hunter22@host/name", "mysql is not supported"),
        ("sqlite://", "forgets everything"),
        ("sqlite:////nowhere/at/all/x.db", "create its folder"),
    ],
)
def test_an_address_that_cannot_work_is_told_with_what_could(url: str, sentence: str) -> None:
    with pytest.raises(DatabaseMisconfigured, match=sentence) as caught:
        connect(url)
    assert "hunter22" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("Dear diary, " * 200)
    with pytest.raises(DatabaseMisconfigured, match="is no SQLite database"):
        open_database(f"sqlite:///{tmp_path / 'notes.db'}")


def test_another_program_s_lock_is_waited_for_and_then_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.BUSY_SECONDS", 0.1)
    url = f"sqlite:///{tmp_path / 'held.db'}"
    engine = open_database(url)
    with closing(sqlite3.connect(tmp_path / "held.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseUnavailable, match="held its lock"), explained(engine), engine.begin():
            pass
    engine.dispose()


@pytest.mark.parametrize(
    ("change", "kind", "sentence"),
    [
        (lambda url: url.set(database="nobody_made_it"), DatabaseMisconfigured, "does not exist"),
        (lambda url: url.set(username="stranger"), DatabaseMisconfigured, "does not exist"),
        (lambda url: url.set(port=1, password="hunter22"), DatabaseUnavailable, "no server answers"),
    ],
)
def test_a_postgres_that_cannot_be_entered_is_told_without_the_password(
    postgres_url: str, change: Callable[[sa.URL], sa.URL], kind: type[StorageError], sentence: str
) -> None:
    url = change(make_url(postgres_url)).render_as_string(hide_password=False)
    with pytest.raises(kind, match=sentence) as caught:
        open_database(url)
    assert "hunter22" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_read_only_file_asks_for_rights(tmp_path: Path) -> None:
    def delete() -> None:
        with explained(engine), engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA query_only=ON")
            connection.exec_driver_sql("DELETE FROM runs")

    engine = open_database(f"sqlite:///{tmp_path / 'locked.db'}")
    with pytest.raises(DatabaseMisconfigured, match="read-only"):
        delete()
    engine.dispose()
