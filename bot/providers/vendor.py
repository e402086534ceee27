"""A vendor's feed whole: its stream, polls in place of a stream that the key's plan lacks, and gaps filled beside both.

Which vendor it is, the `Feed` and the `Source` know.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

import structlog

from bot.config.units import is_loopback
from bot.model.alerts import Notice
from bot.model.feeds import FeedMeans
from bot.model.ports import Intake, ProviderStatus
from bot.providers.backoff import End
from bot.providers.feed import Feed
from bot.providers.heard import Heard
from bot.providers.lifetime import Lifetime
from bot.providers.polling import LOOK_BACK_S, Polling
from bot.providers.records import FeedRecords, in_words
from bot.providers.recovery import NO_REST, Recovery
from bot.providers.source import Source
from bot.providers.stream import Stream
from bot.providers.surroundings import Surroundings

log = structlog.get_logger()

Way = Literal["auto", "stream", "poll"]

STREAM_AGAIN_S: Final = 3_600.0
UNFINISHED_FOR_S: Final = 86_400.0
"""Gaps of an earlier run that is longer ago are not taken up again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One configured feed."""

    feed: Feed
    way: Way
    open_source: "OpenSource | None" = field(repr=False)
    """None: there is no REST API beside this stream."""
    every_s: float | None = None
    is_steady: bool = False
    """Polled every `every_s`, neither more often nor less."""
    look_back_s: float = LOOK_BACK_S
    """What is older when it is polled is no news."""
    why_lost: str = NO_REST
    """What is told of gaps where there is no source."""


OpenSource = Callable[[Surroundings, int], Source]
"""Takes how many requests the key has used today."""


class VendorSettings(Protocol):
    """What both vendors' settings have."""

    @property
    def mode(self) -> Way: ...
    @property
    def every(self) -> float | None: ...
    @property
    def rest_url(self) -> str: ...


def build_vendor(feed: Feed, settings: VendorSettings, means: FeedMeans, open_source: OpenSource) -> "Vendor":
    """The provider. A stream on this machine has no REST API elsewhere: what is not the vendor gets no vendor's key."""
    is_elsewhere = feed.is_local and not is_loopback(urlsplit(settings.rest_url).hostname or "")
    has_rest = settings.mode == "poll" or not is_elsewhere
    return Vendor(Plan(feed, settings.mode, open_source if has_rest else None, settings.every), means)


class Vendor:
    """See `bot.model.ports.Provider`."""

    def __init__(self, plan: Plan, means: FeedMeans, surroundings: Surroundings | None = None) -> None:
        self._plan = plan
        self._means = means
        self._around = surroundings or Surroundings()
        self._status = ProviderStatus(mode="poll" if plan.way == "poll" else "stream", is_delayed=plan.way == "poll")
        self._heard = Heard()
        self._records = FeedRecords(plan.feed.name, plan.feed.key, means.ledger, self._status)
        self._life = Lifetime()
        self._source: Source | None = None
        self._has_fallen_back_in = -1
        """The number of sessions when the stream was given up; a later one makes a refusal news again."""

    @property
    def name(self) -> str:
        return self._plan.feed.name

    @property
    def status(self) -> ProviderStatus:
        return self._status

    @property
    def facts(self) -> frozenset[str]:
        return self._plan.feed.facts

    @property
    def client(self) -> object:
        """The vendor's REST client for this key while the feed is at work; None: there is none."""
        return None if self._source is None else self._source.client

    async def run(self, intake: Intake) -> None:
        """See the port."""
        try:
            await self._life.of(self._feed_for_ever(intake))
        finally:
            self._status.is_connected = False

    async def close(self) -> None:
        """See the port."""
        await self._life.end()

    async def _feed_for_ever(self, intake: Intake) -> None:
        now_ns = self._around.now_ns()
        self._heard.until_ns = await self._records.heard_until()
        source = None
        if self._plan.open_source is not None:
            used = await self._records.used_today(now_ns)
            self._source = source = self._plan.open_source(self._around, used)
            self._status.budget = in_words(source.budget, now_ns) if used else ""
        try:
            recovery = Recovery(
                self._records, source, self._heard, self._status, self._around, why_lost=self._plan.why_lost
            )
            for gap in await self._records.unfinished(now_ns - round(UNFINISHED_FOR_S * 1e9)):
                recovery.take_up(gap)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(recovery.run(intake))
                await self._feed(intake, source, recovery)
        finally:
            self._source = None
            if source is not None:
                await source.close()

    async def _feed(self, intake: Intake, source: Source | None, recovery: Recovery) -> None:
        stream = Stream(self._plan.feed, self._around, status=self._status, heard=self._heard, gap_ended=recovery.begin)
        if source is None or self._plan.way == "stream":
            await stream.listen(intake)
            return
        polling = Polling(
            self._records, source, self._heard, self._status, self._around, name=self.name,
            every_s=self._plan.every_s, is_steady=self._plan.is_steady, look_back_s=self._plan.look_back_s,
        )  # fmt: skip
        if self._plan.way == "poll":
            log.info("provider.polling", provider=self.name)
            await polling.run(intake)
            return
        while True:
            self._fall_back(await stream.listen(intake, until_refused=True))
            async with asyncio.TaskGroup() as tasks:
                polls = tasks.create_task(polling.run(intake))
                await self._around.sleep(STREAM_AGAIN_S)
                polls.cancel()

    def _fall_back(self, refused: End) -> None:
        """Tell it once, and again only when the stream was there in between."""
        if self._has_fallen_back_in == self._status.sessions:
            return
        self._has_fallen_back_in = self._status.sessions
        log.warning("provider.fell_back_to_polling", provider=self.name, detail=refused.detail)
        lines = (
            refused.detail,
            "Its prints are asked for now and then instead, and marked as a delayed feed's.",
            "The stream is tried again every hour.",
            f"If the plan has none, set mode: poll for provider {self.name}.",
        )
        self._means.tell(f"tier:{self.name}", Notice(f"{self.name}: the key's plan has no stream", lines))
