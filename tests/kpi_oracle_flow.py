"""KPIs of what is said and done on a ticket beyond the basic ones: first responses of every kind, contacts, bots,
promised response times, assignments, marks. Written from the definitions alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from connectors.sandbox.calls import Calls
from connectors.sandbox.cast import ESCALATIONS
from connectors.sandbox.story import Event
from tests.kpi_life import DONE, Case, Life
from tests.kpi_meant import COMPLAINT_CATEGORY, COMPLAINT_TYPE, MARKING_TAG
from tests.kpi_oracle import (
    DIMENSIONS,
    ByTicket,
    Cell,
    Cells,
    Flow,
    Measure,
    Stock,
    Tell,
    Truth,
    counted,
    of_each,
    shared,
    spread,
)

HOUR, DAY = 3_600, 86_400
FIRST_CONTACT_WINDOW, BOT_WINDOW, AGED = 7 * DAY, 72 * HOUR, 7 * DAY
ANSWERED = ("answered", "abandoned_on_hold")
"""Who hangs up on hold had been answered."""


# First responses ----------------------------------------------------------------------------------


def words_of(life: Life, *roles: str) -> list[Event]:
    """What was said in public after the opening."""
    return [
        event
        for event in life.events
        if event.kind == "message" and event.public and event.role in roles and event.update
    ]


def _first_words(life: Life) -> Iterator[Case]:
    """Of a person or a bot."""
    said = words_of(life, "agent", "bot")
    if said and not life.is_outbound:
        first = said[0]
        author = first.actor if first.role == "agent" else 0
        yield Case(life.number, first.at, first.at - life.created, author, life.group(first.at))


def _first_reply_of_any_ticket(life: Life) -> Iterator[Case]:
    if life.replies:
        reply = life.replies[0]
        yield Case(life.number, reply.at, reply.at - life.created, reply.actor, life.group(reply.at))


def handed_off_at(life: Life) -> list[int]:
    return [event.at for event in life.events if event.kind == "bot_handoff"]


def _first_reply_after_handoff(life: Life) -> Iterator[Case]:
    if life.replies and not life.is_outbound:
        reply = life.replies[0]
        since = max([life.created, *(at for at in handed_off_at(life) if at <= reply.at)])
        yield Case(life.number, reply.at, reply.at - since, reply.actor, life.group(reply.at))


def response_target(truth: Truth, life: Life) -> int:
    """Seconds: urgent 900, low 86400, else chat and messaging 60, phone 180, everything else 3600."""
    channel = truth.words.channels.get(life.ticket.channel, life.ticket.channel)
    priority = life.ticket.priority or truth.words.no_priority
    if priority in ("urgent", "low"):
        return 900 if priority == "urgent" else 86_400
    return {"chat": 60, "messaging": 60, "phone": 180}.get(channel, 3_600)


def _within_target(truth: Truth) -> Iterator[Case]:
    for life in truth.countable:
        if life.is_outbound:
            continue
        target = response_target(truth, life)
        due = life.created + target
        if life.replies:
            reply = life.replies[0]
            met = int(reply.at - life.created <= target)
            yield Case(life.number, reply.at, met, reply.actor, life.group(reply.at))
        elif due < truth.now and not any(at <= due for at in life.solves):
            yield Case(life.number, due, 0, life.agent(due), life.group(due))


# Contacts -----------------------------------------------------------------------------------------


def answered_calls(truth: Truth) -> Mapping[int, list[int]]:
    """When calls about a ticket that somebody took began."""
    found: dict[int, list[int]] = {}
    if truth.words.has_calls:
        for call in Calls(truth.desk).all():
            if call.ticket and call.outcome in ANSWERED:
                found.setdefault(call.ticket, []).append(call.at)
    return found


def contacts(life: Life, calls: Sequence[int], until: int) -> int:
    """Bursts of the staff's words, until a customer writes."""
    said = [(event.at, event.role) for event in life.events if event.kind == "message" and event.public]
    if life.is_outbound:
        del said[0]
    said = sorted([*said, *((at, "agent") for at in calls)], key=lambda one: one[0])
    many, before = 0, "end_user"
    for at, role in said:
        if at <= until and role in ("agent", "end_user"):
            many += role == "agent" and before != "agent"
            before = role
    return many


