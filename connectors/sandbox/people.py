"""People and organisations in the order of their last change."""

from collections.abc import Iterator
from heapq import merge
from itertools import takewhile

import numpy as np
import numpy.typing as npt

from connectors.sandbox.cast import FIRST_CUSTOMER, Agent
from connectors.sandbox.desk import Desk
from connectors.sandbox.order import pack, unpack

_DAY = 86_400


def _spread(keys: npt.NDArray[np.int64], start: int, until: int) -> npt.NDArray[np.int64]:
    """When each was last changed: most before the history, one in eight while it runs."""
    dice = keys * 2_654_435_761 % 1_000_003
    before = start - 1 - dice % (300 * _DAY)
    during = start + dice * (until - start) // 1_000_003
    return np.where(dice % 8 == 0, during, before)


class ByLastChange:
    """Keys of people or organisations, each with the instant of its only change in the history."""

    def __init__(self, desk: Desk, keys: npt.NDArray[np.int64]) -> None:
        self.desk = desk
        history = desk.history
        self._packed = np.sort(_spread(keys, history.start, history.until) << 24 | keys)

    def after(self, packed: int, until: int) -> Iterator[tuple[int, int]]:
        limit = pack(until + 1, 0)
        position = int(np.searchsorted(self._packed, packed, side="right"))
        return map(unpack, takewhile(limit.__gt__, self._slices(position)))

    def page(self, since: int, offset: int, count: int) -> list[tuple[int, int]]:
        """(last change, key) of that many from `since` on, without what is still to come."""
        start = int(np.searchsorted(self._packed, pack(since, 0)))
        end = int(np.searchsorted(self._packed, pack(self.desk.now() + 1, 0)))
        found: list[int] = self._packed[min(start + offset, end) : min(start + offset + count, end)].tolist()
        return [unpack(key) for key in found]

    def _slices(self, position: int) -> Iterator[int]:
        while position < len(self._packed):
            chunk = self._packed[position : position + 1_024].tolist()
            yield from chunk
            position += len(chunk)


class Users(ByLastChange):
    """Customers, and the staff, who changed when they left, were demoted, or before the history."""

    def __init__(self, desk: Desk) -> None:
        customers = np.arange(FIRST_CUSTOMER, FIRST_CUSTOMER + desk.cast.customers, dtype=np.int64)
        super().__init__(desk, customers)

    def after(self, packed: int, until: int) -> Iterator[tuple[int, int]]:
        staff = sorted((staff_changed_at(self.desk, agent), agent.key) for agent in self.desk.cast.agents)
        wanted = (pair for pair in staff if packed < pack(*pair) < pack(until + 1, 0))
        return merge(super().after(packed, until), wanted)


def staff_changed_at(desk: Desk, agent: Agent) -> int:
    demoted = desk.demoted.get(agent.key, 0)
    left = agent.left_at if agent.left_at <= desk.now() else 0
    return max(demoted, left, desk.history.start - 400 * _DAY)


class Organisations(ByLastChange):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, np.arange(1, desk.cast.organisations + 1, dtype=np.int64))
