"""What admins and askers may keep quiet, and the record of who did what."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

MuteKind = Literal["rule", "ticker", "destination", "person", "closed", "pause"]
"""rule, ticker, destination: an admin's mute, of what is posted for all. person: somebody's snooze of their own alerts.
closed: somebody takes no messages of ours, says the platform. pause: nothing is posted at all, and waits; no name."""


class Mute(msgspec.Struct, frozen=True):
    """Something that is kept quiet. There is one of a kind and name at most."""

    kind: MuteKind
    name: str
    """The rule's, the ticker, the destination's, the person; empty for `pause`."""
    until_ns: int | None
    """Unix nanoseconds; it ends by itself. None: until somebody ends it."""
    by: str
    """The person, or `flowbot`."""
    reason: str
    made_ns: int

    def is_on(self, now_ns: int) -> bool:
        return self.until_ns is None or now_ns < self.until_ns


class Act(msgspec.Struct, frozen=True):
    """One steering act, for the audit log."""

    at_ns: int
    by: str
    """The person, and their name as the platform shows it: `discord:123 (ann)`."""
    what: str
    """The command as text: `flowadmin mute ticker NVDA for 2h earnings`."""
    result: str
    """What came of it, in a line."""


class SteeringStore(Protocol):
    """Where both are made durable. Every method raises StoreError where the store cannot do it now."""

    async def mutes(self) -> Sequence[Mute]:
        """Those that are on, the oldest first."""

    async def mute(self, mute: Mute, act: Act | None = None) -> None:
        """Keep something quiet, in place of what was said of it before; with its act, in one transaction."""

    async def unmute(self, kind: MuteKind, name: str, act: Act | None = None) -> bool:
        """Whether there was such a mute, and it was on; the act is noted only then."""

    async def note_act(self, act: Act) -> None:
        """For acts that change nothing in the store."""

    async def acts(self, limit: int, offset: int = 0) -> Sequence[Act]:
        """The newest first."""
