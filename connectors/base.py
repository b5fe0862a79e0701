"""What a connector is: a few streams, each a walk over pages of records.

    settings → Connector → streams() → Stream.pull(cursor) → Page(records, cursor, rejected)

A cursor is JSON that only its own stream can read: where to go on once the page's records are
stored. `None` asks for the beginning. The engine stores page and cursor in one transaction, so a
stream may be cut after any page and goes on from there.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from storage.records import Cursor, Page, Record

Clock = Callable[[], datetime]
Sleep = Callable[[float], Awaitable[None]]


def utc_now() -> datetime:
    return datetime.now(UTC)


def _say_nothing(_sentence: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of data and how to walk it.

    `every` is the least time between two pulls: reference data need not be read at each sync.
    `retry` maps a row of `rejected` again, once a newer version can read it. `since` is how far back
    a walk from the beginning reads, where that is not everything: values of earlier days are marked then.
    """

    name: str
    pull: Callable[[Cursor | None], AsyncIterator[Page]]
    every: timedelta = timedelta(0)
    retry: Callable[[Mapping[str, Any]], Sequence[Record]] | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What one cheap request told about an account."""

    identity: str
    """Whom the credentials belong to; no secret."""
    notes: Sequence[str] = ()
    """Warnings an admin should read: an ending credential, a restricted role."""
    streams: Mapping[str, str | None] = field(default_factory=dict)
    """Stream name → null when it can be read, else why not."""


class ConnectorSettings(BaseModel):
    """What an admin gives for one account; a connector adds its own fields.

    `since` and `events_since` are instants: how far back tickets and histories are read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str | None = None
    since: datetime
    events_since: datetime


S = TypeVar("S", bound=ConnectorSettings)


class Connector(ABC, Generic[S]):
    """One account of one vendor.

    Give the class an entry point in the group `deskpulse.connectors`; its name is what admins write
    in `DESKPULSE_ACCOUNTS__<NAME>__CONNECTOR`. Clock, sleep and transport are arguments so that
    tests need neither time nor network (`transport` is an `httpx.AsyncBaseTransport`).
    """

    Settings: ClassVar[type[ConnectorSettings]]

    def __init__(
        self,
        settings: S,
        *,
        clock: Clock = utc_now,
        sleep: Sleep = asyncio.sleep,
        transport: Any = None,
        notify: Callable[[str], None] = _say_nothing,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.sleep = sleep
        self.transport = transport
        self.notify = notify
        """Called with a sentence worth an admin's eye: a long wait, a skipped row, an ending token."""

    @property
    def requests(self) -> int:
        """HTTP requests sent so far."""
        return 0

    @abstractmethod
    def streams(self) -> Sequence[Stream]:
        """The streams in the order in which they should be read."""

    @abstractmethod
    async def check(self) -> Checked:
        """Prove the credentials with as few requests as the vendor allows.

        Raises Misconfigured with a sentence that says what to correct.
        """

    async def aclose(self) -> None:
        """Release connections."""
        return
