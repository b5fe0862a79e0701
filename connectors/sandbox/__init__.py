"""Local imitations of helpdesk vendors over real HTTP, for the demo, the tests and the benchmarks.

Written from the vendors' documented behaviour; shares no code with the connectors.
"""

from connectors.sandbox.clock import Clock
from connectors.sandbox.desk import Desk
from connectors.sandbox.freshdesk import Freshdesk
from connectors.sandbox.hubspot import HubSpot
from connectors.sandbox.server import Sandbox
from connectors.sandbox.zendesk import Zendesk

__all__ = ["Clock", "Desk", "Freshdesk", "HubSpot", "Sandbox", "Zendesk"]
