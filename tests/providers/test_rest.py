"""One request to a vendor: what goes out, what may come back, and what is made of it. Real sockets on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import ClientConnectorCertificateError, ClientConnectorDNSError, web
from aiohttp.client_reqrep import ConnectionKey
from structlog.testing import capture_logs
from yarl import URL

from bot.model.errors import InputError, VendorError
from bot.model.secret import Secret
from bot.providers.budget import Budget, Quota
from bot.providers.rest import Access, Bounds, Rest, _proxy, _unreached, open_session
from tests.providers.doubles import PATIENCE_S, until
from tests.providers.rest_clock import SleepingClock

KEY = "frk_fake_key+/0123456789"
SHORT = Bounds(max_bytes=1_000, total_s=0.2)
Answers = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(answer: Answers) -> AsyncIterator[str]:
    """A server whose every request `answer` answers; its origin."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await answer(request)

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Vendor:
    """Answers in turn, and again with the last; remembers every request."""

    def __init__(self, *answers: tuple[int, str | bytes, Mapping[str, str]]) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self._answers = list(answers) or [(200, "{}", {})]

    async def __call__(self, request: web.Request) -> web.Response:
        self.seen.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        status, body, headers = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return web.Response(status=status, body=body.encode() if isinstance(body, str) else body, headers=headers)


@asynccontextmanager
async def client(
    origin: str, *, clock: SleepingClock | None = None, key: str = KEY, **changes: Any
) -> AsyncIterator[Rest]:
    secret = Secret(key)
    access = Access("pulse", f"{origin}/v1", secret, {"x-api-key": secret})
    rest = Rest(access, changes.pop("budget", Budget()), clock=(clock or SleepingClock()).clock, **changes)
    try:
        yield rest
    finally:
        await rest.close()
        await rest.close()


async def refused(asked: Awaitable[object]) -> VendorError:
    with pytest.raises(VendorError) as caught:
        await asked
    error = caught.value
    assert KEY not in f"{error!r} {error} {error.detail} {error.__cause__!r}"
    assert "127.0.0.1" not in str(error)
    return error


async def answered(*answers: tuple[int, str | bytes, Mapping[str, str]]) -> VendorError:
    async with serving(Vendor(*answers)) as origin, client(origin) as rest:
        return await refused(rest.get("flow"))


# --- what goes out ---


async def test_the_key_goes_into_its_header_and_nowhere_else() -> None:
    """Not into the address, nor into what a log or a traceback shows."""
    vendor = Vendor()
    async with serving(vendor) as origin, client(origin) as rest:
        with capture_logs() as logs:
            assert await rest.get("flow", "BRK/B", query={"limit": "5"}) == b"{}"
        shown = f"{rest!r} {rest._access!r} {logs}"
    ((method, path, headers, body),) = vendor.seen
    assert (method, path, body) == ("GET", "/v1/flow/BRK%2FB?limit=5", b"")
    assert [name for name, value in headers.items() if KEY in value] == ["x-api-key"]
    assert KEY not in shown


@pytest.mark.parametrize("part", ["", ".", "..", "x" * 201, "A\nB"])
async def test_a_part_that_would_lead_elsewhere_is_refused(part: str) -> None:
    """`..` would climb out of the API."""
    vendor = Vendor()
    async with serving(vendor) as origin, client(origin) as rest:
        with pytest.raises(InputError):
            await rest.get("flow", part)
    assert vendor.seen == []


async def test_what_needs_no_key_gets_none() -> None:
    """The health check stands beside the API's base, and costs no budget."""
    vendor = Vendor()
    budget = Budget((Quota(1, 1),))
    async with serving(vendor) as origin, client(origin, budget=budget) as rest:
        await rest.get_openly("health")
        assert budget.standing(0).day_left == 1
    ((_, path, headers, _),) = vendor.seen
    assert path == "/health"
    assert KEY not in str(headers)


async def test_a_session_that_was_handed_in_stays_open() -> None:
    """It is its owner's to close."""
    async with open_session() as session, serving(Vendor()) as origin:
        async with client(origin, session=session) as rest:
            await rest.get("flow")
        assert not session.closed


