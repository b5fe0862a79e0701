"""`kpi.toml`: what numbers mean in this organisation, read once and checked whole.

file → Chosen (meaning, goals, benchmarks), or BadSettings with every problem at once
"""

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from kpi.catalog import CATALOG
from kpi.goals import BENCHMARKS, Benchmark, Goal
from kpi.meaning import Meaning
from kpi.ratings import SCALES
from sync.kpi_file_parts import BenchmarkPart, GoalPart, KpiFile
from sync.settings import BadSettings, Problem, suggest

USUAL = "kpi.toml"


@dataclass(frozen=True, slots=True)
class Chosen:
    """All that the file says; what it leaves out is as usual."""

    meaning: Meaning = field(default_factory=Meaning)
    goals: Sequence[Goal] = ()
    benchmarks: Sequence[Benchmark] = BENCHMARKS


def read(named: str | None, accounts: Collection[str], folder: Path | None = None) -> Chosen:
    """What the named file says, or `kpi.toml` where none is named and it exists; else what is usual."""
    path = (folder or Path()) / (named or USUAL)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if named is None:
            return Chosen()
        raise BadSettings(
            [Problem("DESKPULSE_KPI_FILE", "there is no such file: name one that exists", named)]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings([Problem(str(path), f"cannot be read as UTF-8 text: {error}")]) from None
    return parse(text, str(path), accounts)


def parse(text: str, name: str, accounts: Collection[str]) -> Chosen:
    try:
        found = KpiFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadSettings([Problem(name, f"is not TOML: {error}")]) from None
    except ValidationError as error:
        raise BadSettings([_problem(name, one) for one in error.errors(include_url=False)]) from None
    if problems := [*_unknown_names(found, name, accounts), *_misplaced(found, name)]:
        raise BadSettings(problems)
    benchmarks = found.benchmarks
    return Chosen(
        meaning=found.meaning(),
        goals=tuple(goal.goal() for goal in found.goals),
        benchmarks=BENCHMARKS if benchmarks is None else tuple(one.benchmark() for one in benchmarks),
    )


def _problem(name: str, error: Any) -> Problem:
    place = error["loc"]
    about, siblings = _field(KpiFile, place)
    kind, shown = error["type"], error["input"]
    value = str(shown) if isinstance(shown, (str, int, float)) else None
    if kind == "extra_forbidden":
        return Problem(_at(name, place), f"is not known here{suggest(str(place[-1]), siblings)}")
    if kind == "missing":
        return Problem(_at(name, place), f"is missing: write {about.description if about else 'it'}")
    if kind == "value_error":
        return Problem(_at(name, place), error["msg"].removeprefix("Value error, "), value)
    if about is not None and about.description:
        return Problem(_at(name, place), f"write {about.description}", value)
    return Problem(_at(name, place), error["msg"], value)


def _at(name: str, place: Sequence[str | int]) -> str:
    """`kpi.toml: goals[2].due`: the second of them."""
    path = ""
    for part in place:
        if isinstance(part, int):
            path += f"[{part + 1}]"
        elif part != "[key]":
            quoted = part if part.replace("_", "").isalnum() else f'"{part}"'
            path += f".{quoted}" if path else quoted
    return f"{name}: {path}" if path else name


def _field(model: type[BaseModel], place: Sequence[str | int]) -> tuple[FieldInfo | None, list[str]]:
    """The field that a place names, and the names there are beside it."""
    here: type[BaseModel] | None = model
    about: FieldInfo | None = None
    siblings: list[str] = []
    for part in place:
        if here is None or not isinstance(part, str):
            continue
        siblings = list(here.model_fields)
        if part not in here.model_fields and _is_keyed(about):
            continue  # a name of the admin's own, such as a scale
        about = here.model_fields.get(part)
        here = next(_models(about.annotation), None) if about else None
    return about, siblings


def _is_keyed(about: FieldInfo | None) -> bool:
    return about is not None and "dict" in str(about.annotation)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


# What only the whole can tell ---------------------------------------------------------------------


def _unknown_names(found: KpiFile, name: str, accounts: Collection[str]) -> Iterator[Problem]:
    for place, account in found.named_accounts():
        if account not in accounts:
            known = f"configured: {', '.join(sorted(accounts)) or 'none'}"
            yield Problem(_at(name, place), f"is no configured account ({known})", account)
    for scale in found.satisfied:
        if scale not in SCALES:
            yield Problem(_at(name, ("satisfied", scale)), f"is no scale: choose from {', '.join(SCALES)}")


def _misplaced(found: KpiFile, name: str) -> Iterator[Problem]:
    for scale, threshold in found.satisfied.items():
        if known := SCALES.get(scale):
            lowest, highest = known.lowest, known.highest
            if not lowest <= threshold.dissatisfied_until < threshold.satisfied_from <= highest:
                yield Problem(
                    _at(name, ("satisfied", scale)),
                    f"write dissatisfied_until below satisfied_from, both within {lowest:g} to {highest:g}",
                )
    units: Mapping[str, str] = {metric.id: metric.unit for metric in CATALOG}
    judged: list[tuple[str, int, GoalPart | BenchmarkPart]] = [
        *(("goals", number, goal) for number, goal in enumerate(found.goals)),
        *(("benchmarks", number, one) for number, one in enumerate(found.benchmarks or ())),
    ]
    for what, number, one in judged:
        for at, remedy, value in one.problems(units.get(one.kpi)):
            yield Problem(_at(name, (what, number, at)), remedy, value)
