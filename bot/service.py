"""The service: every room wired together, started, watched, and stopped in good order."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date

import structlog

from bot import chores
from bot.commands.core import Core, DestinationReport, ProviderReport, StatusReport
from bot.engine.delivery import FINISH_S, Delivery
from bot.engine.intake import Intake
from bot.engine.lane import Lane
from bot.engine.metrics import Metrics
from bot.engine.notices import Notices
from bot.engine.quarantine import Quarantine
from bot.engine.session import Session
from bot.engine.shared import Shared
from bot.engine.tape import Tape
from bot.engine.tape_folder import Limits
from bot.flow.known import Known
from bot.gate.verdict import judge
from bot.model.feeds import FeedMeans
from bot.model.ports import Commit, Destination, Provider
from bot.outbox.sqlite import SqliteOutbox, open_outbox
from bot.providers.inbound import Inbound
from bot.rules.compile import compile_matcher
from bot.settings import Settings
from bot.wiring import build_feeds, open_destinations

log = structlog.get_logger()

FEEDS_CLOSE_S = 1.5
INTAKE_DRAIN_S = 1.5
DAY_S = 86400.0


class Service:
    """Everything that runs. Make one with `Service.open`."""

    def __init__(self, settings: Settings, outbox: SqliteOutbox, targets: Sequence[Destination]) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.session = Session()
        self.quarantine = Quarantine()
        self.outbox = outbox
        self.started_ns = time.time_ns()
        self._alerts_today: tuple[date | None, int] = (None, 0)
        shared = Shared(outbox, self.metrics)
        lanes = [Lane(target, settings.lane_options(target.name), shared) for target in targets]
        self.delivery = Delivery(lanes, outbox)
        notified = [target for target in targets if target.name in settings.admin.notify]
        self.notices = Notices(shared, notified, self.delivery.is_parked)
        self.tape = _tape(settings)
        if self.tape is not None:
            self.metrics.registry.register(self.tape)
        means = FeedMeans(outbox, shared.tell, settings.folder, settings.store_path.parent)
        self.feeds: Sequence[Provider] = build_feeds(settings, means)
        # Who is named first in the configuration is trusted first; one provider alone has nobody to ask.
        ranks = {feed.name: rank for rank, feed in enumerate(self.feeds)}
        self.intake = Intake(
            compile_matcher([(rule.when, rule.route) for rule in settings.rules]),
            judge,
            outbox,
            self.metrics,
            self.quarantine,
            remember=self.session.add,
            targets=self.delivery.targets,
            committed=self._committed,
            complete=Known(ranks).completed if len(ranks) > 1 else None,
            record=None if self.tape is None else self.tape.record,
        )
        self.metrics.queue_depth.labels("intake").set_function(lambda: self.intake.depth)
        for feed in self.feeds:
            self.metrics.watch(feed.name, feed.status)
        self.metrics.reloaded.set(1)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, write: Callable[[str], None] | None = None) -> "AsyncIterator[Service]":
        """A service ready to run, holding its store; `write` is where the console destination writes."""
        outbox = open_outbox(settings.store_path, time.time_ns)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(outbox.close)
            targets = await stack.enter_async_context(open_destinations(settings, write=write))
            yield cls(settings, outbox, targets)

    async def run(self, stop: asyncio.Event, *, has_http: bool = True) -> None:
        """Serve until `stop` is set, then close, drain, and return; what is left is in the store."""
        async with AsyncExitStack() as stack:
            if self.tape is not None:
                self.tape.start()
                stack.push_async_callback(self.tape.close)
            if has_http:
                await stack.enter_async_context(self._http())
            async with asyncio.TaskGroup() as tasks:
                delivering = tasks.create_task(self.delivery.run(), name="delivery")
                taking_in = tasks.create_task(self.intake.run(), name="intake")
                background = [tasks.create_task(chore) for chore in self._chores()]
                feeding = [
                    tasks.create_task(feed.run(self.intake), name=f"provider {feed.name}") for feed in self.feeds
                ]
                log.info("service.started", providers=len(self.feeds), destinations=len(self.delivery.lanes))
                await stop.wait()
                log.info("service.stopping")
                await self._close_feeds(feeding)
                self.intake.close()
                await _within(INTAKE_DRAIN_S, taking_in)
                await chores.note_heard_once(self.outbox, self.feeds, {})
                await self.delivery.drain()
                await _within(FINISH_S, delivering)
                for task in background:
                    task.cancel()
        log.info("service.stopped")

    def obstacles(self) -> Mapping[str, str]:
        """What keeps the service from doing its work now, for /readyz."""
        found: dict[str, str] = {}
        if not self.intake.is_healthy:
            found["store"] = "the last transaction failed"
        if not any(feed.status.is_connected for feed in self.feeds):
            found["providers"] = "; ".join(f"{f.name}: {f.status.last_error or 'connecting'}" for f in self.feeds)
        return found

    def report(self) -> StatusReport:
        """What `/flow status` tells."""
        return StatusReport(
            started_ns=self.started_ns,
            providers=tuple(ProviderReport(feed.name, feed.status) for feed in self.feeds),
            destinations=tuple(
                DestinationReport(name, lane.waiting, lane.parked) for name, lane in self.delivery.lanes.items()
            ),
            counts_today={
                "prints": self.session.summary().totals.prints,
                "alerts": self._alerts_today[1] if self._alerts_today[0] == self.session.day else 0,
            },
            last_alert_ns=max((lane.last_sent_ns for lane in self.delivery.lanes.values()), default=0),
        )

    def _committed(self, commit: Commit) -> None:
        self.delivery.take(commit)
        day, count = self._alerts_today
        self._alerts_today = (self.session.day, (count if day == self.session.day else 0) + len(commit.alerts))

    def _http(self) -> contextlib.AbstractAsyncContextManager[int]:
        from bot.http.server import serve

        hooks = [feed for feed in self.feeds if isinstance(feed, Inbound)]
        return serve(self.settings.http, self.metrics.registry, self.obstacles, self.quarantine, hooks)

    def _chores(self) -> list[Coroutine[object, object, None]]:
        """What runs beside the way of a print, until the end."""
        core = Core(self.session, self.outbox.explain, self.report, time.time_ns, self.settings.look.bands)
        discord, slack = self.settings.discord, self.settings.slack
        running = [
            chores.forget(self.outbox, self.settings.dedup.keep),
            chores.watch_store(self.outbox, self.delivery),
            chores.note_heard(self.outbox, self.feeds),
            self.notices.run(),
        ]
        if discord is not None:
            from bot.commands.discord import run_discord

            running.append(run_discord(core, discord.token, discord.api_url))
        if slack is not None and slack.app_token is not None:
            from bot.commands.slack import run_slack

            running.append(run_slack(core, slack.app_token, slack.api_url))
        return running

    async def _close_feeds(self, feeding: Sequence[asyncio.Task[None]]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FEEDS_CLOSE_S):
                await asyncio.gather(*(feed.close() for feed in self.feeds))
        for task in feeding:
            task.cancel()


def _tape(settings: Settings) -> Tape | None:
    store = settings.store
    if store.tape is None:
        return None
    limits = Limits(keep_days=int(store.tape_keep // DAY_S), max_bytes=int(store.tape_max_gb * 1e9))
    return Tape(settings.folder / store.tape, limits)


async def _within(seconds: float, task: asyncio.Task[None]) -> None:
    """Wait for `task` to end by itself; past `seconds`, cancel it."""
    await asyncio.wait([task], timeout=seconds)
    task.cancel()
