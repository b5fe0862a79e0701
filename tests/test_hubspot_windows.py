"""Search windows: nothing lost, whatever the index' order, caps and short pages."""

import asyncio
import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import Unexpected
from connectors.hubspot.windows import CAP, PAGE, Hits, Query, body, read_window


class Index:
    """A search index with the vendor's caps: at most 10,000 hits a query, unsorted, sometimes short pages."""

    def __init__(self, rows: Iterable[tuple[int, int]], page: int = PAGE, shuffle: int | None = None) -> None:
        self.rows = list(rows)
        self.page = page
        self.random = None if shuffle is None else random.Random(shuffle)
        self.queries = 0

    async def __call__(self, query: Query) -> Hits:
        self.queries += 1
        assert query.after + self.page <= CAP, "the vendor answers 400 beyond 10,000"
        found = [
            (modified, number)
            for number, modified in self.rows
            if query.low_ms <= modified <= query.high_ms and number > (query.above_id or -1)
        ]
        found.sort(key=(lambda row: row[1]) if query.above_id is not None else None)
        if self.random and query.above_id is None:
            self.random.shuffle(found)
        end = query.after + self.page
        rows = [{"id": str(number), "ms": modified} for modified, number in found[query.after : end]]
        return Hits(len(found), rows, end if end < len(found) else None)


def read(index: Index, low: int, high: int) -> tuple[list[int], list[int]]:
    async def walk() -> tuple[list[int], list[int]]:
        ids: list[int] = []
        done: list[int] = []
        async for part in read_window(index, low, high):
            ids += [int(row["id"]) for row in part.rows]
            done += [part.done_ms] if part.done_ms is not None else []
        return ids, done

    return asyncio.run(walk())


def test_a_small_window_costs_a_call_a_page_and_no_more() -> None:
    index = Index((number, number) for number in range(1000))

    ids, done = read(index, 0, 10_000)

    assert (sorted(ids), done, index.queries) == (list(range(1000)), [10_000], 5)


def test_an_idle_window_costs_one_call() -> None:
    index = Index([])

    assert read(index, 5, 9) == ([], [9])
    assert index.queries == 1


def test_a_window_over_the_cap_is_split_by_time_and_progress_moves_with_each_part() -> None:
    index = Index((number, number // 3) for number in range(25_000))

    ids, done = read(index, 0, 9_000)

    assert sorted(ids) == list(range(25_000))
    assert done == sorted(done)
    assert len(done) > 2
    assert done[-1] == 9_000


def test_one_crowded_millisecond_is_drained_by_id() -> None:
    index = Index([(number, 77) for number in range(1, CAP + 451)] + [(CAP + 900, 78)])

    ids, _done = read(index, 0, 1_000)

    assert sorted(ids) == [*range(1, CAP + 451), CAP + 900]


def test_ids_out_of_order_stop_loudly() -> None:
    class Lexicographic(Index):
        async def __call__(self, query: Query) -> Hits:
            hits = await super().__call__(query)
            rows = (
                sorted(hits.rows, key=lambda row: str(row["id"])) if query.above_id is not None else hits.rows
            )
            return Hits(hits.total, rows, hits.after)

    with pytest.raises(Unexpected, match="not in the order of ids"):
        read(Lexicographic([(number, 77) for number in range(1, CAP + 1)]), 0, 100)


def test_an_index_that_compares_ids_as_texts_is_drained_whole() -> None:
    class Textual(Index):
        """Filter and order both take ids for texts: "719" comes before "72"."""

        async def __call__(self, query: Query) -> Hits:
            if query.above_id is None:
                return await super().__call__(query)
            assert query.after == 0
            found = sorted(str(number) for number, _ in self.rows if str(number) > str(query.above_id))
            rows = [{"id": each} for each in found[: self.page]]
            return Hits(len(found), rows, self.page if len(found) > self.page else None)

    ids, _done = read(Textual([(number, 77) for number in range(1, CAP + 451)]), 0, 1_000)

    assert sorted(set(ids)) == list(range(1, CAP + 451))


def test_a_repeated_search_cursor_is_an_error() -> None:
    async def stuck(query: Query) -> Hits:
        return Hits(300, [{"id": "1"}], 200)

    async def walk() -> None:
        async for _part in read_window(stuck, 0, 9):
            pass

    with pytest.raises(Unexpected, match="repeats the search cursor"):
        asyncio.run(walk())


def test_empty_and_short_pages_are_no_end() -> None:
    pages = {
        0: Hits(3, [], 200),
        200: Hits(3, [{"id": "1"}], 400),
        400: Hits(3, [{"id": "2"}, {"id": "3"}], None),
    }

    async def search(query: Query) -> Hits:
        return pages[query.after]

    async def walk() -> list[str]:
        return [row["id"] async for part in read_window(search, 0, 9) for row in part.rows]

    assert asyncio.run(walk()) == ["1", "2", "3"]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.integers(0, 40), max_size=400),
    page=st.integers(1, 60),
    seed=st.integers(0, 1000),
)
def test_shuffled_pages_lose_nothing(rows: list[int], page: int, seed: int) -> None:
    index = Index(list(enumerate(rows, start=1)), page=page, shuffle=seed)

    ids, _done = read(index, 0, 40)

    assert set(ids) == set(range(1, len(rows) + 1))


def test_every_page_repeats_the_whole_request() -> None:
    first = body(Query(1, 2), "hs_lastmodifieddate", ("subject",))
    later = body(Query(1, 2, 200), "hs_lastmodifieddate", ("subject",))

    assert {**first, "after": "200"} == later
    assert len(first["filterGroups"][0]["filters"]) == 1
