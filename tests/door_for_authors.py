"""The author's door, as a stranger's type checker sees it; never run, only checked (tests/test_doors.py).

A line that no longer holds is a promise broken: names are only added within a major version.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, assert_type

import msgspec
from pydantic import SecretStr

from connectors import (
    Answer,
    ApiClient,
    Auth,
    Basic,
    Bearer,
    Bucket,
    Checked,
    ClientCredentials,
    Connector,
    ConnectorError,
    ConnectorSettings,
    Cursor,
    EventKind,
    Failure,
    Limits,
    Listed,
    Misconfigured,
    Observation,
    Page,
    PageSize,
    Patience,
    RateLimited,
    Record,
    RefreshToken,
    Rejected,
    Retired,
    Role,
    Rows,
    Seen,
    Status,
    Stream,
    TicketEventRecord,
    TicketRecord,
    Unavailable,
    Unexpected,
    Unsupported,
    convert_row,
    decode,
    utc_now,
)
from connectors.testkit import ConnectorContract, HttpConnectorContract


class AcmeSettings(ConnectorSettings):
    api_key: SecretStr


class Row(msgspec.Struct):
    id: int


class Envelope(msgspec.Struct, kw_only=True):
    next: str | None = None


READ = Rows(Envelope, "tickets", Row)


def classify(failure: Failure) -> ConnectorError | None:
    assert_type(failure.status, int)
    assert_type(failure.message, str)
    if failure.status == 402:
        return Unsupported("this plan lacks it")
    return RateLimited("wait", 30) if failure.status == 420 else None


def observe(headers: Mapping[str, str]) -> Sequence[Observation]:
    return [Observation("account", total=100, remaining=float(headers["left"]), resets_seconds=3.5, cost=1)]


def ways_to_sign_in(secret: SecretStr, keep: list[SecretStr]) -> Sequence[Auth]:
    return [
        Basic("user", secret),
        Bearer(secret),
        ClientCredentials("/token", "id", secret, scope="read", lifetime_seconds=3600),
        RefreshToken("/token", "id", secret, secret, keep=keep.append),
    ]


class Acme(Connector[AcmeSettings]):
    Settings: ClassVar[type[ConnectorSettings]] = AcmeSettings

    def __init__(self, settings: AcmeSettings, **seams: Any) -> None:
        super().__init__(settings, **seams)
        assert_type(self.settings.api_key, SecretStr)
        self.client = ApiClient(
            settings.base_url or "https://acme.example",
            auth=Bearer(settings.api_key),
            limits=Limits({"account": Bucket(100, 60, share=0.5)}),
            patience=Patience(attempts=3, deadline_seconds=30),
            observe=observe,
            classify=classify,
            clock=self.clock,
            sleep=self.sleep,
            transport=self.transport,
            notify=self.notify,
            headers={"X-Version": "2"},
        )

    @property
    def requests(self) -> int:
        return self.client.requests

    async def aclose(self) -> None:
        await self.client.aclose()

    def streams(self) -> Sequence[Stream]:
        return [
            Stream("tickets", self.pull),
            Stream("groups", self.pull, every=timedelta(hours=24), retry=again),
        ]

    async def check(self) -> Checked:
        plain = await self.client.get("/me")
        assert_type(plain, Answer[Any])
        if plain.body is None:
            raise Misconfigured("check API_KEY")
        return Checked("acme", notes=["ends soon"], streams={"tickets": None, "groups": "needs a plan"})

    async def pull(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        seen, size = Seen(), PageSize("per_page", 100)
        answer = await self.client.get(
            "/tickets", params={"after": None}, read=READ, page_size=size, buckets=("account",), cost=2
        )
        assert_type(answer.body, Listed[Envelope, Row])
        assert_type(answer.body.rows, list[Row])
        seen.note(answer.body.envelope.next)
        found = await self.client.post("/search", json={"q": 1}, read=Row)
        assert_type(found.body, Row)
        yield Page(
            [*again({"id": found.body.id}), message(found.body)],
            cursor={"after": answer.body.envelope.next},
            rejected=[Rejected("tickets", None, {"row": row}, why) for row, why in answer.body.malformed],
            data_until=self.clock(),
            total=1,
            retired=[Retired("tickets", "a file")],
        )
        if cursor is None:
            raise Unexpected("tell the developers")
        raise Unavailable("later")


def again(row: Mapping[str, Any]) -> Sequence[Record]:
    return [ticket(convert_row(row, Row)), ticket(decode(b"{}", Row))]


def ticket(row: Row) -> TicketRecord:
    return TicketRecord(id=str(row.id), status=Status.OPEN, created_at=datetime.now(UTC), tags=["vip"])


def message(row: Row) -> TicketEventRecord:
    return TicketEventRecord(
        id=f"{row.id}/m",
        version=1,
        ticket_id=str(row.id),
        at=utc_now(),
        event=EventKind.MESSAGE,
        actor_role=Role.AGENT,
        is_public=True,
    )


class TestAcme(HttpConnectorContract):
    connector = Acme
    settings: Mapping[str, Any] = {"api_key": "right"}
    wrong: Mapping[str, Any] = {"api_key": "wrong"}


class TestFiles(ConnectorContract):
    connector = Acme
    settings: Mapping[str, Any] = {"api_key": "right"}
    wrong: Mapping[str, Any] = {"api_key": "wrong"}

    def spoil(self) -> None: ...
