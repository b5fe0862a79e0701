"""Derived tables that set values against something: goals, benchmarks, the time, and what was said before."""

from enum import IntFlag

import sqlalchemy as sa

from storage.tables import metadata


class Cause(IntFlag):
    """Why a period's facts changed. A touched day keeps all that happened to it."""

    TIME = 1
    """A day ended, or a window was over: nothing was wrong before."""
    LATE_TICKET = 2
    DELETION = 4
    """A ticket or an answer was deleted, or called spam or a test."""
    MERGE = 8
    RESTORATION = 16
    REOPENING = 32
    LATE_RATING = 64
    CHANGED_RATING = 128
    CORRECTION = 256
    """Late or changed events, and what describes a ticket: its channel, priority, type, category, tags …"""
    DEFINITION = 512
    """The KPI's own definition is another one."""
    MEANING = 1024
    """Another zone, or another `kpi.toml`: windows, sets, thresholds, targets, schedules."""
    RECOMPUTATION = 2048
    """`deskpulse recompute`, or a version that computes otherwise."""


kpi_goals = sa.Table(
    "kpi_goals",
    metadata,
    sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kpi", sa.Text, nullable=False),
    sa.Column("statistic", sa.Text, nullable=False),
    sa.Column("grain", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("dimension", sa.Text, nullable=False),
    sa.Column("member", sa.Text, nullable=False),
    sa.Column("cell_account", sa.Text, nullable=False),
    sa.Column("cell_member", sa.Text, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("target", sa.Double, nullable=False),
    sa.Column("baseline", sa.Double),
    sa.Column("start_day", sa.BigInteger, nullable=False),
    sa.Column("due_day", sa.BigInteger, nullable=False),
)
"""Goals as `kpi.toml` sets them; `account` and `member` as readers see them, `cell_…` as cells are kept."""

kpi_benchmarks = sa.Table(
    "kpi_benchmarks",
    metadata,
    sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kpi", sa.Text, nullable=False),
    sa.Column("statistic", sa.Text, nullable=False),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("industry", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("year", sa.BigInteger),
    sa.Column("measured_as", sa.Text, nullable=False),
)

kpi_settled = sa.Table(
    "kpi_settled",
    metadata,
    sa.Column("kpi", sa.Text, primary_key=True),
    sa.Column("until_day", sa.BigInteger, nullable=False),
)
"""Up to which local day a KPI's periods stood when they were last computed; later ones are provisional."""

kpi_restatements = sa.Table(
    "kpi_restatements",
    metadata,
    sa.Column("kpi", sa.Text, primary_key=True),
    sa.Column("statistic", sa.Text, primary_key=True),
    sa.Column("grain", sa.Text, primary_key=True),
    sa.Column("period", sa.BigInteger, primary_key=True),
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("dimension", sa.Text, primary_key=True),
    sa.Column("member", sa.Text, primary_key=True),
    sa.Column("on_day", sa.BigInteger, primary_key=True),
    sa.Column("old", sa.Double),
    sa.Column("new", sa.Double),
    sa.Column("causes", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Index("ix_kpi_restatements_on_day", "on_day"),
)
"""What a closed period said before, one row a value and local day: the first `old` and the last `new` of it."""
