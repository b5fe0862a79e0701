"""The contract itself: a right connector passes it whole, and each broken promise fails its own test."""

import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from page_blocks import files, module
from pydantic import ValidationError

from connectors.testkit import HttpConnectorContract
from connectors.testkit.contract import _KNOWN
from connectors.testkit.http import TROUBLES

SOURCE = files()["acme_desk/__init__.py"]
DESK = files()["tests/test_acme_desk.py"]


@pytest.fixture(autouse=True)
def forget_modules() -> Iterator[None]:
    yield
    sys.modules.pop("acme_desk", None)
    sys.modules.pop("test_acme_desk", None)


def contract(*changes: tuple[str, str], desk: tuple[str, str] = ("", "")) -> HttpConnectorContract:
    """The page's own contract over its connector, with parts of the connector or the desk replaced."""
    source = SOURCE
    for old, new in changes:
        assert source.count(old) >= 1, f"the page no longer holds {old!r}"
        source = source.replace(old, new)
    module("acme_desk", source)
    assert desk[0] in DESK
    _KNOWN.clear()  # each of these connectors is another
    made = module("test_acme_desk", DESK.replace(*desk) if desk[0] else DESK)
    tested = made.TestAcmeDesk()
    assert isinstance(tested, HttpConnectorContract)
    return tested


def promises() -> list[str]:
    return [name for name, _ in inspect.getmembers(HttpConnectorContract) if name.startswith("test_")]


def keep(tested: HttpConnectorContract, promise: str) -> None:
    """Run one of the contract's tests, with the first of its parameters where it has some."""
    test: Callable[..., None] = getattr(tested, promise)
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    test(**{mark.args[0]: next(iter(mark.args[1])) for mark in marks})


@pytest.mark.parametrize("promise", promises())
def test_a_right_connector_keeps_every_promise(promise: str) -> None:
    keep(contract(), promise)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_right_connector_gets_through_every_trouble(trouble: str) -> None:
    contract().test_trouble_is_told_in_four_kinds_and_loses_nothing(trouble)


STREAM = 'Stream("tickets", self.tickets, retry=lambda row: [ticket(convert_row(row, TicketRow))])'
GET = 'answer = await self.client.get("/api/tickets", params={"position": position}, read=READ)'
GIVE = 'cursor={"position": position},'
REJECT = "rejected=[set_aside(row, reason) for row, reason in page.malformed],"
CHECK = 'raise Misconfigured("Acme Desk answers as nobody: check API_KEY")'
CLIENT = "self.client = ApiClient("
SEEN = "seen.note(position)"
PAGES = "async def tickets(self, cursor: Cursor | None) -> AsyncIterator[Page]:"

LINGERING = """
            except BaseException:
                await __import__('asyncio').sleep(1.5)
                raise"""
QUOTING = """    api_key: SecretStr
    def __init__(self, **given):
        try:
            super().__init__(**given)
        except ValueError as error:
            error.add_note(str(given))
            raise
"""
STRAYING = """
            other = __import__('httpx').AsyncClient(transport=self.transport)
            await other.get('https://elsewhere.example')"""

