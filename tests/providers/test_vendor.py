"""A vendor's provider as the configuration builds it: the port's promises that are not the stream's alone."""

import asyncio
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from bot.model.prints import Print
from bot.providers.catalog import ProviderSettings, build_provider
from bot.providers.vendor import Vendor
from tests.fakes.faults import HANG, answer
from tests.fakes.feed import KEY, FakeFeed
from tests.providers.doubles import KeepingIntake, until
from tests.providers.vendors import a_row, at_work

ADAPTER: TypeAdapter[ProviderSettings] = TypeAdapter(ProviderSettings)


def built(**changes: Any) -> Vendor:
    provider = build_provider("pulse", ADAPTER.validate_python({"type": "radarpulse", "api_key": KEY, **changes}))
    assert isinstance(provider, Vendor)
    return provider


@pytest.mark.parametrize(
    ("changes", "has_rest"),
    [
        ({}, True),
        ({"ws_url": "ws://127.0.0.1:9/v1/stream"}, False),
        ({"ws_url": "ws://127.0.0.1:9/v1/stream", "rest_url": "http://localhost:9/v1"}, True),
        ({"ws_url": "ws://127.0.0.1:9/v1/stream", "mode": "poll"}, True),
        ({"ws_url": "wss://proxy.example/stream"}, True),
    ],
)
def test_a_stream_on_this_machine_has_no_rest_api_elsewhere(changes: dict[str, Any], has_rest: bool) -> None:
    """A simulator's user did not ask for requests to the vendor."""
    assert (built(**changes)._plan.open_source is not None) is has_rest


@pytest.mark.parametrize(
    ("changes", "told"), [({"mode": "push"}, "'auto', 'stream' or 'poll'"), ({"every": "0s"}, "greater than or equal")]
)
def test_a_wrong_setting_says_what_is_expected(changes: dict[str, Any], told: str) -> None:
    """In words that mend it."""
    with pytest.raises(ValidationError, match=told):
        built(**changes)


def test_before_it_runs_the_status_tells_how_it_will() -> None:
    """`/flow status` is asked early."""
    assert [(p.status.mode, p.status.is_delayed) for p in (built(), built(mode="poll"))] == [
        ("stream", False), ("poll", True),
    ]  # fmt: skip


async def test_without_means_it_streams_all_the_same() -> None:
    """As in a test or a demo: nothing is remembered, and nobody is told."""
    async with FakeFeed("radarpulse") as server, asyncio.TaskGroup() as tasks:
        provider, intake = built(ws_url=server.url), KeepingIntake()
        tasks.create_task(provider.run(intake))
        await server.connected()
        await server.send_trades(a_row(1))
        await until(lambda: intake.prints)
        await provider.close()
        await provider.close()
        assert not provider.status.is_connected
    assert server.goodbyes == [1000]


async def test_closed_before_it_runs_it_asks_nobody() -> None:
    """Start and stop may cross."""
    async with FakeFeed("radarpulse") as server:
        provider = built(ws_url=server.url)
        await provider.close()
        await provider.run(KeepingIntake())
        assert server.handshakes == []


@pytest.mark.parametrize("mode", ["stream", "poll"])
async def test_close_does_not_wait_for_the_vendor(mode: str) -> None:
    """A request that hangs is given up."""
    async with at_work(mode=mode, prepare=lambda rest: rest.script(HANG, what="look")) as run:
        if mode == "stream":
            await run.server.connected()
            await run.server.abort()
            await run.reconnect()
            await run.pass_sleep(lambda seconds: seconds == 2.0)
        await until(lambda: run.rest._busy)
        async with asyncio.timeout(2):
            await run.provider.close()
        await until(run.task.done)


async def test_cancellation_passes() -> None:
    """Whoever cancels `run` gets it cancelled."""
    async with at_work() as run:
        await until(lambda: run.provider.status.is_connected)
        run.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run.task
        assert not run.provider.status.is_connected


async def test_the_key_is_nowhere_to_be_read(caplog: pytest.LogCaptureFixture) -> None:
    """Not where a vendor quotes it in a refusal, a gap's reason, or the ledger."""
    quoting = answer(403, {"error": f"no plan for {KEY}"})
    async with at_work(prepare=lambda rest: rest.script(quoting, quoting, what="look")) as run:
        await run.server.connected()
        await run.server.abort()
        await run.reconnect()
        await run.pass_sleep(lambda seconds: seconds == 2.0)
        gap = await run.settled_gap()
        told = [repr(run.provider._plan), repr(run.provider.status), repr(run.ledger.noted), repr(run.ledger.used)]
    assert "no plan for ***" in gap.reason
    assert KEY not in "\n".join([*told, caplog.text])


def test_flags_are_no_part_of_the_identity() -> None:
    """Or nothing that was recovered would be known again."""
    assert Print("p", "NVDA", 1, is_recovered=True).identity == Print("p", "NVDA", 2, is_delayed=True).identity
