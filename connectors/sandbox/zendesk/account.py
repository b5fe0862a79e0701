"""Who may enter a Zendesk account, how often, and what its plan and role lack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.sandbox.clock import Clock
from connectors.sandbox.http import Answer, Request
from connectors.sandbox.instants import iso
from connectors.sandbox.limits import Bucket
from connectors.sandbox.zendesk.paging import error

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 the sandbox keeps nothing secret
EMAIL = "admin@desk.example"
API_TOKEN = "sandbox-api-token"  # noqa: S105 as above
ACCESS_TOKEN = "sandbox-access-token"  # noqa: S105 as above

_BUCKETS: Mapping[str, tuple[str, str]] = {
    "tickets": ("exports", "zendesk-ratelimit-incremental-exports"),
    "tickets_by_time": ("exports", "zendesk-ratelimit-incremental-exports"),
    "ticket_events": ("exports", "zendesk-ratelimit-incremental-exports"),
    "metric_events": ("exports", "zendesk-ratelimit-incremental-exports"),
    "organizations": ("exports", "zendesk-ratelimit-incremental-exports"),
    "users": ("user_exports", "zendesk-ratelimit-incremental-exports-cursor"),
    "ticket_fields": ("ticket_fields", "zendesk-ratelimit-ticket-fields-index"),
    "calls": ("talk", "zendesk-ratelimit-talk-incremental-exports"),
    "legs": ("talk", "zendesk-ratelimit-talk-incremental-exports"),
}
_GUIDE_SERVICE = frozenset({"survey_responses"})
_ADMIN_ONLY = frozenset(
    {
        "tickets",
        "tickets_by_time",
        "ticket_events",
        "metric_events",
        "users",
        "organizations",
        "satisfaction_ratings",
        "survey_responses",
        "sla_policies",
        "schedules",
        "holidays",
        "calls",
        "legs",
    }
)
_NO_ACCESS = (
    "You do not have access to this page. "
    "Please contact the account owner of this help desk for further help."
)
_EXPORTS_EXCEEDED = "Number of allowed incremental export API requests per minute exceeded"


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a minute, in windows of the wall clock; the defaults are out of reach."""

    account: int = 1_000_000
    exports: int = 1_000_000
    user_exports: int = 1_000_000
    ticket_fields: int = 1_000_000
    talk: int = 1_000_000
    says_retry_after: bool = True
    shape: str = "json"
    """Body of a 429: `json`, `text` or `edge`."""

    @classmethod
    def of_plan(cls, account: int = 400, **other: Any) -> "Limits":
        """What a real account allows."""
        usual = {"account": account, "exports": 10, "user_exports": 20, "ticket_fields": 20, "talk": 10}
        return cls(**{**usual, **other})


