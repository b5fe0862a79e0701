"""Files dropped into a folder: surveys, staffing hours, customers, business figures, archives, calls.

A file's kind is the start of its name (`survey_answers-2026-11.csv`) or the sub-folder it lies in
(`survey_answers/november.csv`). A file is read once, however often it is seen; a corrected file
(same name, other content) replaces the rows it gave before. Removing a file changes nothing.
"""

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError, field_validator

from connectors import (
    Checked,
    Connector,
    ConnectorSettings,
    Cursor,
    Misconfigured,
    Page,
    Record,
    Rejected,
    Retired,
    Stream,
)
from connectors.files.kinds import KINDS, Column, Kind, to_values
from connectors.files.reading import Line, digest, header, lines
from connectors.files.templates import example, kind_named, template, write_template

__all__ = [
    "KINDS",
    "FilesConnector",
    "FilesSettings",
    "example",
    "kind_named",
    "template",
    "write_template",
]

LINES_PER_PAGE = 1000
SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson")


class FilesSettings(ConnectorSettings):
    """`DIRECTORY` is the drop folder; `TIMEZONE` reads times written without an offset."""

    directory: Path
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("an IANA zone such as Europe/Paris is needed") from None
        return value


class FilesConnector(Connector[FilesSettings]):
    """One drop folder."""

    Settings: ClassVar[type[ConnectorSettings]] = FilesSettings

    def streams(self) -> Sequence[Stream]:
        return [
            Stream(kind.name, partial(self._pull, kind), retry=partial(self._retry, kind)) for kind in KINDS
        ]

    async def check(self) -> Checked:
        folder = self._folder()
        notes = _strays(folder) + [
            f"{path.name}: {remark}"
            for path in _files(folder)
            if (kind := _kind_of(path, folder))
            for remark in _remarks(kind, path)
        ]
        return Checked(str(folder), notes=notes, streams={kind.name: None for kind in KINDS})

    def _folder(self) -> Path:
        folder = self.settings.directory.expanduser()
        if not folder.is_dir():
            raise Misconfigured(
                f"DIRECTORY {folder} is not a folder that can be read: create it or correct the setting"
            )
        return folder

    async def _pull(self, kind: Kind, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Cursor: `files` name → digest of what was read; `loading` a file that is half read."""
        folder = self._folder()
        known: dict[str, str] = dict((cursor or {}).get("files", {}))
        loading: Mapping[str, Any] = (cursor or {}).get("loading") or {}
        unreadable: list[str] = []
        if kind is KINDS[0]:
            for sentence in _strays(folder):
                self.notify(sentence)
        for path in _files(folder):
            if _kind_of(path, folder) is not kind:
                continue
            try:
                for page in self._read(kind, path, path.relative_to(folder).as_posix(), known, loading):
                    yield page
            except OSError as problem:
                unreadable.append(f"{path} cannot be read ({problem.strerror or type(problem).__name__})")
        if unreadable:
            raise Misconfigured(f"{'; '.join(unreadable)}: let deskpulse read it, or take it away")

    def _read(
        self, kind: Kind, path: Path, name: str, known: dict[str, str], loading: Mapping[str, Any]
    ) -> Iterator[Page]:
        """One file's pages; none where its content was read before, under whatever name."""
        content = digest(path)
        if known.get(name) == content:
            return
        if name not in known and content in known.values():
            known[name] = content  # a copy stays one when its original is corrected
            yield Page([], cursor={"files": dict(known)})
            return
        resumed = loading if (loading.get("name"), loading.get("digest")) == (name, content) else {}
        if not resumed:
            for remark in _remarks(kind, path):
                self.notify(f"{name}: {remark}")
        version = resumed.get("version") or int(self.clock().timestamp() * 1_000_000)
        load = _Load(kind, name, content, version, ZoneInfo(self.settings.timezone))
        yield from load.pages(path, known, int(resumed.get("line", 0)))

    def _retry(self, kind: Kind, row: Mapping[str, Any]) -> Sequence[Record]:
        cells = {key: str(value) for key, value in row.get("cells", {}).items()}
        load = _Load(kind, row["file"], row["digest"], row["version"], ZoneInfo(self.settings.timezone))
        return [load.record(Line(row["line"], cells), row["key"])[1]]


class _Load:
    """One reading of one file's content."""

    def __init__(self, kind: Kind, name: str, content: str, version: int, zone: ZoneInfo) -> None:
        self.kind = kind
        self.name = name
        self.content = content
        self.version = version
        self.zone = zone
        self.seen: dict[str, int] = {}

    @property
    def origin(self) -> str:
        return _origin(self.name, self.content)

    def pages(self, path: Path, known: dict[str, str], done_line: int) -> Iterator[Page]:
        """Pages from after `done_line`; the last retires the rows of the file's earlier content."""
        records: dict[str | None, list[Record]] = {}
        rejected: list[Rejected] = []
        count, number = 0, done_line
        for line in lines(path):
            key = self._key(line)
            number = line.number
            if line.number <= done_line:
                continue
            try:
                account, record = self.record(line, key)
                records.setdefault(account, []).append(record)
            except ValueError as problem:
                rejected.append(self._rejected(line, key, problem))
            count += 1
            if count % LINES_PER_PAGE == 0:
                yield from self._page(records, rejected, self._cursor(known, number))
                records, rejected = {}, []
        before = known.get(self.name)
        known[self.name] = self.content
        retired = [Retired(self.kind.record.kind, _origin(self.name, before))] if before else []
        yield from self._page(records, rejected, {"files": dict(known)}, retired)

    def record(self, line: Line, key: str) -> tuple[str | None, Record]:
        """The line's account (null: this one) and record; ValueError with a sentence otherwise."""
        if line.problem:
            raise ValueError(line.problem)
        row = to_values(self.kind, line.cells, self.zone)
        account = row.pop("account", None)
        row.setdefault("id", key)
        row["origin"] = self.origin
        row["version"] = self._version(row)
        try:
            return account, self.kind.record.model_validate(row)
        except ValidationError as problem:
            first = problem.errors(include_input=False, include_context=False, include_url=False)[0]
            raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None

    def _version(self, row: Mapping[str, Any]) -> int:
        """Archived tickets are as old as their last change: a live row of the vendor is newer."""
        if self.kind.name != "archived_tickets":
            return self.version
        last = max(filter(None, (row.get("updated_at"), row.get("closed_at"), row["created_at"])))
        return int(last.timestamp() * 1_000_000)

    def _key(self, line: Line) -> str:
        """A line without an id is known by its content and how often that stood in the file before."""
        content = "\x1f".join(f"{name}={line.cells[name].strip()}" for name in sorted(line.cells))
        hashed = hashlib.blake2b(f"{self.kind.name}\x1f{content}".encode(), digest_size=12).hexdigest()
        self.seen[hashed] = again = self.seen.get(hashed, 0) + 1
        return hashed if again == 1 else f"{hashed}-{again}"

    def _rejected(self, line: Line, key: str, problem: ValueError) -> Rejected:
        row = {
            "file": self.name,
            "line": line.number,
            "key": key,
            "digest": self.content,
            "version": self.version,
            "cells": dict(line.cells),
        }
        return Rejected(
            self.kind.record.kind,
            f"{self.name}:{line.number}",
            row,
            f"{self.name} line {line.number}: {problem}",
            self.origin,
        )

    def _cursor(self, known: Mapping[str, str], line: int) -> Cursor:
        loading = {"name": self.name, "digest": self.content, "version": self.version, "line": line}
        return {"files": dict(known), "loading": loading}

    def _page(
        self,
        records: Mapping[str | None, Sequence[Record]],
        rejected: Sequence[Rejected],
        cursor: Cursor,
        retired: Sequence[Retired] = (),
    ) -> Iterator[Page]:
        """A page an account; the last one moves the cursor, once everything before it is stored."""
        for account, of_account in records.items():
            yield Page(of_account, account=account)
        yield Page([], cursor=cursor, rejected=rejected, retired=retired)


def _origin(name: str, content: str) -> str:
    return f"{name}#{content}"


def _files(folder: Path) -> list[Path]:
    """Data files, oldest first, so that of two lines with one id the later file's stays."""
    found = [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix.casefold() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return sorted(found, key=lambda path: (_changed_at(path), path.as_posix()))


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # gone since it was listed
        return 0


def _strays(folder: Path) -> list[str]:
    """A sentence for each file that nobody reads."""
    kinds = ", ".join(kind.name for kind in KINDS)
    return [
        f"{path.name}: no kind; start its name with one of {kinds}"
        for path in _files(folder)
        if _kind_of(path, folder) is None
    ]


def _remarks(kind: Kind, path: Path) -> Iterator[str]:
    """What of a file nobody reads, though it can be read."""
    columns = {column.name for column in kind.columns}
    if strange := [name for name in header(path) if name and name not in columns]:
        yield f"{', '.join(strange)} is no column of {kind.name} and is left out"
    for column in kind.columns:
        if column.known and (others := _others(column, path)):
            yield (
                f"no KPI reads the {column.name} {', '.join(others)}; those read are {', '.join(column.known)}"
            )


def _others(column: Column, path: Path) -> list[str]:
    """The column's values that no KPI knows."""
    found = {line.cells.get(column.name, "").strip() for line in lines(path) if not line.problem}
    return sorted(found - {"", *column.known})


def _kind_of(path: Path, folder: Path) -> Kind | None:
    parts = path.relative_to(folder).parts
    for kind in KINDS:
        if parts[-1].casefold().startswith(kind.name) or kind.name in parts[:-1]:
            return kind
    return None
