"""A vendor's API over real HTTP on the loopback interface."""

import contextlib
import gzip
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Protocol, Self

from connectors.sandbox import faults
from connectors.sandbox.desk import Desk
from connectors.sandbox.http import Answer, Request


class Dialect(Protocol):
    """How one vendor speaks."""

    settings: Mapping[str, str]
    """What an account of this vendor is configured with, but for its address."""

    def name_of(self, request: Request) -> str:
        """A short name of what is asked, for counting: `tickets`, `users` …"""

    def answer(self, request: Request, base_url: str) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that was answered."""

    name: str
    method: str
    target: str
    status: int
    body_bytes: int


@dataclass(slots=True)
class _Trap:
    pattern: re.Pattern[str]
    fault: faults.Fault
    times: int


class Sandbox:
    """One account of one vendor, served while this is entered.

    `desk` may be shared by several sandboxes, so that one history is seen through several vendors.
    """

    def __init__(self, desk: Desk, dialect: Dialect, *, port: int = 0) -> None:
        self.desk = desk
        self.clock = desk.clock
        self.dialect = dialect
        self.requests: list[Seen] = []
        self._traps: list[_Trap] = []
        self._callbacks: list[Callable[[Request], None]] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.sandbox = self
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def settings(self) -> dict[str, str]:
        """Settings with which a connector reaches this account."""
        return {**self.dialect.settings, "base_url": self.url}

    def start(self) -> Self:
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        if self._thread:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def serve_forever(self) -> None:
        self._server.serve_forever()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- watching -----------------------------------------------------------------------------

    def calls(self, name: str) -> int:
        """How many requests had this name and were answered with a success."""
        return sum(seen.name == name and seen.status < 300 for seen in self.requests)

    @property
    def refused(self) -> int:
        """How many requests were answered with 429."""
        return sum(seen.status == 429 for seen in self.requests)

    def counters(self) -> dict[str, dict[str, int]]:
        """Requests by name and status."""
        counted: dict[str, Counter[str]] = {}
        for seen in list(self.requests):
            counted.setdefault(seen.name, Counter())[str(seen.status)] += 1
        return {name: dict(statuses) for name, statuses in counted.items()}

    def forget_requests(self) -> None:
        self.requests.clear()

    # -- meddling -----------------------------------------------------------------------------

    def fail(self, pattern: str, fault: faults.Fault, *, times: int = 1) -> None:
        """The next `times` requests whose path and query match the regular expression meet the fault."""
        with self._lock:
            self._traps.append(_Trap(re.compile(pattern), fault, times))

    def heal(self) -> None:
        """Forget the faults that are still to come."""
        with self._lock:
            self._traps.clear()

    def on_request(self, callback: Callable[[Request], None]) -> None:
        """Called before each request is answered; may change the desk."""
        self._callbacks.append(callback)

    # -- answering ----------------------------------------------------------------------------

    def respond(self, request: Request) -> Answer:
        if request.path.startswith("/_sandbox"):
            return self._control(request)
        for callback in self._callbacks:
            callback(request)

        def produce() -> Answer:
            with self.desk.lock:
                return self.dialect.answer(request, self.url)

        fault = self._sprung(request)
        answer = fault(request, produce) if fault else produce()
        seen = Seen(
            self.dialect.name_of(request), request.method, request.target, answer.status, len(answer.body)
        )
        with self._lock:
            self.requests.append(seen)
        return answer

    def _sprung(self, request: Request) -> faults.Fault | None:
        with self._lock:
            for trap in self._traps:
                if trap.times > 0 and trap.pattern.search(request.target):
                    trap.times -= 1
                    return trap.fault
        return None

    def _control(self, request: Request) -> Answer:
        """`/_sandbox/…`: what tests in another process may do."""
        what, asked = request.path.removeprefix("/_sandbox").strip("/"), request.json()
        if what == "":
            return Answer.json({"now": self.clock().isoformat(), "requests": self.counters()})
        if request.method != "POST" or what not in _CONTROLS:
            return Answer.json({"error": f"ask one of {sorted(_CONTROLS)} with POST"}, 404)
        try:
            return Answer.json(_CONTROLS[what](self, asked))
        except (KeyError, TypeError, ValueError) as error:
            return Answer.json({"error": f"{type(error).__name__}: {error}"}, 400)


def _advance(sandbox: Sandbox, asked: dict[str, Any]) -> Any:
    sandbox.clock.advance(float(asked["seconds"]))
    return {"now": sandbox.clock().isoformat()}


def _change(sandbox: Sandbox, asked: dict[str, Any]) -> Any:
    return {"tickets": sandbox.desk.change(asked["count"], within_days=asked.get("within_days", 30))}


def _fail(sandbox: Sandbox, asked: dict[str, Any]) -> Any:
    fault = faults.BY_NAME[asked["fault"]](**asked.get("arguments", {}))
    sandbox.fail(asked["pattern"], fault, times=asked.get("times", 1))
    return {}


def _heal(sandbox: Sandbox, _asked: dict[str, Any]) -> Any:
    sandbox.heal()
    return {}


def _forget(sandbox: Sandbox, _asked: dict[str, Any]) -> Any:
    sandbox.forget_requests()
    return {}


_CONTROLS: Mapping[str, Callable[[Sandbox, dict[str, Any]], Any]] = {
    "advance": _advance,
    "change": _change,
    "fail": _fail,
    "heal": _heal,
    "forget": _forget,
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    sandbox: Sandbox

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is nothing to talk about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *args: Any) -> None:
        """Requests are counted, not printed."""

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length) if length else b"")
        answer = self.server.sandbox.respond(request)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._send(answer, "gzip" in headers.get("accept-encoding", ""))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 http.server's names

    def _send(self, answer: Answer, gzip_accepted: bool) -> None:
        delivery, body = answer.delivery, answer.body
        encoding = delivery.encoding
        if gzip_accepted and not encoding and len(body) > 1_000:
            body, encoding = gzip.compress(body, 1), "gzip"
        if delivery.pause_seconds and not delivery.drip_bytes:
            time.sleep(delivery.pause_seconds)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-type", answer.content_type)
        self.send_header("content-length", str(len(body)))
        if encoding:
            self.send_header("content-encoding", encoding)
        self.end_headers()
        if delivery.reset_after is not None:
            self._break_off(body[: delivery.reset_after])
        elif delivery.drip_bytes:
            for start in range(0, len(body), delivery.drip_bytes):
                self.wfile.write(body[start : start + delivery.drip_bytes])
                self.wfile.flush()
                time.sleep(delivery.pause_seconds)
        elif self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _break_off(self, begun: bytes) -> None:
        self.wfile.write(begun)
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
