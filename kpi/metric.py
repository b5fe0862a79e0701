"""What a KPI is: an entry of data that the generic aggregation reads.

An entry names a fact table, the local day that dates a fact, which facts count and what each
contributes. Conditions and values are SQL over that table's columns, so an entry says all there is
to say about its KPI.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

EXACT, DERIVED, APPROXIMATED, UNAVAILABLE = "exact", "derived", "approximated", "unavailable"
VENDORS = ("zendesk", "freshdesk", "hubspot", "files")


class Shape(StrEnum):
    """How facts become a value: counted, divided, or described by mean and percentiles."""

    COUNT = "count"
    RATIO = "ratio"
    DISTRIBUTION = "distribution"


@dataclass(frozen=True, slots=True)
class Anchor:
    """By what a fact is dated, and whose it is at that instant."""

    name: str
    table: str
    day: str
    agent: str
    group: str


CREATED = Anchor("created", "ticket_facts", "created_day", "agent_id", "group_id")
REPLIED = Anchor("replied", "ticket_facts", "replied_day", "replied_agent_id", "replied_group_id")
FIRST_SOLVED = Anchor(
    "first_solved", "ticket_facts", "first_solved_day", "first_solved_agent_id", "first_solved_group_id"
)
SOLVED = Anchor("solved", "ticket_facts", "solved_day", "solved_agent_id", "solved_group_id")
RATED = Anchor("rated", "rating_facts", "rated_day", "agent_id", "group_id")
DAY_END = Anchor("day_end", "backlog_spans", "from_day", "agent_id", "group_id")

ANCHORS = (CREATED, REPLIED, FIRST_SOLVED, SOLVED, RATED, DAY_END)


@dataclass(frozen=True, slots=True)
class Metric:
    """One KPI.

    `where` says which facts count, `value` what each contributes: a ratio divides the sum of values by
    the number of facts, a distribution describes the values. A fact whose value is null does not count.
    `matures_at` names the instant from which a verdict stands; younger
    facts are left out and make the value provisional.
    """

    id: str
    title: str
    unit: str
    direction: str
    """`higher` or `lower` is better, or `neutral`."""
    anchor: Anchor
    shape: Shape
    definition: str
    formula: str
    where: str
    value: str = "1"
    scale: int = 1
    availability: Mapping[str, str] = field(default_factory=dict)
    approximated: int = 0
    """The facts' bits (`Approximated`) that make a value of this KPI approximated."""
    matures_at: str | None = None
    vendor_figure: str | None = None
    """The vendor's own figure of the same, as SQL over `tickets` (t), where one may exist."""
    vendor_differs: str = ""
    """Why it may be another one."""
    has_interval: bool = False
    """Whether a Wilson interval belongs to it: shares of independent facts."""

    def available(self, vendor: str | None) -> str:
        """How well a vendor's data support this KPI; of an unknown connector, derived."""
        return self.availability.get(vendor or "", DERIVED)
