"""The sandbox's Zendesk answers like the documented one."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.sandbox import Desk, Sandbox, Zendesk

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(seed=3, tickets=1_200, days=120, now=NOW)


@pytest.fixture
def sandbox(desk: Desk) -> Iterator[Sandbox]:
    with Sandbox(desk, Zendesk(desk)) as running:
        yield running


def get(sandbox: Sandbox, path: str, token: str = "sandbox-access-token", **query: Any) -> Any:
    address = f"{sandbox.url}/api/v2/{path}" + (f"?{urlencode(query)}" if query else "")
    asked = urllib.request.Request(address, headers={"authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)


def all_tickets(sandbox: Sandbox, per_page: int = 100, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"start_time": 0}
    while True:
        page = get(sandbox, "incremental/tickets/cursor", per_page=per_page, **asked, **query)
        rows += page["tickets"]
        if page["end_of_stream"]:
            return rows
        asked = {"cursor": page["after_cursor"]}


def test_the_cursor_export_gives_every_ticket_once_in_order_of_change(sandbox: Sandbox, desk: Desk) -> None:
    rows = all_tickets(sandbox, support_type_scope="all")

    assert sorted(row["id"] for row in rows) == list(range(1, desk.count() + 1))
    order = [(row["generated_timestamp"], row["id"]) for row in rows]
    assert order == sorted(order)


def test_tickets_of_ai_agents_are_hidden_unless_asked_for(sandbox: Sandbox) -> None:
    everything = all_tickets(sandbox, support_type_scope="all")

    by_people = [row for row in everything if row["support_type"] == "agent"]
    assert all_tickets(sandbox) == by_people
    assert 0 < len(by_people) < len(everything)


def test_an_idle_poll_answers_a_null_cursor(sandbox: Sandbox) -> None:
    page = get(sandbox, "incremental/tickets/cursor", start_time=0, support_type_scope="all")
    while not page["end_of_stream"]:
        page = get(
            sandbox, "incremental/tickets/cursor", cursor=page["after_cursor"], support_type_scope="all"
        )

    idle = get(sandbox, "incremental/tickets/cursor", cursor=page["after_cursor"], support_type_scope="all")

    assert idle["tickets"] == []
    assert idle["after_cursor"] is None
    assert idle["end_of_stream"] is True


def test_bad_credentials_are_an_anonymous_user(sandbox: Sandbox) -> None:
    me = get(sandbox, "users/me", token="wrong")["user"]

    assert me["id"] is None
    assert me["name"] == "Anonymous user"


def test_bad_credentials_elsewhere_are_a_401(sandbox: Sandbox) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        get(sandbox, "groups", token="wrong")


def time_walk(sandbox: Sandbox, path: str, kind: str, **query: Any) -> list[dict[str, Any]]:
    """Follow a time export to its end, keeping the first of each id."""
    rows: dict[int, dict[str, Any]] = {}
    start, pages = 0, 0
    while True:
        page = get(sandbox, path, start_time=start, **query)
        pages += 1
        assert page["next_page"] is not None
        rows |= {row["id"]: row for row in page[kind]}
        if page.get("end_of_stream", page["count"] < 1_000):
            return list(rows.values())
        assert page["end_time"] > start, "a flood"
        start = page["end_time"]


def list_walk(sandbox: Sandbox, path: str, kind: str, size: int = 100, **query: Any) -> list[dict[str, Any]]:
    """Follow a cursor list to its end."""
    rows: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"page[size]": size, **query}
    while True:
        page = get(sandbox, path, **asked)
        rows += page[kind]
        if not page["meta"]["has_more"]:
            return rows
        asked["page[after]"] = page["meta"]["after_cursor"]


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


# -- tickets --------------------------------------------------------------------------------------


def test_a_ticket_looks_like_the_desk_knows_it(sandbox: Sandbox, desk: Desk) -> None:
    for row in all_tickets(sandbox, support_type_scope="all", include="metric_sets"):
        ticket = desk.ticket(row["id"])
        status = {"on_hold": "hold"}.get(ticket.status, ticket.status)
        assert row["status"] == ("deleted" if ticket.deleted_at else status)
        assert epoch(row["created_at"]) == ticket.created_at
        assert epoch(row["updated_at"]) == ticket.updated_at
        assert row["generated_timestamp"] == ticket.changed_at
        assert row["priority"] == ticket.priority
        assert (row["metric_set"] is None) == bool(ticket.deleted_at)
        if ticket.is_scrubbed:
            assert (row["subject"], row["description"]) == ("SCRUBBED", "X")


def test_the_metric_set_counts_what_the_story_tells(sandbox: Sandbox, desk: Desk) -> None:
    seen = 0
    for row in all_tickets(sandbox, support_type_scope="all", include="metric_sets"):
        figures = row["metric_set"]
        if figures is None:
            continue
        events = desk.ticket(row["id"]).events
        replies = [e for e in events if e.kind == "message" and e.public and e.role == "agent" and e.update]
        statuses = [e for e in events if e.kind == "status"]
        solved = {"solved", "closed"}
        assert figures["replies"] == len(replies)
        assert figures["reopens"] == sum(e.previous in solved and e.value not in solved for e in statuses)
        assert figures["assignee_stations"] == sum(e.kind == "agent" for e in events)
        first = (replies[0].at - events[0].at) // 60 if replies else None
        assert figures["reply_time_in_minutes"]["calendar"] == first
        over = statuses[-1].value in solved
        assert (figures["full_resolution_time_in_minutes"]["calendar"] is not None) == over
        seen += over and bool(replies)
    assert seen > 500


def test_business_minutes_never_exceed_calendar_minutes(sandbox: Sandbox) -> None:
    for row in all_tickets(sandbox, support_type_scope="all", include="metric_sets"):
        for name, figure in (row["metric_set"] or {}).items():
            if name.endswith("_in_minutes") and figure["calendar"] is not None:
                assert 0 <= figure["business"] <= figure["calendar"]


def test_a_ticket_closed_without_a_solve_has_a_resolution_and_no_solved_at(
    sandbox: Sandbox, desk: Desk
) -> None:
    blunt = {t.number for t in desk.tickets() if t.plot.name == "closed_unsolved" and t.status == "closed"}
    rows = all_tickets(sandbox, support_type_scope="all", include="metric_sets")

    figures = [row["metric_set"] for row in rows if row["id"] in blunt]

    assert figures
    assert all(figure["solved_at"] is None for figure in figures)
    assert all(figure["first_resolution_time_in_minutes"]["calendar"] is not None for figure in figures)


def test_deleted_tickets_can_be_left_out(sandbox: Sandbox) -> None:
    rows = all_tickets(sandbox, support_type_scope="all", exclude_deleted="true")

    assert rows
    assert not any(row["status"] == "deleted" for row in rows)


def test_the_time_export_gives_the_same_tickets(sandbox: Sandbox) -> None:
    by_time = time_walk(sandbox, "incremental/tickets", "tickets", support_type_scope="all")

    assert {row["id"] for row in by_time} == {
        row["id"] for row in all_tickets(sandbox, support_type_scope="all")
    }


def test_the_next_page_keeps_the_page_size_and_the_sideload(sandbox: Sandbox) -> None:
    page = get(sandbox, "incremental/tickets/cursor", start_time=0, per_page=7, include="metric_sets")

    assert "per_page=7" in page["after_url"]
    assert "include=metric_sets" in page["after_url"]
    assert page["before_cursor"] is None


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "ParameterMissing"),
        ({"start_time": int(NOW.timestamp())}, "StartTimeTooRecent"),
        ({"cursor": "bm9uc2Vuc2U="}, "InvalidValue"),
    ],
)
def test_a_mistaken_export_is_refused(sandbox: Sandbox, query: dict[str, Any], code: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(sandbox, "incremental/tickets/cursor", **query)

    assert caught.value.code == 400
    assert json.load(caught.value)["error"] == code


def test_what_changed_in_the_last_minute_is_withheld() -> None:
    desk = Desk(seed=3, tickets=200, days=40, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        cursor = get(sandbox, "incremental/tickets/cursor", start_time=0, support_type_scope="all")[
            "after_cursor"
        ]
        changed = desk.change(5)
        at_once = get(sandbox, "incremental/tickets/cursor", cursor=cursor, support_type_scope="all")
        desk.clock.advance(seconds=70)
        later = get(sandbox, "incremental/tickets/cursor", cursor=cursor, support_type_scope="all")

    assert at_once["tickets"] == []
    assert set(changed) <= {row["id"] for row in later["tickets"]}


def test_a_walk_during_which_tickets_change_sees_the_newest_of_each() -> None:
    desk = Desk(seed=4, tickets=300, days=40, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:

        def meddle(_request: object) -> None:
            if sandbox.calls("tickets") < 12:
                desk.change(3)
                desk.clock.advance(minutes=10)

        sandbox.on_request(meddle)
        newest: dict[int, dict[str, Any]] = {}
        asked: dict[str, Any] = {"start_time": 0}
        while True:
            page = get(sandbox, "incremental/tickets/cursor", per_page=25, support_type_scope="all", **asked)
            newest |= {row["id"]: row for row in page["tickets"]}
            if page["end_of_stream"]:
                break
            asked = {"cursor": page["after_cursor"]}
        expected = {number: version for version, number in desk.changed(0, desk.now() - 60)}

    assert {number: row["generated_timestamp"] for number, row in newest.items()} == expected


# -- the change log -------------------------------------------------------------------------------


def test_ticket_events_tell_every_update_once(sandbox: Sandbox, desk: Desk) -> None:
    rows = time_walk(sandbox, "incremental/ticket_events", "ticket_events", support_type_scope="all")

    expected = {(t.number, e.at, e.update) for t in desk.tickets() for e in t.events if e.kind != "touched"}
    assert len(rows) == len(expected)
    assert {(row["ticket_id"], row["timestamp"]) for row in rows} == {(n, at) for n, at, _ in expected}


def test_comments_say_whether_they_are_public_and_nothing_more(sandbox: Sandbox, desk: Desk) -> None:
    rows = time_walk(sandbox, "incremental/ticket_events", "ticket_events", support_type_scope="all")
    comments = [c for row in rows for c in row["child_events"] if c["event_type"] == "Comment"]

    told = [e.public for t in desk.tickets() for e in t.events if e.kind == "message"]
    assert sorted(c["comment_public"] for c in comments) == sorted(told)
    assert not any("body" in comment for comment in comments)


def test_statuses_can_be_replayed_from_the_change_log(sandbox: Sandbox, desk: Desk) -> None:
    known: dict[int, str] = {}
    rows = time_walk(sandbox, "incremental/ticket_events", "ticket_events", support_type_scope="all")
    for row in sorted(rows, key=lambda row: (row["timestamp"], row["id"])):
        for child in row["child_events"]:
            if "status" in child and child["status"] != "deleted":
                assert child.get("previous_value") == known.get(row["ticket_id"])
                known[row["ticket_id"]] = child["status"]

    assert known == {t.number: {"on_hold": "hold"}.get(t.status, t.status) for t in desk.tickets()}


def test_a_time_export_repeats_its_last_second(sandbox: Sandbox) -> None:
    first = get(sandbox, "incremental/ticket_events", start_time=0, per_page=50)

    second = get(sandbox, "incremental/ticket_events", start_time=first["end_time"], per_page=50)

    assert first["ticket_events"][-1]["id"] in {row["id"] for row in second["ticket_events"]}


def test_a_flood_in_one_second_cannot_be_walked_by_time() -> None:
    desk = Desk(seed=3, tickets=300, days=40, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        at = desk.now()
        desk.touch_all_same_second(250)
        desk.clock.advance(minutes=2)
        page = get(
            sandbox, "incremental/ticket_events", start_time=at, per_page=100, support_type_scope="all"
        )

    assert page["end_time"] == at
    assert page["end_of_stream"] is False


def test_metric_events_are_the_same_in_pages_of_time_and_of_a_list(sandbox: Sandbox) -> None:
    by_time = time_walk(sandbox, "incremental/ticket_metric_events", "ticket_metric_events")
    by_list = list_walk(
        sandbox, "incremental/ticket_metric_events", "ticket_metric_events", size=1_000, start_time=0
    )

    assert len(by_list) == len({row["id"] for row in by_list})
    assert by_list == by_time
    assert {row["type"] for row in by_time} == {
        "activate",
        "pause",
        "fulfill",
        "apply_sla",
        "breach",
        "update_status",
    }


# -- people and things ----------------------------------------------------------------------------


def test_the_user_export_gives_customers_and_staff_once(sandbox: Sandbox, desk: Desk) -> None:
    rows: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"start_time": 0}
    while True:
        page = get(sandbox, "incremental/users/cursor", per_page=150, **asked)
        rows += page["users"]
        if page["end_of_stream"]:
            break
        asked = {"cursor": page["after_cursor"]}

    assert len(rows) == len({row["id"] for row in rows})
    staff = [row for row in rows if row["role"] != "end-user"]
    assert len(staff) == len(desk.cast.agents)
    assert {row["role_type"] for row in staff} == {0, 1, 4}


def test_a_demoted_agent_comes_back_as_an_end_user() -> None:
    desk = Desk(seed=3, tickets=100, days=40, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        desk.demote(3)
        desk.clock.advance(minutes=2)
        page = get(sandbox, "incremental/users/cursor", start_time=int(NOW.timestamp()) - 1)
        agents = get(sandbox, "users?role[]=agent&role[]=admin&page[size]=100")["users"]

    (row,) = [row for row in page["users"] if row["name"] == desk.cast.by_key[3].name]
    assert row["role"] == "end-user"
    assert row["id"] not in {agent["id"] for agent in agents}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("groups", "groups"),
        ("group_memberships", "group_memberships"),
        ("brands", "brands"),
        ("ticket_fields", "ticket_fields"),
        ("ticket_forms", "ticket_forms"),
        ("custom_statuses", "custom_statuses"),
        ("custom_roles", "custom_roles"),
        ("slas/policies", "sla_policies"),
        ("business_hours/schedules", "schedules"),
    ],
)
def test_reference_lists_answer(sandbox: Sandbox, path: str, kind: str) -> None:
    rows = get(sandbox, path)[kind]

    assert rows
    assert len({row["id"] for row in rows}) == len(rows)


def test_lists_link_to_a_next_page_even_when_there_is_none(sandbox: Sandbox) -> None:
    page = get(sandbox, "groups", **{"page[size]": 100})

    assert page["meta"]["has_more"] is False
    assert page["links"]["next"] is not None
    beyond = get(sandbox, "groups", **{"page[size]": 100, "page[after]": page["meta"]["after_cursor"]})
    assert (beyond["groups"], beyond["meta"]["after_cursor"]) == ([], None)


def test_per_page_silently_selects_offset_pages(sandbox: Sandbox) -> None:
    page = get(sandbox, "groups", per_page=2)

    assert "meta" not in page
    assert page["next_page"] is not None
    assert len(page["groups"]) == 2


def test_offset_pages_end_at_the_hundredth(sandbox: Sandbox) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(sandbox, "groups", page=101)

    assert json.load(caught.value)["errors"][0]["code"] == "InvalidPaginationDepth"


def test_deleted_groups_are_listed_when_asked(sandbox: Sandbox) -> None:
    usual, everything = get(sandbox, "groups"), get(sandbox, "groups", exclude_deleted="false")

    assert not any(group["deleted"] for group in usual["groups"])
    assert any(group["deleted"] for group in everything["groups"])


def test_zones_have_the_names_of_rails(sandbox: Sandbox) -> None:
    schedules = get(sandbox, "business_hours/schedules")["schedules"]

    assert "Eastern Time (US & Canada)" in {schedule["time_zone"] for schedule in schedules}
    holidays = get(sandbox, f"business_hours/schedules/{schedules[0]['id']}/holidays")["holidays"]
    assert holidays[0].keys() >= {"name", "start_date", "end_date"}


# -- satisfaction ---------------------------------------------------------------------------------


def test_legacy_ratings_are_rows_of_their_own_for_each_answer(sandbox: Sandbox, desk: Desk) -> None:
    rows = list_walk(sandbox, "satisfaction_ratings", "satisfaction_ratings", size=40)

    assert len(rows) == len({row["id"] for row in rows}) == len(list(desk.surveys(0, desk.now())))
    assert {row["score"] for row in rows} == {"offered", "good", "bad"}
    assert all(row["created_at"] == row["updated_at"] for row in rows)


def test_ratings_can_be_asked_for_by_score_and_time(sandbox: Sandbox) -> None:
    everything = list_walk(sandbox, "satisfaction_ratings", "satisfaction_ratings")
    middle = epoch(everything[len(everything) // 2]["created_at"])

    received = list_walk(sandbox, "satisfaction_ratings", "satisfaction_ratings", score="received", size=7)
    late = list_walk(sandbox, "satisfaction_ratings", "satisfaction_ratings", start_time=middle)

    assert received == [row for row in everything if row["score"] != "offered"]
    assert late == [row for row in everything if epoch(row["created_at"]) >= middle]


def test_a_rating_names_the_agent_of_its_own_instant(sandbox: Sandbox, desk: Desk) -> None:
    for row in list_walk(sandbox, "satisfaction_ratings", "satisfaction_ratings", score="received"):
        then = desk.ticket_at(row["ticket_id"], epoch(row["created_at"]))
        assert row["assignee_id"] == (21_400_000_000_000 + then.agent * 3 if then.agent else None)


def test_the_newer_surveys_change_in_place() -> None:
    desk = Desk(seed=3, tickets=800, days=120, now=NOW)
    with Sandbox(desk, Zendesk(desk, csat="survey")) as sandbox:
        rows = list_walk(sandbox, "guide/survey_responses", "survey_responses", size=50)
        backwards = list_walk(sandbox, "guide/survey_responses", "survey_responses", size=50, sort="-id")
        number = next(t.number for t in desk.tickets() if t.offered_at and not t.rated_at)
        about = {"filter[subject_zrns]": f"zen:ticket:{number}"}
        (silent,) = list_walk(sandbox, "guide/survey_responses", "survey_responses", size=50, **about)
        desk.act(number, ("survey_answered", "5|Great"), actor=desk.ticket(number).requester, role="end_user")
        (answered,) = list_walk(sandbox, "guide/survey_responses", "survey_responses", size=50, **about)
        legacy = get(sandbox, "incremental/tickets/cursor", start_time=0)["tickets"]

    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert backwards == rows[::-1]
    assert (silent["answers"], silent["id"]) == ([], answered["id"])
    assert answered["answers"][0]["rating_category"] == "good"
    assert all(row["satisfaction_rating"] is None for row in legacy)


def test_more_than_fifty_survey_responses_a_page_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        get(sandbox, "guide/survey_responses", **{"page[size]": 51})


# -- calls ----------------------------------------------------------------------------------------


def test_the_talk_export_serves_its_last_row_for_ever(sandbox: Sandbox) -> None:
    rows = time_walk(sandbox, "channels/voice/stats/incremental/calls", "calls")
    last = max(epoch(row["updated_at"]) for row in rows)

    again = get(sandbox, "channels/voice/stats/incremental/calls", start_time=last)

    assert again["count"] >= 1
    assert (again["end_time"], "end_of_stream" in again) == (last, False)


def test_a_calls_figures_become_final_hours_later() -> None:
    desk = Desk(seed=3, tickets=900, days=60, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        path = "channels/voice/stats/incremental/calls"
        before = {row["id"]: row for row in time_walk(sandbox, path, "calls")}
        desk.clock.advance(hours=4)
        after = {row["id"]: row for row in time_walk(sandbox, path, "calls")}

    changed = [number for number in before if before[number]["updated_at"] != after[number]["updated_at"]]
    assert changed
    assert all(before[number]["wrap_up_time"] == 0 for number in changed)


def test_legs_belong_to_calls_and_name_nobody_with_a_zero(sandbox: Sandbox) -> None:
    calls = {row["id"] for row in time_walk(sandbox, "channels/voice/stats/incremental/calls", "calls")}
    legs = time_walk(sandbox, "channels/voice/stats/incremental/legs", "legs")

    assert {leg["call_id"] for leg in legs} == calls
    assert {leg["agent_id"] for leg in legs if leg["type"] == "customer"} == {0}
    assert all(leg["agent_id"] for leg in legs if leg["type"] == "agent")


# -- who may do what ------------------------------------------------------------------------------


def grant(sandbox: Sandbox, **body: Any) -> Any:
    asked = urllib.request.Request(
        f"{sandbox.url}/oauth/tokens", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)


CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
}


def test_a_granted_token_works_until_it_expires() -> None:
    desk = Desk(seed=3, tickets=60, days=40, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        token = grant(sandbox, **CREDENTIALS, scope="read", expires_in=300)
        fresh = get(sandbox, "users/me", token=token["access_token"])
        desk.clock.advance(seconds=301)
        stale = get(sandbox, "users/me", token=token["access_token"])

    assert (token["expires_in"], fresh["user"]["role"]) == (300, "admin")
    assert stale["user"]["name"] == "Anonymous user"


def test_a_grant_does_not_say_when_it_expires_unless_asked(sandbox: Sandbox) -> None:
    assert "expires_in" not in grant(sandbox, **CREDENTIALS)


def test_wrong_client_credentials_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        grant(sandbox, **(CREDENTIALS | {"client_secret": "wrong"}))


def test_tokens_can_be_revoked() -> None:
    desk = Desk(seed=3, tickets=60, days=40, now=NOW)
    zendesk = Zendesk(desk)
    with Sandbox(desk, zendesk) as sandbox:
        get(sandbox, "groups")
        zendesk.account.revoke_tokens()
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(sandbox, "groups")


def test_what_the_plan_lacks_is_refused_as_documented(desk: Desk) -> None:
    with Sandbox(desk, Zendesk(desk, without={"calls": 403, "schedules": 404})) as sandbox:
        with pytest.raises(urllib.error.HTTPError) as forbidden:
            get(sandbox, "channels/voice/stats/incremental/calls", start_time=0)
        with pytest.raises(urllib.error.HTTPError) as missing:
            get(sandbox, "business_hours/schedules")
        assert get(sandbox, "groups")["groups"]

    assert json.load(forbidden.value)["error"]["title"] == "Forbidden"
    assert json.load(missing.value)["error"] == "InvalidEndpoint"


def test_exports_are_for_admins(desk: Desk) -> None:
    with Sandbox(desk, Zendesk(desk, role="agent")) as sandbox:
        assert get(sandbox, "users/me")["user"]["role"] == "agent"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            get(sandbox, "incremental/tickets/cursor", start_time=0)
