"""How each of Zendesk's ways of paging is walked, where it starts, and where it stops."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors import Misconfigured, Unexpected, Unsupported
from connectors.zendesk.api import observe
from tests.fake_zendesk import NOW, SECOND, FakeZendesk, refusal

DAY = 86_400
SINCE = SECOND - 10 * DAY


def tickets(*numbers: int, after: str | None = "c", end: bool | None = True, **more: Any) -> dict[str, Any]:
    rows = [
        {
            "id": number,
            "created_at": "2026-10-30T00:00:00Z",
            "generated_timestamp": SINCE + number,
            "status": "open",
        }
        for number in numbers
    ]
    return {"tickets": rows, "after_cursor": after, "end_of_stream": end, **more}


def events(*seconds: int, end: int | None = None, over: bool | None = True) -> dict[str, Any]:
    rows = [
        {"id": index, "ticket_id": 1, "timestamp": at, "child_events": [
            {"id": index, "event_type": "Change", "status": "open", "previous_value": "new"},
        ]}
        for index, at in enumerate(seconds, 1)
    ]  # fmt: skip
    body = {
        "ticket_events": rows,
        "count": len(rows),
        "end_time": end,
        "next_page": "https://acme.zendesk.com/more",
    }
    return body if over is None else {**body, "end_of_stream": over}


def steps(count: int, end: int) -> dict[str, Any]:
    rows = [
        {"id": n, "ticket_id": 1, "metric": "reply_time", "type": "activate", "time": "2026-10-30T00:00:00Z"}
        for n in range(1, count + 1)
    ]
    return {
        "ticket_metric_events": rows,
        "count": count,
        "end_time": end,
        "next_page": "https://acme.zendesk.com/x",
    }


def calls(count: int, end: int) -> dict[str, Any]:
    rows = [{"id": n, "created_at": "2026-10-30T00:00:00Z"} for n in range(1, count + 1)]
    return {"calls": rows, "count": count, "end_time": end, "next_page": "https://acme.zendesk.com/more"}


def listed(key: str, *rows: dict[str, Any], after: str | None = None, more: bool = False) -> dict[str, Any]:
    links = {"next": "https://acme.zendesk.com/api/v2/next", "prev": None}
    return {key: list(rows), "meta": {"has_more": more, "after_cursor": after}, "links": links}


def ids(walk: Any) -> list[str]:
    return [record.id for record in walk.records]


# -- the cursor export ------------------------------------------------------------------------


def test_the_first_export_begins_at_since_and_asks_for_everything() -> None:
    vendor = FakeZendesk(tickets=[tickets(1)])
    vendor.pull("tickets")

    assert vendor.queries == [
        {"start_time": str(SINCE), "include": "metric_sets", "support_type_scope": "all", "per_page": "1000"}
    ]


def test_every_parameter_is_repeated_with_the_cursor() -> None:
    vendor = FakeZendesk(tickets=[tickets(1, after="a", end=False), tickets(2, after="b")])
    walk = vendor.pull("tickets")

    assert vendor.queries[1] == {
        "cursor": "a", "include": "metric_sets", "support_type_scope": "all", "per_page": "1000",
    }  # fmt: skip
    assert [page.cursor for page in walk.pages] == [
        {"after": "a", "until": SINCE + 1}, {"after": "b", "until": SINCE + 2},
    ]  # fmt: skip


def test_an_idle_poll_with_a_null_cursor_keeps_the_stored_one() -> None:
    vendor = FakeZendesk(tickets=[tickets(after=None, after_url=None)])
    walk = vendor.pull("tickets", {"after": "stored", "until": SINCE})

    assert vendor.queries[0]["cursor"] == "stored"
    assert [page.cursor for page in walk.pages] == [None]
    assert len(vendor.asked) == 1


def test_users_are_polled_in_the_same_way() -> None:
    idle = {"users": [], "after_url": None, "after_cursor": None, "end_of_stream": True}
    walk = FakeZendesk(users=[idle]).pull("users", {"after": "stored", "until": 1})

    assert [page.cursor for page in walk.pages] == [None]


def test_everybody_is_exported_however_old() -> None:
    vendor = FakeZendesk(
        users=[{"users": [{"id": 1, "role": "end-user"}], "after_cursor": "a", "end_of_stream": True}]
    )
    vendor.pull("users")

    assert vendor.queries[0]["start_time"] == "1"


def test_a_repeated_cursor_ends_the_walk_with_an_error_and_keeps_the_pages() -> None:
    pages = [
        tickets(1, after="a", end=False),
        tickets(2, after="b", end=False),
        tickets(3, after="a", end=False),
    ]
    walk = FakeZendesk(tickets=pages).pull("tickets")

    assert isinstance(walk.error, Unexpected)
    assert ids(walk) == ["1", "2", "3"]


def test_more_without_a_cursor_is_an_error_and_no_end() -> None:
    walk = FakeZendesk(tickets=[tickets(1, after=None, end=False)]).pull("tickets")

    assert "there is more but not where" in str(walk.error)


def test_a_page_larger_than_asked_is_taken_whole() -> None:
    walk = FakeZendesk(tickets=[tickets(*range(1, 1_501))]).pull("tickets")

    assert len(walk.records) == 1_500


def test_a_cursor_that_zendesk_no_longer_knows_is_replaced_by_the_time_it_stood_for() -> None:
    vendor = FakeZendesk(tickets=[refusal(400, "InvalidCursor"), tickets(5, after="new")])
    walk = vendor.pull("tickets", {"after": "old", "until": SINCE + 4})

    assert vendor.queries[1]["start_time"] == str(SINCE + 4)
    assert "cursor" not in vendor.queries[1]
    assert walk.stored_cursor == {"after": "new", "until": SINCE + 5}
    assert "no longer knows the cursor" in vendor.told[0]


def test_a_refused_start_is_told_and_not_repeated() -> None:
    vendor = FakeZendesk(tickets=[refusal(422, "RecordInvalid")])

    assert isinstance(vendor.pull("tickets").error, Unexpected)
    assert len(vendor.asked) == 1


def test_an_unreadable_stored_cursor_says_what_to_do() -> None:
    walk = FakeZendesk().pull("tickets", {"page": 3})

    assert isinstance(walk.error, Unexpected)
    assert "deskpulse reset" in str(walk.error)


def test_metric_sets_beside_the_tickets_are_joined_to_them() -> None:
    page = tickets(1, 2, metric_sets=[{"id": 9, "ticket_id": 2, "replies": 4}])
    walk = FakeZendesk(tickets=[page]).pull("tickets")

    assert [record.vendor_replies for record in walk.records] == [None, 4]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["tickets", "ticket_events", "calls"])
def test_a_start_within_the_withheld_minute_is_never_asked_for(name: str) -> None:
    vendor = FakeZendesk(tickets=[tickets()], ticket_events=[events()], calls=[calls(0, SECOND)])
    vendor.pull(name, since=NOW, events_since=NOW)

    assert int(vendor.queries[0]["start_time"]) <= SECOND - 61


def test_at_the_end_all_is_known_but_for_the_withheld_minute() -> None:
    walk = FakeZendesk(tickets=[tickets(1, after="a", end=False), tickets(2)]).pull("tickets")

    assert [page.data_until for page in walk.pages] == [
        NOW - timedelta(days=10) + timedelta(seconds=1), NOW - timedelta(seconds=61),
    ]  # fmt: skip


# -- the export by time -----------------------------------------------------------------------


def test_the_bookmark_is_the_servers_end_time_and_never_our_clock() -> None:
    walk = FakeZendesk(ticket_events=[events(SINCE + 1, end=SINCE + 5)]).pull("ticket_events")

    assert walk.stored_cursor == {"start": SINCE + 5}


def test_the_next_page_begins_in_the_last_second_and_repeats_nothing_for_the_store() -> None:
    pages = [
        events(SINCE + 1, SINCE + 2, end=SINCE + 2, over=False),
        events(SINCE + 2, SINCE + 3, end=SINCE + 3),
    ]
    vendor = FakeZendesk(ticket_events=pages)
    vendor.pull("ticket_events")

    assert [query["start_time"] for query in vendor.queries] == [str(SINCE), str(SINCE + 2)]


def test_next_page_is_set_for_ever_and_only_the_flag_ends_the_walk() -> None:
    vendor = FakeZendesk(ticket_events=[events(SINCE + 1, end=SINCE + 1, over=True)])
    vendor.pull("ticket_events")

    assert len(vendor.asked) == 1


def test_an_idle_export_by_time_keeps_its_place() -> None:
    for end in (SINCE, None, 0):
        walk = FakeZendesk(ticket_events=[events(end=end)]).pull("ticket_events", {"start": SINCE})
        assert [page.cursor for page in walk.pages] == [None]


def test_a_second_that_fills_a_page_is_passed_with_a_warning() -> None:
    pages = [
        events(*[SINCE] * 1_000, end=SINCE, over=False),
        events(SINCE + 1, end=SINCE + 1, over=True),
    ]
    vendor = FakeZendesk(ticket_events=pages)
    walk = vendor.pull("ticket_events", {"start": SINCE})

    assert vendor.queries[1]["start_time"] == str(SINCE + 1)
    assert walk.stored_cursor == {"start": SINCE + 1}
    assert "holds more rows than a page" in vendor.told[0]


def test_a_vendor_that_leads_back_in_time_is_not_followed() -> None:
    walk = FakeZendesk(ticket_events=[events(SINCE - 9, end=SINCE - 9, over=False)]).pull(
        "ticket_events", {"start": SINCE}
    )

    assert "leads back" in str(walk.error)


def test_1500_changes_in_one_second_arrive_where_pages_hold_whole_seconds() -> None:
    """A page holds every row of its last second, however many that are."""
    walk = FakeZendesk(ticket_events=[events(*[SINCE + 1] * 1_500, end=SINCE + 1, over=True)]).pull(
        "ticket_events"
    )

    assert len({record.id for record in walk.records}) == 1_500


@pytest.mark.parametrize(("rows", "asked"), [([1_000, 3], 2), ([250, 1], 2), ([99], 1), ([0], 1)])
def test_an_export_that_tells_no_end_stops_at_a_short_page(rows: list[int], asked: int) -> None:
    """Whether metric events come in pages of a thousand or of a hundred is not documented."""
    vendor = FakeZendesk(sla_events=[steps(count, SINCE + 10 * n) for n, count in enumerate(rows, 1)])
    walk = vendor.pull("sla_events", {"start": SINCE})

    assert walk.error is None
    assert len(vendor.asked) == asked


def test_a_halved_page_is_not_taken_for_the_last() -> None:
    timeout = httpx.Response(504, text="upstream request timeout")
    vendor = FakeZendesk(sla_events=[timeout, steps(500, SINCE + 10), steps(2, SINCE + 20)])
    walk = vendor.pull("sla_events", {"start": SINCE})

    assert [query["per_page"] for query in vendor.queries] == ["1000", "500", "500"]
    assert walk.stored_cursor == {"start": SINCE + 20}


def test_metric_events_are_not_asked_for_without_sla_policies() -> None:
    none = {"sla_policies": [], "count": 0, "next_page": None}
    assert FakeZendesk(sla_policies=[none]).pull("sla_events").pages == []
    assert FakeZendesk(sla_policies=[refusal(403)]).pull("sla_events").pages == []

    one = {"sla_policies": [{"id": 1, "title": "VIP"}], "count": 1, "next_page": None}
    assert len(FakeZendesk(sla_policies=[one], sla_events=[steps(1, SINCE)]).pull("sla_events").records) == 1


# -- Talk -------------------------------------------------------------------------------------


def test_the_talk_export_ends_at_a_short_page_though_its_next_page_is_never_null() -> None:
    vendor = FakeZendesk(calls=[calls(1_000, SINCE + 5), calls(1, SINCE + 5)])
    walk = vendor.pull("calls")

    assert [query["start_time"] for query in vendor.queries] == [str(SINCE), str(SINCE + 5)]
    assert walk.stored_cursor == {"start": SINCE + 5}


def test_an_idle_talk_export_is_one_request_that_serves_its_last_row() -> None:
    vendor = FakeZendesk(calls=[calls(1, SINCE)])
    walk = vendor.pull("calls", {"start": SINCE})

    assert len(vendor.asked) == 1
    assert [page.cursor for page in walk.pages] == [None]


def test_calls_of_the_last_four_hours_are_read_again_because_they_change() -> None:
    vendor = FakeZendesk(calls=[calls(1, SINCE)])
    vendor.pull("calls", {"start": SINCE})

    assert vendor.queries[0] == {"start_time": str(SINCE - 4 * 3600)}


# -- lists ------------------------------------------------------------------------------------


def test_a_next_link_on_the_last_page_is_not_followed() -> None:
    vendor = FakeZendesk(groups=[listed("groups", {"id": 1}, after="x")])

    assert ids(vendor.pull("groups")) == ["1"]
    assert len(vendor.asked) == 1


def test_lists_are_asked_for_by_cursor() -> None:
    vendor = FakeZendesk(
        groups=[listed("groups", {"id": 1}, after="x", more=True), listed("groups", {"id": 2})]
    )
    vendor.pull("groups")

    assert vendor.queries[0] == {"exclude_deleted": "false", "page[size]": "100"}
    assert vendor.queries[1] == {"exclude_deleted": "false", "page[size]": "100", "page[after]": "x"}


def test_an_empty_list_may_have_no_cursor_at_all() -> None:
    walk = FakeZendesk(groups=[{"groups": [], "meta": {"has_more": False}, "links": {}}]).pull("groups")

    assert (walk.records, walk.error) == ([], None)


def test_a_list_that_knows_no_cursor_is_walked_by_its_page_numbers() -> None:
    first = {"ticket_forms": [{"id": 1, "name": "a"}], "next_page": "https://acme.zendesk.com/2"}
    last = {"ticket_forms": [{"id": 2, "name": "b"}], "next_page": None}
    vendor = FakeZendesk(forms=[first, last])

    assert ids(vendor.pull("forms")) == ["form:1", "form:2"]
    assert vendor.queries[1] == {"per_page": "100", "page": "2"}


def test_a_list_that_repeats_its_cursor_is_no_endless_loop() -> None:
    page = listed("groups", {"id": 1}, after="x", more=True)
    walk = FakeZendesk(groups=[page, page, page]).pull("groups")

    assert isinstance(walk.error, Unexpected)


def test_a_list_that_says_more_but_not_where_is_an_error() -> None:
    walk = FakeZendesk(groups=[listed("groups", {"id": 1}, more=True)]).pull("groups")

    assert "there is more but not where" in str(walk.error)


def test_a_cut_list_goes_on_and_begins_anew_where_its_cursor_has_ended() -> None:
    vendor = FakeZendesk(groups=[refusal(400, "InvalidCursor"), listed("groups", {"id": 1})])
    walk = vendor.pull("groups", {"after": "x"})

    assert [query.get("page[after]") for query in vendor.queries] == ["x", None]
    assert walk.stored_cursor == {"after": None}


def test_the_oldest_schedule_is_the_default_and_each_brings_its_holidays() -> None:
    rows = [
        {"id": 2, "name": "New", "time_zone": "UTC", "intervals": [], "created_at": "2026-02-01T00:00:00Z"},
        {
            "id": 1,
            "name": "Old",
            "time_zone": "Prague",
            "intervals": [],
            "created_at": "2025-02-01T00:00:00Z",
        },
    ]

    class WithHolidays(FakeZendesk):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/1/holidays"):
                return httpx.Response(
                    200, json={"holidays": [{"start_date": "2026-12-25", "end_date": "2026-12-25"}, 5]}
                )
            if request.url.path.endswith("/2/holidays"):
                return refusal(404)
            return await super().handle_async_request(request)

    vendor = WithHolidays(schedules=[{"schedules": rows, "next_page": None}])
    walk = vendor.pull("schedules")

    new, old = walk.records
    assert (new.is_default, old.is_default) == (False, True)  # type: ignore[attr-defined]
    assert old.holidays == [["2026-12-25", "2026-12-25"]]  # type: ignore[attr-defined]
    assert "holiday: " in walk.rejected[0].reason
    assert "the holidays of the schedule New" in vendor.told[0]


# -- ratings ----------------------------------------------------------------------------------


def rating(number: int, at: str) -> dict[str, Any]:
    return {"id": number, "ticket_id": number, "score": "good", "created_at": at, "updated_at": at}


def test_ratings_are_asked_for_in_windows_of_at_most_thirty_days() -> None:
    vendor = FakeZendesk(ratings=[listed("satisfaction_ratings") for _ in range(3)])
    vendor.pull("ratings", since=NOW - timedelta(days=70))

    spans = [(int(query["start_time"]), int(query["end_time"])) for query in vendor.queries]
    assert [start for start, _ in spans[1:]] == [end for _, end in spans[:-1]]
    assert all(end - start <= 30 * DAY for start, end in spans)
    assert spans[-1][1] == SECOND - 61


def test_every_page_of_a_window_repeats_the_window() -> None:
    pages = [
        listed("satisfaction_ratings", rating(1, "2026-10-30T00:00:00Z"), after="x", more=True),
        listed("satisfaction_ratings", rating(2, "2026-10-31T00:00:00Z")),
    ]
    vendor = FakeZendesk(ratings=pages)
    vendor.pull("ratings")

    assert vendor.queries[1] == {**vendor.queries[0], "page[after]": "x"}


def test_ratings_go_on_from_the_newest_one_and_not_from_our_clock() -> None:
    walk = FakeZendesk(ratings=[listed("satisfaction_ratings", rating(1, "2026-11-02T11:30:00Z"))]).pull(
        "ratings"
    )

    assert walk.stored_cursor == {"start": SECOND - 1800 + 1, "end": 0, "after": None}


def test_a_second_that_is_hardly_over_is_read_again() -> None:
    """More ratings of it may come, if the clocks differ."""
    young = rating(1, "2026-11-02T11:57:30Z")
    walk = FakeZendesk(ratings=[listed("satisfaction_ratings", young)]).pull("ratings")

    assert walk.stored_cursor == {"start": SECOND - 150, "end": 0, "after": None}


def test_without_ratings_a_day_is_read_again_so_that_clocks_may_differ() -> None:
    walk = FakeZendesk(ratings=[listed("satisfaction_ratings")]).pull("ratings")

    assert walk.stored_cursor == {"start": SECOND - 61 - DAY, "end": 0, "after": None}


def test_an_empty_last_window_of_less_than_a_day_leaves_the_cursor_where_it_is() -> None:
    """The next pull begins where it began; a cursor that came back would be taken for a walk in circles."""
    vendor = FakeZendesk(ratings=[listed("satisfaction_ratings"), listed("satisfaction_ratings")])
    walk = vendor.pull("ratings", since=NOW - timedelta(days=30, hours=6))

    first, last = (page.cursor for page in walk.pages)
    assert first is not None
    assert last is None


def test_a_window_that_was_cut_goes_on_where_it_was() -> None:
    vendor = FakeZendesk(ratings=[listed("satisfaction_ratings"), listed("satisfaction_ratings")])
    vendor.pull("ratings", {"start": SINCE, "end": SINCE + 50, "after": "x"})

    spans = [(query["start_time"], query["end_time"], query.get("page[after]")) for query in vendor.queries]
    assert spans == [
        (str(SINCE), str(SINCE + 50), "x"),
        (str(SINCE + 50), str(SECOND - 61), None),
    ]


# -- survey responses -------------------------------------------------------------------------


def ulid(second: int) -> str:
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join(letters[second * 1000 >> 5 * place & 31] for place in reversed(range(10))) + "A" * 16


def survey(offered: int, *, expires: str | None, **more: Any) -> dict[str, Any]:
    return {
        "id": ulid(offered),
        "subject_zrns": ["zen:ticket:1"],
        "expires_at": expires,
        "answers": [],
        **more,
    }


OPEN, OVER = "2026-11-20T00:00:00Z", "2026-11-01T00:00:00Z"


def responses(*rows: dict[str, Any], after: str | None = None) -> dict[str, Any]:
    return listed("survey_responses", *rows, after=after, more=after is not None)


def test_surveys_are_asked_for_fifty_at_a_time_from_since_in_milliseconds() -> None:
    vendor = FakeZendesk(survey_responses=[responses()])
    vendor.pull("survey_responses")

    assert vendor.queries == [
        {"filter[created_at_start]": str(SINCE * 1000), "sort": "id", "page[size]": "50"}
    ]


def test_surveys_that_can_still_be_answered_are_read_again_within_the_hour() -> None:
    first = responses(
        survey(SINCE + 1, expires=OVER), survey(SINCE + 5, expires=OPEN), survey(SINCE + 9, expires=OPEN)
    )
    vendor = FakeZendesk(survey_responses=[first, responses(), responses()])
    cursor = vendor.pull("survey_responses").stored_cursor
    vendor.time.now += timedelta(minutes=10)
    cursor = vendor.pull("survey_responses", cursor).stored_cursor
    vendor.time.now += timedelta(hours=1)
    vendor.pull("survey_responses", cursor)

    starts = [int(query["filter[created_at_start]"]) // 1000 for query in vendor.queries]
    assert starts == [SINCE, SINCE + 9, SINCE + 5]


def test_a_survey_that_has_expired_is_not_read_again() -> None:
    vendor = FakeZendesk(
        survey_responses=[responses(survey(SINCE + 1, expires=OVER), survey(SINCE + 9, expires=OVER))]
    )

    assert vendor.pull("survey_responses").stored_cursor["oldest_open"] == (SINCE + 9) * 1000 + 1  # type: ignore[index]


@pytest.mark.parametrize(("days", "is_open"), [(5, True), (31, False)])
def test_a_survey_that_does_not_say_when_it_ends_is_open_for_thirty_days(days: int, is_open: bool) -> None:
    old = SECOND - days * DAY
    vendor = FakeZendesk(
        survey_responses=[responses(survey(old, expires=None), survey(SECOND, expires=OVER))]
    )
    cursor = vendor.pull("survey_responses", since=NOW - timedelta(days=90)).stored_cursor

    assert cursor is not None
    assert (cursor["oldest_open"] == old * 1000) is is_open


def test_a_walk_of_surveys_that_was_cut_goes_on_and_forgets_no_open_one() -> None:
    vendor = FakeZendesk(
        survey_responses=[
            responses(survey(SINCE + 1, expires=OPEN), after="x"), refusal(401),
            responses(survey(SINCE + 9, expires=OVER)),
        ]
    )  # fmt: skip
    cut = vendor.pull("survey_responses")
    assert isinstance(cut.error, Misconfigured)
    cursor = vendor.pull("survey_responses", cut.stored_cursor).stored_cursor

    assert vendor.queries[2]["page[after]"] == "x"
    assert cursor is not None
    assert cursor["oldest_open"] == (SINCE + 1) * 1000


# -- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        refusal(403, {"title": "Forbidden", "message": "Access to this resource is restricted."}),
        refusal(403, "Forbidden", description="Missing the following required scopes: read"),
        refusal(404, "InvalidEndpoint", description="Not found"),
        httpx.Response(403, text="<html><title>No</title></html>"),
    ],
)
def test_what_the_plan_lacks_is_unsupported_and_named(answer: httpx.Response) -> None:
    vendor = FakeZendesk(calls=[answer])
    walk = vendor.pull("calls")

    assert isinstance(walk.error, Unsupported)
    assert "/api/v2/channels/voice/stats/incremental/calls" in str(walk.error)
    assert len(vendor.asked) == 1


def checked(vendor: FakeZendesk, **given: Any) -> Any:
    async def check() -> Any:
        connector = vendor.connector(**given)
        try:
            return await connector.check()
        finally:
            await connector.aclose()

    return asyncio.run(check())


def me(**user: Any) -> dict[str, Any]:
    return {"user": {"id": 1, "name": "Ada", "email": "ada@acme.example", "role": "admin", **user}}


def test_bad_credentials_are_an_anonymous_user_with_200() -> None:
    with pytest.raises(Misconfigured, match="does not know these credentials"):
        checked(FakeZendesk(me=[me(id=None, name="Anonymous user", role="end-user")]))


def test_an_unknown_subdomain_is_a_404_without_a_word() -> None:
    with pytest.raises(Misconfigured, match=r"no Zendesk account at .*: check SUBDOMAIN"):
        checked(FakeZendesk(me=[httpx.Response(404, json={})]))


def test_refused_credentials_are_explained() -> None:
    with pytest.raises(Misconfigured, match="Admin Center"):
        checked(FakeZendesk(me=[refusal(401, "invalid_token", error_description="expired")]))


def test_who_is_no_admin_loses_the_exports_by_name() -> None:
    found = checked(FakeZendesk(me=[me(role="agent")]))

    lost = {name for name, reason in found.streams.items() if reason}
    assert {"tickets", "ratings", "calls", "schedules"} <= lost
    assert not lost & {"groups", "memberships", "fields", "agents"}
    assert "Zendesk opens its exports to admins only" in found.notes[0]


def test_an_api_token_comes_with_a_warning_that_names_its_end() -> None:
    given = {"access_token": None, "email": "ada@acme.example", "api_token": "secret"}
    vendor = FakeZendesk(me=[me()])
    found = checked(vendor, **given)

    assert "2027-04-30" in found.notes[0]
    assert "2027-04-30" in vendor.told[0]
    assert vendor.asked[0].headers["authorization"].startswith("Basic ")


def test_oauth_comes_first_where_both_are_given() -> None:
    class Granting(FakeZendesk):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/oauth/tokens":
                self.asked.append(request)
                return httpx.Response(200, json={"access_token": "granted", "expires_in": 172_800})
            return await super().handle_async_request(request)

    vendor = Granting(me=[me()])
    oauth = {"client_id": "c", "client_secret": "s", "email": "ada@acme.example", "api_token": "secret"}
    found = checked(vendor, **oauth)

    grant, asked = vendor.asked
    assert b'"client_credentials"' in grant.content
    assert b'"expires_in":172800' in grant.content.replace(b" ", b"")
    assert asked.headers["authorization"] == "Bearer granted"
    assert (found.notes, vendor.told) == ([], [])


# -- budgets ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"x-rate-limit": "400", "rate-limit": "400", "rate-limit-remaining": "399", "rate-limit-reset": "48"},
        {
            "X-Rate-Limit": "400",
            "ratelimit-limit": "400",
            "ratelimit-remaining": "399",
            "ratelimit-reset": "48",
        },
    ],
)
def test_the_accounts_budget_is_read_under_its_old_and_new_names(headers: dict[str, str]) -> None:
    [seen] = observe(headers)

    assert (seen.bucket, seen.total, seen.remaining, seen.resets_seconds) == ("account", 400, 399, 48)


@pytest.mark.parametrize(
    "name", ["zendesk-ratelimit-incremental-exports", "Zendesk-Rate-Limit-incremental-exports"]
)
def test_an_endpoints_budget_is_named_in_the_header(name: str) -> None:
    [seen] = observe({name: "total=10; remaining=9; resets=60"})

    assert seen.bucket.casefold() == "incremental-exports"
    assert (seen.total, seen.remaining, seen.resets_seconds) == (10, 9, 60)


def test_a_proxys_own_budget_is_not_zendesks() -> None:
    assert (
        observe({"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999", "x-ratelimit-reset": "5"})
        == []
    )


@given(
    st.dictionaries(st.sampled_from(["ratelimit-limit", "zendesk-ratelimit-a", "x-rate-limit"]), st.text())
)
@example({"ratelimit-limit": "²"})
@example({"zendesk-ratelimit-a": "total=1.2.3"})
def test_no_header_is_too_odd_to_be_read(headers: dict[str, str]) -> None:
    observe(headers)
