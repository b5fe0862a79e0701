"""The sandbox's HubSpot answers like the documented one."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.sandbox import Desk, HubSpot, Sandbox
from connectors.sandbox.hubspot import Limits
from connectors.sandbox.hubspot.account import ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from connectors.sandbox.hubspot.words import TICKET

NOW = datetime(2026, 11, 2, 12, 0, 10, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
OBJECTS = "crm/objects/2026-09"
ALWAYS = {
    "propertyName": "hs_lastmodifieddate",
    "operator": "BETWEEN",
    "value": "1000",
    "highValue": str(NOW_MS),
}


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(seed=7, tickets=420, days=100, now=NOW)


@pytest.fixture
def sandbox(desk: Desk) -> Iterator[Sandbox]:
    with Sandbox(desk, HubSpot(desk, lag_seconds=lambda _key: 0)) as running:
        yield running


def ask(
    sandbox: Sandbox, path: str, body: Any = None, token: str = ACCESS_TOKEN, **query: Any
) -> tuple[Any, Any]:
    """Status and body, then headers."""
    address = f"{sandbox.url}/{path}" + (f"?{urlencode(query)}" if query else "")
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(address, data=data, headers={"authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(asked) as answer:
            return (answer.status, json.load(answer)), dict(answer.headers)
    except urllib.error.HTTPError as refused:
        return (refused.code, json.loads(refused.read())), dict(refused.headers)


def get(sandbox: Sandbox, path: str, **query: Any) -> Any:
    (status, body), _ = ask(sandbox, path, **query)
    assert status == 200
    return body


def post(sandbox: Sandbox, path: str, body: Any) -> Any:
    (status, found), _ = ask(sandbox, path, body)
    assert status in (200, 207)
    return found


def pages(sandbox: Sandbox, path: str, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = get(sandbox, path, **query, **after)
        rows += page["results"]
        if "paging" not in page:
            return rows
        after = {"after": page["paging"]["next"]["after"]}


def searched(sandbox: Sandbox, kind: str, *filters: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after = "0"
    while True:
        body = {"filterGroups": [{"filters": list(filters)}], "limit": 200, "after": after, **more}
        page = post(sandbox, f"{OBJECTS}/{kind}/search", body)
        rows += page["results"]
        if "paging" not in page:
            assert len(rows) == page["total"]
            return rows
        after = page["paging"]["next"]["after"]


def gone(desk: Desk) -> set[str]:
    return {str(TICKET + t.number) for t in desk.tickets() if t.deleted_at or t.merged_into}


def test_a_list_holds_what_is_not_archived_by_ascending_id(desk: Desk, sandbox: Sandbox) -> None:
    ids = [row["id"] for row in pages(sandbox, f"{OBJECTS}/tickets", limit=100)]

    assert ids == [str(TICKET + t.number) for t in desk.tickets() if str(TICKET + t.number) not in gone(desk)]


def test_a_list_with_histories_holds_half_as_much(sandbox: Sandbox) -> None:
    path, asked = f"{OBJECTS}/tickets", {"propertiesWithHistory": "hs_pipeline_stage"}

    assert len(get(sandbox, path, limit=50, **asked)["results"]) == 50
    assert ask(sandbox, path, limit=51, **asked)[0][0] == 400
    assert ask(sandbox, path, limit=101)[0][0] == 400
    assert len(get(sandbox, path)["results"]) == 10


def test_every_value_is_a_text_or_null_and_names_nobody_knows_are_dropped(sandbox: Sandbox) -> None:
    row = get(sandbox, f"{OBJECTS}/tickets", limit=1, properties="hs_is_closed,closed_date,nonsense")[
        "results"
    ][0]

    assert all(value is None or isinstance(value, str) for value in row["properties"].values())
    assert "hs_is_closed" in row["properties"]
    assert "nonsense" not in row["properties"]


def test_what_was_archived_is_listed_apart_until_it_is_scrubbed(desk: Desk, sandbox: Sandbox) -> None:
    rows = pages(sandbox, f"{OBJECTS}/tickets", archived="true", limit=100)

    assert {row["id"] for row in rows} <= gone(desk)
    assert rows
    assert all(row["archived"] and row["archivedAt"] for row in rows)


def test_histories_are_newest_first_and_begin_at_the_creation(sandbox: Sandbox) -> None:
    rows = get(sandbox, f"{OBJECTS}/tickets", limit=50, propertiesWithHistory="hs_pipeline_stage")["results"]

    for row in rows:
        history = row["propertiesWithHistory"]["hs_pipeline_stage"]
        instants = [entry["timestamp"] for entry in history]
        assert instants == sorted(instants, reverse=True)
        assert instants[-1] == row["createdAt"]
        assert history[0]["value"] == row["properties"].get("hs_pipeline_stage", history[0]["value"])


def test_a_reopened_ticket_loses_its_close_date_and_keeps_the_last_one(desk: Desk, sandbox: Sandbox) -> None:
    names = "closed_date,hs_last_closed_date,hs_ticket_reopened_at,hs_is_closed"
    rows = pages(sandbox, f"{OBJECTS}/tickets", limit=100, properties=names)
    reopened = [
        row["properties"]
        for row in rows
        if row["properties"]["hs_ticket_reopened_at"] and row["properties"]["hs_is_closed"] == "false"
    ]

    assert reopened
    assert all(each["closed_date"] == "" and each["hs_last_closed_date"] for each in reopened)


def test_the_search_finds_all_in_a_window_in_an_order_that_does_not_hold(
    desk: Desk, sandbox: Sandbox
) -> None:
    rows = searched(sandbox, "tickets", ALWAYS)
    instants = [row["properties"]["hs_lastmodifieddate"] for row in rows]

    assert len(rows) == desk.count() - len(gone(desk))
    assert instants != sorted(instants)
    assert "associations" not in rows[0]


def test_the_search_s_index_comes_late(desk: Desk) -> None:
    with Sandbox(desk, HubSpot(desk, lag_seconds=lambda key: 3_600 if key % 2 else 0)) as sandbox:
        desk.touch(1)
        desk.touch(2)
        found = {
            row["id"]
            for row in searched(
                sandbox,
                "tickets",
                {**ALWAYS, "value": str(NOW_MS - 60_000), "highValue": str(NOW_MS + 60_000)},
            )
        }
        listed = {row["id"]: row["updatedAt"] for row in pages(sandbox, f"{OBJECTS}/tickets", limit=100)}

    for number in (1, 2):
        if str(TICKET + number) in listed:
            assert (str(TICKET + number) in found) == (number == 2)


def test_the_search_by_id_is_in_order_and_above(sandbox: Sandbox) -> None:
    above = {"propertyName": "hs_object_id", "operator": "GT", "value": str(TICKET + 100)}
    rows = searched(sandbox, "tickets", ALWAYS, above, sorts=[{"propertyName": "hs_object_id"}])
    ids = [int(row["id"]) for row in rows]

    assert ids == sorted(ids)
    assert min(ids) > TICKET + 100


def test_open_tickets_can_be_asked_for(desk: Desk, sandbox: Sandbox) -> None:
    unclosed = {"propertyName": "hs_is_closed", "operator": "NEQ", "value": "true"}
    found = {row["id"] for row in searched(sandbox, "tickets", unclosed)}

    assert found == {str(TICKET + t.number) for t in desk.tickets() if not t.is_solved} - gone(desk)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"limit": 201}, 400),
        ({"limit": 200, "after": "9900"}, 400),
        ({"filterGroups": [{"filters": [{**ALWAYS, "value": "0"}]}]}, 500),
    ],
)
def test_searches_that_are_refused(sandbox: Sandbox, body: dict[str, Any], status: int) -> None:
    assert ask(sandbox, f"{OBJECTS}/tickets/search", body)[0][0] == status


def test_batches_are_bounded_and_name_nothing_twice(sandbox: Sandbox) -> None:
    path = f"{OBJECTS}/tickets/batch/read"

    def status(ids: range | list[int], **more: Any) -> Any:
        return ask(sandbox, path, {"inputs": [{"id": str(TICKET + each)} for each in ids], **more})[0][0]

    assert status(range(1, 3)) == 200
    assert status([1, 1]) == 400
    assert status(range(1, 102)) == 400
    assert status(range(1, 52), propertiesWithHistory=["hs_pipeline_stage"]) == 400
    assert status([1, 99_999_999]) == 207


def test_who_is_linked_to_nothing_is_told_as_an_error(sandbox: Sandbox) -> None:
    rows = pages(sandbox, f"{OBJECTS}/tickets", limit=100, associations="companies")
    inputs = [{"id": row["id"]} for row in rows]
    body = post(sandbox, "crm/associations/2026-09/tickets/companies/batch/read", {"inputs": inputs})

    bare = [row["id"] for row in rows if "associations" not in row]
    assert bare
    assert body["numErrors"] == len(bare)
    assert {error["subCategory"] for error in body["errors"]} == {"crm.associations.NO_ASSOCIATIONS_FOUND"}


def test_owners_who_left_are_listed_apart_and_by_another_user_id(sandbox: Sandbox) -> None:
    here, left = (get(sandbox, "crm/owners/2026-09", archived=word)["results"] for word in ("false", "true"))

    assert all("userId" in owner and not owner["archived"] for owner in here)
    assert left
    assert all("userId" not in owner and owner["userIdIncludingInactive"] for owner in left)


def test_pipelines_say_what_is_closed(sandbox: Sandbox) -> None:
    pipelines = get(sandbox, "crm/pipelines/2026-09/tickets")["results"]
    closed = [s["id"] for p in pipelines for s in p["stages"] if s["metadata"]["ticketState"] == "CLOSED"]

    assert closed == ["4", "58213982"]


def test_answers_of_every_kind_are_given_and_some_are_tied_to_their_contact_only(sandbox: Sandbox) -> None:
    names = "hs_survey_type,hs_value,hs_response_group,hs_ticket_id,hs_contact_id"
    rows = pages(sandbox, f"{OBJECTS}/feedback_submissions", limit=100, properties=names)
    said = [row["properties"] for row in rows]

    assert {each["hs_survey_type"] for each in said} == {"CSAT", "CES", "NPS", "CUSTOM"}
    assert [each for each in said if each["hs_survey_type"] == "CSAT" and each["hs_ticket_id"] is None]
    assert all(each["hs_contact_id"] for each in said)
    assert len(searched(sandbox, "feedback_submissions", ALWAYS)) == len(rows)


def test_calls_tell_milliseconds_and_what_became_of_them(sandbox: Sandbox) -> None:
    names = "hs_call_status,hs_call_duration,hs_call_direction"
    rows = pages(sandbox, f"{OBJECTS}/calls", limit=100, properties=names, associations="tickets")

    assert {row["properties"]["hs_call_status"] for row in rows} >= {"COMPLETED", "NO_ANSWER"}
    assert len(searched(sandbox, "calls", ALWAYS)) == len(rows)


def test_a_thread_tells_its_messages_newest_first(sandbox: Sandbox) -> None:
    names = "hs_conversations_originating_thread_id"
    rows = pages(sandbox, f"{OBJECTS}/tickets", limit=100, properties=names)
    thread = next(row["properties"][names] for row in rows if row["properties"][names])
    messages = get(sandbox, f"conversations/conversations/2026-09/threads/{thread}/messages")["results"]
    instants = [message["createdAt"] for message in messages]

    assert instants == sorted(instants, reverse=True)
    assert messages[-1]["createdBy"][:2] in {"V-", "A-"}
    assert get(sandbox, "conversations/conversations/2026-09/threads", limit=500)["results"]


def test_an_object_nobody_knows_is_refused_without_a_category(sandbox: Sandbox) -> None:
    (status, body), _ = ask(sandbox, f"{OBJECTS}/butterflies/search", {})

    assert status == 400
    assert body == {"status": "error", "message": "Unable to infer object type from: butterflies"}


def test_a_stranger_is_refused_and_a_missing_scope_is_named(desk: Desk) -> None:
    with Sandbox(desk, HubSpot(desk, without={"calls": 403})) as sandbox:
        (unknown, _), _ = ask(sandbox, f"{OBJECTS}/tickets", token="somebody")
        (lacking, body), _ = ask(sandbox, f"{OBJECTS}/calls")

    assert unknown == 401
    assert lacking == 403
    assert body["context"]["requiredGranularScopes"] == ["crm.objects.contacts.read"]


def test_the_burst_rolls_and_the_search_tells_no_budget() -> None:
    desk = Desk(seed=1, tickets=20, days=10, now=NOW)
    with Sandbox(desk, HubSpot(desk, limits=Limits(burst=3, search=2, day=9))) as sandbox:
        path = f"{OBJECTS}/tickets"
        left = [ask(sandbox, path)[1]["X-HubSpot-RateLimit-Remaining"] for _ in range(3)]
        (full, body), _ = ask(sandbox, path)
        found = [ask(sandbox, f"{path}/search", {}) for _ in range(3)]
        desk.clock.advance(11)
        (again, _), headers = ask(sandbox, path)

    assert left == ["2", "1", "0"]
    assert (full, body["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
    assert [status for (status, _), _ in found] == [200, 200, 429]
    assert not [name for name in found[0][1] if "RateLimit" in name]
    assert again == 200
    assert headers["X-HubSpot-RateLimit-Daily-Remaining"] == "3"


def test_a_day_ends_at_the_account_s_midnight() -> None:
    desk = Desk(seed=1, tickets=20, days=10, now=NOW)
    with Sandbox(desk, HubSpot(desk, limits=Limits(day=1))) as sandbox:
        first, second = (ask(sandbox, f"{OBJECTS}/tickets")[0] for _ in range(2))
        desk.clock.set(datetime(2026, 11, 2, 23, 1, tzinfo=UTC))
        third = ask(sandbox, f"{OBJECTS}/tickets")[0]

    assert (first[0], second[0], third[0]) == (200, 429, 200)
    assert second[1]["policyName"] == "DAILY"


def test_a_refresh_token_grants_access_for_half_an_hour(desk: Desk) -> None:
    with Sandbox(desk, HubSpot(desk)) as sandbox:
        form = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
                "refresh_token": REFRESH_TOKEN}  # fmt: skip
        asked = urllib.request.Request(f"{sandbox.url}/oauth/2026-09/token", data=urlencode(form).encode())
        with urllib.request.urlopen(asked) as answer:
            granted = json.load(answer)
        (status, _), headers = ask(sandbox, f"{OBJECTS}/tickets", token=granted["access_token"])

    assert (status, granted["expires_in"]) == (200, 1800)
    assert "X-HubSpot-RateLimit-Daily" not in headers
