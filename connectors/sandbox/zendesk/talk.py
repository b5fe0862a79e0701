"""Zendesk Talk: calls and legs, by last change."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from connectors.sandbox.calls import Call, Calls, Leg
from connectors.sandbox.desk import Desk
from connectors.sandbox.http import Answer, Request
from connectors.sandbox.instants import iso
from connectors.sandbox.zendesk import ids, paging

_STATUS = {"answered": "completed", "voicemail": "completed"}
_LINE = {"phone_number_id": ids.CALL + 1, "phone_number": "+15550100", "line": "+15550100"}


class Talk:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.calls_of = Calls(desk)

    def calls(self, request: Request, base_url: str) -> Answer:
        def since(start: int, until: int) -> Iterator[tuple[int, dict[str, Any]]]:
            for at, call, final in self.calls_of.changed(start, until):
                yield at, _call(call, at, final)

        return self._page(request, base_url, "calls", since)

    def legs(self, request: Request, base_url: str) -> Answer:
        def since(start: int, until: int) -> Iterator[tuple[int, dict[str, Any]]]:
            for at, call, final in self.calls_of.changed(start, until):
                for index, leg in enumerate(call.legs):
                    yield at, _leg(call, leg, index, at, final)

        return self._page(request, base_url, "legs", since)

    def _page(self, request: Request, base_url: str, kind: str, since: Any) -> Answer:
        """Up to 1,000 rows from start_time on, inclusive; there is always a next page, and no word of an end."""
        start = request.whole("start_time")
        if start is None:
            return paging.error(400, "ParameterMissing", "Parameter start_time is required")
        rows: list[dict[str, Any]] = []
        end = start
        for at, row in since(start, self.desk.now()):
            if len(rows) == 1_000:
                break
            rows.append(row)
            end = at
        next_page = f"{base_url}{request.path}.json?{urlencode({'start_time': end})}"
        return Answer.json({kind: rows, "count": len(rows), "end_time": end, "next_page": next_page})


def _call(call: Call, changed_at: int, final: bool) -> dict[str, Any]:
    inbound = call.direction == "inbound"
    voicemail = call.outcome in {"voicemail", "abandoned_in_voicemail"}
    answered = call.outcome in {"answered", "abandoned_on_hold"}
    return {
        "id": ids.CALL + call.key,
        "created_at": iso(call.at),
        "updated_at": iso(changed_at),
        "completion_status": _STATUS.get(call.outcome, call.outcome),
        "duration": call.duration,
        "wait_time": call.wait,
        "time_to_answer": call.answer,
        "talk_time": call.talk if answered else None,
        "hold_time": call.hold,
        "wrap_up_time": call.wrap if final else 0,
        "consultation_time": 0,
        "exceeded_queue_wait_time": call.wait > 300 if inbound else None,
        "outside_business_hours": call.is_outside_hours if inbound else None,
        "callback": False,
        "callback_source": None,
        "quality_issues": ["none"],
        "call_charge": f"{0.003 * (1 + call.duration // 60):.3f}",
        "minutes_billed": 1 + call.duration // 60,
        "customer_id": ids.user(call.customer),
        "customer_requested_voicemail": False,
        "direction": call.direction,
        **_LINE,
        "line_id": _LINE["phone_number_id"],
        "line_type": "phone",
        "ticket_id": call.ticket or None,
        "voicemail": voicemail,
        "ivr_time_spent": call.ivr or None,
        "ivr_hops": 1 if call.ivr else None,
        "ivr_destination_group_name": None,
        "ivr_routed_to": None,
        "ivr_action": None,
        "default_group": False,
        "overflowed": False,
        "overflowed_to": None,
        "recording_control_interactions": 0,
        "recording_time": 0,
        "not_recording_time": 0,
        "call_recording_consent": "always",
        "call_recording_consent_action": None,
        "call_recording_consent_keypress": None,
        "call_group_id": ids.GROUP + call.group if inbound else None,
        "call_channel": None,
        "agent_id": ids.user(call.agent),
    }


def _leg(call: Call, leg: Leg, index: int, changed_at: int, final: bool) -> dict[str, Any]:
    agent = leg.kind == "agent"
    return {
        "id": ids.LEG + call.key * 8 + index,
        "call_id": ids.CALL + call.key,
        "type": leg.kind,
        "created_at": iso(leg.at),
        "updated_at": iso(changed_at),
        "agent_id": ids.user(leg.agent) or 0,
        "user_id": 0 if agent else ids.user(call.customer),
        "duration": leg.talk + leg.hold,
        "talk_time": leg.talk,
        "hold_time": leg.hold,
        "wrap_up_time": (leg.wrap if final else 0) if agent else None,
        "available_via": "browser" if agent else None,
        "forwarded_to": None,
        "consultation_from": None,
        "consultation_time": None,
        "consultation_to": None,
        "conference_from": None,
        "conference_time": None,
        "conference_to": None,
        "transferred_from": ids.user(leg.transferred_from),
        "transferred_to": ids.user(leg.transferred_to),
        "minutes_billed": 1,
        "call_charge": "0.003",
        "completion_status": leg.outcome,
        "quality_issues": ["none"],
    }
