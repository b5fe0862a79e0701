"""Real bytes on a real socket: slow, cut, garbled, packed, enormous. Time and memory stay bounded."""

import asyncio
import gzip
import json
import random
import socket
import ssl
import time
import tracemalloc
import zlib
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors import ApiClient, Bearer, ConnectorError, Misconfigured, Patience, Unavailable, Unexpected
from connectors.failures import unreachable
from connectors.transfer import Cut, Inflater, TooLarge
from tests.fake_vendor import Speak, Time, drips, raw, resets, says, server

BODY = json.dumps({"tickets": [{"id": number, "subject": "a ticket"} for number in range(2000)]}).encode()
GZIP = "content-encoding: gzip"


async def _ask(speak: Speak, **options: Any) -> tuple[Any, int]:
    async with server(speak) as base:
        return await _ask_at(base, **options)


async def _ask_at(base: str, **options: Any) -> tuple[Any, int]:
    patience = Patience(**({"attempts": 2, "deadline_seconds": 5.0} | options))
    moment = Time()
    client = ApiClient(
        base, auth=Bearer(SecretStr("x")), patience=patience, clock=moment.clock, sleep=moment.sleep
    )
    try:
        answer = await client.get("/page")
    except ConnectorError as error:
        return error, client.requests
    finally:
        await client.aclose()
    return answer.body, client.requests


def ask(speak: Speak, **options: Any) -> tuple[Any, int]:
    return asyncio.run(_ask(speak, **options))


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        (None, BODY),
        ("identity", BODY),
        ("gzip", gzip.compress(BODY)),
        ("X-GZip", gzip.compress(BODY)),
        ("gzip", gzip.compress(BODY[:999]) + gzip.compress(BODY[999:])),
        ("deflate", zlib.compress(BODY)),
        ("deflate", raw_deflate(BODY)),
    ],
)
def test_a_body_arrives_whole_however_it_is_packed(encoding: str | None, packed: bytes) -> None:
    headers = [f"content-encoding: {encoding}"] if encoding else []

    body, requests = ask(says(raw(packed, *headers)))

    assert body == json.loads(BODY)
    assert requests == 1


def test_a_body_in_chunks_arrives_whole() -> None:
    head = raw(b"", "transfer-encoding: chunked", length=-1)
    pieces = [BODY[start : start + 7000] for start in range(0, len(BODY), 7000)]
    chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]

    assert ask(says(head, *chunks, b"0\r\n\r\n"))[0] == json.loads(BODY)


@pytest.mark.parametrize(
    "speak",
    [
        pytest.param(says(raw(BODY[:500], length=len(BODY))), id="less than announced"),
        pytest.param(says(raw(gzip.compress(BODY)[:300], GZIP, length=len(gzip.compress(BODY)))), id="gzip, less"),
        pytest.param(says(raw(gzip.compress(BODY)[:300], GZIP, length=-1)), id="gzip cut, no length"),
        pytest.param(says(raw(BODY[:500], length=-1)), id="cut, no length"),
        pytest.param(says(raw(b"", "transfer-encoding: chunked", length=-1), b"ff\r\nabc"), id="a chunk cut"),
        pytest.param(says(raw(BODY, GZIP)), id="not packed as said"),
        pytest.param(says(raw(gzip.compress(BODY)[:-4] + b"abcd", GZIP)), id="a wrong checksum"),
        pytest.param(says(raw(gzip.compress(BODY) + b"tail", GZIP)), id="more than the body"),
        pytest.param(says(b""), id="closed without a word"),
        pytest.param(says(b"HTTP/1.1 2"), id="closed in the head"),
        pytest.param(says(b"SSH-2.0-OpenSSH\r\n"), id="another protocol"),
        pytest.param(resets(), id="reset at once"),
        pytest.param(resets(raw(BODY[:500], length=len(BODY))), id="reset in the body"),
    ],
)  # fmt: skip
def test_a_body_that_is_not_whole_is_asked_for_again_and_then_explained(speak: Speak) -> None:
    error, requests = ask(speak)

    assert type(error) is Unavailable
    assert str(error)[:5].strip()
    assert requests == 2


