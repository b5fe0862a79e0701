"""Satisfaction ratings, surveys and time entries: what people say and log beside a ticket."""

import re
from datetime import timedelta
from typing import Any, Final

from connectors.freshdesk.mapping import micros, text
from connectors.freshdesk.rows import RatingRow, SurveyRow, TimeEntryRow
from connectors.freshdesk.words import RATING_WORDS, rating_code
from storage.records import FieldRecord, RatingRecord, SurveyType, TimeEntryRecord

SCALE: Final = "freshdesk"
_HEADLINE: Final = "default_question"
_CLOCK: Final = re.compile(r"(\d+):([0-5]\d)(?::([0-5]\d))?")
_A_DAY: Final = timedelta(days=1)


def rating(row: RatingRow) -> RatingRecord:
    """The headline answer; a changed answer is dated by its change.

    Raises ValueError for an answer outside Freshdesk's codes: a guess would move the score.
    """
    answer: Any = (row.ratings or {}).get(_HEADLINE, row.rating)
    code = rating_code(answer) if isinstance(answer, int | float | str) and answer is not True else None
    if code is None:
        raise ValueError(f"unknown rating code {answer!r} in ratings.{_HEADLINE}")
    answered_at = row.updated_at or row.created_at
    return RatingRecord(
        id=str(row.id),
        version=micros(answered_at),
        ticket_id=text(row.ticket_id),
        survey_type=SurveyType.CSAT,
        survey_id=text(row.survey_id),
        score=code,
        scale=SCALE,
        comment=row.feedback or None,
        agent_id=text(row.agent_id),
        group_id=text(row.group_id),
        respondent_id=text(row.user_id),
        rated_at=answered_at,
    )


def survey(row: SurveyRow) -> list[FieldRecord]:
    """A survey's questions, each with the answers it accepts: the length is the scale."""
    questions = row.questions or []
    return [
        FieldRecord(
            id=f"survey:{row.id}:{one.id}",
            version=micros(row.updated_at) if row.updated_at else 0,
            name=one.label or row.title,
            type="survey_question",
            options={str(code): RATING_WORDS.get(code, str(code)) for code in one.accepted_ratings or []},
            is_active=row.active is not False,
        )
        for one in questions
    ]


def time_entry(row: TimeEntryRow) -> TimeEntryRecord:
    """`executed_at` is a day's midnight in the account's zone, so the timer's start tells the moment
    better, unless the time was logged for another day.
    """
    begun_at = row.start_time or row.created_at
    executed_at = row.executed_at or begun_at
    if executed_at is None:
        raise ValueError("a time entry without any instant")
    is_that_day = begun_at is not None and abs(executed_at - begun_at) < _A_DAY
    version_at = row.updated_at or row.created_at or executed_at
    return TimeEntryRecord(
        id=str(row.id),
        version=micros(version_at),
        ticket_id=str(row.ticket_id),
        agent_id=text(row.agent_id),
        at=begun_at if is_that_day and begun_at is not None else executed_at,
        seconds=_seconds(row),
        is_billable=row.billable,
    )


def _seconds(row: TimeEntryRow) -> int:
    """`time_spent` is cut to minutes; older accounts send nothing else."""
    if row.time_spent_in_seconds is not None:
        return row.time_spent_in_seconds
    if row.time_spent is None:
        return 0
    match = _CLOCK.fullmatch(row.time_spent.strip())
    if match is None:
        raise ValueError(f"time_spent is not hh:mm but {row.time_spent!r}")
    hours, minutes, rest = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(rest or 0)