class Account:
    """Credentials, budgets and gates of one account."""

    def __init__(self, clock: Clock, limits: Limits, without: Mapping[str, int], role: str) -> None:
        self.limits = limits
        self.without = dict(without)
        self.role = role
        self._clock = clock
        self._tokens: dict[str, float] = {ACCESS_TOKEN: float("inf")}
        self._granted = 0
        self._buckets = {
            name: Bucket(name, getattr(limits, name))
            for name in ("account", "exports", "user_exports", "ticket_fields", "talk")
        }

    def enter(self, request: Request, name: str) -> tuple[dict[str, str], Answer | None]:
        """Headers that any answer carries, and the answer if the request may not go on."""
        if not self._knows(request):
            return {}, _stranger(name)
        headers, refusal = self._spend(name)
        return headers, refusal or self._gate(name)

    def _knows(self, request: Request) -> bool:
        if request.basic == (f"{EMAIL}/token", API_TOKEN):
            return True
        return self._tokens.get(request.bearer or "", 0) > self._clock.seconds()

    def _gate(self, name: str) -> Answer | None:
        code = self.without.get(name)
        if code == 404:
            return error(404, "InvalidEndpoint", "Not found")
        if code == 403 or (self.role != "admin" and name in _ADMIN_ONLY):
            return Answer.json({"error": {"title": "Forbidden", "message": _NO_ACCESS}}, 403)
        return None

    # -- budgets ------------------------------------------------------------------------------

    def _spend(self, name: str) -> tuple[dict[str, str], Answer | None]:
        at = self._clock.seconds()
        account = self._buckets["account"]
        kind, header = _BUCKETS.get(name, ("", ""))
        buckets = [account, self._buckets[kind]] if kind else [account]
        full = next((bucket for bucket in reversed(buckets) if not bucket.remaining(at)), None)
        if not full:
            for bucket in buckets:
                bucket.take(at)
        if name in _GUIDE_SERVICE:
            headers = {}
        else:
            headers = _account_headers(account, at)
            if kind:
                own = buckets[-1]
                said = f"total={own.total}; remaining={own.remaining(at)}; resets={own.resets_in(at)}"
                headers[header] = said
        return headers, self._refuse(full.resets_in(at)) if full else None

    def _refuse(self, resets_in: int) -> Answer:
        if self.limits.shape == "text":
            answer = Answer(
                429, b"Number of allowed API requests per minute exceeded: 0", content_type="text/plain"
            )
        elif self.limits.shape == "edge":
            detail = "Rate limited by Zendesk edge protection"
            answer = Answer.json({"detail": detail, "status": "429", "title": "Automated response"}, 429)
        else:
            answer = error(429, "APIRateLimitExceeded", _EXPORTS_EXCEEDED)
        if self.limits.says_retry_after:
            answer.headers["retry-after"] = str(resets_in)
        return answer

    # -- credentials --------------------------------------------------------------------------

    def revoke_tokens(self) -> None:
        """Every access token so far stops working, the one that never expires too."""
        self._tokens.clear()

    def grant(self, request: Request, _base_url: str) -> Answer:
        """A token for client credentials; `expires_in` is only answered when it was asked for."""
        asked = request.json() or request.query
        if asked.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type", "The authorization grant type is not supported.")
        if (asked.get("client_id"), asked.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _refused(401, "invalid_client", "Client authentication failed.")
        lasts = asked.get("expires_in")
        if lasts is not None and not 300 <= int(lasts) <= 172_800:
            return _refused(400, "invalid_request", "expires_in must be between 300 and 172800")
        self._granted += 1
        token = f"sandbox-granted-{self._granted}"
        self._tokens[token] = self._clock.seconds() + int(lasts or 1_800)
        body = {"access_token": token, "token_type": "bearer", "scope": asked.get("scope", "read")}
        return Answer.json(body if lasts is None else {**body, "expires_in": int(lasts)})

    def token_state(self, request: Request, _base_url: str) -> Answer:
        expires = self._tokens.get(request.bearer or "")
        at = iso(int(expires)) if expires and expires < float("inf") else None
        return Answer.json({"token": {"id": 1, "scopes": ["read"], "expires_at": at}})


def _account_headers(account: Bucket, at: float) -> dict[str, str]:
    total, remaining = str(account.total), str(account.remaining(at))
    return {
        "x-rate-limit": total,
        "ratelimit-limit": total,
        "x-rate-limit-remaining": remaining,
        "ratelimit-remaining": remaining,
        "ratelimit-reset": str(account.resets_in(at)),
    }


def _refused(status: int, code: str, description: str) -> Answer:
    return Answer.json({"error": code, "error_description": description}, status)


def _stranger(name: str) -> Answer:
    """Bad credentials: a 401, but for `users/me`, which answers 200 with nobody."""
    if name == "me":
        nobody = {"id": None, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user"}
        return Answer.json({"user": nobody})
    if name in _GUIDE_SERVICE:
        title = "Unauthorized to access the resource"
        return Answer.json({"errors": [{"code": "Unauthorized", "status": "401", "title": title}]}, 401)
    description = "The access token provided is expired, revoked, malformed or invalid for other reasons."
    return _refused(401, "invalid_token", description)
