"""One fact a survey answer: how it reads on its scale, whether it is the one that counts, whose it is.

Of one ticket and survey only the latest definite answer counts, dated when it was given: a customer
who changes an answer moves it. Answers without a ticket stand alone.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kpi.calendar import SECOND
from kpi.history import value_at
from kpi.shapes import Context, Line, TicketFact, TicketFacts


class RatingInput(NamedTuple):
    """Columns of `ratings`, under their names there; instants as stored."""

    account: str
    id: str
    ticket_id: str | None
    survey_type: str
    survey_id: str | None
    score: float | None
    scale: str | None
    comment: str | None
    agent_id: str | None
    group_id: str | None
    team: str | None
    respondent_id: str | None
    offered_at: int | None
    rated_at: int | None
    dimension: str | None
    expectation: float | None
    perception: float | None
    deleted_at: int | None


class RatingFact(NamedTuple):
    """One row of `rating_facts`."""

    account: str
    rating_id: str
    ticket_id: str | None
    survey_type: str
    survey_id: str | None
    dimension: str | None
    is_countable: int
    """Neither the answer nor its ticket was deleted, merged away, spam or a test."""
    is_counted: int
    """A definite answer, and the latest of its ticket and survey."""
    offered_day: int | None
    rated_at: int | None
    rated_day: int | None
    scale: str | None
    score: float | None
    satisfied: int | None
    """Of satisfaction surveys only; a neutral answer is neither satisfied nor dissatisfied."""
    dissatisfied: int | None
    normalised: float | None
    """Ease from 1 to 7; promoter 1, passive 0, detractor -1; perception minus expectation; sentiment."""
    has_comment: int
    agent_id: str | None
    """Whoever had the ticket when it was rated."""
    group_id: str | None
    channel: str | None
    priority: str | None
    type: str | None
    category: str | None
    brand_id: str | None
    organisation_id: str | None
    requester_id: str | None
    tags: str | None
    respondent_id: str | None
    wave_ends_at: int | None
    """Until when another answer of the same respondent to the same survey takes its place."""


class Scale(NamedTuple):
    """The answers a satisfaction scale allows, and which of them are which."""

    lowest: float
    dissatisfied_until: float
    satisfied_from: float
    highest: float


SCALES: Mapping[str, Scale] = {
    "good_bad": Scale(0, 0, 1, 1),
    "bad_neutral_good": Scale(-1, -1, 1, 1),
    "1-2": Scale(1, 1, 2, 2),
    "1-3": Scale(1, 1, 3, 3),
    "1-5": Scale(1, 2, 4, 5),
    "1-7": Scale(1, 3, 6, 7),
    "1-10": Scale(1, 5, 9, 10),
    "0-10": Scale(0, 4, 9, 10),
    "freshdesk": Scale(-103, -101, 101, 103),
}
"""Satisfied as docs/kpis.md says; dissatisfied are the answers below the scale's middle."""

_EASE: Mapping[str, tuple[float, float, float]] = {
    "ease_1_7": (7, 1, 1),
    "effort_1_7": (7, 7, -1),
    "ease_1_5": (5, 1, 1.5),
    "effort_1_5": (5, 7, -1.5),
}
"""Scale → its highest answer (the lowest is 1), the ease that 1 means, and how much each step adds."""
_EASY3 = frozenset({1.0, 4.0, 7.0})
_SATISFACTION = ("csat", "employee")
_OF_CUSTOMERS = ("csat", "nps", "ces", "sentiment")


def rating_facts(
    ratings: Sequence[RatingInput], ticket: TicketFacts | None, context: Context
) -> list[RatingFact]:
    """Facts of one ticket's ratings, or of ratings without one; `ticket` is null where it is not known."""
    read = [(rating, _reading(rating, context)) for rating in ratings]
    latest: dict[tuple[str | None, ...], tuple[int, str]] = {}
    for rating, reading in read:
        if rating.rated_at is not None and _is_definite(rating, reading, context):
            key = _question(rating)
            latest[key] = max(latest.get(key, (rating.rated_at, rating.id)), (rating.rated_at, rating.id))
    counted = {rating_id for _, rating_id in latest.values()}
    return [_fact(rating, reading, ticket, rating.id in counted, context) for rating, reading in read]


class _Reading(NamedTuple):
    """What an answer says; all null where its scale does not allow it."""

    satisfied: int | None = None
    dissatisfied: int | None = None
    normalised: float | None = None

    @property
    def says_something(self) -> bool:
        return self.satisfied is not None or self.normalised is not None


