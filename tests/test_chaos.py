"""Killed, crowded out or cut off anywhere, a sync goes on from where it stood: nothing is lost, nothing stands twice."""

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path

import pytest
from chaos_compare import differences, dump, leases, runs
from chaos_kills import sync
from chaos_story import NOW, Story, variables
from forking import Forker, forker

from storage.database import connect, migrate
from sync.report import Outcome, Report, StreamReport, Watch
from tests.postgres import Cluster

pytestmark = pytest.mark.chaos
_numbers = count()


@pytest.fixture(scope="module")
def forking() -> Iterator[Forker]:
    with forker("tests.chaos_kills") as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Addresses of databases that do not exist yet (SQLite), or are empty (Postgres)."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path / f'chaos-{next(_numbers)}.db'}"
    cluster: Cluster = request.getfixturevalue("postgres")

    def make() -> str:
        name = f"chaos_{next(_numbers)}"
        cluster.run(f"CREATE DATABASE {name}")
        request.addfinalizer(lambda: cluster.run(f"DROP DATABASE {name} WITH (FORCE)"))
        return cluster.url(name)

    return make


@pytest.mark.timeout(1_800)
def test_kills_at_random_instants_change_nothing(
    forking: Forker, new_url: Callable[[], str], request: pytest.FixtureRequest
) -> None:
    calm, killed = new_url(), new_url()
    on_sqlite = calm.startswith("sqlite")
    if request.config.getoption("--chaos-full"):
        story = Story(tickets=600, rounds=10, changed=60)
        each = 2 if on_sqlite else 1  # a hundred on SQLite, fifty on Postgres
        kills = {
            "opening": each - 1,
            "reading": each + 1,
            "recomputing": each,
            "page_commit": each,
            "kpi_commit": each,
        }
    else:
        story = Story(tickets=100, rounds=2, changed=10)
        kills = {"page_commit": 1, "recomputing": 1}
        kills |= {"reading": 1, "kpi_commit": 1} if on_sqlite else {}
    prove_that_kills_change_nothing(story, forking, calm, killed, kills)


@pytest.mark.parametrize("vendor", ["freshdesk", "hubspot"])
def test_kills_change_nothing_of_other_vendors_either(vendor: str, forking: Forker, tmp_path: Path) -> None:
    calm, killed = (f"sqlite:///{tmp_path / name}" for name in ("calm.db", "killed.db"))
    story = Story(tickets=60, rounds=2, changed=6, vendor=vendor)
    prove_that_kills_change_nothing(
        story, forking, calm, killed, {"page_commit": 1, "reading": 1, "recomputing": 1}
    )


def prove_that_kills_change_nothing(
    story: Story, forking: Forker, calm: str, killed: str, kills: Mapping[str, int]
) -> None:
    usual = story.sync(forking, calm)
    told = story.sync(
        forking, killed, kills=kills, seed=1, seconds=usual["seconds"], commits=usual["commits"]
    )
    hits = told["killed"]
    print(f"killed {hits}, after {sorted(told['pages_at_kill'])} pages")

    # Without kills that hit a sync at work, in each of its phases, nothing was proven.
    wanted = {phase: wanted * story.rounds for phase, wanted in kills.items()}
    assert all(hits[phase] >= 0.5 * often for phase, often in wanted.items()), (hits, wanted)
    assert sum(hits.values()) - hits["ended"] >= 0.75 * sum(wanted.values()), (hits, wanted)
    assert sum(pages > 0 for pages in told["pages_at_kill"]) >= 0.3 * sum(wanted.values()), told

    assert differences(dump(calm), dump(killed)) == []
    outcomes = runs(killed)
    assert set(outcomes) == {"done", "aborted"}
    assert outcomes[-1] == "done"
    assert outcomes.count("done") >= story.rounds
    assert 0 < outcomes.count("aborted") <= sum(hits.values())
    assert leases(killed) == 0


def test_a_full_disk_rolls_the_page_back_and_the_next_sync_goes_on(forking: Forker, tmp_path: Path) -> None:
    calm, crowded = (f"sqlite:///{tmp_path / name}" for name in ("calm.db", "crowded.db"))
    story = Story(tickets=100)
    story.sync(forking, calm)
    told = story.sync(forking, crowded, room_bytes=[megabyte * 1_000_000 for megabyte in (1, 2, 3)])
    pages = [pages for pages, _code, _sentence in told["crowded"]]
    assert max(pages) > min(pages)  # it got further where there was more room
    for _pages, code, sentence in told["crowded"]:
        assert code == 1, sentence
        assert "the disk" in sentence
    assert differences(dump(calm), dump(crowded)) == []
    assert set(runs(crowded)) <= {"failed", "aborted", "done"}


class PullingThePlug(Watch):
    """Something happens once so many pages are stored, or when the KPIs begin to be recomputed."""

    def __init__(self, happen: Callable[[], None], at_page: int | None) -> None:
        self.happen, self.at_page, self.pages = happen, at_page, 0

    def stored(self, report: Report, done: StreamReport) -> None:
        self.pages += 1
        if self.pages == self.at_page:
            self.happen()

    def recomputing(self, report: Report) -> None:
        if self.at_page is None:
            self.happen()


def test_a_postgres_that_crashes_during_a_sync_fails_the_run_and_the_next_one_completes_it(
    durable_postgres: Cluster, request: pytest.FixtureRequest
) -> None:
    in_full = request.config.getoption("--chaos-full")
    story, urls = Story(tickets=60), []
    for name in ("calm", "crashed"):
        durable_postgres.run(f"CREATE DATABASE {name}")
        urls.append(durable_postgres.url(name))
        database = connect(urls[-1])
        migrate(database)
        database.dispose()
    calm, crashed = urls
    with story.helpdesk() as sandbox:
        assert sync(variables(sandbox, calm), NOW, Watch()).outcome is Outcome.DONE
    with story.helpdesk() as sandbox:
        given = variables(sandbox, crashed)
        for at_page in (1, 12, 25, None) if in_full else (12, None):
            watch = PullingThePlug(durable_postgres.crash, at_page)
            report = sync(given, NOW, watch)
            assert (report.outcome, report.exit_code) == (Outcome.FAILED, 1)
            assert "database postgresql" in report.sentence
            assert report.bug is None
            durable_postgres.start()
        assert sync(given, NOW, Watch()).outcome is Outcome.DONE
    assert differences(dump(calm), dump(crashed)) == []
    assert set(runs(crashed)) <= {"failed", "aborted", "done"}
