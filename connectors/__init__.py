"""The authors' door: everything a connector needs, and nothing else of deskpulse."""

from connectors.base import Checked, Clock, Connector, ConnectorSettings, Sleep, Stream, utc_now
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    RateLimited,
    Unavailable,
    Unexpected,
    Unsupported,
)
from storage.records import Cursor, Page, Record, Rejected, Retired

__all__ = [
    "Checked",
    "Clock",
    "Connector",
    "ConnectorError",
    "ConnectorSettings",
    "Cursor",
    "Misconfigured",
    "Page",
    "RateLimited",
    "Record",
    "Rejected",
    "Retired",
    "Sleep",
    "Stream",
    "Unavailable",
    "Unexpected",
    "Unsupported",
    "utc_now",
]
