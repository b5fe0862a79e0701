"""The traps other connectors fell into with HubSpot: the list, and the test that holds each of them."""

import ast
import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fake_hubspot_sync import Synced

from connectors.hubspot.stages import stage_statuses, status_records
from connectors.hubspot.streams import CALLS, COMPANIES, FEEDBACK, TICKETS
from connectors.hubspot.tickets import ticket_records
from connectors.hubspot.windows import Hits, Query, read_window
from connectors.sandbox import Desk, HubSpot, Sandbox
from connectors.sandbox.hubspot import words
from connectors.sandbox.hubspot.words import COMPANY, TICKET
from storage.records import Status, TicketEventRecord

TRAPS = {
    1: "windows::test_one_crowded_millisecond_is_drained_by_id",
    2: "windows::test_shuffled_pages_lose_nothing",
    3: "sync::test_a_row_that_comes_to_the_index_twenty_minutes_late_is_read_by_the_second_reading",
    4: "windows::test_an_index_that_compares_ids_as_texts_is_drained_whole",
    5: "windows::test_empty_and_short_pages_are_no_end",
    6: "windows::test_every_page_repeats_the_whole_request",
    7: "windows::test_a_window_over_the_cap_is_split_by_time_and_progress_moves_with_each_part",
    8: "traps::test_nothing_undated_is_asked",
    9: "traps::test_what_changes_without_a_modification_is_read_again_while_a_ticket_is_open",
    10: "traps::test_no_property_that_is_computed_at_each_reading_is_asked_for",
    11: "mapping::test_a_cleared_value_is_null_like_one_never_set",
    12: "traps::test_ids_of_pipelines_and_stages_are_texts",
    13: "mapping::test_a_deleted_stage_leaves_only_the_closed_flag",
    14: "traps::test_a_changed_association_is_seen_while_a_ticket_is_open",
    15: "api::test_no_association_is_told_as_an_error_and_is_none",
    16: "api::test_every_page_of_a_list_asks_for_everything_again_and_no_link_is_followed",
    17: "traps::test_a_deleted_ticket_is_known_to_be_deleted_and_comes_back_when_restored",
    18: "mapping::test_merges_of_merges_all_lead_to_the_last_survivor",
    19: "api::test_addresses_stay_far_below_the_length_that_is_refused",
    20: "api::test_histories_are_asked_for_fifty_at_a_time_and_no_id_twice",
    21: "api::test_an_access_token_is_renewed_before_it_ends_and_once_when_it_is_refused",
    22: "sync::test_a_missing_scope_skips_its_stream_by_name_and_nothing_else",
    23: "api::test_a_limit_is_waited_for_as_long_as_its_name_says",
    24: "engine::test_surveys_that_always_fail_stop_nothing_else",
    25: "traps::test_a_stage_that_was_deleted_keeps_its_meaning",
    26: "mapping::test_a_reopened_ticket_has_no_resolution_even_if_hubspot_kept_a_date",
    27: "mapping::test_the_first_response_is_the_earlier_of_its_two_properties",
    28: "traps::test_a_reopening_is_what_the_history_of_stages_says",
    29: "mapping::test_overdue_first_responses_of_silently_closed_tickets_are_withdrawn",
    30: "sync::test_surveys_of_every_kind_find_their_ticket",
    31: "traps::test_last_survey_dates_that_mean_two_things_are_not_asked_for",
    32: "traps::test_no_window_begins_at_the_epoch",
    33: "mapping::test_a_ticket_closed_before_it_was_created_is_an_import_and_one_closed_at_once_is_not",
    34: "traps::test_rows_passed_over_when_another_was_archived_are_read_by_id",
}
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
def account() -> Iterator[Synced]:
    desk = Desk(seed=12, tickets=120, days=40, now=NOW)
    with Sandbox(desk, HubSpot(desk, lag_seconds=lambda _key: 0)) as sandbox:
        yield Synced(sandbox).sync()


def an_open_ticket(account: Synced) -> int:
    return next(
        ticket.number
        for ticket in account.sandbox.desk.tickets()
        if not ticket.is_solved and not ticket.deleted_at and ticket.plot.organisation
    )


