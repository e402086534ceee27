"""Inbound prints: from signed requests over a real socket, through the real intake, into a real store."""

import asyncio
import gc
import gzip
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from bot.engine import intake as intake_module
from bot.engine.intake import Intake
from bot.engine.matching import Matching
from bot.engine.metrics import Metrics
from bot.engine.quarantine import Quarantine
from bot.gate.verdict import judge
from bot.http.server import serve
from bot.http.settings import HttpSettings
from bot.model.alerts import Alert
from bot.model.errors import FrameError, StoreError
from bot.model.feeds import FeedMeans
from bot.model.matches import Match, Route
from bot.model.ports import Commit, Frame, Judge, Outbox, Target
from bot.model.prints import Print
from bot.model.secret import Secret
from bot.outbox.sqlite import open_outbox
from bot.providers import inbound as module
from bot.providers.bodies import frames
from bot.providers.decoders import VENDORS
from bot.providers.inbound import RESERVED_PATHS, Inbound, InboundSettings, build, facts
from bot.providers.means import NO_MEANS
from bot.providers.webhook_secrets import FILE, forget_secret, keep_secret
from tests.engine.doubles import NoMemory
from tests.providers.doubles import KeepingIntake, until
from tests.samples import a_route

SECRET = "whsec_fake_0123456789"
NAME = "pulse"
NOW_NS = 1_784_217_600_000_000_000  # 2026-07-16 16:00:00 UTC
OPTIONS_TRADE: dict[str, Any] = {"type": "abnormal_trade", "data": {"ticker": "NVDA", "side": "ask", "premium": 2e6}}

# The guide's fields (RadarPulse's developer guide of 29 June 2026, "The Data Fields That Matter").
TRADE: dict[str, Any] = {
    "ticker": "NVDA", "type": "CALL", "strike": 200, "expiry": "2026-08-21", "dte": 36, "volume": 4200,
    "openInterest": 1250, "volOI": 3.36, "premium": 1250000, "side": "ASK", "kind": "SWEEP", "otmPct": 4.2,
    "spot": 191.9, "iv": 0.45, "score": 91, "bias": "BULL", "sector": "Technology", "timestamp": 1784217590000,
}  # fmt: skip


def means(folder: Path) -> FeedMeans:
    return replace(NO_MEANS, store_folder=folder)


def body_of(*trades: Mapping[str, Any]) -> bytes:
    return json.dumps(list(trades)).encode()


def trade(**changes: Any) -> dict[str, Any]:
    return {**TRADE, **changes}


def signature(body: bytes, secret: str = SECRET) -> str:
    """As the guide's own sample computes it ("Validate the webhook signature")."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Gated:
    """The store, which commits only while its gate is open, and refuses while it is broken."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_broken = False
        self.asked = 0

    async def commit(self, matches: list[Match], judge: Judge, targets: dict[str, Target]) -> Commit:
        self.asked += 1
        await self.gate.wait()
        if self.is_broken:
            raise StoreError("disk full")
        return await self._outbox.commit(matches, judge, targets)

    async def tell_watchers(self, judge: Judge, targets: dict[str, Target]) -> None:
        """Nobody watches."""


@dataclass
class Site:
    """A provider that is posted to, with all that is behind it."""

    provider: Inbound
    intake: Intake
    store: Any
    metrics: Metrics
    quarantine: Quarantine
    http: aiohttp.ClientSession
    port: int
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    alerts: list[Alert] = field(default_factory=list)
    prints: list[Print] = field(default_factory=list)
    taped: list[tuple[str, int, Frame]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.provider.path}"

    async def post(self, body: bytes, headers: Mapping[str, str] | list[tuple[str, str]] | None = None) -> int:
        """The status of the answer, whose body is always empty. Signed well, unless `headers` are given."""
        sent = {"X-Signature": signature(body)} if headers is None else headers
        async with self.http.post(self.url, data=body, headers=sent) as reply:
            assert await reply.read() == b""
            return reply.status

    @property
    def told(self) -> list[float | None]:
        """The premiums of the alerts that are durable, in order."""
        return [alert.print.premium for alert in self.alerts]

    @property
    def reasons(self) -> list[str]:
        return [frame.reason for frame in reversed(self.quarantine.newest_first())]


