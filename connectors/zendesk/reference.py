"""People, groups and everything else that is read whole now and then."""

from collections.abc import Iterable
from typing import Any, Final

from connectors.zendesk.rows import (
    Holiday,
    Interval,
    MembershipRow,
    NamedRow,
    PolicyMetric,
    PolicyRow,
    ScheduleRow,
    StatusRow,
    UserRow,
)
from connectors.zendesk.words import STATUSES, key, required, target_seconds, utc, version_of
from connectors.zones import iana_zone
from storage.records import (
    BrandRecord,
    FieldRecord,
    GroupRecord,
    MembershipRecord,
    OrganisationRecord,
    PersonRecord,
    Role,
    ScheduleRecord,
    SlaPolicyRecord,
    StatusRecord,
)

_STAFF: Final = frozenset({"agent", "admin"})
_LIGHT_AGENT: Final = 1
_DAY_MINUTES: Final = 1440


def person(row: UserRow) -> PersonRecord:
    is_staff = (row.role or "").casefold() in _STAFF
    return PersonRecord.built(
        {
            "id": required(row.id, "id"),
            "version": version_of(None, row.updated_at),
            "name": row.name,
            "email": row.email,
            "role": Role.AGENT if is_staff else Role.END_USER,
            "is_staff": is_staff,
            "is_light": is_staff and (row.role_type == _LIGHT_AGENT or bool(row.only_private_comments)),
            "is_active": row.active is not False,
            "organisation_id": key(row.organization_id),
            "timezone": row.iana_time_zone or row.time_zone,
            "created_at": utc(row.created_at),
        }
    )


def group(row: NamedRow) -> GroupRecord:
    return GroupRecord(
        id=required(row.id, "id"),
        version=version_of(None, row.updated_at),
        name=row.name,
        is_deleted=bool(row.deleted),
    )


def membership(row: MembershipRow) -> MembershipRecord:
    return MembershipRecord(
        id=required(row.id, "id"),
        group_id=required(row.group_id, "group_id"),
        person_id=required(row.user_id, "user_id"),
        is_default=bool(row.default),
    )


def brand(row: NamedRow) -> BrandRecord:
    return BrandRecord(id=required(row.id, "id"), name=row.name, is_deleted=bool(row.is_deleted))


def organisation(row: NamedRow) -> OrganisationRecord:
    return OrganisationRecord.built(
        {
            "id": required(row.id, "id"),
            "version": version_of(None, row.updated_at),
            "name": row.name,
            "deleted_at": utc(row.deleted_at),
        }
    )


def field(row: NamedRow) -> FieldRecord:
    options = {
        str(option.value): option.name or str(option.value)
        for option in row.custom_field_options or row.system_field_options or ()
        if option.value is not None
    }
    return FieldRecord(
        id=required(row.id, "id"),
        name=row.title or row.name,
        type=row.type,
        options=options,
        is_active=row.active is not False,
    )


def form(row: NamedRow) -> FieldRecord:
    return FieldRecord(
        id=f"form:{required(row.id, 'id')}",
        name=row.name,
        type="ticket_form",
        is_active=row.active is not False,
    )


def status(row: StatusRow) -> StatusRecord:
    category = (row.status_category or "").casefold()
    if category not in STATUSES:
        raise ValueError(f"status_category {row.status_category!r} is not known")
    return StatusRecord(
        id=required(row.id, "id"),
        name=row.agent_label,
        status=STATUSES[category],
        is_active=row.active is not False,
    )


def policy(row: PolicyRow) -> SlaPolicyRecord:
    return SlaPolicyRecord(
        id=required(row.id, "id"),
        name=row.title,
        position=row.position,
        targets=[_target(metric) for metric in row.policy_metrics or ()],
    )


def _target(metric: PolicyMetric) -> dict[str, Any]:
    return {
        "metric": metric.metric,
        "priority": metric.priority,
        "seconds": target_seconds(metric.target_in_seconds, metric.target),
        "business": bool(metric.business_hours),
    }


def schedule(row: ScheduleRow) -> ScheduleRecord:
    """Intervals count minutes from Sunday 00:00 in the schedule's own zone; older ones may cross midnight."""
    return ScheduleRecord.built(
        {
            "id": required(row.id, "id"),
            "name": row.name,
            "timezone": iana_zone(row.time_zone or ""),
            "weekly": _weekly(row.intervals or ()),
            "holidays": [_dates(holiday) for holiday in row.holidays or ()],
            "is_default": row.is_default,
            "deleted_at": utc(row.deleted_at),
        }
    )


def _weekly(intervals: Iterable[Interval]) -> dict[str, list[list[int]]]:
    weekly: dict[str, list[list[int]]] = {}
    for start, end in sorted((each.start_time, each.end_time) for each in intervals):
        at = start
        while at < end:
            day = at // _DAY_MINUTES
            until = min(end, (day + 1) * _DAY_MINUTES)
            weekday = str((day % 7 + 6) % 7)  # their Sunday is 0, ours is 6
            offset = day * _DAY_MINUTES
            weekly.setdefault(weekday, []).append([(at - offset) * 60, (until - offset) * 60])
            at = until
    return weekly


def _dates(row: Holiday) -> list[str]:
    start = row.start_date or row.start_time
    end = row.end_date or row.end_time or start
    if start is None or end is None:
        raise ValueError("the holiday has no dates")
    return [start[:10], end[:10]]
