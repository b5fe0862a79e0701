"""`kpi.toml`: what it means is what is computed, and what is wrong with it is told whole."""

from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from kpi.goals import BENCHMARKS, Goal
from kpi.meaning import Meaning
from kpi.shapes import Signs
from storage.database import reading
from sync.kpi_file import Chosen, parse, read
from sync.opening import opened, refresher
from sync.report import Logged
from sync.settings import BadSettings
from sync.telling import NEEDS_ADMIN, tell

ROOT = Path(__file__).parent.parent
EXAMPLE = (ROOT / "kpi.example.toml").read_text(encoding="utf-8")
ACCOUNTS = ("acme", "desk")


def chosen(text: str) -> Chosen:
    return parse(text, "kpi.toml", ACCOUNTS)


def problems(text: str) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        chosen(text)
    return str(caught.value).splitlines()


def uncommented(text: str) -> str:
    """Remarks have a blank behind their sign, settings have none."""
    lines = text.splitlines()
    return "\n".join(line[1:] if line.startswith("#") and line[1:2].strip() else line for line in lines)


def test_the_example_as_it_is_changes_nothing() -> None:
    assert chosen(EXAMPLE) == Chosen()


def test_every_line_of_the_example_is_valid_and_everything_that_can_be_chosen_stands_in_it() -> None:
    found = chosen(uncommented(EXAMPLE))
    as_usual = {"fcr_window_seconds", "reopen_window_seconds", "bot_window_seconds", "short_abandon_seconds", "survey_wave_seconds",
                "response_targets", "is_last_schedule"}  # fmt: skip
    for field in fields(Meaning):
        is_usual = getattr(found.meaning, field.name) == getattr(Meaning(), field.name)
        assert is_usual == (field.name in as_usual) or field.name == "response_targets", field.name
    assert list(found.meaning.response_targets) == list(Meaning().response_targets)
    assert len(found.goals) == 2
    assert len(found.benchmarks) == 1


def test_every_part_of_the_meaning_can_be_chosen() -> None:
    found = chosen(
        """
        [windows]
        first_contact = "3d"
        reopen = "1d12h"
        bot = 3600
        survey_wave = "9d"
        short_abandon = "10s"
        [business_time]
        schedule = "at_the_end"
        [satisfied]
        "1-5" = { dissatisfied_until = 3, satisfied_from = 5 }
        [complaint]
        tags = ["angry"]
        [escalation]
        groups = ["7"]
        [[categories]]
        category = "billing"
        tags = ["invoice"]
        [[response_targets]]
        within = "2h"
        [[schedules]]
        timezone = "Europe/Berlin"
        hours = { monday = ["09:00-12:00"] }
        [[holidays]]
        dates = ["2026-12-25"]
        """
    ).meaning
    untouched = [
        field.name
        for field in fields(Meaning)
        if getattr(found, field.name) == getattr(Meaning(), field.name)
    ]
    assert untouched == []
    assert (found.fcr_window_seconds, found.reopen_window_seconds) == (3 * 86_400, 129_600)
    assert found.complaint == Signs(tags=frozenset({"angry"}))
    assert found.schedules[0].weekly["0"] == [[32_400, 43_200]]
    assert found.holidays[0].ranges == [["2026-12-25", "2026-12-25"]]


def test_a_goal_is_read_in_the_kpi_s_own_unit_and_direction() -> None:
    [goal] = chosen(
        '[[goals]]\nkpi = "full_resolution_time"\ntarget = "8h"\nbaseline = 36000\n'
        "start = 2026-01-01\ndue = 2026-06-30\n"
    ).goals
    assert goal == Goal(
        "full_resolution_time", "p50", 28_800, "lower", date(2026, 1, 1), date(2026, 6, 30), baseline=36_000
    )


