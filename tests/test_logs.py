import base64
import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import logs


@pytest.fixture
def written() -> Iterator[Callable[[str], StringIO]]:
    """Configures logging in a form and gives what is written; puts everything back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def begin(form: str) -> StringIO:
        stream = StringIO()
        logs.configure(form, stream)
        return stream

    yield begin
    root.handlers[:] = handlers
    root.setLevel(level)


def test_an_event_is_one_json_line(written: Callable[[str], StringIO]) -> None:
    stream = written("json")
    logs.event("run_ended", "sync done", account="acme", rows_read=3)
    [line] = stream.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    assert found.pop("ts").endswith("+00:00")
    assert found == {
        "level": "info",
        "event": "run_ended",
        "message": "sync done",
        "account": "acme",
        "rows_read": 3,
    }


def test_an_event_is_one_readable_line(written: Callable[[str], StringIO]) -> None:
    stream = written("console")
    logs.event("notice", "waiting 60 s\nfor the limit\x1b[31m", level=logging.WARNING, account="acme")
    [line] = stream.getvalue().splitlines()
    assert line.endswith("warning: acme: waiting 60 s\\x0afor the limit\\x1b[31m")


def test_other_libraries_are_quiet_about_addresses(written: Callable[[str], StringIO]) -> None:
    stream = written("json")
    logging.getLogger("httpx").info("GET https://acme.example.com/?token=1")
    logging.getLogger("httpcore.http11").debug("headers")
    logging.getLogger("apscheduler.executors.default").info("job ran")
    assert stream.getvalue() == ""


@given(st.text(min_size=6, max_size=40), st.text(max_size=10), st.text(max_size=10))
def test_a_secret_inside_any_base64_text_is_hidden(secret: str, before: str, after: str) -> None:
    known = set(logs._FORMS)
    try:
        logs.keep_secret([secret])
        whole = base64.b64encode((before + secret + after).encode()).decode()
        assert "***" in logs.hide(whole)
    finally:
        logs._FORMS.intersection_update(known)


def test_the_longest_secret_is_hidden_first_so_that_no_tail_is_left() -> None:
    known = set(logs._FORMS)
    try:
        logs.keep_secret(["abcdef", "abcdefghij"])
        assert logs.hide("x abcdefghij y") == "x *** y"
    finally:
        logs._FORMS.intersection_update(known)
