"""What an admin gives for a HubSpot account."""

from collections.abc import Callable

from pydantic import SecretStr, field_validator, model_validator

from connectors import Auth, Bearer, ConnectorSettings, RefreshToken
from connectors.hubspot.paths import HOST, TOKEN_PATH


class HubSpotSettings(ConnectorSettings):
    """`ACCESS_TOKEN` (a service key, or a private app's token), or `CLIENT_ID` + `CLIENT_SECRET` + `REFRESH_TOKEN`."""

    access_token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None

    @field_validator("access_token", "client_secret", "refresh_token", mode="after")
    @classmethod
    def _without_spaces_around(cls, value: SecretStr | None) -> SecretStr | None:
        """A token is opaque, but never ends with the newline it was pasted with; nothing is no token."""
        text = value.get_secret_value().strip() if value is not None else ""
        return SecretStr(text) if text else None

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> "HubSpotSettings":
        given = [self.client_id, self.client_secret, self.refresh_token]
        if self.access_token is None and not any(given):
            raise ValueError(
                "credentials are missing: give ACCESS_TOKEN, a service key from Development, Keys, Service keys"
            )
        if any(given) and not all(given):
            raise ValueError("CLIENT_ID, CLIENT_SECRET and REFRESH_TOKEN belong together: give all three")
        if self.access_token is not None and any(given):
            raise ValueError("there are two ways to sign in: give ACCESS_TOKEN or the OAuth client, not both")
        return self

    @property
    def host(self) -> str:
        return self.base_url or HOST

    def auth(self, notify: Callable[[str], None]) -> Auth:
        """HubSpot's refresh tokens do not change; should one ever, only an admin can store it."""
        if self.access_token is not None:
            return Bearer(self.access_token)
        assert self.client_id is not None
        assert self.client_secret is not None
        assert self.refresh_token is not None

        def changed(_token: SecretStr) -> None:
            notify("HubSpot has changed the refresh token: authorize the app again and set REFRESH_TOKEN")

        return RefreshToken(TOKEN_PATH, self.client_id, self.client_secret, self.refresh_token, keep=changed)
