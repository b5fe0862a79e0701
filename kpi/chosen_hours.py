"""Business hours and holidays that an organisation gives where its helpdesk gives none."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from kpi.calendar import OpenHours, open_hours, schedule_of
from kpi.rules import EVERY


@dataclass(frozen=True, slots=True)
class ChosenSchedule:
    """Opening hours for accounts whose helpdesk gives none, in the words of a row of `schedules`."""

    accounts: AbstractSet[str]
    timezone: str
    weekly: Mapping[str, Sequence[Sequence[int]]]
    holidays: Sequence[Sequence[str]] = ()
    overrides: Mapping[str, Sequence[Sequence[int]]] = field(default_factory=dict)
    groups: AbstractSet[str] = frozenset()
    """Only for tickets with these groups; empty for all that no other schedule is for."""


@dataclass(frozen=True, slots=True)
class ExtraHolidays:
    """Days on which an account is closed whatever its schedules say: inclusive ranges of dates."""

    accounts: AbstractSet[str]
    ranges: Sequence[Sequence[str]]


class HoursOfAccount(NamedTuple):
    """Schedules by name, the one that applies where none is named, and those of groups."""

    schedules: Mapping[str, OpenHours]
    default: OpenHours | None
    of_groups: Mapping[str, str]


def is_for(account: str, accounts: AbstractSet[str]) -> bool:
    return account in accounts or EVERY in accounts


def closed_days(account: str, holidays: Iterable[ExtraHolidays]) -> list[Sequence[str]]:
    """The ranges of an account's extra holidays."""
    return [each for extra in holidays if is_for(account, extra.accounts) for each in extra.ranges]


def chosen_hours(
    account: str, chosen: Iterable[ChosenSchedule], holidays: Iterable[ExtraHolidays]
) -> HoursOfAccount:
    """The hours chosen for an account, those that name it before those for all; of many, the first holds."""
    own = [one for one in chosen if is_for(account, one.accounts)]
    own.sort(key=lambda one: EVERY in one.accounts)
    closed = closed_days(account, holidays)
    schedules: dict[str, OpenHours] = {}
    of_groups: dict[str, str] = {}
    default: OpenHours | None = None
    for number, one in enumerate(own, start=1):
        hours = open_hours(schedule_of(one.timezone, one.weekly, [*one.holidays, *closed], one.overrides))
        schedules[f"chosen {number}"] = hours
        for group in sorted(one.groups):
            of_groups.setdefault(group, f"chosen {number}")
        if not one.groups and default is None:
            default = hours
    return HoursOfAccount(schedules, default, of_groups)
