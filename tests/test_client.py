"""What the client promises about patience, limits, credentials and addresses."""

import asyncio
import logging
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec
import pytest
from pydantic import SecretStr

from connectors import (
    ApiClient,
    Basic,
    Bearer,
    Bucket,
    ConnectorError,
    Failure,
    Limits,
    Misconfigured,
    Observation,
    PageSize,
    Patience,
    RateLimited,
    Seen,
    Unavailable,
    Unexpected,
    Unsupported,
)
from tests.fake_vendor import BASE, TOKEN, Desk, desk, ok, reply


class Me(msgspec.Struct):
    id: int


def get(at: Desk, url: str = "/me", **options: Any) -> Any:
    return asyncio.run(at.client.get(url, **options)).body


def refusal(at: Desk, **options: Any) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        get(at, **options)
    return caught.value


# Answers


def test_an_answer_brings_body_status_headers_and_time() -> None:
    at = desk(ok({"id": 7}, x_request_id="r-1"))

    answer = asyncio.run(at.client.get("/me", read=Me))

    assert answer.body == Me(7)
    assert (answer.status, answer.headers["X-Request-Id"]) == (200, "r-1")
    assert answer.elapsed_seconds >= 0


def test_without_a_reader_the_body_is_plain_json_and_no_content_is_none() -> None:
    assert get(desk(ok([1, {"a": None}]))) == [1, {"a": None}]
    assert get(desk(reply(204, b""))) is None


def test_a_request_says_who_asks_and_what_it_can_read() -> None:
    at = desk(ok(), headers={"X-Extra": "1"})

    get(at, params={"a": 1, "none": None, "flag": True, "ids": [1, 2]})

    request = at.script.requests[0]
    assert str(request.url) == f"{BASE}/me?a=1&flag=true&ids=1&ids=2"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["accept"] == "application/json"
    assert request.headers["accept-encoding"] == "gzip, deflate"
    assert request.headers["x-extra"] == "1"


def test_a_post_carries_json_and_is_repeated_like_a_get() -> None:
    at = desk(reply(503), ok({"id": 1}))

    answer = asyncio.run(at.client.post("/search", json={"query": "é"}, read=Me))

    assert answer.body == Me(1)
    assert [request.content for request in at.script.requests] == ['{"query":"é"}'.encode()] * 2


def test_every_request_is_counted() -> None:
    at = desk(reply(500), reply(500), ok())

    get(at)

    assert at.client.requests == 3


# Patience


@pytest.mark.parametrize(
    "trouble",
    [
        *(reply(status, "<h1>Oops</h1>") for status in (500, 502, 503, 504, 520, 524, 530)),
        reply(408),
        reply(423),
        ok(b"<html>a login page</html>"),
        ok(b""),
        ok(b'{"tickets": [{"id": 1}, {"i'),
        httpx.ReadError(""),
        httpx.WriteError(""),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("peer closed connection"),
        httpx.ReadTimeout("slow"),
        httpx.ConnectTimeout("slow"),
        httpx.PoolTimeout("busy"),
        httpx.ProxyError("407 Proxy Authentication Required"),
    ],
    ids=lambda trouble: (
        type(trouble).__name__
        if isinstance(trouble, Exception)
        else f"{trouble.status_code}-{trouble.content[:8]!r}"
    ),
)
def test_what_may_pass_is_tried_again_six_times_at_most(trouble: Any) -> None:
    assert get(desk(trouble, trouble, ok())) == {"fine": True}

    at = desk(trouble)
    error = refusal(at)

    assert type(error) is Unavailable
    assert len(at.script.requests) == 6
    assert len(str(error)) > 20, "an empty message tells nobody anything"


def test_back_off_grows_with_full_jitter_and_is_capped() -> None:
    at = desk(reply(500), patience=Patience(attempts=10))
    refusal(at)
    assert at.time.slept == [1, 2, 4, 8, 16, 30, 30, 30, 30]

    at = desk(reply(500), jitter=lambda: 0.0)
    refusal(at)
    assert at.time.slept == [0] * 5