def match(found: Print) -> tuple[Route, ...]:
    return (a_route("whales"),) if (found.premium or 0) >= 1_000_000 else ()


@asynccontextmanager
async def site(folder: Path, **changes: Any) -> AsyncIterator[Site]:
    """A provider with the given settings, served."""
    settings = InboundSettings.model_validate({"type": "webhook", "of": "radarpulse", "secret": SECRET, **changes})
    provider = build(NAME, settings, means(folder))
    metrics, quarantine = Metrics(), Quarantine()
    metrics.watch(NAME, provider.status)
    outbox = open_outbox(folder / "flowbot.db", lambda: NOW_NS)
    store = Gated(outbox)
    alerts: list[Alert] = []
    prints: list[Print] = []
    taped: list[tuple[str, int, Frame]] = []
    intake = Intake(
        Matching(match, NoMemory()), judge, store, metrics, quarantine,  # type: ignore[arg-type]  # of an Outbox it needs `commit`
        remember=prints.append, targets=dict, committed=lambda commit: alerts.extend(commit.alerts),
        record=lambda *frame: taped.append(frame),
    )  # fmt: skip
    listener = serve(HttpSettings(listen="127.0.0.1:0"), metrics.registry, dict, quarantine, [provider])
    try:
        async with aiohttp.ClientSession() as http, listener as port, asyncio.TaskGroup() as tasks:
            tasks.create_task(intake.run())
            feeding = tasks.create_task(provider.run(intake))
            await until(lambda: provider.status.is_connected)
            found = Site(provider, intake, store, metrics, quarantine, http, port, alerts=alerts, prints=prints)
            found.taped = taped
            yield found
            store.gate.set()
            await provider.close()
            await feeding
            intake.close()
    finally:
        await outbox.close()


# --- what a body holds ---


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(trade()).encode(),
        body_of(trade()),
        json.dumps({"data": [trade()]}).encode(),
        json.dumps({"data": trade()}).encode(),
        json.dumps({"event": "flow.extreme", "data": trade()}).encode(),
        json.dumps({"type": "flow.extreme", "id": "evt_1", "data": trade()}).encode(),
        body_of({"event": "flow.extreme", "data": trade()}),
        b"\xef\xbb\xbf" + json.dumps(trade()).encode(),
        json.dumps([trade()], indent=2).encode() + b"\r\n",
    ],
)
async def test_a_print_however_it_is_wrapped(tmp_path: Path, body: bytes) -> None:
    """An object, an array, an envelope around either, with a byte order mark or without: one print, one alert."""
    async with site(tmp_path) as found:
        assert await found.post(body) == 200
    assert found.told == [1_250_000.0]
    (only,) = found.prints
    assert (only.provider, only.ticker, only.type, only.strike, only.size) == (NAME, "NVDA", "call", 200.0, 4200)
    assert found.reasons == []


async def test_optionwhales_frames_are_read_as_its_stream_sends_them(tmp_path: Path) -> None:
    """Their `data` belongs to the frame; a heartbeat is no print and no fault, an error is told."""
    noise = [{"type": "heartbeat", "ts": 1}, {"type": "error", "message": "upstream is late"}]
    async with site(tmp_path, of="optionwhales") as found:
        assert await found.post(json.dumps([OPTIONS_TRADE, *noise]).encode()) == 200
        assert await found.post(json.dumps({"data": [OPTIONS_TRADE | {"data": {"ticker": "JD"}}]}).encode()) == 200
    assert [(one.ticker, one.premium) for one in found.prints] == [("NVDA", 2_000_000.0), ("JD", None)]
    assert found.reasons == ["error_frame"]


async def test_a_bad_element_costs_no_other(tmp_path: Path) -> None:
    """Each is counted by its reason and kept for the operator, and the vendor is not asked to send it again."""
    bad: list[object] = [{**TRADE, "ticker": None}, 7, None, "NVDA", [], {**TRADE, "premium": -5}, {"event": "ping"}]
    body = json.dumps([trade(), *bad, trade(premium=2_000_000)]).encode()
    async with site(tmp_path) as found:
        assert await found.post(body) == 200
    assert found.told == [1_250_000.0, 2_000_000.0]
    assert found.reasons == [
        "no_ticker", "bad_shape", "bad_shape", "bad_shape", "bad_shape", "bad_number", "no_ticker",
    ]  # fmt: skip
    assert {frame.provider for frame in found.quarantine.newest_first()} == {NAME}


