"""The bare loop: GET a page, decode it, executemany of 25 columns. What nobody can do without.

`python -m tests.bench.bare VENDOR SETTINGS DATABASE_URL` prints what it cost, start-up apart, as JSON.
SETTINGS are the sandbox's, as JSON.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx
import msgspec
import psycopg

Row = Mapping[str, Any]
Pages = Iterator[Sequence[Row]]

ZENDESK = [
    "id",
    "generated_timestamp",
    "created_at",
    "updated_at",
    "status",
    "priority",
    "type",
    "subject",
    "requester_id",
    "submitter_id",
    "assignee_id",
    "group_id",
    "organization_id",
    "brand_id",
    "ticket_form_id",
    "custom_status_id",
    "external_id",
    "recipient",
    "problem_id",
    "due_at",
    "is_public",
    "has_incidents",
    "encoded_id",
    "support_type",
    "url",
]
FRESHDESK = [
    "id",
    "created_at",
    "updated_at",
    "status",
    "priority",
    "type",
    "subject",
    "source",
    "requester_id",
    "responder_id",
    "group_id",
    "company_id",
    "product_id",
    "email_config_id",
    "due_by",
    "fr_due_by",
    "is_escalated",
    "fr_escalated",
    "spam",
    "tags",
    "custom_fields",
    "stats",
    "association_type",
    "to_emails",
    "form_id",
]
HUBSPOT = [
    "id",
    "subject",
    "hs_pipeline",
    "hs_pipeline_stage",
    "hs_ticket_priority",
    "hs_ticket_category",
    "source_type",
    "createdate",
    "closed_date",
    "hs_lastmodifieddate",
    "hubspot_owner_id",
    "hubspot_team_id",
    "time_to_close",
    "time_to_first_agent_reply",
    "first_agent_reply_date",
    "hs_is_closed",
    "hs_object_id",
    "hs_merged_object_ids",
    "hs_num_times_contacted",
    "hs_last_closed_date",
    "hs_tag_ids",
    "hs_createdate",
    "hs_object_source",
    "createdAt",
    "updatedAt",
]
_HISTORY = {"propertiesWithHistory": "hs_pipeline_stage,hubspot_owner_id", "limit": 50}


def zendesk(client: httpx.Client, settings: Mapping[str, str]) -> Pages:
    asked = {"grant_type": "client_credentials", "client_id": settings["client_id"], "scope": "read"}
    token = client.post("/oauth/tokens", json={**asked, "client_secret": settings["client_secret"]}).json()
    client.headers["Authorization"] = f"Bearer {token['access_token']}"
    params: dict[str, Any] = {"start_time": 1}
    while True:
        params |= {"per_page": 1000, "include": "metric_sets", "support_type_scope": "all"}
        page = _get(client, "/api/v2/incremental/tickets/cursor", params)
        yield page["tickets"]
        if page["end_of_stream"]:
            return
        params = {"cursor": page["after_cursor"]}


def freshdesk(client: httpx.Client, settings: Mapping[str, str]) -> Pages:
    client.auth = (settings["api_key"], "X")
    since = "2000-01-01T00:00:00Z"
    fixed = {"order_by": "updated_at", "order_type": "asc", "include": "stats", "per_page": 100, "page": 1}
    while True:
        rows = _get(client, "/api/v2/tickets", {"updated_since": since, **fixed})
        yield rows
        if len(rows) < 100 or rows[-1]["updated_at"] == since:
            return
        since = rows[-1]["updated_at"]


def hubspot(client: httpx.Client, settings: Mapping[str, str]) -> Pages:
    client.headers["Authorization"] = f"Bearer {settings['access_token']}"
    params: dict[str, Any] = {
        "properties": ",".join(HUBSPOT[1:-2]),
        "associations": "contacts,companies",
        **_HISTORY,
    }
    while True:
        page = _get(client, "/crm/objects/2026-09/tickets", params)
        yield [{**row, **row["properties"]} for row in page["results"]]
        if "paging" not in page:
            return
        params["after"] = page["paging"]["next"]["after"]


VENDORS: Mapping[str, tuple[Callable[[httpx.Client, Mapping[str, str]], Pages], Sequence[str]]] = {
    "zendesk": (zendesk, ZENDESK),
    "freshdesk": (freshdesk, FRESHDESK),
    "hubspot": (hubspot, HUBSPOT),
}


def main(vendor: str, settings: Mapping[str, str], database: str) -> int:
    """How many rows it read."""
    walk, columns = VENDORS[vendor]
    assert len(columns) == 25
    connection, mark = _opened(database, columns)
    insert = (
        f"INSERT INTO bare_tickets ({', '.join(columns)}) VALUES ({', '.join([mark] * len(columns))}) "
        f"ON CONFLICT (id) DO UPDATE SET subject = excluded.subject"
    )
    rows = 0
    with httpx.Client(base_url=settings["base_url"], timeout=60) as client:
        for page in walk(client, settings):
            cursor = connection.cursor()
            cursor.executemany(insert, [[_cell(row.get(name)) for name in columns] for row in page])
            connection.commit()
            rows += len(page)
    connection.close()
    return rows


def _opened(database: str, columns: Sequence[str]) -> tuple[Any, str]:
    table = f"CREATE TABLE bare_tickets (id text PRIMARY KEY, {', '.join(f'{name} text' for name in columns[1:])})"
    if database.startswith("sqlite"):
        connection: Any = sqlite3.connect(database.removeprefix("sqlite:///"))
        connection.execute("PRAGMA journal_mode=WAL")
    else:
        connection = psycopg.connect(database.replace("+psycopg", ""))
    connection.execute(table)
    return connection, "?" if database.startswith("sqlite") else "%s"


def _get(client: httpx.Client, path: str, params: Mapping[str, Any]) -> Any:
    return msgspec.json.decode(client.get(path, params=params).raise_for_status().content)


def _cell(value: Any) -> str | None:
    return None if value is None else str(value)


if __name__ == "__main__":
    startup_cpu_seconds, began = time.process_time(), time.monotonic()
    rows = main(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3])
    told = {
        "rows": rows,
        "startup_cpu_seconds": startup_cpu_seconds,
        "cpu_seconds": time.process_time() - startup_cpu_seconds,
        "seconds": time.monotonic() - began,
    }
    print(json.dumps(told))
