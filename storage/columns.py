"""How values stand in the tables: instants as microseconds, structures as canonical JSON text."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Dialect

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ENCODER = msgspec.json.Encoder(order="sorted")


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970; a naive instant is refused, because nobody knows when it was."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (instant - EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


def canonical_json(value: Any) -> str:
    """The same text for the same value, whatever the order of its keys."""
    return _ENCODER.encode(value).decode()


def loose_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


class UTCDateTime(sa.types.TypeDecorator[datetime]):
    """An instant, stored as 64-bit microseconds since 1970 on every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else instant(value)


class Json(sa.types.TypeDecorator[Any]):
    """A structure as canonical JSON text on every database."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value)


class LooseJson(sa.types.TypeDecorator[Any]):
    """A structure from outside as ASCII JSON text: half emojis, NULs and huge numbers survive in it."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else loose_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


_TYPES: Sequence[tuple[type, type[sa.types.TypeEngine[Any]]]] = (
    (bool, sa.Boolean),
    (datetime, UTCDateTime),
    (date, sa.Date),
    (str, sa.Text),
    (int, sa.BigInteger),
    (float, sa.Double),
    (list, Json),
    (dict, Json),
)


def plain_type(annotation: Any) -> tuple[type, bool]:
    """A field's own type and whether it may be null: `Instant | None` → `(datetime, True)`."""
    nullable = False
    if get_origin(annotation) in (Union, UnionType):
        [annotation] = [part for part in get_args(annotation) if part is not type(None)]
        nullable = True
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    found: type = get_origin(annotation) or annotation
    return found, nullable


def column_type(annotation: Any) -> type[sa.types.TypeEngine[Any]]:
    """How a field's values stand in a table; words of an enum as their text."""
    found, _ = plain_type(annotation)
    return next(column for known, column in _TYPES if issubclass(found, known))
