"""The sandbox speaks Freshdesk."""

from connectors.sandbox.freshdesk.account import Limits
from connectors.sandbox.freshdesk.dialect import Freshdesk

__all__ = ["Freshdesk", "Limits"]