async def test_a_nan_costs_its_own_element_alone(tmp_path: Path) -> None:
    """NaN is no JSON, yet many encoders write it; the prints beside it are read."""
    body = body_of(trade(premium=float("nan")), trade())
    assert b"NaN" in body
    async with site(tmp_path) as found:
        assert await found.post(body) == 200
    assert found.told == [1_250_000.0]
    assert found.reasons == ["bad_number"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_json"),
        (b"upstream connect error", "not_json"),
        (b'[{"ticker":"NVDA"', "not_json"),
        (b"[" * 200_000, "not_json"),
        (b"1" * 10_000, "not_json"),
        (b"\xff\xfe[\x00]\x00", "not_text"),
        (b'"NVDA"', "bad_shape"),
        (b"null", "bad_shape"),
        (b"12", "bad_shape"),
    ],
)
async def test_a_signed_body_of_no_use_is_a_bad_request(tmp_path: Path, body: bytes, reason: str) -> None:
    """400, once the signature is found to be good; kept for the operator as one frame."""
    async with site(tmp_path) as found:
        assert await found.post(body) == 400
        assert found.provider.status.disconnects == {"bad_body": 1}
    assert (found.reasons, found.prints) == ([reason], [])


async def test_unicode_is_signed_as_bytes(tmp_path: Path) -> None:
    """A sector in Chinese and a bull are part of the raw body; the print is read beside them."""
    body = json.dumps([trade(note="🐂 看涨", sector="技术")], ensure_ascii=False).encode()
    async with site(tmp_path) as found:
        assert await found.post(body) == 200
    assert found.told == [1_250_000.0]


async def test_an_empty_array_is_fine(tmp_path: Path) -> None:
    """Nothing to do, nothing to complain about."""
    async with site(tmp_path) as found:
        assert await found.post(b"[]") == 200
    assert (found.prints, found.reasons) == ([], [])


async def test_a_huge_array_is_taken_in_turns(tmp_path: Path) -> None:
    """As many elements as 256 KiB can hold, all of them bad: the loop turns between them, and nothing else waits."""
    body = b"[" + b",".join([b"0"] * 130_000) + b"]"
    async with site(tmp_path) as found, asyncio.TaskGroup() as tasks:
        turns = 0

        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        turning = tasks.create_task(turn())
        posting = tasks.create_task(found.post(body))
        await until(lambda: found.reasons)
        before = turns
        assert await posting == 200
        turning.cancel()
        assert turns - before > 100
    assert (
        found.metrics.registry.get_sample_value(
            "flowbot_frames_rejected_total", {"provider": NAME, "reason": "bad_shape"}
        )
        == 130_000
    )
    assert len(found.quarantine.newest_first()) <= 200


