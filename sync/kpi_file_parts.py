"""The parts of `kpi.toml`, each checked by itself and turned into what `kpi` works with."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from kpi.blocks import NAMED_BY_ACCOUNT
from kpi.catalog import CATALOG, metric_named
from kpi.chosen_hours import ChosenSchedule, ExtraHolidays
from kpi.goals import Benchmark, Goal
from kpi.meaning import RESPONSE_TARGETS, Meaning, ResponseTarget
from kpi.metric import Shape
from kpi.rules import EVERY, CategoryRule, Threshold
from kpi.shapes import Signs
from storage.records import Channel, Priority
from sync.kpi_file_words import Dates, DayName, Duration, Hours, Words, Zone, seconds_of
from sync.settings import suggest

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Place = tuple[str | int, ...]


def known_kpi(name: str) -> str:
    try:
        return metric_named(name).id
    except KeyError:
        known = suggest(name, [metric.id for metric in CATALOG])
        raise ValueError(f"is no KPI{known or '; all are in docs/kpis.md'}") from None


Kpi = Annotated[str, AfterValidator(known_kpi)]
Statistic = Literal["value", "mean", "p50", "p90", "p95"]

_TAGS = 'a list of tags, such as ["refund"]'
_TYPES = 'a list of ticket types, such as ["Problem"]'
_GROUPS = 'a list of the groups\' ids, such as ["360001"]'
_ACCOUNTS = 'a list of accounts\' names, such as ["acme"]'
_DATES = 'a list of dates, such as ["2026-12-25", "2026-12-31..2027-01-01"]'
_HOURS = 'a list of hours, such as ["09:00-12:00", "13:00-17:30"]'


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WindowsPart(_Part):
    """How long something is watched before it is judged."""

    first_contact: Duration = Field(
        default=Meaning().fcr_window_seconds, description='a duration such as "7d"'
    )
    reopen: Duration = Field(default=Meaning().reopen_window_seconds, description='a duration such as "30d"')
    bot: Duration = Field(default=Meaning().bot_window_seconds, description='a duration such as "72h"')
    survey_wave: Duration = Field(
        default=Meaning().survey_wave_seconds, description='a duration such as "30d"'
    )
    short_abandon: Duration = Field(
        default=Meaning().short_abandon_seconds, description='a duration such as "5s"'
    )


class BusinessTimePart(_Part):
    schedule: Literal["then", "at_the_end"] = Field(default="then", description='"then" or "at_the_end"')


class ThresholdPart(_Part):
    dissatisfied_until: float = Field(description="the highest answer that means dissatisfied, such as 2")
    satisfied_from: float = Field(description="the lowest answer that means satisfied, such as 4")


class ComplaintPart(_Part):
    tags: Words = Field(default=frozenset(), description=_TAGS)
    types: Words = Field(default=frozenset(), description=_TYPES)
    categories: Words = Field(default=frozenset(), description='a list of categories, such as ["billing"]')

    @model_validator(mode="before")
    @classmethod
    def without_groups(cls, told: Any) -> Any:
        if isinstance(told, dict) and "groups" in told:
            raise ValueError(
                "groups mark no complaint: write tags, types or categories, and make the group a category "
                "([[categories]]) where it must be one"
            )
        return told

    def signs(self) -> Signs:
        return Signs(frozenset(), self.tags, self.types, self.categories)


class EscalationPart(_Part):
    groups: Words = Field(default=frozenset(), description=_GROUPS)
    tags: Words = Field(default=frozenset(), description=_TAGS)
    types: Words = Field(default=frozenset(), description=_TYPES)
    categories: Words = Field(default=frozenset(), description='a list of categories, such as ["billing"]')

    def signs(self) -> Signs:
        return Signs(self.groups, self.tags, self.types, self.categories)


class CategoryPart(_Part):
    category: str = Field(min_length=1, description='the category\'s name, such as "billing"')
    account: str = Field(default=EVERY, description='an account\'s name, or "*" for all')
    tags: Words = Field(default=frozenset(), description=_TAGS)
    types: Words = Field(default=frozenset(), description=_TYPES)
    groups: Words = Field(default=frozenset(), description=_GROUPS)
    fields: dict[str, Words] = Field(
        default={}, description='custom fields with their values, such as { "360012345" = ["invoice"] }'
    )

    def rule(self) -> CategoryRule:
        return CategoryRule(self.category, self.account, self.tags, self.types, self.groups, self.fields)


class TargetPart(_Part):
    within: Duration = Field(description='a duration such as "1h"')
    channels: frozenset[Channel] = Field(
        default=frozenset(), description=f"a list of channels: {', '.join(Channel)}"
    )
    priorities: frozenset[Priority] = Field(
        default=frozenset(), description=f"a list of priorities: {', '.join(Priority)}"
    )

    def target(self) -> ResponseTarget:
        channels, priorities = frozenset(map(str, self.channels)), frozenset(map(str, self.priorities))
        return ResponseTarget(self.within, channels, priorities)


class WeekPart(_Part):
    monday: Hours = Field(default=[], description=_HOURS)
    tuesday: Hours = Field(default=[], description=_HOURS)
    wednesday: Hours = Field(default=[], description=_HOURS)
    thursday: Hours = Field(default=[], description=_HOURS)
    friday: Hours = Field(default=[], description=_HOURS)
    saturday: Hours = Field(default=[], description=_HOURS)
    sunday: Hours = Field(default=[], description=_HOURS)


class SchedulePart(_Part):
    accounts: Words = Field(default=frozenset({EVERY}), description=_ACCOUNTS)
    groups: Words = Field(default=frozenset(), description=_GROUPS)
    timezone: Zone = Field(description='an IANA time zone such as "Europe/Berlin"')
    hours: WeekPart = Field(description='hours by weekday, such as monday = ["09:00-17:30"]')
    holidays: Dates = Field(default=[], description=_DATES)
    special: dict[DayName, Hours] = Field(
        default={}, description='hours by date, such as "2026-12-24" = ["09:00-12:00"]'
    )

    def schedule(self) -> ChosenSchedule:
        weekly = {str(number): getattr(self.hours, name) for number, name in enumerate(_WEEKDAYS)}
        return ChosenSchedule(self.accounts, self.timezone, weekly, self.holidays, self.special, self.groups)


class HolidaysPart(_Part):
    accounts: Words = Field(default=frozenset({EVERY}), description=_ACCOUNTS)
    dates: Dates = Field(description=_DATES)


class _JudgedPart(_Part):
    kpi: Kpi = Field(description='a KPI of docs/kpis.md, such as "csat_score"')
    statistic: Statistic | None = Field(
        default=None, description="value, mean, p50, p90 or p95; value where the KPI has one, else p50"
    )

    @property
    def shown(self) -> str:
        is_spread = metric_named(self.kpi).shape is Shape.DISTRIBUTION
        return self.statistic or ("p50" if is_spread else "value")

    def problems(self, _unit: str | None) -> Iterator[tuple[str, str, str | None]]:
        """What only the KPI can tell: a part's name, what would be right, and what stands there."""
        is_spread = metric_named(self.kpi).shape is Shape.DISTRIBUTION
        if is_spread == (self.shown == "value"):
            right = "mean, p50, p90 or p95" if is_spread else "value, or leave it out"
            yield "statistic", f"{self.kpi} has no such statistic: write {right}", self.statistic


