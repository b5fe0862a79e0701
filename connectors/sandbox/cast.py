"""Who works and who asks at the made-up helpdesk: teams, agents, customers, organisations, hours.

Everybody has a small whole number, their key. Vendors' ids are made from it by the dialects.
"""

from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

BOT = 9_000
"""The key of the conversational assistant."""
FIRST_CUSTOMER = 10_000

_FIRST = [
    "Ada",
    "Bruno",
    "Chiara",
    "Dmitri",
    "Elif",
    "Farah",
    "Goran",
    "Hana",
    "Ines",
    "Jonas",
    "Kofi",
    "Lena",
    "Mateo",
    "Nadia",
    "Oskar",
    "Priya",
    "Quentin",
    "Rosa",
    "Sven",
    "Tomoko",
    "Uma",
    "Viktor",
    "Wanjiru",
    "Ximena",
    "Yusuf",
    "Zoé",
    "Anneliese",
    "Benedikt",
    "Carmen",
    "Danilo",
]
_LAST = [
    "Abel",
    "Bianchi",
    "Castillo",
    "Dvořák",
    "Eklund",
    "Ferreira",
    "Grünwald",
    "Haddad",
    "Ivanova",
    "Jensen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Nakamura",
    "Okafor",
    "Petrov",
    "Quiroga",
    "Rossi",
    "Schäfer",
    "Tanaka",
    "Ueda",
    "Van-Dijk",
    "Weber",
    "Xu",
    "Yamada",
    "Zimmermann",
    "Adeyemi",
    "Brandt",
    "Costa",
    "D'Amico",
    "Esposito",
    "Fournier",
    "Gallo",
    "Hoffmann",
    "Ito",
    "Jansen",
    "Keller",
]
_TRADES = [
    "Logistics",
    "Foods",
    "Optics",
    "Textiles",
    "Robotics",
    "Travel",
    "Energy",
    "Media",
    "Clinics",
    "Tools",
    "Gardens",
    "Motors",
]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Weekly windows in minutes since Sunday 00:00 of the zone; holidays are inclusive local dates."""

    key: int
    name: str
    zone: str
    rails_zone: str
    weekly: tuple[tuple[int, int], ...]
    holidays: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    key: int
    name: str
    region: int
    schedule: int
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Agent:
    """`left_at` (epoch seconds) is when somebody stopped working here; 0 while they do."""

    key: int
    name: str
    group: int
    zone: str
    is_admin: bool = False
    is_light: bool = False
    left_at: int = 0

    @property
    def email(self) -> str:
        return f"agent{self.key}@desk.example"


@dataclass(frozen=True, slots=True)
class Customer:
    key: int
    name: str
    email: str
    organisation: int | None
    zone: str


@dataclass(frozen=True, slots=True)
class Organisation:
    key: int
    name: str
    is_vip: bool


def _week(days: range, start: int, end: int) -> tuple[tuple[int, int], ...]:
    return tuple((day * 1440 + start * 60, day * 1440 + end * 60) for day in days)


def _public_holidays(years: range) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        day
        for year in years
        for day in (
            ("New Year", f"{year}-01-01", f"{year}-01-01"),
            ("Company day", f"{year}-05-21", f"{year}-05-22"),
            ("Winter break", f"{year}-12-24", f"{year}-12-26"),
        )
    )


SCHEDULES = (
    Schedule(
        1,
        "Europe",
        "Europe/Berlin",
        "Berlin",
        (*_week(range(1, 6), 8, 18), (6 * 1440 + 540, 6 * 1440 + 780)),
        _public_holidays(range(2023, 2031)),
    ),
    Schedule(
        2,
        "Americas",
        "America/New_York",
        "Eastern Time (US & Canada)",
        _week(range(1, 6), 9, 17),
        tuple(
            holiday
            for year in range(2023, 2031)
            for holiday in (
                ("New Year", f"{year}-01-01", f"{year}-01-01"),
                ("Independence Day", f"{year}-07-04", f"{year}-07-04"),
                ("Christmas", f"{year}-12-25", f"{year}-12-25"),
            )
        ),
    ),
    Schedule(3, "Hotline", "Europe/Berlin", "Berlin", _week(range(7), 0, 24), ()),
)

GROUPS = (
    Group(1, "Customer Care Europe", 0, 1),
    Group(2, "Customer Care Americas", 1, 2),
    Group(3, "Billing", 0, 1),
    Group(4, "Technical", 1, 2),
    Group(5, "Escalations", 0, 3),
    Group(6, "Night Hotline", 0, 3, is_deleted=True),
)
ESCALATIONS = 5
BRANDS = (("Northwind Home", True), ("Northwind Pro", True), ("Old Harbour", False))
CATEGORIES = ("billing", "shipping", "returns", "login", "bug", "how_to", "complaint", "outage")
CUSTOMER_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Europe/London", "America/Sao_Paulo")


class Cast:
    """The people of one history, sized to its traffic; customers are derived on demand."""

    def __init__(self, *, tickets: int, tickets_a_day: float, start: int) -> None:
        self.start = start
        self.customers = max(20, int(tickets * 0.45))
        self.organisations = max(4, self.customers // 12)
        self.agents = self._hire(min(240, max(14, round(tickets_a_day / 14))))
        self.by_key = {agent.key: agent for agent in self.agents}
        self.by_group = {
            group.key: tuple(a for a in self.agents if a.group == group.key and not a.is_light)
            for group in GROUPS
        }
        self.light = tuple(agent for agent in self.agents if agent.is_light)

    def _hire(self, count: int) -> tuple[Agent, ...]:
        desks = (1, 2, 1, 4, 2, 3, 1, 2, 5, 4, 1, 2, 3, 5)
        staff = []
        for index in range(count):
            group = desks[index % len(desks)]
            zone = SCHEDULES[GROUPS[group - 1].region].zone
            staff.append(
                Agent(
                    key=index + 1,
                    name=f"{_FIRST[index % len(_FIRST)]} {_LAST[(index * 7) % len(_LAST)]}",
                    group=group,
                    zone=zone,
                    is_admin=index in {0, 1},
                    left_at=self.start + 40 * 86_400 if index in {6, 7} else 0,
                )
            )
        for extra in range(2):
            key = count + 1 + extra
            staff.append(Agent(key, f"{_FIRST[-1 - extra]} Expert", 4, SCHEDULES[1].zone, is_light=True))
        return tuple(staff)

    @cached_property
    def zones(self) -> dict[str, ZoneInfo]:
        return {zone: ZoneInfo(zone) for zone in (*CUSTOMER_ZONES, *(s.zone for s in SCHEDULES))}

    def on_duty(self, group: int, draw: float, at: int) -> Agent:
        """An agent of the group who still works here at that instant."""
        team = self.by_group[group] or self.by_group[1]
        index = int(draw * len(team))
        for step in range(len(team)):
            agent = team[(index + step) % len(team)]
            if not agent.left_at or at < agent.left_at:
                return agent
        return self.agents[0]

    def organisation_of(self, customer: int) -> int | None:
        """Key of the customer's organisation; every third customer has none."""
        number = customer - FIRST_CUSTOMER
        return None if number % 3 == 2 else number * 31 % self.organisations + 1

    def customer(self, key: int) -> Customer:
        number = key - FIRST_CUSTOMER
        first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
        return Customer(
            key,
            f"{first} {last}",
            f"{first}.{number}@customer.example".lower().encode("ascii", "ignore").decode(),
            self.organisation_of(key),
            CUSTOMER_ZONES[number % len(CUSTOMER_ZONES)],
        )

    def organisation(self, key: int) -> Organisation:
        return Organisation(
            key, f"{_LAST[key % len(_LAST)]} {_TRADES[key % len(_TRADES)]} {key}", is_vip=key % 11 == 0
        )
