"""The promises of every connector, whatever it reads from."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

import pytest
from pydantic import SecretStr, ValidationError

from connectors import (
    Connector,
    ConnectorSettings,
    Cursor,
    Misconfigured,
    Record,
    Stream,
    Unsupported,
)
from connectors.testkit.showing import causes, everything_logged, printed
from connectors.testkit.walking import Stored, Time, Walk, places, through_json, walk
from storage.records import RECORDS

T = TypeVar("T")

_KNOWN: dict[str, dict[str, Walk]] = {}
_A_SENTENCE = 3
"""Words that an admin can act upon."""


class ConnectorContract:
    """Inherit it as `class TestAcme(ConnectorContract)` and fill in the first four names.

    What the connector reads must stand still, give at least two pages in one stream, and be the same
    for every connector that is made. A fixture may set `self.settings` where an address is only known
    at run time.
    """

    connector: ClassVar[type[Connector[Any]]]
    settings: Mapping[str, Any]
    """As an admin gives them, right ones."""
    wrong: Mapping[str, Any]
    """What to replace in `settings` for `check` to be refused: another API key, a missing folder.

    Choose secrets that are no word of anything else, for they are searched for in logs and messages.
    """
    now: datetime | None = None
    """The time at which the connector is asked; the machine's if nothing is said."""

    def spoil(self) -> None:
        """Make one row of what the connector reads unreadable, and leave the others as they are."""
        raise NotImplementedError("say how to make a row unreadable")

    # What follows is the contract's.

    def time(self) -> Time:
        return Time() if self.now is None else Time(self.now)

    def given(self, **changed: Any) -> ConnectorSettings:
        now = self.time().now
        values = {"since": now - timedelta(days=365), "events_since": now - timedelta(days=90)}
        return self.connector.Settings(**{**values, **self.settings, **changed})

    def seams(self) -> dict[str, Any]:
        """What a connector is made with besides its settings, if a test gives nothing else."""
        time = self.time()
        return {"clock": time.clock, "sleep": time.sleep}

    def connect(self, settings: ConnectorSettings | None = None, **seams: Any) -> Connector[Any]:
        return self.connector(settings or self.given(), **(seams or self.seams()))

    async def using(self, work: Callable[[Connector[Any]], Awaitable[T]], **seams: Any) -> T:
        """Work with a connector of its own, closed afterwards."""
        connector = self.connect(**seams)
        try:
            return await work(connector)
        finally:
            await connector.aclose()

    async def walked(
        self, name: str, cursor: Cursor | None = None, *, pages: int | None = None, **seams: Any
    ) -> Walk:
        """One stream alone, with a connector of its own: streams need not wait for each other."""

        async def pull(connector: Connector[Any]) -> Walk:
            stream = named(connector, name)
            return await (walk(stream, cursor) if pages is None else walk(stream, cursor, pages=pages))

        return await self.using(pull, **seams)

    async def whole(self) -> dict[str, Walk]:
        """Every stream that this account has, walked to its end."""
        walks: dict[str, Walk] = {}
        for name in [stream.name for stream in await self.using(streams_of)]:
            done = await self.walked(name)
            if isinstance(done.error, Unsupported):
                continue
            assert done.error is None, f"{name} ended with {done.error!r}"
            walks[name] = done
        return walks

    async def known(self) -> dict[str, Walk]:
        """As `whole`, walked once for all tests of these settings: what is read stands still."""
        place = f"{type(self).__module__}.{type(self).__qualname__} {self.settings!r}"
        if place not in _KNOWN:
            _KNOWN[place] = await self.whole()
        return _KNOWN[place]

    def secrets(self, settings: ConnectorSettings | None = None) -> list[str]:
        """Every secret of the settings, the wrong ones included."""
        both = [settings or self.given(), self.given(**self.wrong)]
        values = [getattr(each, name) for each in both for name in type(each).model_fields]
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]

    def test_there_is_enough_to_prove_something(self) -> None:
        """Of a single page nothing is learnt about cursors: give the stand-in more rows or smaller pages."""
        walks = asyncio.run(self.known())

        assert max(len(done.pages) for done in walks.values()) >= 2
        assert sum(len(done.records) for done in walks.values()) >= 3

    def test_streams_have_distinct_names(self) -> None:
        names = [stream.name for stream in asyncio.run(self.using(streams_of))]

        assert len(set(names)) == len(names) > 0
        assert all(name == name.strip() and name for name in names)

    def test_records_are_valid(self) -> None:
        for record in self._all_records():
            assert type(record) in RECORDS, f"{type(record).__name__} is no kind that is stored"
            again = type(record).model_validate(dict(record))
            assert again == record

    def test_ids_are_text(self) -> None:
        for record in self._all_records():
            for name, value in record:
                if name == "id" or (name.endswith("_id") and value is not None):
                    assert isinstance(value, str), f"{record.kind}.{name} is {value!r}"
                    assert value, f"{record.kind}.{name} is empty"

    def test_instants_are_aware_and_in_utc(self) -> None:
        for record in self._all_records():
            for name, value in record:
                if isinstance(value, datetime):
                    assert value.utcoffset() == timedelta(0), f"{record.kind}.{name} is {value!r}"

    def test_every_cursor_is_json_and_survives_it(self) -> None:
        for name, done in asyncio.run(self.known()).items():
            assert done.cursors, f"{name} gives no cursor: the next sync would begin at the beginning"
            for cursor in done.cursors:
                assert through_json(cursor) == dict(cursor)

    def test_no_cursor_comes_twice_in_one_walk(self) -> None:
        for name, done in asyncio.run(self.known()).items():
            texts = [json.dumps(cursor, sort_keys=True) for cursor in done.cursors]
            assert len(set(texts)) == len(texts), f"{name} repeats a cursor"

    def test_a_walk_cut_after_any_page_gives_the_same_records(self) -> None:
        async def cut() -> None:
            for name, done in (await self.known()).items():
                for count in places(len(done.pages)):
                    begun = await self.walked(name, pages=count)
                    rest = await self.walked(name, begun.stored_cursor)
                    assert rest.error is None, f"{name} cannot go on after page {count}: {rest.error!r}"
                    both = Stored([*begun.pages, *rest.pages])
                    assert both.contents() == Stored(done.pages).contents(), f"{name}, page {count}"

        asyncio.run(cut())

    def test_a_replayed_page_changes_nothing(self) -> None:
        for name, done in asyncio.run(self.known()).items():
            for page in done.pages:
                stored = Stored(done.pages)
                before = {key: stored.rows.get(key) for key in Stored([page]).keys}
                stored.put(page)
                after = {key: stored.rows.get(key) for key in before}
                assert after == before, f"{name}: give rows that differ different versions"

    def test_a_second_pull_gives_the_same_records(self) -> None:
        first, second = asyncio.run(self.known()), asyncio.run(self.whole())

        for name, done in first.items():
            assert Stored(done.pages).contents() == Stored(second[name].pages).contents(), name

    def test_an_idle_pull_keeps_the_cursor(self) -> None:
        async def idle() -> None:
            for name, done in (await self.known()).items():
                again = await self.walked(name, done.stored_cursor)
                assert again.error is None
                assert again.stored_cursor == done.stored_cursor, f"{name} moves on though nothing happened"

        asyncio.run(idle())

    def test_an_unreadable_row_is_set_aside_with_a_reason_and_the_rest_goes_on(self) -> None:
        before = asyncio.run(self.known())
        self.spoil()
        after = asyncio.run(self.whole())

        told = [rejected for done in after.values() for rejected in done.rejected]
        lost = {key for done in before.values() for key in Stored(done.pages).keys} - {
            key for done in after.values() for key in Stored(done.pages).keys
        }
        assert told, "a row that cannot be read is nowhere in `rejected`"
        assert len(lost) <= len(told), f"rows were lost with it: {sorted(map(str, lost))}"
        self.check_rejected(after)

    def check_rejected(self, walks: Mapping[str, Walk]) -> None:
        """What is set aside can be kept, explains itself, and can be offered for another reading."""
        kinds = {record.kind for record in RECORDS}
        streams = {stream.name: stream for stream in asyncio.run(self.using(streams_of))}
        for name, done in walks.items():
            for rejected in done.rejected:
                assert rejected.kind in kinds
                assert rejected.reason.strip(), "a rejected row needs a reason"
                row = json.loads(json.dumps(rejected.row, default=str))
                if (retry := streams[name].retry) is not None:
                    with suppress(ValueError):  # it still cannot be read; any other error is a fault
                        retry(row)

    def test_check_tells_whose_the_account_is(self) -> None:
        checked = asyncio.run(self.using(lambda connector: connector.check()))

        assert checked.identity.strip()
        assert set(checked.streams) <= {stream.name for stream in asyncio.run(self.using(streams_of))}
        assert not [secret for secret in self.secrets() if secret in repr(checked)]

    def test_check_explains_wrong_settings_to_an_admin(self) -> None:
        connector = self.connect(self.given(**self.wrong))

        with pytest.raises(Misconfigured) as caught:
            asyncio.run(_checked(connector))

        assert len(str(caught.value).split()) >= _A_SENTENCE, "say what to correct"

    def test_no_secret_is_shown(self) -> None:
        """Not in repr or str of settings and connector, in the log at its loudest, or in a traceback."""
        settings, wrong = self.given(), self.given(**self.wrong)
        connector, refused = self.connect(settings), self.connect(wrong)
        shown = [f"{thing!r} {thing}" for thing in (settings, wrong, connector, vars(connector))]
        with everything_logged() as log:
            asyncio.run(self.whole())
            with pytest.raises(Misconfigured) as caught:
                asyncio.run(_checked(refused))
        asyncio.run(connector.aclose())
        shown += [*log, *map(printed, causes(caught.value))]

        for secret in self.secrets(settings):
            assert not [text for text in shown if secret in text]

    def test_a_setting_that_is_refused_shows_no_secret(self) -> None:
        with pytest.raises(ValidationError) as caught:
            self.given(since="the day before")

        assert not [secret for secret in self.secrets() if secret in printed(caught.value)]

    def test_a_stopped_pull_leaves_the_connector_usable(self) -> None:
        async def stop(connector: Connector[Any]) -> None:
            for stream in connector.streams():
                await walk(stream, pages=1)
            await connector.check()

        asyncio.run(self.using(stop))

    def test_closing_twice_is_no_error(self) -> None:
        async def close(connector: Connector[Any]) -> None:
            await connector.check()
            await connector.aclose()

        asyncio.run(self.using(close))

    def _all_records(self) -> list[Record]:
        return [record for done in asyncio.run(self.known()).values() for record in done.records]


def named(connector: Connector[Any], name: str) -> Stream:
    return next(stream for stream in connector.streams() if stream.name == name)


async def streams_of(connector: Connector[Any]) -> Sequence[Stream]:
    return connector.streams()


async def _checked(connector: Connector[Any]) -> None:
    try:
        await connector.check()
    finally:
        await connector.aclose()
