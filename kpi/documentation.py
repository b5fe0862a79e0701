"""docs/kpis.md, made from the catalogue: `python -m kpi.documentation > docs/kpis.md`."""

import sys
from collections.abc import Iterator, Sequence

from kpi.catalog import CATALOG
from kpi.judged import JUDGED
from kpi.meaning import Meaning
from kpi.metric import VENDORS, Metric
from kpi.wording import worded

_INTRO = """\
# The KPIs

This page is made from the catalogue (`python -m kpi.documentation > docs/kpis.md`); `report_kpi_definitions` says the same in the database.

**What dates a case.** Each KPI has an anchor: the instant that puts a case into a period (its creation, first reply, solve, answer …), in the zone that
`DESKPULSE_TIMEZONE` names. Agent and group are those at that instant where the anchor is an event; channel, priority, type, category, brand, organisation and
tags are the ticket's of today.

**What counts.** Deleted, spam, merged-away and test tickets leave every period, past ones too. Tickets that the staff opened are outbound and left out
where a customer's first request is measured. A period without any case has no value, never a zero.

**How well it is known.** `exact`: the vendor gives the value or every event; `derived`: we compute it from complete events; `approximated`: inferred, and marked so
at each value; `unavailable`: the vendor's data do not hold it, and "waits for" says what brings it. Periods that began before an account's tickets were read (`SINCE`) are `approximated`, too.

**What it waits for.** Some KPIs have no value until somebody brings what no helpdesk knows ([files](files.md)) or chooses what a word means
([kpi.toml](kpi-file.md)); each says which. Where a helpdesk is named, the others give it by themselves. The texts here are those without a kpi.toml; in
`report_kpi_definitions` and `deskpulse explain` they say what yours chooses.

**How sure it is.** Shares carry their Wilson 95 % interval. `low_sample` marks values of fewer than 30 cases (p90: 10, p95: 20). `provisional` marks
values that may still change by themselves: the period is not over, some of its cases may still change their verdict, or its cohort is still filling up. No
change from or to such a value is judged.
"""
_ADDING = """\
## Adding a KPI

One entry in a theme of `kpi/catalog/` is all: the value, this page, `report_kpi_definitions` and the command line follow. An entry names a fact table's anchor, which facts count
(`where`) and what each contributes (`value`), as SQL over that table's columns (`storage/derived.py`). For example, the share of tickets that customers
opened by telephone:

```python
Metric(
    id="phone_share",
    title="Tickets by telephone",
    unit="%",
    direction="neutral",
    anchor=CREATED,
    shape=Shape.RATIO,
    definition="Share of created tickets that came by telephone.",
    formula="100 × by telephone ÷ created",
    where="is_countable = 1 AND is_outbound = 0",
    value="CASE WHEN channel = 'phone' THEN 1 ELSE 0 END",
    scale=100,
    has_interval=True,
)
```

After an upgrade that adds or changes an entry, the next sync computes what depends on it.
"""


def page(catalog: Sequence[Metric]) -> str:
    """The whole page as Markdown."""
    known = worded([*catalog, *JUDGED], Meaning())
    parts = [_INTRO, *_overview(known), *(part for metric in known for part in _entry(metric)), _ADDING]
    return "\n".join(parts)


def _overview(catalog: Sequence[Metric]) -> Iterator[str]:
    heads = ("KPI", "unit", "better", *VENDORS)
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for metric in catalog:
        available = (metric.available(vendor) for vendor in VENDORS)
        cells = (f"[{metric.id}](#{metric.id})", metric.unit, metric.direction, *available)
        yield f"| {' | '.join(cells)} |"
    yield ""


def _entry(metric: Metric) -> Iterator[str]:
    yield f"## {metric.id}\n"
    yield f"**{metric.title}.** {metric.definition}\n"
    yield f"- formula: {metric.formula}"
    yield f"- dated by: {metric.anchor.name.replace('_', ' ')}"
    statistics = "mean, p50, p90, p95" if metric.shape == "distribution" else "value"
    yield f"- statistics: {statistics}"
    if metric.waits_for:
        yield f"- waits for: {metric.waits_for}"
    if metric.aliases:
        yield f"- also known as: {', '.join(metric.aliases)}"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page(CATALOG))
