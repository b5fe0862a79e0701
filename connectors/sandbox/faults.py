"""What can go wrong on demand: each fault turns the answer that would have been given into another."""

import gzip
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from connectors.sandbox.http import Answer, Delivery, Request

Fault = Callable[[Request, Callable[[], Answer]], Answer]


def status(code: int, body: bytes | str = b"", *, content_type: str = "text/html", **headers: str) -> Fault:
    """An answer with this status; underscores in header names become hyphens."""
    raw = body.encode() if isinstance(body, str) else body

    def fault(_request: Request, _produce: Callable[[], Answer]) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer(code, raw, named, content_type)

    return fault


def too_many(shape: str = "json", *, retry_after: str | None = "3") -> Fault:
    """A 429 in one of the shapes seen: `json`, `text`, `edge`, `html`, `empty`."""
    kind, body = _TOO_MANY[shape]
    headers = {} if retry_after is None else {"retry_after": retry_after}
    return status(429, body, content_type=kind, **headers)


_TOO_MANY = {
    "json": (
        "application/json",
        '{"error":"APIRateLimitExceeded","description":"Number of allowed API requests exceeded"}',
    ),
    "text": ("text/plain", "Number of allowed API requests per minute exceeded: 0"),
    "edge": (
        "application/json",
        '{"detail":"Rate limited by Zendesk edge protection","status":"429","title":"Automated response"}',
    ),
    "html": ("text/html", "<html><body><h1>Too many requests</h1></body></html>"),
    "empty": ("text/plain", ""),
}


def html(code: int = 200) -> Fault:
    """A web page where JSON should be."""
    return status(code, "<!DOCTYPE html><html><head><title>Sign in</title></head><body>…</body></html>")


def truncated(keep: float = 0.5) -> Fault:
    """Well-delivered bytes of a JSON text that stops in the middle."""

    def fault(_request: Request, produce: Callable[[], Answer]) -> Answer:
        answer = produce()
        answer.body = answer.body[: int(len(answer.body) * keep)]
        return answer

    return fault


def reset(after_bytes: int = 200) -> Fault:
    """The connection breaks after some bytes of the body; 0 breaks it before the first."""
    return _delivered(Delivery(reset_after=after_bytes))


def slow(seconds: float) -> Fault:
    """The whole answer, late."""
    return _delivered(Delivery(pause_seconds=seconds))


def drip(chunk_bytes: int = 64, pause_seconds: float = 0.05) -> Fault:
    """The answer a few bytes at a time: no read ever times out, the whole takes for ever."""
    return _delivered(Delivery(drip_bytes=chunk_bytes, pause_seconds=pause_seconds))


def _delivered(delivery: Delivery) -> Fault:
    def fault(_request: Request, produce: Callable[[], Answer]) -> Answer:
        answer = produce()
        answer.delivery = delivery
        return answer

    return fault


def redirect(url: str, code: int = 302) -> Fault:
    return status(code, "", location=url)


def bomb(megabytes: int = 256) -> Fault:
    """A small compressed body that grows enormous."""

    def fault(_request: Request, _produce: Callable[[], Answer]) -> Answer:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        block = b'{"x":"' + b" " * (1 << 20)
        packed = b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()
        return Answer(200, packed, delivery=Delivery(encoding="gzip"))

    return fault


def broken_gzip() -> Fault:
    """Says gzip, and is not."""

    def fault(_request: Request, produce: Callable[[], Answer]) -> Answer:
        answer = produce()
        packed = bytearray(gzip.compress(answer.body))
        packed[len(packed) // 2] ^= 0xFF
        return Answer(answer.status, bytes(packed), answer.headers, delivery=Delivery(encoding="gzip"))

    return fault


def edited(edit: Callable[[Any], Any]) -> Fault:
    """The decoded answer passed through `edit`, which changes it in place or returns another."""

    def fault(_request: Request, produce: Callable[[], Answer]) -> Answer:
        answer = produce()
        value = msgspec.json.decode(answer.body)
        changed = edit(value)
        answer.body = msgspec.json.encode(value if changed is None else changed)
        return answer

    return fault


def _first_rows(value: Any) -> list[dict[str, Any]]:
    lists = (
        [rows for rows in value.values() if isinstance(rows, list)] if isinstance(value, dict) else [value]
    )
    return next((rows for rows in lists if rows and isinstance(rows[0], dict)), [])


def row(number: int = 0, **fields: Any) -> Fault:
    """Fields of one row of the answer replaced: wrong types, unknown values, unknown fields."""

    def edit(value: Any) -> None:
        rows = _first_rows(value)
        if number < len(rows):
            rows[number].update(fields)

    return edited(edit)


def dirty_text(field: str = "subject", number: int = 0) -> Fault:
    r"""Half an emoji (`\ud83d`) and a NUL in one text of one row."""

    def fault(request: Request, produce: Callable[[], Answer]) -> Answer:
        answer = row(number, **{field: "@@dirty@@"})(request, produce)
        answer.body = answer.body.replace(b"@@dirty@@", rb"half \ud83d and \u0000 nul")
        return answer

    return fault


def repeated_cursor() -> Fault:
    """The page's next cursor is the one that was asked with, and there is still more to come."""

    def fault(request: Request, produce: Callable[[], Answer]) -> Answer:
        asked = request.query.get("cursor") or request.query.get("page[after]") or request.query.get("after")

        def edit(value: Any) -> None:
            if "after_cursor" in value and asked:
                value.update(after_cursor=asked, end_of_stream=False)
            if isinstance(meta := value.get("meta"), dict) and asked:
                meta.update(after_cursor=asked, has_more=True)
            if "end_time" in value:
                value.update(end_time=request.whole("start_time"), count=1_000, end_of_stream=False)

        return edited(edit)(request, produce)

    return fault


def above_page_size(rows: int, code: int = 504) -> Fault:
    """Fails while more than `rows` a page are asked for."""

    def fault(request: Request, produce: Callable[[], Answer]) -> Answer:
        asked = request.whole("per_page") or request.whole("page[size]") or request.whole("limit") or 1_000
        return (
            Answer(code, b"upstream request timeout", content_type="text/plain")
            if asked > rows
            else produce()
        )

    return fault


BY_NAME: Mapping[str, Callable[..., Fault]] = {
    "status": status,
    "too_many": too_many,
    "html": html,
    "truncated": truncated,
    "reset": reset,
    "slow": slow,
    "drip": drip,
    "redirect": redirect,
    "bomb": bomb,
    "broken_gzip": broken_gzip,
    "row": row,
    "dirty_text": dirty_text,
    "repeated_cursor": repeated_cursor,
    "above_page_size": above_page_size,
}
"""Faults that the control endpoint can set, with their arguments as JSON."""
