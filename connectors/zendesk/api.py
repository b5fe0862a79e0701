"""How Zendesk is asked: its buckets, its refusals, its ways of paging."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

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
    Seen,
    Unexpected,
    Unsupported,
)
from connectors.zendesk.pages import CursorPage, ListPage, TimePage

EXPORT_ROWS: Final = 1000
LIST_ROWS: Final = 100
YOUNGEST: Final = timedelta(seconds=61)
"""Exports refuse a start within the last minute, and withhold what changed in it."""
EXPORTS: Final = "incremental-exports"
USER_EXPORTS: Final = "incremental-exports-cursor"
TALK: Final = "talk"
_ACCOUNT_HEADER: Final = re.compile(r"^(?:zendesk-)?(?:x-)?rate-?limit(-remaining|-reset|-limit)?$")
_FOREIGN_HEADER: Final = re.compile(r"^x-ratelimit")
"""Proxies add these for a quota of their own; Zendesk writes `x-rate-limit`."""
_BUCKET_HEADER: Final = re.compile(r"^zendesk-rate-?limit-(.+)$")
_PART: Final = re.compile(r"(\w+)=(\d+(?:\.\d*)?)", re.ASCII)
_NUMBER: Final = re.compile(r"\d+(?:\.\d*)?", re.ASCII)


class Refused(Unexpected):
    """The request as it was put is not accepted: a cursor that has ended, or a mistake of ours."""


def limits() -> Limits:
    """The smallest plan's budgets; response headers correct them at once."""
    return Limits(
        {
            "account": Bucket(200, aligned=True, share=0.6),
            EXPORTS: Bucket(10, aligned=True, share=0.95),
            USER_EXPORTS: Bucket(20, aligned=True, share=0.95),
            "ticket-fields-index": Bucket(20, aligned=True),
            TALK: Bucket(10, aligned=True),
        }
    )


def observe(headers: Mapping[str, str]) -> list[Observation]:
    """Budgets as Zendesk tells them, in the header names of 2023 and of today."""
    account: dict[str, float] = {}
    seen: list[Observation] = []
    for header, value in headers.items():
        name = header.lower()
        if _FOREIGN_HEADER.match(name):
            continue
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
    if not _NUMBER.fullmatch(value):
        return {}
    return {{"-remaining": "remaining", "-reset": "reset"}.get(suffix or "", "total"): float(value)}


def classify(failure: Failure) -> ConnectorError | None:
    """What a refusal means: a stream that plan or role do not open, or something an admin must correct."""
    about = f"{failure.path} ({failure.message})"
    if failure.status == 403 and "scope" in failure.message.casefold():
        return Unsupported(f"the OAuth client lacks a scope for {about}: grant `read`")
    if failure.status == 403:
        return Unsupported(f"this plan or role does not open {about}")
    if failure.status == 404 and failure.path.startswith("/api/v2/"):
        return Unsupported(f"this plan has no {failure.path}")
    if failure.status == 401:
        return Misconfigured(f"the credentials were refused ({failure.message}): check them in Admin Center")
    if failure.status in (400, 422):
        return Refused(f"Zendesk does not accept the request to {about}: tell the developers")
    return None


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page of a list; `after` is where the next one begins, null at the end and where pages have numbers."""

    listed: Listed[ListPage, Any]
    after: str | None
    is_last: bool


class ZendeskApi:
    """The requests of one account."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client
        self._exports = PageSize("per_page", EXPORT_ROWS)

    async def list(
        self,
        path: str,
        rows: Rows[Any, Any],
        params: Mapping[str, Any] | None = None,
        *,
        size: int = LIST_ROWS,
        after: str | None = None,
    ) -> AsyncIterator[ListedPage]:
        """A list by cursor; by offset where the vendor has no cursor.

        `after` is where an earlier walk was cut; where Zendesk no longer knows it, the list begins anew.
        """
        seen, number = Seen(), 1
        asked: dict[str, Any] = {**(params or {}), "page[size]": size, "page[after]": after}
        while True:
            try:
                answer = await self.client.get(path, params=asked, read=rows, buckets=_list_buckets(path))
            except Refused:
                if after is None or asked.get("page[after]") != after:
                    raise
                asked["page[after]"] = after = None
                continue
            listed: Listed[ListPage, Any] = answer.body
            page = _listed(listed)
            yield page
            if page.is_last:
                return
            if page.after is None:
                if listed.envelope.meta is not None:
                    raise nowhere(path)
                number += 1
                asked = {**(params or {}), "per_page": size, "page": number}
            else:
                seen.note(page.after)
                asked["page[after]"] = page.after

    async def cursor_export(
        self,
        path: str,
        rows: Rows[Any, Any],
        cursor: str | None,
        start: int,
        params: Mapping[str, Any],
        bucket: str,
    ) -> Listed[CursorPage, Any]:
        """One page of an export by cursor; every parameter is repeated on every page."""
        where = {"cursor": cursor} if cursor else {"start_time": start}
        answer = await self.client.get(
            path,
            params={**where, **params},
            read=rows,
            buckets=("account", bucket),
            page_size=self._exports,
        )
        return answer.body

    async def time_export(
        self, path: str, rows: Rows[Any, Any], start: int, params: Mapping[str, Any], bucket: str
    ) -> tuple[Listed[TimePage, Any], int]:
        """One page of an export by time, and how many rows it was asked for. Talk knows no page size."""
        size = None if bucket == TALK else self._exports
        asked = EXPORT_ROWS if size is None else size.current
        answer = await self.client.get(
            path,
            params={"start_time": start, **params},
            read=rows,
            buckets=("account", bucket),
            page_size=size,
        )
        return answer.body, asked if size is None else min(asked, size.current)


def _listed(listed: Listed[ListPage, Any]) -> ListedPage:
    """`links.next` is set on the last page too, so only `has_more` counts."""
    meta = listed.envelope.meta
    if meta is None:
        return ListedPage(listed, None, not listed.envelope.next_page)
    return ListedPage(listed, (meta.after_cursor or None) if meta.has_more else None, not meta.has_more)


def nowhere(path: str) -> Unexpected:
    return Unexpected(f"{path} says that there is more but not where: tell the developers")


def _list_buckets(path: str) -> Sequence[str]:
    return ("account", "ticket-fields-index") if path.endswith("/ticket_fields") else ("account",)


def epoch(instant: datetime) -> int:
    return int(instant.timestamp())


def clamped(start: int, now: datetime) -> int:
    """A start that an export accepts."""
    return min(start, epoch(now - YOUNGEST))
