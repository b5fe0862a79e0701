"""The author's door: what a stranger's connector may import, and that it stays."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import page_blocks
import pytest

import connectors
from connectors import testkit

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "django_helpdesk"

PROMISED = """
AgentTimeRecord Answer ApiClient Auth Basic Bearer BrandRecord Bucket BusinessFigureRecord CallLegRecord
CallOutcome CallRecord Channel Checked ClientCredentials Clock Connector ConnectorError ConnectorSettings
Cursor CustomerRecord Direction EventKind Failure FieldRecord GroupRecord Instant Limits Listed
MembershipRecord Misconfigured Observation OrganisationRecord Page PageSize Patience PersonRecord Priority
PurchaseRecord RateLimited RatingRecord Record RefreshToken Rejected Retired Role Rows ScheduleRecord Seen
SlaEventKind SlaEventRecord SlaPolicyRecord Sleep Source Status StatusRecord Stream SurveyType
TicketEventRecord TicketRecord TimeEntryRecord Unavailable Undecodable Unexpected Unsupported convert_row
decode utc_now
"""
"""Names are added here on purpose, and taken away with a major version only."""


def test_the_door_is_what_is_promised() -> None:
    assert sorted(connectors.__all__) == sorted(PROMISED.split())


def test_every_name_of_the_door_is_there() -> None:
    assert [name for name in connectors.__all__ if not hasattr(connectors, name)] == []
    assert [name for name in testkit.__all__ if not hasattr(testkit, name)] == []


def test_the_door_holds_its_types() -> None:
    """As the file of promises says, and as the example of a connector uses them."""
    checked = ["tests/door_for_authors.py", str(EXAMPLE / "deskpulse_django_helpdesk")]
    command = [sys.executable, "-m", "mypy", "--strict", *checked]
    found_at = {**os.environ, "MYPYPATH": str(EXAMPLE)}

    done = subprocess.run(command, cwd=ROOT, env=found_at, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


SOURCES = [
    *(text for name, text in page_blocks.files().items() if name.endswith(".py")),
    *(path.read_text() for path in EXAMPLE.rglob("*.py")),
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.splitlines()[0][:60])
def test_a_strangers_connector_needs_nothing_else_of_ours(source: str) -> None:
    assert set(ours(source)) <= {"connectors", "connectors.testkit"}


def test_the_kit_for_tests_is_the_only_part_that_needs_pytest() -> None:
    """deskpulse is installed without it."""
    loaded = (
        "import sys, connectors, connectors.registry, connectors.files; sys.exit('pytest' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0


def ours(source: str) -> Iterator[str]:
    """Modules of deskpulse's that a source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        else:
            named = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (
            name for name in named if name.partition(".")[0] in ("connectors", "kpi", "storage", "sync")
        )
