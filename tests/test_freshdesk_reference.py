"""People, groups, business hours, promises, surveys and logged time, as far as KPIs need them."""

from typing import Any

import httpx
import pytest
from fake_freshdesk import FakeFreshdesk, agent_row, stamp
from fake_freshdesk_sync import Synced
from hypothesis import given
from hypothesis import strategies as st

from connectors.freshdesk import reference
from connectors.freshdesk.rows import BusinessHoursRow, HoursRow
from connectors.freshdesk.words import choices
from connectors.zones import ZONES
from sync import accounts
from sync.settings import BadSettings


@pytest.fixture
def desk() -> FakeFreshdesk:
    return FakeFreshdesk()


@pytest.fixture
def account(desk: FakeFreshdesk) -> Synced:
    return Synced(desk)


# People ------------------------------------------------------------------------------------------


def test_an_agent_who_is_not_listed_any_more_has_left_and_keeps_the_name(
    desk: FakeFreshdesk, account: Synced
) -> None:
    desk.lists["agents"] = [agent_row(7, "Ann"), agent_row(8, "Bob", type="collaborator")]
    account.sync("agents")
    desk.clock.move(days=1)
    desk.lists["agents"] = [agent_row(7, "Ann")]
    account.sync("agents")

    ann, bob = account.of("people")["7"], account.of("people")["8"]
    assert (ann.is_active, ann.deleted_at, ann.is_staff, ann.is_light) == (True, None, True, False)
    assert (bob.name, bob.is_active, bob.is_staff) == ("Bob", False, True)
    assert stamp(bob.deleted_at) == stamp(desk.clock())


def test_an_agent_who_comes_back_unchanged_is_back(desk: FakeFreshdesk, account: Synced) -> None:
    for rows in ([agent_row(7, "Ann")], [], [agent_row(7, "Ann")]):
        desk.clock.move(days=1)
        desk.lists["agents"] = rows
        account.sync("agents")

    assert account.of("people")["7"].deleted_at is None


def test_an_agent_whose_row_cannot_be_read_has_not_left(desk: FakeFreshdesk, account: Synced) -> None:
    desk.lists["agents"] = [agent_row(7, "Ann")]
    account.sync("agents")
    desk.clock.move(days=1)
    desk.lists["agents"] = [agent_row(7, "Ann", deactivated="perhaps")]
    account.sync("agents")

    assert account.of("people")["7"].deleted_at is None
    assert [rejected.id for rejected in account.rejected] == ["7"]


def test_a_deleted_group_is_marked(desk: FakeFreshdesk, account: Synced) -> None:
    desk.lists["groups"] = [{"id": 3, "name": "Support", "business_hour_id": 12}]
    account.sync("groups")
    assert account.of("groups")["3"].schedule_id == "12"
    desk.clock.move(days=1)
    desk.lists["groups"] = []
    account.sync("groups")

    assert (account.of("groups")["3"].name, account.of("groups")["3"].is_deleted) == ("Support", True)


def test_contacts_come_by_change_with_their_company(desk: FakeFreshdesk, account: Synced) -> None:
    desk.lists["contacts"] = [
        {"id": 1, "name": "Old", "updated_at": "2019-01-01T00:00:00Z", "company_id": 5},
        {"id": 2, "name": "New", "updated_at": "2026-05-31T00:00:00Z"},
    ]
    account.sync("contacts")
    assert account.of("people")["1"].organisation_id == "5"
    account.sync("contacts")

    [call] = desk.asked("contacts")
    assert call.query["_updated_since"] == "2026-05-30T23:55:00Z"


def test_a_walk_by_pages_goes_on_from_the_page_it_stored(desk: FakeFreshdesk, account: Synced) -> None:
    desk.lists["contacts"] = [
        {"id": n, "name": "C", "updated_at": "2026-05-31T00:00:00Z"} for n in range(1, 451)
    ]
    pages = 0

    def cut(_page: Any) -> None:
        nonlocal pages
        pages += 1
        if pages == 4:
            raise KeyboardInterrupt

    account.keep_page = cut  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        account.sync("contacts")
    account.sync("contacts")

    assert len(account.of("people")) == 450
    assert [call.query["page"] for call in desk.asked("contacts")] == ["3", "4", "5"]
    assert {call.query["_updated_since"] for call in desk.asked("contacts")} == {"1970-01-01T00:00:00Z"}


# Business hours ----------------------------------------------------------------------------------


def hours(
    start: str = "8:00 am", end: str = "5:00 pm", zone: str = "Chennai", day: str = "monday"
) -> BusinessHoursRow:
    return BusinessHoursRow(
        id=1, time_zone=zone, business_hours={day: HoursRow(start_time=start, end_time=end)}
    )


