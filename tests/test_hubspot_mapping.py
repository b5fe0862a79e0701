"""HubSpot rows as records: strings, cleared values, histories, merges, SLA clocks, surveys."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.hubspot import words
from connectors.hubspot.others import call_record, message_events, owner_records, rating_record
from connectors.hubspot.stages import stage_statuses, status_of, status_records
from connectors.hubspot.tickets import needs_messages, ticket_record, ticket_records
from storage.records import (
    CallOutcome,
    Channel,
    EventKind,
    GroupRecord,
    PersonRecord,
    Priority,
    RatingRecord,
    Role,
    SlaEventKind,
    SlaEventRecord,
    Status,
    SurveyType,
    TicketEventRecord,
    TicketRecord,
)

STAGES = {"1": "new", "2": "pending", "3": "open", "4": "closed"}
CREATED = datetime(2026, 11, 2, 9, tzinfo=UTC)


def ticket_row(properties: dict[str, Any] | None = None, **envelope: Any) -> dict[str, Any]:
    return {
        "id": "501",
        "createdAt": "2026-11-02T09:00:00Z",
        "updatedAt": "2026-11-02T12:00:00.250Z",
        "archived": False,
        "properties": {
            "createdate": "2026-11-02T09:00:00Z",
            "hs_lastmodifieddate": "2026-11-02T12:00:00.250Z",
            "hs_pipeline_stage": "3",
            "hs_is_closed": "false",
            **(properties or {}),
        },
        **envelope,
    }


def entry(value: str, at: str) -> dict[str, str]:
    return {"value": value, "timestamp": at, "sourceType": "CRM_UI"}


def events(row: dict[str, Any]) -> list[tuple[str, datetime, str | None]]:
    return [
        (record.event, record.at, record.value)
        for record in ticket_records(row, STAGES)
        if isinstance(record, TicketEventRecord)
    ]


def sla(row: dict[str, Any]) -> list[tuple[str, SlaEventKind, datetime, bool]]:
    return [
        (record.metric, record.event, record.at, record.is_deleted)
        for record in ticket_records(row, STAGES)
        if isinstance(record, SlaEventRecord)
    ]


def test_a_cleared_value_is_null_like_one_never_set() -> None:
    ticket = ticket_record(ticket_row({"subject": "", "hs_ticket_priority": None, "closed_date": ""}), STAGES)

    assert (ticket.subject, ticket.priority, ticket.solved_at) == (None, None, None)


def test_instants_come_with_and_without_milliseconds_and_as_epoch_numbers() -> None:
    expected = datetime(2026, 3, 12, 7, 33, 57, 41000, tzinfo=UTC)

    assert words.instant("2026-03-12T07:33:57.041Z") == expected
    assert words.instant("1773300837041") == expected
    assert words.instant("2023-01-15T05:00:00Z") == datetime(2023, 1, 15, 5, tzinfo=UTC)


def test_numbers_of_fifty_digits_are_read() -> None:
    value = "8.600000000000000477395900588817312382161617279052734375"

    assert words.number({"n": value}, "n") == 8.6


def test_the_row_version_is_its_last_modification() -> None:
    ticket = ticket_record(ticket_row(), STAGES)

    assert ticket.version == int((CREATED + timedelta(hours=3)).timestamp()) * 1_000_000 + 250_000


@pytest.mark.parametrize(
    ("properties", "channel"),
    [
        ({"source_type": "EMAIL"}, Channel.EMAIL),
        ({"source_type": "FORM"}, Channel.WEB),
        ({"source_type": "", "hs_originating_generic_channel_id": "1000"}, Channel.CHAT),
        ({"source_type": "Slack"}, Channel.OTHER),
        ({}, Channel.OTHER),
    ],
)
def test_channels_are_known_by_source_or_originating_channel(
    properties: dict[str, str], channel: Channel
) -> None:
    assert ticket_record(ticket_row(properties), STAGES).channel is channel


def test_priorities_and_the_first_category_are_taken() -> None:
    ticket = ticket_record(
        ticket_row({"hs_ticket_priority": "MEDIUM", "hs_ticket_category": "BILLING_ISSUE;OTHER"}), STAGES
    )

    assert (ticket.priority, ticket.category) == (Priority.NORMAL, "BILLING_ISSUE")


def test_the_first_response_is_the_earlier_of_its_two_properties() -> None:
    both = {
        "hs_first_agent_message_sent_at": "2026-11-02T10:00:00Z",
        "first_agent_reply_date": "2026-11-02T09:30:00Z",
    }

    assert ticket_record(ticket_row(both), STAGES).vendor_first_response_seconds == 1800
    assert ticket_record(
        ticket_row({**both, "first_agent_reply_date": ""}), STAGES
    ).first_response_at == datetime(2026, 11, 2, 10, tzinfo=UTC)


def test_a_reopened_ticket_has_no_resolution_even_if_hubspot_kept_a_date() -> None:
    row = ticket_row({"hs_last_closed_date": "2026-11-02T11:00:00Z", "time_to_close": "7200000"})
    ticket = ticket_record(row, STAGES)

    assert (ticket.status, ticket.solved_at, ticket.vendor_full_resolution_seconds) == (
        Status.OPEN,
        None,
        None,
    )


def test_a_closed_ticket_is_dated_by_its_last_close() -> None:
    ticket = ticket_record(
        ticket_row(
            {
                "hs_pipeline_stage": "4",
                "hs_last_closed_date": "2026-11-02T11:00:00Z",
                "closed_date": "2026-11-02T10:00:00Z",
                "time_to_close": "7200999",
            }
        ),
        STAGES,
    )

    assert ticket.solved_at == datetime(2026, 11, 2, 11, tzinfo=UTC)
    assert ticket.vendor_full_resolution_seconds == 7200


@pytest.mark.parametrize(
    ("closed_at", "is_imported"), [("2026-11-02T09:00:00Z", False), ("2026-10-30T09:00:00Z", True)]
)
def test_a_ticket_closed_before_it_was_created_is_an_import_and_one_closed_at_once_is_not(
    closed_at: str, is_imported: bool
) -> None:
    row = ticket_row({"hs_pipeline_stage": "4", "closed_date": closed_at})

    assert ticket_record(row, STAGES).is_imported is is_imported


def test_without_stage_and_flag_a_close_date_closes() -> None:
    row = ticket_row(
        {"hs_pipeline_stage": "gone", "hs_is_closed": None, "closed_date": "2026-11-02T10:00:00Z"}
    )

    assert ticket_record(row, STAGES).status is Status.CLOSED


def test_the_lowest_of_several_associations_is_taken_at_every_reading() -> None:
    found = [{"id": "120", "type": "x"}, {"id": "33", "type": "x"}, {"id": "120", "type": "unlabeled"}]

    for results in (found, found[::-1]):
        row = ticket_row(associations={"contacts": {"results": results}})
        assert ticket_record(row, STAGES).requester_id == "33"


def test_nothing_sent_and_nothing_handed_off_leave_no_thread_to_read() -> None:
    thread = {"hs_conversations_originating_thread_id": "900"}

    assert needs_messages(ticket_row({**thread, "hs_last_message_sent_at": None}), CREATED) is None
    bots = {
        **thread,
        "hs_last_message_sent_at": "2026-11-02T10:00:00Z",
        "hs_customer_agent_ticket_status": "RESOLVED",
    }
    assert needs_messages(ticket_row(bots), CREATED) is None
    handed = {**bots, "hs_customer_agent_escalated_time": "2026-11-02T09:30:00Z"}
    assert needs_messages(ticket_row(handed), CREATED) == "900"


def test_merges_of_merges_all_lead_to_the_last_survivor() -> None:
    """HubSpot names the losers of earlier merges again; whatever comes first, the newest word stays."""

    def survivor(number: str, at: str, losers: str) -> dict[str, Any]:
        return ticket_row({"hs_merged_object_ids": losers, "hs_lastmodifieddate": at}, id=number)

    first = survivor("10", "2026-11-02T10:00:00.100Z", "1;2")
    second = survivor("20", "2026-11-02T11:00:00.100Z", "1;2;10;3")
    for order in ([first, second], [second, first]):
        newest: dict[str, TicketRecord] = {}
        for row in order:
            for record in ticket_records(row, STAGES):
                if isinstance(record, TicketRecord) and record.version >= (
                    newest[record.id].version if record.id in newest else 0
                ):
                    newest[record.id] = record
        assert {number: each.merged_into for number, each in newest.items()} == {
            "1": "20", "2": "20", "10": "20", "3": "20", "20": None,
        }  # fmt: skip


def test_a_value_that_is_no_plain_value_is_refused_by_its_name() -> None:
    with pytest.raises(TypeError, match="subject is no plain value"):
        ticket_record(ticket_row({"subject": {"odd": True}}), STAGES)


def test_durations_in_milliseconds_become_seconds_and_negative_ones_are_dropped() -> None:
    assert words.seconds_of_ms({"d": "1999"}, "d") == 1
    assert words.seconds_of_ms({"d": "-5"}, "d") is None


def test_history_is_read_oldest_first_and_makes_the_tickets_events() -> None:
    row = ticket_row(
        {"hs_pipeline_stage": "4"},
        propertiesWithHistory={
            "hs_pipeline_stage": [
                entry("4", "2026-11-02T12:00:00.250Z"),
                entry("3", "2026-11-02T11:00:00Z"),
                entry("1", "2026-11-02T09:00:00Z"),
            ],
            "hubspot_owner_id": [
                entry("", "2026-11-02T11:30:00Z"),
                entry("77", "2026-11-02T10:00:00Z"),
            ],
        },
    )

    assert events(row) == [
        (EventKind.CREATED, CREATED, "new"),
        (EventKind.STATUS, datetime(2026, 11, 2, 11, tzinfo=UTC), "open"),
        (EventKind.STATUS, datetime(2026, 11, 2, 12, 0, 0, 250000, tzinfo=UTC), "closed"),
        (EventKind.AGENT, datetime(2026, 11, 2, 10, tzinfo=UTC), "77"),
        (EventKind.AGENT, datetime(2026, 11, 2, 11, 30, tzinfo=UTC), None),
    ]


def test_a_move_between_two_open_stages_of_one_status_is_no_change() -> None:
    stages = {**STAGES, "5": "open"}
    row = ticket_row(
        propertiesWithHistory={
            "hs_pipeline_stage": [entry("5", "2026-11-02T11:00:00Z"), entry("3", "2026-11-02T09:00:00Z")]
        }
    )

    found = [r.event for r in ticket_records(row, stages) if isinstance(r, TicketEventRecord)]
    assert found == [EventKind.CREATED]


def test_without_history_no_event_claims_completeness() -> None:
    assert events(ticket_row()) == []


def test_the_same_history_read_again_gives_the_same_event_ids() -> None:
    history = {"hs_pipeline_stage": [entry("4", "2026-11-02T11:00:00Z"), entry("1", "2026-11-02T09:00:00Z")]}
    longer = {"hs_pipeline_stage": [entry("3", "2026-11-03T11:00:00Z"), *history["hs_pipeline_stage"]]}

    first = {r.id for r in ticket_records(ticket_row(propertiesWithHistory=history), STAGES)}
    later = {r.id for r in ticket_records(ticket_row(propertiesWithHistory=longer), STAGES)}

    assert first < later


def test_a_survivor_names_the_tickets_merged_into_it() -> None:
    losers = [
        (record.id, record.merged_into, record.is_merged)
        for record in ticket_records(ticket_row({"hs_merged_object_ids": "7;8"}), STAGES)
        if isinstance(record, TicketRecord) and record.id != "501"
    ]

    assert losers == [("7", "501", True), ("8", "501", True)]


def test_an_archived_ticket_is_deleted() -> None:
    ticket = ticket_record(ticket_row(archived=True, archivedAt="2026-11-03T08:00:00Z"), STAGES)

    assert ticket.deleted_at == datetime(2026, 11, 3, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("0", [SlaEventKind.APPLIED]),
        ("1", [SlaEventKind.APPLIED]),
        ("3", [SlaEventKind.APPLIED, SlaEventKind.FULFILLED]),
        ("4", [SlaEventKind.APPLIED, SlaEventKind.FULFILLED]),
    ],
)
def test_an_sla_clock_is_applied_and_fulfilled_when_hubspot_says_so(
    status: str, expected: list[SlaEventKind]
) -> None:
    row = ticket_row(
        {
            "hs_time_to_first_response_sla_at": "2026-11-02T10:00:00Z",
            "hs_time_to_first_response_sla_status": status,
        }
    )

    assert [step[1] for step in sla(row)] == expected


@pytest.mark.parametrize(("status", "is_late"), [("3", False), ("4", True)])
def test_an_sla_clock_stops_on_the_side_of_the_due_time_that_hubspot_says(status: str, is_late: bool) -> None:
    due_at = datetime(2026, 11, 2, 10, tzinfo=UTC)
    row = ticket_row(
        {
            "hs_time_to_next_response_sla_at": "2026-11-02T10:00:00Z",
            "hs_time_to_next_response_sla_status": status,
        }
    )

    [fulfilled] = [step for step in sla(row) if step[1] is SlaEventKind.FULFILLED]
    assert (fulfilled[2] > due_at) is is_late


def test_a_reopened_ticket_takes_back_that_its_resolution_clock_was_stopped() -> None:
    row = ticket_row(
        {
            "hs_last_closed_date": "2026-11-02T10:00:00Z",
            "hs_ticket_reopened_at": "2026-11-02T11:00:00Z",
            "hs_time_to_close_sla_at": "2026-11-03T10:00:00Z",
            "hs_time_to_close_sla_status": "0",
        }
    )

    assert [(step[1], step[3]) for step in sla(row)] == [
        (SlaEventKind.APPLIED, False),
        (SlaEventKind.FULFILLED, True),
    ]


def test_overdue_first_responses_of_silently_closed_tickets_are_withdrawn() -> None:
    row = ticket_row(
        {
            "hs_pipeline_stage": "4",
            "hs_time_to_first_response_sla_at": "2026-11-02T10:00:00Z",
            "hs_time_to_first_response_sla_status": "1",
        }
    )

    assert [step[3] for step in sla(row)] == [True]


def test_ids_of_associations_may_be_integers() -> None:
    row = ticket_row(associations={"contacts": {"results": [{"id": 33, "type": "ticket_to_contact"}]}})

    assert ticket_record(row, STAGES).requester_id == "33"


def test_threads_are_read_only_where_the_first_response_is_missing() -> None:
    thread = {"hs_conversations_originating_thread_id": "900"}

    assert needs_messages(ticket_row(thread), CREATED) == "900"
    assert needs_messages(ticket_row(thread), CREATED + timedelta(seconds=1)) is None
    assert (
        needs_messages(ticket_row({**thread, "first_agent_reply_date": "2026-11-02T10:00:00Z"}), CREATED)
        is None
    )
    assert needs_messages(ticket_row({**thread, "hs_outbound_ticket": "true"}), CREATED) is None


def test_stages_are_closed_by_ticket_state_or_by_is_closed() -> None:
    pipelines = [
        {
            "id": "0",
            "label": "Support",
            "stages": [
                {"id": "4", "label": "Done", "displayOrder": 3, "metadata": {"ticketState": "CLOSED"}},
                {"id": "1", "label": "Fresh", "displayOrder": 0, "metadata": {"ticketState": "OPEN"}},
                {
                    "id": "2",
                    "label": "Waiting on contact",
                    "displayOrder": 1,
                    "metadata": {"isClosed": "false"},
                },
                {
                    "id": "9",
                    "label": "Old done",
                    "displayOrder": 5,
                    "archived": True,
                    "metadata": {"isClosed": "true"},
                },
            ],
        }
    ]

    assert stage_statuses(status_records(pipelines)) == {
        "1": "new",
        "2": "pending",
        "4": "closed",
        "9": "closed",
    }


def test_a_deleted_stage_leaves_only_the_closed_flag() -> None:
    assert status_of("deleted", {}, True) is Status.CLOSED
    assert status_of("deleted", {}, False) is Status.OPEN
    assert status_of("deleted", {}, None) is None


def test_owners_bring_their_teams_and_the_user_id_that_threads_name() -> None:
    person, team = owner_records(
        {
            "id": "77",
            "userIdIncludingInactive": 12,
            "firstName": "Ada",
            "lastName": "",
            "archived": True,
            "teams": [{"id": "5", "name": "Tier 2", "primary": True}],
        }
    )

    assert isinstance(person, PersonRecord)
    assert (person.name, person.is_staff, person.is_active, person.attributes) == (
        "Ada",
        True,
        False,
        {"user_id": "12"},
    )
    assert isinstance(team, GroupRecord)
    assert team.name == "Tier 2"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"hs_survey_type": "NPS", "hs_value": "9"}, (SurveyType.NPS, 9.0, "0-10")),
        ({"hs_survey_type": "CES", "hs_value": "6"}, (SurveyType.CES, 6.0, "ease_1_7")),
        (
            {"hs_survey_type": "CSAT", "hs_value": "2", "hs_response_group": "PROMOTER"},
            (SurveyType.CSAT, 1.0, "bad_neutral_good"),
        ),
        ({"hs_survey_type": "CSAT", "hs_value": "0"}, (SurveyType.CSAT, -1.0, "bad_neutral_good")),
        (
            {"hs_survey_type": "CSAT", "hs_value": "5", "hs_response_group": "PASSIVE"},
            (SurveyType.CSAT, 0.0, "bad_neutral_good"),
        ),
        (
            {"hs_survey_type": "CUSTOM", "hs_industry_standard_question_type": "NPS", "hs_value": "3"},
            (SurveyType.NPS, 3.0, "0-10"),
        ),
        ({"hs_survey_type": "CUSTOM", "hs_value": ""}, (SurveyType.CUSTOM, None, None)),
        ({"hs_survey_type": "KNOWLEDGE", "hs_value": "1"}, (SurveyType.CUSTOM, 0.0, "bad_neutral_good")),
    ],
)
def test_surveys_are_read_by_kind_and_response_group(
    properties: dict[str, str], expected: tuple[SurveyType, float | None, str | None]
) -> None:
    rating = rating_record({"id": "1", "createdAt": "2026-11-02T09:00:00Z", "properties": properties})

    assert (rating.survey_type, rating.score, rating.scale) == expected


@pytest.mark.parametrize(
    ("status", "duration", "outcome"),
    [
        ("COMPLETED", "125000", CallOutcome.ANSWERED),
        ("COMPLETED", "0", CallOutcome.VOICEMAIL),
        ("NO_ANSWER", "0", CallOutcome.MISSED),
        ("RINGING", None, CallOutcome.OTHER),
    ],
)
def test_a_completed_call_of_no_length_is_a_voicemail(
    status: str, duration: str | None, outcome: CallOutcome
) -> None:
    row = {
        "id": "3",
        "createdAt": "2026-11-02T09:00:00Z",
        "properties": {"hs_call_status": status, "hs_call_duration": duration},
    }

    assert call_record(row).outcome is outcome


def test_thread_messages_keep_who_and_when_and_never_what() -> None:
    messages = [
        {
            "id": "m2",
            "type": "MESSAGE",
            "direction": "OUTGOING",
            "createdBy": "A-12",
            "createdAt": "2026-11-02T09:05:00Z",
        },
        {
            "id": "m1",
            "type": "MESSAGE",
            "direction": "INCOMING",
            "createdBy": "V-5",
            "createdAt": "2026-11-02T09:00:00Z",
        },
        {
            "id": "c1",
            "type": "COMMENT",
            "createdBy": "A-12",
            "createdAt": "2026-11-02T09:06:00Z",
            "text": "secret",
        },
        {
            "id": "b1",
            "type": "MESSAGE",
            "direction": "OUTGOING",
            "createdBy": "L-1",
            "createdAt": "2026-11-02T09:01:00Z",
        },
        {
            "id": "w1",
            "type": "WELCOME_MESSAGE",
            "createdBy": "S-hubspot",
            "createdAt": "2026-11-02T09:00:00Z",
        },
    ]

    found = list(message_events("501", messages, {"12": "77"}))

    assert [(event.actor_id, event.actor_role, event.is_public) for event in found[:-1]] == [
        ("77", Role.AGENT, True),
        ("V-5", Role.END_USER, True),
        ("77", Role.AGENT, False),
        ("L-1", Role.BOT, True),
    ]
    assert (found[-1].event, found[-1].at.minute) == (EventKind.MESSAGES_READ, 6)
    assert "secret" not in repr(found)


def test_what_the_ai_reads_in_a_customers_messages_is_an_answer_of_the_last_one() -> None:
    read = {
        "hs_overall_visitor_messages_sentiment_score": "72.5",
        "hs_last_message_received_at": "2026-11-02T11:30:00Z",
    }

    [answer] = [each for each in ticket_records(ticket_row(read), STAGES) if isinstance(each, RatingRecord)]

    assert (answer.id, answer.ticket_id, answer.survey_type) == ("501:sentiment", "501", SurveyType.SENTIMENT)
    assert (answer.score, answer.rated_at) == (72.5, datetime(2026, 11, 2, 11, 30, tzinfo=UTC))


def test_without_the_ai_there_is_no_such_answer() -> None:
    nothing = {"hs_overall_visitor_messages_sentiment_score": ""}

    assert not [
        each for each in ticket_records(ticket_row(nothing), STAGES) if isinstance(each, RatingRecord)
    ]
