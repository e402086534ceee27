"""What a stream decides by itself, whatever its feed: `contract` has what shows over a socket."""

import pytest

from bot.model.secret import Secret
from bot.providers.backoff import End
from bot.providers.connection import Connection
from bot.providers.feed import Feed, Heartbeat
from bot.providers.heard import Heard
from bot.providers.reader import Reader
from bot.providers.stream import Stream
from tests.providers.doubles import KeepingIntake

FEED = Feed(
    name="feed", url=Secret("ws://127.0.0.1:9/"), key=Secret("fake-key"), headers={},
    decode=lambda raw, received_ns, name: Heartbeat(), facts=frozenset(), silence_s=60.0, is_silent_after_hours=False,
)  # fmt: skip


class Deaf(Connection):
    """A connection whose pings are never answered, while other things happen."""

    def __init__(self, stream: Stream, reader: Reader) -> None:
        self.stream = stream
        self.reader = reader
        self.pings = 0
        self.why: End | None = None

    async def ping(self) -> bool:
        self.pings += 1
        self.reader.is_held = self.pings <= 2
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
    reader = Reader(FEED, stream.status, Heard(), KeepingIntake(), now_ns=lambda: 0, welcomed=lambda: None)
    connection = Deaf(stream, reader)
    await stream._keep_alive(connection, reader)
    assert connection.pings == 5
    assert connection.why == End("ping_timeout", "no answer to a ping for 20 s")
