"""Zendesk: Support, satisfaction surveys, SLA and Talk, by incremental exports."""

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors import (
    ApiClient,
    Checked,
    Connector,
    ConnectorSettings,
    Misconfigured,
    Rows,
    Stream,
    Unsupported,
)
from connectors.zendesk.api import ZendeskApi, classify, limits, observe
from connectors.zendesk.pages import ListPage
from connectors.zendesk.rows import PolicyRow
from connectors.zendesk.settings import API_TOKENS_END, ZendeskSettings
from connectors.zendesk.streams import OPEN_TO_AGENTS, Streams

__all__ = ["ZendeskConnector", "ZendeskSettings"]


class ZendeskConnector(Connector[ZendeskSettings]):
    """One Zendesk account."""

    Settings: ClassVar[type[ConnectorSettings]] = ZendeskSettings

    def __init__(self, settings: ZendeskSettings, **ports: Any) -> None:
        super().__init__(settings, **ports)
        self.client = ApiClient(
            settings.host,
            auth=settings.auth(),
            limits=limits(),
            observe=observe,
            classify=classify,
            clock=self.clock,
            sleep=self.sleep,
            transport=self.transport,
            notify=self.notify,
        )
        self.api = ZendeskApi(self.client)
        if settings.uses_api_token:
            self.notify(
                f"API tokens stop working on {API_TOKENS_END}: create an OAuth client and set CLIENT_ID, CLIENT_SECRET"
            )

    @property
    def requests(self) -> int:
        return self.client.requests

    async def aclose(self) -> None:
        await self.client.aclose()

    def streams(self) -> Sequence[Stream]:
        return Streams(self.api, self.clock, self.settings, self.notify, self._uses_sla).all()

    async def _uses_sla(self) -> bool:
        """Metric events are by far the densest stream; without SLA policies nothing rests on them."""
        policies = Rows(ListPage, "sla_policies", PolicyRow)
        try:
            async for page in self.api.list("/api/v2/slas/policies", policies):
                if page.listed.rows or page.listed.malformed:
                    return True
        except Unsupported:
            return False
        return False

    async def check(self) -> Checked:
        """`users/me`: a wrong token is answered with 200 and an anonymous user."""
        try:
            answer = await self.client.get("/api/v2/users/me")
        except Unsupported:
            raise Misconfigured(
                f"there is no Zendesk account at {self.settings.host}: check SUBDOMAIN"
            ) from None
        user = answer.body.get("user") if isinstance(answer.body, dict) else None
        if not isinstance(user, dict) or user.get("id") is None:
            raise Misconfigured(
                "Zendesk does not know these credentials (it answered as an anonymous user): check them"
            )
        notes = []
        if self.settings.uses_api_token:
            notes.append(f"API tokens stop working on {API_TOKENS_END}: move to an OAuth client")
        role = str(user.get("role"))
        lost = None if role == "admin" else f"needs the role admin, not {role}"
        if lost is not None:
            notes.append(f"{user.get('email')} is {role}: Zendesk opens its exports to admins only")
        return Checked(
            f"{user.get('name')} ({role}) at {self.settings.host}",
            notes=notes,
            streams={
                stream.name: None if stream.name in OPEN_TO_AGENTS else lost for stream in self.streams()
            },
        )