async def test_a_bug_in_decoding_costs_one_element(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told once in the log, with its traceback, and the vendor does not send it for ever."""

    def broken(raw: Frame, received_ns: int, name: str) -> Print:
        raise ZeroDivisionError

    monkeypatch.setitem(VENDORS, "radarpulse", (broken, frozenset()))
    with capture_logs() as logs:
        async with site(tmp_path) as found:
            assert await found.post(body_of(trade(), trade())) == 200
    assert found.reasons == ["bug", "bug"]
    assert [entry["event"] for entry in logs].count("provider.decode_bug") == 1


async def test_every_frame_goes_to_the_tape_as_it_came(tmp_path: Path) -> None:
    """Element by element, the bad ones too, so that the tape is read like a stream's."""
    one, bad = json.dumps(trade()), '{"premium": -1}'
    async with site(tmp_path) as found:
        await found.post(f'{{"data": [{one}, {bad}]}}'.encode())
        received_ns = found.provider.status.last_frame_ns
    assert found.taped == [(NAME, received_ns, one.encode()), (NAME, received_ns, bad.encode())]


# --- signatures ---

BODY = body_of(trade())
GOOD = signature(BODY)


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Signature", GOOD)],
        [("X-Webhook-Signature", GOOD)],
        [("x-signature", GOOD)],
        [("X-Signature", GOOD), ("X-Webhook-Signature", GOOD)],
        [("X-Signature", GOOD), ("Authorization", "Bearer nobody-asked")],
    ],
)
async def test_a_good_signature(tmp_path: Path, headers: list[tuple[str, str]]) -> None:
    """In either header, or in both."""
    async with site(tmp_path) as found:
        assert await found.post(BODY, headers) == 200
    assert found.told == [1_250_000.0]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-Signature", "")],
        [("X-Hub-Signature-256", GOOD)],
        [("X-Signature-256", GOOD)],
        [("Signature", GOOD)],
        [("X-Signature", GOOD.removeprefix("sha256="))],
        [("X-Signature", GOOD.replace("sha256=", "SHA256="))],
        [("X-Signature", "sha256=" + GOOD.removeprefix("sha256=").upper())],
        [("X-Signature", GOOD[:-1])],
        [("X-Signature", GOOD + "0")],
        [("X-Signature", "sha256=")],
        [("X-Signature", f"{GOOD}, {GOOD}")],
        [("X-Signature", signature(BODY, "whsec_fake_of_another"))],
        [("X-Signature", signature(BODY, ""))],
        [("X-Signature", signature(BODY + b" "))],
        [("X-Signature", signature(body_of(trade(premium=9_999_999))))],
        [("X-Signature", "sha256=" + hashlib.sha256(BODY).hexdigest())],
        [("X-Signature", "sha1=" + hmac.new(SECRET.encode(), BODY, "sha1").hexdigest())],
        [("X-Signature", "sha256=" + "é" * 64)],
        [("X-Signature", GOOD), ("X-Signature", "sha256=" + "0" * 64)],
        [("X-Signature", "sha256=" + "0" * 64), ("X-Signature", GOOD)],
        [("X-Signature", GOOD), ("X-Webhook-Signature", "")],
    ],
)
async def test_any_other_signature_is_refused_without_a_hint(tmp_path: Path, headers: list[tuple[str, str]]) -> None:
    """401 and an empty body, whatever was wrong; nothing of it is read, kept or taped."""
    async with site(tmp_path) as found:
        with capture_logs() as logs:
            assert await found.post(BODY, headers) == 401
        assert found.provider.status.disconnects == {"bad_signature": 1}
        assert found.provider.status.last_frame_ns == 0
        assert SECRET not in str(logs)
        assert GOOD.removeprefix("sha256=") not in str(logs)
    assert (found.prints, found.reasons, found.taped) == ([], [], [])


