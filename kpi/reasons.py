"""Why a fact does not count, why a value is approximated, why a vendor's own figure differs: in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from kpi.calendar import LocalDays, day_id
from kpi.metric import APPROXIMATED, Metric
from kpi.shapes import Approximated

Row = Mapping[str, Any]

CONDITIONS: Mapping[str, str] = {
    "is_countable = 1": "deleted, spam, merged away or a test",
    "is_outbound = 0": "opened by the staff, not by a customer",
    "is_imported = 0": "imported: its times are not the helpdesk's",
    "is_counted = 1": "no definite answer, or a later one of the same survey counts",
    "satisfied IS NOT NULL": "its answer is none that the scale allows",
    "reopened_in_window IS NOT NULL": "never solved",
    "one_touch IS NOT NULL": "its replies are not known",
}
"""What it means that a condition of the catalogue is not met."""

_NOT_DATED = {
    "replied": "no public human reply yet",
    "first_solved": "not solved yet",
    "solved": "not solved now",
    "rated": "not answered yet",
}

_INFERRED: Mapping[Approximated, str] = {
    Approximated.FIRST_RESPONSE: "the vendor rounds its first responses",
    Approximated.FIRST_RESOLUTION: "the first solve is taken from the vendor's summary",
    Approximated.FULL_RESOLUTION: "the last solve is taken from the vendor's summary",
    Approximated.WAITS: "times in statuses are known from the vendor's summary or from looks at each sync",
    Approximated.REOPENS: "reopenings between two syncs may not have been seen",
    Approximated.AGENT_CHANGES: "changes of agent between two syncs may not have been seen",
    Approximated.GROUP_CHANGES: "changes of group between two syncs may not have been seen",
    Approximated.REPLIES: "replies are not known one by one",
    Approximated.CUSTOMER_MESSAGES: "customers' messages are not known one by one",
    Approximated.ASSIGNMENT: "the first assignment was seen at a sync, not told",
    Approximated.BACKLOG: "statuses are not known from the creation on",
    Approximated.CONTACTS: "messages are not known one by one",
    Approximated.ACTORS: "whoever has it today stands for whoever had it then",
    Approximated.HOURS: "their business hours are those of the groups that were seen at each sync",
    Approximated.WORKDAYS: "their days are those with a reply or a solve, for no working hours are known",
    Approximated.ESCALATION: "changes of group between two syncs may not have been seen",
}


def conditions(where: str) -> Iterator[str]:
    """The parts of a condition that must all be met."""
    depth, part = 0, ""
    for word in where.split(" "):
        depth += word.count("(") - word.count(")")
        if word == "AND" and not depth:
            yield part
            part = ""
        else:
            part = f"{part} {word}".strip()
    yield part


def left_out(metric: Metric, failed: str | None, fact: Row, now: int, days: LocalDays) -> str:
    """Why a fact does not count; `failed` is the first condition that it does not meet."""
    if failed == "is_countable = 1":
        return _not_countable(fact, days)
    if failed is not None:
        return CONDITIONS.get(failed, f"it does not meet {failed}")
    if fact["day"] is None:
        return _NOT_DATED.get(metric.anchor.name, "nothing dates it")
    if fact["matures_at"] is not None and fact["matures_at"] > now:
        return f"its verdict stands only from {day_id(days.day(fact['matures_at']))} on"
    return _without_value(metric, fact)


def _not_countable(fact: Row, days: LocalDays) -> str:
    if fact["merged_into"] is not None:
        return f"merged into {fact['merged_into']}"
    for flag, sentence in _FLAGS.items():
        if fact[flag]:
            return sentence
    if fact["deleted_at"] is not None:
        return f"deleted on {day_id(days.day(fact['deleted_at']))}"
    return CONDITIONS["is_countable = 1"]


_FLAGS = {
    "is_merged": "merged into another ticket",
    "is_spam": "marked as spam",
    "is_test": "marked as a test",
}


_NOT_CHOSEN = {"is_escalated": "[escalation]", "is_complaint": "[complaint]"}


def _without_value(metric: Metric, fact: Row) -> str:
    if metric.value in _NOT_CHOSEN:
        return f"{_NOT_CHOSEN[metric.value]} in kpi.toml does not say what marks one"
    if "negative_duration" in (fact["flags"] or ""):
        return "its times run backwards: an import, or a clock that was wrong"
    if "business" in metric.id:
        return "its account has no business hours"
    return "what it is measured by is not known"


def approximated(metric: Metric, vendors: Mapping[str, str], bits: Mapping[int, int]) -> list[str]:
    """Why a value is not exact: `bits` are the counted facts' approximations, and how many have each."""
    said = [
        f"{account}: {vendor} tells too little for an exact value"
        for account, vendor in sorted(vendors.items())
        if metric.available(vendor) == APPROXIMATED
    ]
    for figure, sentence in _INFERRED.items():
        count = sum(number for found, number in bits.items() if found & figure)
        if figure & metric.approximated and count:
            said.append(f"{count} of {sum(bits.values())} tickets: {sentence}")
    return said


def _other_hours(metric: Metric, unit: int) -> str:
    if unit != 60:
        return "the vendor counts by business hours of its own"
    counted = "each stay in a status" if metric.approximated & Approximated.WAITS else "the whole span"
    return f"the vendor counts {counted} under the schedule at its end, we each stretch under its own"


def differs(metric: Metric, ours: float | None, theirs: float, fact: Row) -> str:
    """Why the vendor's own figure is another one."""
    if ours is None:
        return "the vendor counts this ticket, we leave it out"
    unit = fact["vendor_resolution_unit_seconds"] or 1
    if metric.unit == "s" and abs(ours - theirs) < unit:
        return "the vendor gives whole minutes" if unit == 60 else f"the vendor rounds to {unit} seconds"
    if metric.unit == "s" and "business" in metric.id:
        return _other_hours(metric, unit)
    if fact["history"] != "complete" and int(fact["approximations"]) & int(metric.approximated):
        return "our figure rests on what was seen at each sync, the vendor's on all that happened"
    return metric.vendor_differs or "we go by the events, the vendor by its own summary"
