"""Of the plain lines of files, which count for a KPI, on which day and how much: by reading down the lists."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from tests.kpi_office import Line
from tests.kpi_oracle_rows import (
    Fact,
    Quotient,
    bound,
    different,
    last_day,
    period,
)
from tests.outside_world import World, account_of

STEPS = {"abandoned_in_ivr": "ivr", "abandoned_in_queue": "queue", "abandoned_in_voicemail": "voicemail",
         "abandoned_on_hold": "on_hold"}  # fmt: skip
HANDLED = ("answered", "abandoned_on_hold")


class Outside:
    """The lines that stand, in one reporting zone."""

    def __init__(self, world: World, zone: str) -> None:
        self.world, self.zone, self.today = world, ZoneInfo(zone), world.now.astimezone(ZoneInfo(zone)).date()

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def fact(self, line: Line, day: date, value: Any = 1, **more: Any) -> Fact:
        account = account_of(line)
        members = {
            "agent": bound(account, line.get("agent_id")),
            "group": bound(account, line.get("group_id")),
            **more.pop("members", {}),
        }
        return Fact(account, day, value, members, **more)

    # -- surveys --------------------------------------------------------------------------------

    def answers(self, kind: str, *scales: str) -> list[Line]:
        return [
            line
            for line in self.world.lines("survey_answers")
            if line["survey_type"] == kind
            and line["score"] is not None
            and (not scales or line["scale"] in scales)
        ]

    def rated(self, lines: Sequence[Line], value: Callable[[Line], Any]) -> list[Fact]:
        return [self.fact(line, self.day(line["answered_at"]), value(line)) for line in lines]

    def csat(self) -> list[Line]:
        """Of a ticket and survey the latest; without a ticket each stands alone."""
        return latest(self.answers("csat"), "ticket_id")

    def nps(self) -> list[Line]:
        """Of a respondent and survey no answer that another one followed within 30 days."""
        whole = [line for line in self.answers("nps") if line["score"] == int(line["score"])]
        return [line for line in whole if not any(_takes_the_place_of(line, other) for other in whole)]

    def offered(self) -> list[Line]:
        return [
            line
            for line in self.world.lines("survey_answers")
            if line["survey_type"] == "csat" and line["offered_at"] is not None
        ]

    def response_rate(self) -> Quotient:
        answered = {(account_of(line), _ticket(line)) for line in self.answers("csat")}
        offers = [self.fact(line, self.day(line["offered_at"]), key=_ticket(line)) for line in self.offered()]
        return Quotient(
            [fact for fact in offers if (fact.account, fact.key) in answered], offers, different, different,
            has_interval=True,
        )  # fmt: skip

    def gaps(self, *dimensions: str) -> list[Fact]:
        """Respondents who answered in all of some dimensions, each with the mean of their mean gaps there."""
        lines = sorted(self.world.lines("servqual_answers"), key=_respondent)
        found = []
        for _, items in groupby(lines, key=_respondent):
            told = list(items)
            each = [
                [line["perception"] - line["expectation"] for line in told if line["dimension"] == dimension]
                for dimension in dimensions
            ]
            if all(each):
                gap = sum(Fraction(sum(some), len(some)) for some in each) / len(each)
                found.append(self.fact(told[0], self.day(told[0]["answered_at"]), gap))
        return found

    # -- calls ----------------------------------------------------------------------------------

    def calls(self, *, inbound: bool = False) -> list[Line]:
        return [line for line in self.world.lines("calls") if not inbound or line["direction"] == "inbound"]

    def handled(self, *parts: str) -> list[Fact]:
        """Answered calls of which the talk is known, on the day they ended."""
        return [
            self.fact(line, self.day(ended(line)), sum(line[f"{part}_seconds"] or 0 for part in parts),
                      members={"channel": ("phone",)}, key=line["ticket_id"] or "")
            for line in self.calls()
            if line["outcome"] in HANDLED and line["talk_seconds"] is not None
        ]  # fmt: skip

    def called(self, lines: Sequence[Line], value: Callable[[Line], Any]) -> list[Fact]:
        return [
            self.fact(line, self.day(line["started_at"]), value(line),
                      members={"channel": ("phone",), "step": _step(line)})
            for line in lines
        ]  # fmt: skip

    def offered_calls(self) -> list[Line]:
        """Who came into the queue, as far as it is told, but for those who hung up within five seconds."""
        return [
            line
            for line in self.calls(inbound=True)
            if line["wait_seconds"] is not None and _was_offered(line)
        ]

    def given_up(self) -> Quotient:
        """Of calls that are followed: their wait is told, or they ended before it."""
        followed = [
            line
            for line in self.calls(inbound=True)
            if line["wait_seconds"] is not None or line["outcome"] == "abandoned_in_ivr"
        ]
        inbound = self.called(followed, lambda _: 1)
        some = [fact for fact in inbound if fact.members["step"]]
        return Quotient(some, inbound, is_whole=True, has_interval=True, is_counted=True)

    # -- people and figures ---------------------------------------------------------------------

    def agent_days(self) -> list[Fact]:
        return [
            self.fact(line, line["day"], line["productive_seconds"], over=line["available_seconds"])
            for line in self.world.lines("agent_time")
            if line["available_seconds"] and line["productive_seconds"] is not None
        ]

    def figures(self, name: str, grain: str) -> list[Fact]:
        return [
            self.fact(line, line["period_start"], line["value"])
            for line in self.world.lines("business_figures")
            if (line["name"], line["grain"]) == (name, grain)
        ]

    # -- customers ------------------------------------------------------------------------------

    def customers(self) -> Iterator[tuple[str, str, date, date | None]]:
        """Account, id, first and last day of those whose beginning is known; an end before it is none."""
        for line in self.world.lines("customers"):
            if line["started_at"] is not None:
                ended = line["churned_at"]
                if ended is not None and ended < line["started_at"]:
                    ended = None
                yield account_of(line), line["id"], self.day(line["started_at"]), ended and self.day(ended)

    def followed(self, grain: str) -> Iterator[tuple[date, date]]:
        """The weeks or months since anybody became a customer: first day, and last or today."""
        start = period(grain, min(since for _, _, since, _ in self.customers()))
        while start <= self.today:
            yield start, min(last_day(grain, start), self.today)
            start = last_day(grain, start) + timedelta(days=1)

    def stayed(self, grain: str, *, counts_lost: bool) -> list[Fact]:
        return [
            Fact(account, first, int((until is not None and until <= last) == counts_lost))
            for first, last in self.followed(grain)
            for account, _, since, until in self.customers()
            if since < first and (until is None or until >= first)
        ]

    def tenures(self, grain: str) -> list[Fact]:
        return [
            Fact(account, first, (min(until or last, last) - since).days)
            for first, last in self.followed(grain)
            for account, _, since, until in self.customers()
            if since <= last
        ]

    def upsold(self, grain: str) -> list[Fact]:
        bought = [
            (account_of(line), line["customer_id"], self.day(line["purchased_at"]))
            for line in self.world.lines("purchases")
            if line["upsell"]
        ]
        return [
            Fact(account, first, int(any(
                (account, customer) == (whose, who) and max(first, since) <= day <= min(last, until or last)
                for whose, who, day in bought
            )))
            for first, last in self.followed(grain)
            for account, customer, since, until in self.customers()
            if since <= last and (until is None or until >= first)
        ]  # fmt: skip

    def buyers(self, grain: str) -> list[Fact]:
        bought: dict[tuple[str, date, str], int] = {}
        for line in self.world.lines("purchases"):
            key = account_of(line), period(grain, self.day(line["purchased_at"])), line["customer_id"]
            bought[key] = bought.get(key, 0) + 1
        return [Fact(account, start, int(times > 1)) for (account, start, _), times in bought.items()]


def latest(lines: Sequence[Line], whose: str) -> list[Line]:
    found: dict[Any, Line] = {}
    for line in sorted(lines, key=lambda line: line["answered_at"]):
        alone = line["id"] if line[whose] is None else None
        found[account_of(line), line["survey"], line[whose], alone] = line
    return list(found.values())


def _takes_the_place_of(line: Line, other: Line) -> bool:
    """Who is not named is somebody else each time; surveys without a name are one."""
    after = other["answered_at"] - line["answered_at"]
    is_alike = line["respondent_id"] is not None and _respondent(line) == _respondent(other)
    return is_alike and timedelta(0) < after <= timedelta(days=30)


def _ticket(line: Line) -> str:
    return line["ticket_id"] or f"survey {line['id']}"


def _respondent(line: Line) -> tuple[str, ...]:
    return account_of(line), line["survey"], line["respondent_id"]


def ended(line: Line) -> datetime:
    """As told, or when all that is known of it was over."""
    if line["ended_at"] is not None:
        return line["ended_at"]
    seconds = (line[f"{part}_seconds"] or 0 for part in ("wait", "talk", "hold"))
    return line["started_at"] + timedelta(seconds=sum(seconds))


def _step(line: Line) -> tuple[str, ...]:
    step = STEPS.get(line["outcome"])
    return (step,) if step and line["direction"] == "inbound" else ()


def is_abandoned(line: Line) -> bool:
    return bool(line["outcome"] == "abandoned_in_queue" and line["wait_seconds"] >= 5)


def _was_offered(line: Line) -> bool:
    if line["outcome"] in ("abandoned_in_queue", "abandoned_in_ivr"):
        return is_abandoned(line)
    return line["outcome"] in HANDLED or line["wait_seconds"] > 0
