"""The one module that speaks HTTP: httpx carries, tenacity repeats, `limits` says when.

    client = ApiClient("https://acme.example", auth=Bearer(token), limits=Limits({...}), clock=…, sleep=…)
    answer = await client.get("/api/tickets", params={"page": 1}, read=Rows(Envelope, "tickets", TicketRow),
                              buckets=("account", "tickets"), page_size=PageSize("per_page", 1000))
    answer.body, answer.headers, answer.status

`read` turns the body's bytes into `answer.body` (default: plain JSON). Failures are errors sorted by
what to do next (connectors/errors.py); `classify` lets a vendor say what a refusal means.
What the client promises: waits its turn, obeys Retry-After, backs off with jitter, gives up in
time, bounds every body, follows no redirect, never sends credentials to another host, logs no query.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from connectors.auth import Auth
from connectors.base import Clock, Sleep, utc_now
from connectors.decode import Undecodable, decode
from connectors.errors import ConnectorError, Misconfigured, RateLimited, Unavailable, Unexpected
from connectors.limits import Limits, Observation
from connectors.transfer import Cut, Inflater, TooLarge, retry_after_seconds, said, transport_sentence

logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)

T = TypeVar("T")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PASSING = frozenset(
    {408, 409, 423, 425, 429, 477, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530}
)
_SLOW = frozenset({408, 504, 524})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request may trouble us and the vendor."""

    attempts: int = 6
    total_seconds: float = 600
    longest_wait_seconds: float = 900
    """A longer Retry-After ends the run instead (RateLimited)."""
    deadline_seconds: float = 120
    """From sending a request to its last byte."""
    first_wait_seconds: float = 1
    largest_transfer: int = 64 * 1024 * 1024
    largest_body: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is none, for a vendor's `classify`."""

    status: int
    path: str
    message: str
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    body: T
    status: int
    headers: Mapping[str, str]