async def test_every_refusal_costs_the_same_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One digest over the whole body and one comparison, whether header, value or secret is missing."""
    compared: list[tuple[bytes, bytes]] = []
    digested: list[bytes] = []

    class Watched:
        @staticmethod
        def compare_digest(one: bytes, other: bytes) -> bool:
            compared.append((one, other))
            return hmac.compare_digest(one, other)

        @staticmethod
        def new(key: bytes, body: bytes, kind: Any) -> Any:
            digested.append(body)
            return hmac.new(key, body, kind)

    monkeypatch.setattr("bot.providers.bodies.hmac", Watched)
    for headers in ([], [("X-Signature", "")], [("X-Signature", "md5=1")], [("X-Signature", GOOD[:-1])]):
        for secret in (SECRET, None):
            compared.clear()
            digested.clear()
            provider = build(NAME, settings(secret=secret), means(tmp_path))
            assert await provider.receive(BODY, headers) == 401
            assert (len(compared), digested) == (1, [BODY])


async def test_a_flood_of_refusals_is_one_line_in_the_log(tmp_path: Path) -> None:
    """Anyone can send them: they are counted, and told of once a minute."""
    with capture_logs() as logs:
        async with site(tmp_path) as found:
            for _ in range(20):
                assert await found.post(BODY, {"X-Signature": "sha256=00"}) == 401
            assert found.provider.status.disconnects == {"bad_signature": 20}
            assert "is the secret the one that the vendor gave" in found.provider.status.last_error
            assert await found.post(BODY) == 200
            assert found.provider.status.last_error == ""
    refused = [entry for entry in logs if entry["event"] == "provider.request_refused"]
    assert [(entry["provider"], entry["reason"]) for entry in refused] == [(NAME, "bad_signature")]


# --- secrets that `flowbot webhooks register` keeps ---


async def test_a_kept_secret_serves_while_it_is_kept(tmp_path: Path) -> None:
    """Registered and deleted while the service runs, and without a restart; each registration has its own secret."""
    async with site(tmp_path, secret=None) as found:

        async def answer(secret: str) -> int:
            return await found.post(BODY, {"X-Signature": signature(BODY, secret)})

        assert await answer(SECRET) == 401
        keep_secret(tmp_path, NAME, "wh_1", Secret(SECRET))
        keep_secret(tmp_path, "another", "wh_2", Secret("whsec_fake_of_another"))
        assert await answer(SECRET) == 200
        assert await answer("whsec_fake_of_another") == 401
        keep_secret(tmp_path, NAME, "wh_3", Secret("whsec_fake_newer"))
        assert [await answer(SECRET), await answer("whsec_fake_newer")] == [200, 200]
        forget_secret(tmp_path, "wh_1")
        assert [await answer(SECRET), await answer("whsec_fake_newer")] == [401, 200]


async def test_the_configured_secret_stands_alone(tmp_path: Path) -> None:
    """Where the configuration has one, what is kept beside the store signs nothing."""
    keep_secret(tmp_path, NAME, "wh_1", Secret("whsec_fake_kept"))
    async with site(tmp_path) as found:
        assert await found.post(BODY, {"X-Signature": signature(BODY, "whsec_fake_kept")}) == 401
        assert await found.post(BODY) == 200


async def test_a_broken_file_of_secrets_refuses_everything(tmp_path: Path) -> None:
    """401, and the status says which file; the service lives."""
    (tmp_path / FILE).write_bytes(b'{"pulse": "whsec_fake"')
    async with site(tmp_path, secret=None) as found:
        assert await found.post(BODY, {"X-Signature": signature(BODY, "whsec_fake")}) == 401
        assert found.provider.status.disconnects == {"bad_signature": 1}


# --- what 2xx means ---


async def test_the_answer_waits_for_the_commit(tmp_path: Path) -> None:
    """No 2xx while the store has not said yes; then at once."""
    async with site(tmp_path) as found, asyncio.TaskGroup() as tasks:
        found.store.gate.clear()
        posting = tasks.create_task(found.post(body_of(trade())))
        await until(lambda: found.store.asked)
        assert (posting.done(), found.alerts) == (False, [])
        found.store.gate.set()
        assert await posting == 200
        assert found.told == [1_250_000.0]


async def test_a_store_that_does_not_answer_makes_the_vendor_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 when the time is over; the same body again, once the store is well, is answered 200, and is one alert."""
    monkeypatch.setattr(module, "SETTLE_S", 0.05)
    async with site(tmp_path) as found:
        found.store.gate.clear()
        assert await found.post(BODY) == 503
        assert found.provider.status.disconnects == {"not_stored": 1}
        monkeypatch.setattr(module, "SETTLE_S", 5.0)
        found.store.gate.set()
        assert await found.post(BODY) == 200
    assert found.told == [1_250_000.0]


async def test_a_store_out_of_order_never_gets_a_print_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Disk full: 503, and nothing is said to be safe."""
    monkeypatch.setattr(module, "SETTLE_S", 0.05)
    with capture_logs():
        async with site(tmp_path) as found:
            found.store.is_broken = True
            assert await found.post(BODY) == 503
            assert found.alerts == []
            found.store.is_broken = False


async def test_a_replay_is_acknowledged_and_told_once(tmp_path: Path) -> None:
    """The vendor did not hear our answer: the same body again is 200, and one alert; over a restart too."""
    async with site(tmp_path) as found:
        assert [await found.post(BODY), await found.post(BODY)] == [200, 200]
        assert found.told == [1_250_000.0]
    async with site(tmp_path) as again:
        assert await again.post(BODY) == 200
    assert again.told == []


async def test_prints_that_match_nothing_are_acknowledged_without_the_store(tmp_path: Path) -> None:
    """There is nothing to wait for."""
    async with site(tmp_path) as found:
        found.store.gate.clear()
        assert await found.post(body_of(trade(premium=5))) == 200
    assert (found.store.asked, len(found.prints)) == (0, 1)


async def test_a_full_intake_asks_the_vendor_to_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 with Retry-After, nothing taken in; a bad signature still learns nothing of it."""
    monkeypatch.setattr(intake_module, "FULL", 0)
    async with site(tmp_path) as found:
        async with found.http.post(found.url, data=BODY, headers={"X-Signature": GOOD}) as reply:
            assert (reply.status, reply.headers["Retry-After"]) == (429, "5")
        assert await found.post(BODY, {}) == 401
        assert found.provider.status.disconnects == {"full": 1, "bad_signature": 1}
        monkeypatch.setattr(intake_module, "FULL", 10)
        assert len(found.prints) == 0
        assert await found.post(BODY) == 200
    assert found.told == [1_250_000.0]


