"""From settings to accounts that can be connected: each connector judges its own fields."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import SecretStr, ValidationError

from connectors import Connector, ConnectorSettings, Misconfigured, utc_now
from connectors.registry import load as load_connector
from sync import logs, settings
from sync.environment import PREFIX
from sync.schedule import Schedule
from sync.settings import AccountSettings, BadSettings, Problem, Settings, problems_of

_STRUCTURES = (dict, list, tuple, set)


@dataclass(frozen=True, slots=True)
class Account:
    """One helpdesk, ready to be connected; `connect` takes what hears the connector's notices."""

    name: str
    connector: str
    schedule: Schedule
    connect: Callable[[Callable[[str], None]], Connector[Any]] = field(repr=False)
    enabled: bool = True


def load(variables: Mapping[str, str], **seams: Any) -> tuple[Settings, tuple[Account, ...]]:
    """Check what `environment.read` found, the connectors' fields included; every problem at once.

    Secrets are kept out of the logs from here on. `seams` (clock, sleep, transport) go to the connectors.
    """
    problems: list[Problem] = []
    try:
        found = settings.load(variables)
    except BadSettings as bad:
        found, problems = Settings(), [*bad.problems]
    accounts = []
    for name, raw in settings.tree(variables)["accounts"].items():
        given = found.accounts.get(name) or AccountSettings(
            connector=raw.get("connector", ""), own=raw["own"]
        )
        try:
            accounts.append(_account(name, given, ZoneInfo(found.timezone), seams))
        except BadSettings as bad:
            problems += bad.problems
    if problems:
        raise BadSettings(problems)
    return found, tuple(sorted(accounts, key=lambda account: account.name))


def instant(since: date | timedelta, zone: ZoneInfo, now: datetime) -> datetime:
    """Midnight of a local date, or so long before now."""
    if isinstance(since, timedelta):
        return now - since
    return datetime.combine(since, time(), zone).astimezone(UTC)


def _account(name: str, given: AccountSettings, zone: ZoneInfo, seams: Mapping[str, Any]) -> Account:
    kind, now = _connector(name, given.connector), utc_now()
    since = instant(given.since, zone, now)
    values = _decoded(kind.Settings, given.own)
    values |= {"base_url": given.base_url, "since": since}
    values["events_since"] = max(since, instant(given.events_since, zone, now))
    try:
        own = kind.Settings(**values)
    except ValidationError as error:
        raise BadSettings(problems_of(error, kind.Settings, f"ACCOUNTS__{name.upper()}__")) from None
    logs.keep_secret(_secret_values(own))
    connect = partial(_connect, kind, own, seams)
    return Account(name, given.connector, given.schedule, connect, given.enabled)


def _connect(
    kind: type[Connector[Any]],
    own: ConnectorSettings,
    seams: Mapping[str, Any],
    notify: Callable[[str], None],
) -> Connector[Any]:
    return kind(own, notify=notify, **seams)


def _connector(account: str, word: str) -> type[Connector[Any]]:
    if not word:
        raise BadSettings([])  # that it is missing is told already
    try:
        return load_connector(word)
    except Misconfigured as error:
        raise BadSettings(
            [Problem(f"{PREFIX}ACCOUNTS__{account.upper()}__CONNECTOR", str(error), word)]
        ) from None


def _decoded(model: type[ConnectorSettings], given: Mapping[str, SecretStr]) -> dict[str, Any]:
    """Words as they are; JSON where the connector's field is a list or a mapping."""
    values: dict[str, Any] = {}
    for name, secret in given.items():
        known = model.model_fields.get(name)
        value = secret.get_secret_value()
        values[name] = _json(value) if known and _is_structure(known.annotation) else value
    return values


def _is_structure(annotation: Any) -> bool:
    return (get_origin(annotation) or annotation) in _STRUCTURES or any(
        map(_is_structure, get_args(annotation))
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text  # the model's error tells what it should be


def _secret_values(own: ConnectorSettings) -> Iterator[str]:
    for name in type(own).model_fields:
        value = getattr(own, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
