"""The sandbox speaks Zendesk."""

from connectors.sandbox.zendesk.account import Limits
from connectors.sandbox.zendesk.dialect import Zendesk

__all__ = ["Limits", "Zendesk"]
