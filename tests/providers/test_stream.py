"""What a stream decides by itself, whatever its feed: `contract` has what shows over a socket."""

import pytest

from bot.model.secret import Secret
from bot.providers.backoff import End
from bot.providers.connection import Connection
from bot.providers.feed import Feed, Heartbeat
from bot.providers.stream import Stream

FEED = Feed(
    name="feed", url=Secret("ws://127.0.0.1:9/"), key=Secret("fake-key"), headers={},
    decode=lambda raw, received_ns, name: Heartbeat(), facts=frozenset(), silence_s=60.0, is_silent_after_hours=False,
)  # fmt: skip


class Deaf(Connection):
    """A connection whose pings are never answered, while other things happen."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.pings = 0
        self.why: End | None = None

    async def ping(self) -> bool:
        self.pings += 1
        self.stream._is_held = self.pings <= 2
        if self.pings <= 4:
            self.stream.status.last_frame_ns += self.pings > 2
        return False

    async def hang_up(self, why: End) -> None:
        self.why = why


async def test_a_missing_answer_counts_only_where_we_listened_and_heard_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not while the intake is full (pings 1 and 2), not while frames come (3 and 4): nothing that was sent is lost."""
    monkeypatch.setattr("bot.providers.stream.PING_S", 0)
    stream = Stream(FEED)
    connection = Deaf(stream)
    await stream._keep_alive(connection)
    assert connection.pings == 5
    assert connection.why == End("ping_timeout", "no answer to a ping for 20 s")