def test_the_environments_proxy_is_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy cannot reach our loopback; everything else goes through it, unless NO_PROXY names it."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "api.quiet.example")
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert _proxy(URL("http://127.0.0.1:9/v1")) is None
    assert _proxy(URL("https://localhost:9/v1")) is None
    assert _proxy(URL("https://api.quiet.example/v1")) is None
    assert _proxy(URL("https://api.radarpulse.io/v1")) == "http://proxy.example:3128"


# --- refusals ---


@pytest.mark.parametrize(
    ("status", "body", "kind", "detail"),
    [
        (401, '{"detail": "Missing or invalid API key"}', "unauthorized", "HTTP 401: Missing or invalid API key; is"),
        (403, '{"error": {"message": "requires Pro+"}}', "tier", "HTTP 403: requires Pro+; does the plan"),
        (404, '{"error": "not found"}', "not_found", "HTTP 404: not found"),
        (400, "bad parameter", "bad_answer", "HTTP 400: bad parameter"),
        (500, "", "upstream", "HTTP 500"),
        (502, "<html><h1>502 Bad\nGateway</h1></html>", "upstream", "HTTP 502: 502 Bad Gateway"),
        (503, '["down", 7]', "upstream", "HTTP 503"),
        (500, "[" * 5_000, "upstream", "HTTP 500: [[["),
        (500, b"\xff\xfe\x00", "upstream", "HTTP 500"),
    ],
)
async def test_statuses(status: int, body: str | bytes, kind: str, detail: str) -> None:
    """OptionWhales' error codes, and what any server may send beside them; its words are short and plain."""
    error = await answered((status, body, {}))
    assert (error.kind, error.detail[: len(detail)], error.after_s) == (kind, detail, None)
    assert len(error.detail) < 300
    assert error.detail.isprintable()


@pytest.mark.parametrize("body", [f'{{"error": "no such key: {KEY}"}}', f"?api_key={KEY.replace('+', '%2B')}"])
async def test_a_key_that_the_vendor_repeats_is_starred(body: str) -> None:
    """As it is, or as a URL spells it."""
    error = await answered((401, body.replace("/", "%2F") if "%2B" in body else body, {}))
    assert "***" in error.detail
    assert "0123456789" not in error.detail


async def test_a_key_that_the_vendor_repeats_in_its_data_is_starred() -> None:
    """It would go to the tape, or into a quarantine that is shown."""
    async with serving(Vendor((200, f'{{"key": "{KEY}"}}', {}))) as origin, client(origin) as rest:
        assert await rest.get("account") == b'{"key": "***"}'


async def test_a_redirect_is_not_followed() -> None:
    """The other host never hears of us, and so never of the key."""
    other = Vendor()
    async with serving(other) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            error = await answered((status, "", {"Location": f"{elsewhere}/v1/flow"}))
            assert error.kind == "bad_answer"
            assert "rest_url" in error.detail
    assert other.seen == []


async def test_a_server_that_cannot_be_reached() -> None:
    """Refused connections, and TLS that fails, in plain words."""
    async with serving(Vendor()) as origin, client(origin.replace("http:", "https:")) as rest:
        error = await refused(rest.get("flow"))
        assert error.kind == "upstream"
        assert error.detail.startswith("no secure connection: ")
    async with client(origin) as rest:
        error = await refused(rest.get("flow"))
    assert (error.kind, error.detail) == ("upstream", "the server refuses connections")


def test_a_certificate_that_is_not_trusted() -> None:
    """The words are the verification's, and name the fault."""
    import ssl

    fault = ssl.SSLCertVerificationError(1, "certificate verify failed")
    fault.verify_message = "self-signed certificate"
    told = _unreached(ClientConnectorCertificateError(None, fault), SHORT)  # type: ignore[arg-type]
    assert (told.kind, told.detail) == ("upstream", "no secure connection: self-signed certificate")


def test_a_name_without_an_address() -> None:
    """No network, or a slip in the URL: said so, not as the class of an error."""
    key = ConnectionKey("api.example", 443, True, True, None, None, None, None)
    fault = ClientConnectorDNSError(key, socket.gaierror(-2, "Name or service not known"))
    assert _unreached(fault, SHORT).detail == "the server's name has no address"