BROKEN: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "two streams of one name": (
        "test_streams_have_distinct_names",
        ((STREAM, f"{STREAM}, {STREAM}"),),
    ),
    "records that were never validated": (
        "test_records_are_valid",
        (("return TicketRecord(", "return TicketRecord.model_construct("), ("status=row.status", "status=5")),
    ),
    "ids that are numbers": (
        "test_ids_are_text",
        (("return TicketRecord(", "return TicketRecord.model_construct("), ("id=str(row.id)", "id=row.id")),
    ),
    "instants without a zone": (
        "test_instants_are_aware_and_in_utc",
        (
            ("return TicketRecord(", "return TicketRecord.model_construct("),
            ("created_at=row.created_at", "created_at=row.created_at.replace(tzinfo=None)"),
        ),
    ),
    "a cursor that is no JSON": (
        "test_every_cursor_is_json_and_survives_it",
        ((GIVE, 'cursor={"position": position, "at": self.clock()},'),),
    ),
    "no cursor at all": (
        "test_every_cursor_is_json_and_survives_it",
        ((GIVE, ""),),
    ),
    "the same cursor after every page": (
        "test_no_cursor_comes_twice_in_one_walk",
        ((GIVE, 'cursor={"position": "0"},'),),
    ),
    "a cursor that is a page ahead": (
        "test_a_walk_cut_after_any_page_gives_the_same_records",
        ((GIVE, 'cursor={"position": str(int(position) + 1)},'),),
    ),
    "versions that do not tell two states apart": (
        "test_a_replayed_page_changes_nothing",
        (
            ("version=int(row.updated_at.timestamp() * 1_000_000)", "version=1"),
            ("id=str(row.id)", "id=str(row.id % 3)"),
        ),
    ),
    "ids that are made up anew": (
        "test_a_second_pull_gives_the_same_records",
        (("id=str(row.id)", "id=__import__('uuid').uuid4().hex"),),
    ),
    "a cursor that moves though nothing happened": (
        "test_an_idle_pull_keeps_the_cursor",
        ((GIVE, 'cursor={"position": position, "begun": (cursor or {}).get("begun", 0) + 1},'),),
    ),
    "an idle pull that reads everything again": (
        "test_an_idle_pull_asks_at_most_once_a_stream",
        (('(cursor or {}).get("position")', "None"),),
    ),
    "requests that are not counted": (
        "test_requests_are_counted_and_go_through_the_transport",
        (("return self.client.requests", "return 0"),),
    ),
    "pages followed without an end": (
        "test_a_vendor_that_repeats_itself_is_no_endless_loop",
        ((SEEN, "pass"),),
    ),
    "an unreadable row that is dropped": (
        "test_an_unreadable_row_is_set_aside_with_a_reason_and_the_rest_goes_on",
        ((REJECT, ""),),
    ),
    "an unreadable row that takes its page along": (
        "test_an_unreadable_row_is_set_aside_with_a_reason_and_the_rest_goes_on",
        (("[ticket(row) for row in page.rows]", "[ticket(row) for row in page.rows if not page.malformed]"),),
    ),
    "an unreadable row that ends the walk": (
        "test_an_unreadable_row_is_set_aside_with_a_reason_and_the_rest_goes_on",
        ((REJECT, "rejected=[1 / 0 for _ in page.malformed],"),),
    ),
    "a rejection without a reason": (
        "test_an_unreadable_row_is_set_aside_with_a_reason_and_the_rest_goes_on",
        (("kept, reason)", "kept, '')"),),
    ),
    "a retry that breaks": (
        "test_an_unreadable_row_is_set_aside_with_a_reason_and_the_rest_goes_on",
        (("[ticket(convert_row(row, TicketRow))]", "[ticket(row)]"),),
    ),
    "check that takes every key": (
        "test_check_explains_wrong_settings_to_an_admin",
        (('answer = await self.client.get("/api/me")', 'return Checked("whoever")'),),
    ),
    "check that only sighs": (
        "test_check_explains_wrong_settings_to_an_admin",
        (
            (
                'answer = await self.client.get("/api/me")',
                "raise Misconfigured('no')",
            ),
        ),
    ),
    "check that names streams which are none": (
        "test_check_tells_whose_the_account_is",
        (('streams={"tickets": None}', 'streams={"calls": None}'),),
    ),
    "a key that is no secret": (
        "test_no_secret_is_shown",
        ((CLIENT, f"self.key = settings.api_key.get_secret_value()\n        {CLIENT}"),),
    ),
    "a key in the log": (
        "test_what_is_sent_as_credentials_is_shown_nowhere",
        ((SEEN, f"__import__('logging').debug(self.settings.api_key.get_secret_value()); {SEEN}"),),
    ),
    "settings that quote what they were given": (
        "test_a_setting_that_is_refused_shows_no_secret",
        (("    api_key: SecretStr\n", QUOTING),),
    ),
    "an error of its own": (
        "test_trouble_is_told_in_four_kinds_and_loses_nothing",
        ((SEEN, SEEN + "\n            if position: raise KeyError(position)"),),
    ),
    "an impatient sleep": (
        "test_retry_after_is_obeyed",
        (("sleep=self.sleep", "sleep=lambda _seconds: __import__('asyncio').sleep(0)"),),
    ),
    "a wait that is swallowed": (
        "test_a_wait_that_is_too_long_for_a_run_is_handed_on",
        ((GET, GET.join(("try:\n                ", "\n            except Exception: return"))),),
    ),
    "a wait that cannot be cancelled": (
        "test_cancelling_ends_a_long_wait_at_once",
        ((GET, GET.join(("try:\n                ", LINGERING))),),
    ),
    "another host that is asked": (
        "test_nothing_is_asked_of_another_host",
        ((GET, GET + STRAYING),),
    ),
    "connections that stay open": (
        "test_closing_releases_the_connections",
        (("await self.client.aclose()", "return"),),
    ),
}  # fmt: skip


THEIR_OWN: dict[str, type[Exception]] = {
    "records that were never validated": ValidationError,
    "a cursor that is no JSON": TypeError,
    "an unreadable row that ends the walk": ZeroDivisionError,
    "a retry that breaks": AttributeError,
    "an error of its own": KeyError,
}
"""What comes through as it was raised, so that its author sees where."""


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_promise_fails_its_test(fault: str) -> None:
    promise, changes = BROKEN[fault]
    tested = contract(*changes)

    with pytest.raises(THEIR_OWN.get(fault, (AssertionError, pytest.fail.Exception))):
        keep(tested, promise)


def test_every_promise_has_a_connector_that_breaks_it() -> None:
    """But for those that ask the author for enough to look at, or hold what no connector can break alone."""
    spared = {
        "test_there_is_enough_to_prove_something",
        "test_a_stopped_pull_leaves_the_connector_usable",
        "test_closing_twice_is_no_error",
    }

    assert set(promises()) - {promise for promise, _ in BROKEN.values()} == spared


def test_too_little_to_prove_anything_is_said() -> None:
    tested = contract(desk=("range(7)", "range(2)"))

    with pytest.raises(AssertionError):
        tested.test_there_is_enough_to_prove_something()


def test_trouble_that_is_taken_for_the_end_is_found() -> None:
    """A connector that reads `{}` as an empty page would skip what it could not see."""
    lenient: list[tuple[str, Any]] = [
        ("    position: str\n    more: bool", "    position: str = '99'\n    more: bool = False"),
        ('READ = Rows(Envelope, "tickets", TicketRow)', _LENIENT),
    ]

    with pytest.raises(AssertionError):
        contract(*lenient).test_trouble_is_told_in_four_kinds_and_loses_nothing("an object of nothing")


_LENIENT = """
def READ(body):
    try:
        return Rows(Envelope, "tickets", TicketRow)(body)
    except ValueError:
        from connectors import Listed
        return Listed(Envelope(), [], [])
"""
