"""The worked example of docs/decisions.md is what the code makes of that ticket."""

import re
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.kpi_desk import Desk, records

PAGE = Path(__file__).parent.parent / "docs" / "decisions.md"
TICKET: dict[str, Any] = {
    "id": "1042",
    "channel": "email",
    "events": [
        {"at": "2024-03-04T09:00:00Z", "ev": "created", "by": "end_user", "group": "first-line"},
        {"at": "2024-03-04T09:00:20Z", "ev": "comment", "by": "bot", "public": True},
        {"at": "2024-03-04T09:10:00Z", "ev": "assign", "to": "ann"},
        {"at": "2024-03-04T09:15:00Z", "ev": "comment", "by": "agent", "author": "ann", "public": False},
        {"at": "2024-03-04T09:42:30Z", "ev": "comment", "by": "agent", "author": "ann", "public": True},
        {"at": "2024-03-04T09:42:30Z", "ev": "status", "to": "pending"},
        {"at": "2024-03-04T10:00:00Z", "ev": "comment", "by": "end_user", "public": True},
        {"at": "2024-03-04T10:00:00Z", "ev": "status", "to": "open"},
        {"at": "2024-03-04T10:10:00Z", "ev": "assign", "to": "bob"},
        {"at": "2024-03-04T10:30:00Z", "ev": "comment", "by": "agent", "author": "bob", "public": True},
        {"at": "2024-03-04T11:00:00Z", "ev": "status", "to": "solved"},
        {"at": "2024-03-06T09:00:00Z", "ev": "comment", "by": "end_user", "public": True},
        {"at": "2024-03-06T09:00:00Z", "ev": "status", "to": "open"},
        {"at": "2024-03-06T10:30:00Z", "ev": "comment", "by": "agent", "author": "bob", "public": True},
        {"at": "2024-03-06T10:30:00Z", "ev": "status", "to": "solved"},
    ],
}


def written() -> dict[str, float]:
    """KPI → our figure, as the page's table of the example says."""
    example = PAGE.read_text(encoding="utf-8").split("## One ticket")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+)", example, re.MULTILINE)
    return {kpi: float(figure.replace(",", "")) for kpi, figure in rows}


def test_the_worked_example_is_what_the_code_makes_of_that_ticket(database: sa.Engine) -> None:
    desk = Desk(database)
    desk.show("2024-06-01T00:00:00Z", *records(TICKET))

    figures = {}
    for kpi in written():
        rows = desk.rows(kpi, grain="month")
        figures[kpi] = next(row["value"] for row in rows if row["statistic"] in ("value", "p50"))

    assert len(figures) >= 12
    assert figures == written()


def test_every_contradiction_is_settled() -> None:
    settled = re.findall(r"^\| (C\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert settled == [f"C{number}" for number in range(1, 19)]
