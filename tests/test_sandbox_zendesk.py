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
