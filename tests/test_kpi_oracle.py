"""Every KPI of every vendor against the truth, which is worked out by hand from what happened at the desk.

The same desk is told in three vendors' ways over HTTP, synced by the real engine and refreshed. What a vendor
does not tell cannot be known: `LIMITS` lists it all, with the tickets it is about, and everything else is equal.
"""

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.sandbox import Desk
from storage.database import open_database
from tests.kpi_checks import check
from tests.kpi_life import DONE
from tests.kpi_measures import LIMITS
from tests.kpi_service import DIALECTS, NOW, quiet, told_by

SEEDS = {"zendesk": (5,), "freshdesk": (5, 11), "hubspot": (5, 11)}
"""Other desks of Zendesk's are followed in other zones."""


def stir(desk: Desk) -> None:
    """What may happen to tickets that were read before: all of it, and then some days go by."""
    desk.change(20, within_days=25)
    alive = [ticket for ticket in desk.tickets() if not ticket.deleted_at and not ticket.merged_into]
    alive.sort(key=lambda ticket: desk.is_changed(ticket.number))
    unsolved = [ticket.number for ticket in alive if ticket.status not in DONE]
    solved = [ticket.number for ticket in alive if ticket.status == "solved"]
    winner, loser, deleted, restored, *_ = unsolved
    desk.act(winner, ("absorbed", str(loser)), ("message", "private"), actor=2, role="agent")
    desk.act(
        loser, ("message", "private"), ("merged_into", str(winner)), ("tag_added", "closed_by_merge"),
        ("status", "closed"), actor=2, role="agent",
    )  # fmt: skip
    desk.act(deleted, ("deleted", None), actor=1, role="agent")
    desk.act(restored, ("deleted", None), actor=1, role="agent")
    reopened, rated, gone, *_ = solved
    customer = desk.ticket(reopened).requester
    desk.act(reopened, ("message", "public"), ("status", "open"), actor=customer, role="end_user")
    desk.act(rated, ("survey_answered", "2|Too late"), actor=desk.ticket(rated).requester, role="end_user")
    desk.act(gone, ("deleted", None), actor=1, role="agent")
    desk.clock.advance(hours=30)
    desk.act(restored, ("restored", None), actor=1, role="agent")
    desk.act(reopened, ("message", "public"), ("status", "solved"), actor=3, role="agent")
    desk.clock.advance(days=3)
    quiet(desk)


def follow(vendor: str, database: sa.Engine, zone: str = "UTC", seed: int = 5) -> set[str]:
    """Returns the KPIs of which anything differs."""
    desk = Desk(seed=seed, tickets=260, days=70, now=NOW)
    with told_by(vendor, desk, database, zone) as service:
        service.sync()
        differs = check(service, desk, zone)
        stir(desk)
        service.sync()
        differs |= check(service, desk, zone)
    database.dispose()
    return differs


@pytest.mark.timeout(300)
@pytest.mark.parametrize("vendor", sorted(DIALECTS))
def test_every_kpi_is_the_truth_and_every_limit_to_it_is_needed(
    vendor: str, sqlite_template: Path, tmp_path: Path
) -> None:
    """It stays the truth when tickets change; a limit that no seed needs is out of date."""
    differs: set[str] = set()
    for seed in SEEDS[vendor]:
        path = tmp_path / f"{seed}.db"
        shutil.copyfile(sqlite_template, path)
        differs |= follow(vendor, open_database(f"sqlite:///{path}"), seed=seed)

    assert {kpi for told, kpi in LIMITS if told == vendor} == differs


def test_so_it_is_where_clocks_went_back(sqlite_url: str) -> None:
    """In New York on 1 November."""
    follow("zendesk", open_database(sqlite_url), "America/New_York", seed=11)


def test_so_it_is_on_postgres_where_clocks_went_forward(postgres_url: str) -> None:
    """On Chatham, whose hours are 45 minutes off, on 27 September."""
    follow("zendesk", open_database(postgres_url), "Pacific/Chatham", seed=17)
