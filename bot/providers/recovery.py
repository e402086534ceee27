"""Gives back what a feed said while it was not heard: fetched by REST beside the running stream, which never waits."""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from bot.model.errors import Refusal, VendorError
from bot.model.feeds import Gap
from bot.model.ports import Intake, ProviderStatus
from bot.providers.heard import Heard
from bot.providers.hours import sessions_touched
from bot.providers.pages import Span
from bot.providers.records import IS_CUT, FeedRecords
from bot.providers.source import Marks, Source, hand_over
from bot.providers.surroundings import Surroundings

log = structlog.get_logger()

OVERLAP_S: Final = 10.0
"""A print is told some time after its trade: this much before the gap is fetched again, and told apart by identity."""
SETTLE_S: Final = 2.0
"""After the gap: what the vendor's stream sends already its REST may not know yet."""
INSIST_S: Final = 900.0
"""How long a gap is worth asking for: a vendor that is down may be back by then, and older prints help nobody."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 120.0
MOST_WAITING: Final = 100
AT_ONCE: Final = 10
"""Gaps whose prints are being asked for. One request at a time is on its way."""

WORDS: dict[Refusal, str] = {
    "unauthorized": "the key was refused",
    "tier": "the key's plan does not include it",
    "rate_limited": "the rate limit did not allow it in time",
    "not_found": "the vendor has no such list",
    "upstream": "the vendor could not be asked",
    "bad_answer": "the vendor's answer could not be read",
}
FINAL: frozenset[Refusal] = frozenset({"unauthorized", "tier", "not_found"})
"""Asking again is no use."""
NO_REST: Final = "there is no REST API to ask: set rest_url, too, where ws_url is changed to this machine"


@dataclass(slots=True)
class _Attempt:
    """What asking for one gap's prints has come to."""

    recovered: int = 0
    is_cut: bool = False


class Recovery:
    """One feed's gaps."""

    def __init__(
        self,
        records: FeedRecords,
        source: Source | None,
        heard: Heard,
        status: ProviderStatus,
        around: Surroundings,
        *,
        why_lost: str = NO_REST,
    ) -> None:
        """`why_lost` is told of gaps where there is no `source`."""
        self._records = records
        self._source = source
        self._heard = heard
        self._status = status
        self._around = around
        self._why_lost = why_lost
        self._waiting: asyncio.Queue[Gap] = asyncio.Queue(MOST_WAITING)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._turn = asyncio.Lock()

    def begin(self, from_ns: int, to_ns: int) -> None:
        """The feed was not heard between; it is again. Returns at once."""
        gap = self._records.gap(from_ns, to_ns)
        if gap is not None:
            self.take_up(gap)

    def take_up(self, gap: Gap) -> None:
        """Have its prints fetched. Returns at once."""
        try:
            self._waiting.put_nowait(gap)
        except asyncio.QueueFull:  # the store hangs; the feed goes on
            self._status.gaps["lost"] += 1
            log.warning("provider.gap_forgotten", provider=gap.provider, from_ns=gap.from_ns, to_ns=gap.to_ns)

    async def run(self, intake: Intake) -> None:
        """Fetch what `begin` was told of, for ever."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                gap = await self._waiting.get()
                await self._records.open(gap)
                await self._slots.acquire()
                tasks.create_task(self._recover(gap, intake))

    async def _recover(self, gap: Gap, intake: Intake) -> None:
        attempt = _Attempt()
        try:
            if self._source is None:
                await self._settle(gap, attempt, self._why_lost)
            else:
                await self._around.sleep(SETTLE_S)
                await self._insist(gap, self._source, intake, attempt)
        except Exception as bug:  # it must not end the stream that runs beside
            log.exception("provider.recovery_bug", provider=gap.provider)
            await self._settle(gap, attempt, f"{type(bug).__name__} in flowbot; please report it")
        finally:
            self._slots.release()

    async def _insist(self, gap: Gap, source: Source, intake: Intake, attempt: _Attempt) -> None:
        pause_s = FIRST_PAUSE_S
        deadline_s = self._around.elapsed_s() + INSIST_S
        while (refused := await self._ask(gap, source, intake, attempt)) is not None:
            wait_s = refused.after_s or pause_s * (0.5 + self._around.chance() / 2)
            if refused.kind in FINAL or self._around.elapsed_s() + wait_s > deadline_s:
                await self._settle(gap, attempt, f"{WORDS[refused.kind]} ({refused.detail})")
                return
            log.info("provider.gap_retried", provider=gap.provider, reason=refused.detail, in_s=round(wait_s, 1))
            await self._around.sleep(wait_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        await self._settle(gap, attempt, IS_CUT if attempt.is_cut else "", is_answered=True)

    async def _ask(self, gap: Gap, source: Source, intake: Intake, attempt: _Attempt) -> VendorError | None:
        """Once; the refusal, if it came to one."""
        refusal = None
        async with self._turn:
            try:
                await self._fetch(gap, source, intake, attempt)
            except VendorError as refused:
                refusal = refused
        await self._records.note_used(source.budget, self._around.now_ns())
        return refusal

    async def _fetch(self, gap: Gap, source: Source, intake: Intake, attempt: _Attempt) -> None:
        begins_ns, ends_ns = gap.from_ns - round(OVERLAP_S * 1e9), gap.to_ns + round(SETTLE_S * 1e9)
        attempt.is_cut = False
        async for page in source.missed(begins_ns, ends_ns):
            count = await hand_over(
                page, source, intake, self._heard,
                name=gap.provider, span=Span(begins_ns, ends_ns), marks=Marks(is_recovered=True),
            )  # fmt: skip
            attempt.recovered += count
            attempt.is_cut = attempt.is_cut or page.is_cut
            self._status.recovered += count

    async def _settle(self, gap: Gap, attempt: _Attempt, reason: str, *, is_answered: bool = False) -> None:
        """Where nothing was to be missed, for the market was closed, nothing is lost."""
        is_given = is_answered or attempt.recovered > 0
        if not is_given and sessions_touched(gap.from_ns, gap.to_ns):
            await self._records.settle(gap, None, reason)
        elif is_given:
            words = reason if is_answered or not reason else f"not wholly: {reason}"
            await self._records.settle(gap, attempt.recovered, words)
        else:
            await self._records.settle(gap, 0, "")
