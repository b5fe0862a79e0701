"""A whole Freshdesk account over real HTTP: nothing is lost, whatever happens between two requests, up to its KPIs."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from fake_freshdesk_sync import Synced

from connectors.freshdesk import FreshdeskConnector, FreshdeskSettings
from connectors.sandbox import Desk, Freshdesk, Sandbox, faults
from connectors.sandbox.freshdesk import Limits
from connectors.sandbox.http import Request
from connectors.sandbox.ticket import Ticket
from kpi.recompute import Refreshed, refresh
from kpi.reporting import Reporting
from kpi.verify import verify
from storage.store import Store
from sync import accounts
from sync.asked import Asked
from sync.engine import Engine
from sync.report import Outcome, Report

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR, DAY = 3_600, 86_400


class AtTheSandbox(Synced):
    """As `Synced`, of an account of the sandbox."""

    def __init__(
        self, sandbox: Sandbox, *, since_days: float = 400, events_days: float = 400, **own: Any
    ) -> None:
        self.sandbox = sandbox
        super().__init__(sandbox, since_days=since_days, events_days=events_days, **own)

    def forget_calls(self) -> None:
        """The sandbox counts on."""

    def connector(self) -> FreshdeskConnector:
        clock = self.sandbox.clock
        return FreshdeskConnector(
            FreshdeskSettings(**self.own), clock=clock, sleep=clock.sleep, notify=self.told.append
        )


def tickets_of(desk: Desk) -> dict[str, Ticket]:
    return {str(ticket.number): ticket for ticket in desk.tickets()}


# -- completeness -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(seed=5, tickets=260, days=60, now=NOW)


@pytest.fixture(scope="module")
def synced(desk: Desk) -> Iterator[AtTheSandbox]:
    with Sandbox(desk, Freshdesk(desk)) as sandbox:
        yield AtTheSandbox(sandbox, statuses={"In Progress": "open"}).sync()


def test_every_ticket_is_as_the_desk_has_it(desk: Desk, synced: AtTheSandbox) -> None:
    stored = synced.of("tickets")
    kept_in_trash = desk.now() - 30 * DAY
    for number, ticket in tickets_of(desk).items():
        if ticket.deleted_at and ticket.deleted_at <= kept_in_trash:
            assert number not in stored  # purged before anybody looked
            continue
        record = stored[number]
        assert bool(record.deleted_at or record.is_spam) is bool(ticket.deleted_at), number
        assert record.merged_into == (str(ticket.merged_into) if ticket.merged_into else None), number
        assert bool(record.is_outbound) is bool(ticket.plot.outbound_by), number
        if not ticket.deleted_at:
            same = {"new": "open"}.get(ticket.status, ticket.status)
            assert record.status.value == same, number
    assert not synced.rejected


def test_every_message_is_known_with_its_author(desk: Desk, synced: AtTheSandbox) -> None:
    for number, ticket in tickets_of(desk).items():
        if ticket.deleted_at:
            continue
        told = [event for event in ticket.events if event.kind == "message"]
        public = [(event.at, _role(event.role)) for event in told if event.public]
        if ticket.plot.outbound_by and not any(role == "end_user" for _, role in public):
            continue  # on outbound tickets the stats are silent about replies, and nobody answered
        read = [
            (int(event.at.timestamp()), event.actor_role.value)
            for event in synced.events(int(number), "message")
            if event.is_public and event.actor_role.value != "system"
        ]
        assert read == [one for one in public if one[1] != "system"], number


def _role(role: str) -> str:
    """A bot's message is an automatic response there, and nobody's word."""
    return "system" if role == "bot" else role


def test_ratings_are_the_last_answers(desk: Desk, synced: AtTheSandbox) -> None:
    codes = {"5": 103, "4": 102, "3": 100, "2": -102, "1": -103}
    answers = {number: codes[t.rating[0]] for number, t in tickets_of(desk).items() if t.rating}

    assert {rating.ticket_id: rating.score for rating in synced.of("ratings").values()} == answers


def test_what_costs_calls_is_asked_for_only_where_it_is_needed(desk: Desk, synced: AtTheSandbox) -> None:
    counted = synced.sandbox.counters()

    assert counted["tickets"]["200"] <= 12
    assert counted["conversations"]["200"] < 0.6 * desk.count()


# -- nothing is lost --------------------------------------------------------------------------


Items = tuple[tuple[str, str | None], ...]
DEEDS: dict[str, Items] = {
    "replied": (("message", "public"), ("status", "pending")),
    "noted": (("message", "private"),),
    "solved": (("status", "solved"),),
    "closed": (("status", "closed"),),
    "reopened": (("message", "public"), ("status", "open")),
    "handed over": (("agent", "5"), ("group", "2")),
    "answered well": (("survey_answered", "5|"),),
    "answered badly": (("survey_answered", "2|It was slow"),),
    "deleted": (("deleted", None),),
    "tagged": (("tag_added", "seen"),),
}


class Meddler:
    """Between two requests: replies, answers, transfers, merges, deletions, restorations, and time that passes."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk, self.dice = desk, Random(seed)
        self.is_on = True

    def __call__(self, _request: Request) -> None:
        if self.is_on and self.dice.random() < 0.5:
            with self.desk.lock:
                self.desk.clock.advance(self.dice.choice([0, 0, 1, 1, 30, 400]))
                for _ in range(self.dice.randrange(1, 6)):
                    self.act(self.one(), self.one())

    def one(self) -> Ticket:
        return self.desk.ticket(self.dice.randrange(1, self.desk.count() + 1))

    def act(self, ticket: Ticket, other: Ticket) -> None:
        deed = self.dice.choice(["merged", "restored", "crowd", *DEEDS])
        if deed == "crowd":
            self.desk.touch_all_same_second(130 if self.dice.random() < 0.2 else 1)
        elif deed == "restored" and ticket.deleted_at:
            self.desk.act(ticket.number, ("restored", None), actor=3, role="agent")
        elif ticket.deleted_at or ticket.merged_into:
            return
        elif deed == "merged":
            self.merge(ticket, other)
        elif deed in DEEDS:
            self.do(deed, ticket)

    def merge(self, ticket: Ticket, into: Ticket) -> None:
        if into.deleted_at or into.merged_into or ticket.is_solved or ticket.number == into.number:
            return
        link: Items = (("message", "private"), ("merged_into", str(into.number)), ("status", "closed"))
        self.desk.act(ticket.number, *link, actor=3, role="agent")
        note: Items = (("absorbed", str(ticket.number)), ("message", "private"))
        self.desk.act(into.number, *note, actor=3, role="agent")

    def do(self, deed: str, ticket: Ticket) -> None:
        is_customer = deed.startswith(("reopened", "answered"))
        is_late = (
            0 < ticket.rated_at < self.desk.now() - 9 * DAY
        )  # a changed answer is looked for so far back
        if not (is_late and deed.startswith("answered")):
            actor = ticket.requester if is_customer else 3
            role = "end_user" if is_customer else "agent"
            self.desk.act(ticket.number, *DEEDS[deed], actor=actor, role=role)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_changes_between_two_requests_is_there_in_the_end(seed: int) -> None:
    desk = Desk(seed=seed, tickets=330, days=25, now=NOW)
    with Sandbox(desk, Freshdesk(desk)) as sandbox:
        meddler = Meddler(desk, seed)
        sandbox.on_request(meddler)
        account = AtTheSandbox(sandbox)
        for _ in range(3):
            account.sync()
            desk.clock.advance(600)
        meddler.is_on = False
        desk.clock.advance(hours=26)
        account.sync()
        fresh = AtTheSandbox(sandbox).sync()

    assert not account.rejected
    assert alive(account, "tickets") == alive(fresh, "tickets")
    assert messages(account) == messages(fresh)
    assert ratings(account) == ratings(fresh)
    gone = {number for number, each in fresh.of("tickets").items() if each.deleted_at or each.is_spam}
    assert gone <= {n for n, each in account.of("tickets").items() if each.deleted_at or each.is_spam}
    assert alive(account, "time_entries").keys() == alive(fresh, "time_entries").keys()


