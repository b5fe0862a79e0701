"""What HubSpot's headers and refusals mean, and how its requests are made."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from fake_vendor import Script, Time, reply
from pydantic import ValidationError

from connectors import Failure, Misconfigured, RateLimited, Unavailable, Unsupported
from connectors.hubspot import HubSpotConnector, HubSpotSettings, paths, refusals
from connectors.hubspot.api import Kind
from connectors.sandbox import Desk, HubSpot, Sandbox
from connectors.sandbox.hubspot.account import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN

T = TypeVar("T")
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
TICKETS = Kind("tickets", ("subject",), ("hs_pipeline_stage",), ("contacts",))
SEARCH = "/crm/objects/2026-09/tickets/search"


def settings(**own: Any) -> HubSpotSettings:
    return HubSpotSettings(**{"since": NOW, "events_since": NOW, "access_token": "pat-x", **own})


def asked(
    work: Callable[[HubSpotConnector], Awaitable[T]], *steps: Any, **own: Any
) -> tuple[T, Script, Time]:
    """The outcome of one piece of work against scripted answers."""
    script, time = Script(*steps), Time(NOW)

    async def run() -> T:
        connector = HubSpotConnector(
            settings(**own), clock=time.clock, sleep=time.sleep, transport=script, notify=lambda _said: None
        )
        try:
            return await work(connector)
        finally:
            await connector.aclose()

    return asyncio.run(run()), script, time


def listed(connector: HubSpotConnector) -> Awaitable[Any]:
    return connector.api.listed(TICKETS, None)


def page(*ids: str, after: Any = None, **more: Any) -> dict[str, Any]:
    paging = (
        {} if after is None else {"paging": {"next": {"after": after, "link": "https://elsewhere.example/x"}}}
    )
    return {"results": [{"id": each, "properties": {}} for each in ids], **paging, **more}


def limit(status: int = 429, **body: Any) -> httpx.Response:
    return reply(status, {"status": "error", **body})


# -- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "give ACCESS_TOKEN"),
        ({"access_token": "  "}, "give ACCESS_TOKEN"),
        ({"client_id": "x", "client_secret": "y"}, "give all three"),
        ({"access_token": "pat", "client_id": "x", "client_secret": "y", "refresh_token": "z"}, "not both"),
    ],
)
def test_one_way_to_sign_in_is_asked_for_in_words(given: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        HubSpotSettings(since=NOW, events_since=NOW, **given)  # type: ignore[arg-type] # as pydantic takes them


def test_a_pasted_token_loses_its_newline_and_is_never_shown() -> None:
    found = settings(access_token="pat-na1-CANARY\n")

    assert found.access_token is not None
    assert found.access_token.get_secret_value() == "pat-na1-CANARY"
    assert "CANARY" not in repr(found)


def test_one_constant_dates_every_path() -> None:
    source = Path(paths.__file__).parent
    dated = [path.name for path in source.glob("*.py") if paths.VERSION in path.read_text()]

    assert dated == ["paths.py"]
    assert Path(paths.__file__).read_text().count(paths.VERSION) == 1


def test_the_end_of_the_api_version_is_told_in_time() -> None:
    told: list[str] = []
    late = datetime(2028, 1, 2, tzinfo=UTC)
    HubSpotConnector(settings(), clock=lambda: late, notify=told.append)
    HubSpotConnector(settings(), clock=lambda: NOW, notify=told.append)

    assert len(told) == 1
    assert "2028-03-08" in told[0]


# -- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "waited"),
    [
        (limit(message="You have reached your secondly limit.", category="RATE_LIMITS"), 1),
        (limit(500, message="You have reached your secondly limit.", category="RATE_LIMITS"), 1),
        (limit(message="x", policyName="SECONDLY", errorType="RATE_LIMIT"), 1),
        (
            limit(
                message="You have reached your ten_secondly_rolling limit.", policyName="TEN_SECONDLY_ROLLING"
            ),
            10,
        ),
        (limit(message="something new"), 10),
        (limit(423, message="locked"), 2),
    ],
)
def test_a_limit_is_waited_for_as_long_as_its_name_says(answer: httpx.Response, waited: float) -> None:
    _, _, time = asked(listed, answer, reply(200, page("1")))

    assert waited <= sum(time.slept) <= waited * 1.6 + 2


def test_a_retry_after_is_obeyed_where_there_is_one() -> None:
    answer = reply(429, {"message": "You have reached your secondly limit."}, retry_after="7")
    _, _, time = asked(listed, answer, reply(200, page("1")))

    assert 7 <= sum(time.slept) < 9


def test_a_spent_day_ends_the_run_until_the_account_s_midnight() -> None:
    daily = limit(message="You have reached your daily limit.", policyName="DAILY", errorType="RATE_LIMIT")

    async def work(connector: HubSpotConnector) -> float:
        await connector.api.account()
        with pytest.raises(RateLimited) as caught:
            await listed(connector)
        return caught.value.retry_after_seconds

    wait, _, time = asked(work, reply(200, {"portalId": 1, "timeZone": "US/Eastern"}), daily)

    assert wait == 17 * 3600  # 7:00 in New York
    assert time.slept == []


def test_a_spent_day_of_an_unknown_zone_is_asked_again_in_an_hour() -> None:
    with pytest.raises(RateLimited) as caught:
        asked(listed, limit(message="You have reached your daily limit.", policyName="DAILY"))

    assert caught.value.retry_after_seconds == 3600


def test_the_last_tenth_of_the_day_is_left_to_others() -> None:
    low = {"X_HubSpot_RateLimit_Daily": "1000", "X_HubSpot_RateLimit_Daily_Remaining": "99"}

    async def work(connector: HubSpotConnector) -> float:
        await listed(connector)
        with pytest.raises(RateLimited, match="stays for other tools") as caught:
            await listed(connector)
        return caught.value.retry_after_seconds

    account = {"portalId": 1, "timeZone": "Europe/Berlin"}
    wait, script, _ = asked(work, reply(200, page("1"), **low), reply(200, account, **low))

    assert wait == 11 * 3600
    assert len(script.requests) == 2


def test_budgets_are_learnt_from_headers_and_oauth_has_no_day() -> None:
    oauth = {
        "x-hubspot-ratelimit-max": "110",
        "x-hubspot-ratelimit-remaining": "106",
        "x-hubspot-ratelimit-interval-milliseconds": "10000",
    }

    assert [(seen.bucket, seen.total, seen.remaining) for seen in refusals.observe(oauth)] == [
        ("burst", 110, 106)
    ]
    assert refusals.day_left(oauth) is None
    assert refusals.observe({"content-type": "application/json"}) == []  # a search


def test_midnight_is_the_account_s_own_also_when_the_clocks_change() -> None:
    berlin = refusals.ZoneInfo("Europe/Berlin")

    assert refusals.until_midnight_seconds(datetime(2026, 10, 24, 22, 30, tzinfo=UTC), berlin) == 24.5 * 3600


# -- refusals -----------------------------------------------------------------------------------


def test_a_missing_scope_is_named() -> None:
    body = {
        "message": "required",
        "category": "MISSING_SCOPES",
        "context": {"requiredGranularScopes": ["tickets"]},
    }

    with pytest.raises(Unsupported, match="needs the scope tickets: add it"):
        asked(listed, reply(403, body))


def test_scopes_are_found_in_the_details_of_an_error_too() -> None:
    body = {"errors": [{"context": {"missingScopes": ["conversations.read"]}}]}
    failure = Failure(403, "/x", "no", body, {})

    assert "conversations.read" in str(refusals.classify(failure))


def test_every_field_of_an_error_is_optional() -> None:
    with pytest.raises(Unsupported, match="infer object type"):
        asked(listed, reply(400, {"message": "Unable to infer object type from: butterflies"}))
    with pytest.raises(Unsupported):
        asked(listed, reply(404, "<html><title>404</title></html>"))


def test_a_token_that_cannot_be_read_at_all_is_the_admin_s_to_correct() -> None:
    with pytest.raises(Misconfigured, match="copy ACCESS_TOKEN again"):
        asked(listed, reply(530, "error code: 1016"))

    async def work(connector: HubSpotConnector) -> None:
        await listed(connector)
        with pytest.raises(Unavailable):
            await listed(connector)

    asked(work, reply(200, page("1")), reply(530, "origin is down"))


def test_a_moving_account_is_left_alone_for_as_long_as_hubspot_says() -> None:
    with pytest.raises(RateLimited, match="moving") as caught:
        asked(listed, reply(477, {"message": "migrating"}, retry_after="86400"))

    assert caught.value.retry_after_seconds == 86_400


def test_another_data_centre_is_turned_to_once() -> None:
    wrong = reply(488, {"message": "This portal is hosted in hublet eu1"})
    found, script, _ = asked(listed, wrong, reply(200, page("7")))

    assert [row["id"] for row in found.rows] == ["7"]
    assert [request.url.host for request in script.requests] == ["api.hubapi.com", "api-eu1.hubapi.com"]
    with pytest.raises(Misconfigured, match="another data centre"):
        asked(listed, wrong, wrong)


@pytest.mark.parametrize("said", ["hosted elsewhere", "hublet evil.example", "hublet eu1.evil.example/x"])
def test_credentials_go_to_no_host_but_hubspot_s_own(said: str) -> None:
    script: Script | None = None
    try:
        _, script, _ = asked(listed, reply(488, {"message": said}), reply(200, page("7")))
    except Misconfigured:
        return
    assert {request.url.host for request in script.requests} <= {"api.hubapi.com", "api-eu1.hubapi.com"}


def test_an_address_of_one_s_own_is_never_left() -> None:
    with pytest.raises(Misconfigured, match="BASE_URL"):
        asked(listed, reply(488, {"message": "hublet eu1"}), base_url="https://proxy.example")


# -- requests -----------------------------------------------------------------------------------


def test_every_page_of_a_list_asks_for_everything_again_and_no_link_is_followed() -> None:
    async def work(connector: HubSpotConnector) -> None:
        first = await connector.api.listed(TICKETS, None, history=True)
        await connector.api.listed(TICKETS, first.after, history=True)

    _, script, _ = asked(work, reply(200, page("1", after="394")), reply(200, page("2")))
    first, second = (dict(request.url.params) for request in script.requests)

    assert second == {**first, "after": "394"}
    assert first["limit"] == "50"
    assert second["propertiesWithHistory"] == "hs_pipeline_stage"


@pytest.mark.parametrize("after", ["200", 200])
def test_a_search_s_next_page_may_be_a_number_or_a_text(after: Any) -> None:
    async def work(connector: HubSpotConnector) -> Any:
        return await connector.api.search(TICKETS, {})

    (hits, _), _, _ = asked(work, reply(200, page(after=after, total=300)))

    assert (hits.after, hits.total, list(hits.rows)) == (200, 300, [])


def test_histories_are_asked_for_fifty_at_a_time_and_no_id_twice() -> None:
    ids = [str(number) for number in range(120)] * 2

    async def work(connector: HubSpotConnector) -> Any:
        return await connector.api.histories(TICKETS, ids)

    _, script, _ = asked(work, reply(200, page()))
    batches = [json.loads(request.content)["inputs"] for request in script.requests]

    assert [len(batch) for batch in batches] == [50, 50, 20]


def test_no_association_is_told_as_an_error_and_is_none() -> None:
    none = {"category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"}
    body = {
        "results": [{"from": {"id": "1"}, "to": [{"toObjectId": 33}, {"toObjectId": "34"}]}],
        "errors": [none],
    }

    async def work(connector: HubSpotConnector) -> Any:
        return await connector.api.associated("tickets", "contacts", ["1", "2"])

    found, script, _ = asked(work, reply(207, body))

    assert found == {"1": ["33", "34"]}
    assert len(script.requests) == 1


def test_a_record_with_many_associations_is_asked_again_for_the_rest() -> None:
    more = {"results": [{"from": {"id": "1"}, "to": [{"toObjectId": 1}], "paging": {"next": {"after": "x"}}}]}
    rest = {"results": [{"from": {"id": "1"}, "to": [{"toObjectId": 2}]}]}

    async def work(connector: HubSpotConnector) -> Any:
        return await connector.api.associated("tickets", "contacts", ["1"])

    found, script, _ = asked(work, reply(200, more), reply(200, rest))

    assert found == {"1": ["1", "2"]}
    assert json.loads(script.requests[1].content)["inputs"] == [{"id": "1", "after": "x"}]


def test_addresses_stay_far_below_the_length_that_is_refused() -> None:
    desk = Desk(seed=1, tickets=120, days=20, now=NOW)
    longest: list[int] = []
    with Sandbox(desk, HubSpot(desk)) as sandbox:
        sandbox.on_request(lambda request: longest.append(len(request.target)))

        async def walk() -> None:
            connector = HubSpotConnector(
                HubSpotSettings(**sandbox.settings, since=NOW, events_since=NOW),
                clock=desk.clock,
                sleep=desk.clock.sleep,
            )
            for stream in connector.streams():
                async for _page in stream.pull(None):
                    pass
            await connector.aclose()

        asyncio.run(walk())
    assert max(longest) < 4_000


# -- OAuth --------------------------------------------------------------------------------------


def test_an_access_token_is_renewed_before_it_ends_and_once_when_it_is_refused() -> None:
    desk = Desk(seed=1, tickets=20, days=20, now=NOW)
    dialect = HubSpot(desk)
    own = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN}
    with Sandbox(desk, dialect) as sandbox:

        async def work() -> None:
            connector = HubSpotConnector(
                HubSpotSettings(base_url=sandbox.url, since=NOW, events_since=NOW, **own),
                clock=desk.clock,
                sleep=desk.clock.sleep,
            )
            await connector.api.pipelines()
            desk.clock.advance(1_745)
            await connector.api.pipelines()
            dialect.account.revoke_grants()
            await connector.api.pipelines()
            await connector.aclose()

        asyncio.run(work())
        counted = sandbox.counters()
    assert counted["token"] == {"200": 3}
    assert counted["pipelines"] == {"200": 3, "401": 1}


def test_a_wrong_client_is_the_admin_s_to_correct() -> None:
    own = {"access_token": None, "client_id": "x", "client_secret": "y", "refresh_token": "z"}

    with pytest.raises(Misconfigured, match="refused the OAuth client"):
        asked(listed, reply(400, {"message": "missing or unknown refresh token"}), **own)


def test_check_tells_the_account_and_which_streams_its_scopes_open() -> None:
    desk = Desk(seed=1, tickets=20, days=20, now=NOW)
    with Sandbox(desk, HubSpot(desk, without={"calls": 403, "companies": 403})) as sandbox:

        async def work() -> Any:
            connector = HubSpotConnector(
                HubSpotSettings(**sandbox.settings, since=NOW, events_since=NOW), clock=desk.clock
            )
            checked = await connector.check()
            await connector.aclose()
            return checked

        checked = asyncio.run(work())
        assert len(sandbox.requests) == 7
    assert "account 1" in checked.identity
    assert "Europe/Berlin" in checked.identity
    assert {name for name, why in checked.streams.items() if why} == {"calls", "organisations"}
    assert "crm.objects.companies.read" in (checked.streams["organisations"] or "")


def test_an_account_whose_details_are_closed_is_checked_all_the_same() -> None:
    desk = Desk(seed=1, tickets=20, days=20, now=NOW)
    with Sandbox(desk, HubSpot(desk, without={"account": 403})) as sandbox:

        async def work() -> Any:
            connector = HubSpotConnector(
                HubSpotSettings(**sandbox.settings, since=NOW, events_since=NOW), clock=desk.clock
            )
            checked = await connector.check()
            await connector.aclose()
            return checked

        checked = asyncio.run(work())
    assert "details are closed" in checked.identity
    assert not any(checked.streams.values())
