"""Vendors for the client's tests: one of scripted answers, and one of raw bytes on a loopback socket."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors import ApiClient, Bearer

TOKEN = "CANARY-4c0ffee"
BASE = "https://acme.example/root"


@dataclass
class Time:
    """A clock that only moves when somebody sleeps."""

    now: datetime = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def clock(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Script(httpx.AsyncBaseTransport):
    """Answers in the order given; the last one again and again."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        if callable(step):
            return step(request)
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)


def ok(body: Any = None, **headers: str) -> httpx.Response:
    return reply(200, {"fine": True} if body is None else body, **headers)


def reply(status: int, body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, bytes | str):
        return httpx.Response(status, headers=named, content=body)
    return httpx.Response(status, headers=named, json=body)


@dataclass
class Desk:
    """A client whose vendor is scripted; time and chance are in the test's hands."""

    script: Script
    time: Time
    client: ApiClient
    told: list[str]


def desk(*steps: Step, **options: Any) -> Desk:
    script, time, told = Script(*steps), Time(), list[str]()
    given: dict[str, Any] = {
        "auth": Bearer(SecretStr(TOKEN)),
        "transport": script,
        "clock": time.clock,
        "sleep": time.sleep,
        "notify": told.append,
        "jitter": lambda: 0.5,
    }
    return Desk(script, time, ApiClient(BASE, **(given | options)), told)


Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(speak: Speak, head: bytes = b"\r\n\r\n") -> AsyncIterator[str]:
    """A real socket on loopback; `speak` is called once a connection, after what ends the request's head."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(head)
            await speak(reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        await listening.wait_closed()


def raw(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """An answer as it goes over the wire; `length` is what it claims."""
    lines = [f"HTTP/1.1 {status}", *headers, "connection: close"]
    if length != -1:
        lines.append(f"content-length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def says(*parts: bytes) -> Speak:
    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()

    return speak


def drips(head: bytes, parts: Iterable[bytes], pause_seconds: float) -> Speak:
    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for part in parts:
            await asyncio.sleep(pause_seconds)
            writer.write(part)
            await writer.drain()

    return speak


def resets(after: bytes = b"") -> Speak:
    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(after)
        await writer.drain()
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return speak