async def test_no_answer_in_time() -> None:
    """Neither headers that do not come nor a body that trickles may hold anybody up."""

    async def silent(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(3600)
        raise AssertionError

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)

    for answer in (silent, slow):
        async with serving(answer) as origin, client(origin) as rest:
            error = await refused(rest.get("flow", bounds=SHORT))
        assert (error.kind, error.detail) == ("upstream", "no answer within 0.2 s")


async def test_an_answer_that_breaks_off() -> None:
    """Half a body is no answer."""

    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"data": [')
        assert request.transport is not None
        request.transport.close()
        return response

    async with serving(broken) as origin, client(origin) as rest:
        error = await refused(rest.get("flow"))
    assert (error.kind, error.detail) == ("upstream", "the answer broke off")


async def test_an_answer_that_never_ends() -> None:
    """Ten megabytes, or as many as gzip can pretend: no more than the bound is read."""

    async def packed(_: web.Request) -> web.StreamResponse:
        response = web.Response(body=b" " * 10_000_000)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    for answer in (Vendor((200, b" " * 10_000_000, {})), packed):
        async with serving(answer) as origin, client(origin) as rest:
            error = await refused(rest.get("flow"))
        assert (error.kind, error.detail) == ("bad_answer", "an answer of more than 4 MiB")


async def test_what_speaks_no_http() -> None:
    """Some other service on that port."""

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 smtp.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with client(f"http://127.0.0.1:{port}") as rest:
            assert (await refused(rest.get("flow"))).kind == "upstream"


# --- limits ---

LIMITED: tuple[int, str, dict[str, str]] = (429, '{"error": "rate limit exceeded"}', {})
FINE: tuple[int, str, dict[str, str]] = (200, "[]", {})


async def test_a_429_is_met_with_2_4_8_seconds() -> None:
    """RadarPulse's guide: wait 2 s, then 4 s, then 8 s."""
    clock, vendor = SleepingClock(), Vendor(LIMITED, LIMITED, LIMITED, FINE)
    async with serving(vendor) as origin, client(origin, clock=clock) as rest:
        assert await rest.get("flow") == b"[]"
    assert clock.slept == [2, 4, 8]


async def test_a_429_without_end_is_told() -> None:
    """Four tries, and then it is the caller's to wait."""
    clock, vendor = SleepingClock(), Vendor(LIMITED)
    async with serving(vendor) as origin, client(origin, clock=clock) as rest:
        error = await refused(rest.get("flow"))
    assert (error.kind, error.detail, error.after_s) == ("rate_limited", "HTTP 429: rate limit exceeded", 8)
    assert (clock.slept, len(vendor.seen)) == ([2, 4, 8], 4)


@pytest.mark.parametrize(
    ("headers", "slept"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "-5"}, 2),
        ({"Retry-After": "soon"}, 2),
        ({"Retry-After": "7", "X-RateLimit-Reset": "1784217625"}, 7),
        ({"X-RateLimit-Reset": "1784217625"}, 25),
        ({"X-RateLimit-Reset": "1784217000"}, 2),
    ],
)
async def test_the_wait_that_is_asked_for(headers: dict[str, str], slept: float) -> None:
    """Retry-After, else the reset (it is 1784217600), else our own; never less than a second."""
    clock = SleepingClock()
    async with serving(Vendor((429, "", headers), FINE)) as origin, client(origin, clock=clock) as rest:
        await rest.get("flow")
    assert clock.slept == [pytest.approx(slept)]


async def test_a_date_to_wait_for() -> None:
    """RFC 9110, 10.2.3 allows one."""
    clock = SleepingClock()
    when = format_datetime(datetime.fromtimestamp(clock.now_s() + 12, UTC), usegmt=True)
    async with serving(Vendor((429, "", {"Retry-After": when}), FINE)) as origin, client(origin, clock=clock) as rest:
        await rest.get("flow")
    assert clock.slept == [pytest.approx(12)]


async def test_a_wait_beyond_patience_is_told_at_once() -> None:
    """Nobody sleeps for an hour; and until then nothing more is sent."""
    clock, vendor = SleepingClock(), Vendor((429, "", {"Retry-After": "3600"}))
    async with serving(vendor) as origin, client(origin, clock=clock) as rest:
        assert (await refused(rest.get("flow"))).after_s == 3600
        clock.now_ns += 600_000_000_000
        assert (await refused(rest.get("flow", "top"))).after_s == 3000
    assert (clock.slept, len(vendor.seen)) == ([], 1)