def alive(account: Synced, kind: str) -> dict[str, Any]:
    """Records of tickets that are not deleted, without their versions."""
    gone = {number for number, ticket in account.of("tickets").items() if ticket.deleted_at or ticket.is_spam}
    return {
        number: record.model_dump(exclude={"version"})
        for number, record in account.of(kind).items()
        if getattr(record, "ticket_id", number) not in gone
    }


def messages(account: Synced) -> Counter[tuple[Any, ...]]:
    """Which people wrote when, in public: notes and automatic messages move none of the stats, and no KPI."""
    said = [one for one in alive(account, "ticket_events").values() if one["event"] == "message"]
    return Counter(
        (one["ticket_id"], one["at"], one["actor_role"])
        for one in said
        if one["is_public"] and one["actor_role"] != "system"
    )


def ratings(account: Synced) -> dict[str, Any]:
    return {number: each.model_dump(exclude={"version"}) for number, each in account.of("ratings").items()}


def test_archived_tickets_that_were_seen_alive_stay_known() -> None:
    desk = Desk(seed=7, tickets=120, days=60, now=NOW)
    with Sandbox(desk, Freshdesk(desk, archives_after_days=20)) as sandbox:
        account = AtTheSandbox(sandbox, since_days=60).sync("tickets")
        before = set(account.of("tickets"))
        desk.clock.advance(days=30)
        account.sync("tickets")
        fresh = AtTheSandbox(sandbox, since_days=90).sync("tickets")

    assert before <= set(account.of("tickets"))
    assert len(fresh.of("tickets")) < len(account.of("tickets"))


