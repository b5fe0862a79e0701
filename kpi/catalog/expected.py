"""What is to be expected of the days ahead."""

from kpi.catalog.populations import availability_by
from kpi.metric import AHEAD, DERIVED, LATELY, Metric, Shape

_EVERYWHERE = availability_by(DERIVED, DERIVED, DERIVED)

EXPECTED: tuple[Metric, ...] = (
    Metric(
        id="volume_forecast",
        title="Expected tickets",
        unit="tickets",
        direction="neutral",
        anchor=AHEAD,
        shape=Shape.COUNT,
        definition="How many tickets a day will bring, up to 14 days ahead, in all and by channel: the median of the last four same weekdays that are over (n is 4): today, which is not, counts in none. The interval is ± 1.96 spreads; a spread is 1.4826 × the median deviation of those four, but at least the square root of their median. Four days are few: held against made-up helpdesks, 84 to 91 of 100 days lay within it. Past days show what the four weeks before told of them, to be held against `ticket_volume`. Days before which less than four weeks are known have none.",
        formula="median of the last 4 same weekdays",
        fineness=2,
        availability=_EVERYWHERE,
    ),
    Metric(
        id="volume_surge",
        title="Surge of tickets",
        unit="flag",
        direction="neutral",
        anchor=AHEAD,
        shape=Shape.COUNT,
        definition="1 on days with 10 tickets or more that lie more than 3 spreads above what was expected (`volume_forecast`), else 0. Today counts what has come so far against whole days.",
        formula="(tickets − expected) ÷ spread > 3 and tickets ≥ 10",
        availability=_EVERYWHERE,
    ),
    Metric(
        id="volume_surge_score",
        title="Tickets against the expected",
        unit="spreads",
        direction="neutral",
        anchor=AHEAD,
        shape=Shape.COUNT,
        definition="By how many spreads a day's tickets lie above what was expected of it (`volume_forecast`), below it if negative.",
        formula="(tickets − expected) ÷ spread",
        fineness=10_000,
        availability=_EVERYWHERE,
    ),
    Metric(
        id="resolution_time_forecast",
        title="Expected resolution time",
        unit="s",
        direction="lower",
        anchor=LATELY,
        shape=Shape.DISTRIBUTION,
        definition="How long a ticket of today is expected to take: mean and percentiles of the resolution times of all tickets solved in the last 90 days, in all, by category, by priority and by both (`category_priority`). Where fewer than 30 were solved, those of the category stand in, then of the priority, then of all; n says of how many. Only the present day has a value.",
        formula="percentiles of last solve − created over 90 days",
        availability=_EVERYWHERE,
    ),
)
