"""What other connectors of Freshdesk got wrong, one after the other; the numbers are those of the list we keep.

1 the 300-page cap            10 a bool that became a number   19 unknown field types, vanity hosts
2 ties within a second        11 edited ratings                20 a restricted key
3 the last 30 days            12 a plan without surveys        21 web chat says it twice
4 no resume after the cap     13 a call a ticket for ever      22 nulls and missing keys
5 archived tickets            14 the customer's other tools    23 a ticket that goes meanwhile
6 deleted and spam            15 the activities export         24 rating codes
7 cursor and page together    16 thirty replies                25 errors that are web pages
8 silent caps                 17 search ends at 300
9 ids that are texts          18 custom statuses
"""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fake_freshdesk import FakeFreshdesk, agent_row, rating_row, stamp
from fake_freshdesk_plan import Plan
from fake_freshdesk_sync import Synced

from connectors import Misconfigured, Unavailable
from connectors.freshdesk.settings import FreshdeskSettings

DAY = "2026-05-20T"


@pytest.fixture
def desk() -> FakeFreshdesk:
    """Its clock stands at 2026-06-01T12:00:00Z."""
    return FakeFreshdesk()


@pytest.fixture
def account(desk: FakeFreshdesk) -> Synced:
    return Synced(desk)


def second(number: int) -> str:
    return f"{DAY}{10 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"


# 1, 4 --------------------------------------------------------------------------------------------


def test_one_ticket_more_than_300_pages_hold_comes_in_and_no_page_but_the_first_is_asked_for() -> None:
    desk = FakeFreshdesk()
    for number in range(1, 30_002):
        desk.ticket(number, stamp(desk.clock() - timedelta(seconds=40 * (30_002 - number))))
    account = Synced(desk, events_days=0).sync("tickets")

    assert len(account.of("tickets")) == 30_001
    assert {call.query["page"] for call in desk.asked("tickets")} == {"1"}
    assert not account.rejected


def test_more_tickets_in_one_second_than_300_pages_hold_are_said_to_be_out_of_reach_and_the_rest_comes_in() -> (
    None
):
    desk = FakeFreshdesk()
    for number in range(1, 30_150):
        desk.ticket(number, second(0))
    desk.ticket(40_000, second(1))
    account = Synced(desk, events_days=0).sync("tickets")

    assert len(account.of("tickets")) == 30_001
    assert "40000" in account.of("tickets")
    assert max(int(call.query["page"]) for call in desk.asked("tickets")) == 300
    [said] = account.rejected
    assert "more than 30,000 tickets were changed at 2026-05-20T10:00:00Z" in said.reason
    assert said.reason in account.told


def test_a_walk_that_was_cut_goes_on_where_it_was(desk: FakeFreshdesk, account: Synced) -> None:
    for number in range(1, 351):
        desk.ticket(number, second(60 * number))
    pages = []

    def cut(page: Any) -> None:
        pages.append(page)
        if len(pages) == 3:
            raise KeyboardInterrupt

    account.keep_page = cut  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        account.sync("tickets")
    account.keep_page = lambda page: None  # type: ignore[method-assign]
    account.sync("tickets")

    assert len(account.of("tickets")) == 350
    assert min(call.query["updated_since"] for call in desk.asked("tickets")) > second(0)


