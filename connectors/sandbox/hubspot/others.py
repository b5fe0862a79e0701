"""What else the CRM holds: survey answers, logged calls, companies. Each knows its records by a small key."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from heapq import merge
from typing import Any

import numpy as np

from connectors.sandbox.calls import Call, Calls
from connectors.sandbox.desk import Desk
from connectors.sandbox.history import RATED
from connectors.sandbox.hubspot import words
from connectors.sandbox.order import pack
from connectors.sandbox.people import Organisations
from connectors.sandbox.story import Event

CSAT, CES, NPS, CUSTOM = range(4)
_KINDS = ("CSAT", "CES", "NPS", "CUSTOM")
_CALL_STATUS = {
    "answered": "COMPLETED",
    "voicemail": "COMPLETED",
    "failed": "FAILED",
    "abandoned_on_hold": "COMPLETED",
}
_GROUPS = ("DETRACTOR", "PASSIVE", "PROMOTER")


class Feedback:
    """One CSAT answer for each rated ticket, dated by its first answer and changed by later ones; now and then
    the customer answers another survey, too."""

    base = words.FEEDBACK

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @cached_property
    def _scripted(self) -> list[int]:
        return [int(index) + 1 for index in np.flatnonzero(self.desk.history.skeleton.times[:, RATED])]

    def _given(self, number: int) -> list[Event]:
        return [event for event in self.desk.events(number) if event.kind == "survey_answered"]

    def _keys(self, number: int) -> Iterator[int]:
        for kind, every in ((CSAT, 1), (CES, 5), (NPS, 9), (CUSTOM, 31)):
            if number % every == 0:
                yield number * 4 + kind

    def alive(self, above: int) -> Iterator[int]:
        last = 0
        for number in merge(self._scripted, self.desk.changed_by_hand()):
            if (
                number > last
                and number <= self.desk.count()
                and number * 4 + CUSTOM > above
                and self._given(number)
            ):
                yield from (key for key in self._keys(number) if key > above)
            last = number

    def archived(self, _above: int) -> Iterator[int]:
        return iter(())

    def exists(self, key: int) -> bool:
        number = key // 4
        return 0 < number <= self.desk.count() and key in self._keys(number) and bool(self._given(number))

    def changed(self, since: int, until: int) -> Iterator[tuple[int, int]]:
        for at, number, step in self.desk.surveys(since, until):
            if step:
                given = self._given(number)
                if given and given[-1].at == at:
                    yield from ((at, key) for key in self._keys(number))

    def envelope(self, key: int) -> dict[str, Any]:
        given = self._given(key // 4)
        return {"created": given[0].at, "modified": given[-1].at}

    def properties(self, key: int) -> dict[str, str | None]:
        number, kind = key // 4, key % 4
        given = self._given(number)
        score, _, comment = (given[-1].value or "5|").partition("|")
        then = self.desk.ticket_at(number, given[0].at)
        value, group = _answer(kind, int(score))
        by_mail = then.channel == "email" and number % 4 == 0
        return {
            "hs_object_id": str(words.FEEDBACK + key),
            "hs_createdate": words.modified(given[0].at),
            "hs_lastmodifieddate": words.modified(given[-1].at),
            "hs_submission_timestamp": words.moment(given[0].at),
            "hs_survey_type": _KINDS[kind],
            "hs_survey_id": str(10 + kind),
            "hs_survey_channel": "EMAIL" if then.channel == "email" else "CHAT",
            "hs_value": value,
            "hs_response_group": group,
            "hs_content": comment,
            "hs_contact_id": str(words.CONTACT + then.requester),
            "hs_ticket_id": None if by_mail or kind == NPS else str(words.TICKET + number),
            "hs_ticket_owner_id": words.owner(then.agent)
            if then.agent and not by_mail and kind != NPS
            else None,
            "hs_agent_id": str(words.USER + then.agent) if then.channel == "chat" and then.agent else None,
            "hs_industry_standard_question_type": None,
        }

    def history(self, _key: int, _name: str) -> list[dict[str, Any]]:
        return []

    def associated(self, key: int, kind: str) -> list[int]:
        """Answers by e-mail are tied to the contact only."""
        said = self.properties(key)
        if kind == "contacts":
            return [int(said["hs_contact_id"] or 0)]
        return [int(said["hs_ticket_id"])] if kind == "tickets" and said["hs_ticket_id"] else []


def _answer(kind: int, score: int) -> tuple[str, str | None]:
    """A satisfaction of 1 to 5 as each survey asks for it."""
    third = 2 if score >= 4 else 1 if score == 3 else 0
    if kind == CUSTOM:
        return "", None
    value = {CSAT: third, CES: min(score + 2, 7), NPS: score * 2}[kind]
    return str(value), _GROUPS[third]


class LoggedCalls:
    base = words.CALL

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._calls = Calls(desk)
        self._listed: tuple[int, list[int]] = (-1, [])

    def _call(self, key: int) -> Call:
        return self._calls.call(key // 4, key % 4)

    def _keys(self) -> list[int]:
        now = self.desk.now()
        if self._listed[0] != now:
            self._listed = now, sorted(call.key for call in self._calls.all())
        return self._listed[1]

    def alive(self, above: int) -> Iterator[int]:
        return (key for key in self._keys() if key > above)

    def archived(self, _above: int) -> Iterator[int]:
        return iter(())

    def exists(self, key: int) -> bool:
        return key in self._keys()

    def changed(self, since: int, until: int) -> Iterator[tuple[int, int]]:
        for at, call, _ in self._calls.changed(since, until):
            yield at, call.key

    def envelope(self, key: int) -> dict[str, Any]:
        call = self._call(key)
        is_final = call.final_at <= self.desk.now()
        return {"created": call.ended_at, "modified": call.final_at if is_final else call.ended_at}

    def properties(self, key: int) -> dict[str, str | None]:
        call, envelope = self._call(key), self.envelope(key)
        talked = call.talk + call.hold if call.outcome != "voicemail" else 0
        return {
            "hs_object_id": str(words.CALL + key),
            "hs_createdate": words.modified(call.ended_at),
            "hs_lastmodifieddate": words.modified(envelope["modified"]),
            "hs_timestamp": words.moment(call.at),
            "hs_call_direction": call.direction.upper(),
            "hs_call_status": _CALL_STATUS.get(call.outcome, "NO_ANSWER"),
            "hs_call_duration": str(talked * 1_000),
            "hubspot_owner_id": words.owner(call.agent) if call.agent else None,
        }

    def history(self, _key: int, _name: str) -> list[dict[str, Any]]:
        return []

    def associated(self, key: int, kind: str) -> list[int]:
        ticket = self._call(key).ticket
        return [words.TICKET + ticket] if kind == "tickets" and ticket else []


class Companies:
    base = words.COMPANY

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._order = Organisations(desk)

    @cached_property
    def _changes(self) -> Mapping[int, int]:
        return {key: at for at, key in self._order.after(0, self.desk.history.until)}

    def _changed_at(self, key: int) -> int:
        at = self._changes[key]
        return at if at <= self.desk.now() else self.desk.history.start - 1

    def alive(self, above: int) -> Iterator[int]:
        return iter(range(max(above, 0) + 1, self.desk.cast.organisations + 1))

    def archived(self, _above: int) -> Iterator[int]:
        return iter(())

    def exists(self, key: int) -> bool:
        return 0 < key <= self.desk.cast.organisations

    def changed(self, since: int, until: int) -> Iterator[tuple[int, int]]:
        return self._order.after(pack(since, 0) - 1, min(until, self.desk.now()))

    def envelope(self, key: int) -> dict[str, Any]:
        return {"created": self.desk.history.start - 400 * 86_400, "modified": self._changed_at(key)}

    def properties(self, key: int) -> dict[str, str | None]:
        envelope = self.envelope(key)
        return {
            "hs_object_id": str(words.COMPANY + key),
            "name": self.desk.cast.organisation(key).name,
            "domain": None,
            "createdate": words.moment(envelope["created"]),
            "hs_lastmodifieddate": words.modified(envelope["modified"]),
        }

    def history(self, _key: int, _name: str) -> list[dict[str, Any]]:
        return []

    def associated(self, _key: int, _kind: str) -> list[int]:
        return []
