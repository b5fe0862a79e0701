"""Errors sorted by what to do next, not by cause.

    ConnectorError
    ├── Misconfigured          an admin must act; no retry
    ├── Unavailable            the next run tries again
    │   └── RateLimited        … not before `retry_after_seconds`
    ├── Unsupported            this plan or role lacks the stream: skip it, say so, keep the rest
    └── Unexpected             the vendor broke its contract: tell the developers

Every message is a sentence that says what to do. It never holds a secret, a query string or a body
of customer text.
"""


class ConnectorError(Exception):
    """Whatever a connector cannot get past by itself."""


class Misconfigured(ConnectorError):
    """Credentials, an address or a role that an admin must correct."""


class Unavailable(ConnectorError):
    """The vendor cannot be reached or is not well; patience at this run is used up."""


class RateLimited(Unavailable):
    """The vendor asks to wait longer than a run may wait."""

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unsupported(ConnectorError):
    """A stream that this account's plan, role or scopes do not open."""


class Unexpected(ConnectorError):
    """An answer outside the vendor's documented behaviour."""
