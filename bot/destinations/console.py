"""Shows alerts on the terminal that flowbot runs in."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from bot.destinations.catalog import Means
from bot.destinations.settings import ConsoleSettings
from bot.model.alerts import Batch, Delivery, Edit
from bot.model.outcomes import Blind, DestinationDead, EditOutcome, Outcome, Permanent, Sent, Sight
from bot.model.ports import Rate
from bot.render.cards import cards_of
from bot.render.look import Look
from bot.render.terminal import render

MAX_CARDS = 25
"""In one write: a screenful or two, so that a burst scrolls by in order."""


class Console:
    """A `Destination` without a pace."""

    platform = "console"
    is_idempotent = False
    can_edit = False
    buckets: Mapping[str, tuple[Rate, ...]] = MappingProxyType({})
    edit_buckets = buckets

    def __init__(
        self, name: str, write: Callable[[str], None], look: Look, now_ns: Callable[[], int], *, is_coloured: bool
    ) -> None:
        self.name = name
        self._write = write
        self._look = look
        self._now_ns = now_ns
        self._is_coloured = is_coloured

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        return min(len(deliveries), MAX_CARDS)

    async def send(self, batch: Batch) -> Outcome:
        cards = cards_of(batch, self._look, self._now_ns())
        try:
            self._write("".join(f"{render(shown, is_coloured=self._is_coloured)}\n\n" for shown in cards))
        except (OSError, ValueError):  # the pipe's reader has gone, or the stream is closed
            return DestinationDead("nobody reads standard output any more")
        return Sent()

    async def edit(self, edit: Edit) -> EditOutcome:
        return Permanent("what a terminal shows stays as it is")

    async def find(self, batch: Batch) -> Sight:
        return Blind("nobody knows what a terminal showed")

    async def close(self) -> None:
        """Standard output stays open for others."""


def build(name: str, settings: ConsoleSettings, means: Means) -> Console:
    """The terminal, in colour where it is one."""
    is_coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return Console(name, means.write or _to_stdout, means.look, means.now_ns, is_coloured=is_coloured)


def _to_stdout(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))  # a terminal without emoji gets "?"
    sys.stdout.flush()
