"""Recorded answers of real accounts, served over HTTP: each row is stored, or set aside with a reason.

The recordings are not ours to copy; the test runs where they lie beside the repository.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from connectors import Misconfigured, Unexpected, Unsupported
from connectors.zendesk import ZendeskConnector, ZendeskSettings
from storage.database import open_database
from storage.store import Store
from storage.tables import TABLES
from sync.cli import app
from tests.fake_zendesk import PATHS, loopback

RECORDINGS = Path(__file__).parents[1].joinpath("../shared/payloads/zendesk")
if not RECORDINGS.is_dir():
    pytest.skip("there are no recordings beside the repository", allow_module_level=True)

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
Rows = list[dict[str, Any]]

LISTED = {
    "brands": ("brands", "/api/v2/brands"),
    "custom_statuses": ("statuses", "/api/v2/custom_statuses"),
    "groups": ("groups", "/api/v2/groups"),
    "group_memberships": ("memberships", "/api/v2/group_memberships"),
    "ticket_fields": ("fields", "/api/v2/ticket_fields"),
    "sla_policies": ("sla_policies", "/api/v2/slas/policies"),
    "schedules": ("schedules", PATHS["schedules"]),
    "satisfaction_ratings": ("ratings", PATHS["ratings"]),
    "tickets": ("tickets", PATHS["tickets"]),
    "users": ("users", PATHS["users"]),
    "organizations": ("organisations", PATHS["organisations"]),
    "ticket_events": ("ticket_events", PATHS["ticket_events"]),
    "ticket_metric_events": ("sla_events", PATHS["sla_events"]),
    "calls": ("calls", PATHS["calls"]),
    "legs": ("call_legs", PATHS["call_legs"]),
}
"""Key of the rows → the stream that reads them, and where it asks."""
KINDS = {"users": "people"}
"""Where a stream's rows are kept under another name."""


def _ticket_of(metric_set: dict[str, Any]) -> dict[str, Any]:
    return {"id": metric_set["ticket_id"], "created_at": metric_set["created_at"], "status": "open"}


def _with_metric_sets(sets: Rows) -> dict[str, Any]:
    return {"tickets": [_ticket_of(each) for each in sets], "metric_sets": sets}


WRAPPED: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "ticket.email.solved.unicode.json": lambda body: {"tickets": [body["ticket"]]},
    "ticket_event.status_change.sample.json": lambda body: {"ticket_events": [body]},
    "ticket_field.custom_status.json": lambda body: {"ticket_fields": [body]},
    "ticket_metric_event.apply_sla.json": lambda body: {"ticket_metric_events": [body]},
    "talk_call.doc_sample.json": lambda body: {"calls": [body]},
    "talk_leg.doc_sample.json": lambda body: {"legs": [body]},
    "ticket_skips.with_embedded_ticket.json": lambda body: {"tickets": [skip["ticket"] for skip in body["skips"]]},
    "search_export_users.page.sample.json": lambda body: {"users": body["results"]},
    "ticket_metric.business_differs_from_calendar.json": lambda body: _with_metric_sets([body]),
    "ticket_metrics.three_tickets.nulls_and_reopen.json": lambda body: _with_metric_sets(body["ticket_metrics"]),
}  # fmt: skip
"""Single rows, and rows that stand elsewhere, in the envelope that the stream expects."""

OTHER_PRODUCTS = {
    "agent_availability.doc.json", "chat_incremental_agent_timeline.json", "chat_object.with_history.json",
    "engagements.last_page.json", "engagements.one.json", "headers.endpoint_buckets.2026.json",
    "job_status_completed.json", "side_conversations.json", "tags.cursor_page.sample.json",
    "talk_account_overview.doc_sample.json", "talk_agents_activity.doc_sample.json",
    "talk_agents_activity.real.json", "ticket_audits.page_size1.has_more_true.json", "ticket_comments.json",
    "ticket_slas_policy_metrics.observed.json",
}  # fmt: skip
"""Answers of addresses that no stream asks."""


def body_of(path: Path) -> Any:
    recorded = json.loads(path.read_text())
    return recorded["body"] if isinstance(recorded, dict) and "_status" in recorded else recorded


def envelope(path: Path) -> dict[str, Any]:
    """A ticket export by time is answered as one by cursor, which it differs from by the cursor alone."""
    body: dict[str, Any] = WRAPPED.get(path.name, lambda found: found)(body_of(path))
    return body if "after_cursor" in body else {**body, "after_cursor": "recorded"}


