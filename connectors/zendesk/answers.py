"""Surveys, calls and SLA steps as records."""

from datetime import UTC, datetime
from typing import Any

from connectors.zendesk.rows import CallRow, LegRow, MetricEventRow, RatingRow, SurveyRow
from connectors.zendesk.words import key, required, version_of
from storage.records import (
    CallLegRecord,
    CallOutcome,
    CallRecord,
    Direction,
    RatingRecord,
    SlaEventKind,
    SlaEventRecord,
    SurveyType,
)

LEGACY_SURVEY = "satisfaction"
_CATEGORIES = {"good": 1.0, "neutral": 0.0, "bad": -1.0}
_OUTCOMES = {
    "completed": CallOutcome.ANSWERED,
    "abandoned_in_queue": CallOutcome.ABANDONED_IN_QUEUE,
    "abandoned_in_ivr": CallOutcome.ABANDONED_IN_IVR,
    "abandoned_in_voicemail": CallOutcome.ABANDONED_IN_VOICEMAIL,
    "abandoned_on_hold": CallOutcome.ABANDONED_ON_HOLD,
    "failed": CallOutcome.FAILED,
}
_SLA_STEPS = {
    "activate": SlaEventKind.ACTIVATED,
    "pause": SlaEventKind.PAUSED,
    "apply_sla": SlaEventKind.APPLIED,
    "apply_group_sla": SlaEventKind.APPLIED,
    "fulfill": SlaEventKind.FULFILLED,
    "breach": SlaEventKind.BREACHED,
    "measure": SlaEventKind.MEASURED,
    "update_status": SlaEventKind.MEASURED,
}
SLA_METRICS = {
    "reply_time": "first_response",
    "resolution_time": "resolution",
}
_ULID = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_TIME = 10


def rating(row: RatingRow) -> RatingRecord:
    """A legacy rating. A changed answer comes as a new row; the newest of a ticket counts."""
    word = (row.score or "").casefold()
    is_answer = word.startswith(("good", "bad"))
    return RatingRecord.model_validate(
        {
            "id": required(row.id, "id"),
            "version": version_of(None, row.updated_at),
            "ticket_id": key(row.ticket_id),
            "survey_type": SurveyType.CSAT,
            "survey_id": LEGACY_SURVEY,
            "score": (1.0 if word.startswith("good") else 0.0) if is_answer else None,
            "scale": "good_bad",
            "comment": row.comment or None,
            "reason": row.reason,
            "agent_id": key(row.assignee_id),
            "group_id": key(row.group_id),
            "respondent_id": key(row.requester_id),
            "offered_at": row.created_at,
            "rated_at": (row.updated_at or row.created_at) if is_answer else None,
        }
    )


def survey_response(row: SurveyRow) -> RatingRecord:
    """A survey response: offered when it was made (its ULID says when), answered once it has a rating."""
    number = required(row.id, "id")
    answers = [answer for answer in row.answers or () if _is_satisfaction(answer)]
    last = max(answers, key=lambda answer: str(answer.get("updated_at") or ""), default=None)
    text = next(
        (a.get("value") for a in row.answers or () if a.get("type") == "open_ended" and a.get("value")), None
    )
    score, scale = _score(last) if last is not None else (None, None)
    return RatingRecord.model_validate(
        {
            "id": number,
            "version": max((version_of(None, a.get("updated_at")) for a in row.answers or ()), default=0),
            "ticket_id": _ticket(row),
            "survey_type": SurveyType.CSAT,
            "survey_id": str((row.survey or {}).get("id") or "") or None,
            "score": score,
            "scale": scale,
            "comment": text,
            "respondent_id": key(row.responder_id),
            "offered_at": ulid_instant(number),
            "rated_at": (last.get("updated_at") or last.get("created_at")) if last is not None else None,
        }
    )


def _is_satisfaction(answer: dict[str, Any]) -> bool:
    """Only a rating of the customer-satisfaction kind; a skipped question is no answer."""
    if answer.get("type") != "rating_scale" or answer.get("rating") is None:
        return False
    question = answer.get("question") or {}
    return (question.get("sub_type") or "customer_satisfaction") == "customer_satisfaction"


def _score(answer: dict[str, Any]) -> tuple[float | None, str | None]:
    """The vendor's own verdict decides where it is given: scales differ by survey."""
    category = _CATEGORIES.get(str(answer.get("rating_category")).casefold())
    value = float(answer["rating"])
    options = (answer.get("question") or {}).get("options")
    size = len(options) if isinstance(options, list) and options else 5
    scale = {2: "1-2", 3: "1-3", 5: "1-5", 7: "1-7", 10: "1-10"}.get(size)
    satisfied = {"1-2": 2, "1-3": 3, "1-5": 4, "1-7": 6, "1-10": 9}
    if scale is None or (category is not None and (value >= satisfied[scale]) != (category > 0)):
        return category, "bad_neutral_good"
    return value, scale