def test_ten_minutes_of_trouble_are_enough() -> None:
    at = desk(reply(500), patience=Patience(attempts=1000))

    refusal(at)

    assert sum(at.time.slept) <= 600


@pytest.mark.parametrize("status", [400, 402, 404, 405, 410, 414, 415, 422, 451])
def test_a_request_that_is_wrong_is_not_repeated(status: int) -> None:
    at = desk(reply(status, {"error": "InvalidSomething"}))

    error = refusal(at)

    assert type(error) is Unexpected
    assert "InvalidSomething" in str(error)
    assert len(at.script.requests) == 1


def test_a_conflict_is_asked_again_after_ten_seconds() -> None:
    at = desk(reply(409), ok())

    get(at)

    assert at.time.slept == [10.5]


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("30", 30, 31),
        ("2.5", 2.5, 3.5),
        ("Mon, 02 Nov 2026 08:01:00 GMT", 60, 61),
        ("900", 900, 901),
        ("0", 0, 2),
        ("-5", 0, 2),
        ("Mon, 02 Nov 2026 07:00:00 GMT", 0, 2),
    ],
)
def test_retry_after_is_obeyed_in_every_spelling(status: int, value: str, least: float, most: float) -> None:
    at = desk(reply(status, {}, retry_after=value), ok())

    get(at)

    assert least <= sum(at.time.slept) <= most


def test_a_date_in_retry_after_is_read_by_the_vendors_own_clock() -> None:
    dates = {"retry_after": "Mon, 02 Nov 2026 11:00:20 GMT", "date": "Mon, 02 Nov 2026 11:00:00 GMT"}
    at = desk(reply(429, {}, **dates), ok())

    get(at)

    assert sum(at.time.slept) == pytest.approx(20.5)


@pytest.mark.parametrize("value", ["", "soon", "nan", "inf", "99 Foo 9999", "Mon, 99 Nov 2026 11:00:20 GMT"])
def test_a_429_without_a_usable_retry_after_waits_a_minute(value: str) -> None:
    at = desk(reply(429, {}, retry_after=value), ok())

    get(at)

    assert sum(at.time.slept) == pytest.approx(60.5)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("value", ["901", "86400", "1e9"])
def test_a_wait_beyond_a_quarter_of_an_hour_ends_the_run(status: int, value: str) -> None:
    at = desk(reply(status, {"error": "later"}, retry_after=value))

    error = refusal(at)

    assert isinstance(error, RateLimited)
    assert error.retry_after_seconds == float(value)
    assert "later" in str(error)
    assert at.time.slept == []


def test_a_vendor_that_says_wait_again_and_again_is_left_in_peace() -> None:
    at = desk(reply(429, {}, retry_after="200"), patience=Patience(attempts=100))

    error = refusal(at)

    assert isinstance(error, RateLimited)
    assert sum(at.time.slept) <= 905


def test_a_long_wait_is_told() -> None:
    at = desk(reply(429, {"error": "slow down"}, retry_after="120"), ok())

    get(at)

    assert len(at.told) == 1
    assert "120 s" in at.told[0]


def test_a_wait_can_be_cancelled() -> None:
    async def scenario() -> float:
        at = desk(reply(429, {}, retry_after="600"), sleep=asyncio.sleep)
        task = asyncio.create_task(at.client.get("/me"))
        await asyncio.sleep(0.05)
        began = asyncio.get_running_loop().time()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(scenario()) < 0.5


# What the vendor means


def test_a_vendors_reading_of_a_refusal_comes_first() -> None:
    def classify(failure: Failure) -> ConnectorError | None:
        assert isinstance(failure.body, dict)
        kinds: dict[str, ConnectorError] = {
            "plan": Unsupported(f"no {failure.path} in this plan"),
            "search": RateLimited("five a second", 1.0),
            "hiccup": Unavailable("a hiccup"),
        }
        return kinds.get(failure.body["error"])

    assert type(refusal(desk(reply(403, {"error": "plan"}), classify=classify))) is Unsupported
    assert type(refusal(desk(reply(403, {"error": "other"}), classify=classify))) is Misconfigured

    limited = desk(reply(500, {"error": "search"}), ok(), classify=classify)
    get(limited)
    assert limited.time.slept == [1.5]

    hiccup = desk(reply(404, {"error": "hiccup"}), ok(), classify=classify)
    get(hiccup)
    assert hiccup.time.slept == [1.0]


