"""Ticket metric events: every step of every service level clock, in order of time."""

from collections.abc import Iterator
from typing import Any

from connectors.sandbox.desk import Desk
from connectors.sandbox.http import Answer, Request
from connectors.sandbox.instants import iso
from connectors.sandbox.sla import POLICY, VIP_POLICY, Step
from connectors.sandbox.zendesk import ids, paging

POLICY_TITLES = {VIP_POLICY: "VIP customers", POLICY: "Everybody"}
_METRICS = {
    "reply": "reply_time",
    "requester_wait": "requester_wait_time",
    "agent_work": "agent_work_time",
    "resolution": "resolution_time",
}
_KINDS = {"apply": "apply_sla"}
_ROWS = 8
"""Ids kept for the rows that one step becomes."""


class MetricEvents:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def answer(self, request: Request, base_url: str) -> Answer:
        """A time export, or pages of a list when `page[size]` is given."""
        if "page[size]" not in request.query:
            now = self.desk.now()
            return paging.time_export(
                request, base_url, "ticket_metric_events", now, self._rows, says_end=False
            )
        start, place = request.whole("start_time"), paging.passed(request)
        if start is None or place is None:
            return paging.bad_cursor()
        rows = self._rows(max(start, place[0]), self.desk.now() - paging.WITHHELD_SECONDS)
        left = paging.past(place, ((at, row["id"], row) for at, row in rows))
        return paging.cursor_list(request, base_url, "ticket_metric_events", left, most=1_000)

    def _rows(self, since: int, until: int) -> Iterator[tuple[int, dict[str, Any]]]:
        for at, number, ordinal in self.desk.sla_steps(since, until):
            for index, row in enumerate(_rendered(self.desk.sla(number)[ordinal])):
                key = ids.METRIC_EVENT + (number * 4_096 + ordinal) * _ROWS + index
                yield at, {"id": key, "ticket_id": number, **row}


def _rendered(step: Step) -> Iterator[dict[str, Any]]:
    row: dict[str, Any] = {
        "metric": _METRICS[step.clock],
        "instance_id": step.instance,
        "type": _KINDS.get(step.kind, step.kind),
        "time": iso(step.at),
    }
    if step.kind == "apply":
        row["sla"] = {
            "target": step.target_minutes,
            "target_in_seconds": step.target_minutes * 60,
            "business_hours": step.is_business,
            "policy": {
                "id": ids.POLICY + step.policy,
                "title": POLICY_TITLES[step.policy],
                "description": POLICY_TITLES[step.policy],
            },
        }
    yield {**row, "deleted": step.is_deleted}
    if step.kind in {"pause", "fulfill"}:
        status = {"calendar": step.calendar_minutes, "business": step.business_minutes}
        yield {**row, "type": "update_status", "status": status, "deleted": False}