async def test_a_body_that_overfills_the_intake_waits_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a turn's worth beyond what is full: the rest is taken in as the store makes room."""
    monkeypatch.setattr(intake_module, "FULL", 100)
    body = json.dumps([{"ticker": "NVDA", "premium": 1_000_000 + count} for count in range(1000)]).encode()
    async with site(tmp_path) as found, asyncio.TaskGroup() as tasks:
        found.store.gate.clear()
        posting = tasks.create_task(found.post(body))
        await until(lambda: found.intake.is_full)
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert len(found.prints) <= 3 * module.TURN
        found.store.gate.set()
        assert await posting == 200
    assert len(found.told) == 1000


# --- the port ---


async def test_it_is_connected_while_it_receives(tmp_path: Path) -> None:
    """503 before and after; closing twice is once."""
    provider = build(NAME, settings(), means(tmp_path))
    signed = [("X-Signature", GOOD)]
    assert await provider.receive(BODY, signed) == 503
    assert not provider.status.is_connected
    intake = KeepingIntake()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(provider.run(intake))
        await until(lambda: provider.status.is_connected)
        status = provider.status
        assert (status.mode, status.sessions, status.connected_ns > 0, status.last_frame_ns) == ("inbound", 1, True, 0)
        assert await provider.receive(BODY, signed) == 200
        assert status.last_frame_ns >= status.connected_ns
        await provider.close()
        assert await provider.receive(BODY, signed) == 503
        await running
        await provider.close()
    assert not provider.status.is_connected
    assert await provider.receive(BODY, signed) == 503
    assert [found.premium for found in intake.prints] == [1_250_000.0]


async def test_what_is_being_stored_at_the_stop_is_still_acknowledged(tmp_path: Path) -> None:
    """The provider is closed, the store has not answered yet: the vendor hears 200 when it has."""
    async with site(tmp_path) as found, asyncio.TaskGroup() as tasks:
        found.store.gate.clear()
        posting = tasks.create_task(found.post(BODY))
        await until(lambda: found.store.asked)
        await found.provider.close()
        await until(lambda: not found.provider.status.is_connected)
        assert await found.post(body_of(trade(premium=3_000_000))) == 503
        found.store.gate.set()
        assert await posting == 200
    assert found.told == [1_250_000.0]


async def test_a_close_half_way_through_a_body_takes_no_more_of_it(tmp_path: Path) -> None:
    """After it the intake may have drained: what it would never store is not taken in, and the vendor asks again."""
    body = json.dumps([{"ticker": "NVDA", "premium": count} for count in range(module.TURN * 4)]).encode()
    provider = build(NAME, settings(), means(tmp_path))
    intake = KeepingIntake()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(provider.run(intake))
        await until(lambda: provider.status.is_connected)
        receiving = tasks.create_task(provider.receive(body, [("X-Signature", signature(body))]))
        await asyncio.sleep(0)
        assert len(intake.prints) == module.TURN
        await provider.close()
        assert await receiving == 503
    assert len(intake.prints) == module.TURN


