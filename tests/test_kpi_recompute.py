"""The refresh does what changed and nothing else, survives being cut, and lets time pass."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa

from kpi.catalog import CATALOG, metric_named
from kpi.exclusive import exclusively
from kpi.metric import CREATED, Metric, Shape
from kpi.recompute import rebuild, refresh
from kpi.verify import verify
from storage.derived import kpi_cells, ticket_facts, touched_periods
from storage.records import CallRecord, GroupRecord, Page, PersonRecord, RatingRecord, Retired
from storage.tables import touches
from tests.kpi_desk import ACCOUNT, Desk, instant, records, schedule

NOW = "2024-03-20T12:00:00Z"
_CREATED = {"at": "2024-03-05T09:00:00Z", "ev": "created", "by": "end_user"}
_SOLVED = {"at": "2024-03-06T09:00:00Z", "ev": "status", "to": "solved"}
_REOPENED = {"at": "2024-03-10T09:00:00Z", "ev": "status", "to": "open"}


_ONE_OF_EACH = tuple({(metric.anchor, metric.shape): metric for metric in reversed(CATALOG)}.values())
"""Of each anchor and shape the first KPI: every step there is, and no more values than it takes."""


@pytest.fixture
def desk(database: sa.Engine) -> Desk:
    return Desk(database)


def _ticket(name: str, *events: dict[str, Any], version: int = 1, **fields: Any) -> list[Any]:
    return records({"id": name, "events": [_CREATED, *events]}, version=version, **fields)


def _count(desk: Desk, table: sa.Table) -> int:
    with desk.engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


# What changed and nothing else --------------------------------------------------------------------


def test_nothing_changed_is_nothing_done(desk: Desk) -> None:
    desk.show(NOW, *_ticket("1", _SOLVED))
    done = desk.refresh(NOW)
    assert (done.tickets, done.periods, done.values) == (0, 0, 0)


def test_a_day_that_did_not_change_is_not_computed_again(desk: Desk) -> None:
    other = {"id": "2", "events": [{**_CREATED, "at": "2024-02-01T09:00:00Z"}]}
    desk.show("2024-03-19T00:00:00Z", *_ticket("1"), *records(other))
    desk.show(NOW, *_ticket("1", version=2, channel="chat"))
    computed = {
        str(row["period_start"]): str(row["computed_at"])[:13]
        for row in desk.rows("ticket_volume", grain="day")
    }
    assert computed["2024-02-01"].startswith("2024-03-19")
    assert computed["2024-03-05"].startswith("2024-03-20")


def test_a_corrected_channel_moves_every_figure_of_its_ticket(desk: Desk) -> None:
    desk.show(NOW, *_ticket("1", _SOLVED))
    desk.show(NOW, *_ticket("1", _SOLVED, version=2, channel="chat"))
    for kpi in ("ticket_volume", "tickets_solved", "backlog"):
        assert [row["member"] for row in desk.rows(kpi, dimension="channel")] == ["chat"], kpi


def test_a_change_back_and_forth_between_two_refreshes_touches_no_cell(desk: Desk) -> None:
    desk.show(NOW, *_ticket("1"))
    desk.deliver(*_ticket("1", version=2, channel="chat"))
    desk.deliver(*_ticket("1", version=3))
    assert desk.refresh(NOW).periods == 0


def test_a_ticket_whose_row_is_gone_leaves_its_periods(desk: Desk) -> None:
    desk.show(NOW, *_ticket("1", _SOLVED), *_ticket("2"))
    with desk.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM tickets WHERE id = '1'")
        connection.execute(sa.insert(touches).values(account=ACCOUNT, kind="ticket", entity_id="1"))
    desk.refresh(NOW)
    assert desk.value("ticket_volume") == 1
    assert desk.rows("tickets_solved") == []
    assert verify(desk.engine, desk.reporting, now=instant(NOW)).is_right


def test_whoever_changes_sides_changes_the_tickets_they_wrote_on(desk: Desk) -> None:
    said = {"at": "2024-03-05T10:00:00Z", "ev": "comment", "author": "ann", "public": True}
    desk.show(NOW, *_ticket("1", said))
    assert desk.rows("first_response_time") == []
    desk.show(NOW, PersonRecord(id="ann", role="agent", is_staff=True))
    assert desk.value("first_response_time", "mean") == 3600


def test_a_group_that_gets_other_hours_changes_its_tickets(desk: Desk) -> None:
    reply = {"at": "2024-03-05T10:00:00Z", "ev": "comment", "by": "agent", "public": True}
    day = schedule({"tz": "UTC", "hours": {"tue": [["09:30", "17:00"]]}})
    night = schedule({"tz": "UTC", "hours": {"tue": [["09:45", "17:00"]]}}).model_copy(
        update={"id": "night", "is_default": False}
    )
    desk.show(NOW, day, night, *_ticket("1", {**_CREATED, "ev": "group", "to": "g"}, reply))
    assert desk.value("first_response_time_business", "mean") == 1800
    desk.show(NOW, GroupRecord(id="g", schedule_id="night"))
    assert desk.value("first_response_time_business", "mean") == 900


@pytest.mark.parametrize("moved_to", ["2", None])
def test_a_call_that_moves_leaves_its_ticket(desk: Desk, moved_to: str | None) -> None:
    told = {
        "id": "c",
        "outcome": "answered",
        "started_at": instant("2024-03-05T10:00:00Z"),
        "agent_id": "ann",
    }
    desk.show(
        NOW, *_ticket("1", _SOLVED), *_ticket("2", _SOLVED), CallRecord(version=1, ticket_id="1", **told)
    )
    desk.show(NOW, CallRecord(version=2, ticket_id=moved_to, **told))
    assert verify(desk.engine, desk.reporting, now=instant(NOW)).is_right


def test_a_call_whose_file_was_corrected_leaves_its_ticket(desk: Desk) -> None:
    told = {"outcome": "answered", "started_at": instant("2024-03-05T10:00:00Z"), "agent_id": "ann"}
    call = CallRecord(id="c", ticket_id="1", origin="calls.csv#1", version=1, **told)
    desk.show(NOW, *_ticket("1", _SOLVED), call)
    desk.store.save(ACCOUNT, "all", Page([], retired=[Retired("calls", "calls.csv#1")]))
    desk.refresh(NOW)
    assert verify(desk.engine, desk.reporting, now=instant(NOW)).is_right


def test_a_rating_that_finds_its_ticket_takes_its_dimensions(desk: Desk) -> None:
    lone = {"id": "r", "score": 1, "scale": "good_bad", "rated_at": instant("2024-03-07T09:00:00Z")}
    desk.show(NOW, *_ticket("1", channel="chat"), RatingRecord(version=1, **lone))
    assert desk.rows("csat_score", dimension="channel") == []
    desk.show(NOW, RatingRecord(version=2, ticket_id="1", **lone))
    assert [row["member"] for row in desk.rows("csat_score", dimension="channel")] == ["chat"]
    desk.show(NOW, RatingRecord(version=3, **lone))
    assert desk.rows("csat_score", dimension="channel") == []
    assert desk.value("csat_score") == 100


def test_a_rating_waits_for_its_ticket(desk: Desk) -> None:
    desk.show(NOW, RatingRecord(id="r", ticket_id="1", score=1, scale="good_bad", rated_at=instant(NOW)))
    assert desk.value("csat_score") == 100
    desk.show(NOW, *_ticket("1", channel="chat", is_spam=True))
    assert desk.rows("csat_score") == []


# All accounts together ----------------------------------------------------------------------------


def test_all_accounts_together_are_computed_from_their_facts(desk: Desk) -> None:
    for account, minutes in (("acme", (10, 20)), ("zeta", (60,))):
        for number, wait in enumerate(minutes):
            reply = {
                "at": f"2024-03-05T{9 + wait // 60:02}:{wait % 60:02}:00Z",
                "ev": "comment",
                "by": "agent",
                "public": True,
            }
            desk.deliver(*_ticket(str(number), reply), account=account)
    desk.refresh(NOW)
    assert desk.value("first_response_time", "mean") == 1800
    assert desk.value("first_response_time", "p50") == 1200
    assert desk.value("first_response_time", "p50", account="zeta") == 3600


def test_an_agent_stands_under_everybody_with_the_account_in_the_name(desk: Desk) -> None:
    desk.deliver(PersonRecord(id="ann", name="Ann", role="agent", is_staff=True), account="acme")
    for account in ("acme", "zeta"):
        desk.deliver(
            *_ticket("1", {**_SOLVED, "at": "2024-03-05T10:00:00Z"}, agent_id="ann"), account=account
        )
    desk.refresh(NOW)
    rows = desk.rows("ticket_volume", dimension="agent")
    assert [(row["member"], row["member_name"]) for row in rows] == [("acme/ann", "Ann"), ("zeta/ann", "ann")]


# Time ---------------------------------------------------------------------------------------------


def test_a_verdict_stands_when_its_day_comes_however_long_nobody_looked(desk: Desk) -> None:
    desk.show("2024-03-20T00:00:00Z", *_ticket("1", _SOLVED), *_ticket("2", _SOLVED, _REOPENED))
    assert desk.rows("reopen_rate") == []
    desk.refresh("2024-08-01T00:00:00Z")
    [row] = desk.rows("reopen_rate")
    assert (row["value"], row["n"], bool(row["provisional"])) == (50, 2, False)


def test_a_period_of_which_some_verdicts_stand_is_provisional(desk: Desk) -> None:
    late = {"id": "2", "events": [_CREATED, {**_SOLVED, "at": "2024-03-25T09:00:00Z"}]}
    desk.show("2024-04-10T00:00:00Z", *_ticket("1", _SOLVED), *records(late))
    [row] = desk.rows("reopen_rate", grain="month")
    assert (row["n"], bool(row["provisional"])) == (1, True)


def test_todays_backlog_is_now_and_yesterdays_is_its_day_end(desk: Desk) -> None:
    desk.show("2024-03-05T10:00:00Z", *_ticket("1"))
    assert desk.by_period("backlog") == {"2024-03-05": 1}
    desk.show("2024-03-07T10:00:00Z", *_ticket("1", _SOLVED, version=2))
    assert desk.by_period("backlog") == {"2024-03-05": 1}


def test_a_ticket_that_only_stands_appears_on_each_new_day(desk: Desk) -> None:
    desk.show("2024-03-05T10:00:00Z", *_ticket("1"))
    desk.refresh("2024-03-08T10:00:00Z")
    assert list(desk.by_period("backlog")) == ["2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08"]


def test_weeks_and_months_take_the_last_day_of_a_stock(desk: Desk) -> None:
    later = {"id": "2", "events": [{**_CREATED, "at": "2024-03-16T09:00:00Z"}]}
    desk.show(
        "2024-03-20T10:00:00Z", *_ticket("1", {**_SOLVED, "at": "2024-03-18T09:00:00Z"}), *records(later)
    )
    assert desk.by_period("backlog", grain="week") == {"2024-03-04": 1, "2024-03-11": 2, "2024-03-18": 1}
    assert desk.by_period("backlog", grain="month") == {"2024-03-01": 1}


def test_a_clock_put_back_takes_verdicts_back(desk: Desk) -> None:
    desk.show("2024-05-01T00:00:00Z", *_ticket("1", _SOLVED))
    desk.refresh("2024-03-20T00:00:00Z")
    assert desk.rows("reopen_rate") == []
    assert verify(desk.engine, desk.reporting, now=instant("2024-03-20T00:00:00Z")).is_right


# Meaning ------------------------------------------------------------------------------------------

_PHONE_SHARE = Metric(
    id="phone_share",
    title="Tickets by telephone",
    unit="%",
    direction="neutral",
    anchor=CREATED,
    shape=Shape.RATIO,
    definition="Share of created tickets that came by telephone.",
    formula="100 × by telephone ÷ created",
    where="is_countable = 1",
    value="CASE WHEN channel = 'phone' THEN 1 ELSE 0 END",
    scale=100,
)


def test_a_new_entry_of_the_catalogue_appears_and_computes_nothing_else(desk: Desk) -> None:
    desk.show(NOW, *_ticket("1", channel="phone"), *_ticket("2"))
    desk.reporting = replace(desk.reporting, catalog=(*CATALOG, _PHONE_SHARE))
    done = desk.refresh(NOW)
    assert desk.value("phone_share") == 50
    assert done.tickets == 0
    with desk.engine.connect() as connection:
        new = sa.select(sa.func.count()).select_from(kpi_cells).where(kpi_cells.c.kpi == "phone_share")
        assert done.values == connection.execute(new).scalar_one()


def test_an_entry_that_means_something_else_is_computed_again(desk: Desk) -> None:
    desk.reporting = replace(desk.reporting, catalog=(_PHONE_SHARE,))
    desk.show(NOW, *_ticket("1", channel="phone"), *_ticket("2"), *_ticket("3", is_outbound=True))
    assert desk.value("phone_share") == pytest.approx(100 / 3)
    desk.reporting = replace(
        desk.reporting, catalog=(replace(_PHONE_SHARE, where="is_countable = 1 AND is_outbound = 0"),)
    )
    desk.refresh(NOW)
    assert desk.value("phone_share") == 50
    assert _count(desk, kpi_cells) == sum(1 for _ in _all_cells(desk, "phone_share"))


def _all_cells(desk: Desk, kpi: str) -> Iterator[Any]:
    query = sa.text(
        "SELECT c.* FROM kpi_cells c JOIN kpi_definitions d ON d.kpi = c.kpi AND d.generation = c.generation "
        "WHERE c.kpi = :kpi"
    )
    with desk.engine.connect() as connection:
        yield from connection.execute(query, {"kpi": kpi}).all()


def test_an_entry_that_is_gone_takes_its_values_along(desk: Desk) -> None:
    desk.show(NOW, *_ticket("1"))
    desk.reporting = replace(desk.reporting, catalog=(metric_named("backlog"),))
    desk.refresh(NOW)
    assert desk.rows("ticket_volume") == []
    assert desk.value("backlog", period_start=desk.rows("backlog")[0]["period_start"]) == 1


def test_an_account_that_changes_its_connector_changes_how_well_its_values_are_known(desk: Desk) -> None:
    desk.show(NOW, *_ticket("1", _SOLVED))
    assert {row["availability"] for row in desk.rows("first_resolution_time")} == {"exact"}
    desk.reporting = replace(desk.reporting, vendors={ACCOUNT: "freshdesk"})
    desk.refresh(NOW)
    assert {row["availability"] for row in desk.rows("first_resolution_time")} == {"approximated"}


def test_an_account_whose_settings_are_gone_keeps_how_well_its_values_are_known(desk: Desk) -> None:
    desk.show(NOW, *_ticket("1", _SOLVED))
    desk.reporting = replace(desk.reporting, vendors={})
    assert desk.refresh(NOW).values == 0
    assert verify(desk.engine, desk.reporting, now=instant(NOW)).is_right


def test_another_zone_moves_every_day(desk: Desk) -> None:
    early = {"id": "1", "events": [{**_CREATED, "at": "2024-03-05T01:00:00Z"}]}
    desk.show(NOW, *records(early))
    desk.reporting = replace(desk.reporting, zone="America/New_York")
    desk.refresh(NOW)
    assert desk.by_period("ticket_volume") == {"2024-03-04": 1}


# Being cut ----------------------------------------------------------------------------------------


class Killed(BaseException):
    pass


def _killed_after(steps: int) -> Callable[[str, int, int], None]:
    left = steps

    def progress(_what: str, _done: int, _of: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    return progress


def _is_killed(work: Callable[..., Any], desk: Desk, steps: int, **options: Any) -> bool:
    try:
        work(desk.engine, desk.reporting, now=instant(NOW), progress=_killed_after(steps), **options)
    except Killed:
        return True
    return False


def _two_accounts(desk: Desk) -> None:
    for account in ("acme", "zeta"):
        early = {"id": "1", "events": [{**_CREATED, "at": "2024-03-05T01:00:00Z"}, _SOLVED]}
        rated = RatingRecord(id="r", score=1, scale="good_bad", rated_at=instant("2024-03-07T01:00:00Z"))
        desk.deliver(*records(early), rated, account=account)


@pytest.mark.parametrize("work", [refresh, rebuild])
def test_a_change_of_zone_may_be_cut_anywhere(desk: Desk, work: Callable[..., Any]) -> None:
    desk.reporting = replace(desk.reporting, catalog=_ONE_OF_EACH)
    _two_accounts(desk)
    desk.refresh(NOW)
    desk.reporting = replace(desk.reporting, zone="America/New_York")
    steps = 0
    while _is_killed(work, desk, steps):
        desk.refresh(NOW)
        assert verify(desk.engine, desk.reporting, now=instant(NOW)).is_right
        desk.reporting = replace(desk.reporting, zone=("UTC", "America/New_York")[steps % 2])
        steps += 1
    assert steps > 8


def test_readers_see_what_was_until_all_of_the_new_is_there(desk: Desk) -> None:
    _two_accounts(desk)
    desk.refresh(NOW)
    before = [_all_rows(desk)]
    desk.reporting = replace(desk.reporting, zone="America/New_York")
    steps = 0
    while _is_killed(refresh, desk, steps):
        assert _all_rows(desk) == before[0]
        steps += 1
    assert _all_rows(desk) != before[0]


def _all_rows(desk: Desk) -> list[Any]:
    with desk.engine.connect() as connection:
        return sorted(map(repr, connection.exec_driver_sql("SELECT * FROM report_kpis")))


def test_an_ordinary_refresh_may_be_cut_anywhere(desk: Desk) -> None:
    _two_accounts(desk)
    desk.refresh(NOW)
    for version in range(2, 12):
        desk.deliver(*_ticket("1", _SOLVED, version=version, channel=("chat", "web")[version % 2]))
        _is_killed(refresh, desk, version - 2)
    desk.refresh(NOW)
    assert (_count(desk, touches), _count(desk, touched_periods)) == (0, 0)
    assert verify(desk.engine, desk.reporting, now=instant(NOW)).is_right


# Only a part --------------------------------------------------------------------------------------


def test_a_rebuild_since_a_day_heals_that_day_and_later_ones(desk: Desk) -> None:
    early = {
        "id": "early",
        "events": [{**_CREATED, "at": "2024-01-05T01:00:00Z"}, {**_SOLVED, "at": "2024-01-06T01:00:00Z"}],
    }
    desk.show(NOW, *records(early), *_ticket("1"))
    with desk.engine.begin() as connection:
        connection.execute(sa.update(kpi_cells).values(numerator=40))
        connection.execute(sa.update(ticket_facts).values(channel="ghost"))
    rebuild(desk.engine, desk.reporting, now=instant(NOW), since=instant("2024-03-01T00:00:00Z").date())
    assert desk.by_period("ticket_volume", grain="month") == {"2024-01-01": 40, "2024-03-01": 1}
    assert {row["member"] for row in desk.rows("backlog", dimension="channel", grain="month")} == {"other"}


# One at a time ------------------------------------------------------------------------------------


def test_two_refreshes_wait_for_each_other(desk: Desk) -> None:
    entered, finished = Event(), Event()

    def second() -> None:
        with exclusively(desk.engine):
            finished.set()

    with exclusively(desk.engine):
        waiting = Thread(target=lambda: (entered.set(), second()))
        waiting.start()
        assert entered.wait(10)
        assert not finished.wait(0.3)
    assert finished.wait(10)
    waiting.join()


def test_a_killed_holder_is_waited_for_no_longer(sqlite_url: str) -> None:
    """On Postgres the lock goes with its connection."""
    path = f"{sqlite_url.removeprefix('sqlite:///')}-kpi"
    code = (
        "import sqlite3, sys, time\n"
        "held = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "held.execute('BEGIN EXCLUSIVE')\n"
        "print('held', flush=True)\n"
        "time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    engine = sa.create_engine(sqlite_url)
    holder.kill()
    holder.communicate()
    with exclusively(engine):
        pass
    engine.dispose()


def test_the_lock_file_is_its_owners_alone(sqlite_url: str) -> None:
    engine = sa.create_engine(sqlite_url)
    with exclusively(engine):
        path = Path(f"{sqlite_url.removeprefix('sqlite:///')}-kpi")
        assert path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(sqlite3.OperationalError), sqlite3.connect(path, timeout=0) as other:
            other.execute("BEGIN EXCLUSIVE")
    other.close()
    engine.dispose()
