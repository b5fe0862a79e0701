"""What every connector promises, kept by Freshdesk's over real HTTP."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

import httpx
import pytest

from connectors.freshdesk import FreshdeskConnector
from connectors.sandbox import Desk, Freshdesk, Sandbox
from connectors.testkit import HttpConnectorContract

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Loopback needs none, and reading them anew for each of a thousand connectors takes a minute."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    desk = Desk(seed=7, tickets=40, days=20, now=NOW)
    with Sandbox(desk, Freshdesk(desk)) as running:
        yield running


class TestFreshdesk(HttpConnectorContract):
    connector = FreshdeskConnector
    wrong: ClassVar = {"api_key": "WRONG-0badcafe"}
    now = NOW

    def vendor(self) -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(verify=_NO_CERTIFICATES)

    @pytest.fixture(autouse=True)
    def _at_the_sandbox(self, sandbox: Sandbox) -> None:
        self.settings = sandbox.settings
