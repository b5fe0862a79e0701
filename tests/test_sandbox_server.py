"""The sandbox's server: what it counts, what it breaks on demand, what another process may ask of it."""

import gzip
import http.client
import json
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from connectors.sandbox import Desk, Sandbox, Zendesk, faults
from connectors.sandbox.faults import Fault
from connectors.sandbox.zendesk import Limits

NOW = datetime(2026, 11, 2, 12, 0, 10, tzinfo=UTC)
TICKETS = "/api/v2/incremental/tickets/cursor?start_time=0&per_page=20"


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(seed=2, tickets=120, days=30, now=NOW)


@pytest.fixture
def sandbox(desk: Desk) -> Iterator[Sandbox]:
    with Sandbox(desk, Zendesk(desk)) as running:
        yield running


class Reply:
    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        self.body = answer.read()

    def json(self) -> Any:
        return json.loads(self.body)


def ask(sandbox: Sandbox, path: str, method: str = "GET", body: Any = None, **headers: str) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", int(sandbox.url.rpartition(":")[2]), timeout=5)
    try:
        connection.request(
            method,
            path,
            None if body is None else json.dumps(body),
            {"authorization": "Bearer sandbox-access-token"} | headers,
        )
        return Reply(connection.getresponse())
    finally:
        connection.close()


def test_requests_are_counted_by_name_and_status(sandbox: Sandbox) -> None:
    ask(sandbox, TICKETS)
    ask(sandbox, TICKETS)
    ask(sandbox, "/api/v2/nonsense")

    assert sandbox.calls("tickets") == 2
    assert sandbox.counters() == {"tickets": {"200": 2}, "unknown": {"404": 1}}


def test_a_connection_serves_many_requests(sandbox: Sandbox) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
    for _ in range(3):
        connection.request("GET", TICKETS, headers={"authorization": "Bearer sandbox-access-token"})
        assert len(json.load(connection.getresponse())["tickets"]) == 20
    connection.close()


def test_answers_are_compressed_when_asked(sandbox: Sandbox) -> None:
    plain = ask(sandbox, TICKETS)
    packed = ask(sandbox, TICKETS, **{"accept-encoding": "gzip"})

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert "content-encoding" not in plain.headers


def test_a_fault_meets_as_many_requests_as_it_was_set_for(sandbox: Sandbox) -> None:
    sandbox.fail("tickets/cursor", faults.status(503, retry_after="7"), times=2)

    statuses = [ask(sandbox, TICKETS).status for _ in range(3)]

    assert statuses == [503, 503, 200]


def test_a_fault_leaves_other_addresses_alone(sandbox: Sandbox) -> None:
    sandbox.fail("tickets/cursor", faults.status(500))

    assert ask(sandbox, "/api/v2/groups").status == 200


@pytest.mark.parametrize("shape", ["json", "text", "edge", "html", "empty"])
def test_a_429_comes_in_every_shape(sandbox: Sandbox, shape: str) -> None:
    sandbox.fail("tickets", faults.too_many(shape, retry_after=None))
    sandbox.fail("tickets", faults.too_many(shape, retry_after="2.5"))

    silent, telling = ask(sandbox, TICKETS), ask(sandbox, TICKETS)

    assert (silent.status, telling.status) == (429, 429)
    assert "retry-after" not in silent.headers
    assert telling.headers["retry-after"] == "2.5"
    assert sandbox.refused == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.html(), json.JSONDecodeError),
        (faults.truncated(), json.JSONDecodeError),
        (faults.reset(after_bytes=100), (ConnectionResetError, http.client.IncompleteRead)),
        (faults.reset(after_bytes=0), (ConnectionResetError, http.client.HTTPException)),
    ],
)
def test_broken_answers_break(
    sandbox: Sandbox, fault: Fault, error: type[Exception] | tuple[type[Exception], ...]
) -> None:
    sandbox.fail("tickets", fault)

    with pytest.raises(error):
        ask(sandbox, TICKETS).json()
    assert ask(sandbox, TICKETS).status == 200