def _reading(rating: RatingInput, context: Context) -> _Reading:
    kind, score, scale = rating.survey_type, rating.score, rating.scale or ""
    if kind == "servqual":
        if rating.perception is None or rating.expectation is None:
            return _Reading()
        return _Reading(normalised=rating.perception - rating.expectation)
    if score is None:
        return _Reading()
    if kind == "nps" or (kind == "employee" and scale == "0-10"):
        return _Reading(normalised=_promotion(score))
    if kind in ("ces", "sentiment"):
        return _Reading(normalised=_ease(score, scale) if kind == "ces" else _sentiment(score))
    return _satisfaction(score, scale, context) if kind in _SATISFACTION else _Reading()


def _satisfaction(score: float, name: str, context: Context) -> _Reading:
    scale = SCALES.get(name)
    if scale is None or not scale.lowest <= score <= scale.highest:
        return _Reading()
    if name == "freshdesk" and scale.dissatisfied_until < score < 100:
        return _Reading()
    threshold = context.satisfied.get(name, scale)
    return _Reading(int(score >= threshold.satisfied_from), int(score <= threshold.dissatisfied_until))


def _promotion(score: float) -> float | None:
    if score != int(score) or not 0 <= score <= 10:
        return None
    return 1.0 if score >= 9 else 0.0 if score >= 7 else -1.0


def _sentiment(score: float) -> float | None:
    return score if 0 <= score <= 100 else None


def _ease(score: float, scale: str) -> float | None:
    if scale == "easy3":
        return score if score in _EASY3 else None
    if scale not in _EASE:
        return None
    highest, first, step = _EASE[scale]
    return first + (score - 1) * step if 1 <= score <= highest else None


def _is_definite(rating: RatingInput, reading: _Reading, context: Context) -> bool:
    """An answer, and a customer's: what the staff answer about themselves counts in no customer survey."""
    is_staff = rating.survey_type in _OF_CUSTOMERS and rating.respondent_id in context.staff
    return reading.says_something and rating.deleted_at is None and not is_staff


def _question(rating: RatingInput) -> tuple[str | None, ...]:
    """What can be answered once; without a ticket, each answer is its own."""
    alone = rating.id if rating.ticket_id is None or _stands_alone(rating) else None
    return rating.survey_type, rating.survey_id, rating.dimension, alone


def _stands_alone(rating: RatingInput) -> bool:
    """Each item of SERVQUAL and each message's sentiment; whose promotion is known, is asked of each person."""
    is_of_a_person = rating.survey_type == "nps" and rating.respondent_id is not None
    return is_of_a_person or rating.survey_type in ("servqual", "sentiment")


class _Described(NamedTuple):
    """What is known of the ticket; all null where nothing is."""

    channel: str | None = None
    priority: str | None = None
    type: str | None = None
    category: str | None = None
    brand_id: str | None = None
    organisation_id: str | None = None
    requester_id: str | None = None
    tags: str | None = None


def _fact(
    rating: RatingInput, reading: _Reading, ticket: TicketFacts | None, is_counted: bool, context: Context
) -> RatingFact:
    fact = None if ticket is None else ticket.fact
    at, day = rating.rated_at, context.days.day
    return RatingFact(
        rating.account,
        rating.id,
        rating.ticket_id,
        rating.survey_type,
        rating.survey_id,
        rating.dimension,
        int(rating.deleted_at is None and (fact is None or bool(fact.is_countable))),
        int(is_counted),
        None if rating.offered_at is None else day(rating.offered_at),
        at,
        None if at is None else day(at),
        rating.scale,
        rating.score,
        *reading,
        int(bool(rating.comment and rating.comment.strip())),
        rating.agent_id if rating.agent_id is not None or ticket is None else _holder(ticket.agents, at),
        _group(rating, ticket),
        *_described(fact),
        rating.respondent_id,
        None if at is None or rating.respondent_id is None else at + context.survey_wave_seconds * SECOND,
    )


def _group(rating: RatingInput, ticket: TicketFacts | None) -> str | None:
    """Employees answer for their team."""
    if rating.survey_type == "employee" and rating.team is not None:
        return rating.team
    if rating.group_id is not None or ticket is None:
        return rating.group_id
    return _holder(ticket.groups, rating.rated_at)


def _holder(line: Line, at: int | None) -> str | None:
    """Who had it at an instant; of what was never rated, who has it now."""
    return line[-1][1] if at is None else value_at(line, at)


def _described(fact: TicketFact | None) -> _Described:
    if fact is None:
        return _Described()
    return _Described(
        fact.channel, fact.priority, fact.type, fact.category, fact.brand_id, fact.organisation_id,
        fact.requester_id, fact.tags,
    )  # fmt: skip
