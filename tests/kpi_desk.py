"""A team's histories in a few words, turned into records; and KPI values as a reader sees them.

Words of an event (`ev`): created, comment, status, assign, group, tag, call, deleted, restored, merged.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from kpi.metric import Metric
from kpi.recompute import Reporting, refresh
from storage.records import (
    CallRecord,
    Page,
    RatingRecord,
    Record,
    ScheduleRecord,
    TicketEventRecord,
    TicketRecord,
)
from storage.store import Store

ACCOUNT = "acme"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
History = Mapping[str, Any]
"""A ticket: `id`, `events` (each with `at` and `ev`), and what describes it (`channel`, `requester`)."""


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def records(history: History, *, version: int = 1, **fields: Any) -> list[Record]:
    """The ticket's row as it is after its events, its events, and its calls."""
    events = [
        event
        for number, one in enumerate(history["events"])
        for event in _events(history["id"], one, number, version)
    ]
    ticket = _ticket(history, version, fields)
    last = max(instant(one["at"]) for one in history["events"])
    read = TicketEventRecord(
        id=f"{history['id']}-read", ticket_id=history["id"], at=last, event="messages_read", version=version
    )
    return [ticket, *events, read]


def _ticket(history: History, version: int, fields: Mapping[str, Any]) -> TicketRecord:
    now: dict[str, Any] = {"status": "new", "requester_id": history.get("requester", "customer")}
    for one in sorted(history["events"], key=lambda one: str(one["at"])):
        match one["ev"]:
            case "created":
                now["created_at"] = instant(one["at"])
                now["status"] = one.get("status", "new")
                now["agent_id"], now["group_id"] = one.get("assignee"), one.get("group")
            case "status":
                now["status"] = one["to"]
            case "assign":
                now["agent_id"] = one["to"]
            case "group":
                now["group_id"] = one["to"]
            case "deleted":
                now["deleted_at"] = instant(one["at"])
            case "restored":
                now["deleted_at"] = None
            case "merged":
                now["is_merged"] = True
    if "channel" in history:
        now["channel"] = history["channel"]
    return TicketRecord(id=history["id"], version=version, **{**now, **fields})


def _events(ticket: str, one: Mapping[str, Any], number: int, version: int) -> list[Record]:
    at = instant(one["at"])
    base = {"ticket_id": ticket, "at": at, "version": version, "sequence": number}
    name = f"{ticket}-{one.get('eid', number)}"
    actor = {"actor_role": one.get("by"), "actor_id": one.get("author")}
    kind = one["ev"]
    if kind == "created":
        told = {"agent": one.get("assignee"), "group": one.get("group")}
        return [
            TicketEventRecord(id=name, event="created", value=one.get("status", "new"), **actor, **base),
            *(
                TicketEventRecord(id=f"{name}-{line}", event=line, value=value, **base)
                for line, value in told.items()
                if value
            ),
        ]
    if kind == "comment":
        return [TicketEventRecord(id=name, event="message", is_public=one["public"], **actor, **base)]
    if kind == "call":
        outcome = "answered" if one["answered"] else "missed"
        return [
            CallRecord(id=name, ticket_id=ticket, agent_id=one.get("agent"), outcome=outcome, started_at=at)
        ]
    if kind in _CHANGES:
        value = one["add"] if kind == "tag" else one["to"]
        return [TicketEventRecord(id=name, event=_CHANGES[kind], value=value, **base)]
    return []


_CHANGES = {"status": "status", "assign": "agent", "group": "group", "tag": "tag_added"}


def rating(told: Mapping[str, Any], *, version: int = 1) -> RatingRecord:
    score = {"good": 1, "bad": 0}.get(told["value"], told["value"])
    return RatingRecord(
        id=told["id"],
        ticket_id=told["ticket"],
        score=score,
        scale=told["scale"],
        comment=told.get("comment"),
        agent_id=told.get("agent"),
        rated_at=instant(told["rated_at"]),
        version=version,
    )


