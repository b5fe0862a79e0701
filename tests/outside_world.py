"""A made-up business that no helpdesk knows, as lists of plain values, and the files it would drop."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from tests.kpi_office import OFFICE, Line, Office

ACCOUNTS = (OFFICE, "north", "south")
BEGAN = datetime(2026, 8, 20, tzinfo=UTC)
NOW = datetime(2026, 11, 4, 15, tzinfo=UTC)
PEOPLE = ("ann", "bob", "cem", None)
GROUPS = ("care", "billing", None)
TEAMS = ("day", "night", "weekend", "managers", None)
DIMENSIONS = ("reliability", "assurance", "tangibles", "empathy", "responsiveness")
CSAT_SCALES = {"good_bad": (0, 1), "1-2": (1, 2), "1-3": (1, 3), "1-5": (1, 5), "1-7": (1, 7), "1-10": (1, 10),
               "0-10": (0, 10)}  # fmt: skip
EFFORT_SCALES = {"ease_1_7": 7, "effort_1_7": 7, "ease_1_5": 5, "effort_1_5": 5}
OUTCOMES = ("answered", "answered", "answered", "abandoned_in_queue", "abandoned_in_queue", "abandoned_in_ivr",
            "abandoned_in_voicemail", "abandoned_on_hold", "voicemail", "missed", "failed", "other")  # fmt: skip
FIGURES = ("active_customers", "orders", "support_cost", "automation_runs", "automation_successes")


class World:
    """What was told so far: of each file its lines, a corrected file's in place of those it gave before."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = NOW
        self.files: dict[str, list[Line]] = {}
        self._order: list[str] = []
        self._instants: set[datetime] = set()

    def lines(self, kind: str) -> list[Line]:
        """Those that stand: of lines with one id the last."""
        found: dict[Any, Line] = {}
        for name in self._order:
            if name.split("-")[0] == kind:
                for line in self.files[name]:
                    found.pop(key := _key(kind, line), None)
                    found[key] = line
        return list(found.values())

    def drop(self, office: Office, name: str, lines: list[Line]) -> None:
        if name in self.files:
            self._order.remove(name)
        self._order.append(name)
        self.files[name] = lines
        office.drop(name, lines)

    def begin(self, office: Office, *kinds: str) -> None:
        """Of some kinds, or of all."""
        for kind in kinds or _TELLERS:
            self.drop(office, f"{kind}-1", list(_TELLERS[kind](self, 1)))

    def go_on(self, office: Office, *kinds: str) -> None:
        """Some days later: more of it, and corrections of what was told."""
        self.now += timedelta(days=6, hours=11)
        for kind in kinds or _TELLERS:
            self.drop(office, f"{kind}-2", list(_TELLERS[kind](self, 2)))
        for kind in kinds or _TELLERS:
            if kind != "customers":
                kept = [line for line in self.files[f"{kind}-1"] if self.random.random() < 0.9]
                self.drop(office, f"{kind}-1", kept)

    # -- dice -----------------------------------------------------------------------------------

    def any(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def at(self) -> datetime:
        """An instant of the past that nothing else happened at."""
        while True:
            seconds = self.random.randrange(int((self.now - BEGAN).total_seconds()))
            found = BEGAN + timedelta(seconds=seconds)
            if found not in self._instants:
                self._instants.add(found)
                return found

    def account(self) -> str | None:
        return self.any(None, "north", "north", "south")


def account_of(line: Line) -> str:
    return line["account"] or OFFICE


def _key(kind: str, line: Line) -> Any:
    account = account_of(line)
    if kind == "agent_time":
        return account, line["agent_id"], line["day"]
    if kind == "business_figures":
        return account, line["name"], line["grain"], line["period_start"]
    return account, line["id"]


def _surveys(world: World, part: int) -> Iterator[Line]:
    for number in range(500 if part == 1 else 150):
        kind = world.any("csat", "csat", "csat", "nps", "ces", "employee", "employee", "sentiment")
        common = {"id": f"s{part}-{number}", "account": world.account(), "survey_type": kind,
                  "survey": world.any("spring", "autumn"), "answered_at": world.at()}  # fmt: skip
        yield {**common, **_ANSWERS[kind](world)}


def _csat(world: World) -> Line:
    scale = world.any(*CSAT_SCALES)
    low, high = CSAT_SCALES[scale]
    said: dict[str, Any] = {
        "scale": scale,
        "score": world.random.randint(low, high),
        "comment": world.any(None, "Fine", "Too slow, sadly"),
        "ticket_id": world.any(None, *map(str, range(60))),
        "agent_id": world.any(*PEOPLE),
        "group_id": world.any(*GROUPS),
        "offered_at": world.any(None, world.at()),
    }
    if said["offered_at"] and world.random.random() < 0.4:
        said |= {"score": None, "comment": None, "answered_at": None}
    return said


def _nps(world: World) -> Line:
    """Several people may answer about one ticket."""
    who = world.any(None, *"abcdefghij")
    return {"survey": world.any("spring", "autumn", None), "scale": "0-10",
            "score": world.any(*range(11), 9, 10, 10, 7.5), "respondent_id": who,
            "ticket_id": world.any(None, "1", "2") if who else None, "agent_id": world.any(*PEOPLE),
            "group_id": world.any(*GROUPS)}  # fmt: skip


def _ces(world: World) -> Line:
    if world.random.random() < 0.2:
        return {"scale": None, "score": world.any("easy", "burdensome", "difficult")}
    scale = world.any(*EFFORT_SCALES)
    return {"scale": scale, "score": world.random.randint(1, EFFORT_SCALES[scale]), "agent_id": world.any(*PEOPLE),
            "group_id": world.any(*GROUPS)}  # fmt: skip


def _employee(world: World) -> Line:
    scale = world.any("1-5", "0-10")
    low, high = CSAT_SCALES[scale]
    return {
        "scale": scale,
        "score": world.random.randint(low, high),
        "team": world.any(*TEAMS, "day", "night"),
    }


def _sentiment(world: World) -> Line:
    """Of each message; a ticket has several."""
    return {"scale": world.any(None, "0-100"), "score": world.any(0, 12.5, 41, 60, 99.9, 100),
            "ticket_id": world.any(None, "1", "2", "3"), "agent_id": world.any(*PEOPLE),
            "group_id": world.any(*GROUPS)}  # fmt: skip


_ANSWERS = {"csat": _csat, "nps": _nps, "ces": _ces, "employee": _employee, "sentiment": _sentiment}


def _servqual(world: World, part: int) -> Iterator[Line]:
    """A respondent answers in one go; some leave a dimension out."""
    for respondent in range(50 if part == 1 else 12):
        account, survey, at = world.account(), world.any("spring", "autumn"), world.at()
        for dimension in DIMENSIONS:
            for item in range(world.any(0, 1, 2, 3, 4, 5)):
                yield {
                    "id": f"q{part}-{respondent}-{dimension}-{item}", "account": account, "survey": survey,
                    "respondent_id": f"r{part}-{respondent}", "dimension": dimension, "item": str(item),
                    "expectation": world.random.randint(1, 7), "perception": world.random.randint(1, 7),
                    "answered_at": at,
                }  # fmt: skip


def _agent_time(world: World, part: int) -> Iterator[Line]:
    for _ in range(180 if part == 1 else 40):
        available = world.any(0, 14_400, 27_000, 28_800)
        productive = world.any(None, int(available * world.random.random()), 0)
        yield {"account": world.account(), "agent_id": world.any("ann", "bob", "cem"), "day": world.at().date(),
               "available_seconds": available, "productive_seconds": productive,
               "group_id": world.any(*GROUPS)}  # fmt: skip


def _customers(world: World, part: int) -> Iterator[Line]:
    """The second file corrects some of the first, and adds to them."""
    for number in range(90 if part == 1 else 110):
        if part == 2 and 20 <= number < 80:
            continue
        started = world.any(None, *[BEGAN - timedelta(days=world.random.randint(0, 90)) for _ in range(3)],
                            *[world.at() for _ in range(3)])  # fmt: skip
        yield {"id": f"c{number}", "account": world.account(), "started_at": started,
               "churned_at": world.any(None, None, world.at())}  # fmt: skip


def _purchases(world: World, part: int) -> Iterator[Line]:
    for number in range(220 if part == 1 else 60):
        yield {"id": f"p{part}-{number}", "account": world.account(), "customer_id": f"c{world.random.randrange(40)}",
               "purchased_at": world.at(), "amount": world.any(None, "49.90"), "upsell": world.any(True, False)}  # fmt: skip


def _figures(world: World, part: int) -> Iterator[Line]:
    for _ in range(120 if part == 1 else 40):
        day, grain = world.at().date(), world.any("day", "week", "month")
        yield {"account": world.account(), "name": world.any(*FIGURES[3:]), "grain": grain,
               "period_start": _start(grain, day), "value": world.random.randint(0, 400)}  # fmt: skip


def _start(grain: str, day: date) -> date:
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain == "month" else day


def _calls(world: World, part: int) -> Iterator[Line]:
    for number in range(300 if part == 1 else 80):
        outcome, at, seconds = world.any(*OUTCOMES), world.at(), world.random.randint
        spoke = outcome in ("answered", "abandoned_on_hold")
        wait, talk, hold = world.any(None, seconds(0, 10), seconds(0, 400)), seconds(0, 900), seconds(0, 90)
        ended = at + timedelta(seconds=(wait or 0) + talk + hold + seconds(0, 20))
        yield {
            "id": f"k{part}-{number}", "account": world.account(), "ticket_id": world.any(None, *map(str, range(40))),
            "agent_id": world.any(*PEOPLE) if spoke else None, "group_id": world.any(*GROUPS),
            "direction": world.any("inbound", "inbound", "outbound"), "outcome": outcome, "started_at": at,
            "ended_at": world.any(None, ended), "wait_seconds": wait,
            "talk_seconds": world.any(None, talk, talk, talk) if spoke else None,
            "hold_seconds": world.any(None, hold) if spoke else None,
            "wrap_seconds": world.any(None, seconds(0, 120)) if spoke else None,
        }  # fmt: skip


_TELLERS = {
    "survey_answers": _surveys,
    "servqual_answers": _servqual,
    "agent_time": _agent_time,
    "customers": _customers,
    "purchases": _purchases,
    "business_figures": _figures,
    "calls": _calls,
}
