"""What HubSpot's headers and refusals mean. Pure: an answer in, a budget or an error out."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors import (
    Bucket,
    ConnectorError,
    Failure,
    Limits,
    Misconfigured,
    Observation,
    RateLimited,
    Unsupported,
)
from connectors.hubspot.paths import host_of_hublet

BURST, SEARCH = "burst", "search"
DAY_KEPT_FOR_OTHERS: Final = 0.1
"""The daily quota is shared by all of the account's private apps."""
LOCKED_SECONDS: Final = 2.0
UNKNOWN_DAY_SECONDS: Final = 3600.0
"""Until a spent day is asked again, where its end is not known."""
_PREFIX: Final = "x-hubspot-ratelimit-"


class Missing(Unsupported):
    """A 404: deleted meanwhile, or an address that this account lacks."""


class NoSuchLink(Unsupported):
    """Two kinds of objects that this account cannot associate."""


class WrongHublet(Misconfigured):
    """The account lives elsewhere; `host` is where, if HubSpot says so."""

    def __init__(self, message: str, host: str | None) -> None:
        super().__init__(message)
        self.host = host


def limits() -> Limits:
    """The smallest plan's budgets; headers tell the real burst, and nothing tells the search's."""
    return Limits(
        {BURST: Bucket(100, period_seconds=10, share=0.8), SEARCH: Bucket(5, period_seconds=1, share=0.8)},
        account=BURST,
    )


def observe(headers: Mapping[str, str]) -> list[Observation]:
    """The burst budget. Searches answer without any of these headers.

    The interval is the budget's length and no instant at which it ends: the window rolls.
    """
    total, remaining = _number(headers, "max"), _number(headers, "remaining")
    if total is None:
        return []
    return [Observation(BURST, total=total, remaining=remaining)]


def day_left(headers: Mapping[str, str]) -> float | None:
    """The share of the day's quota that is left; null where the account has none (OAuth) or it is not said."""
    total, remaining = _number(headers, "daily"), _number(headers, "daily-remaining")
    return None if not total or remaining is None else remaining / total


def until_midnight_seconds(now: datetime, zone: ZoneInfo) -> float:
    """The quota begins anew at midnight of the account's own zone."""
    tomorrow = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone)
    return tomorrow.timestamp() - now.timestamp()


def classify(failure: Failure, day_ends_in_seconds: float | None = None) -> ConnectorError | None:
    """HubSpot's own error for a refusal; null leaves the usual meaning, Retry-After included.

    HubSpot documents no Retry-After for its limits: where there is none, the limit's name tells the wait.
    """
    if _is_limit(failure):
        is_told = bool(failure.headers.get("retry-after", "").strip())
        return None if is_told else _limited(failure, day_ends_in_seconds)
    verdict = _VERDICTS.get(failure.status)
    if failure.status == 400 and "/associations/" in failure.path:
        return NoSuchLink(f"this account has no {failure.path} ({failure.message})")
    if failure.status == 400 and "infer object type" in failure.message.casefold():
        return _missing(failure)
    return None if verdict is None else verdict(failure)


def _is_limit(failure: Failure) -> bool:
    """HubSpot also sends a limit as a 500; the body tells, where there is one."""
    body = failure.body if isinstance(failure.body, dict) else {}
    kinds = {str(body.get("category")).upper(), str(body.get("errorType")).upper()}
    said = failure.message.casefold()
    is_said = bool({"RATE_LIMITS", "RATE_LIMIT"} & kinds) or ("reached your" in said and "limit" in said)
    return failure.status == 429 or (failure.status >= 500 and is_said)


def _limited(failure: Failure, day_ends_in_seconds: float | None) -> RateLimited:
    body = failure.body if isinstance(failure.body, dict) else {}
    said = f"{body.get('policyName') or ''} {failure.message}".casefold()
    if "daily" in said:
        wait = day_ends_in_seconds or UNKNOWN_DAY_SECONDS
        return RateLimited(
            f"HubSpot's daily limit is used up ({failure.message}); the sync goes on in {wait / 3600:.1f} h, "
            "when the account's day ends",
            wait,
        )
    wait = 1.0 if "secondly" in said and "ten_secondly" not in said else 10.0
    return RateLimited(f"{failure.path}: {failure.message}; the next sync goes on from here", wait)


def _stranger(failure: Failure) -> Misconfigured:
    return Misconfigured(
        f"HubSpot refused the credentials ({failure.message}): check ACCESS_TOKEN, or the OAuth client's three settings"
    )


def _forbidden(failure: Failure) -> Unsupported:
    names = sorted(set(_scopes(failure.body)))
    if names:
        return Unsupported(f"{failure.path} needs the scope {' or '.join(names)}: add it to the key or app")
    return Unsupported(f"this plan or key does not open {failure.path} ({failure.message})")


def _scopes(body: Any) -> Iterator[str]:
    """Scope names stand in the error's context, or in that of its details, under three names."""
    if not isinstance(body, dict):
        return
    context = body.get("context")
    if isinstance(context, dict):
        for name in ("requiredGranularScopes", "requiredScopes", "missingScopes"):
            yield from (scope for scope in context.get(name) or () if isinstance(scope, str))
    for detail in body.get("errors") or ():
        yield from _scopes(detail)


def _elsewhere(failure: Failure) -> WrongHublet:
    named = [value for name, value in failure.headers.items() if "hublet" in name]
    host = host_of_hublet(" ".join((failure.message, *named)))
    where = host or "https://api-<hublet>.hubapi.com"
    return WrongHublet(
        f"this HubSpot account lives in another data centre ({failure.message}): set BASE_URL to {where}",
        host,
    )


def _missing(failure: Failure) -> Missing:
    return Missing(f"this account has no {failure.path} ({failure.message})")


def _locked(failure: Failure) -> RateLimited:
    return RateLimited(f"{failure.path} is locked for a moment ({failure.message})", LOCKED_SECONDS)


def _moving(failure: Failure) -> RateLimited:
    wait = _retry_after(failure.headers) or UNKNOWN_DAY_SECONDS
    return RateLimited(
        f"HubSpot is moving this account to another data centre: wait {wait:.0f} s; the next sync goes on",
        wait,
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return None


def _number(headers: Mapping[str, str], name: str) -> float | None:
    try:
        return float(headers.get(_PREFIX + name, ""))
    except ValueError:
        return None


_VERDICTS: Final[Mapping[int, Callable[[Failure], ConnectorError]]] = {
    401: _stranger,
    403: _forbidden,
    404: _missing,
    423: _locked,
    477: _moving,
    488: _elsewhere,
}