# 2, 7 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inclusive", [True, False])
def test_ties_within_a_second_are_neither_skipped_nor_walked_for_ever(inclusive: bool) -> None:
    desk = FakeFreshdesk(updated_since_is_inclusive=inclusive)
    for number in range(1, 951):
        desk.ticket(number, second((number // 190) * 2))
    account = Synced(desk).sync("tickets")

    assert len(account.of("tickets")) == 950
    assert len(desk.asked("tickets")) < 60


# 3 -----------------------------------------------------------------------------------------------


def test_every_list_of_tickets_says_since_when(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, "2025-11-02T10:00:00Z")
    account.sync()

    assert account.ticket(1)
    assert all("updated_since" in call.query for call in desk.asked("tickets"))


# 5 -----------------------------------------------------------------------------------------------


def test_archived_tickets_are_said_to_be_out_of_reach(desk: FakeFreshdesk) -> None:
    account = Synced(desk, since_days=200)
    account.sync("tickets")

    assert any("archives" in said and "before 2026-02-01" in said for said in account.told)
    assert any("archives" in note for note in account.check().notes)
    account.told.clear()
    account.sync("tickets")
    assert account.told == []


def test_a_short_history_has_nothing_archived_in_it(desk: FakeFreshdesk) -> None:
    account = Synced(desk, since_days=100)
    account.sync("tickets")

    assert account.told == []


# 6 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moves", [True, False])
def test_deleted_and_spam_tickets_are_found_by_passes_of_their_own(moves: bool) -> None:
    desk = FakeFreshdesk(deleting_moves_updated_at=moves)
    for number in (1, 2, 3):
        desk.ticket(number, second(number))
    account = Synced(desk).sync()
    desk.clock.move(days=1)
    desk.delete(2, stamp(desk.clock()))
    desk.spam(3, stamp(desk.clock()))
    account.sync()

    assert account.ticket(1).deleted_at is None
    assert account.ticket(2).deleted_at is not None
    assert account.ticket(3).is_spam


def test_a_ticket_that_comes_back_from_the_trash_is_alive_again(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, second(1))
    desk.delete(1, second(60))
    account.sync()
    desk.clock.move(hours=1)
    desk.touch(1, stamp(desk.clock()), deleted=False)
    account.sync()

    assert account.ticket(1).deleted_at is None


def test_a_purged_ticket_stays_known_as_deleted(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, second(1))
    desk.delete(1, second(60))
    account.sync()
    desk.purge(1)
    desk.clock.move(days=31)
    account.sync()

    assert account.ticket(1).deleted_at is not None


# 8, 17 -------------------------------------------------------------------------------------------


def test_a_list_is_read_to_its_end_however_long(desk: FakeFreshdesk, account: Synced) -> None:
    desk.lists["companies"] = [{"id": number, "name": "Acme"} for number in range(1, 50_102)]
    account.sync("companies")

    assert len(account.of("organisations")) == 50_101


def test_search_is_never_asked(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, second(1))
    account.sync()

    assert not [call for call in desk.calls if call.path.startswith("search")]


# 9, 10, 19, 22 -----------------------------------------------------------------------------------


def test_what_a_tenant_may_shape_is_never_taken_for_granted(desk: FakeFreshdesk, account: Synced) -> None:
    desk.lists["contacts"] = [{"id": 1, "unique_external_id": "0042", "view_all_tickets": None}]
    desk.lists["groups"] = [
        {"id": 1, "name": "Old", "auto_ticket_assign": True}, {"id": 2, "name": "New", "auto_ticket_assign": 12},
    ]  # fmt: skip
    desk.lists["ticket_fields"] += [
        {"id": 8, "name": "cf_phone", "type": "custom_phone_number"}, {"id": 9, "name": "cf_x", "type": "custom_new"},
    ]  # fmt: skip
    desk.lists["agents"] = [agent_row(7, "Ann", contact={"mobile": 1234, "name": "Ann"})]
    account.sync()

    assert not account.rejected
    assert set(account.of("people")) == {"1", "7"}
    assert set(account.of("groups")) == {"1", "2"}
    assert {"cf_phone", "cf_x"} <= set(account.of("fields"))


def test_a_ticket_of_nothing_but_the_necessary_is_read(desk: FakeFreshdesk, account: Synced) -> None:
    bare = {"id": 1, "status": 2, "created_at": second(1), "updated_at": second(1), "spam": False}
    desk.tickets[1] = {**bare, "stats": {}, "custom_fields": None, "tags": None, "type": None}
    desk.conversations[1] = []
    account.sync("tickets")

    assert account.ticket(1).channel.value == "other"
    assert account.ticket(1).custom_fields == {}


@pytest.mark.parametrize("domain", ["support.acme.com", "https://help.acme.org", "acme.freshservice.com", ""])
def test_a_host_of_the_customers_own_is_refused(domain: str, account: Synced) -> None:
    with pytest.raises(ValueError, match=r"acme\.freshdesk\.com"):
        FreshdeskSettings(**{**account.own, "domain": domain})


@pytest.mark.parametrize("domain", ["acme", "ACME.freshdesk.com", "https://acme.freshdesk.com/"])
def test_the_accounts_own_name_is_taken_however_it_is_pasted(domain: str, account: Synced) -> None:
    assert FreshdeskSettings(**{**account.own, "domain": domain}).host == "https://acme.freshdesk.com"


# 11 ----------------------------------------------------------------------------------------------


def test_an_answer_that_was_changed_unseen_is_found_within_a_day(
    desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, second(1))
    rating = desk.rate(1, 103, "2026-05-25T10:00:00Z")
    desk.rate(1, 102, "2026-05-26T10:00:00Z")
    account.sync("ratings")
    desk.clock.move(hours=1)
    rating["ratings"]["default_question"], rating["updated_at"] = -103, stamp(desk.clock())
    account.sync("ratings")
    assert account.of("ratings")[str(rating["id"])].score == 103
    desk.clock.move(hours=24)
    account.sync("ratings")

    changed = account.of("ratings")[str(rating["id"])]
    assert (changed.score, stamp(changed.rated_at)) == (-103, "2026-06-01T13:00:00Z")


def test_between_two_looks_back_only_new_ratings_are_asked_for(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, second(1))
    desk.rate(1, 103, "2026-05-25T10:00:00Z")
    account.sync("ratings")
    desk.clock.move(hours=1)
    account.sync("ratings")

    [call] = desk.asked("surveys/satisfaction_ratings")
    assert call.query["created_since"] == "2026-05-25T09:55:00Z"


# 12 ----------------------------------------------------------------------------------------------

NO_SURVEYS = (
    403,
    {"code": "require_feature", "message": "The Surveys feature(s) is/are not supported in your plan."},
)


def test_a_plan_without_surveys_loses_that_stream_only(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, second(1))
    desk.refused["surveys/satisfaction_ratings"] = desk.refused["surveys"] = NO_SURVEYS
    account.sync()

    assert set(account.skipped) == {"ratings", "surveys"}
    assert "plan lacks /api/v2/surveys" in account.skipped["surveys"]
    assert account.ticket(1)
    assert account.check().streams["ratings"] is not None
    assert account.check().streams["tickets"] is None


def test_a_plan_that_has_surveys_again_gives_them_again(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, second(1))
    desk.rate(1, 103, "2026-05-25T10:00:00Z")
    desk.refused["surveys/satisfaction_ratings"] = NO_SURVEYS
    account.sync("ratings")
    desk.refused.clear()
    account.sync("ratings")

    assert len(account.of("ratings")) == 1


# 13 ----------------------------------------------------------------------------------------------


def test_a_conversation_is_read_once_and_not_again_for_a_change_of_status_or_tags(
    desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, second(1))
    desk.reply(1, second(60))
    desk.ask(1, second(120))
    account.sync("tickets")
    assert account.read() == [1]
    desk.clock.move(hours=1)
    desk.status(1, 3, stamp(desk.clock()))
    desk.touch(1, stamp(desk.clock()), tags=["vip"], is_escalated=True, responder_id=9)
    account.sync("tickets")

    assert account.read() == []
    assert account.ticket(1).tags == ["vip"]


def test_one_reply_and_no_question_is_known_without_a_call(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, second(1))
    desk.reply(1, second(60), agent=7)
    desk.resolve(1, second(90))
    account.sync("tickets")

    assert account.read() == []
    assert account.messages(1) == [("end_user", True), ("agent", True)]
    assert account.events(1, "messages_read")


# 14 ----------------------------------------------------------------------------------------------


def test_a_part_of_the_credits_is_left_to_the_customers_other_tools() -> None:
    desk = FakeFreshdesk(plan=Plan(100))
    for number in range(1, 5_000):
        desk.ticket(number, stamp(desk.clock() - timedelta(seconds=40 * (5_000 - number))))
    Synced(desk, events_days=0).sync("tickets")

    by_minute: dict[datetime, int] = {}
    for call in desk.calls:
        minute = call.at.replace(second=0, microsecond=0)
        by_minute[minute] = by_minute.get(minute, 0) + call.credits
    assert max(by_minute.values()) <= 80
    assert desk.plan.refused == 0


def test_a_fractional_wait_is_waited_out_and_not_more(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, second(1))
    desk.broken = [httpx.Response(429, json={}, headers={"Retry-After": "12.5"})]
    account.sync("groups")

    assert 12.5 <= sum(desk.clock.slept) < 14


def test_a_refusal_that_names_no_wait_waits_a_minute(desk: FakeFreshdesk, account: Synced) -> None:
    desk.broken = [httpx.Response(429, text="slow down")]
    account.sync("groups")

    assert 60 <= sum(desk.clock.slept) < 62


# 15 ----------------------------------------------------------------------------------------------


def test_nothing_rests_on_the_activities_export(desk: FakeFreshdesk, account: Synced) -> None:
    """It ended in 2023 for everybody who did not have it: what was seen of statuses is marked as such."""
    desk.ticket(1, second(1))
    desk.resolve(1, second(60))
    account.sync()

    assert not [call for call in desk.calls if "export" in call.path or "activities" in call.path]
    assert [(e.value, e.source.value) for e in account.events(1, "status")] == [
        ("open", "observed"), ("solved", "observed"),
    ]  # fmt: skip


# 16 ----------------------------------------------------------------------------------------------


def test_a_conversation_of_many_messages_is_read_whole(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, second(1))
    for number in range(125):
        desk.ask(1, second(60 + 2 * number))
        desk.reply(1, second(61 + 2 * number))
    account.sync("tickets")

    assert len(account.messages(1)) == 251
    assert len(desk.asked("tickets/1/conversations", per_page="100")) == 3


# 18 ----------------------------------------------------------------------------------------------


def test_custom_statuses_are_read_under_their_own_names(desk: FakeFreshdesk) -> None:
    desk.lists["ticket_fields"][0]["choices"] |= {"8": ["In Progress", ""], "11": ["Canceled", "Annulé"]}
    for number, code in enumerate((6, 7, 8, 11, 9000, 77), 1):
        desk.ticket(number, second(number), status=code)
    account = Synced(desk, statuses={"canceled": "closed"}).sync()

    assert [(account.ticket(n).status.value, account.ticket(n).vendor_status) for n in range(1, 7)] == [
        ("pending", "Waiting on Customer"), ("on_hold", "Waiting on Third Party"), ("open", "In Progress"),
        ("closed", "Canceled"), ("open", "status_9000"), ("open", "status_77"),
    ]  # fmt: skip
    assert account.ticket(5).is_bot_handled
    assert account.of("statuses")["11"].status.value == "closed"
    assert [said for said in account.told if "STATUSES" in said] == [
        "the status 'In Progress' is taken for open: say in STATUSES what it means"
    ]


def test_a_status_that_the_account_no_longer_has_is_kept(desk: FakeFreshdesk, account: Synced) -> None:
    desk.lists["ticket_fields"][0]["choices"]["8"] = ["In Progress", ""]
    account.sync("fields")
    del desk.lists["ticket_fields"][0]["choices"]["8"]
    account.sync("fields")

    assert account.of("statuses")["8"].name == "In Progress"


# 20 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "seen"), [(2, "the tickets of its groups"), (3, "the tickets assigned to it")]
)
def test_a_restricted_key_is_detected_and_said(scope: int, seen: str, desk: FakeFreshdesk) -> None:
    desk.me["ticket_scope"] = scope
    account = Synced(desk, since_days=10)
    account.sync("tickets")

    assert any("restricted" in note and seen in note for note in account.check().notes)
    assert any("restricted" in said and seen in said for said in account.told)


def test_a_role_that_opens_less_is_said_a_stream_at_a_time(desk: FakeFreshdesk, account: Synced) -> None:
    denied = (403, {"code": "access_denied", "message": "You are not authorized to perform this action."})
    desk.refused["sla_policies"] = desk.refused["business_hours"] = denied

    lost = {name: why for name, why in account.check().streams.items() if why}
    assert set(lost) == {"sla_policies", "schedules"}
    assert all("administrator's key" in why for why in lost.values())


# 21 ----------------------------------------------------------------------------------------------


def test_a_web_chats_first_message_is_counted_once(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, second(1), source=15)
    desk.ask(1, second(1))
    desk.reply(1, second(30))
    desk.ask(1, second(60))
    account.sync("tickets")

    assert account.ticket(1).channel.value == "chat"
    assert account.messages(1) == [("end_user", True), ("agent", True), ("end_user", True)]


def test_an_unknown_source_is_called_by_its_number_or_by_the_accounts_word(
    desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, second(1), source=99)
    desk.ticket(2, second(2), source=23)
    account.sync("tickets")

    assert (account.ticket(1).vendor_channel, account.ticket(1).channel.value) == ("source_99", "other")
    assert (account.ticket(2).vendor_channel, account.ticket(2).channel.value) == (
        "Chat through SMS",
        "messaging",
    )


# 23 ----------------------------------------------------------------------------------------------


def test_a_ticket_that_goes_between_list_and_conversation_is_deleted_and_stops_nothing(
    desk: FakeFreshdesk, account: Synced
) -> None:
    for number in (1, 2):
        desk.ticket(number, second(number))
        desk.reply(number, second(60 + number))
        desk.ask(number, second(120 + number))

    def delete(request: httpx.Request) -> None:
        if request.url.path.endswith("/1/conversations"):
            desk.tickets[1]["deleted"] = True

    desk.before = delete
    account.sync("tickets")

    assert account.ticket(1).deleted_at is not None
    assert account.ticket(2).deleted_at is None


# 24 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "score"),
    [
        *((code, code) for code in (103, 102, 101, 100, -101, -102, -103)),
        (1, 103), (2, 100), (3, -103), ("103", 103), ("Extremely Happy", 103), ("neutral", 100), ("Unhappy", -103),
    ],
)  # fmt: skip
def test_every_rating_code_keeps_its_sign(
    code: Any, score: int, desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, second(1))
    desk.rate(1, code, "2026-05-25T10:00:00Z")
    account.sync("ratings")

    [rating] = account.of("ratings").values()
    assert (rating.score, rating.scale) == (score, "freshdesk")


@pytest.mark.parametrize("code", [-100, 0, 104, 5, "meh", None, True, 2.5, [103]])
def test_an_unknown_rating_code_is_set_aside_and_not_guessed(
    code: Any, desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, second(1))
    desk.rate(1, code, "2026-05-25T10:00:00Z", feedback="private words")
    account.sync("ratings")

    assert not account.of("ratings")
    [rejected] = account.rejected
    assert "unknown rating code" in rejected.reason
    assert "private words" not in str(rejected)


def test_several_ratings_of_one_ticket_are_several(desk: FakeFreshdesk, account: Synced) -> None:
    row = desk.ticket(1, second(1))
    desk.lists["surveys/satisfaction_ratings"] = [
        rating_row(number, 1, 103, f"2026-05-25T1{number}:00:00Z", None, row) for number in (1, 2)
    ]
    account.sync("ratings")

    assert set(account.of("ratings")) == {"1", "2"}


# 25 ----------------------------------------------------------------------------------------------


def test_a_web_page_for_an_error_is_tried_again(desk: FakeFreshdesk, account: Synced) -> None:
    desk.lists["groups"] = [{"id": 1, "name": "Support"}]
    desk.broken = [httpx.Response(502, text="<html><title>Bad gateway</title></html>")]
    account.sync("groups")

    assert set(account.of("groups")) == {"1"}


def test_a_sign_in_page_for_an_answer_says_to_check_the_address(desk: FakeFreshdesk, account: Synced) -> None:
    page = httpx.Response(
        200, text="<!DOCTYPE html><title>Sign in</title>", headers={"Content-Type": "text/html"}
    )
    desk.broken = [page] * 20

    with pytest.raises(Unavailable, match="address"):
        account.sync("groups")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (httpx.Response(401, json={"code": "invalid_credentials", "message": "You have to be logged in"}), "API key"),
        (httpx.Response(403, json={"code": "account_suspended", "message": "Account suspended"}), "suspended"),
        (httpx.Response(403, json={}, headers={"X-RateLimit-Total": "0"}), "no API"),
        (httpx.Response(403, json={"code": "access_denied", "message": "no"}), "administrator's key"),
        (httpx.Response(404), "DOMAIN"),
        (httpx.Response(302, headers={"Location": "https://www.freshworks.com/"}), "redirects"),
    ],
)  # fmt: skip
def test_what_an_admin_must_correct_is_said_and_not_tried_again(
    answer: httpx.Response, sentence: str, desk: FakeFreshdesk, account: Synced
) -> None:
    desk.broken = [answer]
    with pytest.raises(Misconfigured, match=sentence):
        account.check()

    assert desk.calls == []
    assert desk.clock.slept == []


