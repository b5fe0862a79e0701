"""The promises of a connector that speaks HTTP: patience, discretion, and an end to everything."""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import format_datetime
from functools import cache, partial
from typing import Any, ClassVar

import httpx
import pytest

from connectors import (
    Connector,
    ConnectorError,
    Cursor,
    Misconfigured,
    RateLimited,
    Unavailable,
    Unexpected,
    Unsupported,
)
from connectors.testkit.contract import ConnectorContract, named, streams_of
from connectors.testkit.showing import everything_logged
from connectors.testkit.trouble import (
    ELSEWHERE,
    Trouble,
    Wire,
    after,
    answers,
    at_first,
    breaks,
    cut_in_half,
    longest_list,
    noting,
    points_elsewhere,
    rewritten,
    stuck,
)
from connectors.testkit.walking import Stored, Walk, walk

_HTML = b"<html><title>Sign in</title></html>"

TROUBLES: Mapping[str, Callable[[], Trouble]] = {
    **{str(status): partial(answers, status) for status in (301, 400, 401, 403, 404, 409, 422, 500, 504)},
    "429 without a time": partial(answers, 429),
    "503 with a time that is none": partial(answers, 503, retry_after="soon"),
    "an empty body": partial(answers, 200),
    "a web page": partial(answers, 200, _HTML, content_type="text/html"),
    "null": partial(answers, 200, b"null"),
    "an object of nothing": partial(answers, 200, b"{}"),
    "a sentence": partial(answers, 200, b'"try again"'),
    "an error as 200": partial(answers, 200, b'{"error": {"message": "no"}}'),
    "a cut body": cut_in_half,
    "no connection": partial(breaks, httpx.ConnectError),
    "no answer in time": partial(breaks, httpx.ReadTimeout),
    "a broken protocol": partial(breaks, httpx.RemoteProtocolError),
}


