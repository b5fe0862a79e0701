"""What a connector promises, as tests to inherit.

    class TestAcme(HttpConnectorContract):
        connector = AcmeConnector
        settings = {"base_url": "https://acme.example", "api_key": "right"}
        wrong = {"api_key": "wrong"}

        def vendor(self) -> httpx.AsyncBaseTransport:
            return httpx.MockTransport(answer)  # or leave it out, and let `base_url` be a sandbox's

`ConnectorContract` holds for every connector; `HttpConnectorContract` adds what comes with HTTP, and
makes its trouble on the connector's transport, so that neither vendor nor connector help with it.
Only this package of deskpulse's imports pytest.
"""

import pytest

pytest.register_assert_rewrite("connectors.testkit.contract", "connectors.testkit.http")

from connectors.testkit.contract import ConnectorContract  # noqa: E402 - rewritten first
from connectors.testkit.http import HttpConnectorContract  # noqa: E402
from connectors.testkit.walking import Stored, Time, Walk  # noqa: E402

__all__ = ["ConnectorContract", "HttpConnectorContract", "Stored", "Time", "Walk"]
