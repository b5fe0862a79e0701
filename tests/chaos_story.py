"""The same days at the same helpdesk, as often as they are asked for."""

import json
from datetime import UTC, datetime
from typing import Any

from forking import Forker

from connectors.sandbox import Desk, Sandbox
from connectors.sandbox.vendors import dialect

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def variables(sandbox: Sandbox, url: str, vendor: str = "zendesk") -> dict[str, str]:
    """Settings without prefix, as of an admin who has one account and this database."""
    account = {
        "connector": vendor,
        "since": "2025-01-01",
        "events_since": "2025-01-01",
        **sandbox.settings,
    }
    return {
        "DATABASE_URL": url,
        **{f"ACCOUNTS__ACME__{name.upper()}": value for name, value in account.items()},
    }


class Story:
    """Rounds of change and sync at a helpdesk whose clock stands still; see chaos_kills."""

    def __init__(self, *, tickets: int, rounds: int = 1, changed: int = 0, vendor: str = "zendesk") -> None:
        self.tickets, self.rounds, self.changed, self.vendor = tickets, rounds, changed, vendor
        self._port = 0

    def helpdesk(self) -> Sandbox:
        """From its beginning, always at the same address: addresses are stored, and compared."""
        desk = Desk(seed=7, tickets=self.tickets, days=45, now=NOW)
        sandbox = Sandbox(desk, dialect(self.vendor, desk), port=self._port)
        self._port = int(sandbox.url.rpartition(":")[2])
        return sandbox

    def sync(self, forking: Forker, url: str, **plan: Any) -> dict[str, Any]:
        """A Plan is told to a forking process; gives what it tells."""
        with self.helpdesk() as sandbox:
            plan |= {
                "variables": variables(sandbox, url, self.vendor),
                "helpdesk": sandbox.url,
                "now": NOW.isoformat(),
            }
            forking.tell(json.dumps({**plan, "rounds": self.rounds, "changed": self.changed}))
            told: dict[str, Any] = json.loads(forking.hear())
            return told
