"""The change log: one ticket event (an audit) as our events. Message bodies are never asked for."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from connectors.zendesk.rows import EventRow
from connectors.zendesk.words import PRIORITIES, STATUSES, key, required, utc
from storage.records import EventKind, Role, Status, TicketEventRecord

Child = Mapping[str, Any]

_ENVELOPE: Final = frozenset(
    {"id", "via", "via_reference_id", "event_type", "previous_value", "comment_present", "comment_public"}
)
_AUTOMATIC: Final = frozenset({"rule", "business rule", "trigger", "automation", "system"})
_TAGS: Final = frozenset({"tags", "added_tags", "removed_tags"})
_FIELDS: Final = {
    "status": EventKind.STATUS,
    "assignee_id": EventKind.AGENT,
    "group_id": EventKind.GROUP,
    "priority": EventKind.PRIORITY,
}
_DELETED: Final = "deleted"
_NO_VALUE: Final[tuple[Any, ...]] = (None, "", "-")


def event_records(row: EventRow) -> list[TicketEventRecord]:
    """Every change and message of one audit, in its order.

    An audit that creates the ticket also says that its whole history is known from there on.
    """
    audit = required(row.id, "id")
    ticket_id = required(row.ticket_id, "ticket_id")
    actor = key(row.updater_id)
    base: dict[str, Any] = {
        "ticket_id": ticket_id,
        "at": _at(row),
        "version": int(row.timestamp or 0) * 1_000_000,
        "actor_id": actor,
        "actor_role": Role.SYSTEM if actor is None else None,
    }
    children = row.child_events or []
    changes = list(_creation(ticket_id, children))
    for order, child in enumerate(children, start=1):
        automatic = _is_automatic(row.via) or _is_automatic(child.get("via"))
        acted = {"actor_id": None, "actor_role": Role.SYSTEM} if automatic else {}
        changes.extend(
            {"sequence": order, **acted, **change}
            for change in _changes(str(child.get("id") or f"{audit}.{order}"), child)
        )
    return [TicketEventRecord.built({**base, **change}) for change in changes]


def _at(row: EventRow) -> datetime | None:
    if row.created_at is None and row.timestamp:
        return datetime.fromtimestamp(row.timestamp, tz=UTC)
    return utc(row.created_at)


def _creation(ticket_id: str, children: Sequence[Child]) -> Iterator[dict[str, Any]]:
    """The ticket begins: with the status it was created with, `new` where that is not said."""
    begun = [child for child in children if _type(child) == "create"]
    if not begun:
        return
    first = next((child["status"] for child in begun if child.get("status")), "new")
    yield {
        "id": f"{ticket_id}:created",
        "event": EventKind.CREATED,
        "value": STATUSES.get(str(first).casefold(), Status.NEW),
    }
    yield {"id": f"{ticket_id}:messages_read", "event": EventKind.MESSAGES_READ}


def _changes(child_id: str, child: Child) -> Iterator[dict[str, Any]]:
    if child.get("comment_present", _type(child) == "comment"):
        yield _message(child_id, child)
    for name in child:
        change = None if name in _ENVELOPE else _change(name, child)
        if change is not None:
            yield {"id": f"{child_id}:{name}", **change}
    yield from _tags(child_id, child)
    if "survey" in _type(child) and "offer" in _type(child):
        yield {"id": f"{child_id}:survey", "event": EventKind.SURVEY_OFFERED, "value": "survey"}


def _message(child_id: str, child: Child) -> dict[str, Any]:
    """Author and side only. A comment written on behalf of somebody names that author."""
    side = child.get("comment_public")
    side = child.get("public") if side is None else side
    change: dict[str, Any] = {
        "id": child_id,
        "event": EventKind.MESSAGE,
        "is_public": None if side is None else bool(side),
    }
    author = key(child.get("author_id"))
    if author is not None and not _is_automatic(child.get("via")):
        change |= {"actor_id": author, "actor_role": None}
    return change


def _change(name: str, child: Child) -> dict[str, Any] | None:
    """One changed field; null for fields that no KPI rests on."""
    value = child[name]
    if name in _FIELDS:
        return _field(name, value, child)
    if name == "new_schedule_id" or (name == "schedule_id" and "new_schedule_id" not in child):
        previous = child.get("previous_schedule_id")
        return {"event": EventKind.SCHEDULE, "value": _id(value), "previous": _id(previous)}
    if name == "satisfaction_score" and str(value).casefold() == "offered":
        return {"event": EventKind.SURVEY_OFFERED, "value": name}
    return None


def _field(name: str, value: Any, child: Child) -> dict[str, Any] | None:
    """The initial status is the `created` event's; a deletion is the ticket's row's to tell."""
    if name == "status" and (_type(child) == "create" or value == _DELETED):
        return None
    word = _word(name, value)
    if word is None and name == "status":
        return None
    return {"event": _FIELDS[name], "value": word, "previous": _word(name, child.get("previous_value"))}


def _word(name: str, value: Any) -> str | None:
    """Statuses and priorities in our words; an unknown one stays as it is, for it still is a change."""
    if value in _NO_VALUE or value == _DELETED:
        return None
    if name == "status":
        return str(STATUSES.get(str(value).casefold(), value))
    if name == "priority":
        return str(PRIORITIES.get(str(value).casefold(), value))
    return _id(value)


def _id(value: Any) -> str | None:
    """Audits write ids as texts, too."""
    return key(value) if isinstance(value, int | str) else None


def _tags(child_id: str, child: Child) -> Iterator[dict[str, Any]]:
    """Added and removed tags, or the difference where both whole lists are given."""
    if _TAGS.isdisjoint(child):
        return
    if "added_tags" in child or "removed_tags" in child:
        added, removed = _listed(child.get("added_tags")), _listed(child.get("removed_tags"))
    else:
        after, before = _listed(child.get("tags")), _listed(child.get("previous_value"))
        is_whole = "tags" in child and ("previous_value" in child or _type(child) == "create")
        added = [tag for tag in after if tag not in before] if is_whole else []
        removed = [tag for tag in before if tag not in after] if is_whole else []
    for kind, tags in ((EventKind.TAG_ADDED, added), (EventKind.TAG_REMOVED, removed)):
        for tag in tags:
            yield {"id": f"{child_id}:{kind}:{tag}", "event": kind, "value": tag}


def _listed(tags: Any) -> list[str]:
    """Tags as a list, or as one text with spaces between."""
    if isinstance(tags, str):
        return tags.split()
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _type(child: Child) -> str:
    return str(child.get("event_type") or "").casefold()


def _is_automatic(via: Any) -> bool:
    """Rules act as the system, whoever's update they ran in."""
    name = via.get("channel") if isinstance(via, Mapping) else via
    return str(name or "").casefold() in _AUTOMATIC
