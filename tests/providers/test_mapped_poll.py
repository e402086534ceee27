"""Polls by a map: Unusual Whales' flow alerts by REST, with a bearer and `newer_than`."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.providers.mapped_settings import MappedSettings
from tests.fakes.faults import HANG, TRUNCATED, answer
from tests.fakes.mapped_feeds import KEY, FakeUnusualWhales
from tests.providers.doubles import NOON_NS, until
from tests.providers.mapped import NAME, Mapped, running, settings

NOON_MS = NOON_NS // 1_000_000
S = 1_000_000_000
FIELDS: dict[str, Any] = {
    "provider_id": "id", "ticker": "ticker", "option_symbol": "option_chain", "premium": "total_premium",
    "size": "total_size", "time": {"from": "executed_at", "unit": "ms"},
}  # fmt: skip


def an_alert(number: int, at_s: float = 0.0, **changes: Any) -> dict[str, Any]:
    """One of so many seconds after noon, told apart by its id and its premium."""
    return {
        "id": f"a{number}", "ticker": "JD", "option_chain": "JD261218P00034000", "total_size": 341,
        "total_premium": float(number), "executed_at": NOON_MS + round(at_s * 1000), **changes,
    }  # fmt: skip


def polled(server: FakeUnusualWhales, **changes: Any) -> MappedSettings:
    wanted = {
        "transport": "poll", "url": server.rest_url, "every": "10s", "api_key": KEY,
        "auth": {"header": {"Authorization": "Bearer {key}"}}, "since": {"query": "newer_than", "unit": "ms"},
        "map": {"records": "data[]", "cancels": {"canceled": True}, "fields": FIELDS},
    }  # fmt: skip
    return settings(**{**wanted, **changes})


@asynccontextmanager
async def polling(*rows: dict[str, Any], **changes: Any) -> AsyncIterator[tuple[FakeUnusualWhales, Mapped]]:
    async with FakeUnusualWhales() as server:
        server.rows = list(rows)
        async with running(polled(server, **changes)) as run:
            yield server, run
        assert server.unexpected == []


async def again(server: FakeUnusualWhales, run: Mapped, wait_s: float = 10) -> None:
    """Let the time until the next poll pass, and wait for its end."""
    asked = len(server.seen)
    await run.slept(at_least_s=wait_s, at_most_s=wait_s)
    await run.clock.advance(wait_s)
    await until(lambda: len(server.seen) > asked and run.clock.sleepers)


async def test_what_is_new_is_handed_over_once_oldest_first() -> None:
    """The feed is asked for what is newer than the newest, a minute of overlap included; what was seen stays out."""
    async with polling(an_alert(2, -5), an_alert(1, -8)) as (server, run):
        await run.prints(2)
        server.rows.append(an_alert(3, 4))
        await again(server, run)
        await run.prints(3)
        await again(server, run)
        prints = run.intake.prints
        assert (run.status.mode, run.status.is_connected, run.status.last_frame_ns) == ("poll", True, NOON_NS + 20 * S)
    assert [found.premium for found in prints] == [1.0, 2.0, 3.0]
    assert {(found.provider, found.is_delayed, found.is_recovered) for found in prints} == {(NAME, True, False)}
    # Twenty minutes back at first; then a minute before the newest.
    assert [asked["newer_than"] for asked in server.asked] == [
        str(NOON_MS - 1_200_000), str(NOON_MS - 5_000 - 60_000), str(NOON_MS + 4_000 - 60_000)
    ]  # fmt: skip


async def test_it_asks_as_often_as_it_was_told_to() -> None:
    """With news and without."""
    async with polling(every="3s") as (server, run):
        for count in range(1, 8):
            await until(lambda count=count: len(server.asked) == count)  # type: ignore[misc]
            assert await run.slept() == pytest.approx(3)
            await run.clock.advance(3)


async def test_the_query_of_the_address_is_kept_and_auth_added() -> None:
    """A parameter that stands twice, and a key with odd characters, arrive whole."""
    async with FakeUnusualWhales() as server:
        changes = {
            "url": f"{server.rest_url}?issue_types[]=Common%20Stock&issue_types[]=ETF&limit=200",
            "auth": {"header": {"Authorization": "Bearer {key}"}, "query": {"limit": "{tickers}"}},
            "tickers": ["A", "B"], "since": None,
        }  # fmt: skip
        async with running(polled(server, **changes)):
            await until(lambda: server.asked)
        assert server.asked == [{"issue_types[]": "Common Stock", "limit": "200"}]
        assert server.unexpected == []


async def test_the_address_is_asked_as_it_is_written() -> None:
    """A slash at the end is another address than none."""
    async with FakeUnusualWhales() as server:
        async with running(polled(server, url=f"{server.origin}/alerts%2Fnew/")) as run:
            await until(lambda: run.status.disconnects)
        assert server.unexpected == ["undocumented request: GET /alerts/new/"]


@pytest.mark.parametrize(
    ("unit", "sent"), [("ms", "1784216400000"), ("s", "1784216400"), ("iso", "2026-07-16T15:40:00Z")]
)
async def test_since_has_the_unit_that_the_feed_wants(unit: str, sent: str) -> None:
    """16:00 UTC less twenty minutes."""
    async with FakeUnusualWhales() as server, running(polled(server, since={"query": "limit", "unit": unit})):
        await until(lambda: server.asked)
        assert server.asked[0] == {"limit": sent}


async def test_old_prints_are_no_news_unless_the_feed_is_delayed() -> None:
    """Half an hour old: nothing for a feed of now; what a delayed one has."""
    async with polling(an_alert(1, -1800), since=None) as (_, run):
        await until(lambda: run.status.is_connected)
        assert run.intake.prints == []
    async with polling(an_alert(1, -1800), since=None, delayed=True) as (_, run):
        await run.prints(1)


async def test_a_cancel_is_told_once() -> None:
    """However often the list shows it."""
    async with polling(an_alert(1), an_alert(2), since=None) as (server, run):
        (first, _) = await run.prints(2)
        server.rows[0] = an_alert(1, canceled=True)
        await again(server, run)
        await again(server, run)
    assert [found.identity for found in run.intake.cancelled] == [first.identity]


async def test_a_broken_row_costs_itself_alone_and_is_told_once() -> None:
    """As the frame that it would be alone, which the tape's reader and a person can read."""
    async with polling(an_alert(1), an_alert(2, total_premium="much"), since=None) as (server, run):
        await run.prints(1)
        await again(server, run)
    ((_, reason, _, raw),) = run.intake.rejected
    assert reason == "bad_number"
    assert json.loads(raw) == {"data": [an_alert(2, total_premium="much")]}
    assert [json.loads(frame) for _, _, frame in run.taped] == [{"data": [an_alert(1)]}]


