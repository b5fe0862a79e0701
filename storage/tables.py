"""The tables: one a record kind, inheriting the record's fields, and those of the engine's own books.

A record's table is named like its kind and keyed by `(account, id)`. Nothing refers to anything by
foreign key: a rating may arrive before its ticket.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

from storage.columns import Json, LooseJson, UTCDateTime, column_type, plain_type
from storage.records import (
    AgentTimeRecord,
    BrandRecord,
    BusinessFigureRecord,
    CallLegRecord,
    CallRecord,
    CustomerRecord,
    FieldRecord,
    GroupRecord,
    MembershipRecord,
    OrganisationRecord,
    PersonRecord,
    PurchaseRecord,
    RatingRecord,
    ScheduleRecord,
    SlaEventRecord,
    SlaPolicyRecord,
    StatusRecord,
    TicketEventRecord,
    TicketRecord,
    TimeEntryRecord,
)

metadata = SQLModel.metadata


class Stored(SQLModel):
    """What the store adds to a record."""

    account: str
    content_hash: int
    """Tells whether a record that arrives again has changed."""
    synced_at: datetime
    """When this content was stored."""

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805 - SQLAlchemy passes the class
        kind: str = cls.kind  # type: ignore[attr-defined]  # the record's
        return kind

    @classmethod
    def __pydantic_init_subclass__(cls, **_options: Any) -> None:
        """Give every column the type that its field's annotation stands for."""
        for name, field in cls.model_fields.items():
            cls.model_fields[name] = Field(
                sa_type=column_type(field.annotation),
                nullable=plain_type(field.annotation)[1],
                primary_key=name in ("account", "id"),
            )


def _index(kind: str, *columns: str) -> sa.Index:
    return sa.Index(f"ix_{kind}_{'_'.join(columns)}", "account", *columns)


def _from_files(kind: str) -> sa.Index:
    """For the kinds a drop folder fills: a corrected file retires the rows it gave before."""
    filled = sa.text("origin IS NOT NULL")
    return sa.Index(f"ix_{kind}_origin", "origin", sqlite_where=filled, postgresql_where=filled)


class Ticket(TicketRecord, Stored, table=True):
    __table_args__ = (_index("tickets", "requester_id", "created_at"), _from_files("tickets"))


class TicketEvent(TicketEventRecord, Stored, table=True):
    __table_args__ = (
        _index("ticket_events", "ticket_id", "at"),
        _index("ticket_events", "actor_id"),
    )


class Rating(RatingRecord, Stored, table=True):
    __table_args__ = (_index("ratings", "ticket_id"), _from_files("ratings"))


class Person(PersonRecord, Stored, table=True):
    was_staff: bool
    """Once of the staff, so that what somebody wrote then keeps its side."""


class Group(GroupRecord, Stored, table=True):
    pass


class Membership(MembershipRecord, Stored, table=True):
    pass


class Organisation(OrganisationRecord, Stored, table=True):
    pass


class Brand(BrandRecord, Stored, table=True):
    pass


class TicketField(FieldRecord, Stored, table=True):
    pass


class TicketStatus(StatusRecord, Stored, table=True):
    pass


class SlaPolicy(SlaPolicyRecord, Stored, table=True):
    pass


class SlaEvent(SlaEventRecord, Stored, table=True):
    __table_args__ = (_index("sla_events", "ticket_id"),)


class Schedule(ScheduleRecord, Stored, table=True):
    pass


class Call(CallRecord, Stored, table=True):
    __table_args__ = (_index("calls", "ticket_id"), _from_files("calls"))


class CallLeg(CallLegRecord, Stored, table=True):
    __table_args__ = (_index("call_legs", "call_id"),)


class TimeEntry(TimeEntryRecord, Stored, table=True):
    __table_args__ = (_index("time_entries", "ticket_id"),)


class AgentTime(AgentTimeRecord, Stored, table=True):
    __table_args__ = (_from_files("agent_times"),)


class Customer(CustomerRecord, Stored, table=True):
    __table_args__ = (_from_files("customers"),)


class Purchase(PurchaseRecord, Stored, table=True):
    __table_args__ = (_index("purchases", "customer_id"), _from_files("purchases"))


class BusinessFigure(BusinessFigureRecord, Stored, table=True):
    __table_args__ = (_from_files("business_figures"),)


_STORED = (
    Ticket,
    TicketEvent,
    Rating,
    Person,
    Group,
    Membership,
    Organisation,
    Brand,
    TicketField,
    TicketStatus,
    SlaPolicy,
    SlaEvent,
    Schedule,
    Call,
    CallLeg,
    TimeEntry,
    AgentTime,
    Customer,
    Purchase,
    BusinessFigure,
)
TABLES: Mapping[str, sa.Table] = {stored.kind: metadata.tables[stored.kind] for stored in _STORED}
"""The records' tables by kind."""


def _counter(name: str) -> sa.Column[int]:
    """A key that the database counts up."""
    return sa.Column(
        name, sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True
    )


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


checkpoints = sa.Table(
    "checkpoints",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("cursor", Json),
    sa.Column("data_until", UTCDateTime),
    _count("rows_total"),
    sa.Column("last_success_at", UTCDateTime),
    sa.Column("last_error", sa.Text),
    sa.Column("last_error_at", UTCDateTime),
    sa.Column("skipped", sa.Text),
)

reaches = sa.Table(
    "reaches",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("walk_since", UTCDateTime, nullable=False),
    sa.Column("since", UTCDateTime),
)
"""How far back streams were read that do not read everything. All that changed from `since` on was read;
null until a first walk has come to its end. `walk_since` is where the walk that goes on, or was last, began.
"""

runs = sa.Table(
    "runs",
    metadata,
    _counter("id"),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("started_at", UTCDateTime, nullable=False),
    sa.Column("finished_at", UTCDateTime),
    sa.Column("outcome", sa.Text, nullable=False),
    _count("requests"),
    _count("rows_read"),
    _count("rows_changed"),
    _count("rejected"),
    _count("kpi_periods"),
    sa.Column("seconds", sa.Double),
    sa.Column("error", sa.Text),
    sa.Index("ix_runs_account_started_at", "account", "started_at"),
)

rejected_rows = sa.Table(
    "rejected_rows",
    metadata,
    _counter("id"),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("row_id", sa.Text, nullable=False),
    sa.Column("row", LooseJson, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("origin", sa.Text),
    sa.Column("rejected_at", UTCDateTime, nullable=False),
    sa.UniqueConstraint("account", "stream", "kind", "row_id", name="uq_rejected_rows"),
)

touches = sa.Table(
    "touches",
    metadata,
    _counter("revision"),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("entity_id", sa.Text, nullable=False),
    sa.UniqueConstraint("account", "kind", "entity_id", name="uq_touches"),
    sqlite_autoincrement=True,
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("until", UTCDateTime, nullable=False),
)
