"""Recorded and documented answers of HubSpot, replayed into a real store: stored, or set aside with a reason.

The recordings lie beside the repository, not in it; the shapes they show are tested with rows of our own
in the other files, so that nothing is untested where they are missing.
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fake_vendor import Time

from connectors import ConnectorError, RateLimited, Unexpected, Unsupported
from connectors.failures import failure_of, judge
from connectors.hubspot import HubSpotConnector, HubSpotSettings, refusals
from connectors.hubspot.tickets import associated
from connectors.patience import Again
from storage.store import Saved, Store

RECORDED = Path(__file__).parent.parent.parent / "shared" / "payloads" / "hubspot"
__test__ = RECORDED.is_dir()

NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


def rows(*names: str) -> list[Any]:
    found: list[Any] = []
    for name in names:
        body = recorded(name)
        found += body.get("results", [body])
    return found


def warehouse_rows() -> list[Any]:
    """Rows that a warehouse made of tickets, as the tickets they were."""
    made = []
    for row in recorded("derived_ticket_rows_fivetran_seed"):
        named = {name.removeprefix("property_"): value for name, value in row.items() if "property_" in name}
        dates = {name: value.replace(" ", "T") for name, value in named.items() if "date" in name}
        made.append({"id": row["id"], "properties": {**named, **dates}, "archived": False})
    return made


class Replay(httpx.AsyncBaseTransport):
    """Answers each address with rows that were recorded there; a list of tickets in pages of ten."""

    def __init__(self) -> None:
        self.served: list[Any] = []
        tickets = rows(
            "tickets_list_v3_200_no_paging", "tickets_list_v3_200_dlt", "ticket_get_v3_200",
            "ticket_create_v3_200", "ticket_stage_history_batch_read_excerpt",
        )  # fmt: skip
        self.lists: dict[tuple[str, bool], Sequence[Any]] = {
            ("tickets", False): [*tickets, *warehouse_rows()],
            ("tickets", True): rows("synthetic/tickets_archived_page_SYNTHETIC"),
            ("companies", False): rows("company_v3_estuary", "company_merged_airbyte_2023"),
            ("feedback_submissions", False): rows("synthetic/feedback_all_types_SYNTHETIC"),
        }
        found = rows("tickets_search_v3_200_page1_with_paging")
        self.searches = {
            "tickets": sorted(found, key=lambda row: int(row["id"])),
            "calls": rows("calls_list_2026-03_properties_estuary", "synthetic/call_SYNTHETIC"),
        }
        self.owners = {
            "false": rows("owner_get_v3_200", "owner_v3_estuary_2026-08"),
            "true": rows("owners_archived_v3_200"),
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path, query = request.url.path, request.url.params
        archived = query.get("archived", "false")
        if "/owners/" in path:
            return self._rows(self.owners[archived])
        if "/pipelines/" in path:
            return self._rows(rows("synthetic/ticket_pipelines_SYNTHETIC"))
        if path.endswith("/batch/read"):
            return httpx.Response(207, json={"results": [], "errors": []})
        kind = path.removeprefix("/crm/objects/2026-09/").removesuffix("/search")
        if path.endswith("/search"):
            asked = json.loads(request.content)["filterGroups"][0]["filters"]
            above = max((int(each["value"]) for each in asked if each["operator"] == "GT"), default=0)
            found = [row for row in self.searches.get(kind, []) if int(row.get("id", above + 1)) > above]
            return self._rows(found, total=len(found))
        start = int(query.get("after", 0))
        some = self.lists.get((kind, archived == "true"), [])
        more = {"paging": {"next": {"after": str(start + 10)}}} if start + 10 < len(some) else {}
        return self._rows(some[start : start + 10], **more)

    def _rows(self, some: Sequence[Any], **more: Any) -> httpx.Response:
        self.served += some
        return httpx.Response(200, json={"results": list(some), **more})


def test_every_recorded_row_is_stored_or_set_aside_with_a_reason(database: sa.Engine) -> None:
    replay, time, store, saved = Replay(), Time(NOW), Store(database, clock=lambda: NOW), Saved()
    ids: set[tuple[str, str]] = set()
    reasons: list[str] = []

    async def walk() -> Saved:
        connector = HubSpotConnector(
            HubSpotSettings(
                access_token="pat-x",  # type: ignore[arg-type] # as pydantic takes it
                since=NOW - timedelta(days=6_000),
                events_since=NOW - timedelta(days=6_000),
            ),
            clock=time.clock,
            sleep=time.sleep,
            transport=replay,
        )
        done = Saved()
        for stream in connector.streams():
            async for page in stream.pull(None):
                done += store.save("acme", stream.name, page)
                ids.update((record.kind, record.id) for record in page.records)
                reasons.extend(rejected.reason for rejected in page.rejected)
        await connector.aclose()
        return done

    saved = asyncio.run(walk())

    named = {str(row["id"]) for row in replay.served if "id" in row and "stages" not in row}
    set_aside = {row.row_id for row in store.rejected()}
    assert named <= {number for _, number in ids} | set_aside
    nameless = {json.dumps(row) for row in replay.served if "id" not in row}
    assert len([number for number in set_aside if number.startswith("row-")]) == len(nameless) == 10
    assert saved.rejected == len(reasons) >= len(set_aside)
    assert not [row.row for row in store.rejected() if "call_body" in json.dumps(row.row)]
    assert all(reasons)
    with database.connect() as connection:
        for kind, least in (("tickets", 36), ("ratings", 9), ("people", 2), ("calls", 1), ("statuses", 4)):
            assert connection.execute(sa.text(f"SELECT count(*) FROM {kind}")).scalar_one() >= least, kind


@pytest.mark.parametrize(
    ("name", "status", "outcome"),
    [
        ("error_400_many_invalid_properties", 400, Unexpected),
        ("error_400_unknown_object_type", 400, Unsupported),
        ("error_403_missing_scopes_granular", 403, Unsupported),
        ("error_409_conflict", 409, ConnectorError),
        ("error_429_daily", 429, RateLimited),
        ("error_429_search_secondly", 429, RateLimited),
        ("error_429_search_secondly", 500, RateLimited),
    ],
)
def test_every_recorded_refusal_is_one_of_the_four_kinds(
    name: str, status: int, outcome: type[ConnectorError]
) -> None:
    failure = failure_of(status, "/crm/objects/2026-09/tickets", json.dumps(recorded(name)).encode(), {})
    judged = judge(failure, refusals.classify(failure), NOW)

    assert isinstance(judged.error if isinstance(judged, Again) else judged, outcome)


def test_recorded_headers_tell_the_budgets_they_hold() -> None:
    oauth = recorded("tickets_list_v3_200_response_headers")["headers"]
    search = recorded("tickets_search_v3_200_request_and_headers")["headers"]
    private = {name.lower(): value for name, value in recorded("headers_private_app_400_2022").items()}

    assert [seen.total for seen in refusals.observe(oauth)] == [110]
    assert refusals.observe(search) == []
    assert [seen.total for seen in refusals.observe(private)] == [150]
    assert refusals.day_left(private) == pytest.approx(498_677 / 500_000)


def test_recorded_inline_associations_give_an_id_or_none() -> None:
    found = recorded("tasks_list_v3_200_inline_associations")["response"]
    tasks = found.get("data", found)["results"]

    assert [associated(task, "contacts") for task in tasks] == ["713802347732", "713903210728", None, None]
