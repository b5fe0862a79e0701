"""The commands as an admin meets them: what they print, what they leave behind, how they exit."""

import csv
import io
import json
import logging
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dotenv import dotenv_values
from typer.testing import CliRunner, Result

from storage.database import open_database
from storage.store import Store
from sync.cli import app
from sync.commands_setup import init

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples" / "files"
PROMISED = {
    "demo", "init", "check", "accounts", "sync", "run", "status", "kpi", "explain", "verify", "recompute",
    "rejected", "reset", "migrate", "health", "files",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a drop folder of one row of each kind, and a `.env` that names it."""
    shutil.copytree(EXAMPLES, tmp_path / "drop")
    (tmp_path / ".env").write_text(
        "DESKPULSE_ACCOUNTS__DROP__CONNECTOR=files\nDESKPULSE_ACCOUNTS__DROP__DIRECTORY=drop\n"
        "DESKPULSE_ACCOUNTS__DROP__SINCE=3650d\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def deskpulse(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_every_promised_command_is_offered() -> None:
    done = deskpulse("--help")
    assert done.exit_code == 0
    offered = {line.split()[0] for line in done.stdout.split("Commands:")[1].splitlines() if line.strip()}
    assert offered >= PROMISED


@pytest.mark.parametrize("arguments", ["--help", "sync --help", "health"])
def test_help_and_health_answer_without_the_heavy_libraries(arguments: str, tmp_path: Path) -> None:
    script = (
        "import sys\nfrom sync.cli import main\nsys.argv = ['deskpulse', *sys.argv[1:]]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'sqlmodel', 'sqlalchemy', 'httpx', 'numpy', 'alembic'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments.split()], capture_output=True, text=True, check=True, cwd=tmp_path
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_sync_brings_rows_and_the_kpis_show_them(folder: Path) -> None:
    done = deskpulse("sync")
    assert done.exit_code == 0, done.output
    assert "drop done: 8 rows read, 8 new or changed" in done.stdout

    shown = deskpulse("kpi", "ticket_volume", "--since", "2020-01-01", "--grain", "month")
    assert shown.exit_code == 0
    assert "ticket_volume" in shown.stdout


_GOAL = """
[[goals]]
kpi = "ticket_volume"
name = "Fewer tickets"
direction = "lower"
target = 0
baseline = 3
start = 2025-01-01
due = 2025-12-31
grain = "week"
"""


def test_a_goal_and_changes_stand_beside_each_value_of_json_and_csv(folder: Path) -> None:
    (folder / "kpi.toml").write_text(_GOAL)
    deskpulse("sync")
    asked = ("kpi", "ticket_volume", "--since", "2025-02-01", "--until", "2025-02-28", "--format")
    [row] = json.loads(deskpulse(*asked, "json").stdout)
    assert (row["previous_period_start"], row["previous_value"], row["is_significant"]) == (
        "2025-01-27",
        None,
        None,
    )
    assert row["year_ago_period_start"] == "2024-02-05"
    goal = {name: row[name] for name in row if name.startswith("goal")}
    assert goal == {
        "goal": "Fewer tickets", "goal_direction": "lower", "goal_target": 0, "goal_due_date": "2025-12-31",
        "goal_progress": pytest.approx(66.67, abs=0.01), "goal_is_met": False, "goal_is_on_track": True,
    }  # fmt: skip
    [line] = csv.DictReader(io.StringIO(deskpulse(*asked, "csv").stdout))
    assert (line["goal"], line["goal_target"], line["previous_value"]) == ("Fewer tickets", "0.0", "")


def test_progress_and_distances_are_shown_by_their_ids(folder: Path) -> None:
    (folder / "kpi.toml").write_text(_GOAL)
    deskpulse("sync")
    bounds = ("--since", "2025-02-01", "--until", "2025-02-28")
    shown = deskpulse("kpi", "goal_progress", *bounds)
    assert "Fewer tickets" in shown.stdout
    assert "66.7 %" in shown.stdout
    [row] = json.loads(deskpulse("kpi", "goal_progress", *bounds, "--format", "json").stdout)
    assert (row["dimension"], row["member"], row["numerator"], row["denominator"]) == (
        "goal", "Fewer tickets", 2, 3,
    )  # fmt: skip
    both = json.loads(deskpulse("kpi", "ticket_volume", "goal_progress", *bounds, "--format", "json").stdout)
    assert [one["kpi"] for one in both] == ["ticket_volume", "goal_progress"]
    assert "a book" not in deskpulse("kpi", "benchmark_delta", *bounds).stdout


def test_a_distance_is_shown_in_the_unit_of_its_kpi(folder: Path) -> None:
    (folder / "kpi.toml").write_text(
        '[[benchmarks]]\nkpi = "full_resolution_time"\nvalue = "1h"\nsource = "a book"\n'
    )
    deskpulse("sync")
    bounds = ("--since", "2025-02-01", "--until", "2025-02-28")
    [row] = json.loads(deskpulse("kpi", "benchmark_delta", *bounds, "--format", "json").stdout)
    assert row["member"] == "full_resolution_time p50, all: a book"
    assert " h" in deskpulse("kpi", "benchmark_delta", *bounds).stdout
    told = deskpulse("explain", "benchmark_delta", "--period", "2025-02-05", "--grain", "week").stdout
    assert "benchmark 1 h (all, a book)" in told
    assert "full_resolution_time" in told


def test_progress_is_explained_by_the_goal_and_the_tickets_behind_it(folder: Path) -> None:
    (folder / "kpi.toml").write_text(_GOAL)
    deskpulse("sync")
    told = deskpulse("explain", "goal_progress", "--period", "2025-02-05", "--grain", "week").stdout
    for part in ("66.7 %", "Numerator 2, denominator 3", "baseline 3, target ≤ 0 by 2025-12-31, value 1",
                 "not met, on track", "acme/1042"):  # fmt: skip
        assert part in told, part


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("kpi goal_progress", "no goal is set: goals are set in kpi.toml"),
        ("kpi goal_progress --by channel", "goal_progress has no values by channel: it is told by goal"),
        ("kpi ticket_volume --by goal", "cannot split by goal: choose from"),
    ],
)
def test_what_has_no_goal_is_told_so(folder: Path, arguments: str, sentence: str) -> None:
    deskpulse("sync")
    done = deskpulse(*arguments.split())
    assert sentence in done.output.replace("\n", " ")


def test_a_goal_of_another_grain_is_told_with_that(folder: Path) -> None:
    (folder / "kpi.toml").write_text(_GOAL.replace('grain = "week"', 'grain = "month"'))
    deskpulse("sync")
    assert "goals are by month: add --grain month" in deskpulse("kpi", "goal_progress").output


def test_of_several_goals_one_must_be_named(folder: Path) -> None:
    (folder / "kpi.toml").write_text(_GOAL + _GOAL.replace("Fewer", "No"))
    deskpulse("sync")
    asked = ("explain", "goal_progress", "--period", "2025-02-05", "--grain", "week")
    done = deskpulse(*asked)
    assert done.exit_code == 2
    assert "say which: --by" in done.output
    assert "No tickets" in deskpulse(*asked, "--by", "goal=No tickets").stdout


def test_periods_from_before_tickets_were_read_are_marked_and_the_reason_is_told(folder: Path) -> None:
    deskpulse("sync")
    database = open_database("sqlite:///deskpulse.db")
    store = Store(database)
    store.walk_begun("drop", "tickets", datetime(2025, 2, 10, tzinfo=UTC))
    store.stream_done("drop", "tickets", datetime(2025, 3, 1, tzinfo=UTC))
    database.dispose()
    deskpulse("sync")
    sentence = "drop: tickets before 2025-02-10 were not read (SINCE)"
    shown = deskpulse("kpi", "ticket_volume", "--grain", "month", "--since", "2025-01-01").stdout
    assert sentence in shown
    assert "1~" in shown
    assert sentence in deskpulse("explain", "ticket_volume", "--period", "2025-02-04").stdout
    assert "SINCE" not in deskpulse("explain", "ticket_volume", "--period", "2025-02-11").stdout


def test_a_second_sync_reads_nothing_new(folder: Path) -> None:
    deskpulse("sync")
    done = deskpulse("sync")
    assert done.exit_code == 0
    assert "drop done: 0 rows read, 0 new or changed" in done.stdout


def test_values_come_as_json_and_csv_with_every_column_of_the_view(folder: Path) -> None:
    deskpulse("sync")
    as_json = json.loads(deskpulse("kpi", "ticket_volume", "--format", "json").stdout)
    rows = list(csv.DictReader(io.StringIO(deskpulse("kpi", "ticket_volume", "--format", "csv").stdout)))

    assert [(row["kpi"], row["value"], row["period_start"]) for row in as_json] == [
        ("ticket_volume", 1.0, "2025-02-03")
    ]
    assert list(rows[0]) == list(as_json[0])
    assert rows[0]["period_start"] == "2025-02-03"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("sync nobody", "there is no account nobody; configured: drop"),
        ("sync --stream nothing", "there is no stream nothing"),
        ("kpi csat_scor", "there is no KPI csat_scor; did you mean csat_score?"),
        ("kpi --by planet", "cannot split by planet: choose from"),
        ("explain csat_score --period 2026-10-01 --by step=queue", "csat_score has no values by step"),
        (
            "explain csat_score --period 2026-10-01 --grain month --by hour_of_week=3",
            "no values by hour_of_week",
        ),
        ("kpi --by tag", "tag has values by month only: add --grain month"),
        ("reset drop", "drop has no checkpoints: nothing to forget"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(folder: Path, arguments: str, sentence: str) -> None:
    done = deskpulse(*arguments.split())
    assert sentence in done.output
    assert done.exit_code == 2


def test_every_bad_setting_is_told_at_once_and_no_secret_with_them(folder: Path) -> None:
    (folder / ".env").write_text(
        "DESKPULSE_TIMEZONE=Berlin\nDESKPULSE_ACCOUNTS__ACME__CONNECTOR=zendesk\n"
        "DESKPULSE_ACCOUNTS__ACME__API_TOKEN=very-secret-token\nDESKPULSE_ACCOUNTS__ACME__SCHEDULE=often\n"
    )
    done = deskpulse("sync")
    assert done.exit_code == 2
    for part in ("DESKPULSE_TIMEZONE = 'Berlin'", "SCHEDULE = 'often'", "SUBDOMAIN"):
        assert part in done.output
    assert "very-secret-token" not in done.output


def test_without_any_account_a_command_says_how_to_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert deskpulse("sync").exit_code == 2
    assert "deskpulse init" in deskpulse("sync").output
    assert "deskpulse init" in deskpulse("accounts").output


def test_check_tells_who_the_credentials_belong_to(folder: Path) -> None:
    done = deskpulse("check")
    assert done.exit_code == 0
    assert "drop ok" in done.stdout


def test_check_of_a_missing_folder_asks_for_an_admin(folder: Path) -> None:
    shutil.rmtree(folder / "drop")
    done = deskpulse("check")
    assert done.exit_code == 2
    assert "drop failed" in done.stdout


def test_accounts_and_status_tell_freshness_without_a_request(folder: Path) -> None:
    assert "never" in deskpulse("accounts").stdout
    deskpulse("sync")
    assert "never" not in deskpulse("accounts").stdout
    assert "survey_answers" in deskpulse("status").stdout

    told = json.loads(deskpulse("status", "--json").stdout)
    assert [account["account"] for account in told["accounts"]] == ["drop"]
    assert {state["stream"] for state in told["streams"]} >= {"calls", "survey_answers"}


def test_a_row_that_cannot_be_read_is_listed_and_read_again_after_a_correction(folder: Path) -> None:
    file = folder / "drop" / "customers.csv"
    good = file.read_text()
    file.write_text(good + "broken,line,that,is,not,a,customer,at,all\n")
    assert deskpulse("sync").exit_code == 0

    listed = deskpulse("rejected")
    assert "customers.csv" in listed.stdout
    assert len(json.loads(deskpulse("rejected", "--json").stdout)) == 1
    assert "0 rows read after all" in deskpulse("rejected", "--retry").output

    file.write_text(good)
    deskpulse("sync")
    assert "no row is set aside" in deskpulse("rejected").output


def test_reset_asks_and_then_forgets_the_checkpoints_but_no_data(folder: Path) -> None:
    deskpulse("sync")
    refused = deskpulse("reset", "drop")
    assert refused.exit_code == 2
    assert "--yes" in refused.output

    assert "forgotten" in deskpulse("reset", "drop", "--stream", "calls", "--yes").output
    with closing(sqlite3.connect(folder / "deskpulse.db")) as database:
        assert database.execute("SELECT count(*) FROM calls").fetchone() == (1,)
        streams = {row[0] for row in database.execute("SELECT stream FROM checkpoints")}
    assert "calls" not in streams
    assert "survey_answers" in streams


def test_migrate_says_when_nothing_is_to_be_done(folder: Path) -> None:
    assert "up to date" in deskpulse("migrate").output
    assert "already" in deskpulse("migrate").output


def test_recompute_and_verify_agree_with_what_a_sync_computed(folder: Path) -> None:
    deskpulse("sync")
    before = deskpulse("kpi", "--format", "csv", "--since", "2020-01-01").stdout
    assert deskpulse("verify").exit_code == 0

    assert deskpulse("recompute").exit_code == 0
    after = deskpulse("kpi", "--format", "csv", "--since", "2020-01-01").stdout
    assert without_time(after) == without_time(before)


def without_time(text: str) -> list[dict[str, str]]:
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows
    return [{name: value for name, value in row.items() if name != "computed_at"} for row in rows]


def test_verify_finds_a_number_that_somebody_changed(folder: Path) -> None:
    deskpulse("sync")
    with closing(sqlite3.connect(folder / "deskpulse.db")) as database, database:
        database.execute("UPDATE kpi_cells SET numerator = numerator + 1 WHERE kpi = 'ticket_volume'")
    done = deskpulse("verify")
    assert done.exit_code == 1
    assert "ticket_volume" in done.output


def test_explain_shows_the_tickets_behind_a_number(folder: Path) -> None:
    deskpulse("sync")
    done = deskpulse("explain", "full_resolution_time", "--period", "2025-02-05", "--grain", "week")
    assert done.exit_code == 0, done.output
    with closing(sqlite3.connect(folder / "deskpulse.db")) as database:
        [[ticket]] = database.execute("SELECT ticket_id FROM report_tickets").fetchall()
    for part in ("Resolution time", "last solve", ticket):
        assert part in done.stdout


@pytest.mark.parametrize(
    "arguments", ["kpi escalation_rate --since 2024-01-01", "explain escalation_rate --period 2025-02-05"]
)
def test_where_there_is_no_value_it_is_said_what_is_waited_for(folder: Path, arguments: str) -> None:
    deskpulse("sync")

    told = " ".join(deskpulse(*arguments.split()).output.split())

    assert "escalation_rate waits for: `[escalation]` in kpi.toml" in told


def test_init_writes_every_setting_for_the_owner_alone_and_never_over_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert deskpulse("init").exit_code == 0
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert "DESKPULSE_DATABASE_URL" in (tmp_path / ".env").read_text()

    again = deskpulse("init")
    assert again.exit_code == 2
    assert "exists already" in again.output


def test_init_asks_for_the_first_account_until_its_credentials_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(EXAMPLES, tmp_path / "drop files")
    given = iter(
        ["mainframe", "files", "Not A Name", "drop", "nowhere", "", "", "files", "drop", "drop files"]
    )
    asked: list[str] = []

    def ask(question: str, _secret: bool) -> str:
        asked.append(question)
        return next(given)

    assert init(tmp_path, ask) == 0

    told = capsys.readouterr().err
    assert "'mainframe' will not do" in told
    assert "nowhere" in told
    assert "signed in as" in told
    assert dotenv_values(tmp_path / ".env") == {
        "DESKPULSE_ACCOUNTS__DROP__CONNECTOR": "files",
        "DESKPULSE_ACCOUNTS__DROP__DIRECTORY": "drop files",
    }
    assert deskpulse("sync").exit_code == 0


def test_health_without_a_daemon_is_an_exit_code_and_a_reason(folder: Path) -> None:
    deskpulse("sync")
    done = deskpulse("health")
    assert done.exit_code == 1
    assert "deskpulse run" in done.output
