"""Which prints of a feed came lately, whichever way, and until when the feed was heard: a bounded memory."""

import asyncio
from collections import deque
from hashlib import blake2b
from typing import Final

from bot.model.prints import Print

LATEST: Final = 5_000
"""Prints of the stream whose identities are not worked out yet: more than come in the overlap of a recovery."""
REMEMBERED: Final = 20_000
"""Identities in each of two generations; between one and two of them are remembered."""
_TURN: Final = 200
"""Identities worked out before others get a turn: two milliseconds."""


class Heard:
    """The stream pays an append for each print. Identities are worked out when somebody asks, after a gap."""

    __slots__ = ("_new", "_old", "latest", "until_ns")

    def __init__(self) -> None:
        self.latest: deque[Print] = deque(maxlen=LATEST)
        """Where the stream puts every print."""
        self.until_ns: int | None = None
        """When the feed was last heard, unix nanoseconds; None: never."""
        self._new: set[bytes] = set()
        self._old: set[bytes] = set()

    async def catch_up(self) -> None:
        """Work out what the stream left, without keeping others waiting. Called before a row of `is_new`."""
        for _ in range(0, len(self.latest), _TURN):  # what comes meanwhile is not waited for: it may never end
            for _ in range(min(len(self.latest), _TURN)):
                self._is_new(self.latest.popleft().identity)
            await asyncio.sleep(0)

    def is_new(self, found: Print) -> bool:
        """Whether this print was not here before; remembers it."""
        while self.latest:
            self._is_new(self.latest.popleft().identity)
        return self._is_new(found.identity)

    def is_new_row(self, raw: bytes) -> bool:
        """Whether this row, which is no print, was not here before; remembers it."""
        return self._is_new(blake2b(raw, digest_size=16).digest())

    def _is_new(self, mark: bytes) -> bool:
        if mark in self._new or mark in self._old:
            return False
        self._new.add(mark)
        if len(self._new) >= REMEMBERED:
            self._old, self._new = self._new, set()
        return True
