"""A ticket's SLA clocks, told by its due instants and its stats.

Freshdesk gives no SLA log: a due instant moves while its clock is stopped and started, and only
the latest is shown. Each clock is therefore one record that says how it stands (`applied`,
`paused`, `fulfilled`, `breached`), always with its due instant. A running clock follows the newest
look; a finished one keeps the due instant of the look that first saw it finished.
"""

from datetime import datetime
from typing import Final

from connectors.freshdesk.mapping import DONE, WAITING, is_outbound, micros, seconds, solved_at, stats_of
from connectors.freshdesk.rows import TicketRow
from connectors.freshdesk.words import Labels
from storage.records import SlaEventKind, SlaEventRecord

_LAST_STEP: Final = 999_999


def clocks(row: TicketRow, labels: Labels) -> list[SlaEventRecord]:
    """First response, resolution and next reply; none on outbound, deleted and spam tickets.

    `fr_escalated` and its like lag by minutes: they decide only where no instant does.
    """
    if is_outbound(row) or row.deleted or row.spam:
        return []
    found: list[SlaEventRecord] = []
    if row.fr_due_by is not None:
        answered_at = stats_of(row).first_responded_at
        found.append(_clock(row, labels, "first_response", row.fr_due_by, answered_at, row.fr_escalated))
    if row.due_by is not None:
        done_at = solved_at(row, labels)
        found.append(_clock(row, labels, "resolution", row.due_by, done_at, row.is_escalated))
    return found + _next_reply(row, labels)


def _clock(
    row: TicketRow,
    labels: Labels,
    metric: str,
    due_at: datetime,
    done_at: datetime | None,
    escalated: bool | None,
) -> SlaEventRecord:
    if done_at is not None:
        version = _first_look(done_at, row.updated_at)
        return _step(row, metric, 0, SlaEventKind.FULFILLED, done_at, due_at, version)
    version, status = micros(row.updated_at), labels.status(row.status).status
    if escalated:
        return _step(row, metric, 0, SlaEventKind.BREACHED, min(due_at, row.updated_at), due_at, version)
    if status in WAITING:
        paused_at = stats_of(row).status_updated_at or row.updated_at
        return _step(row, metric, 0, SlaEventKind.PAUSED, paused_at, due_at, version)
    # Solved without a reply before its due instant: that clock was stopped, not met.
    return _step(
        row, metric, 0, SlaEventKind.APPLIED, row.created_at, due_at, version, withdrawn=status in DONE
    )


def _next_reply(row: TicketRow, labels: Labels) -> list[SlaEventRecord]:
    """Only the present cycle has a due instant; a finished cycle is known by the one it had."""
    stats, due_at = stats_of(row), row.nr_due_by
    first_at, asked_at, said_at = (
        stats.first_responded_at,
        stats.requester_responded_at,
        stats.agent_responded_at,
    )
    if first_at is None or said_at is None or asked_at is None or asked_at <= first_at:
        return []
    version = micros(row.updated_at)
    is_open = asked_at > said_at and labels.status(row.status).status not in DONE
    if due_at is None or not is_open:
        over = _step(row, "next_reply", 0, SlaEventKind.APPLIED, asked_at, due_at, version, withdrawn=True)
        if due_at is None or said_at < asked_at:
            return [over]
        cycle = seconds(due_at) - seconds(row.created_at)
        # The first reply of a cycle ends it, and further replies only move the vendor's instant.
        return [
            over,
            _step(row, "next_reply", cycle, SlaEventKind.FULFILLED, said_at, due_at, -micros(said_at)),
        ]
    if row.nr_escalated:
        return [_step(row, "next_reply", 0, SlaEventKind.BREACHED, due_at, due_at, version)]
    return [_step(row, "next_reply", 0, SlaEventKind.APPLIED, asked_at, due_at, version)]


def _first_look(done_at: datetime, seen_at: datetime) -> int:
    """Greater for a later end; for one end, greater for an earlier look."""
    late = max(0, seconds(seen_at) - seconds(done_at))
    return micros(done_at) + _LAST_STEP - min(late, _LAST_STEP)


def _step(
    row: TicketRow,
    metric: str,
    instance: int,
    kind: SlaEventKind,
    at: datetime,
    due_at: datetime | None,
    version: int,
    *,
    withdrawn: bool = False,
) -> SlaEventRecord:
    return SlaEventRecord.built(
        {
            "id": f"{row.id}:{metric}:{instance}",
            "version": version,
            "ticket_id": str(row.id),
            "metric": metric,
            "instance": instance,
            "event": kind,
            "at": at,
            "due_at": due_at,
            "is_deleted": withdrawn,
        }
    )
