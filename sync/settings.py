"""The admin's settings, read once and checked whole.

    environment > .env > secrets directory  →  Settings, or BadSettings with every problem at once

What an account needs beyond the fields here belongs to its connector and is checked in
sync/accounts.py against the connector's own model.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sync import environment, schedule
from sync.environment import PREFIX

ACCOUNT_NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing an admin must correct; `value` is null where it may be a secret."""

    setting: str
    remedy: str
    value: str | None = None

    def __str__(self) -> str:
        shown = "" if self.value is None else f" = {self.value!r}"
        return f"{self.setting}{shown}: {self.remedy}"


class BadSettings(Exception):
    """Every problem found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def iana_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError('write an IANA time zone such as "Europe/Berlin"') from None
    return name


def _database(url: SecretStr) -> SecretStr:
    if not re.match(r"(sqlite:///.|postgresql\+psycopg://.)", url.get_secret_value()):
        raise ValueError(
            'write "sqlite:///<file>" or "postgresql+psycopg://<user>:<password>@<host>/<database>"'
        )
    return url


def _since(text: str) -> date | timedelta:
    if found := re.fullmatch(r"(\d{1,5})d", text.strip().lower()):
        return timedelta(days=int(found[1]))
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError('write a date such as "2026-01-31", or a number of days such as "365d"') from None


def _address(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError('write an address such as "https://helpdesk.example.com", nothing else')
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise ValueError("write https://…; plain http would show the credentials to everybody on the way")
    return url.strip().rstrip("/")


Since = Annotated[date | timedelta, BeforeValidator(_since)]
Schedule = Annotated[schedule.Schedule, BeforeValidator(schedule.parse)]


class AccountSettings(BaseModel):
    """One helpdesk account; `own` holds the fields that only its connector can judge."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    connector: str = Field(
        description="`zendesk`, `freshdesk`, `hubspot`, `files`, or a plug-in's name", examples=["zendesk"]
    )
    schedule: Schedule = Field(
        default=schedule.parse(environment.DEFAULT_SCHEDULE),
        description="`every <n>s/m/h/d` or a five-field cron line in UTC (0 is Sunday)",
        examples=[environment.DEFAULT_SCHEDULE],
    )
    since: Since = Field(
        default=timedelta(days=365),
        description="how far back the first sync reads tickets and ratings: a date or a number of days",
        examples=["365d"],
    )
    events_since: Since = Field(
        default=timedelta(days=90),
        description="how far back histories are read; older tickets rest on the vendor's own summary "
        "figures and are marked so",
        examples=["90d"],
    )
    base_url: Annotated[str, AfterValidator(_address)] | None = Field(
        default=None,
        description="where the helpdesk answers, if not at the vendor's usual address; https unless loopback",
        examples=["https://helpdesk.example.com"],
    )
    enabled: bool = Field(
        default=True, description="`false` keeps the account's data and stops its syncs", examples=["true"]
    )
    own: dict[str, SecretStr] = {}


COMMON = tuple(name for name in AccountSettings.model_fields if name != "own")