@pytest.mark.parametrize(
    ("start", "end", "window"),
    [
        ("8:00 am", "5:00 pm", [28_800, 61_200]),
        ("12:00 am", "11:59 pm", [0, 86_400]),
        ("12:00 am", "11:59:59 pm", [0, 86_400]),
        ("12:00 am", "12:00 am", [0, 86_400]),
        ("12:00 pm", "12:30 pm", [43_200, 45_000]),
        ("09:00", "17:30", [32_400, 63_000]),
    ],
)
def test_hours_are_read_off_a_clock_of_twelve_hours(start: str, end: str, window: list[int]) -> None:
    assert reference.schedule(hours(start, end)).weekly == {"0": [window]}


@pytest.mark.parametrize(("rails", "zone"), [*list(ZONES.items())[:12], ("Europe/Berlin", "Europe/Berlin")])
def test_zones_have_the_names_of_rails(rails: str, zone: str) -> None:
    assert reference.schedule(hours(zone=rails)).timezone == zone


@pytest.mark.parametrize(
    "row",
    [
        hours(zone="Atlantis"), hours("25:00"), hours("13:00 pm"), hours("5:00 pm", "8:00 am"), hours(day="someday"),
        BusinessHoursRow(id=1, time_zone="Chennai", business_hours={}),
    ],
)  # fmt: skip
def test_hours_that_cannot_be_read_are_not_guessed(row: BusinessHoursRow) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        reference.schedule(row)


def test_an_unreadable_schedule_is_set_aside(desk: FakeFreshdesk, account: Synced) -> None:
    good = {"id": 1, "time_zone": "Berlin", "is_default": True, "business_hours": {"friday": {"start_time": "8:00 am", "end_time": "1:00 pm"}}}  # fmt: skip
    desk.lists["business_hours"] = [good, {**good, "id": 2, "time_zone": "Atlantis"}]
    account.sync("schedules")

    assert account.of("schedules")["1"].weekly == {"4": [[28_800, 46_800]]}
    assert account.of("schedules")["1"].is_default
    [rejected] = account.rejected
    assert (rejected.id, "Atlantis" in rejected.reason) == ("2", True)


# Promises, fields, surveys, time -----------------------------------------------------------------


def test_a_policy_promises_in_seconds_by_priority(desk: FakeFreshdesk, account: Synced) -> None:
    target = {
        "respond_within": 900,
        "resolve_within": 7_200,
        "next_respond_within": None,
        "business_hours": True,
    }
    desk.lists["sla_policies"] = [
        {"id": 1, "name": "All", "position": 2, "applicable_to": {}, "escalation": {},
         "sla_target": {"priority_4": target, "priority_9": target}},
    ]  # fmt: skip
    account.sync("sla_policies")

    policy = account.of("sla_policies")["1"]
    assert policy.position == 2
    assert policy.targets == [
        {"metric": "first_response", "priority": "urgent", "seconds": 900, "business": True},
        {"metric": "resolution", "priority": "urgent", "seconds": 7_200, "business": True},
    ]


@pytest.mark.parametrize(
    ("given_choices", "read"),
    [
        (["Question", " Problem "], {"Question": "Question", " Problem ": "Problem"}),
        ({"Email": 1, "Portal": 2}, {"1": "Email", "2": "Portal"}),
        ({"2": ["Open ", "Being Processed"], "9000": ["Assigned to AI Agent", None]}, {"2": "Open", "9000": "Assigned to AI Agent"}),
        ([{"id": 6, "value": "HDFC", "choices": [{"id": 7, "value": "Chennai"}]}], {"6": "HDFC", "7": "HDFC / Chennai"}),
        ({"HDFC": {"Chennai": ["Porur"]}}, {"HDFC": "HDFC", "HDFC / Chennai": "HDFC / Chennai", "HDFC / Chennai / Porur": "HDFC / Chennai / Porur"}),
        (None, {}),
    ],
)  # fmt: skip
def test_choices_are_read_from_every_shape(given_choices: Any, read: dict[str, str]) -> None:
    assert choices(given_choices) == read


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(_JSON)
def test_choices_of_any_other_shape_are_never_fatal(anything: Any) -> None:
    assert all(isinstance(text, str) for pair in choices(anything).items() for text in pair)


def test_a_survey_tells_its_scale(desk: FakeFreshdesk, account: Synced) -> None:
    desk.lists["surveys"] = [
        {"id": 9, "title": "CSAT", "active": True, "questions": [
            {"id": "default_question", "label": "How was it?", "accepted_ratings": [103, 100, -103], "default": True},
            {"id": 77, "label": "Speed?", "accepted_ratings": [103, 102, 100, -102, -103]},
        ]},
    ]  # fmt: skip
    account.sync("surveys")

    headline = account.of("fields")["survey:9:default_question"]
    assert headline.options == {"103": "Extremely happy", "100": "Neutral", "-103": "Extremely unhappy"}
    assert len(account.of("fields")["survey:9:77"].options) == 5