# Extras ------------------------------------------------------------------------------------------


def test_custom_fields_keep_their_types_and_nulls_are_left_out(desk: FakeFreshdesk, account: Synced) -> None:
    fields = {"cf_text": "x", "cf_number": 4.5, "cf_flag": False, "cf_date": "2026-01-01", "cf_empty": None}
    desk.ticket(1, second(1), custom_fields=fields)
    account.sync("tickets")

    assert account.ticket(1).custom_fields == {
        "cf_text": "x", "cf_number": 4.5, "cf_flag": False, "cf_date": "2026-01-01",
    }  # fmt: skip


def test_no_word_of_a_customer_is_kept_but_subject_and_survey_comment(
    desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, second(1))
    desk.ask(1, second(60))
    desk.reply(1, second(90))
    desk.note(1, second(120))
    desk.log_time(1, second(150), 90)
    account.sync()

    kept = str([record.model_dump() for of_kind in account.kept.values() for record in of_kind.values()])
    assert "confidential" not in kept
    assert "private words" not in kept


def test_lists_ask_for_stats_alone(desk: FakeFreshdesk, account: Synced) -> None:
    """Three credits a page; requesters and descriptions would make it seven."""
    desk.ticket(1, second(1))
    account.sync()

    assert {call.query.get("include") for call in desk.asked("tickets")} == {"stats", None}
    assert {call.query.get("filter") for call in desk.asked("tickets")} == {None, "deleted", "spam"}
    assert max(call.credits for call in desk.asked("tickets")) == 3


