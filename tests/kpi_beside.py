"""One vendor's desk and a drop folder in one database: what the helpdesk tells, and what the business knows of it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import sqlalchemy as sa

from connectors.sandbox import Desk, Sandbox
from connectors.sandbox.cast import FIRST_CUSTOMER
from connectors.sandbox.freshdesk import words as freshdesk
from connectors.sandbox.hubspot import words as hubspot
from connectors.sandbox.zendesk import ids as zendesk
from connectors.sandbox.zendesk.reference import CATEGORY_FIELD
from kpi.meaning import Meaning
from kpi.shapes import Signs
from sync import accounts
from tests.kpi_office import OFFICE, Line, Office, read_by
from tests.kpi_service import DIALECTS, NOW, Service, quiet

CATEGORY_FIELDS = {"zendesk": str(CATEGORY_FIELD), "freshdesk": "cf_category"}
PERSONS = {
    "zendesk": zendesk.user,
    "freshdesk": freshdesk.person,
    "hubspot": lambda key: hubspot.CONTACT + key,
}
"""A customer's id there."""
STAFF = {"zendesk": zendesk.user, "freshdesk": freshdesk.person, "hubspot": lambda key: hubspot.OWNER + key}
COMPLAINTS = ("complaint", "outage")
"""Categories whose tickets are complaints here; escalated ones are, too, where tags are told."""
MEANING = Meaning(
    complaint=Signs(
        tags=frozenset({"escalated"}),
        categories=frozenset({*COMPLAINTS, *(word.upper() for word in COMPLAINTS)}),
    )
)


class Business:
    """What is dropped, as plain lines; everything is about the vendor's account."""

    def __init__(self, desk: Desk, vendor: str, seed: int) -> None:
        self.desk, self.vendor, self.random = desk, vendor, Random(seed)
        self.lines: dict[str, list[Line]] = {
            "business_figures": list(self._figures()),
            "customers": list(self._customers()),
            "survey_answers": list(self._answers()),
        }

    def drop(self, office: Office) -> None:
        for kind, lines in self.lines.items():
            office.drop(f"{kind}-1", lines)

    def _figures(self) -> Iterator[Line]:
        """A figure may be told of the days, the weeks, the months; not of each."""
        first = (NOW - timedelta(days=130)).date()
        for name, least in (("active_customers", 40), ("orders", 90), ("support_cost", 100)):
            for account in (self.vendor, OFFICE):
                for ahead in range(136):
                    day = first + timedelta(days=ahead)
                    starts = {"day": day.day % 3 == 0, "week": day.weekday() == 0, "month": day.day == 1}
                    for grain in (grain for grain, begins in starts.items() if begins):
                        value: int | str = least + self.random.randrange(500)
                        if name == "support_cost":
                            value = f"{value}.{self.random.randrange(100):02}"
                        yield {
                            "account": account,
                            "name": name,
                            "grain": grain,
                            "period_start": day,
                            "value": value,
                        }

    def _at(self) -> datetime:
        return NOW - timedelta(seconds=self.random.randrange(1, 128 * 86_400))

    def _customers(self) -> Iterator[Line]:
        for number in range(160):
            key = FIRST_CUSTOMER + self.random.randrange(self.desk.cast.customers + 5)
            yield {"id": f"c{number}", "account": self.vendor, "requester_id": self.random.choice((None, _id(PERSONS, self, key))),
                   "started_at": datetime(2026, 1, 1, tzinfo=UTC), "churned_at": self.random.choice((None, self._at()))}  # fmt: skip

    def _answers(self) -> Iterator[Line]:
        """About the vendor's tickets, some of which do not exist; now and then one of the staff answers."""
        for number in range(200):
            kind = self.random.choice(("nps", "ces"))
            who = FIRST_CUSTOMER + self.random.randrange(self.desk.cast.customers)
            is_staff = self.random.random() < 0.1
            yield {
                "id": f"s{number}", "account": self.vendor, "survey_type": kind, "survey": f"by mail {number % 3}",
                "score": self.random.randint(1, 7), "answered_at": self._at(),
                "ticket_id": self.random.choice((None, self.ticket_id(self.random.randint(1, self.desk.count() + 9)))),
                "respondent_id": _id(STAFF, self, 1 + number % 5) if is_staff else _id(PERSONS, self, who),
            }  # fmt: skip

    def ticket_id(self, number: int) -> str:
        return str(number + (hubspot.TICKET if self.vendor == "hubspot" else 0))


def _id(ids: dict, business: Business, key: int) -> str:
    return str(ids[business.vendor](key))


@contextmanager
def told_beside(
    vendor: str, desk: Desk, database: sa.Engine, folder: Path, zone: str, kpis: Collection[str]
) -> Iterator[tuple[Service, Office]]:
    with Sandbox(desk, DIALECTS[vendor](desk)) as sandbox:
        service = Service(database, vendor, sandbox, zone)
        begun = (NOW - timedelta(days=150)).date().isoformat()
        own = {"connector": vendor, "since": begun, "events_since": begun, **sandbox.settings}
        if vendor in CATEGORY_FIELDS:
            own["category_field"] = CATEGORY_FIELDS[vendor]
        given = {f"ACCOUNTS__{vendor.upper()}__{name.upper()}": value for name, value in own.items()}
        _, [service.account] = accounts.load(given, clock=service.clock, sleep=service.clock.sleep)
        service.reporting = read_by(kpis, zone, vendors={vendor: vendor}, meaning=MEANING)
        yield service, Office(database, folder, service.reporting, service.clock)


def stir(desk: Desk) -> None:
    """What bears on these KPIs happens to tickets that were read before, and then some days go by."""
    desk.change(8, within_days=25)
    alive = [
        one
        for one in desk.tickets()
        if not one.deleted_at and not one.merged_into and not desk.is_changed(one.number)
    ]
    unsolved = [one.number for one in alive if not one.is_solved]
    winner, loser, deleted, complaining, sorted_otherwise, *_ = unsolved
    desk.act(winner, ("absorbed", str(loser)), ("message", "private"), actor=2, role="agent")
    desk.act(
        loser, ("message", "private"), ("merged_into", str(winner)), ("tag_added", "closed_by_merge"),
        ("status", "closed"), actor=2, role="agent",
    )  # fmt: skip
    desk.act(deleted, ("deleted", None), actor=1, role="agent")
    desk.act(complaining, ("tag_added", "escalated"), actor=1, role="agent")
    desk.act(sorted_otherwise, ("category", "outage"), ("status", "solved"), actor=1, role="agent")
    rated = [one for one in alive if one.rating and one.status == "solved"]
    for one in rated[:2]:
        desk.act(one.number, ("survey_answered", "1|On second thought"), actor=one.requester, role="end_user")
    desk.clock.advance(days=5, hours=7)
    quiet(desk)
