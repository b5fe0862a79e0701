"""What every connector promises, kept by Zendesk's over real HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

import httpx
import pytest

from connectors.sandbox import Desk, Sandbox, Zendesk
from connectors.testkit import HttpConnectorContract
from connectors.zendesk import ZendeskConnector
from tests.fake_zendesk import loopback

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    desk = Desk(seed=7, tickets=40, days=20, now=NOW)
    with Sandbox(desk, Zendesk(desk)) as running:
        yield running


class TestZendesk(HttpConnectorContract):
    connector = ZendeskConnector
    wrong: ClassVar = {"client_secret": "WRONG-0badcafe"}
    now = NOW

    def vendor(self) -> httpx.AsyncBaseTransport:
        return loopback()

    @pytest.fixture(autouse=True)
    def _at_the_sandbox(self, sandbox: Sandbox) -> None:
        self.settings = sandbox.settings
