"""Prints that any feed sends to us, by a map: received and verified as a vendor's are."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.model.feeds import FeedMeans
from bot.providers.inbound import Inbound
from bot.providers.mapped import build
from tests.providers.doubles import KeepingIntake, KeepingLedger, until
from tests.providers.mapped import settings

SECRET = "fake-hook-secret"
READS: dict[str, Any] = {
    "records": "list[]", "only": {"$.kind": "trades"}, "skip": {"test": True}, "cancels": {"off": True},
    "fields": {"ticker": "t", "size": "n"},
}  # fmt: skip


@asynccontextmanager
async def receiving(**changes: Any) -> AsyncIterator[tuple[Inbound, KeepingIntake]]:
    wanted = {"transport": "webhook", "path": "/hooks/house", "api_key": SECRET, "map": READS, **changes}
    means = FeedMeans(KeepingLedger(), lambda _subject, _notice: None)
    provider, intake = build("house", settings(**wanted), means), KeepingIntake()
    assert isinstance(provider, Inbound)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(provider.run(intake))
        try:
            await until(lambda: provider.status.is_connected)
            yield provider, intake
        finally:
            await provider.close()


async def post(provider: Inbound, body: bytes, secret: str = SECRET) -> int:
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return await provider.receive(body, [("X-Signature", signature)])


def body_of(*rows: Any, kind: str = "trades") -> bytes:
    return json.dumps({"kind": kind, "list": rows}).encode()


async def test_a_signed_body_becomes_prints_and_cancels() -> None:
    """Each record for itself: a fault is kept as the frame that it would be alone."""
    broken = {"t": "NVDA", "n": "lots"}
    rows = ({"t": "NVDA", "n": 5}, broken, {"t": "X", "test": True}, {"t": "AAPL", "n": 7, "off": True}, {"t": "AMD"})
    async with receiving() as (provider, intake):
        assert provider.path == "/hooks/house"
        assert provider.facts == {"ticker", "size", "sector"}
        assert await post(provider, body_of(*rows)) == 200
    assert [(found.provider, found.ticker, found.size) for found in intake.prints] == [
        ("house", "NVDA", 5), ("house", "AMD", None)
    ]  # fmt: skip
    assert [(found.ticker, found.size) for found in intake.cancelled] == [("AAPL", 7)]
    ((_, reason, _, raw),) = intake.rejected
    assert (reason, json.loads(raw)) == ("bad_number", {"kind": "trades", "list": [broken]})


async def test_what_the_map_passes_over_is_taken_all_the_same() -> None:
    """Or it would come again for ever."""
    async with receiving() as (provider, intake):
        assert await post(provider, body_of({"t": "NVDA"}, kind="heartbeat")) == 200
    assert (intake.prints, intake.rejected) == ([], [])


async def test_a_body_that_is_no_json_is_refused() -> None:
    """It would be none the next time either."""
    async with receiving() as (provider, intake):
        assert await post(provider, b"{") == 400
    assert intake.reasons == ["not_json"]


async def test_another_secret_is_refused() -> None:
    """Nothing of the body is looked at."""
    async with receiving() as (provider, intake):
        assert await post(provider, body_of({"t": "NVDA"}), "fake-other") == 401
    assert (intake.prints, intake.rejected) == ([], [])


async def test_a_list_whose_records_need_one_another_stays_whole() -> None:
    """Here the first one says what day it is for all."""
    reads = {"records": "[]", "skip": {"head": True}, "fields": {"ticker": "t", "time": "et($[0].day, at)"}}
    async with receiving(map=reads, delayed=True) as (provider, intake):
        rows = [{"head": True, "day": "2026-07-16"}, {"t": "NVDA", "at": "11:30"}, {"t": "AMD"}, {"t": ""}]
        assert await post(provider, json.dumps(rows).encode()) == 200
        assert provider.status.is_delayed
    told = [(found.ticker, found.is_delayed, found.time and found.time.isoformat()) for found in intake.prints]
    assert told == [("NVDA", True, "2026-07-16T15:30:00+00:00"), ("AMD", True, None)]
    assert intake.reasons == ["no_ticker"]
