"""Who may ask a Freshdesk account, and how many credits a minute its plan grants."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.sandbox.clock import Clock
from connectors.sandbox.http import Answer, Request
from connectors.sandbox.limits import Bucket

API_KEY = "sandbox-key"
_SURVEYS = frozenset({"surveys", "satisfaction_ratings"})


@dataclass(frozen=True, slots=True)
class Limits:
    """A minute's credits, and the calls of it that two lists may take; the defaults are out of reach."""

    total: int = 1_000_000
    ticket_lists: int = 1_000_000
    contact_lists: int = 1_000_000
    says_retry_after: bool = True

    @classmethod
    def of_plan(cls, plan: str = "pro") -> "Limits":
        """What a real account allows: trial, growth, pro, enterprise."""
        total, lists = {"trial": (50, 50), "growth": (200, 20), "pro": (400, 100), "enterprise": (700, 200)}[
            plan
        ]
        return cls(total, lists, lists)


class Account:
    def __init__(self, clock: Clock, limits: Limits, without: Mapping[str, int]) -> None:
        self.limits = limits
        self.without = dict(without)
        self._clock = clock
        self._total = Bucket("total", limits.total)
        self._families = {
            "tickets": Bucket("tickets", limits.ticket_lists),
            "contacts": Bucket("contacts", limits.contact_lists),
        }

    def enter(self, request: Request, name: str, single: bool) -> tuple[dict[str, str], Answer | None]:
        """Headers that any answer carries, and the answer if the request may not go on.

        Refused requests are charged too, except for those over the limit.
        """
        at = self._clock.seconds()
        cost = credits_of(request, single)
        family = self._families.get(name)
        full = next(
            (
                bucket
                for bucket, price in ((family, 1), (self._total, cost))
                if bucket and bucket.remaining(at) < price
            ),
            None,
        )
        if full:
            answer = Answer.json({"message": "You have exceeded the limit of requests per minute"}, 429)
            if self.limits.says_retry_after:
                answer.headers["Retry-After"] = str(full.resets_in(at))
            return self._headers(at, 0), answer
        self._total.take(at, cost)
        if family:
            family.take(at)
        return self._headers(at, cost), self._refusal(request, name)

    def _headers(self, at: float, cost: int) -> dict[str, str]:
        """Some values are written as decimals."""
        return {
            "X-RateLimit-Total": f"{float(self._total.total)}",
            "X-RateLimit-Remaining": f"{float(self._total.remaining(at))}",
            "X-RateLimit-Used-CurrentRequest": str(cost),
        }

    def _refusal(self, request: Request, name: str) -> Answer | None:
        if request.basic is None or request.basic[0] != API_KEY:
            message = "You have to be logged in to perform this action."
            return Answer.json({"code": "invalid_credentials", "message": message}, 401)
        code = self.without.get(name)
        if code == 404:
            return Answer(404)
        if code and name in _SURVEYS:
            message = (
                "The Surveys feature(s) is/are not supported in your plan. "
                "Please upgrade your account to use it."
            )
            return Answer.json({"code": "require_feature", "message": message}, 403)
        if code:
            message = "You are not authorized to perform this action."
            return Answer.json({"code": "access_denied", "message": message}, 403)
        return None


def credits_of(request: Request, single: bool) -> int:
    """One a call; each include costs one more on a single object, two on a list."""
    includes = [word for word in request.query.get("include", "").split(",") if word]
    return 1 + len(includes) * (1 if single else 2)
