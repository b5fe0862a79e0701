"""Surveys, calls and SLA steps as records."""

from datetime import UTC, datetime
from typing import Final

from connectors.zendesk.rows import (
    AppliedSla,
    CallRow,
    LegRow,
    MetricEventRow,
    Question,
    RatingRow,
    SurveyAnswer,
    SurveyRow,
)
from connectors.zendesk.words import key, required, seconds, target_seconds, utc, version_of, whole
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

LEGACY_SURVEY: Final = "satisfaction"
_SATISFACTION: Final = "customer_satisfaction"
_TICKET_ZRN: Final = "zen:ticket:"
_CATEGORIES: Final = {"good": 1.0, "neutral": 0.0, "bad": -1.0}
_VERDICTS: Final = "bad_neutral_good"
_SCALES: Final = {2: ("1-2", 2), 3: ("1-3", 3), 5: ("1-5", 4), 7: ("1-7", 6), 10: ("1-10", 9)}
"""Number of options → scale, and the least answer that is satisfied."""
_OUTCOMES: Final = {
    "completed": CallOutcome.ANSWERED,
    "abandoned_in_queue": CallOutcome.ABANDONED_IN_QUEUE,
    "abandoned_in_ivr": CallOutcome.ABANDONED_IN_IVR,
    "abandoned_in_voicemail": CallOutcome.ABANDONED_IN_VOICEMAIL,
    "abandoned_on_hold": CallOutcome.ABANDONED_ON_HOLD,
    "failed": CallOutcome.FAILED,
}
_SLA_STEPS: Final = {
    "activate": SlaEventKind.ACTIVATED,
    "pause": SlaEventKind.PAUSED,
    "apply_sla": SlaEventKind.APPLIED,
    "apply_group_sla": SlaEventKind.APPLIED,
    "fulfill": SlaEventKind.FULFILLED,
    "breach": SlaEventKind.BREACHED,
    "measure": SlaEventKind.MEASURED,
    "update_status": SlaEventKind.MEASURED,
}
_SLA_METRICS: Final = {"reply_time": "first_response", "resolution_time": "resolution"}
_NO_SLA: Final = AppliedSla()
_EPOCH: Final = datetime.fromtimestamp(0, tz=UTC)
_ULID: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_TIME: Final = 10


def rating(row: RatingRow) -> RatingRecord:
    """A legacy rating. A changed answer comes as a new row; the newest of a ticket counts.

    A row that was made as an answer is none of the offer, which has its own.
    """
    word = (row.score or "").casefold()
    is_answer = word.startswith(("good", "bad"))
    is_offer = word == "offered" or (is_answer and row.updated_at not in (None, row.created_at))
    return RatingRecord.built(
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
            "offered_at": utc(row.created_at if is_offer else None),
            "rated_at": utc((row.updated_at or row.created_at) if is_answer else None),
        }
    )


def survey_response(row: SurveyRow) -> RatingRecord:
    """A survey response: offered when it was made (its ULID says when), answered once it has a rating."""
    number = required(row.id, "id")
    answers = row.answers or []
    last = max(
        filter(_is_satisfaction, answers), key=lambda answer: answer.updated_at or _EPOCH, default=None
    )
    texts = (answer.value for answer in answers if answer.type == "open_ended")
    score, scale = (None, None) if last is None else _score(last)
    return RatingRecord.built(
        {
            "id": number,
            "version": max((version_of(None, answer.updated_at) for answer in answers), default=0),
            "ticket_id": _ticket(row),
            "survey_type": SurveyType.CSAT,
            "survey_id": key(row.survey.id) if row.survey is not None else None,
            "score": score,
            "scale": scale,
            "comment": next((text for text in texts if isinstance(text, str) and text), None),
            "respondent_id": key(row.responder_id),
            "offered_at": ulid_instant(number),
            "rated_at": utc(None if last is None else last.updated_at or last.created_at),
        }
    )


def _is_satisfaction(answer: SurveyAnswer) -> bool:
    """Only a rating of the customer-satisfaction kind; a skipped question is no answer."""
    if answer.type != "rating_scale" or answer.rating is None:
        return False
    kind = answer.question.sub_type if isinstance(answer.question, Question) else None
    return (kind or _SATISFACTION) == _SATISFACTION


def _score(answer: SurveyAnswer) -> tuple[float | None, str]:
    """The vendor's own verdict decides where it is given: scales differ by survey."""
    verdict = _CATEGORIES.get((answer.rating_category or "").casefold())
    options = answer.question.options if isinstance(answer.question, Question) else None
    scale, least = _SCALES.get(len(options) if options else 5, (None, 0))
    if answer.rating is None or scale is None:
        return verdict, _VERDICTS
    if verdict is not None and (answer.rating >= least) != (verdict > 0):
        return verdict, _VERDICTS
    return float(answer.rating), scale


def _ticket(row: SurveyRow) -> str | None:
    for subject in row.subjects or ():
        zrn = subject.zrn or ""
        if subject.type == "ticket" or zrn.startswith(_TICKET_ZRN):
            return key(subject.id) or zrn.removeprefix(_TICKET_ZRN) or None
    found = next((zrn for zrn in row.subject_zrns or () if zrn.startswith(_TICKET_ZRN)), None)
    return None if found is None else found.removeprefix(_TICKET_ZRN)


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
    return CallRecord.built(
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
            "started_at": utc(row.created_at),
            "wait_seconds": whole(row.wait_time),
            "answer_seconds": whole(row.time_to_answer),
            "talk_seconds": whole(row.talk_time),
            "hold_seconds": whole(row.hold_time),
            "wrap_seconds": whole(row.wrap_up_time),
            "duration_seconds": whole(row.duration),
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
    return CallLegRecord.built(
        {
            "id": required(row.id, "id"),
            "version": version_of(None, row.updated_at),
            "call_id": required(row.call_id, "call_id"),
            "leg_type": row.type or "unknown",
            "agent_id": key(row.agent_id),
            "started_at": utc(row.created_at),
            "talk_seconds": whole(row.talk_time),
            "hold_seconds": whole(row.hold_time),
            "wrap_seconds": whole(row.wrap_up_time),
            "duration_seconds": whole(row.duration),
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
    applied = row.sla or row.group_sla or _NO_SLA
    metric, instance = row.metric or "", row.instance_id or 0
    if metric == "reply_time" and instance > 1:
        metric = "next_response"
    return SlaEventRecord.built(
        {
            "id": required(row.id, "id"),
            "version": version_of(None, row.time),
            "ticket_id": required(row.ticket_id, "ticket_id"),
            "metric": _SLA_METRICS.get(metric, metric),
            "instance": instance,
            "event": step,
            "at": utc(row.time),
            "target_seconds": target_seconds(applied.target_in_seconds, applied.target),
            "is_business": applied.business_hours,
            "policy_id": key(applied.policy.id) if applied.policy is not None else None,
            "elapsed_seconds": None if row.status is None else seconds(row.status.calendar),
            "is_deleted": bool(row.deleted),
        }
    )