@pytest.mark.parametrize(
    "fault", [faults.status(503), faults.reset(0), faults.reset(500), faults.truncated(), faults.html(), faults.html(502)]
)  # fmt: skip
def test_trouble_that_passes_costs_no_row(fault: faults.Fault) -> None:
    desk = Desk(seed=3, tickets=130, days=20, now=NOW)
    with Sandbox(desk, Freshdesk(desk)) as sandbox:
        sandbox.fail(r"/tickets\?", fault)
        sandbox.fail(r"/conversations", fault)
        account = AtTheSandbox(sandbox).sync("tickets")

    assert len(account.of("tickets")) == sum(not ticket.deleted_at for ticket in desk.tickets())
    assert not account.rejected


def test_half_an_emoji_and_a_nul_cost_no_page() -> None:
    desk = Desk(seed=3, tickets=50, days=20, now=NOW)
    with Sandbox(desk, Freshdesk(desk)) as sandbox:
        sandbox.fail(r"/tickets\?", faults.dirty_text())
        account = AtTheSandbox(sandbox).sync("tickets")

    assert any("half \ufffd and  nul" in ticket.subject for ticket in account.of("tickets").values())


@pytest.mark.parametrize("plan", ["trial", "growth", "pro", "enterprise"])
def test_no_plan_refuses_a_call(plan: str) -> None:
    desk = Desk(seed=5, tickets=150, days=30, now=NOW)
    with Sandbox(desk, Freshdesk(desk, limits=Limits.of_plan(plan))) as sandbox:
        AtTheSandbox(sandbox, since_days=40).sync()

    assert sandbox.refused == 0


# -- up to the KPIs ---------------------------------------------------------------------------


class Whole:
    """The sandbox's Freshdesk as an account of deskpulse: settings, engine, database, KPIs."""

    def __init__(self, sandbox: Sandbox, database: sa.Engine) -> None:
        self.sandbox, self.database = sandbox, database
        given = {
            "ACCOUNTS__ACME__CONNECTOR": "freshdesk", "ACCOUNTS__ACME__SINCE": "2026-08-01",
            "ACCOUNTS__ACME__EVENTS_SINCE": "2026-08-01",
        } | {f"ACCOUNTS__ACME__{name.upper()}": value for name, value in sandbox.settings.items()}  # fmt: skip
        clock = sandbox.clock
        _, [self.account] = accounts.load(given, clock=clock, sleep=clock.sleep)
        self.reporting = Reporting(vendors={"acme": "freshdesk"})

    def sync(self) -> Report:
        clock = self.sandbox.clock
        store = Store(self.database, clock=clock)

        def refreshed(_may_be_cut: object) -> Refreshed:
            return refresh(self.database, self.reporting, now=clock())

        engine = Engine(store, refreshed, owner="test:1:1", clock=clock)
        return asyncio.run(engine.sync(self.account, Asked()))

    def total(self, kpi: str, column: str = "numerator") -> float:
        query = (
            f"SELECT SUM({column}) FROM report_kpis WHERE kpi = '{kpi}' AND grain = 'day' AND dimension = 'all'"
            " AND account = 'acme' AND statistic IN ('value', 'mean')"
        )
        with self.database.connect() as connection:
            return float(connection.execute(sa.text(query)).scalar_one() or 0)

    def facts(self, column: str) -> Counter[Any]:
        with self.database.connect() as connection:
            query = f"SELECT {column} FROM ticket_facts WHERE is_countable = 1"
            return Counter(connection.execute(sa.text(query)).scalars())

    def availability(self, kpi: str) -> set[str]:
        with self.database.connect() as connection:
            query = f"SELECT DISTINCT availability FROM report_kpis WHERE kpi = '{kpi}'"
            return set(connection.execute(sa.text(query)).scalars())


