"""People, groups, companies, products, fields, SLA policies and business hours."""

import re
from datetime import datetime
from typing import Any, Final

from connectors.freshdesk.mapping import micros, text
from connectors.freshdesk.rows import (
    AgentRow,
    BusinessHoursRow,
    CompanyRow,
    ContactRow,
    FieldRow,
    GroupRow,
    HoursRow,
    ProductRow,
    SlaPolicyRow,
    TargetRow,
)
from connectors.freshdesk.words import PRIORITIES, Labels, choices
from connectors.zones import iana_zone
from storage.records import (
    BrandRecord,
    FieldRecord,
    GroupRecord,
    OrganisationRecord,
    PersonRecord,
    Role,
    ScheduleRecord,
    SlaPolicyRecord,
    StatusRecord,
)

_A_DAY_SECONDS: Final = 86_400
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap]m)?", re.IGNORECASE)
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TOLD_ELSEWHERE: Final = frozenset({"default_agent", "default_group", "default_product", "default_company"})
"""Fields whose choices are people and things with streams of their own."""


def _version(at: datetime | None) -> int:
    return 0 if at is None else micros(at)


def agent(row: AgentRow) -> PersonRecord:
    """Collaborators write private notes only."""
    who = row.contact
    return PersonRecord(
        id=str(row.id),
        version=_version(row.updated_at),
        name=who.name if who else None,
        email=who.email if who else None,
        role=Role.AGENT,
        is_staff=True,
        is_light=row.type == "collaborator",
        is_active=not row.deactivated,
        timezone=who.time_zone if who else None,
        created_at=row.created_at,
    )


def departed_agent(number: str, name: str | None, at: datetime) -> PersonRecord:
    """An agent who was listed before and is not any more."""
    return PersonRecord(
        id=number,
        version=micros(at),
        name=name,
        role=Role.AGENT,
        is_staff=True,
        is_active=False,
        deleted_at=at,
    )


def contact(row: ContactRow) -> PersonRecord:
    return PersonRecord(
        id=str(row.id),
        version=_version(row.updated_at),
        name=row.name,
        email=row.email,
        role=Role.END_USER,
        organisation_id=text(row.company_id),
        timezone=row.time_zone,
        created_at=row.created_at,
    )


def group(row: GroupRow) -> GroupRecord:
    return GroupRecord(
        id=str(row.id),
        version=_version(row.updated_at),
        name=row.name,
        schedule_id=text(row.business_hour_id),
    )


def departed_group(number: str, name: str | None, at: datetime) -> GroupRecord:
    return GroupRecord(id=number, version=micros(at), name=name, is_deleted=True)


def company(row: CompanyRow) -> OrganisationRecord:
    told = {"industry": row.industry, "account_tier": row.account_tier, "health_score": row.health_score}
    return OrganisationRecord(
        id=str(row.id),
        version=_version(row.updated_at),
        name=row.name,
        attributes={key: value for key, value in told.items() if value is not None},
    )


def product(row: ProductRow) -> BrandRecord:
    return BrandRecord(id=str(row.id), version=_version(row.updated_at), name=row.name)


def ticket_field(row: FieldRow) -> FieldRecord:
    """Its id is the name under which tickets carry it, `cf_issue_type`."""
    return FieldRecord(
        id=row.name or str(row.id),
        version=_version(row.updated_at),
        name=row.label or row.name,
        type=row.type,
        options={} if row.type in _TOLD_ELSEWHERE else choices(row.choices),
        is_active=not row.archived,
    )


def statuses(labels: Labels) -> list[StatusRecord]:
    return [
        StatusRecord(id=str(code), name=word.name, status=word.status)
        for code, word in labels.statuses.items()
    ]


def sla_policy(row: SlaPolicyRow) -> SlaPolicyRecord:
    targets: list[dict[str, Any]] = []
    for key, target in sorted((row.sla_target or {}).items()):
        level = key.removeprefix("priority_")
        if level.isdecimal() and int(level) in PRIORITIES:
            targets.extend(_targets(PRIORITIES[int(level)].value, target))
    return SlaPolicyRecord(
        id=str(row.id),
        version=_version(row.updated_at),
        name=row.name,
        position=row.position,
        targets=targets,
    )


def _targets(priority: str, target: TargetRow) -> list[dict[str, Any]]:
    told = {
        "first_response": target.respond_within,
        "next_reply": target.next_respond_within,
        "resolution": target.resolve_within,
    }
    return [
        {"metric": metric, "priority": priority, "seconds": within, "business": bool(target.business_hours)}
        for metric, within in told.items()
        if within is not None
    ]


def schedule(row: BusinessHoursRow) -> ScheduleRecord:
    """Business hours in their own zone; a day without hours is closed.

    Raises ValueError for hours or a zone that cannot be read: guessing would move every business
    duration. Holidays are not in Freshdesk's answer.
    """
    if not row.business_hours:
        raise ValueError("business hours without any day")
    weekly: dict[str, list[list[int]]] = {}
    for name, hours in row.business_hours.items():
        if name.lower() not in _WEEKDAYS:
            raise ValueError(f"unknown weekday {name!r}")
        weekly[str(_WEEKDAYS.index(name.lower()))] = [_window(hours)]
    return ScheduleRecord(
        id=str(row.id),
        version=_version(row.updated_at),
        name=row.name,
        timezone=iana_zone(row.time_zone),
        weekly=dict(sorted(weekly.items())),
        is_default=bool(row.is_default),
    )


def _window(hours: HoursRow) -> list[int]:
    start, end = _of_day(hours.start_time), _of_day(hours.end_time)
    # Freshdesk writes the end of the day as its last minute or second, or as midnight.
    if end == 0 or end >= _A_DAY_SECONDS - 60:
        end = _A_DAY_SECONDS
    if start >= end:
        raise ValueError(f"hours that end before they begin: {hours.start_time} to {hours.end_time}")
    return [start, end]


def _of_day(clock: str) -> int:
    match = _CLOCK.fullmatch(clock.strip())
    if match is None:
        raise ValueError(f"not a time of day: {clock!r}")
    hour, minute, second, half = match.groups()
    hours = int(hour)
    if half is not None:
        if not 1 <= hours <= 12:
            raise ValueError(f"not a time of day: {clock!r}")
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    return hours * 3600 + int(minute) * 60 + int(second or 0)
