"""The fake feed keeps to the documents, and fails loudly on what they do not have."""

import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.fakes.feed import KEY, FakeFeed


async def status_of(url: str, **headers: str) -> int:
    try:
        async with connect(url, additional_headers=headers, proxy=None):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


async def test_radarpulse_takes_its_key_in_either_header() -> None:
    """A missing or wrong key is 401, a key of a lower tier 403."""
    async with FakeFeed("radarpulse") as feed:
        assert await status_of(feed.url, **{"x-api-key": KEY}) == 101
        assert await status_of(feed.url, Authorization=f"Bearer {KEY}") == 101
        assert await status_of(feed.url) == 401
        assert await status_of(feed.url, Authorization=KEY) == 401
        assert await status_of(feed.url, **{"x-api-key": "fake-free-key"}) == 403
        assert [handshake.status for handshake in feed.handshakes] == [101, 101, 401, 401, 403]


async def test_optionwhales_takes_its_key_in_query_or_header() -> None:
    """And lets one connection in for a key."""
    async with FakeFeed("optionwhales") as feed:
        assert await status_of(f"{feed.url}?api_key=wrong") == 401
        assert await status_of(feed.url, **{"X-API-Key": "fake-free-key"}) == 403
        async with connect(f"{feed.url}?api_key={KEY}", proxy=None) as client:
            assert await status_of(f"{feed.url}?api_key={KEY}") == 403
            await client.send('{"type": "subscribe", "tickers": ["AAPL"]}')
            assert json.loads(await client.recv()) == {"type": "subscribed", "tickers": ["AAPL"]}
            await feed.send_trades({"ticker": "TSLA"}, {"ticker": "AAPL"})
            assert json.loads(await client.recv())["data"] == {"ticker": "AAPL"}
            await feed.error("going away")
            assert json.loads(await client.recv()) == {"type": "error", "message": "going away"}
            with pytest.raises(ConnectionClosed):
                await client.recv()


async def test_a_message_to_radarpulse_is_a_violation() -> None:
    """Nothing is to be sent there."""
    feed = FakeFeed("radarpulse")

    async def talk() -> None:
        async with feed, connect(feed.url, additional_headers={"x-api-key": KEY}, proxy=None) as client:
            await client.send('{"type": "subscribe"}')

    with pytest.raises(AssertionError, match="undocumented requests to radarpulse"):
        await talk()
    assert len(feed.violations) == 1


@pytest.mark.parametrize("path", ["/v1/other", "/v1/stream?api_key=fake-key-0123456789"])
async def test_an_undocumented_request_is_a_violation(path: str) -> None:
    """Another path, or a key in RadarPulse's query."""
    with pytest.raises(AssertionError, match="undocumented requests"):
        async with FakeFeed("radarpulse") as feed:
            await status_of(feed.url.replace("/v1/stream", path))
