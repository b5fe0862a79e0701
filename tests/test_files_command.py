"""`deskpulse files template`: an empty file to fill in."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from connectors.files import KINDS, kind_named, template
from sync.cli import app


def deskpulse(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["files", *arguments])


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_an_empty_file_of_each_kind_is_written(kind: str, tmp_path: Path) -> None:
    done = deskpulse("template", kind, "--folder", str(tmp_path))

    assert done.exit_code == 0, done.output
    assert (tmp_path / f"{kind}.csv").read_text() == template(kind_named(kind))
    assert f"{kind}.csv written" in done.output.replace("\n", "")


def test_without_a_folder_it_is_written_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert deskpulse("template", "calls").exit_code == 0
    assert (tmp_path / "calls.csv").exists()


def test_what_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("mine")

    done = deskpulse("template", "calls", "--folder", str(tmp_path))

    assert done.exit_code == 2
    assert "exists already" in done.output
    assert (tmp_path / "calls.csv").read_text() == "mine"


def test_an_unknown_kind_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    done = deskpulse("template", "call", "--folder", str(tmp_path))

    assert done.exit_code == 2
    assert "survey_answers" in done.output


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    done = deskpulse("template", "calls", "--folder", str(tmp_path / "gone"))

    assert done.exit_code == 2
    assert "cannot be written" in done.output
