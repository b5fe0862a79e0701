"""What every connector promises, kept by HubSpot's over real HTTP."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

import httpx
import pytest

from connectors.hubspot import HubSpotConnector
from connectors.sandbox import Desk, HubSpot, Sandbox
from connectors.testkit import HttpConnectorContract

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Loopback needs none, and reading them anew for each of a thousand connectors takes a minute."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    desk = Desk(seed=7, tickets=40, days=20, now=NOW)
    with Sandbox(desk, HubSpot(desk)) as running:
        yield running


class TestHubSpot(HttpConnectorContract):
    connector = HubSpotConnector
    wrong: ClassVar = {"access_token": "WRONG-0badcafe"}
    now = NOW

    def vendor(self) -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(verify=_NO_CERTIFICATES)

    @pytest.fixture(autouse=True)
    def _at_the_sandbox(self, sandbox: Sandbox) -> None:
        self.settings = sandbox.settings
