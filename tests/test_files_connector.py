"""The drop folder: what is read, once, with every bad line named."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors import Misconfigured, Page, Record
from connectors.files import (
    KINDS,
    FilesConnector,
    FilesSettings,
    example,
    kind_named,
    template,
    write_template,
)
from kpi.catalog.figures import FIGURE_TITLES
from storage.records import RatingRecord, SurveyType, TicketRecord

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HEADER = "survey_type,score,respondent_id,answered_at\n"


def connector(folder: Path, **extra: Any) -> FilesConnector:
    settings = FilesSettings(since=NOW, events_since=NOW, directory=folder, **extra)
    return FilesConnector(settings, clock=lambda: NOW)


def pull(folder: Path, kind: str, cursor: Mapping[str, Any] | None = None, **extra: Any) -> list[Page]:
    async def walk() -> list[Page]:
        streams = {stream.name: stream for stream in connector(folder, **extra).streams()}
        return [page async for page in streams[kind].pull(cursor)]

    return asyncio.run(walk())


def records(pages: Sequence[Page]) -> list[Record]:
    return [record for page in pages for record in page.records]


def last_cursor(pages: Sequence[Page]) -> Mapping[str, Any]:
    cursor = [page.cursor for page in pages if page.cursor is not None][-1]
    read: Mapping[str, Any] = json.loads(json.dumps(cursor))
    return read


def nps(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_example_of_every_kind_can_be_read(kind: Any, tmp_path: Path) -> None:
    (tmp_path / f"{kind.name}.csv").write_text(example(kind))

    pages = pull(tmp_path, kind.name)

    assert [type(record) for record in records(pages)] == [kind.record]
    assert [page.rejected for page in pages if page.rejected] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_published_example_is_the_one_of_the_code(kind: Any) -> None:
    published = Path(__file__).parent.parent / "docs" / "examples" / "files" / f"{kind.name}.csv"

    assert published.read_text() == example(kind)


def test_a_template_is_an_empty_file_of_its_kind(tmp_path: Path) -> None:
    (tmp_path / "purchases.csv").write_text(template(kind_named("purchases")))

    assert records(pull(tmp_path, "purchases")) == []


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="survey_answers, servqual_answers"):
        kind_named("survey")


def test_a_line_becomes_a_record(tmp_path: Path) -> None:
    nps(tmp_path, "survey_answers-november.csv", "nps,9,c-1,2026-11-02T10:30:00+01:00")

    [rating] = records(pull(tmp_path, "survey_answers"))

    assert isinstance(rating, RatingRecord)
    assert (rating.survey_type, rating.score, rating.scale) == (SurveyType.NPS, 9.0, "0-10")
    assert rating.rated_at == datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def test_a_time_without_an_offset_is_read_in_the_accounts_zone(tmp_path: Path) -> None:
    nps(tmp_path, "survey_answers.csv", "nps,9,c-1,2026-07-02T10:30:00")

    [rating] = records(pull(tmp_path, "survey_answers", timezone="Europe/Paris"))

    assert isinstance(rating, RatingRecord)
    assert rating.rated_at == datetime(2026, 7, 2, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encoding_and_delimiter_are_recognised(tmp_path: Path, delimiter: str, encoding: str) -> None:
    header = delimiter.join(["survey_type", "score", "comment", "answered_at"])
    line = delimiter.join(["csat", "5", "Très bien", "2026-11-02T10:30:00Z"])
    (tmp_path / "survey_answers.csv").write_bytes(f"{header}\r\n{line}\r\n".encode(encoding))

    [rating] = records(pull(tmp_path, "survey_answers"))

    assert isinstance(rating, RatingRecord)
    assert rating.comment == "Très bien"


def test_json_lines_are_read_like_csv(tmp_path: Path) -> None:
    row = {"survey_type": "CES", "score": 6, "answered_at": "2026-11-02T10:30:00Z", "ticket_id": 77}
    (tmp_path / "survey_answers.jsonl").write_text(json.dumps(row) + "\n\nnot json\n[1]\n")

    pages = pull(tmp_path, "survey_answers")

    [rating] = records(pages)
    assert isinstance(rating, RatingRecord)
    assert (rating.scale, rating.ticket_id) == ("ease_1_7", "77")
    assert [rejected.reason for page in pages for rejected in page.rejected] == [
        "survey_answers.jsonl line 3: not a line of JSON",
        "survey_answers.jsonl line 4: not a JSON object",
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nps,eleven,c-1,2026-11-02", "score: 'eleven' is not a number"),
        ("nps,11,c-1,2026-11-02", "score 11 is outside the scale 0-10"),
        (
            "nsp,9,c-1,2026-11-02",
            "survey_type: 'nsp' is not one of csat, nps, ces, employee, sentiment, custom",
        ),
        ("nps,9,c-1,yesterday", "answered_at: 'yesterday' is not a time; write 2026-11-30T09:15:00Z"),
        (",9,c-1,2026-11-02", "survey_type is empty"),
        ("nps,9,c-1,", "score and answered_at belong together"),
        ("nps,9,c-1,2026-11-02,surplus", "more cells than the header names"),
    ],
)
def test_a_bad_line_is_set_aside_with_file_line_and_reason(tmp_path: Path, line: str, reason: str) -> None:
    nps(tmp_path, "survey_answers.csv", "nps,9,c-0,2026-11-02", line, "nps,3,c-2,2026-11-02")

    pages = pull(tmp_path, "survey_answers")

    [rejected] = [rejected for page in pages for rejected in page.rejected]
    assert rejected.reason.startswith(f"survey_answers.csv line 3: {reason}")
    assert rejected.row["cells"]["survey_type"] == line.split(",", maxsplit=1)[0]
    assert len(records(pages)) == 2


def test_a_file_is_read_once_however_often_it_is_seen(tmp_path: Path) -> None:
    path = nps(tmp_path, "survey_answers.csv", "nps,9,c-1,2026-11-02")
    first = pull(tmp_path, "survey_answers")
    os.utime(path, (1, 1))

    assert pull(tmp_path, "survey_answers", last_cursor(first)) == []


def test_a_copy_under_another_name_is_not_counted_twice(tmp_path: Path) -> None:
    nps(tmp_path, "survey_answers.csv", "nps,9,c-1,2026-11-02")
    first = pull(tmp_path, "survey_answers")
    nps(tmp_path, "survey_answers-copy.csv", "nps,9,c-1,2026-11-02")

    second = pull(tmp_path, "survey_answers", last_cursor(first))

    assert records(second) == []
    assert pull(tmp_path, "survey_answers", last_cursor(second)) == []


def test_a_copy_kept_beside_its_corrected_original_does_not_come_back(tmp_path: Path) -> None:
    nps(tmp_path, "survey_answers.csv", "nps,9,c-1,2026-11-02")
    nps(tmp_path, "survey_answers-before.csv", "nps,9,c-1,2026-11-02")
    first = pull(tmp_path, "survey_answers")
    nps(tmp_path, "survey_answers.csv", "nps,3,c-1,2026-11-02")

    second = pull(tmp_path, "survey_answers", last_cursor(first))

    assert [each.model_dump()["score"] for each in records(second)] == [3.0]


def test_a_corrected_file_retires_the_rows_it_no_longer_holds(tmp_path: Path) -> None:
    nps(tmp_path, "survey_answers.csv", "nps,9,c-1,2026-11-02", "nps,2,c-2,2026-11-02")
    first = pull(tmp_path, "survey_answers")
    origins = {record.origin for record in records(first)}
    nps(tmp_path, "survey_answers.csv", "nps,9,c-1,2026-11-02", "nps,8,c-2,2026-11-02")

    second = pull(tmp_path, "survey_answers", last_cursor(first))

    assert {retired.origin for page in second for retired in page.retired} == origins
    assert {record.id for record in records(first)} & {record.id for record in records(second)} == {
        records(first)[0].id
    }


def test_equal_lines_of_one_file_are_several_answers(tmp_path: Path) -> None:
    nps(tmp_path, "survey_answers.csv", *["nps,9,,2026-11-02"] * 3)

    assert len({record.id for record in records(pull(tmp_path, "survey_answers"))}) == 3


def test_a_half_read_file_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    nps(tmp_path, "survey_answers.csv", *[f"nps,{n % 11},c-{n},2026-11-02" for n in range(2500)])
    whole = pull(tmp_path, "survey_answers")
    cut = next(page.cursor for page in whole if page.cursor is not None)

    rest = pull(tmp_path, "survey_answers", json.loads(json.dumps(cut)))

    assert len(records(whole)) == 2500
    assert records(rest) == records(whole)[1000:]
    assert last_cursor(rest) == last_cursor(whole)


def test_a_sub_folder_may_name_the_kind(tmp_path: Path) -> None:
    folder = tmp_path / "business_figures"
    folder.mkdir()
    (folder / "november.csv").write_text("name,grain,period_start,value\norders,month,2026-11-01,1 180\n")

    [figure] = records(pull(tmp_path, "business_figures"))

    assert figure.model_dump(include={"name", "period_start", "value"}) == {
        "name": "orders",
        "period_start": date(2026, 11, 1),
        "value": 1180.0,
    }


def test_rows_about_another_account_are_stored_there(tmp_path: Path) -> None:
    (tmp_path / "agent_time.csv").write_text(
        "account,agent_id,day,available_seconds\nacme,7,2026-11-02,7:30\n,8,2026-11-02,3600\n"
    )

    pages = pull(tmp_path, "agent_time")

    assert [(page.account, len(page.records)) for page in pages] == [("acme", 1), (None, 1), (None, 0)]
    assert records(pages)[0].model_dump()["available_seconds"] == 27000


def test_an_archived_ticket_is_older_than_its_live_row(tmp_path: Path) -> None:
    (tmp_path / "archived_tickets.csv").write_text(
        "id,status,created_at,updated_at,tags\n5,Closed,2025-01-01,2025-01-09,vip; login\n"
    )

    [ticket] = records(pull(tmp_path, "archived_tickets"))

    assert isinstance(ticket, TicketRecord)
    assert ticket.version == int(datetime(2025, 1, 9, tzinfo=UTC).timestamp()) * 1_000_000
    assert ticket.tags == ["vip", "login"]


def test_effort_words_are_points_of_ease(tmp_path: Path) -> None:
    words = ["easy", "burdensome", "difficult"]
    nps(tmp_path, "survey_answers.csv", *[f"ces,{word},,2026-11-02" for word in words])

    scores = [record.model_dump()["score"] for record in records(pull(tmp_path, "survey_answers"))]

    assert scores == [7.0, 4.0, 1.0]


@pytest.mark.parametrize(
    ("survey_type", "scale", "score", "known"),
    [
        ("employee", "1-7", "6", "1-5, 0-10"),
        ("nps", "1-5", "4", "0-10"),
        ("ces", "1-5", "4", "ease_1_7, effort_1_7, ease_1_5, effort_1_5"),
        ("csat", "ease_1_7", "6", "1-5, good_bad, 1-2, 1-3, 1-7, 1-10, 0-10"),
        ("sentiment", "1-5", "4", "0-100"),
    ],
)
def test_an_answer_on_a_scale_that_its_survey_is_not_read_on_is_set_aside(
    tmp_path: Path, survey_type: str, scale: str, score: str, known: str
) -> None:
    (tmp_path / "survey_answers.csv").write_text(
        f"survey_type,scale,score,answered_at\n{survey_type},{scale},{score},2026-11-02\n"
    )

    [page] = pull(tmp_path, "survey_answers")

    assert page.records == []
    assert page.rejected[0].reason == (
        f"survey_answers.csv line 2: scale '{scale}' of {survey_type} is not one of {known}"
    )


def test_sentiment_goes_from_0_to_100_and_a_survey_of_no_standard_kind_as_it_likes(tmp_path: Path) -> None:
    (tmp_path / "survey_answers.csv").write_text(
        "survey_type,survey,scale,score,comment,answered_at\n"
        "sentiment,,,85,,2026-11-02\n"
        "custom,reviews,1-5 stars,4.5,Kind people,2026-11-02\n"
        "custom,mystery shopper,,12,,2026-11-03\n"
    )

    read = [each.model_dump() for each in records(pull(tmp_path, "survey_answers"))]

    assert [(each["survey_type"], each["scale"], each["score"]) for each in read] == [
        (SurveyType.SENTIMENT, "0-100", 85),
        (SurveyType.CUSTOM, "1-5 stars", 4.5),
        (SurveyType.CUSTOM, None, 12),
    ]


def test_a_figure_that_no_kpi_reads_is_kept_and_told(tmp_path: Path) -> None:
    (tmp_path / "business_figures.csv").write_text(
        "name,grain,period_start,value\n"
        "active_customer,month,2026-11-01,1180\nnew_customers,month,2026-11-01,12\norders,month,2026-11-01,90\n"
    )
    told: list[str] = []
    given = FilesSettings(since=NOW, events_since=NOW, directory=tmp_path)
    connector = FilesConnector(given, notify=told.append)
    [figures] = [stream for stream in connector.streams() if stream.name == "business_figures"]

    async def walk() -> list[Page]:
        return [page async for page in figures.pull(None)]

    assert len(records(asyncio.run(walk()))) == 3
    strange = (
        "business_figures.csv: no KPI reads the name active_customer, new_customers; those read are "
        "active_customers, orders, support_cost, automation_runs, automation_successes"
    )
    assert told == [strange]
    assert strange in asyncio.run(connector.check()).notes


def test_the_figures_that_are_known_are_those_of_the_catalogue() -> None:
    assert kind_named("business_figures").columns[1].known == tuple(FIGURE_TITLES)


def test_a_set_aside_line_can_be_mapped_again(tmp_path: Path) -> None:
    nps(tmp_path, "survey_answers.csv", "nps,eleven,c-1,2026-11-02")
    [rejected] = [rejected for page in pull(tmp_path, "survey_answers") for rejected in page.rejected]
    row = json.loads(json.dumps(rejected.row))
    row["cells"]["score"] = "10"
    streams = {stream.name: stream for stream in connector(tmp_path).streams()}
    retry = streams["survey_answers"].retry

    assert retry is not None
    [rating] = retry(row)
    assert rating.model_dump()["score"] == 10.0


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="is not a folder that can be read"):
        asyncio.run(connector(tmp_path / "gone").check())


def test_check_names_files_of_no_kind(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text(HEADER)

    checked = asyncio.run(connector(tmp_path).check())

    assert checked.notes[0].startswith("answers.csv: no kind; start its name with one of survey_answers")


def test_hidden_and_foreign_files_are_left_alone(tmp_path: Path) -> None:
    nps(tmp_path, ".survey_answers.csv", "nps,9,c-1,2026-11-02")
    (tmp_path / "survey_answers.xlsx").write_bytes(b"PK")

    assert pull(tmp_path, "survey_answers") == []


def test_an_unknown_zone_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="an IANA zone such as"):
        connector(tmp_path, timezone="Mars/Olympus")


def test_every_column_of_every_kind_is_documented() -> None:
    documented = (Path(__file__).parent.parent / "docs" / "files.md").read_text()

    for kind in KINDS:
        section = documented.split(f"## {kind.name}\n")[1].split("\n## ")[0]
        for column in kind.columns:
            assert f"| `{column.name}` | {'yes' if column.required else ''} |" in section


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("orders,month,2026-11-01,'1,180'", "value: '1,180' may be 1180 or 1.180; write that"),
        ("orders,month,2026-11-01,1e300", "value: '1e300' is larger than any figure can be"),
        ("orders,month,2026-11-01,inf", "value: 'inf' is not a number"),
        ("orders,month,0001-01-01,5", "period_start: '0001-01-01' is not between the years 1970 and 2199"),
        ("orders,month", "period_start is missing"),
    ],
)
def test_a_figure_that_could_mislead_is_refused(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "business_figures.csv").write_text(
        "name,grain,period_start,value\n" + line.replace("'", '"') + "\n"
    )

    [rejected] = [each for page in pull(tmp_path, "business_figures") for each in page.rejected]

    assert rejected.reason == f"business_figures.csv line 2: {reason}"


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_at_the_end_of_the_calendar_is_one_bad_line(tmp_path: Path, time: str) -> None:
    nps(tmp_path, "survey_answers.csv", f"nps,9,c-1,{time}", "nps,9,c-2,2026-11-02")

    pages = pull(tmp_path, "survey_answers")

    assert len(records(pages)) == 1
    assert "is not between the years 1970 and 2199" in pages[-1].rejected[0].reason


@pytest.mark.parametrize(
    ("cell", "value"), [("1180,5", 1180.5), ("0,500", 0.5), ("12 500", 12500), ("85 %", 85)]
)
def test_a_number_may_be_written_as_people_do(tmp_path: Path, cell: str, value: float) -> None:
    (tmp_path / "business_figures.csv").write_text(
        f"name;grain;period_start;value\norders;month;2026-11-01;{cell}\n"
    )

    assert [each.model_dump()["value"] for each in records(pull(tmp_path, "business_figures"))] == [value]


def test_columns_and_files_that_nobody_reads_are_told(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text(HEADER)
    (tmp_path / "survey_answers.csv").write_text("survey_type,score,answerd_at\n")
    told: list[str] = []
    given = FilesSettings(since=NOW, events_since=NOW, directory=tmp_path)
    connector = FilesConnector(given, notify=told.append)

    async def walk() -> None:
        async for _page in connector.streams()[0].pull(None):
            pass

    asyncio.run(walk())

    strange = "survey_answers.csv: answerd_at is no column of survey_answers and is left out"
    assert told[0].startswith("answers.csv: no kind")
    assert told[1] == strange
    assert strange in asyncio.run(connector.check()).notes


def test_a_file_that_cannot_be_opened_keeps_no_other_from_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nps(tmp_path, "survey_answers-1.csv", "nps,9,c-1,2026-11-02")
    nps(tmp_path, "survey_answers-2.csv", "nps,8,c-2,2026-11-02")
    opening = Path.open

    def refuse(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "survey_answers-1.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return opening(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    read: list[Page] = []

    async def walk() -> None:
        async for page in connector(tmp_path).streams()[0].pull(None):
            read.append(page)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(Misconfigured, match=r"survey_answers-1.csv cannot be read \(Permission denied\)"):
        asyncio.run(walk())
    assert [each.model_dump()["respondent_id"] for each in records(read)] == ["c-2"]


def test_a_template_is_written_once(tmp_path: Path) -> None:
    path = write_template(kind_named("calls"), tmp_path)

    assert path.read_text() == template(kind_named("calls"))
    path.write_text("id\nmine\n")
    with pytest.raises(FileExistsError):
        write_template(kind_named("calls"), tmp_path)
    assert path.read_text() == "id\nmine\n"
