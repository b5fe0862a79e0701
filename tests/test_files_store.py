"""The drop folder down to the database: corrected files replace their rows, and no file stops the others."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors import Cursor
from connectors.files import KINDS, FilesConnector, FilesSettings
from storage.store import Store
from storage.tables import TABLES

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HEADER = "id,survey_type,score,comment,answered_at\n"


class Office:
    """An account of one drop folder, synced by hand."""

    def __init__(self, folder: Path, database: sa.Engine) -> None:
        self.folder = folder
        self.store = Store(database, clock=lambda: NOW)

    def drop(self, name: str, *lines: str) -> None:
        (self.folder / name).write_text(HEADER + "".join(f"{line}\n" for line in lines))

    def sync(self, pages: int = 1_000) -> None:
        asyncio.run(self._sync(pages))

    async def _sync(self, pages: int) -> None:
        settings = FilesSettings(since=NOW, events_since=NOW, directory=self.folder)
        for stream in FilesConnector(settings, clock=lambda: NOW).streams():
            known = self.store.checkpoint("office", stream.name)
            cursor: Cursor | None = json.loads(json.dumps(known.cursor)) if known and known.cursor else None
            count = 0
            async for page in stream.pull(cursor):
                self.store.save("office", stream.name, page)
                count += 1
                if count == pages:
                    break

    def rows(self, kind: str = "ratings") -> dict[str, Any]:
        with self.store.transaction() as connection:
            found = connection.execute(sa.select(TABLES[kind])).mappings()
            return {row["id"]: row.get("score") for row in found}

    def set_aside(self) -> int:
        with self.store.transaction() as connection:
            return len(connection.execute(sa.text("SELECT 1 FROM rejected_rows")).all())


@pytest.fixture
def office(tmp_path: Path, database: sa.Engine) -> Office:
    (tmp_path / "drop").mkdir()
    return Office(tmp_path / "drop", database)


def test_a_corrected_file_replaces_its_rows_and_no_others(office: Office) -> None:
    office.drop("survey_answers-1.csv", "a,nps,9,,2026-11-02", "b,nps,2,,2026-11-02")
    office.drop("survey_answers-2.csv", "c,nps,5,,2026-11-02")
    office.sync()

    office.drop("survey_answers-1.csv", "a,nps,10,,2026-11-02")
    office.sync()

    assert office.rows() == {"a": 10.0, "c": 5.0}


def test_a_corrected_line_is_no_longer_set_aside(office: Office) -> None:
    office.drop("survey_answers.csv", "a,nps,nine,,2026-11-02", "b,nps,2,,2026-11-02")
    office.sync()
    assert (office.rows(), office.set_aside()) == ({"b": 2.0}, 1)

    office.drop("survey_answers.csv", "a,nps,9,,2026-11-02", "b,nps,2,,2026-11-02")
    office.sync()

    assert (office.rows(), office.set_aside()) == ({"a": 9.0, "b": 2.0}, 0)


def test_a_sync_that_was_killed_between_pages_goes_on(office: Office) -> None:
    office.drop("survey_answers.csv", *[f"{number},nps,{number % 11},,2026-11-02" for number in range(1500)])

    office.sync(pages=2)
    assert len(office.rows()) == 1000
    office.sync()

    assert len(office.rows()) == 1500


HORRID = {
    "nothing": b"",
    "a line end": b"\n",
    "a header alone": b"id,survey_type\n",
    "no line end": b"id,survey_type,score,answered_at\nx,nps,1,2026-11-02",
    "zero bytes": b"id,survey_type\n\x00\x00,\x00\n",
    "zeros in a text": b"id,survey_type,score,comment,answered_at\ny,nps,3,a\x00b,2026-11-02\n",
    "an open quote": b'id,survey_type,comment\nx,nps,"never closed\n' + b"line\n" * 50,
    "a cell of two megabytes": b"id,survey_type,comment\nx,nps," + b"x" * 2_000_000 + b"\n",
    "a program": bytes(range(256)) * 40,
    "UTF-16 cut in the middle": "id,survey_type\nx,nps\n".encode("utf-16")[:-1],
    "half an emoji": b'id,survey_type,score,comment,answered_at\nz,nps,4,"\xf0\x9f",2026-11-02\n',
    "a column twice": b"id,id,survey_type\na,b,nps\n",
    "columns without names": b",,,\n1,2,3,4\n",
    "a million commas": b"id,survey_type\n" + b"," * 1_000_000 + b"\n",
}
HORRID_JSON = {
    "deep": b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
    "half an emoji in JSON": b'{"id": "q", "survey_type": "nps", "score": 5, "comment": "\\ud83d", '
    b'"answered_at": "2026-11-02"}\n',
    "numbers beyond numbers": b'{"id": 1e999, "survey_type": "nps", "score": 1e400}\n',
    "an id that is a list": b'{"id": [1, {"a": 2}], "survey_type": "nps", "score": null}\n',
    "a huge whole number": b'{"id": "w", "survey_type": "nps", "score": ' + b"9" * 5_000 + b"}\n",
}


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_no_file_however_odd_stops_the_others(office: Office, kind: str) -> None:
    for number, content in enumerate([*HORRID.values(), *HORRID_JSON.values()]):
        suffix = "csv" if number < len(HORRID) else "jsonl"
        (office.folder / f"{kind}-{number}.{suffix}").write_bytes(content)
    office.drop("survey_answers-zz.csv", "good,nps,9,,2026-11-02")

    office.sync()
    before = office.rows(), office.set_aside()
    office.sync()

    assert office.rows()["good"] == 9.0
    assert office.set_aside() > 0
    assert (office.rows(), office.set_aside()) == before
