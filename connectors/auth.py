"""Who asks: the Authorization header, and how a grant is renewed before it ends.

Secrets are SecretStr and stand in no repr. A scheme is told when the vendor refused its header, and
says whether another grant could help.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from pydantic import SecretStr

from connectors.errors import Misconfigured

RENEW_BEFORE_SECONDS = 60.0

Grant = Callable[[str, Mapping[str, Any], bool], Awaitable[Mapping[str, Any]]]
"""Sends a token request: path, fields, and whether as a form (else JSON); gives the answer."""


class Auth(Protocol):
    async def header(self, grant: Grant, now: float) -> str:
        """The Authorization header's value, granted anew when the last one ends soon."""
        ...

    def refused(self) -> bool:
        """The vendor answered 401: forget the grant; true when a new one could help."""
        ...


class Basic:
    """User and password, or a vendor's `email/token` and API token."""

    def __init__(self, user: str, password: SecretStr) -> None:
        self._user = user
        self._password = password

    async def header(self, _grant: Grant, _now: float) -> str:
        pair = f"{self._user}:{self._password.get_secret_value()}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def refused(self) -> bool:
        return False


class Bearer:
    """A token that an admin gave and that does not end by itself."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    async def header(self, _grant: Grant, _now: float) -> str:
        return f"Bearer {self._token.get_secret_value()}"

    def refused(self) -> bool:
        return False


class ClientCredentials:
    """OAuth client credentials: no refresh token, so a new grant is asked for before the old one ends."""

    def __init__(
        self,
        path: str,
        client_id: str,
        client_secret: SecretStr,
        *,
        scope: str | None = None,
        lifetime_seconds: int | None = None,
    ) -> None:
        self._path = path
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        self._lifetime_seconds = lifetime_seconds
        self._held = _Held()

    async def header(self, grant: Grant, now: float) -> str:
        return await self._held.header(now, lambda: grant(self._path, self._fields(), False))

    def refused(self) -> bool:
        return self._held.forget()

    def _fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret.get_secret_value(),
        }
        if self._scope:
            fields["scope"] = self._scope
        if self._lifetime_seconds:
            fields["expires_in"] = self._lifetime_seconds
        return fields


class RefreshToken:
    """OAuth with a refresh token. A vendor may rotate it: `keep` stores the new one before it is used."""

    def __init__(
        self,
        path: str,
        client_id: str,
        client_secret: SecretStr,
        refresh_token: SecretStr,
        *,
        keep: Callable[[SecretStr], None] = lambda _token: None,
    ) -> None:
        self._path = path
        self._client_id = client_id
        self._client_secret = client_secret
        self._refresh_token = refresh_token
        self._keep = keep
        self._held = _Held()

    async def header(self, grant: Grant, now: float) -> str:
        return await self._held.header(now, lambda: self._refresh(grant))

    def refused(self) -> bool:
        return self._held.forget()

    async def _refresh(self, grant: Grant) -> Mapping[str, Any]:
        answer = await grant(
            self._path,
            {
                "grant_type": "refresh_token",
                "client_id": self._client_id,
                "client_secret": self._client_secret.get_secret_value(),
                "refresh_token": self._refresh_token.get_secret_value(),
            },
            True,
        )
        rotated = answer.get("refresh_token")
        if rotated and rotated != self._refresh_token.get_secret_value():
            self._refresh_token = SecretStr(str(rotated))
            self._keep(self._refresh_token)
        return answer


class _Held:
    """The current grant. One task renews it; the others wait for that."""

    def __init__(self) -> None:
        self._token: SecretStr | None = None
        self._ends = 0.0
        self._lock = asyncio.Lock()

    async def header(self, now: float, renew: Callable[[], Awaitable[Mapping[str, Any]]]) -> str:
        async with self._lock:
            if self._token is None or now >= self._ends - RENEW_BEFORE_SECONDS:
                answer = await renew()
                token = answer.get("access_token")
                if not token:
                    raise Misconfigured(
                        "the token request was answered without a token: check the OAuth client"
                    )
                self._token = SecretStr(str(token))
                self._ends = now + float(answer.get("expires_in") or 1800)
            return f"Bearer {self._token.get_secret_value()}"

    def forget(self) -> bool:
        had, self._token = self._token is not None, None
        return had
