"""Zendesk's rows as records: every odd value that was seen, and what it must not become."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.zendesk import answers, events, reference
from connectors.zendesk.reading import Reader
from connectors.zendesk.rows import (
    CallRow,
    EventRow,
    LegRow,
    MembershipRow,
    MetricEventRow,
    NamedRow,
    PolicyRow,
    RatingRow,
    ScheduleRow,
    StatusRow,
    SurveyRow,
    TicketRow,
    UserRow,
)
from connectors.zendesk.tickets import ticket_record
from connectors.zones import ZONES, iana_zone
from storage.records import (
    CallOutcome,
    Channel,
    Direction,
    EventKind,
    Priority,
    RatingRecord,
    Role,
    SlaEventKind,
    Status,
    TicketEventRecord,
    TicketRecord,
)

R = TypeVar("R")
AT = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
SECOND = int(AT.timestamp())


def row(kind: type[R], **values: Any) -> R:
    return msgspec.convert(values, kind)


def ticket(**values: Any) -> TicketRecord:
    given = {"id": 35436, "created_at": "2026-05-06T07:08:09Z", "status": "open", **values}
    return ticket_record(row(TicketRow, **given), "https://acme.zendesk.com")


def told(*children: dict[str, Any], **values: Any) -> list[TicketEventRecord]:
    given: dict[str, Any] = {
        "id": 900,
        "ticket_id": 7,
        "timestamp": SECOND,
        "created_at": "2026-05-06T07:08:09Z",
    }
    given |= {"updater_id": 11, "via": "Web form", **values}
    return events.event_records(row(EventRow, **given, child_events=list(children)))


# -- tickets ----------------------------------------------------------------------------------


def test_a_ticket_keeps_what_kpis_rest_on() -> None:
    found = ticket(
        updated_at="2026-05-06T08:00:00Z", generated_timestamp=SECOND + 60, subject="Where is it?",
        type="question", status="hold", priority="urgent", via={"channel": "email", "source": {"rel": None}},
        requester_id=1, submitter_id=2, assignee_id=3, group_id=4, organization_id=5, brand_id=6,
        ticket_form_id=7, due_at="2026-05-07T00:00:00Z", tags=["vip"],
        custom_fields=[{"id": 9, "value": "returns"}, {"id": 10, "value": None}],
    )  # fmt: skip

    expected = TicketRecord.model_validate({
        "id": "35436", "version": (SECOND + 60) * 1_000_000, "subject": "Where is it?", "status": Status.ON_HOLD,
        "vendor_status": "hold", "priority": Priority.URGENT, "channel": Channel.EMAIL, "vendor_channel": "email",
        "type": "question", "category": "question", "brand_id": "6", "group_id": "4", "agent_id": "3", "requester_id": "1",
        "submitter_id": "2", "organisation_id": "5", "form_id": "7", "tags": ["vip"],
        "custom_fields": {"9": "returns"}, "created_at": AT, "updated_at": datetime(2026, 5, 6, 8, tzinfo=UTC),
        "due_at": datetime(2026, 5, 7, tzinfo=UTC), "url": "https://acme.zendesk.com/agent/tickets/35436",
    })  # fmt: skip
    assert found == expected


def test_the_version_is_generated_timestamp_and_not_updated_at() -> None:
    """The system changes tickets without moving updated_at."""
    before = ticket(updated_at="2026-05-06T08:00:00Z", generated_timestamp=SECOND)
    after = ticket(updated_at="2026-05-06T08:00:00Z", generated_timestamp=SECOND + 5)

    assert after.version > before.version
    assert after.updated_at == before.updated_at


@pytest.mark.parametrize("unset", [0, None])
def test_a_generated_timestamp_of_zero_means_none(unset: int | None) -> None:
    found = ticket(updated_at="2026-05-06T07:08:10Z", generated_timestamp=unset)

    assert found.version == (SECOND + 1) * 1_000_000


def test_a_deleted_ticket_is_marked_and_has_no_status() -> None:
    found = ticket(status="deleted", updated_at="2026-05-06T08:00:00Z", metric_set=None)

    assert (found.status, found.vendor_status) == (None, "deleted")
    assert found.deleted_at == datetime(2026, 5, 6, 8, tzinfo=UTC)


def test_a_scrubbed_subject_is_no_subject() -> None:
    assert ticket(status="deleted", subject="SCRUBBED").subject is None
    assert ticket(status="deleted", subject="Spam").subject == "Spam"
    assert ticket(status="open", subject="SCRUBBED").subject == "SCRUBBED"


def test_a_restored_ticket_is_no_longer_deleted() -> None:
    assert ticket(status="open").deleted_at is None


def test_a_merged_ticket_is_known_by_its_tag() -> None:
    assert ticket(status="closed", tags=["closed_by_merge"]).is_merged
    assert not ticket(status="closed", tags=["merge"]).is_merged


def test_a_follow_up_names_the_ticket_it_follows() -> None:
    source = {"from": {"ticket_id": 12, "subject": "old"}, "to": {}, "rel": "follow_up"}

    assert ticket(via={"channel": "web", "source": source}).followup_of == "12"
    assert ticket(via={"channel": "web", "source": {**source, "rel": "merge"}}).followup_of is None


@pytest.mark.parametrize("source", [{"from": "a@b.example"}, {"from": 5}, {"from": []}, "text", 3, None, []])
def test_a_source_may_be_anything(source: Any) -> None:
    assert ticket(via={"channel": "email", "source": source}).channel is Channel.EMAIL


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("email", Channel.EMAIL), ("web", Channel.WEB), ("api", Channel.API), ("voice", Channel.PHONE),
        ("chat", Channel.CHAT), ("native_messaging", Channel.MESSAGING), ("whatsapp", Channel.MESSAGING),
        ("facebook", Channel.SOCIAL), ("something_new", Channel.OTHER), (7, Channel.OTHER), (None, Channel.OTHER),
    ],
)  # fmt: skip
def test_channels_in_our_words(channel: Any, expected: Channel) -> None:
    found = ticket(via={"channel": channel})

    assert found.channel is expected
    assert found.vendor_channel == (None if channel is None else str(channel))


def test_a_messaging_ticket_is_messaging_whatever_its_channel_says() -> None:
    assert ticket(via={"channel": "web"}, from_messaging_channel=True).channel is Channel.MESSAGING


def test_the_vendors_sample_ticket_is_a_test() -> None:
    assert ticket(via={"channel": "sample_ticket"}).is_test


@pytest.mark.parametrize(
    ("category_field", "expected"),
    [(None, "incident"), ("20", "billing"), ("21", "true"), ("22", "red"), ("23", None), ("24", None)],
)
def test_a_category_is_that_of_the_chosen_field_or_else_the_type(
    category_field: str | None, expected: str | None
) -> None:
    fields = [
        {"id": 20, "value": "billing"},
        {"id": 21, "value": True},
        {"id": 22, "value": ["red", "blue"]},
        {"id": 23, "value": ""},
    ]
    given = row(TicketRow, id=1, created_at="2026-05-06T07:08:09Z", type="incident", custom_fields=fields)

    assert ticket_record(given, "https://x", category_field=category_field).category == expected


@pytest.mark.parametrize(("support_type", "expected"), [("agent", False), (None, False), ("ai_agent", True)])
def test_tickets_of_ai_agents_are_marked(support_type: str | None, expected: bool) -> None:
    assert ticket(support_type=support_type).is_bot_handled is expected


def test_an_unknown_status_or_priority_is_kept_as_it_is_and_counts_as_none() -> None:
    found = ticket(status="paused", priority="critical")

    assert (found.status, found.vendor_status, found.priority) == (None, "paused", None)


def test_instants_of_other_zones_are_moved_to_utc() -> None:
    assert ticket(created_at="2026-05-06T09:08:09+02:00").created_at == AT
    assert ticket(created_at="2026-05-06T09:08:09+02:00").created_at.tzinfo is UTC


@pytest.mark.parametrize("missing", ["id", "created_at"])
def test_a_ticket_without_its_essentials_is_explained(missing: str) -> None:
    with pytest.raises(ValueError, match=f"{missing} is missing"):
        ticket(**{missing: None})


METRICS = {
    "id": 1, "ticket_id": 35436, "replies": 2, "reopens": 1, "assignee_stations": 3, "group_stations": 2,
    "initially_assigned_at": "2026-05-06T07:10:00Z", "solved_at": "2026-05-06T09:00:00Z",
    "status_updated_at": "2026-05-10T09:00:00Z",
    "reply_time_in_minutes": {"calendar": 8585, "business": 1865},
    "first_resolution_time_in_minutes": {"calendar": 20, "business": 10},
    "full_resolution_time_in_minutes": {"calendar": None, "business": None},
    "agent_wait_time_in_minutes": {"calendar": 5, "business": 4},
    "requester_wait_time_in_minutes": {"calendar": 7, "business": 6},
    "on_hold_time_in_minutes": {"calendar": 0, "business": 0},
}  # fmt: skip


def test_minutes_become_seconds_and_say_that_they_were_minutes() -> None:
    found = ticket(metric_set=METRICS)

    assert found.vendor_first_response_seconds == 8585 * 60
    assert found.vendor_first_response_business_seconds == 1865 * 60
    assert found.vendor_requester_wait_seconds == 420
    assert found.vendor_agent_wait_business_seconds == 240
    assert found.vendor_resolution_unit_seconds == 60
    assert (found.vendor_replies, found.vendor_reopens, found.vendor_agent_stations) == (2, 1, 3)


def test_not_reached_is_null_and_never_on_hold_is_zero() -> None:
    found = ticket(metric_set=METRICS)

    assert found.vendor_full_resolution_seconds is None
    assert found.vendor_first_resolution_seconds == 1200
    assert found.vendor_on_hold_seconds == 0


def test_messaging_replies_are_taken_in_seconds() -> None:
    metrics = {**METRICS, "reply_time_in_seconds": {"calendar": 41}}

    assert ticket(metric_set=metrics).vendor_first_response_seconds == 41
    assert (
        ticket(metric_set={**METRICS, "reply_time_in_seconds": {}}).vendor_first_response_seconds == 8585 * 60
    )


def test_a_reopened_ticket_does_not_keep_the_instant_of_its_former_solve() -> None:
    assert ticket(status="open", metric_set=METRICS).solved_at is None
    assert ticket(status="solved", metric_set=METRICS).solved_at == datetime(2026, 5, 6, 9, tzinfo=UTC)


def test_closed_without_a_solve_has_a_close_and_no_solve() -> None:
    found = ticket(status="closed", metric_set={**METRICS, "solved_at": None})

    assert found.solved_at is None
    assert found.closed_at == datetime(2026, 5, 10, 9, tzinfo=UTC)


def test_a_metric_set_beside_its_ticket_counts_as_one_inside() -> None:
    beside = msgspec.convert(METRICS, TicketRow.__annotations__["metric_set"])
    bare = row(TicketRow, id=35436, created_at="2026-05-06T07:08:09Z", status="open")

    assert ticket_record(bare, "https://acme.zendesk.com", beside) == ticket(metric_set=METRICS)


@given(st.fixed_dictionaries({}, optional={
    "status": st.sampled_from(["new", "hold", "closed", "deleted", "odd", None]),
    "tags": st.lists(st.text(), max_size=3),
    "metric_set": st.sampled_from([None, METRICS]),
    "assignee_id": st.one_of(st.none(), st.integers(0, 10**15)),
    "due_at": st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)),
}))  # fmt: skip
def test_a_ticket_is_what_full_validation_would_have_made_of_it(values: dict[str, Any]) -> None:
    found = ticket(**values)

    assert TicketRecord.model_validate(found.model_dump()) == found


# -- the change log ---------------------------------------------------------------------------


def test_a_change_says_from_what_to_what_by_whom_and_when() -> None:
    [event] = told({"id": 1, "event_type": "Change", "status": "hold", "previous_value": "open"})

    assert (event.event, event.value, event.previous) == (EventKind.STATUS, "on_hold", "open")
    assert (event.ticket_id, event.at, event.actor_id, event.actor_role) == ("7", AT, "11", None)
    assert event.version == SECOND * 1_000_000


def test_ids_may_be_numbers_or_texts() -> None:
    numbers = told({"id": 1, "event_type": "Change", "assignee_id": 5, "previous_value": 4})
    texts = told({"id": 1, "event_type": "Change", "assignee_id": "5", "previous_value": "4"})

    assert numbers == texts
    assert (numbers[0].value, numbers[0].previous) == ("5", "4")


def test_the_system_is_nobody() -> None:
    [event] = told(
        {"id": 1, "event_type": "Change", "status": "closed", "previous_value": "solved"}, updater_id=-1
    )

    assert (event.actor_id, event.actor_role) == (None, Role.SYSTEM)


@pytest.mark.parametrize("via", ["Rule", "rule", {"channel": "rule"}, "Trigger", "Business Rule"])
def test_what_a_rule_does_within_an_agents_update_is_the_systems(via: Any) -> None:
    by_rule, by_agent = told(
        {"id": 1, "event_type": "Change", "group_id": 5, "previous_value": 4, "via": via},
        {"id": 2, "event_type": "Change", "priority": "high", "previous_value": "low", "via": "Web form"},
    )

    assert (by_rule.actor_id, by_rule.actor_role) == (None, Role.SYSTEM)
    assert (by_agent.actor_id, by_agent.actor_role) == ("11", None)


def test_a_message_is_its_author_and_side_without_a_word_of_it() -> None:
    [public] = told({"id": 1, "event_type": "Comment", "comment_present": True, "comment_public": True})
    [private] = told(
        {
            "id": 2,
            "event_type": "Comment",
            "public": False,
            "author_id": 12,
            "body": "secret",
            "html_body": "secret",
        }
    )

    assert (public.event, public.is_public, public.actor_id) == (EventKind.MESSAGE, True, "11")
    assert (private.is_public, private.actor_id) == (False, "12")
    assert "secret" not in repr(private)


def test_a_creation_begins_the_history_with_its_first_status() -> None:
    created, read, agent = told(
        {"id": 1, "event_type": "Create", "status": "pending"},
        {"id": 2, "event_type": "Create", "assignee_id": 5},
    )

    assert (created.event, created.value, created.id) == (EventKind.CREATED, "pending", "7:created")
    assert read.event is EventKind.MESSAGES_READ
    assert (agent.event, agent.value, agent.previous) == (EventKind.AGENT, "5", None)


def test_a_creation_without_a_status_begins_as_new() -> None:
    assert told({"id": 1, "event_type": "Create", "priority": "low"})[0].value == "new"


def test_tags_are_told_one_by_one_in_any_of_their_shapes() -> None:
    def tags(**child: Any) -> list[tuple[str, str | None]]:
        return [(e.event, e.value) for e in told({"id": 1, "event_type": "Change", **child})]

    added, removed = (EventKind.TAG_ADDED, "b"), (EventKind.TAG_REMOVED, "a")
    assert tags(tags=["b"], added_tags=["b"], removed_tags=["a"]) == [added, removed]
    assert tags(tags=["b"], previous_value=["a"]) == [added, removed]
    assert tags(tags="b c", previous_value="c a") == [added, removed]
    assert tags(tags=["b"]) == []


def test_a_survey_that_was_offered_is_an_event() -> None:
    [event] = told(
        {"id": 1, "event_type": "Change", "satisfaction_score": "offered", "previous_value": "unoffered"}
    )

    assert event.event is EventKind.SURVEY_OFFERED
    assert (
        told({"id": 1, "event_type": "Change", "satisfaction_score": "good", "previous_value": "offered"})
        == []
    )


def test_a_schedule_is_assigned() -> None:
    [event] = told(
        {"id": 1, "event_type": "ScheduleAssignment", "new_schedule_id": 9, "previous_schedule_id": None}
    )

    assert (event.event, event.value, event.previous) == (EventKind.SCHEDULE, "9", None)


def test_unknown_keys_and_a_deletion_are_no_events() -> None:
    assert told({"id": 1, "event_type": "Change", "custom_ticket_fields": {"3": "x"}, "quality": 5}) == []
    assert told({"id": 1, "event_type": "Change", "status": "deleted", "previous_value": "open"}) == []


def test_events_of_one_second_keep_their_order_and_their_own_ids() -> None:
    found = told(
        {"id": 1, "event_type": "Comment", "comment_present": True, "comment_public": True},
        {"id": 2, "event_type": "Change", "status": "pending", "previous_value": "open"},
        {"event_type": "Change", "priority": "high", "previous_value": "low"},
    )

    assert [event.sequence for event in found] == [1, 2, 3]
    assert len({event.id for event in found}) == 3
    assert found[2].id == "900.3:priority"


def test_an_audit_dated_by_its_timestamp_alone_is_read() -> None:
    [event] = told(
        {"id": 1, "event_type": "Change", "status": "open", "previous_value": "new"}, created_at=None
    )

    assert event.at == AT


def test_every_event_is_what_full_validation_would_have_made_of_it() -> None:
    for event in told(
        {"id": 1, "event_type": "Create", "status": "new"},
        {"id": 2, "event_type": "Change", "status": "paused", "previous_value": "open"},
        {"id": 3, "event_type": "Comment", "comment_present": True, "comment_public": None},
        {"id": 4, "event_type": "Change", "tags": ["a"], "added_tags": ["a"], "removed_tags": []},
    ):
        assert TicketEventRecord.model_validate(event.model_dump()) == event


# -- surveys ----------------------------------------------------------------------------------


def rating(**values: Any) -> RatingRecord:
    given = {"id": 5, "ticket_id": 7, "assignee_id": 3, "group_id": 4, "requester_id": 1, "score": "good"}
    return answers.rating(row(RatingRow, **{**given, "created_at": "2026-05-06T07:08:09Z", **values}))


@pytest.mark.parametrize(("word", "score"), [("good", 1.0), ("bad", 0.0), ("good_with_comment", 1.0)])
def test_a_rating_belongs_to_whom_it_was_given_to(word: str, score: float) -> None:
    found = rating(score=word, comment="", reason="Too slow", updated_at="2026-05-06T07:08:10Z")

    assert (found.score, found.scale, found.agent_id, found.group_id) == (score, "good_bad", "3", "4")
    assert found.rated_at == AT + timedelta(seconds=1)
    assert (found.comment, found.reason) == (None, "Too slow")


def test_an_offer_is_no_answer_even_with_a_reason() -> None:
    found = rating(score="offered", reason="No reason provided")

    assert (found.score, found.rated_at, found.offered_at) == (None, None, AT)


def test_what_was_not_offered_is_neither() -> None:
    found = rating(score="unoffered")

    assert (found.score, found.rated_at, found.offered_at) == (None, None, None)


def ulid_of(at: datetime) -> str:
    milliseconds, letters = int(at.timestamp() * 1000), "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join(letters[milliseconds >> 5 * place & 31] for place in reversed(range(10))) + "A" * 16


ULID = ulid_of(AT)


def answer(value: int | None = 5, category: str | None = "good", **question: Any) -> dict[str, Any]:
    asked = {"type": "rating_scale_emoji", "sub_type": "customer_satisfaction", **question}
    return {
        "type": "rating_scale", "rating": value, "rating_category": category, "question": asked,
        "created_at": "2026-05-07T00:00:00.000Z", "updated_at": "2026-05-07T00:00:00.000Z",
    }  # fmt: skip


def survey(*given: dict[str, Any], **values: Any) -> RatingRecord:
    subjects = [{"type": "ticket", "id": "7", "zrn": "zen:ticket:7"}]
    about = {
        "id": ULID,
        "responder_id": 1,
        "subjects": subjects,
        "survey": {"id": "S1", "version": 1},
        **values,
    }
    return answers.survey_response(row(SurveyRow, **about, answers=list(given)))


@given(st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001 - a bound
def test_a_survey_says_in_its_id_when_it_was_made(at: datetime) -> None:
    moment = at.replace(tzinfo=UTC, microsecond=0)

    assert answers.ulid_instant(ulid_of(moment)) == moment


@pytest.mark.parametrize("other", ["", "12345", "I" * 26, ULID[:-1]])
def test_ids_that_are_no_ulid_say_nothing(other: str) -> None:
    assert answers.ulid_instant(other) is None


def test_a_survey_is_offered_and_then_answered() -> None:
    offered = survey(id=ulid_of(AT))
    answered = survey(answer(), {"type": "open_ended", "value": "Thanks"}, id=ulid_of(AT))

    assert (offered.ticket_id, offered.offered_at, offered.rated_at, offered.score) == ("7", AT, None, None)
    assert (answered.score, answered.scale, answered.comment) == (5.0, "1-5", "Thanks")
    assert answered.version > offered.version
    assert answered.survey_id == "S1"


def test_only_ratings_of_satisfaction_count() -> None:
    assert survey(answer(sub_type="other")).score is None
    assert survey(answer(value=None)).score is None
    assert survey({"type": "skipped", "updated_at": "2026-05-07T00:00:00.000Z"}).rated_at is None


def test_an_answer_given_anew_replaces_the_old_one() -> None:
    later = {**answer(1, "bad"), "updated_at": "2026-05-08T00:00:00.000Z"}

    assert survey(answer(), later).score == 1.0
    assert survey(later).version > survey(answer()).version


def test_the_vendors_verdict_decides_where_the_scale_would_say_otherwise() -> None:
    assert (survey(answer(3, "good")).score, survey(answer(3, "good")).scale) == (1.0, "bad_neutral_good")
    assert (survey(answer(3, "neutral")).score, survey(answer(3, "neutral")).scale) == (3.0, "1-5")
    three = answer(3, "good", options=[{}, {}, {}])
    assert (survey(three).score, survey(three).scale) == (3.0, "1-3")


def test_the_ticket_of_a_survey_is_found_in_any_of_its_shapes() -> None:
    assert survey(subjects=[{"type": "request", "id": "1"}, {"zrn": "zen:ticket:8"}]).ticket_id == "8"
    assert survey(subjects=None, subject_zrns=["zen:conversation:1", "zen:ticket:9"]).ticket_id == "9"
    assert survey(subjects=[{"type": "conversation", "id": "x"}]).ticket_id is None


# -- Talk -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "voicemail", "outcome"),
    [
        ("completed", False, CallOutcome.ANSWERED), ("completed", True, CallOutcome.VOICEMAIL),
        ("abandoned_in_queue", False, CallOutcome.ABANDONED_IN_QUEUE),
        ("abandoned_in_somewhere_new", False, CallOutcome.ABANDONED_IN_QUEUE),
        ("abandoned_in_ivr", None, CallOutcome.ABANDONED_IN_IVR), ("failed", None, CallOutcome.FAILED),
        ("overflowed", None, CallOutcome.OTHER), (None, None, CallOutcome.OTHER),
    ],
)  # fmt: skip
def test_a_voicemail_is_no_answered_call(
    status: str | None, voicemail: bool | None, outcome: CallOutcome
) -> None:
    call = answers.call(
        row(CallRow, id=1, created_at="2026-05-06T07:08:09Z", completion_status=status, voicemail=voicemail)
    )

    assert (call.outcome, call.vendor_outcome) == (outcome, status)


def test_nobody_is_null_and_no_seconds_are_null() -> None:
    call = answers.call(
        row(
            CallRow,
            id=1,
            created_at="2026-05-06T07:08:09Z",
            agent_id=0,
            talk_time=None,
            wait_time=12.0,
            hold_time=0,
        )
    )
    leg = answers.leg(
        row(LegRow, id=2, call_id=1, type="customer", agent_id=0, created_at="2026-05-06T07:08:09Z")
    )

    assert (call.agent_id, call.talk_seconds, call.wait_seconds, call.hold_seconds) == (None, None, 12, 0)
    assert call.direction is Direction.INBOUND
    assert (leg.agent_id, leg.call_id, leg.leg_type) == (None, "1", "customer")


def test_a_transfer_stands_in_the_legs() -> None:
    leg = answers.leg(
        row(LegRow, id=2, call_id=1, type="agent", created_at="2026-05-06T07:08:09Z", transferred_to=9)
    )

    assert (leg.transferred_to, leg.transferred_from) == ("9", None)


# -- SLA --------------------------------------------------------------------------------------


def step(**values: Any) -> Any:
    given = {
        "id": 1,
        "ticket_id": 7,
        "metric": "reply_time",
        "instance_id": 1,
        "time": "2026-05-06T07:08:09Z",
    }
    return answers.sla_event(row(MetricEventRow, **{**given, "type": "apply_sla", **values}))


def test_a_target_is_the_one_of_its_own_event() -> None:
    sla = {"target": 30, "business_hours": True, "policy": {"id": 25, "title": "VIP"}}
    found = step(sla=sla)

    assert (found.event, found.target_seconds, found.is_business) == (SlaEventKind.APPLIED, 1800, True)
    assert (found.policy_id, found.metric, found.instance) == ("25", "first_response", 1)
    assert step(sla={**sla, "target_in_seconds": 1801}).target_seconds == 1801
    assert step(type="apply_group_sla", metric="group_ownership_time", group_sla=sla).target_seconds == 1800


@pytest.mark.parametrize(
    ("metric", "instance", "expected"),
    [
        ("reply_time", 1, "first_response"), ("reply_time", 2, "next_response"),
        ("resolution_time", 1, "resolution"), ("requester_wait_time", 3, "requester_wait_time"),
    ],
)  # fmt: skip
def test_clocks_in_our_words(metric: str, instance: int, expected: str) -> None:
    assert step(type="fulfill", metric=metric, instance_id=instance).metric == expected


def test_elapsed_minutes_and_deleted_steps_are_told() -> None:
    found = step(type="update_status", status={"calendar": 3, "business": 2}, deleted=True)

    assert (found.event, found.elapsed_seconds, found.is_deleted) == (SlaEventKind.MEASURED, 180, True)
    assert not step(type="breach").is_deleted


def test_a_step_of_an_unknown_kind_is_explained() -> None:
    with pytest.raises(ValueError, match="type 'jump' is not known"):
        step(type="jump")


# -- people and things ------------------------------------------------------------------------


def test_people_are_staff_light_staff_or_customers() -> None:
    admin = reference.person(row(UserRow, id=1, role="admin", role_type=4, name="Ada", active=True))
    light = reference.person(row(UserRow, id=2, role="agent", role_type=1))
    quiet = reference.person(row(UserRow, id=3, role="agent", only_private_comments=True))
    customer = reference.person(row(UserRow, id=4, role="end-user", role_type=None, active=False))

    assert [(p.is_staff, p.is_light, p.role) for p in (admin, light, quiet, customer)] == [
        (True, False, Role.AGENT), (True, True, Role.AGENT), (True, True, Role.AGENT), (False, False, Role.END_USER),
    ]  # fmt: skip
    assert (admin.is_active, customer.is_active) == (True, False)


def test_names_of_what_was_deleted_are_kept() -> None:
    assert reference.group(row(NamedRow, id=1, name="Old", deleted=True)).is_deleted
    assert reference.brand(row(NamedRow, id=1, name="Old", is_deleted=True)).is_deleted
    gone = reference.organisation(row(NamedRow, id=1, name="Old", deleted_at="2026-05-06T07:08:09Z"))
    assert gone.deleted_at == AT


def test_a_membership_may_have_no_instants() -> None:
    assert reference.membership(row(MembershipRow, id=1, user_id=2, group_id=3)).person_id == "2"


def test_a_field_names_its_options() -> None:
    options = [{"name": "Returns", "value": "returns"}, {"name": "None", "value": None}]
    field = reference.field(
        row(NamedRow, id=1, title="Category", type="tagger", custom_field_options=options)
    )

    assert (field.name, field.options) == ("Category", {"returns": "Returns"})
    assert reference.form(row(NamedRow, id=1, name="Default")).id == "form:1"


def test_a_custom_status_stands_for_one_of_ours() -> None:
    assert (
        reference.status(row(StatusRow, id=1, status_category="hold", agent_label="Carrier")).status
        is Status.ON_HOLD
    )
    with pytest.raises(ValueError, match="status_category 'limbo' is not known"):
        reference.status(row(StatusRow, id=1, status_category="limbo"))


def test_a_policys_targets_are_seconds() -> None:
    metrics = [
        {"metric": "first_reply_time", "priority": "high", "target": 2, "business_hours": True},
        {"metric": "first_reply_time", "priority": "low", "target": 2, "target_in_seconds": 125},
    ]
    policy = reference.policy(row(PolicyRow, id=1, title="VIP", policy_metrics=metrics))

    assert [(t["seconds"], t["business"]) for t in policy.targets] == [(120, True), (125, False)]


def test_a_schedule_counts_from_sunday_in_its_own_zone() -> None:
    monday = {"start_time": 1980, "end_time": 2460}
    schedule = reference.schedule(
        row(ScheduleRow, id=1, time_zone="Eastern Time (US & Canada)", intervals=[monday])
    )

    assert schedule.timezone == "America/New_York"
    assert schedule.weekly == {"0": [[9 * 3600, 17 * 3600]]}


def test_every_zone_of_rails_is_one_that_python_knows() -> None:
    for name in ZONES:
        ZoneInfo(iana_zone(name))
    assert iana_zone("New Caledonia") == "Pacific/Noumea"
    assert iana_zone("Europe/Prague") == "Europe/Prague"


def test_an_interval_across_midnight_and_the_end_of_the_week_is_cut() -> None:
    saturday_night = {"start_time": 6 * 1440 + 1320, "end_time": 7 * 1440 + 60}
    schedule = reference.schedule(row(ScheduleRow, id=1, time_zone="UTC", intervals=[saturday_night]))

    assert schedule.weekly == {"5": [[22 * 3600, 86400]], "6": [[0, 3600]]}


def test_holidays_are_read_under_either_name() -> None:
    holidays = [
        {"start_date": "2026-12-25", "end_date": "2026-12-26"},
        {"start_time": "2026-01-01T00:00:00", "end_time": None},
    ]
    schedule = reference.schedule(row(ScheduleRow, id=1, time_zone="Prague", holidays=holidays))

    assert schedule.holidays == [["2026-12-25", "2026-12-26"], ["2026-01-01", "2026-01-01"]]


def test_a_zone_nobody_knows_is_explained() -> None:
    with pytest.raises(ValueError, match="Atlantis"):
        reference.schedule(row(ScheduleRow, id=1, time_zone="Atlantis"))


# -- rows that cannot be read -----------------------------------------------------------------


def test_a_row_set_aside_keeps_what_it_needs_and_no_text_of_a_customer() -> None:
    reader = Reader("tickets", TicketRow, lambda each: ticket_record(each, "https://x"))
    kept = reader._kept(
        {
            "id": 1, "created_at": "soon", "subject": "private", "description": "private", "status": "open",
            "via": {"channel": "email", "source": {"from": {"address": "private", "ticket_id": 5}, "rel": None}},
            "unknown": "private", "tags": ["a"], "priority": None,
        }
    )  # fmt: skip

    assert kept == {
        "id": 1, "created_at": "soon", "status": "open", "tags": ["a"],
        "via": {"channel": "email", "source": {"rel": None, "from": {"ticket_id": 5}}},
    }  # fmt: skip


def test_a_message_in_an_audit_set_aside_keeps_no_words() -> None:
    kept = Reader("ticket_events", EventRow, events.event_records)._kept(
        {"id": 1, "child_events": [{"id": 2, "body": "private", "public": True, "author_id": 3}]}
    )

    assert kept == {"id": 1, "child_events": [{"id": 2, "public": True, "author_id": 3}]}


def test_a_row_set_aside_can_be_read_again() -> None:
    reader = Reader("tickets", TicketRow, lambda each: ticket_record(each, "https://x"))

    assert reader.again({"id": 1, "created_at": "2026-05-06T07:08:09Z"})[0].id == "1"
    with pytest.raises(ValueError, match="created_at is missing"):
        reader.again({"id": 1})
