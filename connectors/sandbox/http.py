"""What goes over the wire: a request as the dialects see it, an answer as they give it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @cached_property
    def path(self) -> str:
        """Without the query and without a trailing `.json`."""
        return urlsplit(self.target).path.removesuffix(".json").rstrip("/") or "/"

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        return tuple(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @cached_property
    def query(self) -> dict[str, str]:
        """The last value of each parameter."""
        return dict(self.pairs)

    def values(self, name: str) -> list[str]:
        """Every value of a repeated parameter."""
        return [value for key, value in self.pairs if key == name]

    def whole(self, name: str) -> int | None:
        text = self.query.get(name)
        try:
            return None if text is None else int(text)
        except ValueError:
            return None

    def json(self) -> Any:
        try:
            return msgspec.json.decode(self.body) if self.body else {}
        except msgspec.DecodeError:
            return {}

    @property
    def basic(self) -> tuple[str, str] | None:
        """User and password of HTTP Basic."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(value).decode().partition(":")
        except ValueError:
            return None
        return user, password

    @property
    def bearer(self) -> str | None:
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return value if scheme.lower() == "bearer" else None


@dataclass
class Delivery:
    """How the bytes leave: cut after some of them, slowly, late."""

    reset_after: int | None = None
    """Bytes sent before the connection is reset; the length announced is the full one."""
    drip_bytes: int = 0
    pause_seconds: float = 0.0
    """Before the answer, or between two drips."""
    encoding: str | None = None
    """The body is already encoded like this."""


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    delivery: Delivery = field(default_factory=Delivery)

    @classmethod
    def json(cls, value: Any, status: int = 200, **headers: str) -> "Answer":
        return cls(status, _encode(value), {name.replace("_", "-"): text for name, text in headers.items()})