@pytest.mark.parametrize(
    ("body", "quoted"),
    [
        ({"error": {"title": "Forbidden", "message": "Access is restricted."}}, "Access is restricted."),
        ({"error": "Forbidden", "description": "Missing the scopes: read"}, "Missing the scopes: read"),
        ({"error": "invalid_token", "error_description": "It is gone"}, "It is gone"),
        ({"error": "Couldn't authenticate you"}, "Couldn't authenticate you"),
        ({"errors": [{"code": "Unauthorized", "title": "No"}]}, "No"),
        ({"errors": [{"code": "Unauthorized"}]}, "Unauthorized"),
        ({"errors": ["plain words"]}, "plain words"),
        ({"detail": "Rate limited by the edge", "title": "Automated"}, "Rate limited by the edge"),
        ({"code": "access_denied", "message": "You are not authorized."}, "You are not authorized."),
        ("just text", "just text"),
        (b"<html><head><title>Attention &amp; care</title></head><body>x</body></html>", "Attention & care"),
        (b"<h1>Blocked</h1><script>alert(1)</script>", "(Blocked)"),
        (b"", "no explanation"),
        ([], "no explanation"),
        ({"error": 5, "errors": {"base": 1}, "message": ["?"]}, "no explanation"),
        ("\x1b[31mred\x07\r\nalert", "[31mred alert"),
        (b"\xff\xfe\x00", "\ufffd"),
    ],
)
def test_the_vendors_own_words_are_quoted_whatever_their_shape(body: Any, quoted: str) -> None:
    message = str(refusal(desk(reply(403, body))))

    assert quoted in message
    assert message.isprintable()


def test_a_long_refusal_is_shortened() -> None:
    message = str(refusal(desk(reply(403, {"message": "x" * 5000}))))

    assert len(message) < 400


def test_an_answer_of_another_shape_is_not_asked_for_again() -> None:
    at = desk(ok({"id": "seven"}))

    error = refusal(at, read=Me)

    assert type(error) is Unexpected
    assert "$.id" in str(error)
    assert len(at.script.requests) == 1


def test_nested_beyond_reason_is_no_answer() -> None:
    assert type(refusal(desk(ok(b"[" * 100_000)))) is Unexpected


# Credentials


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_not_tried_again(status: int) -> None:
    at = desk(reply(status, {"error": "no such key"}))

    error = refusal(at)

    assert type(error) is Misconfigured
    assert "no such key" in str(error)
    assert "check the credentials" in str(error)
    assert len(at.script.requests) == 1