def test_a_dripping_answer_arrives_whole_and_late(sandbox: Sandbox) -> None:
    whole = ask(sandbox, TICKETS).body
    sandbox.fail("tickets", faults.drip(chunk_bytes=len(whole) // 8, pause_seconds=0.02))

    began = time.monotonic()
    dripped = ask(sandbox, TICKETS).body

    assert dripped == whole
    assert time.monotonic() - began > 0.12


def test_a_slow_answer_is_late(sandbox: Sandbox) -> None:
    sandbox.fail("tickets", faults.slow(0.1))

    began = time.monotonic()
    ask(sandbox, TICKETS)

    assert time.monotonic() - began >= 0.1


def test_a_row_can_be_given_wrong_types_and_unknown_fields(sandbox: Sandbox) -> None:
    sandbox.fail("tickets", faults.row(1, id="seven", status="teleported", brand_new={"x": 1}))

    rows = ask(sandbox, TICKETS).json()["tickets"]

    assert (rows[1]["id"], rows[1]["status"], rows[1]["brand_new"]) == ("seven", "teleported", {"x": 1})
    assert isinstance(rows[0]["id"], int)


def test_dirty_text_holds_half_an_emoji_and_a_nul(sandbox: Sandbox) -> None:
    sandbox.fail("tickets", faults.dirty_text())

    subject = ask(sandbox, TICKETS).json()["tickets"][0]["subject"]

    assert "\ud83d" in subject
    assert "\x00" in subject


def test_a_cursor_can_be_repeated(sandbox: Sandbox) -> None:
    cursor = ask(sandbox, TICKETS).json()["after_cursor"]
    sandbox.fail("cursor=", faults.repeated_cursor())

    page = ask(sandbox, f"/api/v2/incremental/tickets/cursor?per_page=20&cursor={quote(cursor)}").json()

    assert page["after_cursor"] == cursor
    assert page["end_of_stream"] is False


def test_big_pages_can_time_out(sandbox: Sandbox) -> None:
    sandbox.fail("tickets/cursor", faults.above_page_size(10), times=9)

    assert ask(sandbox, TICKETS).status == 504
    assert ask(sandbox, TICKETS.replace("=20", "=10")).status == 200


def test_a_bomb_is_small_until_it_is_opened(sandbox: Sandbox) -> None:
    sandbox.fail("tickets", faults.bomb(megabytes=8))

    packed = ask(sandbox, TICKETS)

    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) < 50_000
    assert len(gzip.decompress(packed.body)) > 8_000_000


def test_a_broken_gzip_cannot_be_opened(sandbox: Sandbox) -> None:
    sandbox.fail("tickets", faults.broken_gzip())

    packed = ask(sandbox, TICKETS)

    with pytest.raises((OSError, EOFError, zlib.error)):
        gzip.decompress(packed.body)


def test_a_redirect_points_elsewhere(sandbox: Sandbox) -> None:
    sandbox.fail("tickets", faults.redirect("https://elsewhere.example/"))

    answer = ask(sandbox, TICKETS)

    assert (answer.status, answer.headers["location"]) == (302, "https://elsewhere.example/")


def test_the_desk_can_be_changed_between_any_two_requests(desk: Desk) -> None:
    own = Desk(seed=2, tickets=60, days=30, now=NOW)
    with Sandbox(own, Zendesk(own)) as sandbox:
        sandbox.on_request(lambda _request: own.clock.advance(minutes=30))
        ask(sandbox, TICKETS)
        ask(sandbox, TICKETS)

    assert (own.clock() - NOW).total_seconds() == 3_600


def test_one_history_can_be_seen_through_two_sandboxes(desk: Desk) -> None:
    with Sandbox(desk, Zendesk(desk)) as first, Sandbox(desk, Zendesk(desk)) as second:
        rows = [[row["id"] for row in ask(each, TICKETS).json()["tickets"]] for each in (first, second)]

    assert rows[0] == rows[1]


# -- limits ---------------------------------------------------------------------------------------


def limited(desk: Desk, **limits: Any) -> Sandbox:
    return Sandbox(desk, Zendesk(desk, limits=Limits.of_plan(**limits)))


def test_exports_are_limited_to_ten_in_a_minute_of_the_wall_clock() -> None:
    desk = Desk(seed=2, tickets=60, days=30, now=NOW)
    with limited(desk) as sandbox:
        answers = [ask(sandbox, TICKETS) for _ in range(11)]
        desk.clock.advance(seconds=50)
        again = ask(sandbox, TICKETS)

    assert [answer.status for answer in answers] == [200] * 10 + [429]
    bucket = answers[0].headers["zendesk-ratelimit-incremental-exports"]
    assert bucket == "total=10; remaining=9; resets=50"
    assert answers[-1].headers["retry-after"] == "50"
    assert again.status == 200


def test_the_account_has_a_budget_of_its_own() -> None:
    desk = Desk(seed=2, tickets=60, days=30, now=NOW)
    with limited(desk, account=3) as sandbox:
        answers = [ask(sandbox, "/api/v2/groups") for _ in range(4)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-remaining"] == "2"
    assert answers[0].headers["ratelimit-reset"] == "50"


def test_a_refusal_may_keep_silent_about_when_to_come_again() -> None:
    desk = Desk(seed=2, tickets=60, days=30, now=NOW)
    with limited(desk, exports=0, says_retry_after=False, shape="text") as sandbox:
        answer = ask(sandbox, TICKETS)

    assert answer.status == 429
    assert "retry-after" not in answer.headers
    assert answer.body.startswith(b"Number of allowed API requests")


# -- from another process -------------------------------------------------------------------------


def test_another_process_may_move_the_clock_change_tickets_set_faults_and_count() -> None:
    desk = Desk(seed=2, tickets=300, days=30, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as sandbox:
        assert (
            ask(sandbox, "/_sandbox/advance", "POST", {"seconds": 90})
            .json()["now"]
            .startswith("2026-11-02T12:01:40")
        )
        assert len(ask(sandbox, "/_sandbox/change", "POST", {"count": 4}).json()["tickets"]) == 4
        ask(
            sandbox,
            "/_sandbox/fail",
            "POST",
            {"pattern": "groups", "fault": "status", "arguments": {"code": 502}},
        )
        assert ask(sandbox, "/api/v2/groups").status == 502
        assert ask(sandbox, "/_sandbox").json()["requests"] == {"groups": {"502": 1}}


def test_a_mistaken_order_is_explained(sandbox: Sandbox) -> None:
    assert ask(sandbox, "/_sandbox/dance", "POST", {}).status == 404
    assert ask(sandbox, "/_sandbox/change", "POST", {"count": 100_000}).status == 400


def test_it_runs_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "connectors.sandbox", "--tickets", "50", "--days", "20", "--limits"]
    root = Path(__file__).parent.parent
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env={**os.environ})
    try:
        assert child.stdout is not None
        line = json.loads(child.stdout.readline())
        connection = http.client.HTTPConnection(line["url"].removeprefix("http://"), timeout=10)
        connection.request("GET", "/_sandbox")
        assert connection.getresponse().status == 200
        connection.close()
        assert {"client_id", "client_secret", "subdomain", "base_url"} == set(line["settings"])
    finally:
        child.terminate()
        assert child.wait(timeout=10) == 0
        assert child.stdout is not None
        child.stdout.close()