def countable(desk: Desk) -> list[Ticket]:
    return [ticket for ticket in desk.tickets() if not ticket.deleted_at and not ticket.merged_into]


def assert_kpis_are_the_desks(whole: Whole, desk: Desk) -> None:
    told = countable(desk)
    rated = [ticket for ticket in told if ticket.rating]
    assert whole.total("ticket_volume") == len(told)
    assert whole.total("csat_score", "denominator") == len(rated)
    assert whole.total("csat_score") == sum(int(ticket.rating[0]) >= 4 for ticket in rated)  # type: ignore[index]
    assert whole.total("tickets_solved") == sum(ticket.is_solved for ticket in told)


def test_the_engine_syncs_the_account_and_its_kpis_are_the_desks(database: sa.Engine) -> None:
    desk = Desk(seed=9, tickets=160, days=40, now=NOW)
    with Sandbox(desk, Freshdesk(desk)) as sandbox:
        whole = Whole(sandbox, database)
        report = whole.sync()
        assert (report.outcome, report.sentence) == (Outcome.DONE, "")
        assert report.rejected == 0
        assert_kpis_are_the_desks(whole, desk)
        assert set(whole.facts("history")) == {"observed"}
        assert whole.availability("reopen_rate") == {"approximated"}

        desk.clock.advance(minutes=10)
        desk.change(25)
        desk.clock.advance(minutes=10)
        sandbox.forget_requests()
        again = whole.sync()

        assert again.outcome is Outcome.DONE
        assert again.rows_changed >= 25
        assert_kpis_are_the_desks(whole, desk)
        assert sum(sum(each.values()) for each in sandbox.counters().values()) <= 10 + 25
        assert verify(database, whole.reporting, now=desk.clock()).differences == []


def test_an_account_whose_plan_lacks_surveys_is_done_without_them(
    new_database: Callable[[], sa.Engine],
) -> None:
    desk = Desk(seed=9, tickets=40, days=20, now=NOW)
    lost = {"satisfaction_ratings": 403, "surveys": 403, "time_entries": 403}
    with Sandbox(desk, Freshdesk(desk, without=lost)) as sandbox:
        report = Whole(sandbox, new_database()).sync()

    assert report.outcome is Outcome.DONE
    skipped = {name for name, done in report.streams.items() if done.outcome is Outcome.SKIPPED}
    assert skipped == {"ratings", "surveys", "time_entries"}


def test_a_restricted_key_is_said_by_the_check_and_by_the_first_sync() -> None:
    desk = Desk(seed=9, tickets=40, days=20, now=NOW)
    with Sandbox(desk, Freshdesk(desk, ticket_scope=2)) as sandbox:
        account = AtTheSandbox(sandbox)
        notes = account.check().notes
        account.sync("tickets")

    assert any("restricted" in note for note in notes)
    assert any("restricted" in said for said in account.told)
    assert timedelta(0) <= NOW - account.data_until["tickets"] < timedelta(minutes=1)


def test_the_records_of_a_walk_are_what_full_validation_would_give(synced: AtTheSandbox) -> None:
    for kind in ("tickets", "ticket_events", "sla_events"):
        for record in synced.of(kind).values():
            assert type(record).model_validate(record.model_dump()) == record