class Settings(BaseSettings):
    """Everything but the connectors' own fields."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    database_url: Annotated[SecretStr, AfterValidator(_database)] = Field(
        default=SecretStr(environment.DEFAULT_DATABASE_URL),
        description="where everything is stored: SQLite or `postgresql+psycopg://user:pass@host/db`",
        examples=[environment.DEFAULT_DATABASE_URL],
    )
    timezone: Annotated[str, AfterValidator(iana_zone)] = Field(
        default="UTC",
        description="IANA zone in which days, weeks and months are cut",
        examples=["Europe/Berlin"],
    )
    secrets_dir: str | None = Field(
        default=None,
        description="directory of files named like the variables, each holding one value",
        examples=["/run/secrets"],
    )
    log_format: Literal["console", "json"] | None = Field(
        default=None,
        description="`console` or `json`; `console` on a terminal, else `json`",
        examples=["json"],
    )
    store_subjects: bool = Field(
        default=True, description="`false` keeps ticket subjects out of the database", examples=["true"]
    )
    kpi_file: str | None = Field(
        default=None,
        description="TOML file that says what the KPIs mean here; `kpi.toml` in the working directory if it exists",
        examples=["/etc/deskpulse/kpi.toml"],
    )
    accounts: dict[str, AccountSettings] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` hands over: the usual sources would decode `API_TOKEN=0123` as JSON."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def load(variables: Mapping[str, str]) -> Settings:
    """Check what `environment.read` found; BadSettings tells everything that is wrong."""
    problems = [*_misspelt(variables), *_badly_named(variables)]
    try:
        settings = Settings(**tree(variables))
    except ValidationError as error:
        problems += problems_of(error, Settings)
    if problems:
        raise BadSettings(problems) from None
    return settings


def tree(variables: Mapping[str, str]) -> dict[str, Any]:
    """`{"ACCOUNTS__ACME__SINCE": v, …}` → `{"accounts": {"acme": {"since": v, "own": {…}}}}`."""
    accounts: dict[str, dict[str, Any]] = {}
    for name, value in variables.items():
        account, setting = _account_setting(name)
        if account and setting:
            settings = accounts.setdefault(account, {"own": {}})
            (settings if setting in COMMON else settings["own"])[setting] = value
    own = {name.lower(): value for name, value in variables.items() if name.lower() in Settings.model_fields}
    return {**own, "accounts": accounts}


def problems_of(error: ValidationError, model: type[BaseModel], owner: str = "") -> list[Problem]:
    """An error of `model` in our words; values of secret and unknown fields are not shown."""
    problems = []
    for found in error.errors(include_url=False, include_context=False):
        place = [str(part) for part in found["loc"]]
        field = _field(model, place)
        shown = found["input"] if field and not is_secret(field) else None
        name = PREFIX + owner + "__".join(place[:3]).upper()
        value = shown if isinstance(shown, str) and "@" not in shown else None  # user:password@host
        remedy = _remedy(found["type"], found["msg"], field)
        if found["type"] == "extra_forbidden":
            remedy += suggest(place[0].upper(), [name.upper() for name in model.model_fields])
        problems.append(Problem(name.rstrip("_"), remedy, value))
    return problems


def is_secret(field: FieldInfo) -> bool:
    return _mentions(field.annotation, SecretStr)


def suggest(word: str, words: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _mentions(annotation: Any, wanted: type) -> bool:
    return annotation is wanted or any(_mentions(part, wanted) for part in get_args(annotation))


def _field(model: type[BaseModel], place: Sequence[str]) -> FieldInfo | None:
    if place[:1] == ["accounts"]:
        return AccountSettings.model_fields.get(place[2]) if len(place) > 2 else None
    return model.model_fields.get(place[0]) if place else None


def _remedy(kind: str, message: str, field: FieldInfo | None) -> str:
    if kind == "missing":
        return f"is missing: {field.description}" if field and field.description else "is missing"
    if kind == "extra_forbidden":
        return "is not a setting"
    if kind.startswith("bool"):
        return 'write "true" or "false"'
    if kind == "literal_error" and field:
        return f"write {field.description}"
    return message.removeprefix("Value error, ")


def _account_setting(name: str) -> tuple[str, str]:
    """`ACCOUNTS__ACME__SINCE` → `("acme", "since")`; empty where it is no account's setting."""
    group, _, rest = name.partition("__")
    account, _, setting = rest.partition("__")
    return (account.lower(), setting.lower()) if group == "ACCOUNTS" else ("", "")


def _misspelt(variables: Mapping[str, str]) -> list[Problem]:
    known = [name.upper() for name in Settings.model_fields if name != "accounts"]
    strange = [name for name in variables if name not in known and not all(_account_setting(name))]
    return [
        Problem(PREFIX + name, "is not a setting" + suggest(PREFIX + name, [PREFIX + word for word in known]))
        for name in strange
    ]


def _badly_named(variables: Mapping[str, str]) -> list[Problem]:
    accounts = {account for account, setting in map(_account_setting, variables) if account and setting}
    return [
        Problem(
            f"{PREFIX}ACCOUNTS__{account.upper()}",
            "name an account with letters, digits and single underscores",
        )
        for account in sorted(accounts)
        if not ACCOUNT_NAME.fullmatch(account)
    ]
