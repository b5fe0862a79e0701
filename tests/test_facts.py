"""Facts of one ticket, where its history is known from its creation on, in part, or only by the vendor's summary."""

from itertools import permutations
from typing import Any

import pytest

from kpi.calendar import SECOND, local_days
from kpi.facts import Approximated, Context, EventInput, TicketFact, TicketInput, ticket_facts
from kpi.ratings import RatingFact, RatingInput, rating_facts
from kpi.shapes import BacklogSpan, TransitionFact, TurnFact
from storage import derived
from storage.tables import TABLES
from tests.kpi_desk import instant

CONTEXT = Context(days=local_days("UTC"), staff=frozenset({"ann", "bob"}))


def _at(text: str) -> int:
    return int(instant(f"2024-03-{text}Z").timestamp()) * SECOND


def _ticket(**known: Any) -> TicketInput:
    nothing = dict.fromkeys(TicketInput._fields)
    always = {"account": "acme", "id": "1", "channel": "email", "tags": "[]", "created_at": _at("04T09:00:00"),
              "is_spam": 0, "is_test": 0, "is_imported": 0, "is_merged": 0, "is_bot_handled": 0,
              "vendor_resolution_unit_seconds": 1, "requester_id": "customer"}  # fmt: skip
    return TicketInput(**{**nothing, **always, **known})


def _event(at: str, event: str, value: str | None = None, **known: Any) -> EventInput:
    nothing = dict.fromkeys(EventInput._fields)
    always = {
        "at": _at(at),
        "sequence": 0,
        "id": f"{at}-{event}",
        "event": event,
        "value": value,
        "source": "vendor",
    }
    return EventInput(**{**nothing, **always, **known})


def _fact(ticket: TicketInput, *events: EventInput) -> TicketFact:
    return ticket_facts(ticket, events, CONTEXT).fact


@pytest.mark.parametrize(
    ("table", "fact"),
    [
        ("ticket_facts", TicketFact),
        ("rating_facts", RatingFact),
        ("turn_facts", TurnFact),
        ("transition_facts", TransitionFact),
        ("backlog_spans", BacklogSpan),
    ],
)
def test_a_fact_is_a_row_of_its_table(table: str, fact: Any) -> None:
    columns = next(one for one in derived.FACT_TABLES if one.name == table).columns
    assert [column.name for column in columns] == list(fact._fields)


@pytest.mark.parametrize(
    ("kind", "read"), [("tickets", TicketInput), ("ticket_events", EventInput), ("ratings", RatingInput)]
)
def test_facts_are_made_from_columns_that_there_are(kind: str, read: Any) -> None:
    assert set(read._fields) <= set(TABLES[kind].columns.keys())


HISTORY = (
    _event("04T09:00:00", "created", "new", actor_id="customer"),
    _event("04T09:10:00", "agent", "ann", actor_id="ann"),
    _event("04T09:30:00", "message", actor_id="ann", is_public=1),
    _event("05T09:00:00", "status", "solved", actor_id="ann"),
)


def test_the_order_of_events_and_their_repetition_do_not_matter() -> None:
    ticket = _ticket(status="solved")
    facts = {_fact(ticket, *order, order[0]) for order in permutations(HISTORY)}
    assert len(facts) == 1
    [fact] = facts
    assert (fact.first_response_seconds, fact.full_resolution_seconds, fact.replies) == (1800, 86_400, 1)
    assert fact.history == "complete"
    assert fact.approximations == 0


def test_a_summary_stands_in_where_no_history_was_read() -> None:
    fact = _fact(
        _ticket(status="closed", agent_id="ann", solved_at=_at("05T09:00:00"), vendor_first_response_seconds=600,
                vendor_full_resolution_seconds=86_400, vendor_resolution_unit_seconds=60, vendor_replies=3,
                vendor_agent_stations=2, vendor_reopens=1, vendor_requester_wait_seconds=7200,
                vendor_agent_wait_seconds=60, vendor_on_hold_seconds=0)
    )  # fmt: skip
    assert (fact.first_response_seconds, fact.replied_agent_id) == (600, "ann")
    assert (fact.full_resolution_seconds, fact.requester_wait_seconds) == (86_400, 7200)
    assert (fact.replies, fact.agent_changes, fact.reopens) == (3, 1, 1)
    assert fact.history == "summary"
    rounded = (
        Approximated.FIRST_RESPONSE | Approximated.FULL_RESOLUTION | Approximated.WAITS | Approximated.ACTORS
    )
    assert fact.approximations & rounded == rounded


def test_without_any_summary_nothing_is_invented() -> None:
    fact = _fact(_ticket(status="open"))
    assert (fact.first_response_seconds, fact.full_resolution_seconds, fact.replies) == (None, None, None)
    assert fact.first_unanswered_at == fact.created_at