async def test_an_answer_that_cannot_be_taken_apart_is_taped_once() -> None:
    """So much stands around the list that it is not repeated for each print."""
    rows = [an_alert(1), an_alert(2), an_alert(3, total_premium="much"), an_alert(4, total_premium="more")]
    async with FakeUnusualWhales() as server:
        server.rows = list(rows)
        server.envelope = lambda rows: {"data": rows, "notes": "x" * 5000}
        async with running(polled(server)) as run:
            await run.prints(2)
            await until(lambda: run.intake.rejected)
        assert [json.loads(frame)["data"] for _, _, frame in run.taped] == [rows]
        assert run.intake.reasons == ["bad_number"]


@pytest.mark.parametrize(
    ("status", "headers", "reason", "wait_s"),
    [
        (401, {}, "auth", 300),
        (403, {}, "forbidden", 10),  # the key worked before
        (404, {}, "bad_handshake", 10),
        (429, {}, "rate_limited", 10),
        (429, {"Retry_After": "40"}, "rate_limited", 40),
        (500, {}, "server_error", 10),
        (307, {"Location": "http://127.0.0.1:9/"}, "bad_handshake", 10),
    ],
)
async def test_a_refused_poll_is_tried_again_when_it_may_help(
    status: int, headers: dict[str, str], reason: str, wait_s: float
) -> None:
    """Never sooner than usual; the key is not shown, and what came meanwhile is given back."""
    with capture_logs() as logs:
        async with polling(an_alert(1)) as (server, run):
            await run.prints(1)
            server.script(answer(status, f"go away with {KEY}", **headers), what="look")
            await again(server, run)
            await until(lambda: run.status.disconnects)
            assert (run.status.disconnects, run.status.is_connected) == ({reason: 1}, False)
            assert await run.slept() == pytest.approx(wait_s)
            server.rows.append(an_alert(2, 9))
            await run.clock.advance(wait_s)
            assert (await run.prints(2))[1].is_recovered
            await until(lambda: run.status.gaps["recovered"])
            told = repr((logs, run.status, run.intake.rejected))
    assert KEY not in told
    assert run.ledger.noted[-1].recovered == 1


@pytest.mark.parametrize("body", ["<html>", '{"data": [', "{}", '{"error": "no"}', "3", "\xff", ""])
async def test_an_answer_in_which_the_map_finds_nothing(body: str) -> None:
    """It is no answer: the next poll asks again for the same time."""
    async with polling(an_alert(1)) as (server, run):
        await run.prints(1)
        server.script(answer(200, body), what="look")
        await again(server, run)
        await until(lambda: run.status.disconnects)
        assert run.status.disconnects == {"bad_handshake": 1}
        assert "the map finds nothing in the answer" in run.status.last_error
        await again(server, run)
        await until(lambda: run.status.is_connected)


async def test_an_answer_that_breaks_off_is_a_failed_poll() -> None:
    """Half a list is not taken for the whole."""
    async with polling(an_alert(1)) as (server, run):
        await run.prints(1)
        server.rows.append(an_alert(2, 5))
        server.script(TRUNCATED, what="look")
        await again(server, run)
        await until(lambda: run.status.disconnects == {"server_error": 1})
        assert len(run.intake.prints) == 1
        await again(server, run)
        await run.prints(2)


async def test_close_does_not_wait_for_an_answer() -> None:
    """A poll that hangs is given up."""
    async with FakeUnusualWhales() as server:
        server.script(HANG, what="look")
        async with running(polled(server)) as run:
            await until(lambda: server._busy)
            await run.provider.close()
            await until(run.task.done)
        await server.settled()


async def test_an_empty_list_is_an_answer() -> None:
    """A quiet market."""
    async with polling() as (_, run):
        await until(lambda: run.status.is_connected)
        assert run.status.disconnects == {}


async def test_without_a_key_nothing_is_sent_and_nothing_scrubbed() -> None:
    """What the server says is shown as it is."""
    async with FakeUnusualWhales() as server:
        server.script(answer(503, "closed for lunch"), what="look")
        async with running(polled(server, api_key=None, auth={})) as run:
            await until(lambda: run.status.disconnects)
            assert run.status.last_error == "HTTP 503: closed for lunch"
