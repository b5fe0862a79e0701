"""What stands around the rows: where a page says how to go on, in each of Zendesk's dialects."""

import msgspec

from connectors.zendesk.rows import MetricSet, Number, Text


class CursorPage(msgspec.Struct, kw_only=True):
    """An export by cursor: an idle poll answers without one."""

    after_cursor: Text = None
    end_of_stream: bool | None = None


class TicketPage(CursorPage, kw_only=True):
    """Metric sets come inside their tickets, or beside them in one list."""

    metric_sets: list[MetricSet] | None = None


class TimePage(msgspec.Struct, kw_only=True):
    """An export by time: `next_page` is never null, so only the rest tells the end."""

    end_time: Number = None
    end_of_stream: bool | None = None
    next_page: Text = None


class ListMeta(msgspec.Struct):
    has_more: bool = False
    after_cursor: Text = None


class ListPage(msgspec.Struct, kw_only=True):
    """A list by cursor (`meta`) or by offset (`next_page`)."""

    meta: ListMeta | None = None
    next_page: Text = None
