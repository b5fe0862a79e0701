"""Who asks: the Authorization header, and how a grant is renewed before it ends.

Secrets are SecretStr and stand in no repr. A scheme is told when the vendor refused its header, and
says whether another grant could help.
"""

import asyncio
import base64
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from pydantic import SecretStr

from connectors.errors import Misconfigured

RENEW_BEFORE_SECONDS: Final = 60.0

Grant = Callable[[str, Mapping[str, Any], bool], Awaitable[Mapping[str, Any]]]
"""Sends a token request: path, fields, and whether as a form (else JSON); gives the answer."""


class Auth(Protocol):
    async def header(self, grant: Grant, now: float) -> str:
        """The Authorization header's value, granted anew when the last one ends soon."""
        ...

    def refused(self, header: str) -> bool:
        """The vendor answered this header with 401: forget it; true when a new grant could help."""
        ...

    def secrets(self) -> Sequence[str]:
        """What must not be quoted from an answer."""
        ...


class Basic:
    """User and password, or a vendor's `email/token` and API token."""

    def __init__(self, user: str, password: SecretStr) -> None:
        self._user = user
        self._password = password

    def __repr__(self) -> str:
        return f"Basic({self._user!r})"

    async def header(self, _grant: Grant, _now: float) -> str:
        return self._header()

    def refused(self, _header: str) -> bool:
        return False

    def secrets(self) -> Sequence[str]:
        return _written(self._password.get_secret_value(), self._header().removeprefix("Basic "))

    def _header(self) -> str:
        pair = f"{self._user}:{self._password.get_secret_value()}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


class Bearer:
    """A token that an admin gave and that does not end by itself."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    async def header(self, _grant: Grant, _now: float) -> str:
        return f"Bearer {self._token.get_secret_value()}"

    def refused(self, _header: str) -> bool:
        return False

    def secrets(self) -> Sequence[str]:
        return _written(self._token.get_secret_value())


class ClientCredentials:
    """OAuth client credentials: no refresh token, so a new grant is asked for before the old one ends.

    `path` is on the account's own host. `lifetime_seconds` is asked for as `expires_in`.
    """

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
        self._held = _Held(lifetime_seconds)

    async def header(self, grant: Grant, now: float) -> str:
        return await self._held.header(now, lambda: grant(self._path, self._fields(), False))

    def refused(self, header: str) -> bool:
        return self._held.forget(header)

    def secrets(self) -> Sequence[str]:
        return _written(self._client_secret.get_secret_value(), self._held.token())

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
        keep: Callable[[SecretStr], None],
        as_form: bool = True,
    ) -> None:
        self._path = path
        self._client_id = client_id
        self._client_secret = client_secret
        self._refresh_token = refresh_token
        self._keep = keep
        self._as_form = as_form
        self._held = _Held(None)

    async def header(self, grant: Grant, now: float) -> str:
        return await self._held.header(now, lambda: self._refresh(grant))

    def refused(self, header: str) -> bool:
        return self._held.forget(header)

    def secrets(self) -> Sequence[str]:
        return _written(
            self._client_secret.get_secret_value(),
            self._refresh_token.get_secret_value(),
            self._held.token(),
        )

    async def _refresh(self, grant: Grant) -> Mapping[str, Any]:
        answer = await grant(
            self._path,
            {
                "grant_type": "refresh_token",
                "client_id": self._client_id,
                "client_secret": self._client_secret.get_secret_value(),
                "refresh_token": self._refresh_token.get_secret_value(),
            },
            self._as_form,
        )
        rotated = answer.get("refresh_token")
        if rotated and rotated != self._refresh_token.get_secret_value():
            self._refresh_token = SecretStr(str(rotated))
            self._keep(self._refresh_token)
        return answer


class _Held:
    """The current grant. One task renews it; the others wait for that."""

    def __init__(self, lifetime_seconds: float | None) -> None:
        self._lifetime_seconds = lifetime_seconds
        self._token: SecretStr | None = None
        self._renew_at = math.inf
        self._lock = asyncio.Lock()

    async def header(self, now: float, renew: Callable[[], Awaitable[Mapping[str, Any]]]) -> str:
        async with self._lock:
            if self._token is None or now >= self._renew_at:
                answer = await renew()
                token = answer.get("access_token")
                if not token:
                    raise Misconfigured(
                        "the token request was answered without a token: check the OAuth client"
                    )
                self._token = SecretStr(str(token))
                self._renew_at = now + self._useful_seconds(answer.get("expires_in"))
            return self._header(self._token)

    def forget(self, header: str) -> bool:
        """Unless another task has a newer one already; either way the next header is a new one."""
        if self._token is not None and header == self._header(self._token):
            self._token = None
        return True

    def token(self) -> str:
        return "" if self._token is None else self._token.get_secret_value()

    def _header(self, token: SecretStr) -> str:
        return f"Bearer {token.get_secret_value()}"

    def _useful_seconds(self, expires_in: Any) -> float:
        """Until it should be renewed; for ever where neither side names an end: a 401 will tell."""
        try:
            lifetime = float(expires_in)
        except (TypeError, ValueError):
            lifetime = self._lifetime_seconds or math.inf
        return max(lifetime / 2, lifetime - RENEW_BEFORE_SECONDS)


def _written(*secrets: str) -> Sequence[str]:
    """Longest first, so that no part of a secret stays behind when a shorter one is its beginning."""
    return sorted(filter(None, secrets), key=len, reverse=True)
