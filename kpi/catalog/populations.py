"""What entries share: which tickets count, and what each vendor's data support."""

from collections.abc import Mapping

from kpi.metric import DERIVED

COUNTABLE = "is_countable = 1"
INBOUND = "is_countable = 1 AND is_outbound = 0"
TIMED = "is_countable = 1 AND is_imported = 0"


def availability_by(zendesk: str, freshdesk: str, hubspot: str, files: str = DERIVED) -> Mapping[str, str]:
    """How well each connector's data support a KPI."""
    return {"zendesk": zendesk, "freshdesk": freshdesk, "hubspot": hubspot, "files": files}
