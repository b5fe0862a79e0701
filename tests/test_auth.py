"""Tokens: granted, renewed before they end, granted once more when refused, and never shown."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from pydantic import SecretStr

from connectors import (
    Auth,
    Basic,
    Bearer,
    ClientCredentials,
    ConnectorError,
    Misconfigured,
    RateLimited,
    RefreshToken,
    Unavailable,
)
from tests.fake_vendor import Desk, desk, ok, reply

SECRET = "CANARY-client-secret"


class Issuer:
    """A vendor with a token endpoint: it issues `token-1`, `token-2`… and knows which one is good."""

    def __init__(self, *, expires_in: Any = 1800, rotates: bool = False) -> None:
        self.expires_in = expires_in
        self.rotates = rotates
        self.issued = 0
        self.asked: list[dict[str, Any]] = []
        self.used: list[str] = []
        self.revoked: set[str] = set()
        self.refuses_grants: httpx.Response | None = None
        self.on_grant: Callable[[], None] = lambda: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/oauth/tokens"):
            return self._grant(request)
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.used.append(token)
        return reply(401, {"error": "invalid_token"}) if token in self.revoked else ok()

    def _grant(self, request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers
        is_form = request.headers["content-type"] == "application/x-www-form-urlencoded"
        text = request.content.decode()
        self.asked.append(dict(parse_qsl(text)) if is_form else json.loads(text))
        self.on_grant()
        if self.refuses_grants is not None:
            return self.refuses_grants
        self.issued += 1
        answer: dict[str, Any] = {"access_token": f"token-{self.issued}", "token_type": "bearer"}
        if self.expires_in is not None:
            answer["expires_in"] = self.expires_in
        if self.rotates:
            answer["refresh_token"] = f"refresh-{self.issued}"
        return ok(answer)


def credentials(**options: Any) -> ClientCredentials:
    return ClientCredentials("/oauth/tokens", "client", SecretStr(SECRET), **options)


def get(at: Desk, times: int = 1) -> None:
    for _ in range(times):
        asyncio.run(at.client.get("/me"))


def refusal(at: Desk) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        get(at)
    return caught.value


def test_client_credentials_are_exchanged_once_for_many_requests() -> None:
    issuer = Issuer()
    at = desk(issuer, auth=credentials(scope="read", lifetime_seconds=172_800))

    get(at, times=3)

    assert issuer.asked == [
        {
            "grant_type": "client_credentials",
            "client_id": "client",
            "client_secret": SECRET,
            "scope": "read",
            "expires_in": 172_800,
        }
    ]
    assert issuer.used == ["token-1"] * 3
    assert at.client.requests == 4


@pytest.mark.parametrize(
    ("expires_in", "lifetime", "good_until"),
    [(1800, None, 1740), ("1800", None, 1740), (60, None, 30), (None, 900, 840), ("soon", 900, 840)],
)
def test_a_token_is_renewed_before_it_ends(expires_in: Any, lifetime: int | None, good_until: int) -> None:
    issuer = Issuer(expires_in=expires_in)
    at = desk(issuer, auth=credentials(lifetime_seconds=lifetime))
    get(at)

    at.time.now += timedelta(seconds=good_until - 1)
    get(at)
    at.time.now += timedelta(seconds=1)
    get(at)

    assert issuer.used == ["token-1", "token-1", "token-2"]


def test_a_token_without_an_end_is_kept_until_it_is_refused() -> None:
    issuer = Issuer(expires_in=None)
    at = desk(issuer, auth=credentials())
    get(at)

    at.time.now += timedelta(days=300)
    get(at)
    issuer.revoked.add("token-1")
    get(at)

    assert issuer.used == ["token-1", "token-1", "token-1", "token-2"]


def test_a_refused_token_is_granted_anew_once_and_then_an_admin_must_act() -> None:
    issuer = Issuer()
    issuer.revoked |= {f"token-{number}" for number in range(50)}
    at = desk(issuer, auth=credentials())

    error = refusal(at)

    assert type(error) is Misconfigured
    assert issuer.used == ["token-1", "token-2"]
    assert at.time.slept == []


def test_many_requests_at_once_ask_for_one_token() -> None:
    issuer = Issuer()
    at = desk(issuer, auth=credentials())

    async def scenario() -> None:
        await asyncio.gather(*(at.client.get("/me") for _ in range(5)))
        issuer.revoked.add("token-1")
        await asyncio.gather(*(at.client.get("/me") for _ in range(5)))

    asyncio.run(scenario())

    assert issuer.issued == 2


@pytest.mark.parametrize(
    ("answer", "kind", "requests"),
    [
        (reply(401, {"error": "invalid_client"}), Misconfigured, 1),
        (reply(400, {"error": "invalid_scope"}), Misconfigured, 1),
        (reply(404, {}), Misconfigured, 1),
        (ok({"token_type": "bearer"}), Misconfigured, 1),
        (reply(500), Unavailable, 6),
        (ok(b"<html>"), Unavailable, 6),
        (reply(429, {}, retry_after="86400"), RateLimited, 1),
    ],
)
def test_a_grant_that_fails_says_what_to_correct_or_is_tried_again(
    answer: httpx.Response, kind: type[ConnectorError], requests: int
) -> None:
    issuer = Issuer()
    issuer.refuses_grants = answer
    at = desk(issuer, auth=credentials())

    error = refusal(at)

    assert type(error) is kind
    assert SECRET not in str(error)
    assert at.client.requests == requests
    assert issuer.used == []


def test_a_rotated_refresh_token_is_kept_before_the_new_token_is_used() -> None:
    issuer = Issuer(rotates=True)
    kept: list[tuple[str, int]] = []

    def keep(token: SecretStr) -> None:
        kept.append((token.get_secret_value(), len(issuer.used)))

    auth = RefreshToken("/oauth/tokens", "client", SecretStr(SECRET), SecretStr("refresh-0"), keep=keep)
    at = desk(issuer, auth=auth)
    get(at)
    at.time.now += timedelta(seconds=1800)
    get(at)

    assert kept == [("refresh-1", 0), ("refresh-2", 1)]
    assert [asked["refresh_token"] for asked in issuer.asked] == ["refresh-0", "refresh-1"]
    assert {asked["grant_type"] for asked in issuer.asked} == {"refresh_token"}


def test_a_refresh_token_that_stays_the_same_is_not_stored_again() -> None:
    issuer = Issuer()
    auth = RefreshToken(
        "/oauth/tokens",
        "client",
        SecretStr(SECRET),
        SecretStr("refresh-0"),
        keep=_must_not_be_called,
        as_form=False,
    )

    get(desk(issuer, auth=auth))

    assert issuer.used == ["token-1"]


def _must_not_be_called(_token: SecretStr) -> None:
    raise AssertionError


def test_a_refresh_token_that_cannot_be_stored_is_not_used() -> None:
    issuer = Issuer(rotates=True)

    def keep(_token: SecretStr) -> None:
        raise OSError("disk full")

    auth = RefreshToken("/oauth/tokens", "client", SecretStr(SECRET), SecretStr("refresh-0"), keep=keep)

    with pytest.raises(OSError, match="disk full"):
        get(desk(issuer, auth=auth))

    assert issuer.used == []


def test_basic_credentials_are_sent_as_the_standard_says() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return ok()

    get(desk(answer, auth=Basic("jo@acme.example/token", SecretStr("pä:ss"))))

    assert seen == ["Basic am9AYWNtZS5leGFtcGxlL3Rva2VuOnDDpDpzcw=="]


@pytest.mark.parametrize(
    "auth",
    [
        Basic("jo", SecretStr(SECRET)),
        Bearer(SecretStr(SECRET)),
        credentials(),
        RefreshToken("/t", "client", SecretStr(SECRET), SecretStr(SECRET), keep=_must_not_be_called),
    ],
)
def test_no_scheme_shows_its_secret(auth: Auth) -> None:
    assert SECRET not in repr(auth) + repr(vars(auth))
    assert SECRET in auth.secrets()
