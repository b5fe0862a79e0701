"""What was said on a ticket: first responses, turns, contacts, and what its bots came to."""

from collections.abc import Sequence
from typing import NamedTuple

from kpi.calendar import SECOND
from kpi.case import Case
from kpi.history import Message
from kpi.shapes import Approximated, TurnFact


class Response(NamedTuple):
    """Columns of `TicketFact`, in its order."""

    first_response_at: int | None = None
    replied_day: int | None = None
    replied_agent_id: str | None = None
    replied_group_id: str | None = None
    first_response_seconds: int | None = None
    first_response_business_seconds: int | None = None
    first_any_response_seconds: int | None = None
    first_handoff_response_seconds: int | None = None
    first_zendesk_response_seconds: int | None = None
    any_replied_day: int | None = None
    any_replied_agent_id: str | None = None
    any_replied_group_id: str | None = None
    zendesk_replied_day: int | None = None
    zendesk_replied_agent_id: str | None = None
    zendesk_replied_group_id: str | None = None


class Talk(NamedTuple):
    response: Response
    turns: list[TurnFact]
    waiting_since: int | None
    """The oldest customer message without an answer."""
    replies: int | None
    customer_messages: int | None
    replied_at: int | None
    """The first human reply, valid as a first response or not."""
    contacts: Sequence[int] | None
    """When each burst of the staff's words began; null where messages are not known."""
    replied: Sequence[Message] = ()
    """All public human replies that are known one by one."""


def talk(case: Case) -> Talk:
    return _from_messages(case) if case.history.has_all_messages else _from_summary(case)


def _from_messages(case: Case) -> Talk:
    said = _without_opening(case)
    replies = [message for message in said if message.role == "agent" and not message.is_call]
    response = _first_response(case, said, replies)
    replied_at = replies[0].at if replies else None
    turns, waiting_since = _turns(case, said)
    if not replies and _replied_since(case):
        response = _vendor_response(case)
        replied_at, waiting_since = response.first_response_at, None
    customer_messages = sum(message.role == "end_user" for message in said)
    contacts = _contacts(said)
    return Talk(
        response, turns, waiting_since, len(replies), customer_messages, replied_at, contacts, replies
    )


def _without_opening(case: Case) -> Sequence[Message]:
    """The message that opens an outbound ticket is no reply to anybody."""
    said = case.history.messages
    if case.is_outbound:
        for index, message in enumerate(said):
            if message.role == "agent" and not message.is_call:
                opens = message.at < case.created_at + SECOND
                return [*said[:index], *said[index + 1 :]] if opens else said
    return said


def _first_response(case: Case, said: Sequence[Message], replies: Sequence[Message]) -> Response:
    created_at = case.created_at
    first = _first_since(case, replies)
    if case.is_outbound:
        if first is None:
            return Response()
        return Response(
            first_zendesk_response_seconds=case.seconds(created_at, first.at),
            zendesk_replied_day=case.context.days.day(first.at),
            zendesk_replied_agent_id=first.actor_id,
            zendesk_replied_group_id=case.group_at(first.at),
        )
    if first is None and len(replies) == len(said):
        return Response()
    any_first = _first_since(
        case, [m for m in said if m.role == "bot" or (m.role == "agent" and not m.is_call)]
    )
    if any_first is None:
        return Response()
    by_any = _by(case, any_first)
    any_seconds = case.seconds(created_at, any_first.at)
    if first is None:
        any_day, any_agent, any_group = by_any
        return Response(
            first_any_response_seconds=any_seconds,
            any_replied_day=any_day,
            any_replied_agent_id=any_agent,
            any_replied_group_id=any_group,
        )
    at = first.at
    seconds = case.seconds(created_at, at)
    by = by_any if any_first is first else _by(case, first)
    return Response(
        at,
        *by,
        seconds,
        case.business_or(case.ticket.vendor_first_response_business_seconds, created_at, at),
        any_seconds,
        case.seconds(_handed_off_at(case, at), at),
        seconds,
        *by_any,
        *by,
    )


def _by(case: Case, message: Message) -> tuple[int, str | None, str | None]:
    """The local day of a message, who wrote it (a bot is no agent), and with which group the ticket was."""
    author = message.actor_id if message.role == "agent" else None
    return case.context.days.day(message.at), author, case.group_at(message.at)


def _handed_off_at(case: Case, at: int) -> int:
    """When a bot last handed over before a reply; without a hand-off, the creation."""
    created_at = case.created_at
    return max((one for one in case.history.handoffs if created_at <= one <= at), default=created_at)


def _first_since(case: Case, messages: Sequence[Message]) -> Message | None:
    """The first message that is not older than the ticket; older ones (clocks, imports) are flagged."""
    for message in messages:
        if message.at >= case.created_at:
            return message
        case.flags.add("negative_duration")
    return None


