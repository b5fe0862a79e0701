"""What an admin gives for a Zendesk account."""

from datetime import date

from pydantic import Field, SecretStr, field_validator, model_validator

from connectors import Auth, Basic, Bearer, ClientCredentials, ConnectorSettings

API_TOKENS_END = date(2027, 4, 30)
TOKEN_PATH = "/oauth/tokens"  # noqa: S105 - a path
TOKEN_SECONDS = 172_800
"""The longest grant Zendesk gives; without asking, the answer would not say when it ends."""


class ZendeskSettings(ConnectorSettings):
    """`SUBDOMAIN`, and one of: `CLIENT_ID` + `CLIENT_SECRET`, `EMAIL` + `API_TOKEN`, `ACCESS_TOKEN`."""

    subdomain: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9-]*$")
    client_id: str | None = None
    client_secret: SecretStr | None = None
    email: str | None = None
    api_token: SecretStr | None = None
    access_token: SecretStr | None = None
    category_field: str | None = Field(default=None, pattern="^[0-9]+$")
    """The id of the custom ticket field that tells a ticket's category; without it, its type does."""

    @field_validator("subdomain", mode="before")
    @classmethod
    def _only_the_name(cls, value: object) -> object:
        """`acme.zendesk.com` and `https://acme.zendesk.com/` are what people paste."""
        if isinstance(value, str):
            return value.removeprefix("https://").split("/", maxsplit=1)[0].removesuffix(".zendesk.com")
        return value

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> "ZendeskSettings":
        pairs = (
            ("CLIENT_ID", self.client_id, "CLIENT_SECRET", self.client_secret),
            ("EMAIL", self.email, "API_TOKEN", self.api_token),
        )
        for first, one, second, other in pairs:
            if (one is None) != (other is None):
                raise ValueError(f"{first} and {second} belong together: give both")
        if self.client_id is None and self.email is None and self.access_token is None:
            raise ValueError(
                "credentials are missing: give CLIENT_ID and CLIENT_SECRET (OAuth client credentials)"
            )
        return self

    @property
    def host(self) -> str:
        return self.base_url or f"https://{self.subdomain}.zendesk.com"

    @property
    def uses_api_token(self) -> bool:
        return self.client_id is None and self.email is not None

    def auth(self) -> Auth:
        """OAuth first: API tokens end on 2027-04-30."""
        if self.client_id is not None and self.client_secret is not None:
            return ClientCredentials(
                TOKEN_PATH, self.client_id, self.client_secret, scope="read", lifetime_seconds=TOKEN_SECONDS
            )
        if self.email is not None and self.api_token is not None:
            return Basic(f"{self.email}/token", self.api_token)
        assert self.access_token is not None
        return Bearer(self.access_token)
