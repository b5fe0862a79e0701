"""The vendors that can be imitated, by name."""

from collections.abc import Callable, Mapping

from connectors.sandbox import freshdesk, hubspot, zendesk
from connectors.sandbox.desk import Desk
from connectors.sandbox.server import Dialect


def _zendesk(desk: Desk, limits: bool) -> Dialect:
    return zendesk.Zendesk(desk, limits=zendesk.Limits.of_plan() if limits else None)


def _freshdesk(desk: Desk, limits: bool) -> Dialect:
    return freshdesk.Freshdesk(desk, limits=freshdesk.Limits.of_plan() if limits else None)


def _hubspot(desk: Desk, limits: bool) -> Dialect:
    return hubspot.HubSpot(desk, limits=hubspot.Limits.of_plan() if limits else None)


_MAKERS: Mapping[str, Callable[[Desk, bool], Dialect]] = {
    "zendesk": _zendesk,
    "freshdesk": _freshdesk,
    "hubspot": _hubspot,
}
VENDORS = tuple(_MAKERS)


def dialect(vendor: str, desk: Desk, *, limits: bool = False) -> Dialect:
    """How that vendor speaks, with the limits of a usual plan or with none that matter."""
    return _MAKERS[vendor](desk, limits)
