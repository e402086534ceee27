"""What admins and askers keep quiet, and the audit log: durable before anybody is told that it is done."""

from collections.abc import Callable, Sequence

from bot.model.steering import Act, Mute, MuteKind
from bot.outbox.writer import Transactions


class SqliteSteering:
    """A part of the outbox. Each call is a job of its writer, and raises StoreError where it cannot be done now."""

    _writer: Transactions
    _now_ns: Callable[[], int]

    async def mutes(self) -> Sequence[Mute]:
        """Those that are on; what has ended is forgotten."""
        raise NotImplementedError

    async def mute(self, mute: Mute, act: Act | None = None) -> None:
        """Keep something quiet, in place of what was said of it before; with its act, in one transaction."""
        raise NotImplementedError

    async def unmute(self, kind: MuteKind, name: str, act: Act | None = None) -> bool:
        """Whether there was such a mute, and it was on; the act is noted only then."""
        raise NotImplementedError

    async def note_act(self, act: Act) -> None:
        """For acts that change nothing in the store."""
        raise NotImplementedError

    async def acts(self, limit: int, offset: int = 0) -> Sequence[Act]:
        """The newest first."""
        raise NotImplementedError
