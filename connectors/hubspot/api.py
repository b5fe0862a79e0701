"""How HubSpot is asked: its lists, its search, its batches, and the day's quota that is shared."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connectors import (
    Answer,
    ApiClient,
    Clock,
    ConnectorError,
    Failure,
    Listed,
    Misconfigured,
    PageSize,
    RateLimited,
    Rows,
    Seen,
    Unsupported,
)
from connectors.hubspot import paths, refusals
from connectors.hubspot.reading import Row
from connectors.hubspot.refusals import BURST, SEARCH, WrongHublet
from connectors.hubspot.windows import Hits

LIST_ROWS: Final = 100
HISTORY_ROWS: Final = 50
"""Lists and batches that bring histories hold half as much."""
ASSOCIATED_ROWS: Final = 1000
OWNER_ROWS: Final = 500
_NOTHING_ASSOCIATED: Final = "NO_ASSOCIATIONS_FOUND"


class _Next(msgspec.Struct):
    after: str | int | None = None


class _Paging(msgspec.Struct):
    next: _Next | None = None


class _Page(msgspec.Struct, kw_only=True):
    """What stands around the rows of a list, a search and a batch."""

    total: int = 0
    paging: _Paging | None = None
    errors: list[dict[str, Any]] | None = None

    @property
    def after(self) -> str | None:
        """Only its absence ends a walk: pages may be short, or empty."""
        following = self.paging and self.paging.next and self.paging.next.after
        return None if following is None or following == "" else str(following)


_ROWS: Final = Rows(_Page, "results", dict[str, Any])


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of CRM objects and what is asked of them; every page repeats all of it."""

    name: str
    properties: Sequence[str]
    histories: Sequence[str] = ()
    associations: Sequence[str] = ()


@dataclass(slots=True)
class Found:
    """Rows, and those that were none."""

    rows: list[Row]
    malformed: list[tuple[Any, str]] = field(default_factory=list)
    after: str | None = None
    total: int = 0


