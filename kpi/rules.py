"""Rules that an organisation may set: what a category is, and how an answer reads on its scale."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

EVERY = "*"
"""Stands for every account."""


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """A ticket with one of the tags, types, groups or fields' values is of this category."""

    category: str
    account: str = EVERY
    tags: AbstractSet[str] = frozenset()
    types: AbstractSet[str] = frozenset()
    groups: AbstractSet[str] = frozenset()
    fields: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    """Custom field → its values."""

    def fits(
        self, tags: Iterable[str], kind: str | None, group: str | None, fields: Mapping[str, Any]
    ) -> bool:
        return (
            kind in self.types
            or group in self.groups
            or not self.tags.isdisjoint(tags)
            or any(not values.isdisjoint(_words(fields.get(name))) for name, values in self.fields.items())
        )


def _words(value: Any) -> list[str]:
    """A custom field's value as the file writes it: `true`, `5`, each of a list's."""
    if value is None:
        return []
    if isinstance(value, list):
        return [word for one in value for word in _words(one)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


@dataclass(frozen=True, slots=True)
class Threshold:
    """Up to which answer a scale means dissatisfied, and from which on satisfied."""

    dissatisfied_until: float
    satisfied_from: float
