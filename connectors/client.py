"""The client every connector speaks through: it waits its turn, repeats what may pass, and explains the rest.

    client = ApiClient("https://acme.example", auth=Bearer(token), limits=Limits({"account": Bucket(400)}),
                       observe=observe, classify=classify, clock=…, sleep=…, transport=…, notify=…)
    answer = await client.get("/api/tickets", params={"page": 1}, read=Rows(Envelope, "tickets", TicketRow),
                              buckets=("account", "tickets"), page_size=PageSize("per_page", 1000))
    answer.body, answer.status, answer.headers, answer.elapsed_seconds

`get` and `post` take a path below the base URL, or a whole URL of the same host (a next-page link).
`read` is a type to decode into, or a function from bytes (`Rows`); without it the body is plain JSON.
`buckets` names what the request draws from. Two small pure functions tell the client how the vendor
speaks: `observe` reads its rate-limit headers, `classify` its error bodies.

Whatever goes wrong is raised as one of connectors/errors.py, with a sentence for an admin. The client
obeys Retry-After, backs off with jitter and gives up in time; it bounds every body; it follows no
redirect, sends credentials to no other host, keeps no cookie and logs no query.

Proxies and certificates come from the environment (HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE), never for
a host of this machine.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import GenericAlias
from typing import Any, Final, Generic, TypedDict, TypeVar, Unpack, overload

from tenacity import AsyncRetrying, RetryCallState

from connectors.auth import Auth
from connectors.base import Clock, Sleep, utc_now
from connectors.decode import Undecodable, WrongShape, decode
from connectors.errors import ConnectorError, Misconfigured, RateLimited, Unavailable, Unexpected
from connectors.failures import Failure, failure_of, judge
from connectors.limits import Limits, Observation, Turn
from connectors.paging import PageSize
from connectors.patience import Again, Patience, Tries
from connectors.wire import Address, Response, Wire

T = TypeVar("T")
Read = type[T] | Callable[[bytes], T]
Observe = Callable[[Mapping[str, str]], Sequence[Observation]]
Classify = Callable[[Failure], ConnectorError | None]

WORTH_TELLING_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A 2xx answer, decoded; `headers` are looked up in any case."""

    body: T
    status: int
    headers: Mapping[str, str]
    elapsed_seconds: float = 0.0


class Options(TypedDict, total=False):
    """What `get` and `post` take besides."""

    params: Mapping[str, Any] | None
    """The query; a parameter that is None is left out."""
    buckets: Sequence[str]
    """What the request draws from, the narrowest last; the account's own bucket if nothing is said."""
    cost: float
    """What it draws; 1 if nothing is said."""
    page_size: PageSize | None
    """Set as a parameter, and halved where the vendor needs too long."""


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    url: str
    json: Any = None
    params: Mapping[str, Any] | None = None
    buckets: Sequence[str] = ("account",)
    cost: float = 1
    page_size: PageSize | None = None

    def parameters(self) -> dict[str, Any]:
        size = self.page_size
        return dict(self.params or {}) | ({} if size is None else {size.parameter: size.current})


def _nothing_observed(_headers: Mapping[str, str]) -> Sequence[Observation]:
    return ()


def _no_verdict(_failure: Failure) -> ConnectorError | None:
    return None


def _say_nothing(_sentence: str) -> None:
    return None


