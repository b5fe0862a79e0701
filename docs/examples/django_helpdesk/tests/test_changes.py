"""What happens between two syncs, and during one, through the real program's own API."""

import asyncio
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

from desk import STAFF, TICKETS
from deskpulse_django_helpdesk import DjangoHelpdeskConnector, DjangoHelpdeskSettings

from connectors import Cursor, EventKind, Page, Record, Status, TicketEventRecord, TicketRecord

SIGNED_IN = "Basic " + b64encode(":".join(STAFF).encode()).decode()


class Desk:
    """A member of the staff at work."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, method: str, path: str, **body: Any) -> Any:
        headers = {"Authorization": SIGNED_IN, "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body else None
        with urlopen(Request(f"{self.address}/api/{path}", data, headers, method=method)) as answer:
            return json.loads(answer.read() or b"null")

    def open(self, title: str) -> int:
        given = {
            "queue": 1,
            "title": title,
            "description": "Please",
            "priority": 3,
            "submitter_email": "a@b.example",
        }
        number: int = self.ask("POST", "tickets/", **given)["id"]
        return number

    def reply(self, number: int, status: int | None = None) -> None:
        given = {"ticket": number, "comment": "So.", "public": True, "new_status": status, "user": 1}
        self.ask("POST", "followups/", **given)

    def delete(self, number: int) -> None:
        self.ask("DELETE", f"tickets/{number}/")


A_YEAR_AGO = datetime.now(UTC) - timedelta(days=365)


def pull(
    address: str,
    cursor: Cursor | None = None,
    *,
    page_size: int = 10,
    since: datetime = A_YEAR_AGO,
    between: Any = None,
) -> list[Page]:
    """One sync; `between` happens after its first page."""
    given = {"base_url": address, "username": STAFF[0], "password": STAFF[1], "page_size": page_size}
    settings = DjangoHelpdeskSettings(since=since, events_since=since, **given)

    async def walk() -> list[Page]:
        connector, pages = DjangoHelpdeskConnector(settings), []
        async for page in connector.streams()[0].pull(cursor):
            pages.append(page)
            if between and len(pages) == 1:
                await asyncio.to_thread(between)
        await connector.aclose()
        return pages

    return asyncio.run(walk())


def end(pages: list[Page]) -> Cursor:
    read: Cursor = json.loads(json.dumps(pages[-1].cursor))
    return read


def tickets(pages: list[Page]) -> dict[str, TicketRecord]:
    records: list[Record] = [record for page in pages for record in page.records]
    return {record.id: record for record in records if isinstance(record, TicketRecord)}


def test_the_first_sync_reads_every_ticket_with_its_history(address: str) -> None:
    pages = pull(address)

    assert len(tickets(pages)) >= TICKETS
    reopened = tickets(pages)["5"]
    assert (reopened.status, reopened.vendor_reopens, reopened.vendor_replies) == (Status.CLOSED, 1, 3)
    assert reopened.first_response_at == reopened.created_at + timedelta(minutes=40)
    assert reopened.first_solved_at == reopened.created_at + timedelta(minutes=90)
    assert reopened.closed_at == reopened.created_at + timedelta(minutes=400)
    events = [each for page in pages for each in page.records if isinstance(each, TicketEventRecord)]
    history = [each.value for each in events if each.ticket_id == "5" and each.event is EventKind.STATUS]
    assert history == ["solved", "open", "closed"]


def test_what_rests_since_before_the_first_day_asked_for_is_left_out(address: str) -> None:
    everything = tickets(pull(address))
    since = sorted(each.created_at for each in everything.values())[TICKETS // 2]

    read = tickets(pull(address, since=since))

    assert set(read) == {number for number, each in everything.items() if (each.updated_at or since) >= since}
    assert 0 < len(read) < len(everything)


def test_a_later_sync_reads_what_was_touched_and_nothing_else(address: str) -> None:
    desk, before = Desk(address), end(pull(address))
    opened = desk.open("A new one")
    desk.reply(3, status=3)

    after = pull(address, before)

    assert set(tickets(after)) == {"3", str(opened)}
    assert tickets(after)["3"].status is Status.SOLVED
    assert tickets(pull(address, end(after))) == {}


def test_more_news_than_a_page_holds_is_read_to_its_beginning(address: str) -> None:
    desk, before = Desk(address), end(pull(address))
    for number in range(6, 14):
        desk.reply(number)

    after = pull(address, before, page_size=3)

    assert {str(number) for number in range(6, 14)} <= set(tickets(after))
    assert len(after) >= 3
    cut = next(page.cursor for page in after if page.cursor)
    rest = pull(address, json.loads(json.dumps(cut)), page_size=3)
    assert set(tickets(after[:1])) | set(tickets(rest)) == set(tickets(after))


def test_a_ticket_deleted_while_pages_are_read_hides_no_other(address: str) -> None:
    desk = Desk(address)
    numbers = set(tickets(pull(address)))

    read = set(tickets(pull(address, between=lambda: desk.delete(1))))

    assert numbers - read <= {"1"}


def test_a_ticket_opened_and_deleted_between_two_syncs_is_passed_over(address: str) -> None:
    desk, before = Desk(address), end(pull(address))
    kept, gone = desk.open("Stays"), desk.open("Goes")
    desk.delete(gone)
    desk.delete(2)

    read = set(tickets(pull(address, before)))

    assert str(kept) in read
    assert not {str(gone), "2"} & read