def test_benchmarks_of_one_s_own_stand_for_the_usual_ones() -> None:
    assert chosen("").benchmarks == BENCHMARKS
    assert chosen("benchmarks = []").benchmarks == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[window]\nreopen = '3d'", "kpi.toml: window: is not known here; did you mean windows?"),
        (
            "[windows]\nreopen = '3 weeks'",
            'kpi.toml: windows.reopen = \'3 weeks\': write a duration such as "7d", "72h", "1h30m" or "45s"',
        ),
        ("[windows]\nreopen = -1", 'kpi.toml: windows.reopen = \'-1\': write a duration such as "7d", "72h", "1h30m" or "45s"'),
        ("[windows]\nreopened = '3d'", "kpi.toml: windows.reopened: is not known here; did you mean reopen?"),
        ("[complaint]\ntags = 'angry'", "kpi.toml: complaint.tags = 'angry': write a list of tags, such as [\"refund\"]"),
        ("[complaint]\ntags = ['angry']\ngroups = ['1']", "kpi.toml: complaint: groups mark no complaint: write tags, types or categories, and make the group a category ([[categories]]) where it must be one"),
        ("[satisfied]\n'1-6' = { dissatisfied_until = 1, satisfied_from = 2 }", 'kpi.toml: satisfied."1-6": is no scale: choose from good_bad, bad_neutral_good, 1-2, 1-3, 1-5, 1-7, 1-10, 0-10, freshdesk'),
        ("[satisfied]\n'1-5' = { dissatisfied_until = 4, satisfied_from = 4 }", 'kpi.toml: satisfied."1-5": write dissatisfied_until below satisfied_from, both within 1 to 5'),
        ("[satisfied]\n'1-5' = { satisfied_from = 4 }", 'kpi.toml: satisfied."1-5".dissatisfied_until: is missing: write the highest answer that means dissatisfied, such as 2'),
        ("[[response_targets]]\nwithin = '1h'\nchannels = ['fax']", "kpi.toml: response_targets[1].channels[1] = 'fax': write a list of channels: email, web, chat, messaging, phone, social, api, other"),
        ("[[schedules]]\ntimezone = 'Berlin'\nhours = {}", "kpi.toml: schedules[1].timezone = 'Berlin': write an IANA time zone such as \"Europe/Berlin\""),
        ("[[schedules]]\ntimezone = 'UTC'\nhours = { monday = ['9-17'] }", "kpi.toml: schedules[1].hours.monday[1] = '9-17': write hours such as \"09:00-17:30\", the end after the start and at most 24:00"),
        ("[[schedules]]\ntimezone = 'UTC'\nhours = {}\nspecial = { xmas = [] }", "kpi.toml: schedules[1].special.xmas = 'xmas': name a date such as \"2026-12-24\""),
        ("[[holidays]]\ndates = ['2026-12-26..2026-12-25']", "kpi.toml: holidays[1].dates[1] = '2026-12-26..2026-12-25': write a date such as \"2026-12-25\", or a range such as \"2026-12-24..2026-12-31\""),
        ("[[holidays]]\naccounts = ['acne']\ndates = []", "kpi.toml: holidays[1].accounts = 'acne': is no configured account (configured: acme, desk)"),
        ("[[goals]]\nkpi = 'csat_scor'\ntarget = 1\nstart = 2026-01-01\ndue = 2026-02-01", "kpi.toml: goals[1].kpi = 'csat_scor': is no KPI; did you mean csat_score?"),
        ("[[goals]]\nkpi = 'csat_score'\ntarget = '8h'\nstart = 2026-01-01\ndue = 2026-02-01", "kpi.toml: goals[1].target = '8h': write a number such as 90, or for a KPI in seconds a duration such as \"8h\""),
        ("[[goals]]\nkpi = 'csat_score'\ntarget = 1\nstart = 2026-01-01\ndue = 2025-02-01", "kpi.toml: goals[1].due = '2025-02-01': write a date after start, which is 2026-01-01"),
        ("[[goals]]\nkpi = 'ticket_volume'\ntarget = 1\nstart = 2026-01-01\ndue = 2026-02-01", "kpi.toml: goals[1].direction: is missing: ticket_volume is good neither way, so write higher or lower"),
        ("[[goals]]\nkpi = 'csat_score'\nstatistic = 'p50'\ntarget = 1\nstart = 2026-01-01\ndue = 2026-02-01", "kpi.toml: goals[1].statistic = 'p50': csat_score has no such statistic: write value, or leave it out"),
        ("[[goals]]\nkpi = 'csat_score'\ntarget = 1\nstart = 2026-01-01\ndue = 2026-02-01\ndimension = 'agent'\nmember = '7'", "kpi.toml: goals[1].member = '7': write <account>/<id of the agent>"),
        ("[[benchmarks]]\nkpi = 'csat_score'\nvalue = 80", "kpi.toml: benchmarks[1].source: is missing: write where the figure was published"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place_and_what_would_be_right(text: str, sentence: str) -> None:
    assert problems(text) == [sentence]


def test_a_file_that_is_not_toml_is_told_with_the_line() -> None:
    [sentence] = problems("[windows]\nreopen = 3d\n")
    assert sentence.startswith("kpi.toml: is not TOML: ")
    assert "line 2" in sentence


def test_all_problems_are_told_at_once() -> None:
    told = problems("[windows]\nreopen = 'x'\nbot = 'y'\n[complaints]\n[escalation]\ntag = ['a']\n")
    assert [line.split(":")[1].split(" =")[0].strip() for line in told] == [
        "windows.reopen", "windows.bot", "escalation.tag", "complaints",
    ]  # fmt: skip


def test_without_a_file_everything_is_as_usual(tmp_path: Path) -> None:
    assert read(None, ACCOUNTS, tmp_path) == Chosen()


def test_kpi_toml_in_the_working_directory_is_read_unless_another_is_named(tmp_path: Path) -> None:
    (tmp_path / "kpi.toml").write_text("[windows]\nreopen = '1d'\n")
    (tmp_path / "other.toml").write_text("[windows]\nreopen = '2d'\n")
    assert read(None, (), tmp_path).meaning.reopen_window_seconds == 86_400
    assert read("other.toml", (), tmp_path).meaning.reopen_window_seconds == 2 * 86_400


def test_a_named_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"DESKPULSE_KPI_FILE = .*: there is no such file"):
        read("gone.toml", (), tmp_path)


def test_a_file_with_problems_stops_a_command_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("kpi.toml").write_text("[windows]\nreopen = 'x'\n")
    with pytest.raises(BadSettings) as caught, opened({}):
        pass
    assert tell(caught.value) == NEEDS_ADMIN
    assert "kpi.toml: windows.reopen = 'x'" in " ".join(capsys.readouterr().err.split())
    assert not Path("deskpulse.db").exists()


def test_a_daemon_reads_the_file_anew_and_goes_on_with_the_last_good_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    meanings = []
    with opened({}) as house:
        refreshed = refresher(house, Logged())
        for text in ("", "[windows]\nreopen = '1d'\n", "[windows]\nreopen = 'x'\n"):
            Path("kpi.toml").write_text(text)
            refreshed(lambda: None)
            with reading(house.database) as connection:
                query = "SELECT value FROM kpi_state WHERE name = 'facts'"
                meanings.append(connection.exec_driver_sql(query).scalar())
    assert meanings[0] != meanings[1] == meanings[2]
    assert "kpi.toml: windows.reopen = 'x'" in caplog.text
