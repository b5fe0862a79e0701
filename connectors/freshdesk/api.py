"""How Freshdesk is asked: where its lists are, what its refusals mean, how a page says that it is the last."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final

from connectors import (
    ApiClient,
    ConnectorError,
    Cursor,
    Failure,
    Misconfigured,
    Unexpected,
    Unsupported,
)
from connectors.freshdesk.instants import http_date
from connectors.freshdesk.pace import ACCOUNT, CALL_CREDITS, Pace, number
from connectors.freshdesk.reading import R, Reader
from connectors.freshdesk.walks import PAGE_SIZE, Listed

_ROOT: Final = "/api/v2"
_ALWAYS_THERE: Final = frozenset({"tickets", "agents/me"})


class Missing(Unsupported):
    """A 404: deleted, archived or purged meanwhile, or an address that this account lacks."""


def classify(pace: Pace, failure: Failure) -> ConnectorError | None:
    """What a refusal means: a list that plan or role do not open, or something an admin must correct."""
    if failure.status in (403, 429) and number(failure.headers, "x-ratelimit-total") == 0:
        return Misconfigured("this Freshdesk plan has no API (0 calls a minute): it takes Growth or more")
    if failure.status == 429:
        pace.refused(failure)
    judge = {401: _unknown_key, 403: _forbidden, 404: _not_found}.get(failure.status)
    return None if judge is None else judge(failure)


def _unknown_key(failure: Failure) -> ConnectorError:
    return Misconfigured(
        f"Freshdesk does not know this API key ({failure.message}): copy it again from the agent's profile settings"
    )


def _forbidden(failure: Failure) -> ConnectorError:
    code = failure.body.get("code") if isinstance(failure.body, dict) else None
    if "suspend" in f"{code} {failure.message}".lower():
        return Misconfigured(
            f"the Freshdesk account is suspended ({failure.message}): see to it in Freshdesk"
        )
    if code == "require_feature":
        return Unsupported(f"this plan lacks {failure.path} ({failure.message})")
    return Unsupported(
        f"the API key's agent may not read {failure.path} ({failure.message}): use an administrator's key"
    )


def _not_found(failure: Failure) -> ConnectorError:
    if failure.path.removeprefix(f"{_ROOT}/") in _ALWAYS_THERE:
        return Misconfigured("there is no Freshdesk account at this address: check DOMAIN")
    return Missing(f"this account has no {failure.path}")


class Api:
    """The requests of one account."""

    def __init__(self, client: ApiClient, pace: Pace) -> None:
        self._client = client
        self._pace = pace
        self.vendor_now: datetime | None = None
        """Freshdesk's own clock at its latest page."""

    async def get(self, path: str, read: type[R], query: Mapping[str, Any] | None = None) -> R:
        """One object."""
        answer = await self._client.get(f"{_ROOT}/{path}", params=query, read=read)
        return answer.body

    async def reach(self, path: str) -> None:
        """Raises Unsupported where plan or role do not open a list."""
        await self._client.get(f"{_ROOT}/{path}", params={"per_page": 1})

    async def listed(self, path: str, query: Mapping[str, Any], reader: Reader[R]) -> Listed[R]:
        """One page of a list; a Link header names the next, whatever host it names."""
        is_slow = path in CALL_CREDITS
        answer = await self._client.get(
            f"{_ROOT}/{path}",
            params={"per_page": PAGE_SIZE, **query},
            read=reader.decode,
            buckets=(ACCOUNT, path) if is_slow else (ACCOUNT,),
            cost=CALL_CREDITS.get(path, 1),
        )
        self._pace.went_well(path)
        self.vendor_now = http_date(answer.headers.get("date", ""))
        is_last = 'rel="next"' not in answer.headers.get("link", "")
        return Listed(answer.body.rows, reader.malformed(answer.body), is_last)

    async def pages(
        self, path: str, query: Mapping[str, Any], reader: Reader[R], *, first: int = 1
    ) -> AsyncIterator[tuple[int, Listed[R]]]:
        """A list by page number, with the number of each page."""
        before: Listed[R] | None = None
        page = first
        while True:
            listed = await self.listed(path, {**query, "page": page}, reader)
            if before is not None and listed.rows and listed.rows == before.rows:
                raise Unexpected(f"{path} answers every page with the same rows: tell the developers")
            yield page, listed
            if listed.is_last:
                return
            before, page = listed, page + 1

    async def every(self, path: str, reader: Reader[R]) -> Listed[R] | None:
        """All of a list; null where it is gone."""
        found: Listed[R] = Listed([], [], is_last=True)
        try:
            async for _, listed in self.pages(path, {}, reader):
                found = Listed([*found.rows, *listed.rows], [*found.rejected, *listed.rejected], is_last=True)
        except Missing:
            return None
        return found


class Marks:
    """The cursors of one pull: one that has not moved is left out, so that none comes twice."""

    def __init__(self, cursor: Cursor | None) -> None:
        self._last = dict(cursor) if cursor is not None else None

    def fresh(self, cursor: Mapping[str, Any]) -> Cursor | None:
        if cursor == self._last:
            return None
        self._last = dict(cursor)
        return self._last