def schedule(told: Mapping[str, Any], *, version: int = 1) -> ScheduleRecord:
    """Opening hours; breaks become shorter windows, for a stored schedule knows none."""
    weekly = {name: [_seconds(window) for window in hours] for name, hours in told.get("hours", {}).items()}
    if told.get("always"):
        weekly = {name: [(0, 86_400)] for name in WEEKDAYS}
    daily = [_seconds(window) for window in told.get("daily_breaks", ())]
    overrides = {
        day: [_seconds(window) for window in hours] for day, hours in told.get("overrides", {}).items()
    }
    for day, breaks in told.get("breaks", {}).items():
        hours = overrides.get(day, weekly.get(WEEKDAYS[date.fromisoformat(day).weekday()], []))
        overrides[day] = _without(hours, [_seconds(window) for window in breaks])
    return ScheduleRecord(
        id="hours",
        timezone=told["tz"],
        weekly={str(WEEKDAYS.index(name)): _without(hours, daily) for name, hours in weekly.items()},
        holidays=[[day, day] for day in told.get("holidays", ())],
        overrides={day: _without(hours, daily) for day, hours in overrides.items()},
        is_default=True,
        version=version,
    )


def _seconds(window: Sequence[str]) -> tuple[int, int]:
    start, end = (int(text[:2]) * 3600 + int(text[3:5]) * 60 for text in window)
    return start, end


def _without(hours: Iterable[tuple[int, int]], breaks: Iterable[tuple[int, int]]) -> list[list[int]]:
    left = list(hours)
    for start, end in breaks:
        cut = [((opens, min(closes, start)), (max(opens, end), closes)) for opens, closes in left]
        left = [window for pair in cut for window in pair if window[0] < window[1]]
    return [list(window) for window in left]


class Desk:
    """One account of one database: deliver records, refresh, read the views."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        zone: str = "UTC",
        vendor: str = "zendesk",
        catalog: Sequence[Metric] | None = None,
    ) -> None:
        self.engine = engine
        self.store = Store(engine)
        self.reporting = Reporting(zone=zone, vendors={ACCOUNT: vendor})
        if catalog is not None:
            self.reporting = Reporting(zone=zone, vendors={ACCOUNT: vendor}, catalog=catalog)

    def deliver(self, *delivered: Record, account: str = ACCOUNT) -> None:
        self.store.save(account, "all", Page(list(delivered)))

    def refresh(self, now: str = "2024-12-01T00:00:00Z") -> Any:
        return refresh(self.engine, self.reporting, now=instant(now))

    def show(self, now: str = "2024-12-01T00:00:00Z", *delivered: Record) -> None:
        self.deliver(*delivered)
        self.refresh(now)

    def rows(self, kpi: str, **where: Any) -> list[dict[str, Any]]:
        """Rows of `report_kpis`, of everybody and everything unless told otherwise."""
        wanted = {"kpi": kpi, "account": "*", "dimension": "all", "grain": "day", **where}
        conditions = " AND ".join(f"{name} = :{name}" for name in wanted)
        query = sa.text(
            f"SELECT * FROM report_kpis WHERE {conditions} ORDER BY period_start, member, statistic"
        )
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query, wanted).mappings()]

    def value(self, kpi: str, statistic: str = "value", **where: Any) -> float | None:
        """The one value there is; null where there is none."""
        found = self.rows(kpi, statistic=statistic, **where)
        assert len(found) <= 1, found
        return found[0]["value"] if found else None

    def by_period(self, kpi: str, column: str = "value", **where: Any) -> dict[str, Any]:
        return {str(row["period_start"]): row[column] for row in self.rows(kpi, **where)}

    def has_undecided(self, kpi: str) -> bool:
        """Whether cases of some day wait for their verdict; readers see such days, and those not over, alike."""
        query = sa.text("SELECT max(provisional) FROM kpi_cells WHERE kpi = :kpi AND grain = 'day'")
        with self.engine.connect() as connection:
            return bool(connection.execute(query, {"kpi": kpi}).scalar_one())

    def ticket(self, ticket_id: str) -> dict[str, Any]:
        """A row of `report_tickets`."""
        return self._one("report_tickets", ticket_id)

    def fact(self, ticket_id: str) -> dict[str, Any]:
        """A ticket's whole fact, for figures that no KPI shows yet."""
        return self._one("ticket_facts", ticket_id)

    def _one(self, table: str, ticket_id: str) -> dict[str, Any]:
        query = sa.text(f"SELECT * FROM {table} WHERE account = :account AND ticket_id = :ticket_id")
        with self.engine.connect() as connection:
            found = connection.execute(query, {"account": ACCOUNT, "ticket_id": ticket_id}).mappings().one()
            return dict(found)