def amount(told: float | str, unit: str | None) -> float | None:
    """A number, or a duration of a KPI in seconds; null where it is neither."""
    if not isinstance(told, str):
        return float(told)
    try:
        return float(seconds_of(told)) if unit == "s" else None
    except ValueError:
        return None


_AMOUNT = 'a number such as 90, or for a KPI in seconds a duration such as "8h"'


class GoalPart(_JudgedPart):
    name: str = Field(default="", description="a name for people")
    target: float | str = Field(description=_AMOUNT)
    baseline: float | str | None = Field(default=None, description=_AMOUNT)
    direction: Literal["higher", "lower"] | None = Field(default=None, description="higher or lower")
    start: date = Field(description="a date without quotes, such as 2026-01-01")
    due: date = Field(description="a date without quotes, such as 2026-12-31")
    grain: Literal["day", "week", "month"] = Field(default="month", description="day, week or month")
    account: str = Field(default=EVERY, description='an account\'s name, or "*" for all')
    dimension: Literal["all", "channel", "group", "agent", "priority", "type", "category", "brand",
                       "organisation", "tag"] = Field(
        default="all", description="all, channel, group, agent, priority, type, category, brand, organisation or tag"
    )  # fmt: skip
    member: str = Field(default="", description='the dimension\'s value as in report_kpis, such as "email"')

    def problems(self, unit: str | None) -> Iterator[tuple[str, str, str | None]]:
        yield from super().problems(unit)
        for at, told in (("target", self.target), ("baseline", self.baseline)):
            if told is not None and amount(told, unit) is None:
                yield at, f"write {_AMOUNT}", str(told)
        if self.baseline is not None and self.baseline == self.target:
            yield (
                "baseline",
                "is the target already: write where you begin, or leave it out",
                str(self.baseline),
            )
        if self.due <= self.start:
            yield "due", f"write a date after start, which is {self.start}", str(self.due)
        if not self.direction and metric_named(self.kpi).direction == "neutral":
            yield "direction", f"is missing: {self.kpi} is good neither way, so write higher or lower", None
        if (self.dimension == "all") != (not self.member):
            right = (
                "leave it out where the dimension is all"
                if self.member
                else "name one, or leave dimension out"
            )
            yield "member", right, self.member or None
        if self.dimension in NAMED_BY_ACCOUNT and self.member and "/" not in self.member:
            yield "member", f"write <account>/<id of the {self.dimension}>", self.member
        if self.dimension in ("organisation", "tag") and self.grain != "month":
            yield "grain", f'{self.dimension} has values by month only: write "month"', self.grain

    def goal(self) -> Goal:
        metric = metric_named(self.kpi)
        target, baseline = amount(self.target, metric.unit), self.baseline
        assert target is not None
        return Goal(
            self.kpi, self.shown, target, self.direction or metric.direction, self.start, self.due, self.grain,
            self.account, self.dimension, self.member,
            None if baseline is None else amount(baseline, metric.unit), self.name,
        )  # fmt: skip


