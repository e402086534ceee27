"""What all lanes have in common: the store, the pace, the counts, the clock, and the way to the admins."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import structlog

from bot.engine.breaker import Breaker
from bot.engine.metrics import Metrics
from bot.engine.pace import Buckets
from bot.model.alerts import Notice
from bot.model.ports import Outbox

log = structlog.get_logger()

MOST_NOTICES = 50
"""Notices that wait to be told; more are dropped, for each is in the log already."""


class Word(NamedTuple):
    """A notice on its way."""

    subject: str
    notice: Notice
    send_to: tuple[str, ...] | None = None
    """Destinations; None: the admins', who are told of one subject at most once an hour."""


class Steered(Protocol):
    """What people keep quiet, as far as those ask who post."""

    def is_held(self, destination: str) -> bool:
        """Nothing is posted there now, and what waits, waits on."""

    def is_muted(self, rule: str) -> bool:
        """The rule tells nobody now."""


class Unsteered:
    """Nothing is kept quiet."""

    def is_held(self, destination: str) -> bool:
        return False

    def is_muted(self, rule: str) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Shared:
    """One for the whole service."""

    outbox: Outbox
    metrics: Metrics
    buckets: Buckets = field(default_factory=Buckets)
    breaker: Breaker = field(default_factory=Breaker)
    now_ns: Callable[[], int] = time.time_ns
    jitter: Callable[[], float] = random.random
    """From 0 to 1."""
    steering: Steered = Unsteered()  # noqa: RUF009 - it has no state
    notices: asyncio.Queue[Word] = field(default_factory=lambda: asyncio.Queue(MOST_NOTICES))

    def tell(self, subject: str, notice: Notice) -> None:
        """Have the admins told, at most once an hour about one subject."""
        self._tell(Word(subject, notice))

    def post(self, subject: str, notice: Notice, send_to: tuple[str, ...]) -> None:
        """Have the destinations `send_to` told, each time: the caller sees to it that it is not too often."""
        self._tell(Word(subject, notice, send_to))

    def _tell(self, word: Word) -> None:
        try:
            self.notices.put_nowait(word)
        except asyncio.QueueFull:
            log.warning("notice.dropped", subject=word.subject, title=word.notice.title)