def _first_contact(truth: Truth, *, strict: bool) -> Iterator[Case]:
    calls = answered_calls(truth)
    asked: dict[int, list[int]] = {}
    for life in truth.countable:
        if not life.is_outbound:
            asked.setdefault(life.ticket.requester, []).append(life.created)
    for life in truth.countable:
        if life.is_outbound or not life.solves:
            continue
        first = life.solves[0]
        until = first + FIRST_CONTACT_WINDOW
        many = contacts(life, calls.get(life.number, ()), until)
        if until > truth.now or not many:
            continue
        came_back = strict and any(first < at <= until for at in asked[life.ticket.requester])
        good = many == 1 and life.status(until) in DONE and not came_back
        yield Case(life.number, first, int(good), life.agent(first), life.group(first))


def _first_contact_by_creation(truth: Truth) -> Iterator[Case]:
    for case in _first_contact(truth, strict=False):
        life = truth.lives[case.ticket]
        yield case._replace(at=life.created, agent=life.ticket.agent, group=life.ticket.group)


# Bots ---------------------------------------------------------------------------------------------


def had_bot(life: Life) -> bool:
    return any(event.role == "bot" for event in life.events)


def _bot_outcomes(life: Life) -> Iterator[tuple[str, int]]:
    if not had_bot(life) or life.is_outbound:
        return
    replies = [reply.at for reply in life.replies]
    handed = min([*handed_off_at(life), *replies], default=None)
    by_bot = [event.at for event in life.events if event.kind == "bot_resolved"]
    resolved = min([*by_bot, *life.solves[:1]], default=None)
    if handed is not None and (resolved is None or handed <= resolved):
        yield "handed_off", handed
    elif resolved is not None and resolved + BOT_WINDOW <= life.now:
        came_back = any(resolved < at <= resolved + BOT_WINDOW for at in replies)
        yield "returned" if came_back else "deflected", resolved


def _bots(outcome: str, life: Life) -> Iterator[Case]:
    for came_to, at in _bot_outcomes(life):
        yield Case(life.number, at, int(came_to == outcome), life.agent(at), life.group(at))


# Assignments, marks, turns, ages ------------------------------------------------------------------


def _first_assignment(life: Life) -> Iterator[Case]:
    taken = [event for event in life.events if event.kind == "agent" and event.value not in (None, "0")]
    if taken:
        at = taken[0].at
        yield Case(life.number, at, at - life.created, int(taken[0].value or 0), life.group(at))


def _created(life: Life, value: bool) -> Case:
    return Case(life.number, life.created, int(value), life.ticket.agent, life.ticket.group)


def is_tagged(life: Life) -> bool:
    return any(event.kind == "tag_added" and event.value == MARKING_TAG for event in life.events)


def was_moved_to_escalations(life: Life) -> bool:
    return any(
        event.kind == "group" and event.value == str(ESCALATIONS) and event.update for event in life.events
    )


def _complaints(truth: Truth) -> Iterator[Case]:
    for life in truth.countable:
        bears = life.ticket.category == COMPLAINT_CATEGORY
        if truth.words.has_marks:
            bears = bears or life.ticket.type == COMPLAINT_TYPE or is_tagged(life)
        yield _created(life, bears)


def _escalations(truth: Truth) -> Iterator[Case]:
    for life in truth.countable:
        yield _created(life, was_moved_to_escalations(life) or (truth.words.has_marks and is_tagged(life)))


def open_turn(life: Life) -> int | None:
    """Since when a customer waits for an answer that has not come."""
    asked = None if life.is_outbound else life.created
    for event in life.events:
        if event.kind == "message" and event.public and event.update:
            if event.role == "end_user":
                asked = event.at if asked is None else asked
            elif event.role == "agent":
                asked = None
    return asked