@pytest.mark.parametrize(
    ("row", "seconds"),
    [
        ({"time_spent": "00:01", "time_spent_in_seconds": 103}, 103),
        ({"time_spent": "01:30"}, 5_400),
        ({"time_spent": None}, 0),
    ],
)
def test_logged_time_is_in_seconds_where_they_are_told(
    row: dict[str, Any], seconds: int, desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, "2026-05-20T09:00:00Z")
    entry = desk.log_time(1, "2026-05-20T10:00:00Z", 60)
    del entry["time_spent_in_seconds"]
    entry |= row
    account.sync("time_entries")

    [read] = account.of("time_entries").values()
    assert read.seconds == seconds


def test_logged_time_counts_from_when_it_began_and_on_the_day_it_was_logged_for(
    desk: FakeFreshdesk, account: Synced
) -> None:
    desk.ticket(1, "2026-05-20T09:00:00Z")
    same = desk.log_time(1, "2026-05-20T10:00:00Z", 60)
    same["executed_at"] = "2026-05-21T00:00:00Z"
    other = desk.log_time(1, "2026-05-20T10:00:00Z", 60)
    other["executed_at"] = "2026-05-11T00:00:00Z"
    account.sync("time_entries")

    read = account.of("time_entries")
    assert stamp(read[str(same["id"])].at) == "2026-05-20T10:00:00Z"
    assert stamp(read[str(other["id"])].at) == "2026-05-11T00:00:00Z"


def test_a_time_entry_logged_late_for_an_earlier_day_is_found(desk: FakeFreshdesk, account: Synced) -> None:
    desk.ticket(1, "2026-05-20T09:00:00Z")
    desk.log_time(1, "2026-05-31T10:00:00Z", 60)
    account.sync("time_entries")
    late = desk.log_time(1, "2026-05-25T10:00:00Z", 60)
    desk.clock.move(hours=25)
    account.sync("time_entries")

    assert str(late["id"]) in account.of("time_entries")


def test_the_category_can_be_a_custom_field(desk: FakeFreshdesk) -> None:
    desk.ticket(1, "2026-05-20T09:00:00Z", custom_fields={"cf_reason": "Refund"})
    desk.ticket(2, "2026-05-20T09:00:01Z", custom_fields={"cf_reason": ""})

    assert Synced(desk).sync("tickets").ticket(1).category == "Question"
    own = Synced(desk, category_field="cf_reason").sync("tickets")
    assert (own.ticket(1).category, own.ticket(2).category) == ("Refund", None)


# The key -----------------------------------------------------------------------------------------


def test_a_check_tells_whose_key_it_is_and_costs_a_call_a_gated_list(
    desk: FakeFreshdesk, account: Synced
) -> None:
    checked = account.check()

    assert checked.identity == "Team Lead at https://acme.freshdesk.com"
    assert set(checked.streams) == {stream.name for stream in account.connector().streams()}
    assert len(desk.calls) == 6


def test_the_key_stands_in_no_text(desk: FakeFreshdesk, account: Synced) -> None:
    connector = account.connector()
    desk.broken = [httpx.Response(418, text=f"teapot {desk.key}")]

    with pytest.raises(Exception, match="teapot") as caught:
        account.sync("groups")
    assert desk.key not in str(caught.value) + repr(connector.settings) + repr(connector.client.auth)


@pytest.mark.parametrize("key", ["", "   "])
def test_an_empty_key_is_refused(key: str, account: Synced) -> None:
    account.own["api_key"] = key
    with pytest.raises(ValueError, match="empty"):
        account.connector()


def test_statuses_are_given_as_json_where_settings_are_texts() -> None:
    given = {
        "ACCOUNTS__DESK__CONNECTOR": "freshdesk", "ACCOUNTS__DESK__DOMAIN": "acme", "ACCOUNTS__DESK__API_KEY": "k",
        "ACCOUNTS__DESK__STATUSES": '{"In Progress": "on_hold"}',
    }  # fmt: skip
    _, [account] = accounts.load(given)

    assert account.connect(print).settings.statuses == {"In Progress": "on_hold"}


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("DOMAIN", "help.acme.com", "acme.freshdesk.com"),
        ("STATUSES", '{"In Progress": "busy"}', "on_hold"),
        ("CATEGORY_FIELD", "reason", "cf_"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(name: str, value: str, problem: str) -> None:
    given = {
        "ACCOUNTS__DESK__CONNECTOR": "freshdesk", "ACCOUNTS__DESK__DOMAIN": "acme", "ACCOUNTS__DESK__API_KEY": "k",
        f"ACCOUNTS__DESK__{name}": value,
    }  # fmt: skip
    with pytest.raises(BadSettings) as caught:
        accounts.load(given)

    assert f"DESKPULSE_ACCOUNTS__DESK__{name}" in str(caught.value)
    assert problem in str(caught.value)