FILES = sorted(RECORDINGS.glob("*.json"))
ERRORS = [path for path in FILES if path.name.startswith("error_")]
PAGES = [path for path in FILES if path.name not in OTHER_PRODUCTS and path not in ERRORS]


class Replay:
    """Answers an address with a recording once, and then as a Zendesk that has nothing more."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.steady: dict[str, Any] = {}
        """What an address that was answered once goes on to say."""
        self.asked: list[str] = []
        replay = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                replay.asked.append(self.path)
                status, body = replay.answers.pop(
                    path, (200, replay.steady.get(path) or replay.nothing(path))
                )
                content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_args: Any) -> None:
                """Nobody reads along."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def nothing(self, path: str) -> dict[str, Any]:
        key = next((key for key, (_, asked) in LISTED.items() if asked == path), path.rsplit("/", 1)[-1])
        return {key: [], "after_cursor": None, "end_of_stream": True, "next_page": None, "count": 0}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    served = Replay()
    yield served
    served.close()


async def _no_wait(_seconds: float) -> None:
    return


def pull(replay: Replay, store: Store, account: str, name: str) -> None:
    async def sync() -> None:
        settings = ZendeskSettings(
            subdomain="acme", access_token="t", base_url=replay.url, since=NOW - timedelta(days=1),
            events_since=NOW - timedelta(days=1),
        )  # fmt: skip
        connector = ZendeskConnector(settings, clock=lambda: NOW, sleep=_no_wait, transport=loopback())
        try:
            [stream] = [each for each in connector.streams() if each.name == name]
            async for page in stream.pull({"start": 0} if name == "sla_events" else None):
                store.save(account, name, page)
        finally:
            await connector.aclose()

    asyncio.run(sync())


def stored(store: Store, kind: str, account: str) -> dict[str, Any]:
    table = TABLES[kind]
    with store.engine.connect() as connection:
        found = connection.execute(sa.select(table).where(table.c.account == account)).mappings().all()
    return {row["id"]: row for row in found}


def served_as(replay: Replay, path: Path) -> tuple[str, Rows]:
    """Let the recording be the next answer; gives the stream that reads it, and its rows."""
    body = envelope(path)
    [key] = [key for key in LISTED if key in body]
    name, address = LISTED[key]
    replay.answers = {address: (200, body)}
    rows: Rows = body[key]
    return name, rows


def test_every_recording_is_replayed_or_of_another_product() -> None:
    assert {path.name for path in FILES} >= OTHER_PRODUCTS | set(WRAPPED)
    for path in PAGES:
        assert len([key for key in LISTED if key in envelope(path)]) == 1, path.name
    assert len(PAGES) > 40
    assert len(ERRORS) > 10


def test_every_recorded_row_is_stored_or_set_aside_with_a_reason(database: sa.Engine, replay: Replay) -> None:
    store, counted, rejected = Store(database), 0, 0
    for path in PAGES:
        name, rows = served_as(replay, path)
        pull(replay, store, path.name, name)
        aside = {row.row_id: row.reason for row in store.rejected(path.name)}
        wanted = {str(row["id"]) for row in rows}
        kept = set(stored(store, KINDS.get(name, name), path.name))
        if name == "ticket_events":  # an audit becomes several events, which carry its ticket's id
            told = {row["ticket_id"] for row in stored(store, name, path.name).values()}
            kept = {str(row["id"]) for row in rows if str(row["ticket_id"]) in told}
        assert wanted == kept | set(aside), path.name
        assert all(aside.values()), path.name
        assert not aside or '"redacted"' in path.read_text(), f"{path.name}: {aside}"
        counted += len(wanted)
        rejected += len(aside)

    assert counted >= 95, "what was recorded in October 2026; more may come, none may vanish"
    assert rejected <= 5, "instants that somebody replaced by the word redacted"


def test_a_recorded_page_read_twice_changes_nothing(database: sa.Engine, replay: Replay) -> None:
    store = Store(database)
    for path in PAGES:
        name, _ = served_as(replay, path)
        pull(replay, store, path.name, name)
        kind = KINDS.get(name, name)
        before = stored(store, kind, path.name)
        store.reset(path.name)
        served_as(replay, path)
        pull(replay, store, path.name, name)
        assert stored(store, kind, path.name) == before, path.name


def one(store: Store, replay: Replay, name: str) -> dict[str, Any]:
    path = RECORDINGS / name
    stream, _ = served_as(replay, path)
    pull(replay, store, name, stream)
    return stored(store, KINDS.get(stream, stream), name)


