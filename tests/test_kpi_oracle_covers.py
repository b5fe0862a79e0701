"""No KPI without a computation by hand to hold it against."""

from kpi.catalog import CATALOG
from tests import kpi_oracle_beside, kpi_oracle_outside, test_kpi_oracle_employees
from tests.kpi_measures import MEASURES

BY_WRITTEN_CASES = ("sla_attainment_rate", "sla_breach_count", "sla_at_risk_count")
"""Held against written-down cases only (tests/test_kpi_outside.py)."""


def test_every_kpi_of_the_catalogue_is_worked_out_independently() -> None:
    known = {
        *MEASURES,
        *kpi_oracle_outside.KPIS,
        *kpi_oracle_beside.KPIS,
        *test_kpi_oracle_employees.KPIS,
        *BY_WRITTEN_CASES,
    }
    assert {metric.id for metric in CATALOG} <= known
