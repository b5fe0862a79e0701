"""One cut emoji, one NUL or one malformed row costs that string or that row, never the page."""

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import Rows, Undecodable, convert_row, decode
from connectors.decode import WrongShape, storable


class Ticket(msgspec.Struct):
    id: int
    subject: str | None = None
    tags: list[str] = []


class Envelope(msgspec.Struct):
    after_cursor: str | None = None


class Empty(msgspec.Struct):
    pass


tickets = Rows(Envelope, "tickets", Ticket)

any_text = st.text(st.characters(codec=None, categories=None), max_size=8)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)


def by_hand(value: Any) -> Any:
    """The slow way to the same end: halves of emojis joined or replaced, NULs removed."""
    if isinstance(value, str):
        joined = value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return "".join("\ufffd" if 0xD800 <= ord(char) < 0xE000 else char for char in joined if char != "\0")
    if isinstance(value, list):
        return [by_hand(item) for item in value]
    if isinstance(value, dict):
        return {by_hand(key): by_hand(item) for key, item in value.items()}
    return value


@given(any_json)
def test_whatever_json_a_vendor_sends_becomes_storable_and_changes_nowhere_else(value: Any) -> None:
    body = json.dumps(value).encode()

    found = decode(body, object)

    assert found == by_hand(json.loads(body))
    assert b"\\u0000" not in msgspec.json.encode(found)


@given(any_json)
def test_what_is_storable_already_is_left_as_it_is(value: Any) -> None:
    body = msgspec.json.encode(by_hand(value))

    assert storable(body) == (body, 0)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (rb"cut \ud83d", "cut \ufffd"),
        (rb"\ude00 cut", "\ufffd cut"),
        (rb"whole \ud83d\ude00", "whole \U0001f600"),
        (rb"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (rb"\uD83D\n", "\ufffd\n"),
        (rb"a\u0000b", "ab"),
        (rb"a\\u0000b", r"a\u0000b"),
        (rb"a\\\u0000b", "a\\b"),
        (rb"a\\ud83d \ud83d", "a\\ud83d \ufffd"),
        (b"latin \xe9", "latin \ufffd"),
        (b"raw \x00 nul", "raw  nul"),
        (b"encoded half \xed\xa0\xbd", "encoded half \ufffd\ufffd\ufffd"),
    ],
)
def test_half_an_emoji_and_a_nul_are_repaired_and_counted(sent: bytes, kept: str) -> None:
    body = b'{"tickets": [{"id": 1, "subject": "' + sent + b'"}, {"id": 2, "subject": "fine"}]}'

    page = tickets(body)

    assert [row.subject for row in page.rows] == [kept, "fine"]
    assert page.malformed == []
    assert page.repaired == (0 if kept in (r"a\u0000b", "whole \U0001f600") else 1)


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert decode(b'\xef\xbb\xbf{"id": 5}', Ticket).id == 5


def test_a_malformed_row_is_given_back_with_the_reason() -> None:
    page = tickets(
        b'{"after_cursor": "x", "tickets": [{"id": 1}, {"id": "two", "subject": "b"}, 7, {"id": 3, "new": {}}]}'
    )

    assert [row.id for row in page.rows] == [1, 3]
    assert [row for row, _ in page.malformed] == [{"id": "two", "subject": "b"}, 7]
    assert [reason for _, reason in page.malformed] == [
        "Expected `int`, got `str` - at `$.id`",
        "Expected `object`, got `int`",
    ]
    assert page.envelope.after_cursor == "x"


@pytest.mark.parametrize(
    "row", [b'{"id": 1, "x": ' + b"1" * 5000 + b"}", b'{"id": 1' + b"1" * 5000 + b"}", b'{"id": 1e999}']
)
def test_a_number_beyond_reason_costs_its_row_at_most(row: bytes) -> None:
    page = tickets(b'{"tickets": [{"id": 1}, ' + row + b', {"id": 3}]}')

    assert len(page.rows) + len(page.malformed) == 3
    assert {1, 3} <= {ticket.id for ticket in page.rows}


def test_a_malformed_row_that_no_decoder_reads_is_kept_as_text() -> None:
    page = tickets(b'{"tickets": [{"id": "x", "n": 1' + b"0" * 5000 + b"}]}")

    assert [row["text"][:10] for row, _ in page.malformed] == ['{"id": "x"']


def test_a_list_without_an_envelope_is_read_as_rows() -> None:
    page = Rows(Empty, None, Ticket)(b'[{"id": 1}, {"id": null}]')

    assert [row.id for row in page.rows] == [1]
    assert len(page.malformed) == 1
    assert isinstance(page.envelope, Empty)


@pytest.mark.parametrize(
    "body", [b"", b"<html>busy</html>", b'{"tickets": [{"id": 1}', b'{"a": NaN}', b'{"a": Infinity}', b"\x1f\x8b\x08"]
)  # fmt: skip
def test_what_is_no_json_is_undecodable(body: bytes) -> None:
    with pytest.raises(Undecodable) as caught:
        tickets(body)
    assert not isinstance(caught.value, WrongShape)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'"text"',
        b"{}",
        b'{"tickets": null}',
        b'{"tickets": {"id": 1}}',
        b'{"tickets": [], "after_cursor": 5}',
        b"[" * 200_000,
        b'{"tickets": ' + b"[" * 200_000,
    ],
)
def test_json_of_another_shape_is_told_apart(body: bytes) -> None:
    with pytest.raises(WrongShape):
        tickets(body)


def test_a_row_that_was_set_aside_can_be_read_again() -> None:
    assert convert_row({"id": 5, "subject": None, "more": 1}, Ticket) == Ticket(5)
    with pytest.raises(ValueError, match="Expected `int`"):
        convert_row({"id": "five"}, Ticket)


def test_a_page_of_a_thousand_tickets_is_read_in_milliseconds() -> None:
    """3.4 ms on two shared cores; the bound is loose and catches a fall to the slow path only."""
    row = {"id": 1, "subject": "Broken", "description": "x" * 900, "fields": [{"id": n} for n in range(10)]}
    body = json.dumps({"tickets": [row] * 1000}).encode()

    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert len(tickets(body).rows) == 1000
        took.append(time.perf_counter() - began)

    assert min(took) < 0.025