class HttpConnectorContract(ConnectorContract):
    """As `ConnectorContract`; the vendor is a sandbox at `base_url`, or what `vendor` gives."""

    idle_requests: ClassVar[Mapping[str, int]] = {}
    """Streams that must ask more than once to hear that nothing is new, and how often."""

    def vendor(self) -> httpx.AsyncBaseTransport:
        """What answers; for connectors that are tested without a server, an `httpx.MockTransport`."""
        return httpx.AsyncHTTPTransport(verify=_certificates())

    def rows(self, body: Any) -> list[Any]:
        """The list in a vendor's body that holds its rows, to spoil one; empty where there is none."""
        return longest_list(body)

    # What follows is the contract's.

    def wire(self, trouble: Trouble | None = None, *, most: int = 20_000) -> Wire:
        return Wire(self.vendor(), self.time(), trouble, most)

    def seams(self) -> dict[str, Any]:
        return over(self.wire())

    async def troubled(
        self, name: str, trouble: Trouble | None, cursor: Cursor | None = None, *, most: int = 20_000
    ) -> tuple[Walk, Wire]:
        """One stream, walked over a wire of its own."""
        wire = self.wire(trouble, most=most)
        return await self.walked(name, cursor, **over(wire)), wire

    def test_requests_are_counted_and_go_through_the_transport(self) -> None:
        async def count() -> None:
            for name in await self.known():
                wire = self.wire()
                connector = self.connect(**over(wire))
                await walk(named(connector, name))
                await connector.aclose()
                assert connector.requests == len(wire.sent) > 0, name

        asyncio.run(count())

    def test_an_idle_pull_asks_at_most_once_a_stream(self) -> None:
        async def idle() -> None:
            every = {stream.name: stream.every for stream in await self.using(streams_of)}
            for name, done in (await self.known()).items():
                if not every[name]:
                    _, wire = await self.troubled(name, None, done.stored_cursor)
                    asked = [each.target for each in wire.asked]
                    assert len(asked) <= self.idle_requests.get(name, 1), f"{name} asks {asked}"

        asyncio.run(idle())

    def test_a_vendor_that_repeats_itself_is_no_endless_loop(self) -> None:
        async def repeat() -> None:
            for name in await self.known():
                _, wire = await self.troubled(name, None)
                done, _ = await self.troubled(name, stuck(), most=3 * len(wire.sent) + 50)
                texts = [json.dumps(cursor, sort_keys=True) for cursor in done.cursors]
                is_told = isinstance(done.error, Unexpected)
                assert is_told or len(set(texts)) == len(texts), f"{name} repeats a cursor"

        asyncio.run(repeat())

    def test_an_unreadable_row_is_set_aside_with_a_reason_and_the_rest_goes_on(self) -> None:
        """The walk gives what it would give if the row were not there, and says that it was."""
        walks = asyncio.run(self._with_a_spoiled_row())

        assert any(done.rejected for done in walks.values()), (
            "a row that cannot be read is nowhere in `rejected`; `rows` may have to say where rows are"
        )
        self.check_rejected(walks)

    async def _with_a_spoiled_row(self) -> dict[str, Walk]:
        walks: dict[str, Walk] = {}
        for name, whole in (await self.known()).items():
            bodies: dict[str, Any] = {}
            await self.troubled(name, noting(bodies))
            target = next((each for each, body in bodies.items() if len(self.rows(body)) > 1), None)
            if target is None:
                continue
            spoiled, _ = await self.troubled(name, rewritten(target, self._spoil))
            without, _ = await self.troubled(name, rewritten(target, self._remove))
            assert spoiled.error is None, f"one unreadable row ends {name}: {spoiled.error!r}"
            have, need = Stored(spoiled.pages).keys, Stored(without.pages).keys
            assert not need - have, f"{name}: rows were lost with the unreadable one"
            if Stored(whole.pages).keys - have:
                assert len(spoiled.rejected) > len(whole.rejected), f"{name}: a row was dropped silently"
            walks[name] = spoiled
        return walks

    def _spoil(self, body: Any) -> None:
        rows = self.rows(body)
        middle = len(rows) // 2
        rows[middle] = {key: {"unreadable": True} for key in rows[middle]}

    def _remove(self, body: Any) -> None:
        rows = self.rows(body)
        del rows[len(rows) // 2]

    @pytest.mark.parametrize("trouble", TROUBLES)
    def test_trouble_is_told_in_four_kinds_and_loses_nothing(self, trouble: str) -> None:
        """Whatever else were raised would not be a ConnectorError, and end this test."""

        async def meet() -> None:
            for name, whole in (await self.known()).items():
                begun = min(len(whole.pages) - 1, 1)
                done, _ = await self.troubled(name, after(begun, TROUBLES[trouble]()))
                assert _is_of_the_four(done.error), f"{name}: {done.error!r}"
                if not done.pages:
                    continue  # nothing was kept, so the next pull is one from the beginning
                rest, _ = await self.troubled(name, None, done.stored_cursor)
                both = Stored([*done.pages, *rest.pages])
                assert both.contents() == Stored(whole.pages).contents(), name

        asyncio.run(meet())

    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize("written", ["17", "16.5", "a date"])
    def test_retry_after_is_obeyed(self, status: int, written: str) -> None:
        at = self.time().now + timedelta(seconds=18)
        header = format_datetime(at, usegmt=True) if written == "a date" else written

        async def wait() -> None:
            for name, whole in (await self.known()).items():
                trouble = at_first(answers(status, retry_after=header))
                wire = self.wire(trouble)
                wire.time.now = at - timedelta(seconds=18)
                done = await self.walked(name, **over(wire))
                first, second, *_ = wire.asked
                assert (second.at - first.at).total_seconds() >= 16, f"{name} asks again too early"
                assert done.error is None
                assert Stored(done.pages).keys == Stored(whole.pages).keys, name

        asyncio.run(wait())

    def test_a_wait_that_is_too_long_for_a_run_is_handed_on(self) -> None:
        async def wait() -> None:
            for name in await self.known():
                done, _ = await self.troubled(name, answers(429, retry_after="86400"))
                assert isinstance(done.error, RateLimited), f"{name}: {done.error!r}"
                assert done.error.retry_after_seconds >= 86_000

        asyncio.run(wait())

    def test_cancelling_ends_a_long_wait_at_once(self) -> None:
        async def cancel() -> None:
            for name in await self.known():
                asleep = asyncio.Event()

                async def sleep(_seconds: float, asleep: asyncio.Event = asleep) -> None:
                    asleep.set()
                    await asyncio.Event().wait()

                wire = self.wire(answers(429, retry_after="600"))
                pull = asyncio.create_task(self.walked(name, **{**over(wire), "sleep": sleep}))
                slept = asyncio.create_task(asleep.wait())
                await asyncio.wait({pull, slept}, return_when=asyncio.FIRST_COMPLETED)
                slept.cancel()
                pull.cancel()
                done, _ = await asyncio.wait({pull}, timeout=1)
                assert done, f"{name} does not stop"
                assert wire.closed, "a stopped connector must still be closable"

        asyncio.run(cancel())

    @pytest.mark.parametrize("trouble", ["links", "a redirect"])
    def test_nothing_is_asked_of_another_host(self, trouble: str) -> None:
        """Nor are credentials sent there, which would be worse."""
        redirect = answers(302, location=f"https://{ELSEWHERE}/sign-in")

        async def lead_astray() -> None:
            for name in await self.known():
                leads = redirect if trouble == "a redirect" else points_elsewhere()
                done, wire = await self.troubled(name, leads)
                assert _is_of_the_four(done.error)
                assert not wire.strayed, f"{name} asks {wire.strayed[0].request.url.host}"

        asyncio.run(lead_astray())

    def test_what_is_sent_as_credentials_is_shown_nowhere(self) -> None:
        wire = self.wire()
        with everything_logged() as log:
            connector = self.connect(**over(wire))
            asyncio.run(_every_stream(connector))
        shown = [*log, repr(connector), *(f"{name}={value!r}" for name, value in vars(connector).items())]

        sent = {each.credentials.partition(" ")[2] or each.credentials for each in wire.asked}
        assert sent
        assert not [text for text in shown for credentials in sent if credentials in text]

    def test_closing_releases_the_connections(self) -> None:
        wire = self.wire()

        async def close() -> None:
            connector = self.connect(**over(wire))
            await connector.check()
            await connector.aclose()

        asyncio.run(close())
        assert wire.closed


@cache
def _certificates() -> ssl.SSLContext:
    """Loading them takes longer than a request to a sandbox."""
    return httpx.create_ssl_context()


def over(wire: Wire) -> dict[str, Any]:
    """The seams of a connector on this wire."""
    return {"clock": wire.time.clock, "sleep": wire.time.sleep, "transport": wire}


def _is_of_the_four(error: ConnectorError | None) -> bool:
    """Or none at all: a connector may get past the trouble. Nothing between the kinds is told apart."""
    return error is None or isinstance(error, (Misconfigured, Unavailable, Unsupported, Unexpected))


async def _every_stream(connector: Connector[Any]) -> None:
    try:
        for stream in connector.streams():
            await walk(stream)
    finally:
        await connector.aclose()