class HubSpotApi:
    """The requests of one account. `connect` makes a client for a host; there is a second one only where
    HubSpot says that the account lives in another data centre."""

    def __init__(
        self, host: str, connect: Callable[..., ApiClient], clock: Clock, notify: Callable[[str], None]
    ) -> None:
        self.connect, self.clock, self.notify = connect, clock, notify
        self.client = connect(host, self._classify)
        self._is_hubspot = host == paths.HOST
        self._was_answered = False
        self._day_is_short = False
        self._zone: ZoneInfo | None = None
        self._earlier_requests = 0
        self._sizes = {rows: PageSize("limit", rows, least=10) for rows in (LIST_ROWS, HISTORY_ROWS)}

    @property
    def requests(self) -> int:
        return self._earlier_requests + self.client.requests

    # -- objects ------------------------------------------------------------------------------

    async def listed(
        self, kind: Kind, after: str | None, *, archived: bool = False, history: bool = False
    ) -> Found:
        """One page of a list. The link to the next page is not followed: it forgets what was asked."""
        params = {
            "after": after,
            "archived": "true" if archived else None,
            "properties": ",".join(kind.properties),
            "propertiesWithHistory": ",".join(kind.histories) if history else None,
            "associations": ",".join(kind.associations) or None,
        }
        size = self._sizes[HISTORY_ROWS if history else LIST_ROWS]
        answer = await self._get(paths.objects(kind.name), params=params, read=_ROWS, page_size=size)
        return _found(answer.body)

    async def search(self, kind: Kind, body: Mapping[str, Any]) -> tuple[Hits, list[tuple[Any, str]]]:
        answer = await self._post(paths.search(kind.name), body, read=_ROWS, buckets=(BURST, SEARCH))
        found = _found(answer.body)
        after = None if found.after is None else int(found.after)
        rows = [row for row in found.rows if str(row["id"]).isdecimal()]
        strange = [(row, "an id that is no number") for row in found.rows if not str(row["id"]).isdecimal()]
        return Hits(found.total, rows, after), [*found.malformed, *strange]

    async def histories(self, kind: Kind, ids: Sequence[str]) -> dict[str, Any]:
        """Id → `propertiesWithHistory`, for as many ids as there are; archived objects are left out."""
        gathered: dict[str, Any] = {}
        for some in _batches(ids, HISTORY_ROWS):
            body = {
                "inputs": [{"id": each} for each in some],
                "properties": [],
                "propertiesWithHistory": list(kind.histories),
            }
            answer = await self._post(paths.batch(kind.name), body, read=_ROWS)
            gathered |= {str(row["id"]): row.get("propertiesWithHistory") for row in _found(answer.body).rows}
        return gathered

    async def read(self, kind: Kind, ids: Sequence[str]) -> list[Row]:
        """Objects by id; archived ones are left out."""
        rows: list[Row] = []
        for some in _batches(ids, LIST_ROWS):
            body = {"inputs": [{"id": each} for each in some], "properties": list(kind.properties)}
            rows += _found((await self._post(paths.batch(kind.name), body, read=_ROWS)).body).rows
        return rows

    async def associated(self, from_kind: str, to_kind: str, ids: Sequence[str]) -> dict[str, list[str]]:
        """Id → ids of what is associated. An object without any is told as an error of a 207, which is none."""
        gathered: dict[str, list[str]] = {}
        waiting: list[dict[str, str]] = [{"id": each} for each in dict.fromkeys(ids)]
        seen = Seen()
        while waiting:
            some, waiting = waiting[:ASSOCIATED_ROWS], waiting[ASSOCIATED_ROWS:]
            path = paths.associations(from_kind, to_kind)
            answer = await self._post(path, {"inputs": some}, read=_ROWS)
            self._tell_real_errors(path, answer.body.envelope.errors)
            for row in answer.body.rows:
                number = str(row["from"]["id"])
                gathered.setdefault(number, []).extend(str(to["toObjectId"]) for to in row.get("to") or ())
                following = ((row.get("paging") or {}).get("next") or {}).get("after")
                if following:
                    seen.note([number, following])
                    waiting.append({"id": number, "after": str(following)})
        return gathered

    def _tell_real_errors(self, path: str, errors: Sequence[Mapping[str, Any]] | None) -> None:
        """An object that is associated with nothing, or is gone, is no error."""
        for error in errors or ():
            told = f"{error.get('category')} {error.get('subCategory')}"
            if _NOTHING_ASSOCIATED not in told and "OBJECT_NOT_FOUND" not in told:
                self.notify(f"{path} could not be read whole ({error.get('message')})")

    # -- everything else ----------------------------------------------------------------------

    async def owners(self, *, archived: bool) -> AsyncIterator[Found]:
        params = {"limit": OWNER_ROWS, "archived": "true" if archived else "false"}
        async for found in self._walk(paths.OWNERS, params):
            yield found

    async def all_owners(self) -> list[Row]:
        """The active ones."""
        return [row async for found in self.owners(archived=False) for row in found.rows]

    async def pipelines(self) -> Found:
        return _found((await self._get(paths.PIPELINES, read=_ROWS)).body)

    async def messages(self, thread_id: str) -> list[Row]:
        """A thread's messages, newest first."""
        params = {"limit": LIST_ROWS}
        return [row async for found in self._walk(paths.messages(thread_id), params) for row in found.rows]

    async def account(self) -> Mapping[str, Any]:
        answer = await self._get(paths.ACCOUNT, read=dict[str, Any])
        told: dict[str, Any] = answer.body
        self._zone = _zone(told.get("timeZone"))
        return told

    async def _walk(self, path: str, params: Mapping[str, Any]) -> AsyncIterator[Found]:
        seen, after = Seen(), None
        while True:
            answer = await self._get(path, params={**params, "after": after}, read=_ROWS)
            found = _found(answer.body)
            yield found
            if found.after is None:
                return
            seen.note(found.after)
            after = found.after

    async def aclose(self) -> None:
        await self.client.aclose()

    # -- one request --------------------------------------------------------------------------

    async def _get(self, path: str, **options: Any) -> Answer[Any]:
        return await self._ask(lambda: self.client.get(path, buckets=(BURST,), **options))

    async def _post(
        self, path: str, body: Mapping[str, Any], *, read: Any, buckets: Sequence[str] = (BURST,)
    ) -> Answer[Any]:
        return await self._ask(lambda: self.client.post(path, json=body, read=read, buckets=buckets))

    async def _ask(self, send: Callable[[], Any]) -> Answer[Any]:
        if self._day_is_short:
            await self._spare_the_day()
        try:
            answer: Answer[Any] = await send()
        except WrongHublet as elsewhere:
            if elsewhere.host is None or not self._is_hubspot:
                raise
            await self._move(elsewhere.host)
            answer = await send()
        self._was_answered = True
        left = refusals.day_left(answer.headers)
        self._day_is_short = left is not None and left < refusals.DAY_KEPT_FOR_OTHERS
        return answer

    async def _move(self, host: str) -> None:
        """To another of HubSpot's own hosts, once."""
        self._is_hubspot = False
        self._earlier_requests += self.client.requests
        await self.client.aclose()
        self.client = self.connect(host, self._classify)

    async def _spare_the_day(self) -> None:
        """The rest of the day's quota is the customer's other tools'."""
        self._day_is_short = False
        if self._zone is None:
            with suppress(Unsupported):  # without its scope, the day is taken to end with UTC's
                await self.account()
        now = self.clock()
        wait = refusals.until_midnight_seconds(now, self._zone or ZoneInfo("UTC"))
        self._day_is_short = True
        raise RateLimited(
            f"less than {refusals.DAY_KEPT_FOR_OTHERS:.0%} of HubSpot's daily limit is left and stays for other tools; "
            f"the sync goes on in {wait / 3600:.1f} h, when the account's day ends",
            wait,
        )

    def _classify(self, failure: Failure) -> ConnectorError | None:
        if failure.status == 530 and not self._was_answered:
            return Misconfigured("HubSpot cannot read the token at all (530): copy ACCESS_TOKEN again")
        ends = refusals.until_midnight_seconds(self.clock(), self._zone) if self._zone else None
        return refusals.classify(failure, ends)


def _found(page: Listed[_Page, Row]) -> Found:
    found = Found([], list(page.malformed), page.envelope.after, page.envelope.total)
    for row in page.rows:
        number = row.get("id")
        if not isinstance(number, str | int) or not str(number):
            found.malformed.append((row, "a row without an id"))
        elif not isinstance(row.get("properties", {}), dict):
            found.malformed.append((row, "properties that are none"))
        else:
            found.rows.append(row)
    return found


def _batches(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    """Every id once: HubSpot refuses a batch that names one twice."""
    distinct = list(dict.fromkeys(ids))
    for start in range(0, len(distinct), size):
        yield distinct[start : start + size]


def _zone(name: Any) -> ZoneInfo | None:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError):
        return None
