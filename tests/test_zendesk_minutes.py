"""Zendesk's own minutes against ours, ticket by ticket: calendar and business, each figure of its metric sets.

Zendesk takes the schedule at the end of a response or resolution for the whole of it; `is_last_schedule` does
so, too. Its minutes are cut, ours are seconds.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.sandbox import Desk
from kpi.catalog import CATALOG
from kpi.meaning import Meaning
from kpi.recompute import Reporting
from storage.database import open_database
from tests.kpi_life import Life
from tests.kpi_oracle import Truth
from tests.kpi_service import NOW, WORDS, Service, quiet, told_by

SINGLE = ("first_response", "first_resolution", "full_resolution")
WAITS = ("requester_wait", "agent_wait", "on_hold")


@pytest.fixture(scope="module")
def desk() -> Desk:
    desk = Desk(seed=29, tickets=400, days=100, now=NOW)
    desk.clock.set(NOW)
    quiet(desk)
    return desk


@pytest.fixture(scope="module")
def service(desk: Desk, sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    path = tmp_path_factory.mktemp("minutes") / "deskpulse.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = open_database(f"sqlite:///{path}")
    with told_by("zendesk", desk, database) as service:
        service.reporting = Reporting(vendors={"zendesk": "zendesk"}, meaning=Meaning(is_last_schedule=True))
        service.sync()
        yield service
    database.dispose()


def both(service: Service, figure: str, kind: str) -> dict[str, tuple[int | None, int | None]]:
    """Ticket → our seconds and theirs; outbound tickets have only Zendesk's kind of a first response."""
    ours = f"f.{figure}{kind}_seconds"
    if figure == "first_response" and not kind:
        ours = "f.first_zendesk_response_seconds"
    query = (
        f"SELECT f.ticket_id, {ours}, t.vendor_{figure}{kind}_seconds, f.is_outbound FROM ticket_facts f"
        " JOIN tickets t ON t.account = f.account AND t.id = f.ticket_id WHERE t.deleted_at IS NULL"
    )
    with service.database.connect() as connection:
        rows = connection.exec_driver_sql(query).all()
    is_ours_only = figure == "first_response" and kind
    return {row[0]: (row[1], row[2]) for row in rows if not (is_ours_only and row[3])}


@pytest.mark.parametrize("kind", ["", "_business"])
@pytest.mark.parametrize("figure", SINGLE)
def test_our_minutes_of_a_span_are_zendesks(service: Service, figure: str, kind: str) -> None:
    found = both(service, figure, kind)
    known = {ticket: pair for ticket, pair in found.items() if pair != (None, None)}

    assert len(known) > 200
    assert not {ticket: pair for ticket, pair in known.items() if not is_minute_of(*pair)}


@pytest.mark.parametrize("kind", ["", "_business"])
@pytest.mark.parametrize("figure", WAITS)
def test_our_minutes_in_statuses_are_zendesks_once_a_ticket_is_solved(
    service: Service, desk: Desk, figure: str, kind: str
) -> None:
    """Zendesk counts while a ticket is open; ours are told of solved ones."""
    solved = {str(ticket.number) for ticket in desk.tickets() if ticket.is_solved}
    known = {ticket: pair for ticket, pair in both(service, figure, kind).items() if ticket in solved}
    stood = {ticket: pair for ticket, pair in known.items() if pair[1]}

    assert len(stood) > 20
    assert not {ticket: pair for ticket, pair in known.items() if not is_minute_of(pair[0], pair[1] or 0)}


def is_minute_of(ours: int | None, theirs: int | None) -> bool:
    return ours is not None and theirs is not None and ours // 60 * 60 == theirs // 60 * 60


# What explain says of a difference -------------------------------------------------------------

ROUNDED = "the vendor gives whole minutes"
OTHER_HOURS = "the vendor counts the whole span under the schedule at its end, we each stretch under its own"
OTHER_HOURS_OF_STAYS = OTHER_HOURS.replace("the whole span", "each stay in a status")
NOBODYS = "being nobody's for a while is a change for the vendor, and none for us"


def is_true(sentence: str, life: Life, ours: float, theirs: float) -> bool:
    """Whether that is why, by what happened to the ticket."""
    if sentence == ROUNDED:
        return 0 < ours - theirs < 60
    if sentence == OTHER_HOURS:
        ends = [*(reply.at for reply in life.replies[:1]), *life.solves[:1], *life.solves[-1:]]
        spans = [life.open_seconds_under_the_last(end) // 60 * 60 for end in ends]
        return sum(event.kind == "schedule" for event in life.events) > 1 and theirs in spans
    if sentence == OTHER_HOURS_OF_STAYS:
        stays = (("new", "open", "on_hold"), ("pending",), ("on_hold",))
        return theirs in [life.open_seconds_in_stays(*statuses) // 60 * 60 for statuses in stays]
    if sentence == NOBODYS:
        return any(event.kind == "agent" and event.value == "0" for event in life.events)
    return False


def test_what_explain_says_of_zendesks_other_figure_is_true(desk: Desk, sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    solved = next(t.number for t in desk.tickets() if t.status == "solved" and not t.deleted_at and t.agent)
    agent = str(desk.ticket(solved).agent)
    desk.act(solved, ("agent", "0"), ("status", "open"), actor=2, role="agent")
    desk.act(solved, ("agent", agent), ("message", "public"), ("status", "solved"), actor=2, role="agent")
    desk.clock.advance(minutes=1)
    quiet(desk)
    with told_by("zendesk", desk, database) as service:
        service.sync()
        found = list(differences(service, Truth(desk, "UTC", WORDS["zendesk"])))
    database.dispose()

    kinds = Counter(sentence for sentence, *_ in found)
    assert set(kinds) == {ROUNDED, OTHER_HOURS, OTHER_HOURS_OF_STAYS, NOBODYS}
    assert kinds[ROUNDED] > 1_000
    assert kinds[OTHER_HOURS] > 5
    assert not [one for one in found if not is_true(*one)]


def differences(service: Service, truth: Truth) -> Iterator[tuple[str, Life, float, float]]:
    for metric in CATALOG:
        if metric.vendor_figure is not None:
            for month in truth.months():
                for one in service.explained(metric.id, month).vendor_differences:
                    assert one.vendor_differs is not None
                    assert one.value is not None
                    assert one.vendor_value is not None
                    life = truth.lives[int(one.ticket_id or 0)]
                    yield one.vendor_differs, life, one.value, one.vendor_value
