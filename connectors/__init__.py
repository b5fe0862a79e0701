"""The authors' door: everything a connector needs, and nothing else of deskpulse."""

from connectors.auth import Auth, Basic, Bearer, ClientCredentials, RefreshToken
from connectors.base import Checked, Clock, Connector, ConnectorSettings, Sleep, Stream, utc_now
from connectors.client import Answer, ApiClient
from connectors.decode import Listed, Rows, Undecodable, convert_row, decode
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    RateLimited,
    Unavailable,
    Unexpected,
    Unsupported,
)
from connectors.failures import Failure
from connectors.limits import Bucket, Limits, Observation
from connectors.paging import PageSize, Seen
from connectors.patience import Patience
from storage.records import Cursor, Page, Record, Rejected, Retired

__all__ = [
    "Answer",
    "ApiClient",
    "Auth",
    "Basic",
    "Bearer",
    "Bucket",
    "Checked",
    "ClientCredentials",
    "Clock",
    "Connector",
    "ConnectorError",
    "ConnectorSettings",
    "Cursor",
    "Failure",
    "Limits",
    "Listed",
    "Misconfigured",
    "Observation",
    "Page",
    "PageSize",
    "Patience",
    "RateLimited",
    "Record",
    "RefreshToken",
    "Rejected",
    "Retired",
    "Rows",
    "Seen",
    "Sleep",
    "Stream",
    "Unavailable",
    "Undecodable",
    "Unexpected",
    "Unsupported",
    "convert_row",
    "decode",
    "utc_now",
]
