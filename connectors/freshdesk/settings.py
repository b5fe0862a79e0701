"""What an admin writes for one Freshdesk account."""

import base64
import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, field_validator

from connectors import ConnectorSettings
from storage.records import Status

_HOST = re.compile(r"[a-z0-9][a-z0-9-]*\.freshdesk\.com")


def _account_host(value: str) -> str:
    host = value.strip().lower().removeprefix("https://").rstrip("/")
    if "." not in host:
        host += ".freshdesk.com"
    if not _HOST.fullmatch(host):
        raise ValueError(
            "write the account's own name, like acme or acme.freshdesk.com; "
            "a host name of your own redirects and cannot be used"
        )
    return host


class FreshdeskSettings(ConnectorSettings):
    domain: Annotated[str, AfterValidator(_account_host)]
    """`acme` or `acme.freshdesk.com`; never a vanity host, which redirects."""
    api_key: SecretStr
    """The key of an administrator with global ticket scope; another agent's key sees fewer tickets."""
    statuses: dict[str, Status] = Field(default_factory=dict)
    """What the account's own statuses mean: label or number → our status, `{"Canceled": "closed"}`."""
    category_field: str | None = Field(default=None, pattern="^cf_")
    """The custom field that tells a ticket's category, `cf_reason`; without it, its type does."""
    merge_note: str = Field(default="closed and merged into ticket", min_length=4)
    """The words before the number in the private note that merging leaves on the ticket it closes."""

    @field_validator("api_key")
    @classmethod
    def _key_is_written(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().strip():
            raise ValueError("the API key is empty: copy it from Profile settings in Freshdesk")
        return value

    @property
    def web(self) -> str:
        """Where people open tickets."""
        return f"https://{self.domain}"

    @property
    def host(self) -> str:
        return self.base_url or self.web

    def auth(self) -> "ApiKey":
        return ApiKey(self.api_key)


class ApiKey:
    """HTTP Basic whose user is the secret and whose password is any word."""

    def __init__(self, key: SecretStr) -> None:
        self._key = key

    async def header(self, _grant: Any, _now: float) -> str:
        return f"Basic {self._pair()}"

    def refused(self, _header: str) -> bool:
        return False

    def secrets(self) -> Sequence[str]:
        return (self._pair(), self._key.get_secret_value().strip())

    def _pair(self) -> str:
        return base64.b64encode(f"{self._key.get_secret_value().strip()}:X".encode()).decode()
