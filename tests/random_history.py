"""Random histories of a small team, and pages that deliver them late, twice, mixed up and corrected."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from storage.records import (
    CallRecord,
    GroupRecord,
    Page,
    PersonRecord,
    RatingRecord,
    Record,
    ScheduleRecord,
    SurveyType,
    TicketEventRecord,
    TicketRecord,
)
from tests.random_outside import outside_records

START = datetime(2024, 2, 20, tzinfo=UTC)
_ACCOUNTS = ("acme", "zeta")
_STATUSES = ("new", "open", "pending", "on_hold", "solved", "closed")
_PEOPLE = ("ann", "bob", "cem", "dora", None)
_SURVEYS = (
    *((SurveyType.CSAT, ("good_bad", "1-5")),) * 4,
    (SurveyType.NPS, ("0-10",)),
    (SurveyType.CES, ("ease_1_7", "effort_1_5")),
    (SurveyType.SERVQUAL, (None,)),
    (SurveyType.EMPLOYEE, ("1-5", "0-10")),
    (SurveyType.SENTIMENT, (None,)),
)
_HOURS = ({"0": [[0, 86_400]]}, {str(day): [[32_400, 61_200]] for day in range(5)}, {})


class Team:
    """Everything random about it comes from one generator."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def pages(self, tickets: int) -> Iterator[tuple[str, Page]]:
        """Account and page: all records in any order, some twice, in pages of any size."""
        told = [(account, record) for account in _ACCOUNTS for record in self._records(tickets)]
        told += self.random.sample(told, len(told) // 5)
        self.random.shuffle(told)
        while told:
            size = self.random.randint(1, 25)
            part, told = told[:size], told[size:]
            for account in _ACCOUNTS:
                if of_account := [record for whose, record in part if whose == account]:
                    yield account, Page(of_account)

    def _records(self, tickets: int) -> Iterator[Record]:
        for person in ("ann", "bob", "cem"):
            for version in range(1, self._some(3)):
                is_staff = self.random.random() < 0.6
                role = "agent" if is_staff else "end_user"
                is_light = self.random.random() < 0.2
                yield PersonRecord(
                    id=person, version=version, role=role, is_staff=is_staff, is_light=is_light
                )
        for name in ("day", "night"):
            for version in range(1, self._some(2)):
                weekly = self.random.choice(_HOURS)
                yield ScheduleRecord(id=name, version=version, weekly=weekly, timezone="Europe/Berlin",
                                     is_default=name == "day")  # fmt: skip
        yield GroupRecord(id="g1", schedule_id=self.random.choice(("day", "night", None)))
        for number in range(tickets):
            yield from self._ticket(str(number))
        for number in range(tickets):
            yield from self._rating(f"r{number}", tickets)
        if self.random.random() < 0.3:
            yield from self._team_survey()
        yield from outside_records(self.random, self._at, tickets)

    def _team_survey(self) -> Iterator[RatingRecord]:
        """Enough answers that some of them may be shown."""
        at = self._at()
        for number in range(9):
            yield RatingRecord(
                id=f"e{number}", survey_type=SurveyType.EMPLOYEE, scale="1-5", rated_at=at,
                score=self.random.choice((1.0, 4.0, 5.0)), team="north" if number < 6 else "south",
            )  # fmt: skip

    def _some(self, most: int) -> int:
        return self.random.randint(1, most) + 1

    def _at(self, after: datetime = START, days: float = 75) -> datetime:
        return after + timedelta(seconds=int(self.random.triangular(0, days * 86_400, 0)))

    def _ticket(self, ticket: str) -> Iterator[Record]:
        choose, chance = self.random.choice, self.random.random
        created = self._at(days=50)
        for version in range(1, self._some(3)):
            is_gone = chance() < 0.15
            yield TicketRecord(
                id=ticket, version=version, status=choose((*_STATUSES, None)), created_at=created,
                priority=choose(("low", "high", None)), channel=choose(("email", "chat")),
                type=choose(("question", None)), brand_id=choose(("b", None)), group_id=choose(("g1", "g2", None)),
                agent_id=choose(_PEOPLE), requester_id=choose(("cem", "dora")), submitter_id=choose(_PEOPLE),
                organisation_id=choose(("o", None)), tags=self.random.sample(["x", "y", "z"], 2),
                updated_at=self._at(created), solved_at=choose((None, self._at(created))),
                first_response_at=choose((None, self._at(created))), reopened_at=choose((None, self._at(created))),
                deleted_at=self._at(created) if is_gone else None, is_merged=chance() < 0.1,
                is_spam=chance() < 0.05, is_imported=chance() < 0.1, is_outbound=choose((None, None, True, False)),
                vendor_replies=choose((None, 1, 2)), vendor_resolution_unit_seconds=choose((1, 60)),
                vendor_full_resolution_seconds=choose((None, 7200)), vendor_agent_stations=choose((None, 3)),
            )  # fmt: skip
        if chance() < 0.8:
            yield TicketEventRecord(id=f"{ticket}-c", ticket_id=ticket, at=created, event="created", value="new",
                                    actor_id=choose(_PEOPLE))  # fmt: skip
        for number in range(self.random.randint(0, 9)):
            for version in range(1, self._some(2)):
                yield self._event(f"{ticket}-{number}", ticket, version, created)
        if chance() < 0.3:
            yield CallRecord(
                id=f"{ticket}-call", ticket_id=ticket, outcome="answered", started_at=self._at(created)
            )

    def _event(self, name: str, ticket: str, version: int, created: datetime) -> TicketEventRecord:
        choose = self.random.choice
        kind = choose(("message", "message", "status", "status", "agent", "group", "tag_added", "messages_read",
                       "schedule", "bot_handoff"))  # fmt: skip
        values: dict[str, Any] = {"status": _STATUSES, "agent": _PEOPLE, "group": ("g1", "g2", None), "tag_added": ("vip",),
                                  "schedule": ("day", "night")}  # fmt: skip
        moved = str(int(ticket) + 1) if self.random.random() < 0.1 else ticket
        return TicketEventRecord(
            id=name, version=version, ticket_id=moved, at=self._at(created - timedelta(hours=1), 40),
            sequence=self.random.randint(0, 2), event=kind, value=choose(values.get(kind, (None,))),
            actor_id=choose(_PEOPLE), actor_role=choose((None, None, "agent", "end_user", "bot", "system")),
            is_public=choose((True, True, False, None)), source=choose(("vendor", "vendor", "observed")),
        )  # fmt: skip

    def _rating(self, name: str, tickets: int) -> Iterator[RatingRecord]:
        choose, chance = self.random.choice, self.random.random
        kind, scales = choose(_SURVEYS)
        for version in range(1, self._some(2)):
            at = self._at()
            yield RatingRecord(
                id=name, version=version, ticket_id=choose((None, str(self.random.randrange(tickets + 1)))),
                survey_type=kind, survey_id=choose((None, "autumn")), team=choose(("north", "south", None)),
                score=choose((0.0, 1.0, 3.0, 4.5, 9.0, None)), scale=choose(scales), offered_at=choose((None, at)),
                rated_at=choose((None, self._at(at, 20))), agent_id=choose((None, "ann")),
                respondent_id=choose(_PEOPLE), comment=choose((None, " ", "fine")),
                dimension=choose(("reliability", "assurance", "tangibles", "empathy", "responsiveness")),
                expectation=choose((4.0, None)), perception=choose((2.5, 7.0)),
                deleted_at=at if chance() < 0.1 else None,
            )  # fmt: skip