def test_recorded_oddities_mean_what_they_mean(database: sa.Engine, replay: Replay) -> None:
    store = Store(database)

    metrics = one(store, replay, "ticket_metric.business_differs_from_calendar.json")
    [ticket] = metrics.values()
    assert ticket["vendor_first_response_seconds"] == 8585 * 60
    assert ticket["vendor_first_response_business_seconds"] == 1865 * 60

    reopened = one(store, replay, "ticket_metrics.three_tickets.nulls_and_reopen.json")
    assert any(
        row["vendor_first_resolution_seconds"] is not None and row["vendor_full_resolution_seconds"] is None
        for row in reopened.values()
    )

    [schedule] = one(store, replay, "schedules.eastern_rails_name.json").values()
    assert schedule["timezone"] == "America/New_York"
    assert schedule["weekly"] == {str(day): [[9 * 3600, 17 * 3600]] for day in range(5)}

    calls = one(store, replay, "talk_incremental_calls.failed_and_completed.json")
    assert {row["outcome"] for row in calls.values()} >= {"failed"}

    offered = one(store, replay, "satisfaction_ratings.offered_with_reason.json")
    assert all(row["rated_at"] is None and row["offered_at"] is not None for row in offered.values())

    users = one(store, replay, "users.end_user.json")
    assert {row["is_staff"] for row in users.values()} == {False}


@pytest.mark.parametrize("path", ERRORS, ids=lambda path: path.stem)
def test_recorded_refusals_are_errors_by_consequence(path: Path, database: sa.Engine, replay: Replay) -> None:
    """Each is met on the ticket export; what may pass is asked again, the rest is said without the query."""
    recorded = json.loads(path.read_text())
    status = int(recorded.get("_status") or path.stem.split("_")[1])
    expected = {400: Unexpected, 401: Misconfigured, 403: Unsupported, 404: Unsupported, 422: Unexpected}
    replay.asked.clear()
    replay.answers = {PATHS["tickets"]: (status, body_of(path))}

    if status in expected:
        with pytest.raises(expected[status]) as caught:
            pull(replay, Store(database), path.name, "tickets")
        assert "start_time" not in str(caught.value)
        assert len(replay.asked) == 1
    else:
        pull(replay, Store(database), path.name, "tickets")
        assert len(replay.asked) == 2


def test_the_sync_command_keeps_every_recorded_row(
    replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Round by round each address answers with its next recording, until all were served."""
    monkeypatch.chdir(tmp_path)
    prefix = "DESKPULSE_ACCOUNTS__ACME__"
    given = {"CONNECTOR": "zendesk", "SUBDOMAIN": "acme", "ACCESS_TOKEN": "t", "BASE_URL": replay.url}
    for name, value in given.items():
        monkeypatch.setenv(prefix + name, value)
    rounds: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for path in PAGES:
        body = envelope(path)
        [key] = [key for key in LISTED if key in body]
        rounds.setdefault(LISTED[key][1], []).append((key, body))
    wanted: set[tuple[str, str]] = set()
    policies = LISTED["sla_policies"][
        1
    ]  # asked twice: by their stream, and whether SLA steps are worth a request

    for number in range(max(map(len, rounds.values()))):
        now = {address: left[number] for address, left in rounds.items() if number < len(left)}
        replay.answers = {address: (200, body) for address, (_, body) in now.items()}
        replay.steady = {policies: rounds[policies][0][1]}
        done = CliRunner().invoke(app, ["sync", "--full"])
        assert done.exit_code == 0, done.output
        assert not set(replay.answers) & set(now), "asked of every address"
        wanted |= {(LISTED[key][0], str(row["id"])) for key, body in now.values() for row in body[key]}

    engine = open_database(f"sqlite:///{tmp_path / 'deskpulse.db'}")
    store = Store(engine)
    aside = {(row.stream, row.row_id) for row in store.rejected("acme")}
    kept = {
        (name, key) for name, _ in LISTED.values() for key in stored(store, KINDS.get(name, name), "acme")
    }
    audits = {name for name in wanted if name[0] == "ticket_events"}
    assert wanted - audits <= kept | aside
    told = {row["ticket_id"] for row in stored(store, "ticket_events", "acme").values()}
    assert audits
    assert told, "an audit becomes several events, which carry its ticket's id"
    assert len(wanted) > 50
    replay.steady = {}
    engine.dispose()
