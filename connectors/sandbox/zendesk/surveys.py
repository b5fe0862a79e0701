"""Customer satisfaction, both ways: the legacy ratings and the newer survey responses."""

from collections.abc import Collection, Iterator
from typing import Any

from connectors.sandbox.desk import Desk
from connectors.sandbox.instants import iso
from connectors.sandbox.ticket import Ticket
from connectors.sandbox.zendesk import ids

SURVEY = "01HZSURVEY0000000000000001"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CATEGORY = {1: "bad", 2: "bad", 3: "neutral", 4: "good", 5: "good"}
_ANSWERABLE_SECONDS = 28 * 86_400


def ulid(at: int, number: int) -> str:
    """26 characters that sort by time, then by number."""
    value = at * 1_000 << 80 | number * 0x9E3779B97F4A7C15 % (1 << 40) | number << 48
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))


class Ratings:
    """Legacy: each offer is a row, and each answer another one, created when it was given."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def rows(self, since: int, until: int, score: str, base_url: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for at, number, step in self.desk.surveys(since, until):
            if step or score in {"", "offered"}:
                row = self._row(at, number, step, base_url)
                if _matches(row, score):
                    yield at, row

    def _row(self, at: int, number: int, step: int, base_url: str) -> dict[str, Any]:
        ticket = self.desk.ticket_at(number, at)
        key = ids.RATING + number * 4_096 + step
        answer, _, comment = (ticket.rating or "").partition("|")
        score = ("good" if int(answer) >= 4 else "bad") if step and answer else "offered"
        row: dict[str, Any] = {
            "url": f"{base_url}/api/v2/satisfaction_ratings/{key}.json",
            "id": key,
            "assignee_id": ids.user(ticket.agent),
            "group_id": ids.GROUP + ticket.group if ticket.group else None,
            "requester_id": ids.user(ticket.requester),
            "ticket_id": number,
            "score": score,
            "created_at": iso(at),
            "updated_at": iso(at),
            "comment": comment or None if step else None,
        }
        if score == "bad":
            row |= {"reason": "The issue took too long to resolve", "reason_id": 5, "reason_code": 5}
        return row


def _matches(row: dict[str, Any], score: str) -> bool:
    if not score:
        return True
    wanted, _, comment = score.partition("_with_")
    if comment == "comment" and not row["comment"]:
        return False
    return row["score"] in {"good", "bad"} if wanted == "received" else row["score"] == wanted


class SurveyResponses:
    """Current: one row a survey sent; its answers change in place until it expires."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def rows(self, since: int, until: int, subjects: Collection[str]) -> Iterator[dict[str, Any]]:
        """Sent in that time; only those about `subjects` (zrns) if there are any."""
        for at, number, step in self.desk.surveys(since, until):
            if not step and (not subjects or f"zen:ticket:{number}" in subjects):
                yield self._row(at, number)

    def _row(self, at: int, number: int) -> dict[str, Any]:
        ticket = self.desk.ticket(number)
        zrn = f"zen:ticket:{number}"
        return {
            "id": ulid(at, number),
            "responder_id": ids.user(ticket.requester),
            "subject_zrns": [zrn],
            "subjects": [{"type": "ticket", "id": str(number), "zrn": zrn}],
            "survey": {"id": SURVEY, "version": 1, "state": "enabled"},
            "expires_at": iso(at + _ANSWERABLE_SECONDS),
            "answers": self._answers(ticket),
        }

    def _answers(self, ticket: Ticket) -> list[dict[str, Any]]:
        given = [event for event in ticket.events if event.kind == "survey_answered"]
        if not given:
            return []
        score, _, comment = (given[-1].value or "").partition("|")
        said = {
            "created_at": _milliseconds(given[0].at),
            "updated_at": _milliseconds(given[-1].at),
        }
        rating = min(max(int(score), 1), 5)
        answers: list[dict[str, Any]] = [
            {
                "type": "rating_scale",
                "rating": rating,
                "rating_category": _CATEGORY[rating],
                "question": {
                    "id": "01HZQUESTION00000000000001",
                    "type": "rating_scale_emoji",
                    "sub_type": "customer_satisfaction",
                    "alias": "customer_satisfaction_rating",
                    "version": 1,
                },
                **said,
            }
        ]
        if comment:
            question = {"id": "01HZQUESTION00000000000002", "type": "open_ended", "version": 1}
            answers.append({"type": "open_ended", "value": comment, "question": question, **said})
        else:
            question = {"id": "01HZQUESTION00000000000002", "type": "open_ended", "version": 1}
            answers.append({"type": "skipped", "question": question, **said})
        return answers


def _milliseconds(at: int) -> str:
    return iso(at)[:-1] + ".000Z"