def test_what_the_row_knows_after_the_log_ends_happened() -> None:
    fact = _fact(_ticket(status="solved", solved_at=_at("06T09:00:00")), *HISTORY[:3])
    assert fact.solved_at == _at("06T09:00:00")
    assert "history_behind" in fact.flags


def test_credit_at_the_solve_stays_when_the_ticket_moves_on() -> None:
    moved = _event("06T09:00:00", "agent", "bob")
    fact = _fact(_ticket(status="solved", agent_id="bob"), *HISTORY, moved)
    assert (fact.solved_agent_id, fact.agent_id) == ("ann", "bob")


def test_of_one_second_the_vendor_s_order_holds() -> None:
    """A customer may write in the very second of a reply, before it or after it."""
    reply = _event("04T09:30:00", "message", id="b", sequence=2, actor_id="ann", is_public=1)
    for sequence, is_waiting in ((1, False), (3, True)):
        asked = _event("04T09:30:00", "message", id="a", sequence=sequence, actor_id="customer", is_public=1)
        for events in permutations((HISTORY[0], reply, asked)):
            fact = _fact(_ticket(status="open"), *events)
            assert (fact.first_unanswered_at == _at("04T09:30:00")) == is_waiting


def test_a_ticket_is_opened_before_all_else_of_its_second() -> None:
    taken = _event("04T09:00:00", "status", "open", id="a", sequence=0)
    opened = _event("04T09:00:00", "created", "new", id="b", sequence=5)
    assert _fact(_ticket(status="open"), taken, opened).status == "open"
    assert _fact(_ticket(), taken, opened).status == "open"


def test_what_happened_is_credited_to_whoever_had_the_ticket_then() -> None:
    opened, taken, *_ = HISTORY
    fact = _fact(
        _ticket(status="open", agent_id="bob", group_id="desk"),
        opened,
        _event("04T09:00:00", "group", "chats", sequence=1),
        _event("04T09:05:00", "message", actor_id="robot", actor_role="bot", is_public=1),
        taken,
        _event("04T09:20:00", "bot_handoff"),
        _event("04T09:30:00", "message", actor_id="ann", is_public=1),
        _event("06T09:00:00", "agent", "bob"),
        _event("06T09:00:00", "group", "desk"),
    )
    assert (fact.any_replied_agent_id, fact.any_replied_group_id) == (None, "chats")
    assert (fact.zendesk_replied_agent_id, fact.zendesk_replied_group_id) == ("ann", "chats")
    assert (fact.assigned_agent_id, fact.assigned_group_id) == ("ann", "chats")
    assert (fact.bot_agent_id, fact.bot_group_id) == ("ann", "chats")
    assert not fact.approximations & Approximated.ACTORS


def test_a_reply_on_an_outbound_ticket_is_its_author_s() -> None:
    fact = _fact(
        _ticket(is_outbound=1, agent_id="bob"),
        _event("04T09:00:00", "created", "open"),
        _event("04T09:00:00", "message", actor_id="ann", is_public=1),
        _event("04T10:00:00", "message", actor_id="ann", is_public=1),
    )
    assert (fact.first_zendesk_response_seconds, fact.zendesk_replied_agent_id) == (3600, "ann")


def test_where_no_history_tells_whose_it_was_the_fact_says_so() -> None:
    """The first look at a ticket came after its solve."""
    seen = _event("05T09:00:00", "agent", "ann", source="observed", previous=None)
    for fact in (
        _fact(_ticket(status="solved", agent_id="ann", solved_at=_at("04T12:00:00")), seen),
        _fact(_ticket(status="open", is_outbound=1, agent_id="ann", first_response_at=_at("04T10:00:00"))),
        _fact(_ticket(status="open", agent_id="ann", is_bot_handled=1, first_response_at=_at("04T10:00:00"))),
    ):
        assert fact.approximations & Approximated.ACTORS
    assert not _fact(_ticket(status="open")).approximations & Approximated.ACTORS


def test_the_vendor_s_first_response_runs_from_a_hand_off_that_it_tells() -> None:
    ticket = _ticket(status="open", vendor_first_response_seconds=1800)
    handed_off = [_event(f"04T09:{minute}:00", "bot_handoff") for minute in ("10", "20", "40")]
    fact = _fact(ticket, HISTORY[0], *handed_off)
    assert (fact.first_response_seconds, fact.first_handoff_response_seconds) == (1800, 600)
    assert _fact(ticket, HISTORY[0]).first_handoff_response_seconds == 1800


def test_imported_tickets_have_no_durations() -> None:
    fact = _fact(_ticket(status="solved", is_imported=1), *HISTORY)
    assert (fact.first_response_seconds, fact.full_resolution_seconds, fact.requester_wait_seconds) == (
        None,
    ) * 3


