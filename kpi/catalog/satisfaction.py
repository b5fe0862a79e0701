"""What customers say in surveys."""

from kpi.catalog.populations import availability_by
from kpi.metric import EXACT, RATED, Metric, Shape

SATISFACTION: tuple[Metric, ...] = (
    Metric(
        id="csat_score",
        title="Customer satisfaction score",
        unit="%",
        direction="higher",
        anchor=RATED,
        shape=Shape.RATIO,
        definition="Share of satisfied answers among all definite answers. Of one ticket and survey only the latest answer counts, on the day it was given; neutral answers are in the denominator.",
        formula="100 × satisfied ÷ rated",
        where="is_countable = 1 AND is_counted = 1 AND survey_type = 'csat' AND satisfied IS NOT NULL",
        value="satisfied",
        scale=100,
        availability=availability_by(EXACT, EXACT, EXACT, EXACT),
        has_interval=True,
    ),
)
