"""The bare loop: GET a page, decode it, executemany of 25 columns. What nobody can do without.

`python -m tests.bench.bare URL TOKEN DATABASE_URL` prints what it cost, start-up apart, as JSON.
"""

import json
import sqlite3
import sys
import time
from typing import Any

import httpx
import msgspec
import psycopg

COLUMNS = (
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
)


def main(url: str, token: str, database: str) -> None:
    names = ", ".join(COLUMNS)
    if database.startswith("sqlite"):
        connection: Any = sqlite3.connect(database.removeprefix("sqlite:///"))
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"CREATE TABLE tickets ({names.replace('id,', 'id PRIMARY KEY,', 1)})")
        marks = ", ".join("?" * len(COLUMNS))
    else:
        connection = psycopg.connect(database.replace("+psycopg", ""))
        columns = ", ".join(f"{name} text" for name in COLUMNS).replace("id text", "id text PRIMARY KEY", 1)
        connection.execute(f"CREATE TABLE bare_tickets ({columns})")
        marks = ", ".join(["%s"] * len(COLUMNS))
    table = "tickets" if database.startswith("sqlite") else "bare_tickets"
    insert = f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET status = excluded.status"
    params: dict[str, Any] = {"start_time": 1}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        while True:
            params |= {"per_page": 1000, "include": "metric_sets", "support_type_scope": "all"}
            page = msgspec.json.decode(
                client.get("/api/v2/incremental/tickets/cursor", params=params).content
            )
            cursor = connection.cursor()
            cursor.executemany(
                insert, [[_cell(row.get(name)) for name in COLUMNS] for row in page["tickets"]]
            )
            connection.commit()
            if page["end_of_stream"]:
                connection.close()
                return
            params = {"cursor": page["after_cursor"]}


def _cell(value: Any) -> str | None:
    return None if value is None else str(value)


if __name__ == "__main__":
    startup_cpu_seconds, began = time.process_time(), time.monotonic()
    main(*sys.argv[1:])
    told = {
        "startup_cpu_seconds": startup_cpu_seconds,
        "cpu_seconds": time.process_time() - startup_cpu_seconds,
        "seconds": time.monotonic() - began,
    }
    print(json.dumps(told))