def test_light_agents_and_private_notes_answer_nobody() -> None:
    context = Context(days=local_days("UTC"), staff=frozenset({"ann", "lea"}), light=frozenset({"lea"}))
    said = [
        _event("04T09:10:00", "message", actor_id="lea", is_public=1),
        _event("04T09:20:00", "message", actor_id="ann", is_public=0),
    ]
    fact = ticket_facts(_ticket(), [HISTORY[0], *said], context).fact
    assert (fact.replies, fact.first_response_seconds) == (0, None)


# Ratings ------------------------------------------------------------------------------------------


def _rating(**known: Any) -> RatingInput:
    always = {
        "account": "acme",
        "id": "r",
        "ticket_id": "1",
        "survey_type": "csat",
        "rated_at": _at("07T09:00:00"),
    }
    return RatingInput(**{**dict.fromkeys(RatingInput._fields), **always, **known})


@pytest.mark.parametrize(
    ("scale", "satisfied", "neutral", "dissatisfied", "unreadable"),
    [
        ("good_bad", [1], [], [0], [2]),
        ("bad_neutral_good", [1], [0], [-1], [2]),
        ("1-2", [2], [], [1], [0, 3]),
        ("1-3", [3], [2], [1], [0, 4]),
        ("1-5", [4, 5], [3], [1, 2], [0, 6]),
        ("1-7", [6, 7], [4, 5], [1, 2, 3], [0, 8]),
        ("1-10", [9, 10], [6, 7, 8], [1, 5], [0, 11]),
        ("freshdesk", [101, 102, 103], [100], [-101, -102, -103], [99, 1, -100, 104]),
        ("unheard-of", [], [], [], [1]),
    ],
)
def test_an_answer_reads_by_its_scale(
    scale: str, satisfied: list[int], neutral: list[int], dissatisfied: list[int], unreadable: list[int]
) -> None:
    expected = {(1, 0): satisfied, (0, 0): neutral, (0, 1): dissatisfied, (None, None): unreadable}
    for reading, scores in expected.items():
        for score in scores:
            [fact] = rating_facts([_rating(score=float(score), scale=scale)], None, CONTEXT)
            assert (fact.satisfied, fact.dissatisfied) == reading, score
            assert fact.is_counted == (reading != (None, None)), score


def test_only_the_latest_definite_answer_of_a_survey_counts() -> None:
    ratings = [
        _rating(id="early", score=0.0, scale="good_bad", rated_at=_at("05T09:00:00")),
        _rating(id="late", score=1.0, scale="good_bad", rated_at=_at("06T09:00:00")),
        _rating(id="blank", score=None, scale="good_bad", rated_at=_at("07T09:00:00")),
        _rating(id="removed", score=0.0, scale="good_bad", deleted_at=_at("08T09:00:00")),
        _rating(id="staff", score=0.0, scale="good_bad", respondent_id="ann"),
        _rating(id="other", survey_id="s2", score=0.0, scale="good_bad", rated_at=_at("05T09:00:00")),
    ]
    for order in (ratings, ratings[::-1]):
        counted = [fact.rating_id for fact in rating_facts(order, None, CONTEXT) if fact.is_counted]
        assert sorted(counted) == ["late", "other"]


def test_an_answer_credits_whoever_had_the_ticket_when_it_was_given() -> None:
    moved = _event("06T09:00:00", "agent", "bob")
    found = ticket_facts(_ticket(agent_id="bob"), [*HISTORY, moved], CONTEXT)
    for at, agent in (("05T12:00:00", "ann"), ("07T09:00:00", "bob")):
        [fact] = rating_facts([_rating(score=1.0, scale="good_bad", rated_at=_at(at))], found, CONTEXT)
        assert fact.agent_id == agent
    [told] = rating_facts([_rating(score=1.0, scale="good_bad", agent_id="cem")], found, CONTEXT)
    assert told.agent_id == "cem"


@pytest.mark.parametrize(
    ("kind", "scale", "score", "normalised"),
    [
        ("nps", "0-10", 9, 1), ("nps", "0-10", 8, 0), ("nps", "0-10", 6, -1), ("nps", "0-10", 11, None), ("nps", "0-10", 9.5, None),
        ("ces", "ease_1_7", 6, 6), ("ces", "effort_1_7", 1, 7), ("ces", "effort_1_5", 5, 1), ("ces", "ease_1_5", 3, 4),
        ("ces", "easy3", 4, 4), ("ces", "easy3", 5, None), ("custom", "1-5", 5, None),
    ],
)  # fmt: skip
def test_other_surveys_read_by_theirs(kind: str, scale: str, score: float, normalised: float | None) -> None:
    [fact] = rating_facts([_rating(survey_type=kind, scale=scale, score=float(score))], None, CONTEXT)
    assert fact.normalised == normalised
    assert fact.satisfied is None
    assert fact.is_counted == (normalised is not None)