@pytest.mark.parametrize(
    "speak",
    [
        pytest.param(drips(raw(b"", length=500), [b" "] * 500, 0.02), id="body"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\n", [b"x-a: b\r\n"] * 500, 0.02), id="head"),
        pytest.param(drips(b"", [b""] * 500, 0.02), id="silence"),
    ],
)  # fmt: skip
def test_a_drip_feed_is_cut_by_the_deadline_of_the_whole_request(speak: Speak) -> None:
    began = time.monotonic()

    error, requests = ask(speak, deadline_seconds=0.2)

    assert time.monotonic() - began < 2
    assert type(error) is Unavailable
    assert "took too long" in str(error)
    assert requests == 2


def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([packer.compress(b"\0" * 1_000_000) for _ in range(megabytes)] + [packer.flush()])


def test_a_small_body_that_unpacks_to_a_huge_one_is_refused_and_costs_little_memory() -> None:
    packed = bomb(300)
    assert len(packed) < 350_000
    tracemalloc.start()
    try:
        error, requests = ask(says(raw(packed, GZIP)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert type(error) is Unexpected
    assert "too large" in str(error)
    assert requests == 1
    assert peak < 30_000_000


@pytest.mark.parametrize("headers", [[], [GZIP]])
def test_a_body_beyond_all_bounds_is_refused(headers: list[str]) -> None:
    noise = random.Random(1).randbytes(40_000)
    packed = gzip.compress(noise) if headers else noise

    error, _ = ask(says(raw(packed, *headers)), largest_transfer=20_000)
    assert type(error) is Unexpected

    error, _ = ask(says(raw(packed, *headers)), largest_body=20_000)
    assert type(error) is Unexpected


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "secret"])
def test_a_packing_nobody_asked_for_is_refused(encoding: str) -> None:
    error, requests = ask(says(raw(BODY, f"content-encoding: {encoding}")))

    assert type(error) is Unexpected
    assert requests == 1


def test_nobody_listening_is_explained() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    error, requests = asyncio.run(_ask_at(f"http://127.0.0.1:{port}"))

    assert type(error) is Unavailable
    assert "127.0.0.1 refuses connections" in str(error)
    assert requests == 2


def test_an_unknown_host_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    error, _ = asyncio.run(_ask_at("https://akme.example"))

    assert type(error) is Unavailable
    assert "akme.example is not known: check the account's address" in str(error)


def test_a_server_without_tls_is_explained() -> None:
    async def scenario() -> tuple[Any, int]:
        async with server(says(b"plain words\r\n\r\n"), head=b"\x16") as base:  # a TLS handshake begins so
            return await _ask_at(base.replace("http:", "https:"))

    error, _ = asyncio.run(scenario())

    assert type(error) is Unavailable
    assert "no TLS connection to 127.0.0.1" in str(error)


def test_an_untrusted_certificate_is_an_admins_matter_at_once() -> None:
    distrust = ssl.SSLCertVerificationError(1, "certificate verify failed")
    distrust.verify_message = "self-signed certificate"
    error = httpx.ConnectError("")
    error.__cause__ = distrust

    found = unreachable("acme.example", error)

    assert type(found) is Misconfigured
    assert "self-signed certificate" in str(found)
    assert "SSL_CERT_FILE" in str(found)


@given(st.binary(max_size=3000), st.sampled_from(["identity", "gzip", "deflate"]), st.integers(1, 500))
def test_unpacking_in_any_pieces_gives_the_body_back(data: bytes, encoding: str, step: int) -> None:
    packed = {"identity": data, "gzip": gzip.compress(data), "deflate": zlib.compress(data)}[encoding]
    inflater = Inflater(encoding, 10_000, 10_000)

    for start in range(0, len(packed), step):
        inflater.feed(packed[start : start + step])

    assert inflater.finish(str(len(packed))) == data


@given(st.binary(min_size=1, max_size=3000), st.sampled_from(["gzip", "deflate"]), st.data())
def test_a_packed_body_that_ends_early_is_never_taken_for_whole(
    data: bytes, encoding: str, draw: st.DataObject
) -> None:
    packed = {"gzip": gzip.compress(data), "deflate": zlib.compress(data)}[encoding]
    end = draw.draw(st.integers(1, len(packed) - 1))
    inflater = Inflater(encoding, 10_000, 10_000)
    inflater.feed(packed[:end])

    with pytest.raises(Cut):
        inflater.finish(None)


@given(st.binary(max_size=3000), st.sampled_from(["gzip", "deflate"]))
def test_garbage_is_cut_or_too_large_and_nothing_else(data: bytes, encoding: str) -> None:
    inflater = Inflater(encoding, 2000, 2000)
    try:
        inflater.feed(data)
        inflater.finish(None)
    except (Cut, TooLarge):
        return
    assert len(data) <= 2000
