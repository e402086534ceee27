"""A feed without a stream: asks for what is new now and then, within what the vendor allows. Knows no vendor.

Whatever is polled counts as delayed, on any plan: a poll every minute makes prints older than `late_after`, so that a
LATE tag would say nothing about a single print.
"""

from datetime import UTC, datetime
from typing import Final

import structlog

from bot.model.errors import Refusal, VendorError
from bot.model.ports import Intake, ProviderStatus
from bot.providers.backoff import End, Reason, Tries, next_try
from bot.providers.heard import Heard
from bot.providers.interval import Pace, wait_s
from bot.providers.pages import Span, ms_of
from bot.providers.records import IS_CUT, FeedRecords
from bot.providers.source import Marks, Source, hand_over
from bot.providers.surroundings import Surroundings

log = structlog.get_logger()

LOOK_BACK_S: Final = 1_200.0
"""RadarPulse's Pro plan is a quarter of an hour behind; what is older than this is no news."""
OVERLAP_S: Final = 60.0
"""Before the newest print: others may appear out of order."""

REASONS: dict[Refusal, Reason] = {
    "unauthorized": "auth", "tier": "forbidden", "rate_limited": "rate_limited", "not_found": "bad_handshake",
    "upstream": "server_error", "bad_answer": "bad_handshake",
}  # fmt: skip
"""Failed polls are counted, and waited for, as failed handshakes are."""


class Polling:
    """One feed, polled."""

    def __init__(
        self,
        records: FeedRecords,
        source: Source,
        heard: Heard,
        status: ProviderStatus,
        around: Surroundings,
        *,
        name: str,
        every_s: float | None = None,
        is_steady: bool = False,
        look_back_s: float = LOOK_BACK_S,
    ) -> None:
        """`is_steady`: every `every_s`, whether there is news or not; `look_back_s`: what is older is no news."""
        self._name = name
        self._records = records
        self._source = source
        self._heard = heard
        self._status = status
        self._around = around
        self._every_s = every_s
        self._steady_s = every_s if is_steady else None
        self._look_back_ns = round(look_back_s * 1e9)
        self._pace = Pace()
        self._tries = Tries()
        self._polled_ns: int | None = None
        """The last success."""
        self._newest_ns = 0
        self._complaint = ""

    async def run(self, intake: Intake) -> None:
        """Poll for ever."""
        self._status.mode, self._status.is_delayed = "poll", True
        while True:
            await self._around.sleep(await self._poll(intake))

    async def _poll(self, intake: Intake) -> float:
        """Once, if the budget allows it; the seconds until the next time."""
        now_s = self._around.now_ns() / 1e9
        ready_s = self._source.budget.ready_at(now_s)
        if ready_s > now_s:
            if not self._status.is_connected:
                until = datetime.fromtimestamp(ready_s, UTC)
                self._status.last_error = f"the plan's requests are used up until {until:%Y-%m-%d %H:%M} UTC"
            return ready_s - now_s
        before = self._source.budget.spent(now_s).count
        failed_s = 0.0
        has_news = False
        try:
            has_news = await self._ask(intake)
        except VendorError as refused:
            failed_s = self._failed(refused)
        except Exception as bug:  # in one answer's reading; it must not end the feed
            log.exception("provider.poll_bug", provider=self._name)
            failed_s = self._failed(VendorError("bad_answer", f"{type(bug).__name__} in flowbot; please report it"))
        now_ns = self._around.now_ns()
        await self._records.note_used(self._source.budget, now_ns)
        cost = self._source.budget.spent(now_ns / 1e9).count - before
        self._pace = self._pace.after(has_news=has_news, cost=cost)
        standing = self._source.budget.standing(now_ns / 1e9)
        if self._steady_s is not None:
            return max(failed_s, self._steady_s)
        return max(failed_s, wait_s(self._pace, standing, now_ns / 1e9, every_s=self._every_s))

    async def _ask(self, intake: Intake) -> bool:
        """Whether something new came. Raises VendorError."""
        began_ns, heard = self._around.now_ns(), self._heard
        oldest_ns = (began_ns if heard.until_ns is None else heard.until_ns) - self._look_back_ns
        is_gap = heard.until_ns is not None and (self._tries.failures > 0 or heard.until_ns != self._polled_ns)
        count, is_cut, newest_ns = 0, False, self._newest_ns
        async for page in self._source.latest(max(oldest_ns, newest_ns - round(OVERLAP_S * 1e9))):
            times = (ms_of(found.time) * 1_000_000 for found in page.prints if found.time is not None)
            newest_ns = max(newest_ns, *times, 0)
            count += await hand_over(
                page, self._source, intake, heard,
                name=self._name, span=Span(oldest_ns), marks=Marks(is_recovered=is_gap, is_delayed=True),
            )  # fmt: skip
            is_cut = is_cut or page.is_cut
        self._newest_ns = min(newest_ns, began_ns)
        await self._succeeded(count, is_cut=is_cut, is_gap=is_gap)
        return count > 0

    async def _succeeded(self, count: int, *, is_cut: bool, is_gap: bool) -> None:
        now_ns, status = self._around.now_ns(), self._status
        gap = self._records.gap(self._heard.until_ns or now_ns, now_ns) if is_gap else None
        self._polled_ns = self._heard.until_ns = status.last_frame_ns = now_ns
        self._tries, self._complaint = Tries(has_worked=True), ""
        if not status.is_connected:
            status.is_connected, status.connected_ns = True, now_ns
        if gap is not None:
            status.recovered += count
            await self._records.settle(gap, count, IS_CUT if is_cut else "")

    def _failed(self, refused: VendorError) -> float:
        """Seconds to wait at least. The same complaint is logged once."""
        status, reason = self._status, REASONS[refused.kind]
        status.is_connected, status.last_error = False, refused.detail
        status.disconnects[reason] = status.disconnects.get(reason, 0) + 1
        end = End(reason, refused.detail, refused.after_s)
        self._tries, pause_s = next_try(self._tries, end, self._around.chance())
        if refused.kind != self._complaint:
            self._complaint = refused.kind
            log.warning(
                "provider.poll_failed", provider=self._name, reason=reason, detail=refused.detail,
                retry_in_s=round(pause_s, 1),
            )  # fmt: skip
        return pause_s
