"""Records that are built instead of validated are the same records."""

from datetime import UTC, datetime

import pytest

from storage.records import RECORDS, EventKind, Record, TicketEventRecord, TicketRecord

AT = datetime(2026, 11, 2, tzinfo=UTC)


def test_a_built_record_equals_a_validated_one() -> None:
    values = {"id": "1", "ticket_id": "7", "at": AT, "event": EventKind.STATUS, "value": "open"}

    built, validated = TicketEventRecord.built(values), TicketEventRecord.model_validate(values)

    assert built == validated
    assert built.__dict__ == validated.__dict__
    assert built.model_fields_set == validated.model_fields_set
    assert built.model_dump() == validated.model_dump()


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.kind)
def test_a_built_record_has_its_defaults(kind: type[Record]) -> None:
    required = {name: "x" for name, field in kind.model_fields.items() if field.is_required()}

    built = kind.built(dict(required))

    for name, field in kind.model_fields.items():
        expected = required.get(name, field.get_default(call_default_factory=True))
        assert getattr(built, name) == expected


def test_built_records_share_no_list() -> None:
    first, second = (TicketRecord.built({"id": "1", "created_at": AT}) for _ in range(2))

    first.tags.append("vip")

    assert second.tags == TicketRecord.built({"id": "1", "created_at": AT}).tags == []


def test_a_name_that_is_no_field_is_refused() -> None:
    with pytest.raises(ValueError, match="TicketRecord has no colour"):
        TicketRecord.built({"id": "1", "created_at": AT, "colour": "red"})


@pytest.mark.parametrize(
    "values", [{"id": "1"}, {"id": "1", "created_at": None}, {"id": "1", "colour": "red"}]
)
def test_a_missing_value_is_refused(values: dict[str, str | None]) -> None:
    with pytest.raises(ValueError, match="created_at is missing"):
        TicketRecord.built(values)
