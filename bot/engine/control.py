"""What is kept quiet now, in memory as in the store: mutes, snoozes, the pause. In the store before anybody is told."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from bot.gate import verdict
from bot.gate.mutes import Mutes, hold
from bot.model.errors import StoreError
from bot.model.matches import Known, Match, Verdict
from bot.model.steering import Act, Mute, MuteKind, SteeringStore

log = structlog.get_logger()
T = TypeVar("T")

LONGEST_SLEEP_S = 60.0
"""However far off the next end is: clocks jump."""
TRY_AGAIN_S = 1.0
"""After the store could not say what is muted."""
PAUSE: tuple[MuteKind, str] = ("pause", "")


class Control:
    """Call `restore` before the first print, and keep `run` running. See also `bot.engine.shared.Steered`."""

    def __init__(
        self,
        store: SteeringStore,
        now_ns: Callable[[], int] = time.time_ns,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """`changed`: something is quiet from now on, or no longer."""
        self._store = store
        self._now_ns = now_ns
        self._changed = changed
        self._mutes = Mutes()
        self._is_in_doubt = False
        """The store may know more than we do."""
        self._news = asyncio.Event()

    async def restore(self) -> None:
        """Obey what was muted before. Raises StoreError."""
        self._use(Mutes.of(await self._store.mutes()))
        if self.is_paused:
            log.warning("steering.paused", remedy="`/flowadmin resume` ends it")

    async def run(self) -> None:
        """End what is over, for ever."""
        while True:
            self._news.clear()
            await self._catch_up()
            self._end()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._sleep_s()):
                    await self._news.wait()

    # --- what the engine asks ---

    def judge(self, match: Match, known: Known) -> Verdict:
        """The verdict on a match. Called in the store's own thread."""
        return hold(verdict.judge(match, known), match, self._mutes, self._now_ns())

    def is_held(self, destination: str) -> bool:
        """Nothing is posted there now, and what waits, waits on."""
        mutes = self._mutes
        if not mutes.by_key:
            return False
        now_ns = self._now_ns()
        return mutes.is_on(*PAUSE, now_ns) or mutes.is_quiet_at(destination, now_ns)

    def is_muted(self, rule: str) -> bool:
        """The rule tells nobody now."""
        return self._mutes.is_on("rule", rule, self._now_ns())

    @property
    def is_paused(self) -> bool:
        """Nothing is posted anywhere; the admins are told of trouble all the same."""
        return self._mutes.is_on(*PAUSE, self._now_ns())

    def active(self, kind: MuteKind | None = None) -> tuple[Mute, ...]:
        """What is muted now, the oldest first; `kind` None: of any kind."""
        now_ns = self._now_ns()
        return tuple(m for m in self._mutes.by_key.values() if m.is_on(now_ns) and kind in (None, m.kind))

    # --- what people do; each raises StoreError where the store cannot do it now, and then nothing was done ---

    async def mute(self, mute: Mute, act: Act | None = None) -> None:
        """Keep something quiet from now on, in place of what was said of it before."""
        await self._durably(self._store.mute(mute, act))
        self._use(self._mutes.with_one(mute))

    async def unmute(self, kind: MuteKind, name: str, act: Act | None = None) -> bool:
        """Whether it was muted; the act is noted only then."""
        was_on = await self._durably(self._store.unmute(kind, name, act))
        self._use(self._mutes.without((kind, name)))
        return was_on

    async def note(self, act: Act) -> None:
        """An act that changed nothing of this goes to the audit log."""
        await self._store.note_act(act)

    async def acts(self, limit: int, offset: int = 0) -> Sequence[Act]:
        """The audit log, the newest first."""
        return await self._store.acts(limit, offset)

    async def _durably(self, work: Awaitable[T]) -> T:
        """Whoever asked may be gone before the store answers, and the store does it all the same."""
        try:
            return await work
        except asyncio.CancelledError:
            self._is_in_doubt = True
            self._news.set()
            raise

    # --- keeping up ---

    async def _catch_up(self) -> None:
        if not self._is_in_doubt:
            return
        try:
            found = await self._store.mutes()
        except StoreError as error:
            log.warning("steering.not_read", reason=str(error))
            return
        self._is_in_doubt = False
        self._use(Mutes.of(found))

    def _end(self) -> None:
        now_ns = self._now_ns()
        over = [mute for mute in self._mutes.by_key.values() if not mute.is_on(now_ns)]
        if not over:
            return
        for mute in over:
            log.info("mute.ended", kind=mute.kind, name=mute.name, by=mute.by)
        self._use(self._mutes.without(*((mute.kind, mute.name) for mute in over)))

    def _sleep_s(self) -> float | None:
        if self._is_in_doubt:
            return TRY_AGAIN_S
        ends_ns = [mute.until_ns for mute in self._mutes.by_key.values() if mute.until_ns is not None]
        return min(LONGEST_SLEEP_S, max(0.0, (min(ends_ns) - self._now_ns()) / 1e9)) if ends_ns else None

    def _use(self, mutes: Mutes) -> None:
        self._mutes = mutes
        self._news.set()
        self._changed()