def test_every_trap_has_a_test() -> None:
    tests = {
        f"{path.stem.removeprefix('test_hubspot_')}::{node.name}"
        for path in Path(__file__).parent.glob("test_hubspot_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }

    assert list(TRAPS) == list(range(1, 35))
    assert set(TRAPS.values()) <= tests


def test_nothing_undated_is_asked(account: Synced) -> None:
    paths = {seen.target.partition("?")[0] for seen in account.sandbox.requests}

    assert paths
    assert all("/2026-09" in path for path in paths)


def meddle(account: Synced, name: str, number: int, value: Any) -> None:
    """From now on one ticket says something else, and is not modified by that."""
    tickets: Any = account.sandbox.dialect._tickets  # type: ignore[attr-defined] # HubSpot's own
    told = getattr(tickets, name)

    def other(key: int, *rest: Any) -> Any:
        given = told(key, *rest)
        return value(given, *rest) if key == number else given

    setattr(tickets, name, other)


def test_what_changes_without_a_modification_is_read_again_while_a_ticket_is_open(account: Synced) -> None:
    number = an_open_ticket(account)
    meddle(account, "properties", number, lambda told: {**told, "hs_ticket_category": "REPAIR"})
    account.clock.advance(60)
    account.sync("tickets")
    before = account.of("tickets")[str(TICKET + number)].category
    account.sync("open_tickets")

    assert before != "REPAIR"
    assert account.of("tickets")[str(TICKET + number)].category == "REPAIR"


def test_no_property_that_is_computed_at_each_reading_is_asked_for() -> None:
    asked = {
        name for kind in (TICKETS, FEEDBACK, CALLS, COMPANIES) for name in (*kind.properties, *kind.histories)
    }

    assert not {name for name in asked if name.startswith(("hs_time_in_", "hs_date_", "hs_v2_"))}
    assert not asked & {"hs_last_message_from_visitor", "hs_most_relevant_sla_status", "content"}


def test_ids_of_pipelines_and_stages_are_texts() -> None:
    stages = [
        {"id": "3136178a", "label": "Fresh", "displayOrder": 0, "metadata": {}},
        {"id": 7, "label": "x"},
    ]
    records = status_records([{"id": "f00", "label": "Odd", "stages": stages}])
    row = {"id": 9007199254740993, "createdAt": "2026-11-02T09:00:00Z",
           "properties": {"hs_pipeline_stage": "3136178a", "hs_merged_object_ids": "12;9007199254740995"}}  # fmt: skip
    made = ticket_records(row, stage_statuses(records))

    assert [record.id for record in records] == ["3136178a", "7"]
    assert {record.id for record in made} >= {"9007199254740993", "12", "9007199254740995"}


def test_a_changed_association_is_seen_while_a_ticket_is_open(account: Synced) -> None:
    number = an_open_ticket(account)
    number += number % 2  # even numbers name no primary company
    ticket = account.sandbox.desk.ticket(number)
    if ticket.is_solved or ticket.deleted_at:
        account.sandbox.desk.act(number, ("restored", None), ("status", "open"))
        account.clock.advance(60)
        account.sync("tickets")
    meddle(account, "associated", number, lambda told, kind: [COMPANY + 2] if kind == "companies" else told)
    account.sync("open_tickets")

    assert account.of("tickets")[str(TICKET + number)].organisation_id == str(COMPANY + 2)


def test_a_deleted_ticket_is_known_to_be_deleted_and_comes_back_when_restored(account: Synced) -> None:
    desk, number = account.sandbox.desk, an_open_ticket(account)
    desk.act(number, ("deleted", None), actor=1, role="agent")
    account.clock.advance(60)
    account.sync("tickets", "archived_tickets")
    deleted_at = account.of("tickets")[str(TICKET + number)].deleted_at
    desk.act(number, ("restored", None), actor=1, role="agent")
    account.clock.advance(60)
    account.sync("tickets", "archived_tickets")

    assert deleted_at is not None
    assert account.of("tickets")[str(TICKET + number)].deleted_at is None


def test_a_stage_that_was_deleted_keeps_its_meaning(account: Synced, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tickets' cursor remembers the stage, and the stored one stays where HubSpot lists it no more."""
    desk, number = account.sandbox.desk, an_open_ticket(account)
    desk.act(number, ("status", "pending"), actor=1, role="agent")
    left = tuple((status, label) for status, label in words.STAGE_LABELS if status != "pending")
    monkeypatch.setattr(words, "STAGE_LABELS", left)
    account.clock.advance(60)
    account.sync("statuses", "tickets")

    assert account.of("tickets")[str(TICKET + number)].status is Status.PENDING
    assert {"2", "58213979"} <= set(account.of("statuses"))


def test_a_reopening_is_what_the_history_of_stages_says() -> None:
    """The property counts every thank-you mail, and being contacted once is no first contact resolution."""
    history = [
        {"value": "4", "timestamp": "2026-11-02T10:00:00Z"},
        {"value": "1", "timestamp": "2026-11-02T09:00:00Z"},
    ]
    row = {
        "id": "1",
        "createdAt": "2026-11-02T09:00:00Z",
        "properties": {"hs_pipeline_stage": "4", "hs_ticket_reopened_at": "2026-11-02T11:00:00Z"},
        "propertiesWithHistory": {"hs_pipeline_stage": history},
    }
    made = ticket_records(row, {"1": "new", "4": "closed"})

    assert [e.value for e in made if isinstance(e, TicketEventRecord)] == ["new", "closed"]
    assert "hs_num_times_contacted" not in TICKETS.properties


def test_last_survey_dates_that_mean_two_things_are_not_asked_for() -> None:
    assert not [name for name in TICKETS.properties if name.startswith("hs_feedback_last")]


def test_no_window_begins_at_the_epoch(account: Synced) -> None:
    """A filter of 0 is answered with 500: the sandbox does, too."""
    account.cursors["tickets"] = {**account.cursors["tickets"], "read_ms": 0, "settled_ms": 0}
    account.sync("tickets")

    assert {seen.status for seen in account.sandbox.requests} <= {200, 207}


def test_rows_passed_over_when_another_was_archived_are_read_by_id() -> None:
    rows = list(range(1, 401))

    async def search(query: Query) -> Hits:
        found = [number for number in rows if number > (query.above_id or 0)]
        page = found[query.after : query.after + 200]
        following = query.after + 200 if query.after + 200 < len(found) else None
        hits = Hits(len(found), [{"id": str(number)} for number in page], following)
        if query.above_id is None and query.after == 0:
            rows.remove(5)
        return hits

    async def walk() -> set[int]:
        return {int(row["id"]) async for part in read_window(search, 1_000, 2_000) for row in part.rows}

    assert set(rows) <= asyncio.run(walk())