def _waiting_turns(truth: Truth, at: int) -> Iterator[Case]:
    """A ticket that is solved now does not wait for its last answer; a turn is that of whoever has it now."""
    for life in truth.countable:
        for asked, reply in life.turns():
            if asked <= at < reply.at:
                yield Case(life.number, at, 1, life.ticket.agent, life.ticket.group)
        asked_last = open_turn(life)
        if asked_last is not None and asked_last <= at and not life.is_solved:
            yield Case(life.number, at, 1, life.ticket.agent, life.ticket.group)


def _ages(truth: Truth, at: int) -> Iterator[Case]:
    """Up to the midnight that ends the day; today up to now."""
    until = at if at == truth.now else at + 1
    for life in truth.countable:
        if life.created <= at and life.status(at) not in DONE:
            yield Case(life.number, at, until - life.created, life.agent(at), life.group(at))


def _aged(truth: Truth, at: int) -> Iterator[Case]:
    return (case._replace(value=1) for case in _ages(truth, at) if case.value > AGED)


class Bucket(NamedTuple):
    """Those older than some days, without those older than others."""

    since: int
    until: int | None
    dimensions: tuple[str, ...] = DIMENSIONS

    @property
    def parts(self) -> list[tuple[Stock, int]]:
        limits = [(self.since, 1)] + ([] if self.until is None else [(self.until, -1)])
        return [(Stock(partial(_older_than, days), counted), sign) for days, sign in limits]

    def cells(self, truth: Truth, grain: str, dimension: str) -> Cells:
        """As many rows as there are older ones than the first limit, and so many cases it rests on."""
        (older, _), *others = [(part.cells(truth, grain, dimension), sign) for part, sign in self.parts]
        found: Cells = {}
        for key, cell in older.items():
            less = sum(part[key].values["value"] for part, _ in others if key in part)
            found[key] = Cell(cell.n, {"value": cell.values["value"] - less})
        return found

    def by_ticket(self, truth: Truth) -> ByTicket:
        found: ByTicket = {}
        for part, sign in self.parts:
            for ticket, listed in part.by_ticket(truth).items():
                found.setdefault(ticket, []).extend((day, value * sign) for day, value in listed)
        return {ticket: sorted(listed) for ticket, listed in found.items()}


def _older_than(days: int, truth: Truth, at: int) -> Iterator[Case]:
    return (case._replace(value=1) for case in _ages(truth, at) if not days or case.value > days * DAY)


def _each(tell: Callable[[Life], Iterator[Case]]) -> Tell:
    return partial(of_each, tell)


FLOW: Mapping[str, Measure] = {
    "first_response_time_any": Flow(_each(_first_words), spread),
    "first_response_time_zendesk": Flow(_each(_first_reply_of_any_ticket), spread),
    "first_response_time_after_handoff": Flow(_each(_first_reply_after_handoff), spread),
    "first_response_within_target_rate": Flow(_within_target, shared),
    "fcr_rate": Flow(partial(_first_contact, strict=False), shared),
    "fcr_rate_strict": Flow(partial(_first_contact, strict=True), shared),
    "fcr_rate_created": Flow(_first_contact_by_creation, shared),
    "bot_deflection_rate": Flow(_each(partial(_bots, "deflected")), shared),
    "bot_handoff_rate": Flow(_each(partial(_bots, "handed_off")), shared),
    "time_to_first_assignment": Flow(_each(_first_assignment), spread),
    "complaint_rate": Flow(_complaints, shared),
    "escalation_rate": Flow(_escalations, shared),
    "unanswered_turns": Stock(_waiting_turns, counted),
    "backlog_age": Stock(_ages, spread),
    "backlog_aged_count": Stock(_aged, counted),
    "backlog_age_0_to_1d": Bucket(0, 1),
    "backlog_age_1_to_3d": Bucket(1, 3),
    "backlog_age_3_to_7d": Bucket(3, 7),
    "backlog_age_7_to_30d": Bucket(7, 30),
    "backlog_age_over_30d": Bucket(30, None),
}
