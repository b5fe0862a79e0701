from datetime import date, timedelta
from pathlib import Path

import pytest

from sync import environment, settings
from sync.environment import ours
from sync.settings import BadSettings, load

SECRET = "s3cret-0123456789"


def problems(**values: str) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        load(values)
    return str(caught.value).splitlines()


def test_nothing_set_is_a_sqlite_database_and_utc() -> None:
    found = load({})
    assert found.database_url.get_secret_value() == "sqlite:///deskpulse.db"
    assert (found.timezone, found.store_subjects, found.accounts) == ("UTC", True, {})


def test_an_account_has_a_schedule_and_looks_back_a_year_and_90_days() -> None:
    account = load({"ACCOUNTS__ACME_EU__CONNECTOR": "zendesk"}).accounts["acme_eu"]
    assert (account.schedule.text, account.enabled, account.base_url) == ("every 10m", True, None)
    assert (account.since, account.events_since) == (timedelta(days=365), timedelta(days=90))


def test_since_is_a_date_or_a_number_of_days() -> None:
    found = load(
        {
            "ACCOUNTS__A__CONNECTOR": "files",
            "ACCOUNTS__A__SINCE": "2026-01-31",
            "ACCOUNTS__A__EVENTS_SINCE": "7d",
        }
    ).accounts["a"]
    assert (found.since, found.events_since) == (date(2026, 1, 31), timedelta(days=7))


def test_environment_wins_over_dotenv_which_wins_over_secret_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secrets").mkdir()
    for name in ("TIMEZONE", "LOG_FORMAT", "DATABASE_URL"):
        (tmp_path / "secrets" / f"DESKPULSE_{name}").write_text(
            {"TIMEZONE": "Asia/Tokyo", "LOG_FORMAT": "json", "DATABASE_URL": "sqlite:///secret.db\n"}[name]
        )
    (tmp_path / "secrets" / "unrelated").write_text("x")
    (tmp_path / ".env").write_text(
        "DESKPULSE_TIMEZONE=Europe/Paris\nDESKPULSE_LOG_FORMAT=console\nDESKPULSE_SECRETS_DIR="
        f"{tmp_path / 'secrets'}\nUNRELATED=1\n"
    )
    monkeypatch.setenv("DESKPULSE_TIMEZONE", "Europe/Berlin")

    found = load(environment.read(tmp_path))

    assert found.timezone == "Europe/Berlin"
    assert found.log_format == "console"
    assert found.database_url.get_secret_value() == "sqlite:///secret.db"


def test_a_secret_file_gives_one_field_of_an_account(tmp_path: Path) -> None:
    (tmp_path / "DESKPULSE_ACCOUNTS__ACME__API_TOKEN").write_text("0123\n")
    (tmp_path / ".env").write_text(
        f"DESKPULSE_SECRETS_DIR={tmp_path}\nDESKPULSE_ACCOUNTS__ACME__CONNECTOR=zendesk\n"
    )
    account = load(environment.read(tmp_path)).accounts["acme"]
    assert account.own["api_token"].get_secret_value() == "0123"  # not the number 123


def test_an_empty_value_counts_as_not_set() -> None:
    assert load(ours({"DESKPULSE_TIMEZONE": ""})).timezone == "UTC"


def test_the_variables_of_a_kubernetes_service_are_not_settings() -> None:
    links = {
        "DESKPULSE_SERVICE_HOST": "10.0.0.1",
        "DESKPULSE_SERVICE_PORT": "80",
        "DESKPULSE_PORT": "tcp://10.0.0.1:80",
        "DESKPULSE_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    assert ours(links) == {}


def test_every_problem_is_told_at_once_with_name_value_and_remedy() -> None:
    found = problems(
        TIMEZONE="Mars/Olympus",
        LOG_FORMAT="xml",
        DATABASE_URL=f"postgres://user:{SECRET}@host/db",
        ACCOUNTS__ACME__SCHEDULE="evry 10m",
        ACCOUNTS__ACME__SINCE="2026-13-01",
        ACCOUNTS__ACME__ENABLED="maybe",
        ACCOUNTS__ACME__BASE_URL="http://acme.example.com",
    )
    assert len(found) == 8
    assert "DESKPULSE_TIMEZONE = 'Mars/Olympus': write an IANA time zone such as \"Europe/Berlin\"" in found
    assert any(
        line.startswith("DESKPULSE_ACCOUNTS__ACME__CONNECTOR: is missing: `zendesk`") for line in found
    )
    assert any(
        line.startswith("DESKPULSE_ACCOUNTS__ACME__SCHEDULE = 'evry 10m': write \"every 10m\"")
        for line in found
    )


@pytest.mark.parametrize(
    "values",
    [
        {"DATABASE_URL": f"mysql://user:{SECRET}@host/db"},
        {"ACCOUNTS__A__CONNECTOR": "x", "ACCOUNTS__A__BASE_URL": f"https://user:{SECRET}@host"},
        {"ACCOUNTS__A__API_TOKEN": SECRET},
        {"API_TOKEN": SECRET},
        {"ACCOUNTS__A-B__TOKEN": SECRET},
    ],
)
def test_a_problem_never_shows_what_may_be_a_secret(values: dict[str, str]) -> None:
    with pytest.raises(BadSettings) as caught:
        load(values)
    assert SECRET not in str(caught.value) + repr(caught.value)
    assert caught.value.__suppress_context__


def test_settings_do_not_show_secrets() -> None:
    found = load(
        {
            "DATABASE_URL": f"postgresql+psycopg://user:{SECRET}@host/db",
            "ACCOUNTS__A__CONNECTOR": "zendesk",
            "ACCOUNTS__A__API_TOKEN": SECRET,
        }
    )
    assert SECRET not in repr(found) + str(found) + str(found.model_dump())


def test_a_misspelt_setting_is_reported_with_the_likely_one() -> None:
    assert problems(DATABSE_URL="sqlite:///x.db") == [
        "DESKPULSE_DATABSE_URL: is not a setting; did you mean DESKPULSE_DATABASE_URL?"
    ]


@pytest.mark.parametrize("name", ["ACME-EU", "ACME EU", "_ACME", "ACMÉ"])
def test_an_account_is_named_with_letters_digits_and_single_underscores(name: str) -> None:
    found = problems(**{f"ACCOUNTS__{name}__CONNECTOR": "zendesk"})
    assert any("letters, digits and single underscores" in line for line in found)


@pytest.mark.parametrize(
    "url",
    ["https://desk.example.com", "https://desk.example.com/", "http://127.0.0.1:8080", "http://localhost"],
)
def test_an_address_is_https_unless_loopback(url: str) -> None:
    found = load({"ACCOUNTS__A__CONNECTOR": "zendesk", "ACCOUNTS__A__BASE_URL": url})
    assert found.accounts["a"].base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://desk.example.com",
        "http://127.0.0.1.example.com",
        "ftp://desk.example.com",
        "desk.example.com",
        "https://user:pw@desk.example.com",
        "https://desk.example.com?x=1",
        "https://[::1",
        "https://desk.example.com:port",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    assert len(problems(ACCOUNTS__A__CONNECTOR="zendesk", ACCOUNTS__A__BASE_URL=url)) == 1


def test_only_one_module_reads_the_environment() -> None:
    packages = Path(settings.__file__).parent.parent
    readers = [
        path.relative_to(packages).as_posix()
        for package in ("sync", "kpi", "storage")
        for path in (packages / package).rglob("*.py")
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    ]
    assert readers == ["sync/environment.py"]
