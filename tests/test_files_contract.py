"""The drop folder keeps what every connector promises."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.files import KINDS, FilesConnector, example
from connectors.testkit import ConnectorContract

ANSWERS = 2500  # three pages


class TestFiles(ConnectorContract):
    connector = FilesConnector
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    @pytest.fixture(autouse=True)
    def drop(self, tmp_path: Path) -> None:
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