@pytest.mark.parametrize(
    "auth",
    [Bearer(SecretStr(TOKEN)), Basic("jo@acme.example/token", SecretStr(TOKEN))],
    ids=["bearer", "basic"],
)
@pytest.mark.parametrize(
    "trouble",
    [
        reply(401, {"error": f"the token {TOKEN} is unknown"}),
        reply(403, f"<p>{TOKEN}</p>"),
        reply(500, {"message": TOKEN}),
        reply(302, b"", location=f"https://acme.example/?t={TOKEN}"),
        ok(b"<html>"),
        httpx.ConnectError(f"cannot reach https://acme.example/?t={TOKEN}"),
    ],
    ids=["401", "403", "500", "302", "html", "broken"],
)
def test_no_secret_and_no_query_reaches_a_log_an_error_or_a_repr(
    auth: Any, trouble: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    at = desk(trouble, auth=auth)

    error = refusal(at, params={"cursor": "QUERY-SECRET"})

    told = "".join(traceback.format_exception(error)) + caplog.text + repr(at.client) + repr(auth)
    told += repr(vars(at.client)) + repr(error.__context__ if not error.__suppress_context__ else "")
    header = at.script.requests[0].headers["authorization"].partition(" ")[2]
    assert TOKEN not in told
    assert header not in told
    assert "QUERY-SECRET" not in told


def test_cookies_are_not_kept() -> None:
    at = desk(ok(None, set_cookie="_session=1; Path=/; Domain=acme.example"), ok())

    get(at)
    get(at)

    assert "cookie" not in at.script.requests[1].headers


# Addresses


@pytest.mark.parametrize(
    "base",
    [
        "http://acme.example",
        "ftp://acme.example",
        "acme.example",
        "https://",
        "https://user:pw@acme.example",
        "https://acme.example/?a=1",
        "https://acme.example/#top",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "https://acme.example\r\nhost: evil",
        "",
    ],
)
def test_an_account_address_must_be_https(base: str) -> None:
    with pytest.raises(Misconfigured, match="BASE_URL"):
        ApiClient(base, auth=Bearer(SecretStr("x")))


@pytest.mark.parametrize("base", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000", BASE])
def test_plain_http_is_for_this_machine_only(base: str) -> None:
    asyncio.run(ApiClient(base, auth=Bearer(SecretStr("x"))).aclose())


EVIL = [
    "https://evil.example/next",
    "http://acme.example/next",
    "https://acme.example:8443/next",
    "https://acme.example.evil/next",
    "https://acme.example@evil.example/next",
    "https://jo:pw@acme.example/next",
    "https://evil.example\\@acme.example/next",
    "https://acme.example\\.evil.example/next",
    "https://acme.example%2eevil.example/next",
    "https://аcme.example/next",  # a Cyrillic letter
    "https://[::1]/next",
    "https://2130706433/next",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https:acme.example/next",
    "https:///next",
    "https://acme.example:99999/next",
    "https://acme.example\r\nx: y/next",
    "https://acme.example/\x00",
    "ftp://acme.example/next",
    "next",
    "",
]


@pytest.mark.parametrize("url", EVIL)
def test_a_next_page_elsewhere_is_not_followed_and_gets_no_credentials(url: str) -> None:
    at = desk(ok())

    error = refusal(at, url=url)

    assert type(error) is Unexpected
    assert at.script.requests == []


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://acme.example/next?cursor=a%2Bb", "https://acme.example/next?cursor=a%2Bb"),
        ("https://ACME.example:443/next", "https://acme.example/next"),
        ("/list", f"{BASE}/list"),
        ("//evil.example/x", f"{BASE}//evil.example/x"),
        ("/@evil.example", f"{BASE}/@evil.example"),
    ],
)
def test_a_next_page_of_the_same_host_is_followed(url: str, sent: str) -> None:
    at = desk(ok())

    get(at, url=url)

    assert str(at.script.requests[0].url) == sent


def test_parameters_replace_those_of_a_next_page_and_leave_the_others() -> None:
    at = desk(ok())

    get(at, url="https://acme.example/next?cursor=abc&per_page=1000", page_size=PageSize("per_page", 500))

    assert dict(at.script.requests[0].url.params) == {"cursor": "abc", "per_page": "500"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["https://evil.example/x?t=1", "/login", ""])
def test_a_redirect_is_not_followed(status: int, location: str) -> None:
    at = desk(reply(status, b"", location=location))

    error = refusal(at)

    assert type(error) is Misconfigured
    assert "redirects to" in str(error)
    assert len(at.script.requests) == 1


def test_a_proxy_of_the_environment_is_for_other_hosts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    far, near = (ApiClient(base, auth=Bearer(SecretStr("x"))) for base in (BASE, "http://127.0.0.1:8000"))

    assert [bool(client.wire._http._mounts) for client in (far, near)] == [True, False]


# Limits


def observe(headers: Mapping[str, str]) -> Sequence[Observation]:
    left = headers.get("x-left")
    resets = headers.get("x-resets")
    return [
        Observation(
            "account",
            total=10,
            remaining=None if left is None else float(left),
            resets_seconds=None if resets is None else float(resets),
        )
    ]


def test_the_client_waits_its_turn() -> None:
    at = desk(ok(), limits=Limits({"account": Bucket(2, 10, share=1.0)}))

    for _ in range(5):
        get(at)

    assert [round(slept) for slept in at.time.slept] == [10, 10]


