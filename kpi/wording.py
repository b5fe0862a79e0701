"""What `kpi.toml` chooses, in the words of the definitions: an entry says `{reopen}`, readers read `30 days`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kpi.meaning import DAY_SECONDS, Meaning, ResponseTarget
from kpi.metric import Metric
from kpi.ratings import SCALES
from kpi.shapes import Signs

_UNITS = ((DAY_SECONDS, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def worded(catalog: Sequence[Metric], meaning: Meaning) -> tuple[Metric, ...]:
    """The entries with the texts that hold under this meaning."""
    words = _words(meaning)
    return tuple(
        replace(metric, definition=_filled(metric.definition, words), formula=_filled(metric.formula, words))
        for metric in catalog
    )


def _filled(text: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return text


def _words(meaning: Meaning) -> Mapping[str, str]:
    return {
        "first_contact": lasting(meaning.fcr_window_seconds),
        "reopen": lasting(meaning.reopen_window_seconds),
        "survey_wave": lasting(meaning.survey_wave_seconds),
        "bot": lasting(meaning.bot_window_seconds),
        "short_abandon": lasting(meaning.short_abandon_seconds),
        "targets": "; ".join(_target(target) for target in meaning.response_targets),
        "satisfied": ", ".join(_satisfied(meaning)),
        "complaint": _marked(meaning.complaint),
        "escalation": _marked(meaning.escalation),
        "schedule": "the whole span under the schedule at its end"
        if meaning.is_last_schedule
        else "each stretch under the schedule in force then",
    }


def lasting(seconds: int) -> str:
    """A duration in the largest unit of which it is a whole number."""
    size, unit = next(
        (size, unit) for size, unit in _UNITS if (seconds % size == 0 and seconds >= size) or size == 1
    )
    return f"{seconds // size} {unit}{'' if seconds == size else 's'}"


def _target(target: ResponseTarget) -> str:
    about = [*sorted(target.channels), *sorted(target.priorities)]
    return f"{', '.join(about) or 'any other'} {lasting(target.seconds)}"


def _satisfied(meaning: Meaning) -> Sequence[str]:
    chosen = {name: scale.satisfied_from for name, scale in SCALES.items()}
    chosen.update({name: threshold.satisfied_from for name, threshold in meaning.satisfied.items()})
    return [f"{name} from {least:g}" for name, least in chosen.items()]


def _marked(signs: Signs) -> str:
    named = (
        ("groups", signs.groups),
        ("tags", signs.tags),
        ("types", signs.types),
        ("categories", signs.categories),
    )
    return (
        "; ".join(f"{kind} {', '.join(sorted(which))}" for kind, which in named if which)
        or "nothing is chosen"
    )
