"""Trouble on the wire: an httpx transport between connector and vendor that can spoil what passes.

    wire = Wire(vendor, time)
    wire.trouble = answers(503)            # from now on, until it is None again

A trouble is a coroutine that gets the request and a way to ask the vendor. Token requests (they carry
no credentials of their own) pass untouched.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from connectors.testkit.walking import Time

Ask = Callable[[httpx.Request], Awaitable[httpx.Response]]
Trouble = Callable[[httpx.Request, Ask], Awaitable[httpx.Response]]

ELSEWHERE = "elsewhere.example"


class Endless(AssertionError):
    """More requests than any honest walk needs."""


@dataclass(frozen=True)
class Asked:
    """One request, and when it was sent."""

    request: httpx.Request
    at: datetime

    @property
    def path(self) -> str:
        return f"{self.request.method} {self.request.url.path}"

    @property
    def target(self) -> str:
        return target_of(self.request)

    @property
    def credentials(self) -> str:
        """What stands in the Authorization header; empty in a token request."""
        return str(self.request.headers.get("authorization", ""))


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """What passes is noted; what goes to another host is noted, too, and not answered."""

    vendor: httpx.AsyncBaseTransport
    time: Time
    trouble: Trouble | None = None
    most: int = 20_000
    sent: list[Asked] = field(default_factory=list)
    strayed: list[Asked] = field(default_factory=list)
    closed: int = 0
    home: str = ""
    """The host that was asked first."""

    @property
    def asked(self) -> list[Asked]:
        """Requests for data; token requests are not counted."""
        return [each for each in self.sent if each.credentials]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = Asked(request, self.time.now)
        self.home = self.home or request.url.host
        if request.url.host != self.home:
            self.strayed.append(asked)
            return httpx.Response(404, request=request)
        self.sent.append(asked)
        if len(self.sent) > self.most:
            raise Endless(f"more than {self.most} requests, the last to {asked.target}")
        if self.trouble is None or not asked.credentials:
            return await self.vendor.handle_async_request(request)
        return await self.trouble(request, self._whole)

    async def aclose(self) -> None:
        self.closed += 1
        await self.vendor.aclose()

    async def _whole(self, request: httpx.Request) -> httpx.Response:
        """The vendor's answer, read and unpacked, so that it can be changed or given again."""
        response = await self.vendor.handle_async_request(request)
        await response.aread()
        return copied(response)


def copied(response: httpx.Response, body: bytes | None = None) -> httpx.Response:
    dropped = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in dropped]
    content = response.content if body is None else body
    return httpx.Response(response.status_code, headers=headers, content=content)


def target_of(request: httpx.Request) -> str:
    """What is asked for: two requests of one target should be answered alike."""
    body = request.content.decode(errors="replace")
    return f"{request.method} {request.url.raw_path.decode()} {body}".strip()


def answers(status: int, body: bytes = b"", **headers: str) -> Trouble:
    """Everything is answered so."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def trouble(_request: httpx.Request, _ask: Ask) -> httpx.Response:
        return httpx.Response(status, headers=named, content=body)

    return trouble


def breaks(error: type[httpx.TransportError]) -> Trouble:
    """Nothing is answered."""

    async def trouble(request: httpx.Request, _ask: Ask) -> httpx.Response:
        raise error("made by the contract", request=request)

    return trouble


def at_first(first: Trouble) -> Trouble:
    """Only the first request meets it."""
    met = False

    async def trouble(request: httpx.Request, ask: Ask) -> httpx.Response:
        nonlocal met
        if met:
            return await ask(request)
        met = True
        return await first(request, ask)

    return trouble


def after(count: int, later: Trouble) -> Trouble:
    """So many requests pass before it."""
    passed = 0

    async def trouble(request: httpx.Request, ask: Ask) -> httpx.Response:
        nonlocal passed
        passed += 1
        return await (ask(request) if passed <= count else later(request, ask))

    return trouble


def cut_in_half() -> Trouble:
    """Bodies end in the middle, as they announce a length that they do not have."""

    async def trouble(request: httpx.Request, ask: Ask) -> httpx.Response:
        response = await ask(request)
        return copied(response, response.content[: len(response.content) // 2])

    return trouble


def stuck() -> Trouble:
    """Each path gives its first page again and again, whatever is asked for."""
    first: dict[str, httpx.Response] = {}

    async def trouble(request: httpx.Request, ask: Ask) -> httpx.Response:
        path = request.url.path
        if path not in first:
            first[path] = await ask(request)
        return copied(first[path])

    return trouble


def noting(bodies: dict[str, Any]) -> Trouble:
    """None at all: notes what each target is answered, where that is JSON."""

    async def trouble(request: httpx.Request, ask: Ask) -> httpx.Response:
        response = await ask(request)
        with suppress(ValueError):
            bodies[target_of(request)] = json.loads(response.content)
        return response

    return trouble


def rewritten(target: str, change: Callable[[Any], None]) -> Trouble:
    """The body of one target is changed in place."""

    async def trouble(request: httpx.Request, ask: Ask) -> httpx.Response:
        response = await ask(request)
        if target_of(request) != target:
            return response
        body = json.loads(response.content)
        change(body)
        return copied(response, json.dumps(body).encode())

    return trouble


def points_elsewhere() -> Trouble:
    """Every address of the vendor's in a body leads to another host."""
    there = f"https://{ELSEWHERE}"

    async def trouble(request: httpx.Request, ask: Ask) -> httpx.Response:
        response = await ask(request)
        here = str(request.url.copy_with(raw_path=b"/")).rstrip("/")
        body = response.text.replace(here, there).replace(here.replace("/", "\\/"), there)
        return copied(response, body.encode())

    return trouble


def longest_list(body: Any) -> list[Any]:
    """The rows of a body, as far as one can guess: its longest list of objects."""
    lists = sorted(_lists(body), key=len)
    return lists[-1] if lists else []


def _lists(value: Any, depth: int = 3) -> Iterator[list[Any]]:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        yield value
    elif isinstance(value, dict) and depth:
        for item in value.values():
            yield from _lists(item, depth - 1)