def test_a_ticket_dated_in_the_future_hides_nothing_that_is_still_to_come(
    desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, second(1))
    desk.touch(1, "2031-01-01T00:00:00Z")
    account.sync("tickets")
    desk.clock.move(hours=1)
    desk.ticket(2, stamp(desk.clock()))
    account.sync("tickets")

    assert account.ticket(2)


@pytest.mark.parametrize("moves", [True, False])
def test_a_ticket_that_comes_back_is_alive_again_with_all_that_was_said(moves: bool) -> None:
    """Its messages are older than the last walk, and were never read."""
    desk = FakeFreshdesk()
    desk.ticket(1, second(1))
    desk.ask(1, second(60))
    desk.delete(1, second(120))
    account = Synced(desk).sync()
    assert account.messages(1) == []
    desk.clock.move(hours=30)
    desk.touch(1, stamp(desk.clock()) if moves else second(120), deleted=False)
    account.sync()
    desk.clock.move(minutes=10)
    account.sync()

    assert account.ticket(1).deleted_at is None
    assert account.messages(1) == [("end_user", True), ("end_user", True)]


def test_a_walk_that_a_busy_desk_ended_leaves_no_message_unread(desk: FakeFreshdesk, account: Synced) -> None:
    """Tickets that moved past the walk's end were never looked into, though what was said on them is old."""
    for number in range(1, 151):
        desk.ticket(number, second(number))
        desk.reply(number, second(300 + number))
        desk.ask(number, second(600 + number))

    def shift(request: httpx.Request) -> None:
        if request.url.path.endswith("/tickets") and len(desk.asked("tickets")) == 1:
            desk.clock.move(minutes=20)
            for number in range(101, 151):
                desk.touch(number, stamp(desk.clock()), tags=["moved"])
            for number in range(1_000, 1_200):
                desk.ticket(number, stamp(desk.clock() - timedelta(minutes=10)))

    desk.before = shift
    account.sync("tickets")
    assert len(account.of("tickets")) < 350
    desk.before = None
    account.sync("tickets")

    assert all(len(account.messages(number)) == 3 for number in range(1, 151))
