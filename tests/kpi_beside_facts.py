"""Of a desk's history and of plain lines about it, which count for a KPI, on which day and how much."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from connectors.sandbox.calls import Call, Calls
from tests.kpi_beside import COMPLAINTS, PERSONS, STAFF
from tests.kpi_life import Life
from tests.kpi_office import Line
from tests.kpi_oracle import Truth
from tests.kpi_oracle_rows import Fact
from tests.kpi_service import NOW

FRESHDESK_CODES = {5: 103, 4: 102, 3: 100, 2: -102, 1: -103}
HUBSPOT_VERDICTS = {5: 1, 4: 1, 3: 0, 2: -1, 1: -1}
FRESHDESK_TYPES = {
    "question": "Question",
    "incident": "Incident",
    "problem": "Problem",
    "task": "Feature Request",
}
HANDLED = ("answered", "abandoned_on_hold")
STEPS = {"abandoned_in_ivr": "ivr", "abandoned_in_queue": "queue", "abandoned_in_voicemail": "voicemail",
         "abandoned_on_hold": "on_hold"}  # fmt: skip


class Beside:
    """The desk as it is now, and the lines, in one reporting zone."""

    def __init__(self, truth: Truth, vendor: str, lines: Mapping[str, Sequence[Line]]) -> None:
        self.truth, self.vendor, self.lines = truth, vendor, lines
        self.today = truth.day(truth.now)
        self._calls = list(Calls(truth.desk).all()) if vendor != "freshdesk" else []

    def described(self, life: Life) -> Mapping[str, Sequence[str]]:
        """By what the ticket is now."""
        words, ticket = self.truth.words, life.ticket
        priority, category = ticket.priority or words.no_priority, self.category(life)
        kind = FRESHDESK_TYPES.get(ticket.type or "") if self.vendor == "freshdesk" else ticket.type
        return {
            "channel": (words.channels.get(ticket.channel, ticket.channel),),
            "priority": (priority,) if priority else (),
            "category": (category,) if category else (),
            "type": (kind,) if kind and self.vendor != "hubspot" else (),
            "tag": tuple(ticket.tags) if self.vendor != "hubspot" else (),
            "category_priority": (f"{category}/{priority}",) if category and priority else (),
        }

    def category(self, life: Life) -> str | None:
        category = life.ticket.category
        return category.upper() if category and self.vendor == "hubspot" else category

    def held(self, agent: int, group: int) -> Mapping[str, Sequence[str]]:
        words = self.truth.words
        return {
            "agent": (words.agent(agent),) if agent else (),
            "group": (words.group(group),) if group else (),
        }

    def fact(self, life: Life, at: int, value: Any = 1, *, is_now: bool = False, **more: Any) -> Fact:
        """With whom the ticket was at that instant, or is."""
        ticket = life.ticket
        who = self.held(ticket.agent, ticket.group) if is_now else self.held(life.agent(at), life.group(at))
        return Fact(self.vendor, self.truth.day(at), value, {**self.described(life), **who}, **more)

    # -- tickets --------------------------------------------------------------------------------

    def created(self) -> list[Fact]:
        return [self.fact(life, life.created, is_now=True) for life in self.truth.countable]

    def contacts(self) -> list[Fact]:
        """Tickets that customers opened; the key is who."""
        return [
            self.fact(life, life.created, is_now=True, key=str(life.ticket.requester))
            for life in self.truth.countable
            if not life.is_outbound
        ]

    def complaints(self) -> list[Fact]:
        return [
            self.fact(life, life.created, is_now=True)
            for life in self.truth.countable
            if self.is_complaint(life)
        ]

    def is_complaint(self, life: Life) -> bool:
        is_escalated = "escalated" in life.ticket.tags and self.vendor != "hubspot"
        return is_escalated or life.ticket.category in COMPLAINTS

    def solved(self) -> list[Fact]:
        """The value is how long that took."""
        return [
            self.fact(life, life.solves[-1], life.solves[-1] - life.created)
            for life in self.truth.countable
            if life.is_solved
        ]

    def figures(self, name: str, grain: str) -> list[Fact]:
        return [
            Fact(line["account"], line["period_start"], Fraction(line["value"]))
            for line in self.lines["business_figures"]
            if (line["name"], line["grain"]) == (name, grain)
        ]

    # -- answers --------------------------------------------------------------------------------

    def offers(self) -> list[tuple[Life, Fact]]:
        return [
            (life, self.fact(life, event.at, key=str(life.number)))
            for life in self.truth.countable
            for event in life.events
            if event.kind == "survey_offered"
        ]

    def raw_answers(self) -> list[Fact]:
        """The last answer of each as the vendor writes it, on the day it was given; HubSpot keeps the first's day."""
        code, given = (FRESHDESK_CODES, -1) if self.vendor == "freshdesk" else (HUBSPOT_VERDICTS, 0)
        return [
            self.fact(life, life.answers[given].at, code[_score(life)])
            for life in self.truth.countable
            if life.answers
        ]

    def told_answers(self, kind: str) -> Iterator[tuple[Line, Fact]]:
        """Those of the files, but for those of the staff, or about what does not count any more."""
        numbers = {self.ticket_id(number): life for number, life in self.truth.lives.items()}
        staff = {str(STAFF[self.vendor](agent.key)) for agent in self.truth.desk.cast.agents}
        for line in self.lines["survey_answers"]:
            life = numbers.get(line["ticket_id"] or "")
            if life and self.is_purged(life):
                life = None
            if (
                line["survey_type"] != kind
                or line["respondent_id"] in staff
                or (life and not life.is_countable)
            ):
                continue
            at = int(line["answered_at"].timestamp())
            if life:
                yield line, self.fact(life, at, line["score"])
            else:
                yield line, Fact(self.vendor, self.truth.day(at), line["score"])

    def is_purged(self, life: Life) -> bool:
        """Gone for good before it was ever read, so that nobody knows that it does not count: not so at Zendesk."""
        scrubbed = (event.at for event in life.events if event.kind == "scrubbed")
        return self.vendor != "zendesk" and any(at <= NOW.timestamp() for at in scrubbed)

    def ticket_id(self, number: int) -> str:
        return str(number + self.truth.words.first_ticket)

    def latest(self, answers: Iterable[tuple[Line, Fact]]) -> list[Fact]:
        """Of a respondent and survey no answer that another one followed within 30 days."""
        told = list(answers)
        return [fact for line, fact in told if not any(_takes_its_place(line, other) for other, _ in told)]

    def crm_answers(self, kind: str) -> Iterator[tuple[Line, Fact]]:
        """What HubSpot's customers answer to its other surveys now and then."""
        if self.vendor != "hubspot":
            return
        for life in self.truth.lives.values():
            every = {"ces": 5, "nps": 9}[kind]
            if not life.answers or life.number % every:
                continue
            at, score = life.answers[0].at, _score(life)
            line = {"respondent_id": str(PERSONS["hubspot"](life.ticket.requester)), "survey": "own",
                    "answered_at": datetime.fromtimestamp(at, self.truth.zone)}  # fmt: skip
            if kind == "nps":
                yield line, Fact(self.vendor, self.truth.day(at), score * 2, self._chatted(life, at))
            elif life.is_countable:
                yield line, self.fact(life, at, min(score + 2, 7))

    def _chatted(self, life: Life, at: int) -> Mapping[str, Sequence[str]]:
        """An answer that is about no ticket names the agent of a chat."""
        return self.held(life.agent(at) if life.ticket.channel == "chat" else 0, 0)

    # -- calls ----------------------------------------------------------------------------------

    def called(self, call: Call, at: int, value: int, **members: Sequence[str]) -> Fact:
        group = call.group if call.direction == "inbound" and self.vendor == "zendesk" else 0
        who = {**self.held(call.agent, group), "channel": ("phone",), **members}
        return Fact(self.vendor, self.truth.day(at), value, who, key=str(call.ticket or ""))

    def handled(self, *, with_wrap: bool) -> list[Fact]:
        """HubSpot tells a call's beginning and how long it was talked, held or not: no menu, queue or wrap-up."""
        is_hubspot = self.vendor == "hubspot"
        return [
            self.called(
                call,
                call.at + call.talk + call.hold if is_hubspot else call.ended_at,
                call.talk + call.hold + (self._wrap(call) if with_wrap and not is_hubspot else 0),
            )
            for call in self._calls
            if call.outcome in HANDLED
        ]

    def _wrap(self, call: Call) -> int:
        return call.wrap if call.final_at <= self.truth.now else 0

    def untold_seconds(self) -> int:
        """How much longer the staff was busy with calls than HubSpot tells."""
        is_hubspot = self.vendor == "hubspot"
        return sum(self._wrap(call) for call in self._calls if is_hubspot and call.outcome in HANDLED)

    def inbound(self, *outcomes: str) -> list[Call]:
        return [
            call
            for call in self._calls
            if call.direction == "inbound" and (not outcomes or call.outcome in outcomes)
        ]

    def begun(self, call: Call, value: int) -> Fact:
        """By when it began, and where it was given up."""
        return self.called(call, call.at, value, step=(STEPS[call.outcome],) if call.outcome in STEPS else ())

    def waited(self) -> list[Fact]:
        return [self.begun(call, call.wait) for call in self.inbound(*HANDLED)]

    def offered_calls(self) -> list[Fact]:
        """Who came into the queue, whatever became of them there, but for those who hung up within five seconds."""
        queued = [call for call in self.inbound() if call.outcome != "abandoned_in_ivr"]
        return [
            self.begun(call, int(call.outcome == "abandoned_in_queue"))
            for call in queued
            if call.outcome != "abandoned_in_queue" or call.wait >= 5
        ]

    def inbound_calls(self) -> list[Fact]:
        return [self.begun(call, 1) for call in self.inbound()]

    # -- customers ------------------------------------------------------------------------------

    def lost(self) -> list[Fact]:
        """Customers who left: whether they had opened a ticket in the 90 days before."""
        return [
            Fact(self.vendor, self.truth.day(int(line["churned_at"].timestamp())), int(self._had_asked(line)))
            for line in self.lines["customers"]
            if line["churned_at"] is not None
        ]

    def _had_asked(self, line: Line) -> bool:
        until = line["churned_at"].timestamp()
        return any(
            str(PERSONS[self.vendor](life.ticket.requester)) == line["requester_id"]
            and until - 90 * 86_400 <= life.created <= until
            for life in self.truth.countable
            if not life.is_outbound
        )

    # -- days ahead -----------------------------------------------------------------------------

    def weekdays_before(self, day: date) -> list[date]:
        """The last four same weekdays that are over."""
        before = [day - timedelta(weeks=weeks) for weeks in range(1, 7)]
        return [one for one in before if one < self.today][:4]


def _takes_its_place(line: Line, other: Line) -> bool:
    is_same = all(line[name] == other[name] for name in ("respondent_id", "survey"))
    return is_same and timedelta(0) < other["answered_at"] - line["answered_at"] <= timedelta(days=30)


def _score(life: Life) -> int:
    return int((life.answers[-1].value or "").split("|")[0])
