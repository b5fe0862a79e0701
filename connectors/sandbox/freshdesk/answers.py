"""What is said and logged about tickets: satisfaction ratings and time entries."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from connectors.sandbox.desk import Desk
from connectors.sandbox.freshdesk import words
from connectors.sandbox.history import REPLY
from connectors.sandbox.instants import iso
from connectors.sandbox.story import Event

_FIRST_SCRIPTED = 1
_BY_HAND = 3
"""Steps of `Desk.surveys`: 1 a scripted first answer, above 2 one given by hand."""


class Answers:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def ratings(self, since: int) -> Iterator[dict[str, Any]]:
        """One row a ticket, dated by its first answer; a changed answer changes that row in place."""
        for at, number, step in self.desk.surveys(since, self.desk.now()):
            if step == _FIRST_SCRIPTED or step >= _BY_HAND:
                given = self._given(number)
                if given and given[0].at == at:
                    yield self._rating(number, given)

    def ratings_of(self, number: int) -> list[dict[str, Any]]:
        given = self._given(number)
        return [self._rating(number, given)] if given else []

    def _given(self, number: int) -> list[Event]:
        return [event for event in self.desk.events(number) if event.kind == "survey_answered"]

    def _rating(self, number: int, given: list[Event]) -> dict[str, Any]:
        first, last = given[0], given[-1]
        score, _, comment = (last.value or "5|").partition("|")
        then = self.desk.ticket_at(number, first.at)
        code = words.RATINGS[min(max(int(score), 1), 5)]
        ratings = {"default_question": code, f"question_{words.QUESTION}": 100}
        return {
            "id": words.RATING + number,
            "survey_id": words.SURVEY,
            "user_id": words.person(first.actor),
            "agent_id": words.person(then.agent),
            "group_id": words.GROUP + then.group if then.group else None,
            "ticket_id": number,
            "feedback": comment or None,
            "ratings": ratings,
            "created_at": iso(first.at),
            "updated_at": iso(last.at),
        }

    @cached_property
    def _logged(self) -> npt.NDArray[np.int64]:
        """Packed (instant, number) of the first replies on every fifth ticket, whose time is logged."""
        replied = self.desk.history.skeleton.times[:, REPLY].astype(np.int64)
        numbers = np.arange(1, len(replied) + 1, dtype=np.int64)
        chosen = (replied > 0) & (numbers % 5 == 0)
        return np.sort(replied[chosen] << 24 | numbers[chosen])

    def time_entries(self, since: int, until: int, start: int, count: int) -> list[dict[str, Any]]:
        first = int(np.searchsorted(self._logged, since << 24))
        end = int(np.searchsorted(self._logged, min(until, self.desk.now()) + 1 << 24))
        keys = self._logged[min(first + start, end) : min(first + start + count, end)].tolist()
        return [self._entry(key >> 24, key & 0xFFFFFF) for key in keys]

    def _entry(self, at: int, number: int) -> dict[str, Any]:
        seconds = 60 + number * 7_919 % 1_740
        ticket = self.desk.ticket_at(number, at)
        return {
            "billable": number % 2 == 0,
            "note": "",
            "id": words.TIME_ENTRY + number,
            "timer_running": False,
            "agent_id": words.person(ticket.agent),
            "ticket_id": number,
            "company_id": None,
            "time_spent": f"{seconds // 3_600:02}:{seconds % 3_600 // 60:02}",
            "time_spent_in_seconds": seconds,
            "executed_at": iso(at),
            "start_time": iso(at - seconds),
            "created_at": iso(at),
            "updated_at": iso(at),
        }