def _replied_since(case: Case) -> bool:
    """The vendor knows of a reply that was written after messages were last read."""
    read_at, replied_at = case.history.messages_read_at, case.ticket.first_response_at
    return read_at is not None and replied_at is not None and replied_at > read_at


def _turns(case: Case, said: Sequence[Message]) -> tuple[list[TurnFact], int | None]:
    """A turn runs from the first unanswered customer message to the next human reply; the ticket itself
    is the first message of an inbound one.
    """
    ticket = case.ticket
    asked_at = None if case.is_outbound else case.created_at
    turns: list[TurnFact] = []
    for message in said:
        at = message.at
        if message.role == "end_user":
            asked_at = at if asked_at is None else min(asked_at, at)
        elif message.role == "agent" and not message.is_call and asked_at is not None and at >= asked_at:
            seconds = case.seconds(asked_at, at)
            if seconds is not None:
                turns.append(
                    TurnFact(
                        ticket.account,
                        ticket.id,
                        len(turns),
                        asked_at,
                        case.context.days.day(asked_at),
                        at,
                        case.context.days.day(at),
                        message.actor_id,
                        case.group_at(at),
                        seconds,
                        case.business_seconds(asked_at, at),
                    )
                )
            asked_at = None
    return turns, asked_at


def _contacts(said: Sequence[Message]) -> list[int]:
    """A burst of the staff's words, answered calls included, lasts until the customer writes again."""
    contacts: list[int] = []
    in_burst = False
    for message in said:
        if message.role == "end_user":
            in_burst = False
        elif message.role == "agent":
            if not in_burst:
                contacts.append(message.at)
            in_burst = True
    return contacts


# Where messages are not known ---------------------------------------------------------------------


def _from_summary(case: Case) -> Talk:
    ticket, history = case.ticket, case.history
    case.approximate(Approximated.CONTACTS)
    response = _vendor_response(case)
    at = response.first_response_at
    replies = ticket.vendor_replies
    written = any(message.role == "agent" and not message.is_call for message in history.messages)
    is_answered = bool(replies) or written
    customer_messages = ticket.vendor_customer_messages
    if customer_messages is None:
        case.approximate(Approximated.CUSTOMER_MESSAGES)
    waiting_since = None if case.is_outbound or at is not None or is_answered else ticket.created_at
    replied_at = at if at is not None else (ticket.created_at if is_answered else None)
    return Talk(response, [], waiting_since, replies, customer_messages, replied_at, None)


def _vendor_response(case: Case) -> Response:
    """The vendor's own first response. Who wrote it is not told: taken to be today's agent."""
    ticket = case.ticket
    at, seconds = ticket.first_response_at, ticket.vendor_first_response_seconds
    if at is None and seconds is not None:
        at = ticket.created_at + seconds * SECOND
    if at is None:
        return Response()
    case.rounded(Approximated.FIRST_RESPONSE)
    if seconds is None or ticket.is_imported:
        seconds = case.seconds(ticket.created_at, at)
    case.approximate(Approximated.ACTORS)
    by = case.whose(at)
    if case.is_outbound:
        day, agent_id, group_id = by
        return Response(
            first_zendesk_response_seconds=seconds,
            zendesk_replied_day=day,
            zendesk_replied_agent_id=agent_id,
            zendesk_replied_group_id=group_id,
        )
    business = ticket.vendor_first_response_business_seconds
    if business is None or ticket.is_imported:
        business = case.business_seconds(ticket.created_at, at)
    handed_off_at = _handed_off_at(case, at)
    after = seconds if handed_off_at == case.created_at else case.seconds(handed_off_at, at)
    return Response(at, *by, seconds, business, seconds, after, seconds, *by, *by)


# Bots ---------------------------------------------------------------------------------------------


def bot_outcome(
    case: Case, talked: Talk, first_solved_at: int | None, is_bot_handled: bool
) -> tuple[str | None, int | None]:
    """What a bot's conversation came to and when: whichever comes first, the hand-off to a human (or a
    human stepping in) or the resolution, which does not stand when a human replies within the window.
    """
    if not is_bot_handled or case.is_outbound:
        return None, None
    history = case.history
    replies = [m.at for m in history.messages if m.role == "agent"] if talked.contacts is not None else []
    if talked.contacts is None and talked.replied_at is not None:
        replies = [talked.replied_at]
    handed = min((*history.handoffs, *replies), default=None)
    resolved = min(
        (*history.bot_resolved, *(() if first_solved_at is None else (first_solved_at,))), default=None
    )
    if handed is not None and (resolved is None or handed <= resolved):
        return "handed_off", handed
    if resolved is None:
        return None, None
    until = resolved + case.context.bot_window_seconds * SECOND
    came_back = any(resolved < at <= until for at in replies)
    return ("returned" if came_back else "deflected"), resolved
