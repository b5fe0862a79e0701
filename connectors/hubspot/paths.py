"""Where HubSpot answers. Its API is dated: one constant moves all of it."""

import re
from datetime import date
from typing import Final

VERSION: Final = "2026-09"
SUPPORTED_UNTIL: Final = date(2028, 3, 8)
"""HubSpot supports a dated version for 18 months."""

HOST: Final = "https://api.hubapi.com"
TOKEN_PATH: Final = f"/oauth/{VERSION}/token"
ACCOUNT: Final = f"/account-info/{VERSION}/details"
OWNERS: Final = f"/crm/owners/{VERSION}"
PIPELINES: Final = f"/crm/pipelines/{VERSION}/tickets"
_CONVERSATIONS: Final = f"/conversations/conversations/{VERSION}"
_HUBLET: Final = re.compile(r"\b([a-z]{2}\d{1,3})\b")


def objects(kind: str) -> str:
    return f"/crm/objects/{VERSION}/{kind}"


def search(kind: str) -> str:
    return f"{objects(kind)}/search"


def batch(kind: str) -> str:
    return f"{objects(kind)}/batch/read"


def associations(from_kind: str, to_kind: str) -> str:
    return f"/crm/associations/{VERSION}/{from_kind}/{to_kind}/batch/read"


def messages(thread_id: str) -> str:
    return f"{_CONVERSATIONS}/threads/{thread_id}/messages"


def host_of_hublet(sentence: str) -> str | None:
    """The host of the hublet that a sentence names; the first of them, na1, goes without its name."""
    found = _HUBLET.search(sentence.casefold())
    if found is None:
        return None
    return HOST if found[1] == "na1" else f"https://api-{found[1]}.hubapi.com"
