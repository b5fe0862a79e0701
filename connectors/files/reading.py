"""Lines of a dropped file, whatever wrote it: encoding, delimiter and dialect are recognised."""

import codecs
import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

JSON_SUFFIXES = (".jsonl", ".ndjson")
_SAMPLE_BYTES = 64 * 1024
_DELIMITERS = ",;\t|"
_LONGEST_CELL = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One data line: its number in the file, and its cells by header name, or why it has none."""

    number: int
    cells: Mapping[str, str]
    problem: str | None = None


def digest(path: Path) -> str:
    """Tells two contents apart; a touched but unchanged file keeps it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def encoding_of(path: Path) -> str:
    """By its mark, else UTF-8 when the whole file is, else Windows-1252 (spreadsheets of the West)."""
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(_SAMPLE_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def delimiter_of(header: str) -> str:
    """The separator that the header line uses most; headers of ours hold no other of them."""
    return max(_DELIMITERS, key=header.count)


def lines(path: Path) -> Iterator[Line]:
    """Every data line of a CSV or JSON Lines file; a line that cannot be read says why."""
    encoding = encoding_of(path)
    if path.suffix.casefold() in JSON_SUFFIXES:
        return _json_lines(path, encoding)
    return _csv_lines(path, encoding)


def header(path: Path) -> list[str]:
    """The columns that a CSV file names; JSON Lines have none."""
    if path.suffix.casefold() in JSON_SUFFIXES:
        return []
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as file:
        return _names(file.readline())


def _names(line: str) -> list[str]:
    cells = next(csv.reader([line], delimiter=delimiter_of(line)), [])
    return [cell.strip().casefold().replace(" ", "_") for cell in cells]


def _csv_lines(path: Path, encoding: str) -> Iterator[Line]:
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        header_line = file.readline()
        names = _names(header_line)
        reader = csv.reader(file, delimiter=delimiter_of(header_line))
        while True:
            number = reader.line_num + 2
            try:
                cells = next(reader, None)
            except csv.Error as problem:
                yield Line(number, {}, f"not a line of CSV: {problem}")
                continue
            if cells is None:
                return
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
                yield Line(number, dict(zip(names, cells, strict=False)), "more cells than the header names")
                continue
            yield Line(number, {name: _clean(cell) for name, cell in zip(names, cells, strict=False)})


def _json_lines(path: Path, encoding: str) -> Iterator[Line]:
    with path.open(encoding=encoding, errors="replace") as file:
        for number, raw in enumerate(file, start=1):
            if not raw.strip():
                continue
            try:
                row = json.loads(raw)
            except (ValueError, RecursionError):
                yield Line(number, {"line": _clean(raw.strip())}, "not a line of JSON")
                continue
            if not isinstance(row, dict):
                yield Line(number, {"line": _clean(raw.strip())}, "not a JSON object")
                continue
            yield Line(number, {str(key).casefold(): _cell(value) for key, value in row.items()})


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(_cell(item) for item in value)
    return _clean(str(value))


def _clean(cell: str) -> str:
    return cell.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
