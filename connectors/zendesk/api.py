"""How Zendesk is asked: its buckets, its refusals, its six ways of paging."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors import (
    ApiClient,
    Bucket,
    ConnectorError,
    Failure,
    Limits,
    Listed,
    Misconfigured,
    Observation,
    PageSize,
    Rows,
    Unexpected,
    Unsupported,
)
from connectors.zendesk.rows import ListPage, TimePage

EXPORT_ROWS = 1000
LIST_ROWS = 100
YOUNGEST = timedelta(seconds=61)
"""Exports refuse a start within the last minute."""
BUCKETS = {
    "account": Bucket(200, aligned=True, share=0.6),
    "incremental-exports": Bucket(10, aligned=True, share=0.95),
    "incremental-exports-cursor": Bucket(20, aligned=True, share=0.95),
    "ticket-fields-index": Bucket(20, aligned=True),
    "talk": Bucket(10, aligned=True),
}
_ACCOUNT_HEADER = re.compile(r"^(?:zendesk-)?(?:x-)?rate-?limit(-remaining|-reset|-limit)?$")
_BUCKET_HEADER = re.compile(r"^zendesk-rate-?limit-(.+)$")
_PART = re.compile(r"(\w+)=([\d.]+)")


def limits() -> Limits:
    """The smallest plan's budgets; response headers correct them at once."""
    return Limits(
        {name: Bucket(b.capacity, b.period_seconds, b.aligned, b.share) for name, b in BUCKETS.items()}
    )


def observe(headers: Mapping[str, str]) -> list[Observation]:
    """Budgets as Zendesk tells them, in the header names of 2023 and of today."""
    account: dict[str, float] = {}
    seen: list[Observation] = []
    for header, value in headers.items():
        name = header.lower()
        if found := _ACCOUNT_HEADER.match(name):
            account.update(_account_part(found.group(1), value))
        elif found := _BUCKET_HEADER.match(name):
            parts = {part: float(number) for part, number in _PART.findall(value)}
            if parts:
                bucket = found.group(1)
                seen.append(
                    Observation(bucket, parts.get("total"), parts.get("remaining"), parts.get("resets"))
                )
    if account:
        seen.append(
            Observation("account", account.get("total"), account.get("remaining"), account.get("reset"))
        )
    return seen


def _account_part(suffix: str | None, value: str) -> dict[str, float]:
    if not value.replace(".", "", 1).isdigit():
        return {}
    return {{"-remaining": "remaining", "-reset": "reset"}.get(suffix or "", "total"): float(value)}


def classify(failure: Failure) -> ConnectorError | None:
    """What a refusal means: a stream that plan or role do not open, or something an admin must correct."""
    error = failure.body.get("error") if isinstance(failure.body, dict) else None
    if failure.status == 403 and "scope" in failure.message.casefold():
        return Unsupported(
            f"the OAuth client lacks a scope for {failure.path} ({failure.message}): grant `read`"
        )
    if failure.status == 403:
        return Unsupported(f"this plan or role does not open {failure.path} ({failure.message})")
    if failure.status == 404 and (error == "InvalidEndpoint" or failure.path.startswith("/api/v2/")):
        return Unsupported(f"this plan has no {failure.path}")
    if failure.status == 401:
        return Misconfigured(f"the credentials were refused ({failure.message}): check them in Admin Center")
    return None


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page of a list and whether it was the last."""

    rows: list[Any]
    malformed: list[tuple[Any, str]]
    is_last: bool


class ZendeskApi:
    """The requests of one account."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client
        self._exports = PageSize("per_page", EXPORT_ROWS)

    async def list(
        self,
        path: str,
        field: str,
        row: type[Any],
        params: Mapping[str, Any] | None = None,
        size: int = LIST_ROWS,
    ) -> AsyncIterator[ListedPage]:
        """A list by cursor; by offset where the vendor has no cursor. `links.next` is set on last pages too."""
        read = Rows(ListPage, field, row)
        asked: dict[str, Any] = {**(params or {}), "page[size]": size}
        number = 1
        while True:
            answer = await self.client.get(path, params=asked, read=read, buckets=_list_buckets(path))
            page: Listed[ListPage, Any] = answer.body
            meta = page.envelope.meta
            if meta is not None:
                is_last = not meta.has_more or not meta.after_cursor
            else:
                is_last = not page.envelope.next_page
            yield ListedPage(page.rows, page.malformed, is_last)
            if is_last:
                return
            if meta is not None:
                if asked.get("page[after]") == meta.after_cursor:
                    raise Unexpected(f"the API repeats the cursor of {path}")
                asked["page[after]"] = meta.after_cursor
            else:
                number += 1
                asked = {**(params or {}), "per_page": size, "page": number}

    async def cursor_export(
        self, path: str, read: Rows[Any, Any], cursor: str | None, start: int, params: Mapping[str, Any]
    ) -> Listed[Any, Any]:
        """One page of an export by cursor; every parameter is repeated on every page."""
        where = {"cursor": cursor} if cursor else {"start_time": start}
        answer = await self.client.get(
            path,
            params={**where, **params},
            read=read,
            buckets=("account", "incremental-exports"),
            page_size=self._exports,
        )
        page: Listed[Any, Any] = answer.body
        return page

    async def time_export(
        self, path: str, field: str, row: type[Any], start: int, params: Mapping[str, Any] | None = None,
        bucket: str = "incremental-exports",
    ) -> Listed[TimePage, Any]:  # fmt: skip
        """One page of an export by time. Talk knows no page size."""
        answer = await self.client.get(
            path,
            params={"start_time": start, **(params or {})},
            read=Rows(TimePage, field, row),
            buckets=("account", bucket),
            page_size=None if bucket == "talk" else self._exports,
        )
        page: Listed[TimePage, Any] = answer.body
        return page


def _list_buckets(path: str) -> Sequence[str]:
    return ("account", "ticket-fields-index") if path.endswith("/ticket_fields") else ("account",)


def epoch(instant: datetime) -> int:
    return int(instant.timestamp())


def clamped(start: int, now: datetime) -> int:
    """A start the export accepts: never within the last minute."""
    return min(start, epoch(now - YOUNGEST))
