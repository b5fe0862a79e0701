"""Who wrote what on a ticket, and whether that costs a call.

`GET /tickets/{id}/conversations` is one call a ticket, so it is asked only where `stats` cannot say
it all. One reply and no answer from the customer is a whole conversation known for free; after
that, a ticket is read again only when one of its two message instants is newer than what the store
already holds. A connector cannot look into the store, and need not: a message moves `updated_at`,
so everything up to the last finished walk was read then (`Horizon.read_until`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from connectors.freshdesk.mapping import event, is_outbound, micros, stats_of, text
from connectors.freshdesk.rows import ConversationRow, TicketRow
from connectors.freshdesk.words import CLOSED_CODE, WEB_CHAT_SOURCE
from storage.records import EventKind, Role, Source, TicketEventRecord

_SURVEY_SOURCE: Final = 6
_SURVEY_CATEGORY: Final = 7
_REPLY_AND_CLOSE: Final = timedelta(seconds=10)
"""Replying and closing in one go writes both instants within moments."""


class Reading(Enum):
    """What a look at a row asks for."""

    NOTHING = "what is known of its messages still holds, or they are older than histories are read"
    INFER = "stats say it all"
    READ = "only the conversation can tell"


@dataclass(frozen=True, slots=True)
class Horizon:
    events_since: datetime
    """Histories are read from here on."""
    read_until: datetime | None
    """Messages up to here were read by earlier walks; null during the first."""


def reading(row: TicketRow, horizon: Horizon) -> Reading:
    if row.deleted or row.spam:
        return Reading.NOTHING
    if _may_be_merged(row) and (horizon.read_until is not None or is_recent(row, horizon)):
        return Reading.READ
    if not is_recent(row, horizon):
        return Reading.NOTHING
    if _stats_say_all(row):
        return Reading.INFER
    return Reading.READ if _has_news(row, horizon) else Reading.NOTHING


def is_recent(row: TicketRow, horizon: Horizon) -> bool:
    """Whether anything but bookkeeping (SLA flags, tags, notes) happened since `events_since`."""
    stats = stats_of(row)
    deeds = (row.created_at, stats.status_updated_at, stats.agent_responded_at, stats.requester_responded_at)
    return any(at is not None and at >= horizon.events_since for at in deeds)


def _stats_say_all(row: TicketRow) -> bool:
    stats = stats_of(row)
    return stats.requester_responded_at is None and stats.first_responded_at == stats.agent_responded_at


def _has_news(row: TicketRow, horizon: Horizon) -> bool:
    stats, until = stats_of(row), horizon.read_until
    if until is None:
        return True
    written = [at for at in (stats.agent_responded_at, stats.requester_responded_at) if at is not None]
    if any(at > until for at in written):
        return True
    # Too old to be read when it was written, and now its ticket has come back to life.
    moved_at = stats.status_updated_at
    return all(at < horizon.events_since for at in written) and moved_at is not None and moved_at > until


def _may_be_merged(row: TicketRow) -> bool:
    """Merging closes a ticket in one step and without a reply; what it was merged into stands only
    in a private note, and such a ticket is looked at each time it is seen: the verdict stays true.

    A ticket that was solved before it was merged looks like one that was closed by the clock, as every
    ticket is in the end. It is found only where its conversation is read for another reason.
    """
    stats = stats_of(row)
    if row.status != CLOSED_CODE or is_outbound(row) or stats.closed_at is None:
        return False
    if stats.resolved_at != stats.closed_at:
        return False
    replied_at = stats.agent_responded_at
    return replied_at is None or abs(stats.closed_at - replied_at) > _REPLY_AND_CLOSE


def merged_into(row: TicketRow, conversation: Sequence[ConversationRow], note: str) -> str | None:
    """The ticket that took this one over, told by the private note `… merged into ticket 42`."""
    if row.status != CLOSED_CODE:
        return None
    told = re.compile(re.escape(note) + r"\D{0,10}(\d+)", re.IGNORECASE)
    notes = (one.body_text for one in conversation if one.private and not one.incoming)
    found = [match[1] for match in (told.search(body) for body in notes if body) if match]
    return found[-1] if found else None


# Events ------------------------------------------------------------------------------------------


def inferred(row: TicketRow) -> list[TicketEventRecord]:
    """The messages of a ticket whose stats tell all: the opening one and perhaps one reply.

    Who replied is taken to be the agent the ticket had when the reply was first seen.
    """
    first_at = stats_of(row).first_responded_at
    events = [_opening(row)]
    if first_at is not None:
        events.append(
            event(
                id=f"{row.id}:reply",
                # The look nearest to the reply knows best, and the conversation, if it is ever read,
                # better than any look.
                version=micros(first_at) - micros(row.updated_at),
                ticket_id=str(row.id),
                at=first_at,
                event=EventKind.MESSAGE,
                actor_id=text(row.responder_id),
                actor_role=Role.AGENT,
                is_public=True,
                source=Source.OBSERVED,
            )
        )
    if not is_outbound(row):
        events.append(_all_known(row))
    return events


def spoken(
    row: TicketRow, conversation: Sequence[ConversationRow], *, is_whole: bool = True
) -> list[TicketEventRecord]:
    """The messages of a ticket whose conversation was read, oldest first.

    `is_whole` is false when a message could not be read: the rest is kept, without saying that it is all.
    """
    events = [_opening(row)]
    skip_opening = row.source == WEB_CHAT_SOURCE
    reply_seen = False
    for order, one in enumerate(sorted(conversation, key=lambda one: (one.created_at, one.id)), start=1):
        role = _role(one)
        if skip_opening and role is Role.END_USER:
            skip_opening = False  # a web chat's description repeats its first message
            continue
        is_first_reply = role is Role.AGENT and not one.private and not reply_seen
        reply_seen = reply_seen or is_first_reply
        events.append(_message(row, one, role, order, "reply" if is_first_reply else f"c{one.id}"))
    if is_whole and not reply_seen and stats_of(row).first_responded_at is not None:
        events.append(_no_reply_after_all(row))
    if is_whole:
        events.append(_all_known(row))
    return events


def _role(one: ConversationRow) -> Role:
    """Survey feedback comes as an incoming message, and rules and acknowledgements as outgoing ones."""
    if one.source == _SURVEY_SOURCE or one.category == _SURVEY_CATEGORY:
        return Role.SYSTEM
    if one.auto_response or one.automation_id is not None or one.automation_type_id is not None:
        return Role.SYSTEM
    return Role.END_USER if one.incoming else Role.AGENT


def _message(row: TicketRow, one: ConversationRow, role: Role, order: int, name: str) -> TicketEventRecord:
    return event(
        id=f"{row.id}:{name}",
        version=micros(one.updated_at or one.created_at),
        ticket_id=str(row.id),
        at=one.created_at,
        sequence=order,
        event=EventKind.MESSAGE,
        actor_id=text(one.user_id),
        actor_role=role,
        is_public=not one.private,
    )


def _opening(row: TicketRow) -> TicketEventRecord:
    """The ticket's description: the customer's first message, or the staff's on outbound tickets."""
    outbound = is_outbound(row)
    return event(
        id=f"{row.id}:description",
        version=1,
        ticket_id=str(row.id),
        at=row.created_at,
        event=EventKind.MESSAGE,
        actor_id=None if outbound else text(row.requester_id),
        actor_role=Role.AGENT if outbound else Role.END_USER,
        is_public=True,
    )


def _no_reply_after_all(row: TicketRow) -> TicketEventRecord:
    """Takes back a reply that was inferred before: the conversation shows no person wrote it."""
    first_at = stats_of(row).first_responded_at
    assert first_at is not None
    return event(
        id=f"{row.id}:reply",
        version=1,
        ticket_id=str(row.id),
        at=first_at,
        event=EventKind.MESSAGE,
        actor_role=Role.SYSTEM,
        is_public=False,
    )


def _all_known(row: TicketRow) -> TicketEventRecord:
    return event(
        id=f"{row.id}:messages_read",
        version=micros(row.updated_at),
        ticket_id=str(row.id),
        at=row.updated_at,
        event=EventKind.MESSAGES_READ,
    )
