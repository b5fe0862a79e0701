"""Whose key it is, and what it does not show: a restricted agent's key sees fewer tickets without a word."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connectors import Clock, Misconfigured, Unsupported
from connectors.freshdesk.api import Api
from connectors.freshdesk.rows import MeRow

_GLOBAL_SCOPE: Final = 1
_SCOPES: Final = {2: "the tickets of its groups", 3: "the tickets assigned to it"}
_ARCHIVED_AFTER: Final = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Access:
    """What an account opens to its key."""

    api: Api
    clock: Clock
    notify: Callable[[str], None]
    since: datetime

    async def me(self) -> MeRow:
        """Raises Misconfigured where the key does not even show whose it is."""
        try:
            return await self.api.get("agents/me", MeRow)
        except Unsupported as refused:
            raise Misconfigured(str(refused)) from None

    async def refusal(self, path: str) -> str | None:
        """Why a list cannot be read; null where it can."""
        try:
            await self.api.reach(path)
        except Unsupported as refused:
            return str(refused)
        return None

    async def say_what_is_missing(self) -> None:
        """Before numbers are made of tickets: which of them no walk will show."""
        for sentence in restrictions(await self.me()):
            self.notify(sentence)
        now = self.clock()
        if now - self.since > _ARCHIVED_AFTER:
            self.notify(unlisted(now))


def restrictions(me: MeRow) -> list[str]:
    """What the agent behind the key does not see."""
    if me.ticket_scope is None:
        return ["Freshdesk does not tell this key's ticket scope: make sure that its agent has global access"]
    if me.ticket_scope == _GLOBAL_SCOPE:
        return []
    seen = _SCOPES.get(me.ticket_scope, "a part of the tickets")
    sentence = (
        f"this API key is restricted: it sees only {seen}, and every number will be too low; "
        "use the key of an administrator with global access"
    )
    return [sentence]


def unlisted(now: datetime) -> str:
    """What no list of the API shows."""
    return (
        f"Freshdesk archives tickets that were closed and have not changed for {_ARCHIVED_AFTER.days} days, and "
        f"lists none of them: before {(now - _ARCHIVED_AFTER).date()} history is incomplete; put the account's "
        "archive export into the folder of a `files` account to complete it"
    )
