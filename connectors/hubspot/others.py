"""Everything that is not a ticket, as records: owners, teams, surveys, calls, thread messages."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectors.hubspot import words
from connectors.hubspot.tickets import associated
from connectors.hubspot.words import Properties
from storage.records import (
    CallOutcome,
    CallRecord,
    Direction,
    EventKind,
    GroupRecord,
    OrganisationRecord,
    PersonRecord,
    RatingRecord,
    Record,
    Role,
    SurveyType,
    TicketEventRecord,
)

FEEDBACK_PROPERTIES = (
    "hs_survey_type",
    "hs_industry_standard_question_type",
    "hs_survey_id",
    "hs_value",
    "hs_response_group",
    "hs_content",
    "hs_submission_timestamp",
    "hs_createdate",
    "hs_lastmodifieddate",
    "hs_contact_id",
    "hs_ticket_id",
    "hs_ticket_owner_id",
    "hs_agent_id",
)
COMPANY_PROPERTIES = ("name", "createdate", "hs_lastmodifieddate")
CALL_PROPERTIES = (
    "hs_timestamp",
    "hs_call_duration",
    "hs_call_direction",
    "hs_call_status",
    "hubspot_owner_id",
    "hs_createdate",
    "hs_lastmodifieddate",
)
_SURVEYS = {"NPS": SurveyType.NPS, "CSAT": SurveyType.CSAT, "CES": SurveyType.CES}
_GROUPS = {"PROMOTER": 1.0, "PASSIVE": 0.0, "DETRACTOR": -1.0}
_OUTCOMES = {
    "NO_ANSWER": CallOutcome.MISSED,
    "BUSY": CallOutcome.MISSED,
    "CANCELED": CallOutcome.MISSED,
    "FAILED": CallOutcome.FAILED,
}


def owner_records(owner: Mapping[str, Any]) -> list[Record]:
    """An owner, active or archived, and the teams it belongs to. Tickets name owners, threads users."""
    user_id = owner.get("userId") or owner.get("userIdIncludingInactive")
    is_person = owner.get("type", "PERSON") == "PERSON"
    name = " ".join(part for part in (owner.get("firstName"), owner.get("lastName")) if part)
    person = PersonRecord(
        id=str(owner["id"]),
        version=words.version(words.instant(owner.get("updatedAt"))),
        name=name or owner.get("email"),
        email=owner.get("email") or None,
        role=Role.AGENT if is_person else Role.SYSTEM,
        is_staff=is_person,
        is_active=not owner.get("archived"),
        attributes={"user_id": str(user_id)} if user_id else {},
        created_at=words.instant(owner.get("createdAt")),
    )
    teams = [GroupRecord(id=str(team["id"]), name=team.get("name")) for team in owner.get("teams") or []]
    return [person, *teams]


def organisation_record(row: Mapping[str, Any]) -> OrganisationRecord:
    return OrganisationRecord(
        id=str(row["id"]),
        version=words.version(words.instant(row.get("updatedAt"))),
        name=words.text(row.get("properties") or {}, "name"),
        deleted_at=words.instant(row.get("archivedAt")),
    )


def rating_record(row: Mapping[str, Any], owners: Mapping[str, str] | None = None) -> RatingRecord:
    """A feedback submission. The response group is the one normaliser that all survey kinds share.

    `owners` maps user id to owner id: chat surveys name the user who chatted.
    """
    properties: Properties = row.get("properties") or {}
    agent = (owners or {}).get(words.text(properties, "hs_agent_id") or "")
    survey = _survey_type(properties)
    score, scale = _score(properties, survey)
    return RatingRecord(
        id=str(row["id"]),
        version=words.version(words.instant(row.get("updatedAt"))),
        ticket_id=words.text(properties, "hs_ticket_id") or associated(row, "tickets"),
        survey_type=survey,
        survey_id=words.text(properties, "hs_survey_id"),
        score=score,
        scale=scale,
        comment=words.text(properties, "hs_content"),
        agent_id=words.text(properties, "hs_ticket_owner_id") or agent,
        respondent_id=words.text(properties, "hs_contact_id"),
        rated_at=words.moment(properties, "hs_submission_timestamp") or words.instant(row.get("createdAt")),
        deleted_at=words.instant(row.get("archivedAt")),
    )


def _survey_type(properties: Properties) -> SurveyType:
    """A custom survey may ask a standard question and then counts as that kind."""
    kind = (words.text(properties, "hs_survey_type") or "").upper()
    question = (words.text(properties, "hs_industry_standard_question_type") or "").upper()
    return _SURVEYS.get(kind) or _SURVEYS.get(question) or SurveyType.CUSTOM


def _score(properties: Properties, survey: SurveyType) -> tuple[float | None, str | None]:
    value = words.number(properties, "hs_value")
    if survey is SurveyType.NPS:
        return value, "0-10"
    if survey is SurveyType.CES:
        return value, "ease_1_7"
    group = _GROUPS.get((words.text(properties, "hs_response_group") or "").upper())
    if group is not None:
        return group, "bad_neutral_good"
    if value in (0, 1, 2):
        return value - 1, "bad_neutral_good"
    return value, None


def call_record(row: Mapping[str, Any]) -> CallRecord:
    """A logged call: HubSpot knows its duration only, neither waiting nor hold nor wrap-up."""
    properties: Properties = row.get("properties") or {}
    started_at = words.moment(properties, "hs_timestamp") or words.instant(row.get("createdAt"))
    duration = words.seconds_of_ms(properties, "hs_call_duration")
    status = (words.text(properties, "hs_call_status") or "").upper()
    direction = (words.text(properties, "hs_call_direction") or "INBOUND").upper()
    return CallRecord.model_validate(
        {
            "id": str(row["id"]),
            "version": words.version(words.instant(row.get("updatedAt"))),
            "ticket_id": associated(row, "tickets"),
            "agent_id": words.text(properties, "hubspot_owner_id"),
            "direction": Direction.OUTBOUND if direction == "OUTBOUND" else Direction.INBOUND,
            "outcome": _outcome(status, duration),
            "vendor_outcome": status or None,
            "started_at": started_at,
            "talk_seconds": duration,
            "duration_seconds": duration,
        }
    )


def _outcome(status: str, duration_seconds: int | None) -> CallOutcome:
    """A completed call that lasted no time is a voicemail."""
    if status == "COMPLETED":
        return CallOutcome.ANSWERED if duration_seconds else CallOutcome.VOICEMAIL
    return _OUTCOMES.get(status, CallOutcome.OTHER)


def message_events(
    ticket_id: str, messages: Iterable[Mapping[str, Any]], owners: Mapping[str, str]
) -> Iterator[TicketEventRecord]:
    """The envelopes of a thread's messages, then the note that all up to the last are known.

    `owners` maps user id to owner id, because threads name users and tickets name owners.
    """
    last = None
    for message in messages:
        at = words.instant(message.get("createdAt"))
        if at is None or message.get("type") not in ("MESSAGE", "COMMENT"):
            continue
        last = at if last is None else max(last, at)
        actor = str(message.get("createdBy") or "")
        yield TicketEventRecord(
            id=f"message:{message['id']}",
            version=words.version(at),
            ticket_id=ticket_id,
            at=at,
            event=EventKind.MESSAGE,
            actor_id=_actor_id(actor, owners),
            actor_role=_actor_role(actor, message.get("direction")),
            is_public=message["type"] == "MESSAGE",
        )
    if last is not None:
        yield TicketEventRecord(
            id=f"{ticket_id}:messages_read",
            version=words.version(last),
            ticket_id=ticket_id,
            at=last,
            event=EventKind.MESSAGES_READ,
        )


def _actor_role(actor: str, direction: Any) -> Role:
    """`A-` agent, `B-`/`BOT` and `L-` bots, `V-`/`E-` visitors, `S-`/`I-` the system and apps."""
    prefix = actor.split("-", maxsplit=1)[0].upper()
    if prefix == "A":
        return Role.AGENT
    if prefix in ("B", "BOT", "L"):
        return Role.BOT
    if prefix in ("V", "E"):
        return Role.END_USER
    return Role.END_USER if direction == "INCOMING" else Role.SYSTEM


def _actor_id(actor: str, owners: Mapping[str, str]) -> str | None:
    _prefix, _, user_id = actor.partition("-")
    return owners.get(user_id, actor) if actor.startswith("A-") else actor or None
