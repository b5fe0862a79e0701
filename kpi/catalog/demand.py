"""How much comes in, how much goes out, and what is left."""

from kpi.catalog.populations import COUNTABLE, availability_by
from kpi.metric import APPROXIMATED, CREATED, DAY_END, DERIVED, EXACT, SOLVED, Metric, Shape
from kpi.shapes import Approximated

DEMAND: tuple[Metric, ...] = (
    Metric(
        id="ticket_volume",
        title="Tickets created",
        unit="tickets",
        direction="neutral",
        anchor=CREATED,
        shape=Shape.COUNT,
        definition="Countable tickets by the day they were created. Deleted, spam, merged and test tickets leave all periods, past ones too.",
        formula="number of tickets created",
        where=COUNTABLE,
        availability=availability_by(EXACT, EXACT, EXACT),
    ),
    Metric(
        id="tickets_solved",
        title="Tickets solved",
        unit="tickets",
        direction="higher",
        anchor=SOLVED,
        shape=Shape.COUNT,
        definition="Tickets that are solved or closed now, by the day of their last solve, credited to whoever they were with at that moment.",
        formula="number of tickets by last solve",
        where=COUNTABLE,
        availability=availability_by(EXACT, EXACT, EXACT),
    ),
    Metric(
        id="backlog",
        title="Unsolved tickets",
        unit="tickets",
        direction="lower",
        anchor=DAY_END,
        shape=Shape.COUNT,
        definition="Countable tickets that were new, open, pending or on hold just before local midnight; today is now. Weeks and months take their last day: a stock is never summed.",
        formula="number of unsolved tickets at the end of the day",
        where=COUNTABLE,
        availability=availability_by(DERIVED, APPROXIMATED, DERIVED),
        approximated=Approximated.BACKLOG,
    ),
)