def test_what_the_headers_say_of_a_limit_is_heeded() -> None:
    at = desk(ok(None, x_left="0", x_resets="42"), ok(), observe=observe)

    get(at)
    get(at)

    assert at.time.slept == [43.0]


def test_a_429_without_retry_after_waits_for_the_window_its_headers_name() -> None:
    at = desk(reply(429, {}, x_left="0", x_resets="17"), ok(), observe=observe)

    get(at)

    assert 17 <= sum(at.time.slept) <= 19


def test_a_429_makes_the_accounts_other_requests_wait() -> None:
    at = desk(reply(429, {}, retry_after="40"), ok(), patience=Patience(attempts=1))
    refusal(at)

    get(at, url="/another")

    assert at.time.slept == [40.0]


def test_a_limit_that_is_used_up_for_long_ends_the_run() -> None:
    at = desk(ok(None, x_left="0", x_resets="80000"), ok(), observe=observe)
    get(at)

    error = refusal(at)

    assert isinstance(error, RateLimited)
    assert error.retry_after_seconds == pytest.approx(80_001, abs=1)
    assert at.time.slept == []


def test_a_long_wait_for_a_limit_is_told_once() -> None:
    at = desk(ok(), limits=Limits({"exports": Bucket(1, 60)}))

    get(at, buckets=("account", "exports"))
    get(at, buckets=("account", "exports"))

    assert at.told == ["waiting 60 s for the vendor's limit of account and exports"]


def test_a_sleep_that_moves_no_clock_is_believed() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    at = desk(ok(), limits=Limits({"account": Bucket(1, 60)}), sleep=sleep)
    get(at)
    get(at)

    assert slept == [60.0]


# Page size


def sizes(at: Desk) -> list[int]:
    return [int(request.url.params["per_page"]) for request in at.script.requests]


@pytest.mark.parametrize("slow", [httpx.ReadTimeout("slow"), reply(504, "<html>"), reply(524), reply(408)])
def test_a_page_that_takes_too_long_is_asked_for_smaller(slow: Any) -> None:
    at = desk(slow, slow, slow, slow, slow, ok())

    get(at, page_size=PageSize("per_page", 1000))

    assert sizes(at) == [1000, 500, 250, 125, 100, 100]


@pytest.mark.parametrize("trouble", [reply(500), reply(429, {}, retry_after="1"), httpx.ConnectTimeout("")])
def test_other_trouble_leaves_the_page_as_it_is(trouble: Any) -> None:
    at = desk(trouble, ok())

    get(at, page_size=PageSize("per_page", 1000))

    assert sizes(at) == [1000, 1000]


def test_ten_good_pages_restore_the_size() -> None:
    at = desk(reply(504), reply(504), ok())
    size = PageSize("per_page", 1000)

    for _ in range(22):
        get(at, page_size=size)

    assert sizes(at)[:3] == [1000, 500, 250]
    assert sizes(at)[2:] == [250] * 10 + [500] * 10 + [1000] * 2


def test_a_page_too_large_to_hold_is_asked_for_smaller_or_explained() -> None:
    large = ok({"text": "x" * 5000})
    patience = Patience(largest_body=1000)

    at = desk(large, ok(), patience=patience)
    assert get(at, page_size=PageSize("per_page", 1000)) == {"fine": True}
    assert sizes(at) == [1000, 500]

    at = desk(large, patience=patience)
    assert type(refusal(at, page_size=PageSize("per_page", 200))) is Unexpected
    assert sizes(at) == [200, 100]

    at = desk(large, patience=patience)
    assert type(refusal(at)) is Unexpected
    assert len(at.script.requests) == 1


# Walks


def test_a_cursor_that_comes_twice_is_an_error() -> None:
    seen = Seen()
    for cursor in ("a", "b", {"after": 1, "id": 2}, None, 5):
        seen.note(cursor)

    with pytest.raises(Unexpected, match="repeats the cursor"):
        seen.note({"id": 2, "after": 1})
