"""What is known of a feed beside its prints: gaps, how far it was read, what a key has spent, trades taken back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from bot.model.alerts import Notice

Mode = Literal["stream", "poll", "inbound", "replay"]
"""How a provider gets its prints."""


class Gap(msgspec.Struct, frozen=True):
    """A time in which a feed could not be heard, and what became of the prints in it."""

    provider: str
    from_ns: int
    """Receipt of the last frame before it, unix nanoseconds."""
    to_ns: int
    """When the feed was heard again."""
    recovered: int | None = None
    """Prints that were given back; None: it could not be recovered, or not yet."""
    reason: str = ""
    """Why it could not be recovered, or not wholly, in words for a trader."""


class Ledger(Protocol):
    """What the store remembers of feeds, over restarts. Every method raises StoreError where it cannot do it now."""

    async def heard_until(self, provider: str) -> int | None:
        """When an earlier run last heard this feed, unix nanoseconds; None: never. Within some seconds."""

    async def note_heard(self, heard: Mapping[str, int]) -> None:
        """Remember by provider when it was last heard, unix nanoseconds."""

    async def note_gap(self, gap: Gap) -> None:
        """Keep a gap; one with the same provider and beginning is replaced: it has been recovered, say."""

    async def gaps(self, since_ns: int) -> Sequence[Gap]:
        """Gaps that ended after `since_ns`, oldest first."""

    async def spent(self, account: str, day: str) -> int:
        """Requests that a key has used on a day (`2026-11-22`); 0 for a day that was not noted."""

    async def note_spent(self, account: str, day: str, count: int) -> None:
        """Remember what a key has used on a day, all together. `account` names the key and does not hold it."""


@dataclass(frozen=True, slots=True)
class FeedMeans:
    """What the application hands every provider."""

    ledger: Ledger
    tell: Callable[[str, Notice], None]
    """Tell the admins about a subject; at most once an hour each."""
    folder: Path = Path()
    """The configuration file's own: relative paths begin there."""
    store_folder: Path = Path()
    """Where the store is, and whatever else flowbot keeps beside it."""
