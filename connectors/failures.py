"""What a failure means: an answer that is none, a connection that broke. Pure; nothing is sent here."""

import html
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from connectors.decode import Undecodable, decode
from connectors.errors import ConnectorError, Misconfigured, RateLimited, Unavailable, Unexpected
from connectors.patience import Again, retry_after_seconds

LONGEST_QUOTE: Final = 200
WAIT_OF_A_LIMIT_SECONDS: Final = 60.0
WAIT_OF_A_CONFLICT_SECONDS: Final = 10.0

_TIMED_OUT: Final = frozenset({408, 504, 524})
_PASSING: Final = frozenset({408, 423, 425})
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_TAGS: Final = re.compile(r"<(script|style).*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer outside 2xx, for a vendor's `classify`."""

    status: int
    path: str
    message: str
    """What the body says, in any of the vendors' shapes: one short line."""
    body: Any
    """The body where it is JSON, else null."""
    headers: Mapping[str, str]


def failure_of(status: int, path: str, body: bytes, headers: Mapping[str, str]) -> Failure:
    try:
        found = decode(body, object)
    except Undecodable:
        return Failure(status, path, _text(body), None, headers)
    return Failure(status, path, _line(_message(found) or "no explanation"), found, headers)


def judge(
    failure: Failure, verdict: ConnectorError | None, now: datetime, resets_seconds: float | None = None
) -> Again | ConnectorError:
    """What to do next: try again, or raise.

    `verdict` is the vendor's own reading. Of those only Unavailable is tried again, and RateLimited
    after the wait it names. `resets_seconds` is when the vendor's limit is said to be free again.
    """
    asked = retry_after_seconds(failure.headers, now)
    if verdict is not None:
        return _by_verdict(verdict, asked)
    if failure.status == 429:
        return _limited(failure, asked if asked is not None else resets_seconds or WAIT_OF_A_LIMIT_SECONDS)
    if failure.status >= 500 and asked is not None:
        return _limited(failure, asked)
    error = _error(failure)
    if not isinstance(error, Unavailable):
        return error
    wait = WAIT_OF_A_CONFLICT_SECONDS if failure.status == 409 else None
    return Again(error, wait, asks_for_less=failure.status in _TIMED_OUT)


def _by_verdict(verdict: ConnectorError, asked_seconds: float | None) -> Again | ConnectorError:
    if isinstance(verdict, RateLimited):
        return Again(verdict, verdict.retry_after_seconds)
    return Again(verdict, asked_seconds) if isinstance(verdict, Unavailable) else verdict


def _limited(failure: Failure, wait_seconds: float) -> Again:
    sentence = (
        f"{failure.path} was answered with {failure.status}, wait {wait_seconds:.0f} s ({failure.message}); "
        "the next sync goes on from here"
    )
    return Again(RateLimited(sentence, wait_seconds), wait_seconds)


def _error(failure: Failure) -> ConnectorError:
    """The usual meaning of a status, where the vendor's connector gives it no other."""
    status, about = failure.status, f"{failure.path} was answered with {failure.status} ({failure.message})"
    if status in _TIMED_OUT or status in _PASSING or status == 409 or status >= 500:
        return Unavailable(f"{about}: the vendor is not well; the next sync tries again")
    if status in (401, 403):
        return Misconfigured(f"{about}: check the credentials, and the role and scopes behind them")
    if 300 <= status < 400:
        host = urlsplit(failure.headers.get("location", "")).hostname or "elsewhere"
        return Misconfigured(
            f"{failure.path} redirects to {_line(host)}, where credentials are not sent: "
            "set the account's own address"
        )
    return Unexpected(f"{about}: tell the developers")


def unreachable(host: str, error: Exception) -> Again | ConnectorError:
    """What to tell of a connection that failed. Only an untrusted certificate is the admin's at once."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Misconfigured(
                f"the certificate of {host} is not trusted ({cause.verify_message}): check the account's "
                "address and this machine's clock; behind a proxy of your own, name its certificate in SSL_CERT_FILE"
            )
    return Again(Unavailable(f"{_broken(host, causes)}; the next sync tries again"))


def _broken(host: str, causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return f"the host {host} is not known: check the account's address, the network and its DNS"
        if isinstance(cause, ssl.SSLError):
            return f"no TLS connection to {host} could be made ({cause.reason or 'no reason given'})"
        if isinstance(cause, ConnectionRefusedError):
            return f"{host} refuses connections: check the account's address and the network"
        if isinstance(cause, ConnectionResetError | BrokenPipeError):
            return f"{host} reset the connection"
    return f"the connection to {host} broke ({type(causes[0]).__name__})"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for member in error.exceptions:
                yield from _causes(member)
        error = error.__cause__ or error.__context__


def _text(body: bytes) -> str:
    text = body[:65536].decode(errors="replace")
    title = _TITLE.search(text)
    return _line(html.unescape(title[1] if title else _TAGS.sub(" ", text))) or "no explanation"


def _line(text: str) -> str:
    """One short line without control characters: it goes to logs and terminals."""
    printable = "".join(char if char.isprintable() else " " for char in text[: LONGEST_QUOTE * 20])
    line = " ".join(printable.split())
    return line if len(line) <= LONGEST_QUOTE else line[: LONGEST_QUOTE - 1] + "…"


def _message(body: Any) -> str | None:
    """The first of the places where the vendors' error bodies explain themselves."""
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return None
    error, errors = body.get("error"), body.get("errors")
    inner = error if isinstance(error, dict) else {}
    first = errors[0] if isinstance(errors, list) and errors else None
    detail = first if isinstance(first, dict) else {"message": first}
    candidates = (
        inner.get("message"), inner.get("title"),
        body.get("error_description"), body.get("description"), body.get("message"), error,
        detail.get("message"), detail.get("title"), detail.get("detail"), detail.get("code"),
        body.get("detail"), body.get("title"),
    )  # fmt: skip
    return next((text for text in candidates if isinstance(text, str) and text.strip()), None)
