"""Recorded and documented answers of Freshdesk, replayed into a real store: stored, or set aside with a reason.

The recordings lie beside the repository, not in it; the shapes they show are tested with rows of our own
in the other files, so that nothing is untested where they are missing.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fake_freshdesk import FakeFreshdesk, TestClock
from fake_freshdesk_sync import Synced

from connectors import Page
from storage.store import Saved, Store

RECORDED = Path(__file__).parent.parent.parent / "shared" / "payloads" / "freshdesk"
__test__ = RECORDED.is_dir()

NOW = "2026-10-05T12:00:00Z"


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


class Replayed(Synced):
    """Stores each page, too, and counts what became of its rows."""

    def __init__(self, store: Store) -> None:
        super().__init__(FakeFreshdesk(clock=TestClock(NOW)), since_days=6_000, events_days=6_000)
        self.store = store
        self.saved = Saved()

    def keep_page(self, page: Page) -> None:
        self.saved += self.store.save("acme", "replayed", page)

    def tickets(self, *names: str) -> None:
        for name in names:
            found = recorded(name)
            for row in found if isinstance(found, list) else [found]:
                row.setdefault("stats", {})
                self.desk.tickets[row["id"]] = row
                self.desk.conversations.setdefault(row["id"], [])


@pytest.fixture
def replayed(new_database: Callable[[], sa.Engine]) -> Replayed:
    return Replayed(Store(new_database(), clock=lambda: datetime.fromisoformat(NOW)))


def stored(account: Replayed, kind: str) -> int:
    with account.store.engine.connect() as connection:
        return connection.execute(sa.text(f"SELECT count(*) FROM {kind}")).scalar_one()


LISTS = {
    "agents": ("agents", "agents", "people"),
    "agents_legacy_python-freshdesk": ("agents", "agents", "people"),
    "companies_list": ("companies", "companies", "organisations"),
    "companies_legacy_python-freshdesk": ("companies", "companies", "organisations"),
    "contacts_list": ("contacts", "contacts", "people"),
    "groups_legacy_python-freshdesk": ("groups", "groups", "groups"),
    "surveys_satisfaction_ratings": ("surveys/satisfaction_ratings", "ratings", "ratings"),
    "time_entries": ("time_entries", "time_entries", "time_entries"),
    "time_entries_legacy_python-freshdesk": ("time_entries", "time_entries", "time_entries"),
    "ticket_fields": ("ticket_fields", "fields", "fields"),
}
"""Recording → path, stream, record kind."""
TICKETS = (
    "tickets_list_include_description_requester_stats", "tickets_list_docs_2015_no_stats",
    "ticket_view_2025_form_id_null_sla", "ticket_1_legacy_python-freshdesk", "tickets_list_2024_shape",
    "ticket_null_stats_sla_breached", "ticket_outbound_email_born_closed",
    "ticket_outbound_with_agent_reply_but_null_agent_stats",
)  # fmt: skip
CONVERSATIONS = {22: "tickets_22_conversations", 1: "conversations_legacy_python-freshdesk"}
CHOICES = ("ticket_fields_status_choices_custom_fr", "ticket_fields_status_choices_trial_2026")
ADMIN_FIELDS = ("admin_ticket_fields_custom_dropdown", "admin_ticket_fields_nested_field")
AVAILABILITIES = ("agents_id_availability_docs_example", "agents_only_availability_docs_example_partial")
TOLD_ELSEWHERE = {
    "error_400_page_beyond_300", "error_404_empty_body", "error_429_rate_limited",
    "stats_resolved_not_closed_live_2026",
}  # fmt: skip
NOT_READ = {"export_ticket_activities_envelope_list", "export_ticket_activities_file"}
"""The activities export ended in 2023."""


def test_every_recording_is_replayed() -> None:
    named = {*LISTS, *TICKETS, *CONVERSATIONS.values(), *CHOICES, *ADMIN_FIELDS, *AVAILABILITIES}

    assert named | TOLD_ELSEWHERE | NOT_READ == {path.stem for path in RECORDED.glob("*.json")}


@pytest.mark.parametrize("name", LISTS)
def test_every_row_of_a_recorded_list_is_stored(name: str, replayed: Replayed) -> None:
    path, stream, kind = LISTS[name]
    rows = recorded(name)
    replayed.desk.lists[path] = rows
    replayed.sync(stream)

    assert replayed.saved.rejected == 0
    assert stored(replayed, kind) == len({row["id"] for row in rows})
    assert replayed.sync(stream).saved.new == sum(map(len, replayed.kept.values()))


@pytest.mark.parametrize("name", TICKETS)
def test_every_recorded_ticket_is_stored(name: str, replayed: Replayed) -> None:
    replayed.tickets(name)
    replayed.sync("tickets")

    found = recorded(name)
    assert replayed.saved.rejected == 0
    assert stored(replayed, "tickets") == (len(found) if isinstance(found, list) else 1)


def test_every_recorded_message_is_stored(replayed: Replayed) -> None:
    replayed.tickets("tickets_list_include_description_requester_stats", "ticket_1_legacy_python-freshdesk")
    for number, name in CONVERSATIONS.items():
        replayed.desk.conversations[number] = recorded(name)
        replayed.desk.tickets[number]["stats"]["requester_responded_at"] = "2023-01-01T00:00:00Z"
    replayed.sync("tickets")

    assert replayed.saved.rejected == 0
    assert set(CONVERSATIONS) <= set(replayed.read())
    assert replayed.messages(22) == [("end_user", True), ("agent", True), ("agent", False)]
    assert sum(event == ("agent", False) for event in replayed.messages(1)) == 1


def test_an_empty_404_for_a_conversation_is_a_ticket_that_is_gone(replayed: Replayed) -> None:
    found = recorded("error_404_empty_body")
    replayed.tickets(*TICKETS)
    replayed.desk.refused["tickets/23/conversations"] = (found["status"], found["body"])
    replayed.sync("tickets")

    assert replayed.ticket(23).deleted_at is not None
    assert replayed.saved.rejected == 0


def test_the_tickets_of_the_recording_tell_their_stories(replayed: Replayed) -> None:
    """A breach seen, an outbound ticket born closed, feedback that looks like a message."""
    replayed.tickets("tickets_list_include_description_requester_stats")
    replayed.desk.conversations[23] = [
        {"id": 1, "incoming": False, "private": False, "source": 0, "category": 3, "user_id": 9,
         "created_at": "2022-11-22T15:02:12Z"},
        {"id": 2, "incoming": True, "private": False, "source": 6, "category": 7, "user_id": 8,
         "created_at": "2022-11-22T15:02:29Z"},
    ]  # fmt: skip
    replayed.sync("tickets")

    born_closed, rated = replayed.ticket(21), replayed.ticket(23)
    assert born_closed.is_outbound
    assert born_closed.solved_at == born_closed.created_at
    assert replayed.messages(23) == [("agent", True), ("agent", True), ("system", True)]
    assert not [clock for clock in replayed.of("sla_events").values() if clock.ticket_id in {"21", "23"}]
    assert rated.first_response_at is None
    breached = {c.metric: c.event.value for c in replayed.of("sla_events").values() if c.ticket_id == "18"}
    assert breached == {"first_response": "breached", "resolution": "breached"}


@pytest.mark.parametrize("name", CHOICES)
def test_recorded_choices_become_statuses(name: str, replayed: Replayed) -> None:
    choices = recorded(name)
    replayed.desk.lists["ticket_fields"] = [
        {"id": 1, "name": "status", "type": "default_status", "choices": choices}
    ]
    replayed.sync("fields")

    assert {int(one) for one in replayed.of("statuses")} == {int(one) for one in choices}
    assert replayed.saved.rejected == 0


@pytest.mark.parametrize("name", ADMIN_FIELDS)
def test_an_administrators_fields_give_their_choices(name: str, replayed: Replayed) -> None:
    found = recorded(name)
    replayed.desk.lists["ticket_fields"] = [found.get("ticket_field", found)]
    replayed.sync("fields")

    [field] = replayed.of("fields").values()
    assert len(field.options) >= 3
    assert replayed.saved.rejected == 0


@pytest.mark.parametrize("name", AVAILABILITIES)
def test_an_availability_answer_is_no_agent_and_is_set_aside_or_read_by_its_id(
    name: str, replayed: Replayed
) -> None:
    """Another envelope under the same address: its rows are never lost, and never fatal."""
    found = recorded(name)
    replayed.desk.lists["agents"] = found if isinstance(found, list) else [found]
    replayed.sync("agents")

    assert replayed.saved.new + replayed.saved.rejected == 1


def test_a_recorded_refusal_of_a_page_too_far_is_ours_to_report(replayed: Replayed) -> None:
    found = recorded("error_400_page_beyond_300")
    replayed.desk.broken = [httpx.Response(found["status"], json=found["body"])]
    with pytest.raises(Exception, match="tell the developers"):
        replayed.sync("groups")


def test_a_recorded_429_is_waited_out(replayed: Replayed) -> None:
    found = recorded("error_429_rate_limited")
    replayed.desk.broken = [httpx.Response(429, json=found["body"], headers=found["headers"])]
    replayed.sync("groups")

    assert sum(replayed.desk.clock.slept) >= 60


def test_recorded_stats_of_a_resolved_ticket_are_read(replayed: Replayed) -> None:
    replayed.desk.ticket(
        1866, "2026-04-07T15:00:00Z", status=4, stats=recorded("stats_resolved_not_closed_live_2026")
    )
    replayed.desk.tickets[1866]["updated_at"] = "2026-04-07T20:01:20Z"
    replayed.sync("tickets")

    ticket = replayed.ticket(1866)
    assert ticket.solved_at == datetime(2026, 4, 7, 20, 1, 14, tzinfo=UTC)
    assert ticket.closed_at is None
    assert ticket.solved_at - ticket.created_at > timedelta(hours=5)