async def test_the_budget_is_waited_for() -> None:
    """The third of two a minute goes out when the minute is over, if patience lasts."""
    clock, vendor = SleepingClock(), Vendor()
    async with (
        serving(vendor) as origin,
        client(origin, clock=clock, budget=Budget((Quota(2, None),)), patience_s=60) as rest,
    ):
        for name in "abc":
            await rest.get(name)
    assert (clock.slept, len(vendor.seen)) == ([60], 3)


async def test_post_is_not_repeated_on_doubt() -> None:
    """A second registration would be a second webhook; a 429 registered nothing."""
    vendor = Vendor(LIMITED, (502, "", {}))
    async with serving(vendor) as origin, client(origin) as rest:
        assert (await refused(rest.post("webhooks", body={"minScore": 75}))).kind == "upstream"
    assert [(method, body) for method, _, _, body in vendor.seen] == [("POST", b'{"minScore":75}')] * 2
    assert vendor.seen[0][2]["Content-Type"] == "application/json"


# --- shared reads ---


class Held:
    """Answers when it is let go."""

    def __init__(self, status: int = 200) -> None:
        self.asked = 0
        self.free = asyncio.Event()
        self._status = status

    async def __call__(self, _: web.Request) -> web.Response:
        self.asked += 1
        number = self.asked
        await self.free.wait()
        return web.Response(status=self._status, text=f"n{number}")


async def test_the_same_read_at_the_same_time_is_one_request() -> None:
    """Ten ask, one goes out; another query is another question."""
    held = Held()
    async with (
        serving(held) as origin,
        client(origin) as rest,
        asyncio.timeout(PATIENCE_S),
        asyncio.TaskGroup() as group,
    ):
        same = [group.create_task(rest.get("flow", query={"limit": "5"})) for _ in range(10)]
        other = group.create_task(rest.get("flow", query={"limit": "6"}))
        await until(lambda: held.asked == 2)
        held.free.set()
        assert {await task for task in same} == {b"n1"}
        assert await other == b"n2"
    assert held.asked == 2


async def test_a_waiter_that_gives_up_disturbs_nobody() -> None:
    """Neither one that waits for another's request nor the one whose request it is."""
    held = Held()
    async with (
        serving(held) as origin,
        client(origin) as rest,
        asyncio.timeout(PATIENCE_S),
        asyncio.TaskGroup() as group,
    ):
        first, second, third = (group.create_task(rest.get("flow")) for _ in range(3))
        await until(lambda: held.asked == 1)
        second.cancel()
        await until(second.cancelled)
        first.cancel()
        await until(lambda: held.asked == 2)
        held.free.set()
        assert await third == b"n2"


async def test_a_refusal_is_shared_and_not_kept() -> None:
    """Each waiter gets an error of its own; who asks next asks anew."""
    held = Held(503)
    async with serving(held) as origin, client(origin) as rest, asyncio.timeout(PATIENCE_S):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(refused(rest.get("top", ttl_s=5))) for _ in range(2)]
            await until(lambda: held.asked == 1)
            held.free.set()
        one, other = (task.result() for task in tasks)
        assert one is not other
        assert (one.kind, one.detail) == (other.kind, other.detail) == ("upstream", "HTTP 503: n1")
        assert (await refused(rest.get("top", ttl_s=5))).detail == "HTTP 503: n2"


async def test_an_answer_is_kept_as_long_as_is_asked() -> None:
    """Five seconds of cache, and not one more; without any, each read goes out."""
    clock, vendor = SleepingClock(), Vendor()
    async with serving(vendor) as origin, client(origin, clock=clock) as rest:
        await rest.get("top", ttl_s=5)
        clock.now_ns += 4_999_000_000
        await rest.get("top", ttl_s=5)
        assert len(vendor.seen) == 1
        clock.now_ns += 1_000_000
        await rest.get("top", ttl_s=5)
        await rest.get("flow")
        await rest.get("flow")
    assert len(vendor.seen) == 4


async def test_few_answers_are_kept() -> None:
    """A thousand tickers do not fill the memory."""
    async with serving(Vendor()) as origin, client(origin) as rest:
        for number in range(40):
            await rest.get("top", query={"ticker": f"T{number}"}, ttl_s=5)
        assert len(rest._shared._kept) == 32