@dataclass(slots=True)
class PageSize:
    """A page-size parameter that is halved when the vendor times out, and restored after ten good pages."""

    parameter: str
    full: int
    least: int = 100
    restore_after: int = 10
    current: int = field(default=0)
    _good: int = 0

    def __post_init__(self) -> None:
        self.current = self.current or self.full

    def shrink(self) -> None:
        self.current, self._good = max(self.least, self.current // 2), 0

    def went_well(self) -> None:
        self._good += 1
        if self._good >= self.restore_after:
            self.current, self._good = min(self.full, self.current * 2), 0


class _Again(Exception):
    """Worth another try; `error` is what it becomes when patience ends."""

    def __init__(self, error: ConnectorError, wait_seconds: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait_seconds = wait_seconds


def no_observations(_headers: Mapping[str, str]) -> Sequence[Observation]:
    return ()


def no_verdict(_failure: Failure) -> ConnectorError | None:
    return None


class ApiClient:
    """Requests to one account's host.

    `observe` reads buckets from response headers; `classify` gives a vendor's own error for a refusal
    (None: the usual one). `transport` is an httpx transport for tests.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth,
        limits: Limits | None = None,
        patience: Patience | None = None,
        observe: Callable[[Mapping[str, str]], Sequence[Observation]] = no_observations,
        classify: Callable[[Failure], ConnectorError | None] = no_verdict,
        clock: Clock = utc_now,
        sleep: Sleep = asyncio.sleep,
        transport: Any = None,
        notify: Callable[[str], None] = lambda _sentence: None,
        jitter: Callable[[], float] = random.random,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.base = checked_base(base_url)
        self.auth, self.limits = auth, limits or Limits()
        self.patience, self.observe, self.classify = patience or Patience(), observe, classify
        self.clock, self.sleep, self.notify, self.jitter = clock, sleep, notify, jitter
        self.requests = 0
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(60, connect=15),
            follow_redirects=False,
            trust_env=urlsplit(self.base).hostname not in _LOOPBACK,
            headers={"Accept": "application/json", "Accept-Encoding": "gzip, deflate", **(headers or {})},
        )

    def __repr__(self) -> str:
        return f"ApiClient({self.base!r})"

    async def aclose(self) -> None:
        await self._http.aclose()

    async def get(self, url: str, **options: Any) -> Answer[Any]:
        """See `request`."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Any) -> Answer[Any]:
        """See `request`."""
        return await self.request("POST", url, **options)

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        read: Callable[[bytes], T] | None = None,
        buckets: Sequence[str] = ("account",),
        cost: float = 1,
        page_size: PageSize | None = None,
    ) -> Answer[T]:
        """One answer, however many tries it takes. `url` is a path, or a whole URL of the same host."""
        address = self._address(url)
        reader: Callable[[bytes], Any] = read or _plain_json
        end = self._now() + self.patience.total_seconds
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_Again),
            stop=lambda state: state.attempt_number >= self.patience.attempts or self._now() >= end,
            wait=self._wait,
            sleep=self.sleep,
            retry_error_callback=_give_up,
        )

        async def once() -> Answer[T]:
            asked = dict(params or {})
            if page_size is not None:
                asked[page_size.parameter] = page_size.current
            try:
                return await self._once(method, address, asked, json, reader, buckets, cost)
            except _TooSlow as slow:
                if page_size is not None:
                    page_size.shrink()
                raise _Again(slow.error) from None

        answer: Answer[T] = await retrying(once)
        if page_size is not None:
            page_size.went_well()
        return answer

    async def _once(
        self, method: str, address: str, params: Mapping[str, Any], json: Any,
        read: Callable[[bytes], Any], buckets: Sequence[str], cost: float,
    ) -> Answer[Any]:  # fmt: skip
        await self._turn(buckets, cost)
        authorization = await self.auth.header(self._grant, self._now())
        status, headers, body = await self._send(
            method, address, {"Authorization": authorization}, params=params or None, json=json
        )
        self.limits.learn(self._now(), self.observe(headers))
        path = urlsplit(address).path
        if 200 <= status < 300:
            try:
                return Answer(read(body), status, headers)
            except Undecodable as error:
                raise _Again(
                    Unavailable(f"{path} was answered with something that is no JSON of it: {error}")
                ) from None
        raise self._failed(status, path, headers, body, buckets)

    def _failed(
        self, status: int, path: str, headers: Mapping[str, str], body: bytes, buckets: Sequence[str]
    ) -> Exception:
        failure = Failure(status, path, said(body), _maybe_json(body), headers)
        if status == 401 and self.auth.refused():
            return _Again(self._refusal(failure), 0)
        verdict = self.classify(failure)
        if isinstance(verdict, RateLimited) or (verdict is None and status in (429, 503, 477)):
            return self._limited(failure, verdict, buckets)
        if verdict is not None:
            return verdict if not isinstance(verdict, Unavailable) else _Again(verdict)
        if status in _SLOW:
            return _TooSlow(Unavailable(f"{path} took too long ({status}): the next sync tries again"))
        if status in _PASSING or status >= 500:
            return _Again(
                Unavailable(f"{path} was answered with {status}: the next sync tries again"),
                10 if status == 409 else None,
            )
        return self._refusal(failure)

    def _limited(self, failure: Failure, verdict: ConnectorError | None, buckets: Sequence[str]) -> Exception:
        """Wait exactly as long as the vendor says; as its buckets say where it does not."""
        wait = retry_after_seconds(failure.headers, self.clock())
        if isinstance(verdict, RateLimited):
            wait = verdict.retry_after_seconds
        if wait is None and failure.status == 429:
            known = [seen.resets_seconds for seen in self.observe(failure.headers) if seen.resets_seconds]
            wait = min(known, default=60.0)
        sentence = f"{failure.path}: the vendor's limit is reached ({failure.status})"
        if wait is None:
            return _Again(Unavailable(f"{sentence}: the next sync tries again"))
        error = RateLimited(f"{sentence}; it asks to wait {wait:.0f} s", wait)
        if wait > self.patience.longest_wait_seconds:
            return error
        wait = max(1.0, wait) + self.jitter()
        self.limits.block(buckets, self._now() + wait)
        return _Again(error, wait)

    def _refusal(self, failure: Failure) -> ConnectorError:
        about = f"{failure.path} was refused ({failure.status}): {failure.message}"
        if failure.status in (401, 403):
            return Misconfigured(f"{about}. Check the credentials and their role or scopes")
        if 300 <= failure.status < 400:
            return Misconfigured(
                f"{failure.path} points to another address. Set BASE_URL to the account's own host"
            )
        return Unexpected(about)

    async def _turn(self, buckets: Sequence[str], cost: float) -> None:
        told = False
        while (delay := self.limits.delay(buckets, self._now(), cost)) > 0:
            if delay > 5 and not told:
                self.notify(f"waiting {delay:.0f} s for the vendor's limit of {' and '.join(buckets)}")
                told = True
            await self.sleep(delay)
        self.limits.take(buckets, self._now(), cost)

    def _wait(self, state: RetryCallState) -> float:
        """What the vendor asked for, else exponential back-off with full jitter."""
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, _Again) and error.wait_seconds is not None:
            return error.wait_seconds
        return self.jitter() * min(60.0, self.patience.first_wait_seconds * 2.0**state.attempt_number)

    async def _grant(self, path: str, fields: Mapping[str, Any], as_form: bool) -> Mapping[str, Any]:
        """A token request: sent without credentials of its own, and its answer is never logged."""
        sent: dict[str, Any] = {"data": fields} if as_form else {"json": fields}
        status, headers, body = await self._send("POST", self._address(path), {}, **sent)
        if status in _PASSING:
            raise self._failed(status, path, headers, body, ("account",))
        answer = _maybe_json(body)
        if not 200 <= status < 300 or not isinstance(answer, dict):
            raise Misconfigured(
                f"{path} refused the OAuth client ({status}): {said(body)}. Check client id and secret"
            )
        return answer

    async def _send(
        self, method: str, address: str, headers: Mapping[str, str], **sent: Any
    ) -> tuple[int, Mapping[str, str], bytes]:
        path = urlsplit(address).path
        self.requests += 1
        try:
            async with asyncio.timeout(self.patience.deadline_seconds):
                async with self._http.stream(method, address, headers=dict(headers), **sent) as response:
                    return response.status_code, response.headers, await self._body(response)
        except (TimeoutError, httpx.TimeoutException):
            raise _TooSlow(Unavailable(f"{path} took too long: the next sync tries again")) from None
        except TooLarge as error:
            raise Unexpected(f"{path} was answered with a body beyond all bounds ({error})") from None
        except Cut:
            raise _Again(Unavailable(f"{path} was answered with a body that was cut off")) from None
        except httpx.TransportError as error:
            raise _unreachable(urlsplit(address).hostname or "", error) from None

    async def _body(self, response: httpx.Response) -> bytes:
        inflater = Inflater(
            response.headers.get("content-encoding"),
            self.patience.largest_transfer,
            self.patience.largest_body,
        )
        async for chunk in response.aiter_raw(65536):
            inflater.feed(chunk)
        return inflater.finish(response.headers.get("content-length"))

    def _address(self, url: str) -> str:
        """A next-page link is followed only where the account itself lives."""
        if url.startswith("/"):
            return self.base + url
        if _origin(url) != _origin(self.base):
            raise Unexpected(f"the API points to another host, {urlsplit(url).hostname}: not followed")
        return url

    def _now(self) -> float:
        return self.clock().timestamp()


class _TooSlow(Exception):
    """A time-out: worth another try with a smaller page."""

    def __init__(self, error: ConnectorError) -> None:
        super().__init__(str(error))
        self.error = error


def checked_base(base_url: str) -> str:
    """The base without a trailing slash; https unless the host is this machine."""
    parts = urlsplit(base_url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise Misconfigured(
            f"BASE_URL {parts.scheme}://{parts.hostname} must be https: credentials would travel in the open"
        )
    return base_url.rstrip("/")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _unreachable(host: str, error: httpx.TransportError) -> Exception:
    sentence, is_setting = transport_sentence(host, error)
    return Misconfigured(sentence) if is_setting else _Again(Unavailable(sentence))


def _give_up(state: RetryCallState) -> Any:
    assert state.outcome is not None
    error = state.outcome.exception()
    raise error.error if isinstance(error, _Again) else Unexpected(str(error)) from None


def _plain_json(body: bytes) -> Any:
    return decode(body, Any)


def _maybe_json(body: bytes) -> Any:
    try:
        return _plain_json(body)
    except Undecodable:
        return None
