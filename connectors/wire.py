"""The one module that imports httpx: bytes to one host and back, bounded in time and size.

Nothing is repeated here and no status is judged. What breaks on the way is raised as `Again` (worth
another try) or as one of connectors/errors.py; no httpx exception leaves, for theirs quote the query.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address
from typing import Any, Final

import httpx

from connectors.errors import ConnectorError, Misconfigured, Unavailable, Unexpected
from connectors.failures import unreachable
from connectors.patience import Again, Patience
from connectors.transfer import Cut, Inflater, TooLarge

CONNECT_SECONDS: Final = 15.0
_PORTS: Final = {"https": 443, "http": 80}

logging.getLogger("httpx").setLevel(logging.WARNING)  # its INFO line holds the whole URL
logging.getLogger("httpcore").setLevel(logging.INFO)  # its DEBUG lines hold Set-Cookie
_log = logging.getLogger(__name__)

Address = httpx.URL


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    """Looked up in any case."""
    content: bytes
    seconds: float


class Wire:
    """Connections to one host. No redirect is followed, no cookie kept, HTTP/2 not spoken."""

    def __init__(
        self, base_url: str, patience: Patience, headers: Mapping[str, str], transport: Any = None
    ) -> None:
        self.base = checked_base(base_url)
        self.sent = 0
        self._patience = patience
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(patience.deadline_seconds, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=not _is_loopback(self.base.host),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"User-Agent": "deskpulse", **headers, "Accept-Encoding": "gzip, deflate"},
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    def address(self, url: str, params: Mapping[str, Any]) -> Address:
        """A path below the base, or a whole URL of the same scheme, host and port.

        `params` replace those of the same name; what is None is left out.
        """
        try:
            address = httpx.URL(f"{str(self.base).rstrip('/')}{url}" if url.startswith("/") else url)
        except httpx.InvalidURL:
            raise Unexpected("the API gave an address that is none: tell the developers") from None
        if address.userinfo or _origin(address) != _origin(self.base):
            raise Unexpected(
                f"the API points to another host ({address.host or 'none'}): not followed; tell the developers"
            )
        given = {name: value for name, value in params.items() if value is not None}
        return address.copy_merge_params(given) if given else address

    async def send(
        self, method: str, address: Address, headers: Mapping[str, str], **content: Any
    ) -> Response:
        """One request; `content` is httpx's `json` or `data`."""
        self.sent += 1
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._patience.deadline_seconds):
                async with self._http.stream(method, address, headers=dict(headers), **content) as response:
                    body = await self._body(response)
        except (TimeoutError, httpx.TransportError, TooLarge, Cut) as error:
            raise _what_broke(address, error) from None
        seconds = time.monotonic() - began
        _log.debug(
            "%s %s%s %d in %.0f ms", method, address.host, address.path, response.status_code, seconds * 1000
        )
        return Response(response.status_code, response.headers, body, seconds)

    async def _body(self, response: httpx.Response) -> bytes:
        inflater = Inflater(
            response.headers.get("content-encoding"),
            self._patience.largest_transfer,
            self._patience.largest_body,
        )
        if not inflater.is_readable:
            raise Unexpected("an answer was packed in a way that was not asked for: tell the developers")
        assert isinstance(response.stream, httpx.AsyncByteStream)
        async for chunk in response.stream:
            inflater.feed(chunk)
        return inflater.finish(response.headers.get("content-length"))


def checked_base(base_url: str) -> Address:
    """The address of an account: https, unless the host is this machine."""
    try:
        base = httpx.URL(base_url)
    except httpx.InvalidURL:
        base = httpx.URL("")
    if not base.host or base.userinfo or base.query or base.fragment:
        raise Misconfigured("the account's address (BASE_URL) must look like https://host")
    if base.scheme != "https" and not (base.scheme == "http" and _is_loopback(base.host)):
        raise Misconfigured(
            f"the account's address (BASE_URL) must be https://{base.host}: "
            "credentials would travel in the open"
        )
    return base


def _what_broke(address: Address, error: Exception) -> Again | ConnectorError:
    about = f"{address.path} was answered with"
    if isinstance(error, httpx.ConnectTimeout):
        return Again(
            Unavailable(f"no connection to {address.host} in time: check the address and the network")
        )
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return Again(
            Unavailable(f"{address.path} took too long: the next sync tries again"), asks_for_less=True
        )
    if isinstance(error, TooLarge):
        return Again(
            Unexpected(f"{about} too large a body ({error}): tell the developers"), asks_for_less=True
        )
    if isinstance(error, Cut):
        return Again(Unavailable(f"{about} a body that was cut off: the next sync tries again"))
    if isinstance(error, httpx.ProxyError):
        return Again(Unavailable("the proxy refuses: check HTTPS_PROXY and NO_PROXY of this machine"))
    return unreachable(address.host, error)


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host, url.port or _PORTS.get(url.scheme)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