def _ticket(row: SurveyRow) -> str | None:
    for subject in row.subjects or ():
        if subject.get("type") == "ticket" or str(subject.get("zrn", "")).startswith("zen:ticket:"):
            return key(subject.get("id")) or str(subject["zrn"]).rsplit(":", maxsplit=1)[-1]
    found = next((zrn for zrn in row.subject_zrns or () if zrn.startswith("zen:ticket:")), None)
    return found.rsplit(":", maxsplit=1)[-1] if found else None


def ulid_instant(ulid: str) -> datetime | None:
    """A ULID begins with its creation in milliseconds; null for ids that are none."""
    head = ulid[:_ULID_TIME].upper()
    if len(ulid) != 26 or any(letter not in _ULID for letter in head):
        return None
    milliseconds = 0
    for letter in head:
        milliseconds = milliseconds * 32 + _ULID.index(letter)
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def call(row: CallRow) -> CallRecord:
    """A call. A voicemail is `completed` for Talk, but nobody answered it."""
    return CallRecord.model_validate(
        {
            "id": required(row.id, "id"),
            "version": version_of(None, row.updated_at),
            "ticket_id": key(row.ticket_id),
            "agent_id": key(row.agent_id),
            "group_id": key(row.call_group_id),
            "customer_id": key(row.customer_id),
            "direction": Direction.OUTBOUND if row.direction == "outbound" else Direction.INBOUND,
            "outcome": _outcome(row),
            "vendor_outcome": row.completion_status,
            "started_at": row.created_at,
            "wait_seconds": row.wait_time,
            "answer_seconds": row.time_to_answer,
            "talk_seconds": row.talk_time,
            "hold_seconds": row.hold_time,
            "wrap_seconds": row.wrap_up_time,
            "duration_seconds": row.duration,
            "is_callback": bool(row.callback),
            "is_outside_hours": bool(row.outside_business_hours),
        }
    )


def _outcome(row: CallRow) -> CallOutcome:
    word = (row.completion_status or "").casefold()
    if row.voicemail and word == "completed":
        return CallOutcome.VOICEMAIL
    if word in _OUTCOMES:
        return _OUTCOMES[word]
    return CallOutcome.ABANDONED_IN_QUEUE if word.startswith("abandoned") else CallOutcome.OTHER


def leg(row: LegRow) -> CallLegRecord:
    return CallLegRecord.model_validate(
        {
            "id": required(row.id, "id"),
            "version": version_of(None, row.updated_at),
            "call_id": required(row.call_id, "call_id"),
            "leg_type": row.type or "unknown",
            "agent_id": key(row.agent_id),
            "started_at": row.created_at,
            "talk_seconds": row.talk_time,
            "hold_seconds": row.hold_time,
            "wrap_seconds": row.wrap_up_time,
            "duration_seconds": row.duration,
            "outcome": row.completion_status,
            "transferred_from": key(row.transferred_from),
            "transferred_to": key(row.transferred_to),
        }
    )


def sla_event(row: MetricEventRow) -> SlaEventRecord:
    """A step of an SLA clock. Only `apply_sla` names a target: the one in force at that moment."""
    step = _SLA_STEPS.get((row.type or "").casefold())
    if step is None:
        raise ValueError(f"type {row.type!r} is not known")
    applied = row.sla or row.group_sla or {}
    exact, minutes = applied.get("target_in_seconds"), applied.get("target")
    metric, instance = row.metric or "", row.instance_id or 0
    if metric == "reply_time" and instance > 1:
        metric = "next_response"
    return SlaEventRecord.model_validate(
        {
            "id": required(row.id, "id"),
            "version": version_of(None, row.time),
            "ticket_id": required(row.ticket_id, "ticket_id"),
            "metric": SLA_METRICS.get(metric, metric),
            "instance": instance,
            "event": step,
            "at": row.time,
            "target_seconds": exact if exact is not None else None if minutes is None else minutes * 60,
            "is_business": applied.get("business_hours"),
            "policy_id": key((applied.get("policy") or {}).get("id")),
            "elapsed_seconds": None if row.status is None else _seconds(row.status.get("calendar")),
            "is_deleted": bool(row.deleted),
        }
    )


def _seconds(minutes: Any) -> int | None:
    return None if minutes is None else int(minutes * 60)
