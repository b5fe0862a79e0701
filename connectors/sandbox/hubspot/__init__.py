"""An imitation of HubSpot, written from its documented behaviour."""

from connectors.sandbox.hubspot.account import Limits
from connectors.sandbox.hubspot.dialect import HubSpot

__all__ = ["HubSpot", "Limits"]
