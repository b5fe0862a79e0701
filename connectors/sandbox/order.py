"""Things in the order of time, without holding what they are: packed keys, merged from two places."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from heapq import merge

import numpy as np
import numpy.typing as npt

NUMBER_BITS = 24
"""Ticket numbers stay below 2**24."""
_NUMBER_MASK = (1 << NUMBER_BITS) - 1


def pack(at: int, number: int) -> int:
    return at << NUMBER_BITS | number


def unpack(key: int) -> tuple[int, int]:
    return key >> NUMBER_BITS, key & _NUMBER_MASK


class LastChanges:
    """Every ticket once, by (last change, number): a sorted array, and a small list of what moved since."""

    def __init__(self, settled: npt.NDArray[np.int64], size: int) -> None:
        self._settled = settled
        self._moved = np.zeros(size + 1, np.bool_)
        self._recent: list[int] = []
        self._where: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._recent)

    def move(self, number: int, at: int) -> None:
        """The ticket's last change is now `at`."""
        old = self._where.get(number)
        if old is not None:
            del self._recent[bisect_left(self._recent, old)]
        self._moved[number] = True
        self._where[number] = key = pack(at, number)
        if not self._recent or key > self._recent[-1]:
            self._recent.append(key)
        else:
            insort(self._recent, key)

    def after(self, key: int) -> Iterator[int]:
        """Keys greater than `key`, ascending."""
        return merge(self._after_settled(key), self._after_recent(key))

    def _after_settled(self, key: int) -> Iterator[int]:
        position = int(np.searchsorted(self._settled, key, side="right"))
        while position < len(self._settled):
            chunk = self._settled[position : position + 1_100]
            yield from chunk[~self._moved[chunk & _NUMBER_MASK]].tolist()
            position += len(chunk)

    def _after_recent(self, key: int) -> Iterator[int]:
        for position in range(bisect_right(self._recent, key), len(self._recent)):
            yield self._recent[position]


class Timeline:
    """Happenings of all tickets by (instant, ticket, ordinal), worked out one stretch of time at a time.

    `tell(number)` gives the (instant, ordinal) pairs of one ticket's whole script; `alive(begin, end)` the
    tickets that may have any between two instants.
    """

    _KEPT = 4

    def __init__(
        self,
        start: int,
        stretch: int,
        alive: Callable[[int, int], list[int]],
        tell: Callable[[int], list[tuple[int, int]]],
    ) -> None:
        self._start = start
        self._stretch = stretch
        self._alive = alive
        self._tell = tell
        self._buckets: dict[int, npt.NDArray[np.int64]] = {}

    def since(self, at: int, until: int) -> Iterator[tuple[int, int, int]]:
        """(instant, number, ordinal) from `at` on, up to and including `until`."""
        bucket = max((at - self._start) // self._stretch, 0)
        while (begin := self._start + bucket * self._stretch) <= until:
            keys = self._bucket(bucket)
            position = int(np.searchsorted(keys, max(at - begin, 0) << 36))
            while position < len(keys):
                for key in keys[position : position + 512].tolist():
                    instant = begin + (key >> 36)
                    if instant > until:
                        return
                    yield instant, key >> 12 & _NUMBER_MASK, key & 0xFFF
                position += 512
            bucket += 1

    def _bucket(self, bucket: int) -> npt.NDArray[np.int64]:
        known = self._buckets.get(bucket)
        if known is not None:
            return known
        begin = self._start + bucket * self._stretch
        end = begin + self._stretch
        found: list[int] = []
        for number in self._alive(begin, end):
            found += [
                (at - begin) << 36 | number << 12 | ordinal
                for at, ordinal in self._tell(number)
                if begin <= at < end
            ]
        keys = np.array(sorted(found), np.int64)
        while len(self._buckets) >= self._KEPT:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[bucket] = keys
        return keys
