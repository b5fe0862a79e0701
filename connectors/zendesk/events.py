"""The change log: one ticket event (an audit) as our events. Message bodies are never asked for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.zendesk.rows import EventRow
from connectors.zendesk.words import PRIORITIES, STATUSES, key, required
from storage.records import EventKind, Role, TicketEventRecord

_FIXED = frozenset(
    {"id", "via", "via_reference_id", "event_type", "previous_value", "comment_present", "comment_public"}
)
_AUTOMATIC = ("rule", "trigger", "automation", "system", "macro_reference", "business rule")
_FIELDS = {
    "status": EventKind.STATUS,
    "assignee_id": EventKind.AGENT,
    "group_id": EventKind.GROUP,
    "priority": EventKind.PRIORITY,
}


def event_records(row: EventRow) -> list[TicketEventRecord]:
    """Every change and message of one audit, in its order.

    An audit that creates the ticket also says that its whole history is known from there on.
    """
    audit = required(row.id, "id")
    ticket_id = required(row.ticket_id, "ticket_id")
    children = row.child_events or []
    base: dict[str, Any] = {
        "ticket_id": ticket_id,
        "at": row.created_at or row.timestamp,
        "version": (row.timestamp or 0) * 1_000_000,
        "actor_id": key(row.updater_id),
        "actor_role": Role.SYSTEM if key(row.updater_id) is None else None,
    }
    changes = list(_created(ticket_id, children)) if _creates(children) else []
    for order, child in enumerate(children, start=1):
        changes += _changes(str(child.get("id") or f"{audit}.{order}"), order, child, row.via)
    return [TicketEventRecord.model_validate(base | change) for change in changes]


def _creates(children: Sequence[Mapping[str, Any]]) -> bool:
    return any(str(child.get("event_type")) == "Create" for child in children)


def _created(ticket_id: str, children: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The ticket begins: with the status it was created with, `new` where that is not said."""
    first = next((child["status"] for child in children if child.get("status")), "new")
    status = STATUSES.get(str(first).casefold())
    yield {
        "id": f"{ticket_id}:created",
        "event": EventKind.CREATED,
        "value": status or STATUSES["new"],
        "sequence": 0,
    }
    yield {"id": f"{ticket_id}:messages_read", "event": EventKind.MESSAGES_READ, "sequence": 0}


def _changes(child_id: str, order: int, child: Mapping[str, Any], via: Any) -> Iterator[dict[str, Any]]:
    if child.get("comment_present") or child.get("event_type") == "Comment":
        yield _message(child_id, order, child, via)
        return
    is_creation = str(child.get("event_type")) == "Create"
    for name in child.keys() - _FIXED:
        change = _change(name, child, is_creation)
        if change is not None:
            yield {"id": f"{child_id}:{name}", "sequence": order, **change}
    yield from _tags(child_id, order, child)


def _message(child_id: str, order: int, child: Mapping[str, Any], via: Any) -> dict[str, Any]:
    """Author and side only. Rules that write comments act as the system, whoever their updater is."""
    public = child.get("comment_public")
    change: dict[str, Any] = {
        "id": child_id,
        "event": EventKind.MESSAGE,
        "sequence": order,
        "is_public": bool(child.get("public") if public is None else public),
    }
    if _is_automatic(child.get("via")) or _is_automatic(via):
        change["actor_role"] = Role.SYSTEM
    elif child.get("author_id") is not None:
        change["actor_id"] = key(child["author_id"])
        change["actor_role"] = None
    return change


def _change(name: str, child: Mapping[str, Any], is_creation: bool) -> dict[str, Any] | None:
    """One changed field; null for fields that no KPI rests on."""
    value, previous = child[name], child.get("previous_value")
    if name == "status" and is_creation:
        return None  # the `created` event carries it
    if name in _FIELDS:
        return {"event": _FIELDS[name], "value": _word(name, value), "previous": _word(name, previous)}
    if name == "new_schedule_id" or (name == "schedule_id" and "new_schedule_id" not in child):
        return {
            "event": EventKind.SCHEDULE,
            "value": key(value),
            "previous": key(child.get("previous_schedule_id")),
        }
    if name == "satisfaction_score" and str(value) == "offered":
        return {"event": EventKind.SURVEY_OFFERED, "value": "satisfaction_score"}
    return None


def _word(name: str, value: Any) -> str | None:
    """Statuses and priorities in our words; an unknown one stays as it is, for it still is a change."""
    if value in (None, ""):
        return None
    if name == "status":
        return str(STATUSES.get(str(value).casefold(), value))
    if name == "priority":
        return str(PRIORITIES.get(str(value).casefold(), value))
    return key(value)


def _tags(child_id: str, order: int, child: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Added and removed tags, or the difference where both whole lists are given."""
    added, removed = child.get("added_tags") or [], child.get("removed_tags") or []
    if not added and not removed and isinstance(child.get("tags"), list):
        before = child.get("previous_value")
        before = before if isinstance(before, list) else []
        added = [tag for tag in child["tags"] if tag not in before]
        removed = [tag for tag in before if tag not in child["tags"]]
    for kind, tags in ((EventKind.TAG_ADDED, added), (EventKind.TAG_REMOVED, removed)):
        for tag in tags:
            yield {"id": f"{child_id}:{kind}:{tag}", "event": kind, "sequence": order, "value": str(tag)}


def _is_automatic(via: Any) -> bool:
    name = via.get("channel") if isinstance(via, Mapping) else via
    return str(name or "").casefold() in _AUTOMATIC
