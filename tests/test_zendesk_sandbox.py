"""A whole Zendesk account over real HTTP into a real store: what it costs, and what trouble cannot lose."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa

from connectors import ConnectorError, Unsupported
from connectors.sandbox import Desk, Sandbox, Zendesk, faults
from connectors.sandbox.http import Request
from connectors.sandbox.zendesk import Limits
from connectors.zendesk import ZendeskConnector, ZendeskSettings
from storage.records import TicketRecord
from storage.store import Saved, Store
from storage.tables import TABLES
from tests.fake_zendesk import FakeZendesk, loopback

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CHANGING = ("tickets", "ticket_events", "sla_events", "ratings", "survey_responses", "calls", "call_legs")
"""Streams that are read at every sync."""
NewDatabase = Callable[[], sa.Engine]


@dataclass
class Synced:
    """What one sync did, by stream."""

    requests: dict[str, int] = field(default_factory=dict)
    saved: dict[str, Saved] = field(default_factory=dict)
    errors: dict[str, ConnectorError] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        return sum(saved.new + saved.changed for saved in self.saved.values())


@dataclass
class Account:
    """One account of the sandbox, and where it is stored."""

    sandbox: Sandbox
    store: Store
    events_days: int = 90
    told: list[str] = field(default_factory=list)

    def connector(self) -> ZendeskConnector:
        clock = self.sandbox.clock
        since = NOW - timedelta(days=365)
        settings = ZendeskSettings(
            since=since, events_since=NOW - timedelta(days=self.events_days), **self.sandbox.settings
        )
        return ZendeskConnector(
            settings, clock=clock, sleep=clock.sleep, transport=loopback(), notify=self.told.append
        )

    def sync(self, names: Iterable[str] | None = None) -> Synced:
        """Every stream once, or those of these names, each from where it stood."""

        async def pull() -> Synced:
            done = Synced()
            connector = self.connector()
            for stream in connector.streams():
                if names is None or stream.name in names:
                    await self._pull(connector, stream, done)
            await connector.aclose()
            return done

        return asyncio.run(pull())

    async def _pull(self, connector: ZendeskConnector, stream: Any, done: Synced) -> None:
        known = self.store.checkpoint("acme", stream.name)
        before, saved = len(self.sandbox.requests), Saved()
        try:
            async for page in stream.pull(known.cursor if known else None):
                saved += self.store.save("acme", stream.name, page)
        except ConnectorError as error:
            done.errors[stream.name] = error
        asked = self.sandbox.requests[before:]
        done.requests[stream.name] = sum(seen.name != "token" for seen in asked)
        done.saved[stream.name] = saved

    def cursors(self) -> dict[str, Any]:
        return {name: point.cursor for name, point in self.store.checkpoints("acme").items()}

    def rows(self, kind: str, *, without: Iterable[str] = ("synced_at", "version")) -> dict[str, Any]:
        with self.store.engine.connect() as connection:
            found = connection.execute(sa.select(TABLES[kind])).mappings().all()
        return {
            row["id"]: {name: value for name, value in row.items() if name not in without} for row in found
        }


# -- budgets ----------------------------------------------------------------------------------


def test_a_backfill_of_a_million_tickets_is_a_thousand_requests() -> None:
    """A thousand pages asked for with a thousand rows each; the fake leaves most of their rows out."""
    pages = 1_000
    rows = [{"id": number, "created_at": "2026-01-01T00:00:00Z", "status": "open"} for number in range(5)]

    class Pages(FakeZendesk):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            page = {
                "tickets": rows,
                "after_cursor": str(len(self.asked)),
                "end_of_stream": len(self.asked) == pages,
            }
            return httpx.Response(200, content=msgspec.json.encode(page))

    vendor = Pages()
    walk = vendor.pull("tickets")

    assert walk.error is None
    assert abs(len(vendor.asked) - 1_000) <= 1
    assert {query["per_page"] for query in vendor.queries} == {"1000"}


@pytest.mark.parametrize(("tickets", "requests"), [(999, 1), (1_000, 1), (1_001, 2), (2_500, 3)])
def test_tickets_are_read_a_thousand_at_a_time(
    tickets: int, requests: int, new_database: NewDatabase
) -> None:
    desk = Desk(tickets=tickets, days=60, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        done = Account(sandbox, Store(new_database())).sync(["tickets"])

    assert done.requests["tickets"] == requests
    assert done.saved["tickets"].new == tickets


def test_a_sync_of_a_thousand_changed_tickets_takes_twenty_requests_and_no_429(
    new_database: NewDatabase,
) -> None:
    """With the ten exports a minute of a usual plan, and every stream but the daily ones due."""
    desk = Desk(seed=5, tickets=3_000, days=25, now=NOW)
    with Sandbox(desk, Zendesk(desk, limits=Limits.of_plan())) as sandbox:
        account = Account(sandbox, Store(new_database()), events_days=0)
        account.sync()
        desk.clock.advance(minutes=5)
        desk.change(1_000)
        desk.clock.advance(minutes=5)
        sandbox.forget_requests()
        done = account.sync([*CHANGING, "agents", "organisations", "users"])

    assert done.errors == {}
    assert done.saved["tickets"].changed >= 990
    assert len(sandbox.requests) <= 20, sandbox.counters()
    assert sandbox.refused == 0


@pytest.mark.parametrize("csat", ["legacy", "survey"])
def test_an_idle_sync_is_one_request_a_stream_and_the_cursors_stay(
    csat: str, new_database: NewDatabase
) -> None:
    desk = Desk(seed=2, tickets=120, days=40, now=NOW)
    with Sandbox(desk, Zendesk(desk, csat=csat)) as sandbox:
        account = Account(sandbox, Store(new_database()))
        account.sync()
        before = account.cursors()
        done = account.sync(CHANGING)
        lists = account.sync(
            ["groups", "memberships", "brands", "fields", "agents", "organisations", "users"]
        )

    assert set(done.requests.values()) | set(lists.requests.values()) == {1}
    assert account.cursors() == before
    assert done.changed + lists.changed == 0


def test_a_burst_of_exports_waits_for_the_next_minute_and_is_never_refused(new_database: NewDatabase) -> None:
    desk = Desk(seed=2, tickets=120, days=40, now=NOW)
    with Sandbox(desk, Zendesk(desk, limits=Limits.of_plan())) as sandbox:
        done = SmallPages(sandbox, Store(new_database())).sync(["tickets", "ticket_events"])

    assert sum(done.requests.values()) > 10
    assert sandbox.refused == 0
    assert desk.clock() >= NOW + timedelta(minutes=1)


# -- completeness -----------------------------------------------------------------------------


def test_everything_the_desk_knows_is_stored(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=150, days=60, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        account = Account(sandbox, Store(new_database()))
        done = account.sync()

    assert done.errors == {}
    assert not account.store.rejected()
    stored = account.rows("tickets")
    assert_tickets_are_the_desks(desk, stored)
    messages = [row for row in account.rows("ticket_events").values() if row["event"] == "message"]
    assert len(messages) == sum(event.kind == "message" for t in desk.tickets() for event in t.events)
    assert len(account.rows("groups")) == 6
    assert len(account.rows("people")) == len(desk.cast.agents) + desk.cast.customers
    assert any(row["is_default"] for row in account.rows("schedules").values())


def assert_tickets_are_the_desks(desk: Desk, stored: dict[str, Any]) -> None:
    for ticket in desk.tickets():
        row = stored[str(ticket.number)]
        assert (row["deleted_at"] is not None) is bool(ticket.deleted_at), ticket.number
        if not ticket.deleted_at:
            assert row["status"] == ticket.status, ticket.number
            assert row["priority"] == ticket.priority, ticket.number
            assert (row["agent_id"] is not None) is bool(ticket.agent), ticket.number
    assert len(stored) == desk.count()


@pytest.mark.parametrize("csat", ["legacy", "survey"])
def test_what_changes_between_any_two_requests_is_not_lost(csat: str, new_database: NewDatabase) -> None:
    """While pages are read, tickets change, are touched by the system, and time goes on."""
    desk = Desk(seed=11, tickets=150, days=30, now=NOW)
    dice = Random(4)

    def meddle(_request: Request) -> None:
        with desk.lock:
            desk.clock.advance(dice.choice((0, 1, 7, 45)))
            desk.change(dice.randint(0, 2))
            desk.touch(dice.randint(1, desk.count()))

    with Sandbox(desk, Zendesk(desk, csat=csat)) as sandbox:
        sandbox.on_request(meddle)
        account = Account(sandbox, Store(new_database()), events_days=30)
        for _ in range(3):
            smaller_pages(account).sync(CHANGING)
        sandbox._callbacks.clear()
        desk.clock.advance(hours=2)
        account.sync(CHANGING)
        afresh = Account(sandbox, Store(new_database()), events_days=30)
        afresh.sync(CHANGING)

    assert_tickets_are_the_desks(desk, account.rows("tickets"))
    for kind in ("tickets", "ticket_events", "sla_events", "ratings", "calls", "call_legs"):
        assert account.rows(kind) == afresh.rows(kind), kind


@dataclass
class SmallPages(Account):
    """Reads exports a hundred rows at a time, so that much happens between two pages."""

    def connector(self) -> ZendeskConnector:
        connector = super().connector()
        connector.api._exports.current = connector.api._exports.full = 100
        return connector


def smaller_pages(account: Account) -> Account:
    return SmallPages(account.sandbox, account.store, account.events_days, account.told)


def test_a_change_of_the_systems_own_overwrites_the_row_without_moving_updated_at(
    new_database: NewDatabase,
) -> None:
    desk = Desk(seed=3, tickets=50, days=20, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        account = Account(sandbox, Store(new_database()))
        account.sync(["tickets"])
        before = account.rows("tickets", without=())["7"]
        desk.clock.advance(minutes=5)
        desk.touch(7)
        desk.clock.advance(minutes=5)
        account.sync(["tickets"])
        after = account.rows("tickets", without=())["7"]

    assert after["version"] > before["version"]
    assert after["updated_at"] == before["updated_at"]


def test_what_changed_in_the_last_minute_comes_with_the_next_sync(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=50, days=20, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        account = Account(sandbox, Store(new_database()))
        account.sync(["tickets"])
        desk.act(7, ("priority", "urgent"))
        assert account.sync(["tickets"]).changed == 0
        desk.clock.advance(seconds=62)
        assert account.sync(["tickets"]).changed == 1


def test_a_scrubbed_deletion_takes_nothing_from_what_is_known(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=50, days=20, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        account = Account(sandbox, Store(new_database()))
        account.sync(["tickets"])
        before = account.rows("tickets")["7"]
        desk.act(7, ("deleted", None))
        desk.act(7, ("scrubbed", None))
        desk.clock.advance(minutes=5)
        account.sync(["tickets"])
        after = account.rows("tickets")["7"]

    assert after["deleted_at"] is not None
    for name in ("subject", "status", "agent_id", "group_id", "vendor_replies", "tags", "priority"):
        assert after[name] == before[name]


def test_a_flood_in_one_second_is_read_whole_by_cursor_and_told_of_by_time(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=1_400, days=60, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        account = Account(sandbox, Store(new_database()), events_days=0)
        account.sync(["tickets", "ticket_events"])
        desk.clock.advance(minutes=5)
        flooded = desk.touch_all_same_second(1_200)
        desk.clock.advance(minutes=5)
        done = account.sync(["tickets", "ticket_events"])

    assert done.saved["tickets"].changed == len(flooded) == 1_200
    assert done.errors == {}
    assert any("holds more rows than a page" in sentence for sentence in account.told)


# -- surveys ----------------------------------------------------------------------------------


def answered(account: Account) -> dict[str, float | None]:
    return {row["ticket_id"]: row["score"] for row in account.rows("ratings").values() if row["rated_at"]}


def test_a_survey_answered_after_it_was_read_is_read_again(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=150, days=30, now=NOW)
    with Sandbox(desk, Zendesk(desk, csat="survey")) as sandbox:
        account = Account(sandbox, Store(new_database()))
        account.sync(["survey_responses"])
        offered = [t.number for t in desk.tickets() if t.offered_at and not t.rated_at]
        number = next(n for n in offered if desk.now() - desk.ticket(n).offered_at < 20 * 86_400)
        assert str(number) not in answered(account)
        desk.act(number, ("survey_answered", "4|Fine"))
        desk.clock.advance(hours=1)
        account.sync(["survey_responses"])
        assert answered(account)[str(number)] == 4.0
        desk.act(number, ("survey_answered", "1|No, not fine"))
        desk.clock.advance(hours=1)
        account.sync(["survey_responses"])

    assert answered(account)[str(number)] == 1.0


def test_a_rating_given_anew_is_a_row_of_its_own(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=150, days=30, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        account = Account(sandbox, Store(new_database()))
        account.sync(["ratings"])
        number = next(t.number for t in desk.tickets() if t.rated_at)
        rows = len(account.rows("ratings"))
        desk.clock.advance(hours=1)
        desk.act(number, ("survey_answered", "1|Changed my mind"))
        desk.clock.advance(hours=1)
        account.sync(["ratings"])
        of_ticket = [
            r for r in account.rows("ratings").values() if r["ticket_id"] == str(number) and r["rated_at"]
        ]

    assert len(account.rows("ratings")) > rows
    assert max(of_ticket, key=lambda row: row["rated_at"])["score"] == 0.0


@pytest.mark.parametrize(("csat", "has_rows", "is_empty"), [
    ("legacy", "ratings", "survey_responses"), ("survey", "survey_responses", None),
])  # fmt: skip
def test_whichever_survey_the_account_uses_is_read(
    csat: str, has_rows: str, is_empty: str | None, new_database: NewDatabase
) -> None:
    desk = Desk(seed=3, tickets=150, days=30, now=NOW)
    with Sandbox(desk, Zendesk(desk, csat=csat)) as sandbox:
        done = Account(sandbox, Store(new_database())).sync(["ratings", "survey_responses"])

    assert done.errors == {}
    assert done.saved[has_rows].new > 0
    assert is_empty is None or done.saved[is_empty].new == 0


# -- trouble ----------------------------------------------------------------------------------


def test_half_an_emoji_costs_no_page(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=50, days=20, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        sandbox.fail("incremental/tickets", faults.dirty_text())
        account = Account(sandbox, Store(new_database()))
        done = account.sync(["tickets"])

    assert done.saved["tickets"].new == 50
    assert any("half \ufffd and  nul" in (row["subject"] or "") for row in account.rows("tickets").values())


def test_one_row_of_a_wrong_type_is_set_aside_and_the_others_are_stored(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=50, days=20, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        sandbox.fail("incremental/tickets", faults.row(3, created_at="yesterday", new_field={"a": 1}))
        account = Account(sandbox, Store(new_database()))
        done = account.sync(["tickets"])

    [rejected] = account.store.rejected("acme")
    assert done.saved["tickets"].new == 49
    assert "created_at" in rejected.reason
    assert "description" not in rejected.row


def test_what_the_plan_lacks_is_skipped_by_name_and_the_rest_goes_on(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=50, days=20, now=NOW)
    without = {"calls": 403, "legs": 403, "schedules": 404, "sla_policies": 403, "ticket_forms": 404}
    with Sandbox(desk, Zendesk(desk, without=without)) as sandbox:
        done = Account(sandbox, Store(new_database())).sync()

    assert set(done.errors) == {"calls", "call_legs", "schedules", "sla_policies", "forms"}
    assert all(isinstance(error, Unsupported) for error in done.errors.values())
    assert done.saved["tickets"].new == 50
    assert done.requests["sla_events"] == 1, "nothing rests on metric events without policies"


@pytest.mark.parametrize("shape", ["json", "text", "edge", "html", "empty"])
def test_a_429_of_any_shape_is_waited_out(shape: str, new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=50, days=20, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        sandbox.fail("incremental/tickets", faults.too_many(shape, retry_after="7"))
        done = Account(sandbox, Store(new_database())).sync(["tickets"])

    assert done.errors == {}
    assert desk.clock() >= NOW + timedelta(seconds=7)


def test_a_429_without_a_time_is_waited_out_by_the_buckets_reset(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=50, days=20, now=NOW + timedelta(seconds=15))
    with Sandbox(desk, Zendesk(desk, limits=Limits.of_plan(says_retry_after=False))) as sandbox:
        for _ in range(10):
            spent = Account(sandbox, Store(new_database())).sync(["tickets"])
        done = Account(sandbox, Store(new_database())).sync(["tickets"])

    assert (spent.errors, done.errors) == ({}, {})
    assert sandbox.refused == 1, "another program spent the budget, which nobody could know"
    assert desk.clock() >= NOW + timedelta(minutes=1)


@pytest.mark.parametrize("status", [409, 500, 502, 503, 520, 524])
def test_what_passes_by_itself_is_asked_again(status: int, new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=50, days=20, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        sandbox.fail("incremental/tickets", faults.status(status, "<html>Sorry</html>"), times=2)
        done = Account(sandbox, Store(new_database())).sync(["tickets"])

    assert done.errors == {}
    assert done.saved["tickets"].new == 50


def test_an_agent_who_was_downgraded_stays_known_as_one_of_the_staff_of_then(
    new_database: NewDatabase,
) -> None:
    desk = Desk(seed=3, tickets=50, days=20, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        account = Account(sandbox, Store(new_database()))
        account.sync(["agents", "users"])
        before = {key for key, row in account.rows("people").items() if row["is_staff"]}
        desk.demote(desk.cast.agents[2].key)
        desk.clock.advance(hours=2)
        account.sync(["agents", "users"])
        people = account.rows("people")

    [demoted] = before - {key for key, row in people.items() if row["is_staff"]}
    assert people[demoted]["was_staff"]
    assert people[demoted]["role"] == "end_user"


def test_a_page_that_is_too_big_for_the_vendor_is_halved(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=400, days=20, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        sandbox.fail("incremental/tickets", faults.above_page_size(250), times=50)
        done = Account(sandbox, Store(new_database())).sync(["tickets"])

    assert done.saved["tickets"].new == 400
    assert [seen.status for seen in sandbox.requests if seen.name == "tickets"] == [504, 504, 200, 200]


def test_a_token_revoked_in_the_middle_is_renewed_once_and_nothing_is_lost(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=300, days=20, now=NOW)
    dialect = Zendesk(desk)
    with Sandbox(desk, dialect) as sandbox:
        asked: list[str] = []

        def revoke(request: Request) -> None:
            asked.append(request.path)
            if asked.count("/api/v2/incremental/tickets/cursor") == 2:
                dialect.account.revoke_tokens()

        sandbox.on_request(revoke)
        done = smaller_pages(Account(sandbox, Store(new_database()))).sync(["tickets"])

    assert done.errors == {}
    assert done.saved["tickets"].new == 300


def test_a_walk_killed_after_any_page_repeats_at_most_that_page(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=250, days=20, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        for kept in range(3):
            account = SmallPages(sandbox, Store(new_database()))
            asyncio.run(_cut(account, kept))
            sandbox.forget_requests()
            done = account.sync(["tickets"])
            assert done.requests["tickets"] == 3 - kept
            assert len(account.rows("tickets")) == 250


async def _cut(account: Account, kept: int) -> None:
    """Store so many pages of tickets; the next one was fetched and is lost."""
    connector = account.connector()
    [stream] = [each for each in connector.streams() if each.name == "tickets"]
    pages = stream.pull(None)
    for _ in range(kept):
        account.store.save("acme", "tickets", await anext(pages))
    await anext(pages)
    await pages.aclose()  # type: ignore[attr-defined]
    await connector.aclose()


def test_a_ticket_made_before_since_that_changed_after_it_is_kept(new_database: NewDatabase) -> None:
    """It counts in what was solved and in the backlog since then, whenever it was made."""
    desk = Desk(seed=3, tickets=200, days=500, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        account = Account(sandbox, Store(new_database()))
        account.sync(["tickets"])
        since = int((NOW - timedelta(days=365)).timestamp())

    changed = {str(t.number) for t in desk.tickets() if t.changed_at >= since}
    assert set(account.rows("tickets")) == changed
    assert any(ticket.created_at < since for ticket in desk.tickets() if str(ticket.number) in changed)


def test_nothing_is_asked_a_ticket_at_a_time(new_database: NewDatabase) -> None:
    desk = Desk(seed=3, tickets=60, days=60, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        Account(sandbox, Store(new_database())).sync()

    assert not [
        seen.target for seen in sandbox.requests if "/tickets/" in seen.target.replace("/tickets/cursor", "")
    ]
    assert not [
        seen.target
        for seen in sandbox.requests
        if "comment_events" in seen.target or "slas" in seen.target.partition("?")[2]
    ]


def test_the_records_of_a_page_are_what_full_validation_would_give() -> None:
    desk = Desk(seed=3, tickets=200, days=60, now=NOW)

    async def pull(sandbox: Sandbox) -> list[Any]:
        settings = ZendeskSettings(since=NOW - timedelta(days=60), events_since=NOW, **sandbox.settings)
        connector = ZendeskConnector(settings, clock=desk.clock, sleep=desk.clock.sleep)
        [stream] = [each for each in connector.streams() if each.name == "tickets"]
        records = [record async for page in stream.pull(None) for record in page.records]
        await connector.aclose()
        return records

    with Sandbox(desk, Zendesk(desk)) as sandbox:
        records = asyncio.run(pull(sandbox))

    assert len(records) == 200
    for record in records:
        assert TicketRecord.model_validate(record.model_dump()) == record
