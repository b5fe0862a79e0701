"""No KPI without a computation by hand to hold it against."""

from kpi.catalog import CATALOG
from tests import kpi_oracle_beside, kpi_oracle_outside, test_kpi_oracle_employees
from tests.kpi_measures import MEASURES
from tests.kpi_oracle_promises import PROMISES


def test_every_kpi_of_the_catalogue_is_worked_out_independently() -> None:
    known = {
        *MEASURES,
        *kpi_oracle_outside.KPIS,
        *kpi_oracle_beside.KPIS,
        *test_kpi_oracle_employees.KPIS,
        *PROMISES,
    }
    assert {metric.id for metric in CATALOG} <= known