class BenchmarkPart(_JudgedPart):
    value: float | str = Field(description=_AMOUNT)
    source: str = Field(min_length=1, description="where the figure was published")
    industry: str = Field(default="all", description="of which industry it is")
    year: int | None = Field(default=None, description="a year such as 2024")
    measured_as: str = Field(default="", description="how they define it, where that is not quite as here")

    def problems(self, unit: str | None) -> Iterator[tuple[str, str, str | None]]:
        yield from super().problems(unit)
        if amount(self.value, unit) is None:
            yield "value", f"write {_AMOUNT}", str(self.value)

    def benchmark(self) -> Benchmark:
        value = amount(self.value, metric_named(self.kpi).unit)
        assert value is not None
        return Benchmark(self.kpi, self.shown, value, self.source, self.industry, self.year, self.measured_as)


class KpiFile(_Part):
    """The whole file."""

    windows: WindowsPart = Field(default=WindowsPart(), description="a table [windows]")
    business_time: BusinessTimePart = Field(default=BusinessTimePart(), description="a table [business_time]")
    satisfied: dict[str, ThresholdPart] = Field(
        default={}, description='a table [satisfied] with a scale a line, such as "1-5" = { … }'
    )
    complaint: ComplaintPart = Field(default=ComplaintPart(), description="a table [complaint]")
    escalation: EscalationPart = Field(default=EscalationPart(), description="a table [escalation]")
    categories: list[CategoryPart] = Field(default=[], description="tables [[categories]]")
    response_targets: list[TargetPart] | None = Field(default=None, description="tables [[response_targets]]")
    schedules: list[SchedulePart] = Field(default=[], description="tables [[schedules]]")
    holidays: list[HolidaysPart] = Field(default=[], description="tables [[holidays]]")
    goals: list[GoalPart] = Field(default=[], description="tables [[goals]]")
    benchmarks: list[BenchmarkPart] | None = Field(default=None, description="tables [[benchmarks]]")

    def named_accounts(self) -> Iterator[tuple[Place, str]]:
        """Every account that is named, and where."""
        for number, rule in enumerate(self.categories):
            yield from _named("categories", number, "account", {rule.account})
        for number, goal in enumerate(self.goals):
            yield from _named("goals", number, "account", {goal.account})
        for number, schedule in enumerate(self.schedules):
            yield from _named("schedules", number, "accounts", schedule.accounts)
        for number, closed in enumerate(self.holidays):
            yield from _named("holidays", number, "accounts", closed.accounts)

    def meaning(self) -> Meaning:
        targets = self.response_targets
        return Meaning(
            fcr_window_seconds=self.windows.first_contact,
            reopen_window_seconds=self.windows.reopen,
            bot_window_seconds=self.windows.bot,
            survey_wave_seconds=self.windows.survey_wave,
            short_abandon_seconds=self.windows.short_abandon,
            is_last_schedule=self.business_time.schedule == "at_the_end",
            escalation=self.escalation.signs(),
            complaint=self.complaint.signs(),
            response_targets=RESPONSE_TARGETS if targets is None else tuple(one.target() for one in targets),
            categories=tuple(one.rule() for one in self.categories),
            schedules=tuple(one.schedule() for one in self.schedules),
            holidays=tuple(ExtraHolidays(one.accounts, one.dates) for one in self.holidays),
            satisfied={
                scale: Threshold(one.dissatisfied_until, one.satisfied_from)
                for scale, one in self.satisfied.items()
            },
        )


def _named(what: str, number: int, at: str, accounts: Collection[str]) -> Iterator[tuple[Place, str]]:
    for account in sorted(accounts):
        if account != EVERY:
            yield (what, number, at), account
