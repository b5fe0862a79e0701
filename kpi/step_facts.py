"""The first step of a refresh: touches become facts, and the days whose facts changed are noted."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa

from kpi import writing
from kpi.loading import Batch, FactsWork
from kpi.publishing import is_all_building
from kpi.replacing_others import replace_any, rewrite_any
from kpi.reporting import Reporting
from kpi.selecting import Keys, Part, rows_of
from kpi.sharing import in_order, processors
from kpi.standalone import KINDS, Changes, StandalonePart
from kpi.stored import ChangesWork
from kpi.sweeping import PART, Place, StepWork, steps
from storage.database import reading
from storage.tables import touches
from storage.touches import Touch, forget_touches, read_touches

_SWEEP, _VERSION, _ANSWERS = "sweep", "facts", "answers"
_WIDE = ("person", "schedule", "group")
"""Touches that are spread to the tickets which rest on them."""
WORTH_SHARING = 20_000
"""Tickets from which on starting processes pays."""


class FactsStep:
    """Keeps facts in step with the records."""

    def __init__(
        self, engine: sa.Engine, reporting: Reporting, today: int, progress: Callable[[int, int], None]
    ) -> None:
        self.engine, self.reporting, self.today, self.progress = engine, reporting, today, progress
        self.tickets = 0

    def is_stale(self, connection: sa.Connection) -> bool:
        """Whether all facts were computed in another zone, with another meaning, or by another version."""
        return writing.get_state(connection, _VERSION) != self.reporting.facts_version()

    def has_stale_answers(self, connection: sa.Connection) -> bool:
        """Whether survey answers were read with other thresholds."""
        return writing.get_state(connection, _ANSWERS) != self.reporting.answers_version()

    def read_answers_again(self, connection: sa.Connection) -> None:
        """Touch every survey answer, through its ticket where it has one."""
        touch_all(connection, "ratings WHERE ticket_id IS NOT NULL", (), "ticket_id")
        touch_all(connection, "ratings WHERE ticket_id IS NULL", (), kind="rating")
        writing.set_state(connection, _ANSWERS, self.reporting.answers_version())

    def is_waiting(self, connection: sa.Connection) -> bool:
        """Whether something was touched, or a sweep was cut."""
        return writing.get_state(connection, _SWEEP) is not None or bool(read_touches(connection, 1))

    def start_over(self, connection: sa.Connection) -> None:
        """A sweep will see all that was touched until now, so these touches are forgotten with its start."""
        _wait_for_writers(connection)
        connection.execute(sa.delete(touches))
        writing.set_state(connection, _SWEEP, Place().text())
        writing.set_state(connection, _VERSION, self.reporting.facts_version())
        writing.set_state(connection, _ANSWERS, self.reporting.answers_version())

    def run(self) -> None:
        with reading(self.engine) as connection:
            place = writing.get_state(connection, _SWEEP)
            waiting: int = connection.exec_driver_sql("SELECT count(*) FROM touches").scalar_one()
        if place is not None:
            self._sweep(Place.of(place))
        if waiting:
            self._follow_touches(waiting)

    # All -----------------------------------------------------------------------------------------

    def _sweep(self, start: Place) -> None:
        """All facts, part by part; where it is cut, it goes on. Touched days are worth noting for cells only
        that are not computed anew afterwards.
        """
        with reading(self.engine) as connection:
            ahead = list(steps(connection, start))
            is_noted = not is_all_building(connection, self.reporting.catalog)
        total = len(ahead) * PART
        whole_parts = sum(step.then.after != "" for step in ahead)
        processes = processors() if whole_parts * PART >= WORTH_SHARING else 1
        work = StepWork(self._work())
        for done, (step, batch) in enumerate(in_order(self.engine, work, ahead, processes), start=1):
            with self.engine.begin() as connection:
                if is_noted:
                    self._replace(connection, step.part, batch)
                else:
                    rewrite_any(connection, step.part, batch)
                writing.set_state(connection, _SWEEP, step.then.text())
            self._count(batch)
            self.progress(done * PART, total)
        with self.engine.begin() as connection:
            writing.drop_state(connection, _SWEEP)

    # What was touched ----------------------------------------------------------------------------

    def _follow_touches(self, waiting: int) -> None:
        work = self._work()
        with self.engine.begin() as connection:
            wide = [touch for kind in _WIDE for touch in read_touches(connection, 1_000_000, kind)]
            self._spread(connection, wide)
        done = 0
        while True:
            with self.engine.begin() as connection:
                read = read_touches(connection, PART)
                if not read:
                    return
                if wide := [touch for touch in read if touch.kind in _WIDE]:
                    self._spread(connection, wide)
                    work.forget_contexts()
                    continue
                for part in self._parts(connection, read):
                    batch = work(connection, part)
                    self._replace(connection, part, batch)
                    self._count(batch)
                for other in _other_parts(read):
                    self._replace(connection, other, work.standalone(connection, other))
                forget_touches(connection, read)
            done += len(read)
            self.progress(min(done, waiting), waiting)

    def _work(self) -> ChangesWork:
        return ChangesWork(FactsWork(self.reporting.zone, self.reporting.meaning))

    def _count(self, found: Batch | Changes) -> None:
        self.tickets += found.computed if isinstance(found, Batch) else 0

    def _replace(
        self, connection: sa.Connection, part: Part | StandalonePart, found: Batch | Changes
    ) -> None:
        for cause, days in replace_any(connection, part, found, self.today).items():
            for anchor, of_anchor in days.items():
                writing.touch_periods(connection, anchor, of_anchor, cause)

    def _spread(self, connection: sa.Connection, wide: Sequence[Touch]) -> None:
        """A person who changed sides, or a changed schedule, touches the tickets that rest on it."""
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        for touch in wide:
            if touch.kind == "person":
                about = (touch.account, touch.entity_id)
                acted = f"ticket_events WHERE account = {mark} AND actor_id = {mark}"
                touch_all(connection, acted, about, "ticket_id")
                touch_all(connection, f"tickets WHERE account = {mark} AND submitter_id = {mark}", about)
                answered = f"ratings WHERE account = {mark} AND respondent_id = {mark} AND ticket_id IS"
                touch_all(connection, f"{answered} NOT NULL", about, "ticket_id")
                touch_all(connection, f"{answered} NULL", about, kind="rating")
        for account in sorted({touch.account for touch in wide if touch.kind != "person"}):
            touch_all(connection, f"tickets WHERE account = {mark}", (account,))
        forget_touches(connection, wide)

    def _parts(self, connection: sa.Connection, read: Iterable[Touch]) -> list[Part]:
        """What is touched, by account: an answered call is a contact of its ticket, a rating may have one."""
        named: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for touch in read:
            named[touch.account][touch.kind].append(touch.entity_id)
        parts = []
        for account, by_kind in sorted(named.items()):
            tickets, ratings = set(by_kind["ticket"]), set(by_kind["rating"])
            for row in rows_of(connection, "calls", ("ticket_id",), account, "id", Keys(by_kind["call"])):
                tickets.add(row[0])
            for row in rows_of(
                connection, "ratings", ("id", "ticket_id"), account, "id", Keys(by_kind["rating"])
            ):
                if row[1] is not None:
                    ratings.discard(row[0])
                    tickets.add(row[1])
            parts.append(Part(account, Keys(sorted(tickets - {None})), Keys(sorted(ratings))))
        return parts


def _other_parts(read: Iterable[Touch]) -> list[StandalonePart]:
    """What is touched of other things than tickets."""
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    for touch in read:
        if touch.kind in KINDS:
            named[touch.account, touch.kind].append(touch.entity_id)
    return [StandalonePart(account, kind, Keys(ids)) for (account, kind), ids in sorted(named.items())]


def _wait_for_writers(connection: sa.Connection) -> None:
    """Two transactions that touch in different orders would wait for each other."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE touches IN SHARE ROW EXCLUSIVE MODE")


def touch_all(
    connection: sa.Connection, where: str, values: Sequence[object], column: str = "id", kind: str = "ticket"
) -> None:
    """Touch the tickets, or the ratings, that a table's rows name."""
    _wait_for_writers(connection)
    connection.exec_driver_sql(
        f"INSERT INTO touches (account, kind, entity_id) SELECT DISTINCT account, '{kind}', {column} FROM {where} "
        "ON CONFLICT (account, kind, entity_id) DO NOTHING",
        tuple(values),
    )
