"""Which facts one number is about, and what each contributes: one query."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from kpi.blocks import NAMED_BY_ACCOUNT
from kpi.metric import AT_RISK, STOCKS, Metric
from kpi.reading import DESCRIPTIVE
from kpi.reasons import conditions

_OF_TICKET = (
    "url",
    "deleted_at",
    "is_spam",
    "is_test",
    "is_merged",
    "merged_into",
    "vendor_resolution_unit_seconds",
)

_THINGS = {
    "call_facts": "call_id",
    "agent_time_facts": "time_id",
    "customer_facts": "customer_id",
    "figure_facts": "figure_id",
    "sla_facts": "metric",
    "risk_spans": "metric",
    "workday_facts": "agent_id",
}
"""Fact table → the column that names what a fact is about, beside its ticket."""


@dataclass(frozen=True, slots=True)
class Question:
    """A KPI in one period (first and last local day), of an account (`*`: all) and a dimension's member."""

    metric: Metric
    first: int
    last: int
    today: int
    account: str
    dimension: str
    member: str
    grain: str = "day"
    until: int = 0
    """The instant until which clocks at risk stood so."""

    def facts(self, connection: sa.Connection) -> Iterator[Mapping[str, Any]]:
        """Facts that are dated in the period, and those begun in it that nothing dates yet.

        `conditions` holds each condition of the KPI with whether the fact meets it.
        """
        parts = list(conditions(self.metric.where)) if self.metric.where else []
        query, bound = self._query(parts, "?" if connection.dialect.name == "sqlite" else "%s")
        for found in connection.exec_driver_sql(query, bound).mappings():
            if self.dimension != "tag" or self.member in msgspec.json.decode(found["tags"] or "[]"):
                met = [(part, bool(found[f"met{number}"])) for number, part in enumerate(parts)]
                yield {**found, "conditions": met}

    def _query(self, parts: list[str], mark: str) -> tuple[str, tuple[Any, ...]]:
        chosen = [*self._period(mark), *self._whose(mark), *_of_survey(parts)]
        where = " AND ".join(condition for condition, _ in chosen)
        bound = tuple(value for _, values in chosen for value in values)
        names = [f"met{number}" for number in range(len(parts))]
        columns = [
            "f.account", "f.ticket_id", "f.tags", f"{self._day} AS day", "f.contributed AS value",
            "f.mature_at AS matures_at", "f.over_each AS over", f"{self.metric.vendor_figure or 'NULL'} AS vendor_value",
            *(f"f.{name}" for name in names), *(f"t.{name}" for name in _OF_TICKET), *self._quality,
        ]  # fmt: skip
        query = (
            f"SELECT {', '.join(columns)} FROM {self._source(parts)} "
            "LEFT JOIN tickets t ON t.account = f.account AND t.id = f.ticket_id "
            f"WHERE {where} ORDER BY f.account, f.ticket_id"
        )
        return query, bound

    def _source(self, parts: list[str]) -> str:
        """The catalogue's conditions name columns of one fact table, so they are judged within it."""
        metric = self.metric
        met = [f"CASE WHEN {part} THEN 1 ELSE 0 END AS met{number}" for number, part in enumerate(parts)]
        of_fact = (
            f"{metric.value} AS contributed",
            f"{metric.matures_at or 'NULL'} AS mature_at",
            f"{metric.over or '1'} AS over_each",
        )
        return f"(SELECT {', '.join(('x.*', *met, *of_fact))} FROM {metric.anchor.source} x) f"

    @property
    def _quality(self) -> tuple[str, ...]:
        rating = "f.rating_id" if self.metric.anchor.table == "rating_facts" else "NULL AS rating_id"
        thing = f"f.{_THINGS[self.metric.anchor.table]}" if self.metric.anchor.table in _THINGS else "NULL"
        return rating, f"{thing} AS thing", "f.flags", "f.history", "f.approximations"

    @property
    def _day(self) -> str:
        return str(self._end) if self.metric.anchor in (*STOCKS, AT_RISK) else f"f.{self.metric.anchor.day}"

    @property
    def _end(self) -> int:
        return min(self.last, self.today)

    def _period(self, mark: str) -> Iterator[tuple[str, list[Any]]]:
        anchor, span = self.metric.anchor, [self.first, self.last]
        if self.metric.grain:
            yield f"f.{self.metric.grain} = {mark}", [self.grain]
        if anchor == AT_RISK:
            yield f"f.risk_at < {mark} AND f.risk_until >= {mark}", [self.until, self.until]
            return
        if anchor in STOCKS:
            yield (
                f"f.from_day <= {mark} AND (f.until_day IS NULL OR f.until_day > {mark})",
                [self._end, self._end],
            )
            return
        dated = f"f.{anchor.day} BETWEEN {mark} AND {mark}"
        if anchor.table != "ticket_facts" or anchor.day == "created_day":
            yield dated, span
        else:
            begun = f"(f.{anchor.day} IS NULL AND f.created_day BETWEEN {mark} AND {mark})"
            yield f"({dated} OR {begun})", [*span, *span]

    def _whose(self, mark: str) -> Iterator[tuple[str, list[Any]]]:
        if self.account != "*":
            yield f"f.account = {mark}", [self.account]
        member = self.member
        if self.dimension in NAMED_BY_ACCOUNT:
            account, _, member = member.partition("/")
            yield f"f.account = {mark}", [account]
        if self.dimension not in ("all", "tag"):
            anchor = self.metric.anchor
            columns = {**DESCRIPTIVE, **{name: name for name in anchor.dimensions}}
            columns |= {"agent": anchor.agent, "group": anchor.group}
            yield f"CAST(f.{columns[self.dimension]} AS TEXT) = {mark}", [member]


def _of_survey(parts: list[str]) -> Iterator[tuple[str, list[Any]]]:
    """Answers to other surveys are not left out: the number is not about them."""
    for number, part in enumerate(parts):
        if part.startswith("survey_type ="):
            yield f"f.met{number} = 1", []
