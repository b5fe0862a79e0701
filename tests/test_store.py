"""The store: newest wins, unchanged costs nothing, a page is one transaction, on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from storage.errors import StorageError
from storage.records import (
    AgentTimeRecord,
    CallRecord,
    EventKind,
    GroupRecord,
    Page,
    PersonRecord,
    RatingRecord,
    Record,
    Rejected,
    Retired,
    Status,
    TicketEventRecord,
    TicketRecord,
)
from storage.store import Saved, Store
from storage.tables import TABLES
from storage.touches import Touch, forget_touches, read_touches

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def store(database: sa.Engine) -> Store:
    return Store(database, clock=lambda: NOW)


def ticket(number: int = 1, version: int = 1, **values: Any) -> TicketRecord:
    return TicketRecord(id=str(number), version=version, created_at=NOW, **values)


def save(store: Store, *records: Record, **page: Any) -> Saved:
    return store.save("acme", "tickets", Page(records, **page))


def rows(store: Store, kind: str = "tickets") -> list[dict[str, Any]]:
    with store.transaction() as connection:
        found = connection.execute(sa.select(TABLES[kind]).order_by("id"))
        return [dict(row) for row in found.mappings()]


def touched(store: Store) -> list[tuple[str, str, str]]:
    with store.transaction() as connection:
        return [touch[1:] for touch in read_touches(connection, 1000)]


def forget_all(store: Store) -> None:
    with store.transaction() as connection:
        forget_touches(connection, read_touches(connection, 1000))


def test_a_record_comes_back_as_it_was_given(store: Store) -> None:
    given = ticket(
        subject="half \ufffd emoji",
        status=Status.ON_HOLD,
        tags=["b", "a"],
        custom_fields={"z": 1, "a": [True]},
        solved_at=NOW + timedelta(microseconds=1),
    )
    save(store, given)

    [row] = rows(store)
    assert {name: row[name] for name in TicketRecord.model_fields} == given.model_dump()


def test_saving_counts_new_changed_and_unchanged_rows(store: Store) -> None:
    assert save(store, ticket(1), ticket(2)) == Saved(new=2)
    assert save(store, ticket(1), ticket(2, version=2, subject="x"), ticket(3)) == Saved(1, 1, 1)


def test_an_unchanged_row_costs_no_write_and_no_touch(store: Store) -> None:
    save(store, ticket())
    forget_all(store)
    store.clock = lambda: NOW + timedelta(days=1)

    save(store, ticket(version=5))

    assert rows(store)[0]["synced_at"] == NOW
    assert touched(store) == []


def test_an_older_state_never_overwrites_a_newer_one(store: Store) -> None:
    save(store, ticket(version=5, subject="new"))

    assert save(store, ticket(version=4, subject="old")) == Saved(unchanged=1)
    assert rows(store)[0]["subject"] == "new"


def test_of_two_states_of_one_version_the_later_stays(store: Store) -> None:
    save(store, ticket(version=5, subject="first"))
    save(store, ticket(version=5, subject="second"))

    assert rows(store)[0]["subject"] == "second"


def test_a_page_may_hold_a_record_twice(store: Store) -> None:
    save(store, ticket(version=2, subject="newest"), ticket(version=1, subject="older"))

    assert [row["subject"] for row in rows(store)] == ["newest"]


def test_one_id_in_two_accounts_is_two_records(store: Store) -> None:
    store.save("a", "tickets", Page([ticket()]))
    store.save("b", "tickets", Page([ticket()]))

    assert [row["account"] for row in rows(store)] == ["a", "b"]


def test_a_deletion_keeps_what_is_stored(store: Store) -> None:
    save(store, ticket(subject="Refund", tags=["vip"]))
    deleted = ticket(version=2, subject="SCRUBBED", deleted_at=NOW, vendor_status="deleted")

    save(store, deleted)

    [row] = rows(store)
    assert (row["subject"], row["tags"], row["deleted_at"], row["vendor_status"]) == (
        "Refund",
        ["vip"],
        NOW,
        "deleted",
    )
    assert save(store, deleted) == Saved(unchanged=1)


def test_a_merge_names_the_survivor_on_the_stored_ticket(store: Store) -> None:
    save(store, ticket(subject="Refund"))
    save(store, ticket(version=2, deleted_at=NOW, is_merged=True, merged_into="9"))

    [row] = rows(store)
    assert (row["subject"], row["is_merged"], row["merged_into"]) == ("Refund", True, "9")


def test_a_restored_ticket_is_no_longer_deleted(store: Store) -> None:
    save(store, ticket(subject="Refund"))
    save(store, ticket(version=2, deleted_at=NOW))
    save(store, ticket(version=3, subject="Refund"))

    assert rows(store)[0]["deleted_at"] is None


def test_a_ticket_first_seen_deleted_is_stored_as_it_is(store: Store) -> None:
    save(store, ticket(deleted_at=NOW, subject="SCRUBBED"))

    assert rows(store)[0]["deleted_at"] == NOW


def test_subjects_can_be_kept_out(database: sa.Engine) -> None:
    store = Store(database, store_subjects=False)
    save(store, ticket(subject="private"))

    assert rows(store)[0]["subject"] is None


def test_somebody_once_of_the_staff_stays_so_for_old_messages(store: Store) -> None:
    save(store, PersonRecord(id="7", is_staff=True))
    save(store, PersonRecord(id="7", version=2, is_staff=False))

    [person] = rows(store, "people")
    assert (person["is_staff"], person["was_staff"]) == (False, True)


def test_records_touch_what_their_kpis_rest_on(store: Store) -> None:
    save(
        store,
        ticket(1),
        TicketEventRecord(id="e", ticket_id="2", at=NOW, event=EventKind.STATUS),
        RatingRecord(id="r", ticket_id="3"),
        RatingRecord(id="q"),
        CallRecord(id="c", started_at=NOW),
        PersonRecord(id="staff", is_staff=True),
        PersonRecord(id="customer"),
        GroupRecord(id="plain"),
        GroupRecord(id="scheduled", schedule_id="s"),
    )

    assert sorted(touched(store)) == [
        ("acme", "call", "c"),
        ("acme", "group", "scheduled"),
        ("acme", "person", "staff"),
        ("acme", "rating", "q"),
        ("acme", "ticket", "1"),
        ("acme", "ticket", "2"),
        ("acme", "ticket", "3"),
    ]


def test_a_renamed_person_touches_nothing(store: Store) -> None:
    save(store, PersonRecord(id="staff", is_staff=True))
    forget_all(store)

    save(store, PersonRecord(id="staff", version=2, is_staff=True, name="Ada"))

    assert touched(store) == []


def test_a_touch_renewed_since_it_was_read_is_not_forgotten(store: Store) -> None:
    save(store, ticket(1), ticket(2))
    with store.transaction() as connection:
        read = read_touches(connection, 1000)
    save(store, ticket(2, version=2, subject="again"))

    with store.transaction() as connection:
        forget_touches(connection, read)

    assert touched(store) == [("acme", "ticket", "2")]


def test_touches_are_read_oldest_first_and_by_kind(store: Store) -> None:
    save(store, ticket(1), CallRecord(id="c", started_at=NOW), ticket(2))

    with store.transaction() as connection:
        found: list[Touch] = read_touches(connection, 1, kind="ticket")

    assert [touch.entity_id for touch in found] == ["1"]


def test_page_and_checkpoint_move_together(store: Store) -> None:
    save(store, ticket(), cursor={"after": "x"}, data_until=NOW)

    checkpoint = store.checkpoint("acme", "tickets")
    assert checkpoint is not None
    assert (checkpoint.cursor, checkpoint.data_until, checkpoint.rows_total) == ({"after": "x"}, NOW, 1)


def test_a_page_without_a_cursor_leaves_the_stored_one(store: Store) -> None:
    save(store, ticket(), cursor={"after": "x"})
    save(store, ticket(2))

    checkpoint = store.checkpoint("acme", "tickets")
    assert checkpoint is not None
    assert (checkpoint.cursor, checkpoint.rows_total) == ({"after": "x"}, 2)


def test_a_page_that_fails_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any) -> None:
        raise sa.exc.OperationalError("", None, Exception("database or disk is full"))

    monkeypatch.setattr(store, "_move_checkpoint", fail)
    with pytest.raises(StorageError, match="free some space"):
        save(store, ticket(), cursor={"after": "x"}, rejected=[Rejected("tickets", "9", {}, "bad")])

    assert (rows(store), touched(store), store.checkpoint("acme", "tickets"), store.rejected()) == (
        [],
        [],
        None,
        [],
    )


def test_rows_set_aside_are_kept_once_and_leave_when_they_can_be_read(store: Store) -> None:
    rejected = Rejected("tickets", "9", {"id": 9}, "status: bad")
    save(store, rejected=[rejected])
    save(store, rejected=[rejected, Rejected("tickets", None, {"x": 1}, "no id")])

    assert [(row.row_id[:4], row.row, row.reason) for row in store.rejected("acme")] == [
        ("9", {"id": 9}, "status: bad"),
        ("row-", {"x": 1}, "no id"),
    ]
    save(store, ticket(9))
    assert [row.reason for row in store.rejected()] == ["no id"]
    store.resolve_rejected([store.rejected()[0].id])
    assert store.rejected() == []


def test_a_corrected_file_retires_rows_of_every_account(store: Store) -> None:
    def hours(key: str, origin: str) -> AgentTimeRecord:
        return AgentTimeRecord(id=key, agent_id=key, day=NOW.date(), available_seconds=1, origin=origin)

    store.save("office", "agent_time", Page([hours("1", "a#1"), hours("2", "a#1")], account="acme"))
    forget_all(store)

    store.save("office", "agent_time", Page([hours("2", "a#2")], account="acme"))
    store.save("office", "agent_time", Page([], retired=[Retired("agent_times", "a#1")]))

    assert [row["id"] for row in rows(store, "agent_times")] == ["2"]
    assert ("acme", "agent_times", "1") in touched(store)


def test_a_stream_is_fresh_failed_or_skipped(store: Store) -> None:
    store.stream_failed("acme", "calls", "503", NOW)
    failed = store.checkpoint("acme", "calls")
    store.stream_skipped("acme", "calls", "not on this plan", NOW)
    skipped = store.checkpoint("acme", "calls")
    store.stream_done("acme", "calls", NOW)
    done = store.checkpoint("acme", "calls")

    assert failed is not None
    assert skipped is not None
    assert done is not None
    assert (failed.last_error, failed.last_success_at) == ("503", None)
    assert (skipped.last_error, skipped.skipped) == (None, "not on this plan")
    assert (done.skipped, done.last_success_at) == (None, NOW)


def test_reset_forgets_checkpoints_and_no_data(store: Store) -> None:
    save(store, ticket(), cursor={"after": "x"})

    assert store.reset("acme", "other") == 0
    assert store.reset("acme") == 1
    assert (store.checkpoint("acme", "tickets"), len(rows(store))) == (None, 1)


def test_a_run_that_never_ended_is_closed_by_the_next(store: Store) -> None:
    store.open_run("acme", "one")
    second = store.open_run("acme", "two")
    store.close_run(second, outcome="ok", finished_at=NOW, rows_read=5, seconds=1.5)

    with store.transaction() as connection:
        found = connection.exec_driver_sql(
            "SELECT outcome, rows_read FROM report_runs ORDER BY rows_read"
        ).fetchall()
    assert [tuple(row) for row in found] == [("aborted", 0), ("ok", 5)]


def test_a_lease_keeps_others_out_until_it_ends(store: Store) -> None:
    assert store.take_lease("acme", "one", 60)
    assert not store.take_lease("acme", "two", 60)
    assert store.renew_lease("acme", "one", 60)
    store.clock = lambda: NOW + timedelta(seconds=61)
    assert store.take_lease("acme", "two", 60)
    store.release_lease("acme", "one")
    assert not store.take_lease("acme", "one", 60)
    store.release_lease("acme", "two")
    assert store.take_lease("acme", "one", 60)
