"""The drop folder keeps what every connector promises."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors import Cursor, Page, Stream
from connectors.files import KINDS, FilesConnector, example
from connectors.testkit import ConnectorContract

ANSWERS = 2500  # three pages


class _Files(ConnectorContract):
    connector = FilesConnector
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def fill(self, tmp_path: Path) -> None:
        """One file of each kind, and one that takes several pages."""
        folder = tmp_path / "drop"
        folder.mkdir()
        for kind in KINDS:
            (folder / f"{kind.name}.csv").write_text(example(kind))
        lines = [f"nps,{number % 11},c-{number},2026-11-02\n" for number in range(ANSWERS)]
        self.waves = folder / "survey_answers-waves.csv"
        self.waves.write_text("survey_type,score,respondent_id,answered_at\n" + "".join(lines))
        self.settings: Mapping[str, Any] = {"directory": str(folder)}
        self.wrong: Mapping[str, Any] = {"directory": str(tmp_path / "gone")}

    def spoil(self) -> None:
        self.waves.write_text(self.waves.read_text().replace("nps,7,c-7,", "nps,seven,c-7,"))


class TestFiles(_Files):
    @pytest.fixture(autouse=True)
    def drop(self, tmp_path: Path) -> None:
        self.fill(tmp_path)


class Silent(FilesConnector):
    """Drops what it cannot read."""

    def streams(self) -> Sequence[Stream]:
        return [replace(stream, pull=partial(_without_rejected, stream)) for stream in super().streams()]


async def _without_rejected(stream: Stream, cursor: Cursor | None) -> AsyncIterator[Page]:
    async for page in stream.pull(cursor):
        yield replace(page, rejected=())


class Forgetful(FilesConnector):
    """Moves on before it has given everything."""

    def streams(self) -> Sequence[Stream]:
        return [replace(stream, pull=partial(_with_the_last_cursor, stream)) for stream in super().streams()]


async def _with_the_last_cursor(stream: Stream, cursor: Cursor | None) -> AsyncIterator[Page]:
    pages = [page async for page in stream.pull(cursor)]
    for page in pages:
        yield replace(page, cursor=pages[-1].cursor)


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (Silent, "test_an_unreadable_row_is_set_aside_with_a_reason_and_the_rest_goes_on"),
        (Forgetful, "test_a_walk_cut_after_any_page_gives_the_same_records"),
    ],
)
def test_a_connector_without_http_is_found_out_too(
    kind: type[FilesConnector], promise: str, tmp_path: Path
) -> None:
    tested = _Files()
    tested.connector = kind  # type: ignore[misc]
    tested.fill(tmp_path)

    with pytest.raises(AssertionError):
        getattr(tested, promise)()
