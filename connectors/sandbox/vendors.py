"""The vendors that can be imitated, by name."""

from collections.abc import Callable, Mapping

from connectors.sandbox.desk import Desk
from connectors.sandbox.server import Dialect
from connectors.sandbox.zendesk import Limits, Zendesk


def _zendesk(desk: Desk, limits: bool) -> Dialect:
    return Zendesk(desk, limits=Limits.of_plan() if limits else None)


_MAKERS: Mapping[str, Callable[[Desk, bool], Dialect]] = {"zendesk": _zendesk}
VENDORS = tuple(_MAKERS)


def dialect(vendor: str, desk: Desk, *, limits: bool = False) -> Dialect:
    """How that vendor speaks, with the limits of a usual plan or with none that matter."""
    return _MAKERS[vendor](desk, limits)
