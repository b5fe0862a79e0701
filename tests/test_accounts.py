import base64
import json
import logging
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest

from connectors import ConnectorSettings
from sync import accounts, logs
from sync.settings import BadSettings

TOKEN = "token-0123456789-abcdef"
ACME = {
    "ACCOUNTS__ACME__CONNECTOR": "zendesk",
    "ACCOUNTS__ACME__SUBDOMAIN": "acme",
    "ACCOUNTS__ACME__EMAIL": "admin@example.com",
    "ACCOUNTS__ACME__API_TOKEN": TOKEN,
}


def problems(variables: dict[str, str]) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        accounts.load(variables)
    assert TOKEN not in str(caught.value)
    return str(caught.value).splitlines()


def settings_of(variables: dict[str, str]) -> ConnectorSettings:
    _, [account] = accounts.load(variables)
    found: ConnectorSettings = account.connect(print).settings
    return found


def test_an_account_is_ready_to_be_connected() -> None:
    _, [account] = accounts.load(ACME)
    assert (account.name, account.connector, str(account.schedule)) == ("acme", "zendesk", "every 10m")
    connector = account.connect(print)
    assert connector.settings.subdomain == "acme"
    assert connector.settings.api_token.get_secret_value() == TOKEN


def test_accounts_do_not_show_secrets() -> None:
    found, known = accounts.load(ACME)
    assert TOKEN not in repr(found) + repr(known)


def test_a_date_is_midnight_in_the_reporting_zone() -> None:
    found = settings_of({**ACME, "TIMEZONE": "Europe/Berlin", "ACCOUNTS__ACME__SINCE": "2026-01-31"})
    assert found.since == datetime(2026, 1, 30, 23, tzinfo=UTC)


def test_a_number_of_days_is_counted_back_from_now() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert accounts.instant(timedelta(days=90), ZoneInfo("UTC"), now) == datetime(2026, 8, 26, tzinfo=UTC)


def test_histories_are_never_read_further_back_than_tickets() -> None:
    found = settings_of({**ACME, "ACCOUNTS__ACME__SINCE": "30d", "ACCOUNTS__ACME__EVENTS_SINCE": "90d"})
    assert found.events_since == found.since


@pytest.mark.parametrize(
    ("vendor", "given"),
    [
        ("zendesk", {"SUBDOMAIN": "acme", "EMAIL": "admin@example.com", "API_TOKEN": TOKEN}),
        ("freshdesk", {"DOMAIN": "acme", "API_KEY": TOKEN}),
        ("hubspot", {"ACCESS_TOKEN": TOKEN}),
    ],
)
def test_a_helpdesk_s_tickets_and_ratings_say_how_far_back_they_are_read(
    vendor: str, given: dict[str, str]
) -> None:
    own = {"CONNECTOR": vendor, "SINCE": "2026-01-31", "EVENTS_SINCE": "2026-06-30", **given}
    _, [account] = accounts.load({f"ACCOUNTS__ACME__{name}": value for name, value in own.items()})
    since = {stream.name: stream.since for stream in account.connect(print).streams()}
    assert since["tickets"] == since["ratings"] == datetime(2026, 1, 31, tzinfo=UTC)
    assert since.get("ticket_events") in (None, datetime(2026, 6, 30, tzinfo=UTC))


def test_a_connector_nobody_knows_is_answered_with_the_likely_one() -> None:
    [line] = problems({**ACME, "ACCOUNTS__ACME__CONNECTOR": "zendsk"})
    assert line.startswith("DESKPULSE_ACCOUNTS__ACME__CONNECTOR = 'zendsk': no connector is called")
    assert "did you mean zendesk?" in line


def test_a_missing_connector_is_told_once() -> None:
    [line] = problems({"ACCOUNTS__ACME__SUBDOMAIN": "acme"})
    assert line.startswith("DESKPULSE_ACCOUNTS__ACME__CONNECTOR: is missing")


def test_a_connector_s_misspelt_setting_is_reported_with_the_likely_one() -> None:
    assert problems({**ACME, "ACCOUNTS__ACME__API_TOKN": TOKEN}) == [
        "DESKPULSE_ACCOUNTS__ACME__API_TOKN: is not a setting; did you mean API_TOKEN?"
    ]


def test_credentials_that_do_not_suffice_are_told_with_the_account_s_name() -> None:
    given = {name: value for name, value in ACME.items() if not name.endswith("API_TOKEN")}
    [line] = problems(given)
    assert line.startswith("DESKPULSE_ACCOUNTS__ACME: EMAIL and API_TOKEN belong together")


def test_problems_of_settings_and_of_connectors_are_told_together() -> None:
    found = problems(
        {
            **ACME,
            "TIMEZONE": "Mars",
            "ACCOUNTS__ACME__SUBDOMAIN": "not a name",
            "ACCOUNTS__ACME__SCHEDULE": "sometimes",
            "ACCOUNTS__B__CONNECTOR": "nothing",
        }
    )
    assert [line.split(" ")[0].rstrip(":") for line in found] == [
        "DESKPULSE_TIMEZONE",
        "DESKPULSE_ACCOUNTS__ACME__SCHEDULE",
        "DESKPULSE_ACCOUNTS__ACME__SUBDOMAIN",
        "DESKPULSE_ACCOUNTS__B__CONNECTOR",
    ]


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_secret_that_reaches_a_log_is_hidden_in_every_form(form: str) -> None:
    accounts.load(ACME)
    stream = StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logs.configure(form, stream)
        logs.event(
            "x", f"sent {TOKEN} on", account="acme", header=f"Basic {_basic(TOKEN)}", raw=json.dumps(TOKEN)
        )
        logs.event("x", "failed", level=logging.ERROR, error=ValueError(TOKEN))
    finally:
        root.handlers[:], root.level = handlers, level
    written = stream.getvalue()
    assert "sent *** on" in written
    assert TOKEN not in written
    assert base64.b64encode(TOKEN.encode()).decode()[:24] not in written


def _basic(token: str) -> str:
    return base64.b64encode(f"admin@example.com/token:{token}".encode()).decode()
