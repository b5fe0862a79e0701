"""A cell made by itself, for KPIs that the generic aggregation does not know."""

from collections.abc import Sequence

from kpi.blocks import ALL, Cell
from kpi.cells import Scope
from kpi.metric import APPROXIMATED, DERIVED, EXACT, Metric, Shape
from kpi.periods import Grain, last_day
from kpi.statistics import wilson

_LOW_SAMPLE = 30


def cell_of(
    metric: Metric,
    scope: Scope,
    grain: Grain,
    period: int,
    account: str,
    *,
    n: int,
    numerator: int,
    denominator: int | None,
    accounts: Sequence[str],
    dimension: str = ALL,
    member: str = "",
    percentiles: tuple[float | None, float | None, float | None] = (None, None, None),
    interval: tuple[float | None, float | None] = (None, None),
    provisional: bool | None = None,
    since: int | None = None,
) -> Cell:
    """`accounts` are those whose facts it rests on, from the day `since` on (its period's first); unless
    told otherwise it is provisional while its period is not over.
    """
    is_whole = scope.whole_since(metric, account) <= (period if since is None else since)
    if metric.has_interval:
        interval = wilson(numerator, n)
    return Cell(
        metric.id,
        str(grain),
        period,
        account,
        dimension,
        member,
        n,
        numerator,
        denominator,
        *percentiles,
        *interval,
        int(metric.shape is not Shape.COUNT and n < _LOW_SAMPLE),
        int(last_day(grain, period) >= scope.today if provisional is None else provisional),
        _availability(metric, scope, accounts) if is_whole else APPROXIMATED,
        scope.now,
    )


def _availability(metric: Metric, scope: Scope, accounts: Sequence[str]) -> str:
    """The worst of the accounts; what no vendor gives came from files, and is what they say."""
    found = {metric.available(scope.vendors.get(account)) for account in accounts}
    if APPROXIMATED in found:
        return APPROXIMATED
    return EXACT if found == {EXACT} else DERIVED
