"""A Zendesk that answers what a test says, and keeps what it was asked."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.testkit import Time, Walk
from connectors.testkit.walking import walk
from connectors.zendesk import ZendeskConnector, ZendeskSettings

_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
SECOND = int(NOW.timestamp())
Body = Any
"""JSON of a 200, or a whole response."""

PATHS = {
    "tickets": "/api/v2/incremental/tickets/cursor",
    "users": "/api/v2/incremental/users/cursor",
    "ticket_events": "/api/v2/incremental/ticket_events",
    "sla_events": "/api/v2/incremental/ticket_metric_events",
    "organisations": "/api/v2/incremental/organizations",
    "calls": "/api/v2/channels/voice/stats/incremental/calls",
    "call_legs": "/api/v2/channels/voice/stats/incremental/legs",
    "ratings": "/api/v2/satisfaction_ratings",
    "survey_responses": "/api/v2/guide/survey_responses",
    "groups": "/api/v2/groups",
    "forms": "/api/v2/ticket_forms",
    "schedules": "/api/v2/business_hours/schedules",
    "sla_policies": "/api/v2/slas/policies",
    "me": "/api/v2/users/me",
}


class FakeZendesk(httpx.AsyncBaseTransport):
    """Answers by stream, in the order given; a stream asked once more than it was told of fails the test."""

    def __init__(self, **answers: list[Body]) -> None:
        self.answers = {PATHS[name]: list(bodies) for name, bodies in answers.items()}
        self.asked: list[httpx.Request] = []
        self.time = Time(NOW)
        self.told: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        bodies = self.answers.get(request.url.path, [])
        assert bodies, f"nobody expected {request.url.raw_path.decode()}"
        body = bodies.pop(0)
        return body if isinstance(body, httpx.Response) else httpx.Response(200, json=body)

    @property
    def queries(self) -> list[Mapping[str, str]]:
        return [dict(request.url.params) for request in self.asked]

    def connector(self, **given: Any) -> ZendeskConnector:
        values = {
            "subdomain": "acme",
            "access_token": SecretStr("token"),
            "since": NOW - timedelta(days=10),
            "events_since": NOW - timedelta(days=10),
        }
        return ZendeskConnector(
            ZendeskSettings(**{**values, **given}),
            clock=self.time.clock,
            sleep=self.time.sleep,
            transport=self,
            notify=self.told.append,
        )

    def pull(self, name: str, cursor: Any = None, **given: Any) -> Walk:
        """Walk one stream to its end."""

        async def pull() -> Walk:
            connector = self.connector(**given)
            try:
                [stream] = [each for each in connector.streams() if each.name == name]
                return await walk(stream, cursor)
            finally:
                await connector.aclose()

        return asyncio.run(pull())


def refusal(status: int, error: Any = "no", **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"error": error, **more})


def loopback() -> httpx.AsyncHTTPTransport:
    """Real HTTP without reading the world's certificates, which takes longer than most tests."""
    return httpx.AsyncHTTPTransport(verify=_NO_CERTIFICATES)
