"""Who may ask a HubSpot account, how often, and how it says no."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from connectors.sandbox.clock import Clock
from connectors.sandbox.http import Answer, Request

ACCESS_TOKEN = "pat-na1-sandbox"  # noqa: S105 the sandbox keeps nothing secret
CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN = "sandbox-client", "sandbox-secret", "sandbox-refresh"
ZONE = "Europe/Berlin"
GRANT_SECONDS = 1_800
_SCOPES = {
    "tickets": "tickets",
    "feedback_submissions": "crm.objects.feedback_submissions.read",
    "calls": "crm.objects.contacts.read",
    "companies": "crm.objects.companies.read",
    "contacts": "crm.objects.contacts.read",
    "owners": "crm.objects.owners.read",
    "pipelines": "tickets",
    "threads": "conversations.read",
    "messages": "conversations.read",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests in ten seconds, searches in one, requests a day; the defaults are out of reach."""

    burst: int = 1_000_000
    search: int = 1_000_000
    day: int = 1_000_000_000

    @classmethod
    def of_plan(cls, plan: str = "starter") -> "Limits":
        """What a real account allows: starter, professional, enterprise, added."""
        burst, day = {
            "starter": (100, 250_000),
            "professional": (190, 625_000),
            "enterprise": (190, 1_000_000),
            "added": (250, 2_000_000),
        }[plan]
        return cls(burst, 5, day)


class Rolling:
    """At most `total` requests in any stretch of `period_seconds`."""

    def __init__(self, total: int, period_seconds: float) -> None:
        self.total = total
        self._period = period_seconds
        self._taken: deque[float] = deque()

    def remaining(self, at: float) -> int:
        while self._taken and self._taken[0] <= at - self._period:
            self._taken.popleft()
        return self.total - len(self._taken)

    def take(self, at: float) -> None:
        self._taken.append(at)


class Account:
    def __init__(self, clock: Clock, limits: Limits, without: Mapping[str, int]) -> None:
        self.limits = limits
        self.without = dict(without)
        self._clock = clock
        self._burst = Rolling(limits.burst, 10)
        self._search = Rolling(limits.search, 1)
        self._day, self._used_today = "", 0
        self._granted: dict[str, float] = {}

    def enter(self, request: Request, name: str, *, is_search: bool) -> tuple[dict[str, str], Answer | None]:
        """Headers of the answer, and the answer if the request may not go on. Searches tell no budget."""
        at = self._clock.seconds()
        bearer = request.bearer or ""
        if bearer != ACCESS_TOKEN and self._granted.get(bearer, 0) <= at:
            return {}, self._stranger(bearer)
        refusal = self._spend(at, is_search=is_search)
        headers = {} if is_search else self._headers(at, is_app=bearer != ACCESS_TOKEN)
        headers["X-HubSpot-Correlation-Id"] = f"00000000-0000-4000-8000-{self._used_today:012}"
        return headers, refusal or self._gate(name)

    def grant(self, request: Request) -> Answer:
        """An access token for a refresh token, asked for with a form."""
        asked = dict(parse_qsl(request.body.decode()))
        given = (asked.get("client_id"), asked.get("client_secret"), asked.get("refresh_token"))
        if asked.get("grant_type") != "refresh_token" or given != (CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN):
            return error(400, "BAD_REFRESH_TOKEN", "missing or unknown refresh token")
        token = f"sandbox-granted-{len(self._granted) + 1}"
        self._granted[token] = self._clock.seconds() + GRANT_SECONDS
        body = {"access_token": token, "refresh_token": REFRESH_TOKEN, "expires_in": GRANT_SECONDS,
                "token_type": "bearer"}  # fmt: skip
        return Answer.json(body)

    def revoke_grants(self) -> None:
        """Every granted token stops working at once."""
        self._granted.clear()

    def _stranger(self, bearer: str) -> Answer:
        if bearer in self._granted:
            return error(401, "EXPIRED_AUTHENTICATION", "This oauth-token is expired! expiresAt: earlier")
        said = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
        return error(401, "INVALID_AUTHENTICATION", said)

    def _spend(self, at: float, *, is_search: bool) -> Answer | None:
        today = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(ZONE)).date().isoformat()
        if today != self._day:
            self._day, self._used_today = today, 0
        if self._used_today >= self.limits.day:
            return _too_many("DAILY", "daily")
        if is_search and self._search.remaining(at) <= 0:
            return Answer.json(
                {"status": "error", "message": "You have reached your secondly limit.", "category": "RATE_LIMITS"}, 429
            )  # fmt: skip
        if not is_search and self._burst.remaining(at) <= 0:
            return _too_many("TEN_SECONDLY_ROLLING", "ten_secondly_rolling")
        (self._search if is_search else self._burst).take(at)
        self._used_today += 1
        return None

    def _headers(self, at: float, *, is_app: bool) -> dict[str, str]:
        """An OAuth app has no day's quota, and is told none."""
        told = {
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": str(self._burst.total),
            "X-HubSpot-RateLimit-Remaining": str(max(self._burst.remaining(at), 0)),
        }
        if not is_app:
            told["X-HubSpot-RateLimit-Daily"] = str(self.limits.day)
            told["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(self.limits.day - self._used_today, 0))
        return told

    def _gate(self, name: str) -> Answer | None:
        code = self.without.get(name)
        if code == 403:
            body = refused("MISSING_SCOPES", "One or more of the following scopes are required.")
            return Answer.json(body | {"context": {"requiredGranularScopes": [_SCOPES.get(name, name)]}}, 403)
        return error(code, "OBJECT_NOT_FOUND", "resource not found") if code else None


def refused(category: str, message: str) -> dict[str, Any]:
    return {"status": "error", "message": message, "correlationId": "0", "category": category}


def error(status: int, category: str, message: str) -> Answer:
    return Answer.json(refused(category, message), status)


def _too_many(policy: str, words: str) -> Answer:
    body = {"status": "error", "message": f"You have reached your {words} limit.", "errorType": "RATE_LIMIT",
            "policyName": policy, "correlationId": "0", "requestId": "0"}  # fmt: skip
    return Answer.json(body, 429)