async def test_ten_thousand_small_requests_leave_nothing_behind(tmp_path: Path) -> None:
    """Good ones, bad ones, refused ones, a hundred at a time: no more objects afterwards than before."""
    kinds = [(b"[]", signature(b"[]"), 200), (BODY, "sha256=0", 401), (b"[7]", signature(b"[7]"), 200)]
    heads = [f"POST /hooks/{NAME} HTTP/1.1\r\nHost: x\r\nX-Signature: {sent}\r\n" for _, sent, _ in kinds]
    requests = [
        f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        for head, (body, _, _) in zip(heads, kinds, strict=True)
    ]
    batch = b"".join(requests[number % 3] for number in range(100))
    expected = [kinds[number % 3][2] for number in range(100)]
    async with site(tmp_path) as found:
        found.intake.record = None  # the test's own tape would grow
        reader, writer = await asyncio.open_connection("127.0.0.1", found.port)

        async def objects_after(batches: int) -> int:
            for _ in range(batches):
                writer.write(batch)
                replies = [await reader.readuntil(b"\r\n\r\n") for _ in expected]
                assert [int(reply.split()[1]) for reply in replies] == expected
            gc.collect()
            return len(gc.get_objects())

        before = await objects_after(10)
        # Some hundred cancelled timers may wait for the loop to sweep them; 3,300 of each sort came.
        assert await objects_after(100) - before < 1_000
        writer.close()
        assert found.provider.status.disconnects == {"bad_signature": 110 * 33}


# --- settings ---


def settings(**changes: Any) -> InboundSettings:
    return InboundSettings.model_validate({"type": "webhook", "of": "radarpulse", "secret": SECRET, **changes})


def test_the_path_follows_from_the_name(tmp_path: Path) -> None:
    """Unless it is set."""
    assert build("pulse", settings(), means(tmp_path)).path == "/hooks/pulse"
    assert build("pulse", settings(path="/in/flow.v1"), means(tmp_path)).path == "/in/flow.v1"


@pytest.mark.parametrize(
    "path",
    [
        "hooks/flow", "", "/", "//", "/hooks/", "/hooks//flow", "/hooks/../metrics", "/./metrics", "/hooks/{name}",
        "/hooks/flow?x=1", "/hooks/flow#x", "/hooks/fl ow", "/hooks/%2e", "/höhle", "/hooks/flow\n",
        "https://flow.example.org/hooks/flow", *sorted(RESERVED_PATHS),
    ],
)  # fmt: skip
def test_what_is_no_path(path: str) -> None:
    """Refused, with an example of what is one; what flowbot shows itself stays where it is."""
    with pytest.raises(ValidationError, match="/hooks/flow"):
        settings(path=path)


def test_the_secret_is_not_shown() -> None:
    """Not in the settings' repr, and not in the provider's."""
    assert SECRET not in repr(settings())
    assert SECRET not in repr(build(NAME, settings(), means(Path())))


@pytest.mark.parametrize("of", ["radarpulse", "optionwhales"])
def test_facts_are_those_of_the_vendor(of: str) -> None:
    """A rule is warned about just as with the vendor's stream."""
    own = settings(of=of)
    assert {"ticker", "premium", "side"} <= facts(own)
    assert build(NAME, own, means(Path())).facts == facts(own)


def test_every_field_is_described() -> None:
    """The descriptions become an editor's hover text."""
    assert all(field.description for field in InboundSettings.model_fields.values())


@pytest.mark.parametrize(
    ("body", "mark", "expected"),
    [
        (b'{"ticker":"A","data":{"x":1}}', "ticker", [b'{"ticker":"A","data":{"x":1}}']),
        (b'{"data":null}', "ticker", [b'{"data":null}']),
        (b'{"data":[]}', "ticker", []),
        (b'{"data":{"data":{"ticker":"A"}}}', "ticker", [b'{"data":{"ticker":"A"}}']),
        (b'[{"data":[1,2]},3]', "ticker", [b"1", b"2", b"3"]),
        (b'{"type":"t","data":{"x":1}}', "type", [b'{"type":"t","data":{"x":1}}']),
    ],
)
def test_frames_of_odd_bodies(body: bytes, mark: str, expected: list[bytes]) -> None:
    """One envelope is opened, and no frame is looked into."""
    assert frames(body, mark) == expected


def test_a_body_that_is_no_body() -> None:
    """Said as every fault of a frame is said."""
    with pytest.raises(FrameError, match="not_json"):
        frames(gzip.compress(b"[]")[:1] + b"{", "ticker")
