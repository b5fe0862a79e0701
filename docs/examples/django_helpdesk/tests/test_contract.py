"""The connector keeps its promises with the real django-helpdesk."""

from typing import Any, ClassVar

import pytest
from desk import CUSTOMER, STAFF
from deskpulse_django_helpdesk import DjangoHelpdeskConnector

from connectors.testkit import HttpConnectorContract


class TestDjangoHelpdesk(HttpConnectorContract):
    connector = DjangoHelpdeskConnector
    wrong: ClassVar = {"username": CUSTOMER[0], "password": CUSTOMER[1]}

    @pytest.fixture(autouse=True)
    def at(self, address: str) -> None:
        self.settings = {"base_url": address, "username": STAFF[0], "password": STAFF[1], "page_size": 10}

    def rows(self, body: Any) -> list[Any]:
        """Tickets, and not the follow-ups of one of them, which can be more."""
        found = body.get("results") if isinstance(body, dict) else None
        return found if found and "queue" in found[0] else []