class ApiClient:
    """Requests to one account's host.

    `classify` gives a vendor's own error for a refusal; None leaves the usual meaning. Of what it
    gives, Unavailable is tried again, and RateLimited after its wait. `transport` is an httpx
    transport for tests; `jitter` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth,
        limits: Limits | None = None,
        patience: Patience | None = None,
        observe: Observe = _nothing_observed,
        classify: Classify = _no_verdict,
        clock: Clock = utc_now,
        sleep: Sleep = asyncio.sleep,
        transport: Any = None,
        notify: Callable[[str], None] = _say_nothing,
        jitter: Callable[[], float] = random.random,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.auth, self.limits = auth, limits or Limits()
        self.patience, self.observe, self.classify = patience or Patience(), observe, classify
        self.clock, self.sleep, self.notify, self.jitter = clock, sleep, notify, jitter
        self.wire = Wire(
            base_url, self.patience, {"Accept": "application/json", **(headers or {})}, transport
        )

    def __repr__(self) -> str:
        return f"ApiClient({str(self.wire.base)!r})"

    @property
    def requests(self) -> int:
        """Sent so far, token requests and repeats included."""
        return self.wire.sent

    async def aclose(self) -> None:
        await self.wire.aclose()

    @overload
    async def get(self, url: str, *, read: None = None, **options: Unpack[Options]) -> Answer[Any]: ...
    @overload
    async def get(self, url: str, *, read: Read[T], **options: Unpack[Options]) -> Answer[T]: ...
    async def get(
        self, url: str, *, read: Read[Any] | None = None, **options: Unpack[Options]
    ) -> Answer[Any]:
        """One answer, however many tries it takes."""
        return await self._request(_Call("GET", url, **options), read)

    @overload
    async def post(
        self, url: str, *, json: Any, read: None = None, **options: Unpack[Options]
    ) -> Answer[Any]: ...
    @overload
    async def post(self, url: str, *, json: Any, read: Read[T], **options: Unpack[Options]) -> Answer[T]: ...
    async def post(
        self, url: str, *, json: Any, read: Read[Any] | None = None, **options: Unpack[Options]
    ) -> Answer[Any]:
        """As `get`, for the searches and batch reads that vendors want posted: it may be sent twice."""
        return await self._request(_Call("POST", url, json, **options), read)

    async def _request(self, call: _Call, read: Read[Any] | None) -> Answer[Any]:
        tries = Tries(self.patience, self.jitter)

        def is_worth_it(state: RetryCallState) -> bool:
            error = state.outcome.exception() if state.outcome else None
            return isinstance(error, Again) and tries.failed(error)

        retrying = AsyncRetrying(retry=is_worth_it, wait=lambda _state: tries.wait_seconds, sleep=self.sleep)
        try:
            answer: Answer[Any] = await retrying(self._once, call, read, tries)
        except Again as again:
            raise again.error from None
        if call.page_size is not None:
            call.page_size.went_well()
        return answer

    async def _once(self, call: _Call, read: Read[Any] | None, tries: Tries) -> Answer[Any]:
        try:
            return await self._try(call, read, tries)
        except Again as again:
            is_less = again.asks_for_less and call.page_size is not None and call.page_size.shrink()
            if isinstance(again.error, Unexpected) and not is_less:
                raise again.error from None
            raise

    async def _try(self, call: _Call, read: Read[Any] | None, tries: Tries) -> Answer[Any]:
        authorization = await self.auth.header(self._grant, self._now())
        address = self.wire.address(call.url, call.parameters())
        response = await self._in_turn(call, address, authorization, tries)
        if response.status == 401 and not tries.is_renewed and self.auth.refused(authorization):
            tries.is_renewed = True
            return await self._try(call, read, tries)
        if not 200 <= response.status < 300:
            raise self._failed(address, response, call.buckets)
        return Answer(
            self._read(address, response, read), response.status, response.headers, response.seconds
        )

    async def _in_turn(self, call: _Call, address: Address, authorization: str, tries: Tries) -> Response:
        """Send once the limits allow it, and tell them what became of it."""
        turn = await self._turn(call)
        observations: Sequence[Observation] = ()
        began = time.monotonic()
        try:
            response = await self.wire.send(
                call.method, address, {"Authorization": authorization}, json=call.json
            )
            observations = self.observe(response.headers)
        finally:
            tries.spent(time.monotonic() - began)
            self.limits.answered(turn, self._now(), observations)
        return response

    async def _turn(self, call: _Call) -> Turn:
        """Wait until the limits allow the request. What was slept counts, even where the clock stood still."""
        now, is_told = self._now(), False
        while (delay := self.limits.delay(call.buckets, now, call.cost)) > 0:
            names = " and ".join(call.buckets)
            if delay > self.patience.longest_wait_seconds:
                raise RateLimited(
                    f"the vendor's limit of {names} is used up for {delay:.0f} s; the next sync goes on from here",
                    delay,
                )
            if delay >= WORTH_TELLING_SECONDS and not is_told:
                self.notify(f"waiting {delay:.0f} s for the vendor's limit of {names}")
                is_told = True
            await self.sleep(delay)
            now = max(self._now(), now + delay)
        return self.limits.take(call.buckets, now, call.cost)

    def _failed(self, address: Address, response: Response, buckets: Sequence[str]) -> Exception:
        content = response.content
        for secret in self.auth.secrets():
            content = content.replace(secret.encode(), b"***")
        failure = failure_of(response.status, address.path, content, response.headers)
        seen = self.observe(response.headers)
        empty = [observed for observed in seen if observed.remaining is not None and observed.remaining <= 0]
        resets = max((observed.resets_seconds or 0.0 for observed in empty or seen), default=0.0)
        outcome = judge(failure, self.classify(failure), self.clock(), resets or None)
        if isinstance(outcome, Again) and outcome.wait_seconds and isinstance(outcome.error, RateLimited):
            self._pause(outcome, buckets, seen)
        return outcome

    def _pause(self, again: Again, buckets: Sequence[str], seen: Sequence[Observation]) -> None:
        """The other streams of the account wait with the one that was told to."""
        wait = min(again.wait_seconds or 0.0, self.patience.longest_wait_seconds)
        self.limits.block(buckets, self._now() + wait, seen)
        if wait >= WORTH_TELLING_SECONDS:
            self.notify(str(again.error))

    def _read(self, address: Address, response: Response, read: Read[Any] | None) -> Any:
        if response.status == 204:
            return None
        kind = response.headers.get("content-type", "no content type").partition(";")[0]
        try:
            if read is None or isinstance(read, type | GenericAlias):
                return decode(response.content, read or object)
            return read(response.content)
        except WrongShape as error:
            raise Unexpected(
                f"{address.path} was answered in another shape than agreed ({error}): tell the developers"
            ) from None
        except Undecodable as error:
            raise Again(
                Unavailable(
                    f"{address.path} was answered with {kind} that is no JSON ({error}): check that the "
                    "account's address is the API's; the next sync tries again"
                )
            ) from None

    async def _grant(self, path: str, fields: Mapping[str, Any], as_form: bool) -> Mapping[str, Any]:
        """A token request: sent without credentials of its own, and its answer is never quoted."""
        address = self.wire.address(path, {})
        sent: dict[str, Any] = {"data": fields} if as_form else {"json": fields}
        response = await self.wire.send("POST", address, {}, **sent)
        if response.status == 429 or response.status >= 500:
            raise self._failed(address, response, (self.limits.account,))
        if 200 <= response.status < 300:
            answer: Mapping[str, Any] = self._read(address, response, dict[str, Any])
            return answer
        failure = failure_of(response.status, address.path, response.content, response.headers)
        raise Misconfigured(
            f"{address.path} refused the OAuth client with {failure.status} ({failure.message}): "
            "check client id, secret and scope"
        )

    def _now(self) -> float:
        return self.clock().timestamp()
