"""Clocks of promises as a log tells them: when they ran, with what target, and what became of them."""

from dataclasses import replace
from typing import Any

from kpi.calendar import SECOND, OpenHours, local_days, schedule_of
from kpi.facts import Context, EventInput, TicketFacts, TicketInput, ticket_facts
from kpi.lesser import SlaFact, SlaInput
from tests.kpi_desk import instant

_HOURS = {
    zone: OpenHours(schedule_of(zone, {str(day): [[32_400, 61_200]] for day in range(5)}))
    for zone in ("Europe/Berlin", "America/New_York")
}
"""9 to 17 on weekdays."""
CONTEXT = Context(days=local_days("UTC"), schedules=_HOURS, default_schedule=_HOURS["Europe/Berlin"])
"""4 March 2024 is a Monday; Berlin is an hour ahead of UTC then, New York five behind."""


def at(text: str) -> int:
    return int(instant(f"2024-03-{text}Z").timestamp()) * SECOND


def step(when: str, event: str, target: int | None = None, **known: Any) -> SlaInput:
    nothing = dict.fromkeys(SlaInput._fields)
    told = {"at": at(when), "id": f"{when}-{event}", "metric": "first_reply", "instance": 1, "event": event,
            "target_seconds": target, "is_business": 1, "is_deleted": 0}  # fmt: skip
    return SlaInput(**{**nothing, **told, **known})


def happened(when: str, event: str, value: str | None, **known: Any) -> EventInput:
    nothing = dict.fromkeys(EventInput._fields)
    told = {"at": at(when), "sequence": 0, "id": f"{when}-{event}", "event": event, "value": value,
            "source": "vendor"}  # fmt: skip
    return EventInput(**{**nothing, **told, **known})


def facts_of(*rows: SlaInput | EventInput, context: Context = CONTEXT) -> TicketFacts:
    nothing: dict[str, Any] = dict.fromkeys(TicketInput._fields)
    always: dict[str, Any] = {"account": "acme", "id": "1", "channel": "email", "tags": "[]", "created_at": at("02T12:00:00"),
              "is_spam": 0, "is_test": 0, "is_imported": 0, "is_merged": 0, "is_bot_handled": 0,
              "vendor_resolution_unit_seconds": 1}  # fmt: skip
    events = [row for row in rows if isinstance(row, EventInput)]
    steps = [row for row in rows if isinstance(row, SlaInput)]
    opened = happened("02T12:00:00", "created", "open")
    return ticket_facts(TicketInput(**{**nothing, **always}), [opened, *events], context, sla=steps)


def clock(*rows: SlaInput | EventInput) -> SlaFact:
    [fact] = facts_of(*rows).sla
    return fact


def test_a_change_of_the_schedule_moves_what_a_running_clock_is_due() -> None:
    started = step("02T12:00:00", "activated"), step("02T12:00:00", "applied", 7_200)
    berlin = happened("02T12:00:00", "schedule", "Europe/Berlin")
    assert clock(*started, berlin).due_at == at("04T10:00:00")
    moved = clock(*started, berlin, happened("03T10:00:00", "schedule", "America/New_York"))
    assert (moved.due_at, moved.breached_at) == (at("04T16:00:00"), at("04T16:00:00") + 1)


def test_what_ran_before_a_change_of_the_schedule_counts_under_the_old_one() -> None:
    ran = step("04T08:00:00", "activated"), step("04T08:00:00", "applied", 4 * 3_600)
    paused = step("04T09:00:00", "paused"), step("05T09:00:00", "activated")
    berlin = happened("02T12:00:00", "schedule", "Europe/Berlin")
    moved = happened("05T10:00:00", "schedule", "America/New_York")
    assert clock(*ran, *paused, berlin, moved).due_at == at("05T16:00:00")


def risks(*rows: SlaInput | EventInput, context: Context = CONTEXT) -> list[tuple[int, int]]:
    return [(span.risk_at, span.risk_until) for span in facts_of(*rows, context=context).risks]


def test_a_clock_in_opening_hours_is_at_risk_when_four_fifths_of_them_are_used() -> None:
    """Ten hours of opening from Monday at 13:00 in Berlin on: eight of them are over on Tuesday at 13:00."""
    started = step("04T12:00:00", "activated"), step("04T12:00:00", "applied", 36_000)
    assert risks(*started) == [(at("05T12:00:00"), at("05T14:00:00") + 1)]
    assert clock(*started).risk_at == at("05T12:00:00")


def test_a_weekend_uses_nothing_of_a_clock_in_opening_hours() -> None:
    started = step("02T12:00:00", "activated"), step("02T12:00:00", "applied", 7_200)
    assert risks(*started) == [(at("04T09:30:00"), at("04T10:00:00") + 1)]
    around_the_clock = step("02T12:00:00", "applied", 7_200, is_business=0)
    assert risks(started[0], around_the_clock) == [(at("02T13:30:00"), at("02T14:00:00") + 1)]


def test_a_clock_may_be_at_risk_more_than_once_and_not_while_it_is_paused() -> None:
    rows = (
        step("04T09:00:00", "activated"),
        step("04T09:00:00", "applied", 7_200),
        step("04T10:45:00", "paused"),
        step("04T13:00:00", "activated"),
        step("04T13:05:00", "fulfilled"),
    )
    assert risks(*rows[:3]) == [(at("04T10:30:00"), at("04T10:45:00"))]
    assert clock(*rows[:3]).risk_at is None
    assert risks(*rows)[1:] == [(at("04T13:00:00"), at("04T13:05:00"))]


def test_another_target_ends_a_risk_or_begins_one() -> None:
    started = step("04T09:00:00", "activated"), step("04T09:00:00", "applied", 7_200)
    relieved = step("04T10:40:00", "applied", 6 * 3_600)
    assert risks(*started, relieved) == [
        (at("04T10:30:00"), at("04T10:40:00")),
        (at("04T13:48:00"), at("04T15:00:00") + 1),
    ]
    hurried, broken = step("04T10:00:00", "applied", 3_600), step("04T10:00:00", "breached")
    assert risks(*started, hurried, broken) == []
    assert risks(*started, step("04T10:00:00", "applied", 4_000))[0][0] == at("04T10:00:00")


def test_a_risk_goes_with_whoever_has_the_ticket() -> None:
    started = step("04T09:00:00", "activated"), step("04T09:00:00", "applied", 7_200)
    taken = happened("04T09:10:00", "agent", "ann"), happened("04T10:50:00", "agent", "bob")
    found = [(span.risk_at, span.agent_id) for span in facts_of(*started, *taken).risks]
    assert found == [(at("04T10:30:00"), "ann"), (at("04T10:50:00"), "bob")]


def test_where_no_hours_are_known_the_last_half_hour_before_the_vendor_s_breach_is_left() -> None:
    rows = (
        step("04T09:00:00", "activated"),
        step("04T09:00:00", "applied", 36_000),
        step("05T09:00:00", "breached"),
    )
    unknown = replace(CONTEXT, schedules=None, default_schedule=None)
    assert risks(*rows, context=unknown) == [(at("05T08:30:00"), at("05T09:00:00"))]
    assert risks(*rows[:2], context=unknown) == []
