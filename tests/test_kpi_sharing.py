"""Several processes compute what one would, in order, and none outlives its work."""

import multiprocessing

import pytest
import sqlalchemy as sa

from kpi.loading import FactsWork
from kpi.meaning import Meaning
from kpi.selecting import Keys, Part
from kpi.sharing import in_order, processors
from tests.failing_work import Failing
from tests.kpi_desk import ACCOUNT, Desk, records


def test_processes_give_the_results_of_one_in_the_order_of_the_tasks(database: sa.Engine) -> None:
    desk = Desk(database)
    for number in range(9):
        events = [{"at": f"2024-03-05T09:0{number}:00Z", "ev": "created", "by": "end_user"}]
        desk.deliver(*records({"id": str(number), "events": events}))
    parts = [Part(ACCOUNT, Keys((str(number),))) for number in range(9)]
    work = FactsWork("UTC", Meaning())
    alone = list(in_order(database, work, parts, 1))
    shared = list(in_order(database, FactsWork("UTC", Meaning()), parts, 2))
    assert shared == alone
    assert [list(batch.tickets) for _, batch in shared] == [[str(number)] for number in range(9)]
    assert multiprocessing.active_children() == []


def test_what_fails_in_a_process_fails_here(sqlite_url: str) -> None:
    engine = sa.create_engine(sqlite_url)
    results = in_order(engine, Failing(at=3), range(9), 2)
    assert [next(results)[1] for _ in range(3)] == [0, 10, 20]
    with pytest.raises(ValueError, match="3 is too many"):
        next(results)
    engine.dispose()
    assert multiprocessing.active_children() == []


def test_there_is_always_a_processor() -> None:
    assert processors() >= 1
