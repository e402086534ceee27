"""The service: the only place that knows every room. Builds it, starts it, and stops it in good order."""

import asyncio
import contextlib
import gc
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import FrameType

import structlog

from bot import logs
from bot.commands.core import Core, DestinationReport, ProviderReport, StatusReport
from bot.destinations import catalog as destinations
from bot.engine.delivery import FINISH_S, Delivery
from bot.engine.intake import Intake
from bot.engine.lane import Lane
from bot.engine.metrics import Metrics
from bot.engine.notices import Notices
from bot.engine.quarantine import Quarantine
from bot.engine.session import Session
from bot.engine.shared import Shared
from bot.gate.verdict import judge
from bot.model.errors import StoreError
from bot.model.ports import Commit, Destination, Provider
from bot.outbox.sqlite import SqliteOutbox, open_outbox
from bot.providers import catalog as providers
from bot.rules.compile import compile_matcher
from bot.settings import Settings, load

log = structlog.get_logger()

FEEDS_CLOSE_S = 1.5
INTAKE_DRAIN_S = 1.5
STOP_DEADLINE_S = 9.5
"""A stop that takes longer ends the process as it is: what matters is in the store, and Docker kills after ten."""
FORGET_EVERY_S = 3600.0
"""Or a quarter of `dedup.keep`, where that is shorter."""
LOOK_AT_STORE_S = 1.0
"""How soon the service sees what `flowbot deliveries --retry` did to its store."""


def run(config: Path) -> None:
    """Run the service until SIGTERM or SIGINT. Raises InputError, UnavailableError."""
    settings = load(config)
    logs.redactor.learn(settings.secrets)
    logs.configure(settings.log)
    for warning in settings.warnings:
        log.warning("config.warning", problem=str(warning))
    gc.freeze()  # what is loaded by now stays loaded: a full collection that looked at it would pause for 30 ms
    asyncio.run(_run_until_signalled(settings))


async def _run_until_signalled(settings: Settings) -> None:
    stop = asyncio.Event()
    async with Service.open(settings) as service:
        with_signals(stop)
        await service.run(stop)


def with_signals(stop: asyncio.Event) -> None:
    """The first SIGTERM or SIGINT sets `stop`; a second ends the process at once."""
    loop = asyncio.get_running_loop()
    received: list[int] = []

    def obey(number: int, frame: FrameType | None) -> None:
        if received:
            os._exit(128 + number)
        received.append(number)
        loop.call_soon_threadsafe(stop.set)
        deadline = threading.Timer(STOP_DEADLINE_S, os._exit, args=(0,))
        deadline.daemon = True
        deadline.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, obey)


@asynccontextmanager
async def open_destinations(
    settings: Settings, *, only: str | None = None, write: Callable[[str], None] | None = None
) -> AsyncIterator[list[Destination]]:
    """The configured destinations, or one of them, over one shared session."""
    chosen = {name: own for name, own in settings.destinations.items() if only in (None, name)}
    async with AsyncExitStack() as stack:
        session = None
        if any(own.type != "console" for own in chosen.values()):
            from bot.destinations.http import open_session

            session = await stack.enter_async_context(open_session())
        means = destinations.Means(settings.look, session, settings.discord, settings.slack, write=write)
        built = []
        for name, own in chosen.items():
            built.append(destinations.build(name, own, replace(means, look=settings.look_at(name))))
            stack.push_async_callback(built[-1].close)
        yield built


async def _within(seconds: float, task: asyncio.Task[None]) -> None:
    """Wait for `task` to end by itself; past `seconds`, cancel it."""
    await asyncio.wait([task], timeout=seconds)
    task.cancel()


class Service:
    """Everything that runs, wired together. Make one with `Service.open`."""

    def __init__(
        self,
        settings: Settings,
        outbox: SqliteOutbox,
        targets: Sequence[Destination],
        feeds: Sequence[Provider],
    ) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.session = Session()
        self.quarantine = Quarantine()
        self.outbox = outbox
        self.feeds = feeds
        self.started_ns = time.time_ns()
        self._alerts_today: tuple[date | None, int] = (None, 0)
        shared = Shared(outbox, self.metrics)
        lanes = [Lane(target, settings.lane_options(target.name), shared) for target in targets]
        self.delivery = Delivery(lanes, outbox)
        notified = [target for target in targets if target.name in settings.admin.notify]
        self.notices = Notices(shared, notified, self.delivery.is_parked)
        self.intake = Intake(
            compile_matcher([(rule.when, rule.route) for rule in settings.rules]),
            judge,
            outbox,
            self.metrics,
            self.quarantine,
            remember=self.session.add,
            targets=self.delivery.targets,
            committed=self._committed,
        )
        self.metrics.queue_depth.labels("intake").set_function(lambda: self.intake.depth)
        for feed in feeds:
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
            feeds = [providers.build_provider(name, own) for name, own in settings.providers.items()]
            yield cls(settings, outbox, targets, feeds)

    async def run(self, stop: asyncio.Event, *, has_http: bool = True) -> None:
        """Serve until `stop` is set, then close, drain, and return; what is left is in the store."""
        async with AsyncExitStack() as stack:
            if has_http:
                from bot.http.server import serve

                await stack.enter_async_context(
                    serve(self.settings.http, self.metrics.registry, self.obstacles, self.quarantine)
                )
            async with asyncio.TaskGroup() as tasks:
                delivering = tasks.create_task(self.delivery.run(), name="delivery")
                taking_in = tasks.create_task(self.intake.run(), name="intake")
                background = [
                    tasks.create_task(self._forget(), name="forget"),
                    tasks.create_task(self._watch_store(), name="store watch"),
                    tasks.create_task(self.notices.run(), name="notices"),
                ]
                background += [tasks.create_task(talk, name="commands") for talk in self._commands()]
                feeding = [
                    tasks.create_task(feed.run(self.intake), name=f"provider {feed.name}") for feed in self.feeds
                ]
                log.info("service.started", providers=len(self.feeds), destinations=len(self.delivery.lanes))
                await stop.wait()
                log.info("service.stopping")
                await self._close_feeds(feeding)
                self.intake.close()
                await _within(INTAKE_DRAIN_S, taking_in)
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
            providers=tuple(
                ProviderReport(f.name, f.status.is_connected, f.status.last_frame_ns, f.status.last_error)
                for f in self.feeds
            ),
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

    def _commands(self) -> list[Coroutine[object, object, None]]:
        core = Core(self.session, self.outbox.explain, self.report, time.time_ns, self.settings.look.bands)
        discord, slack = self.settings.discord, self.settings.slack
        talks: list[Coroutine[object, object, None]] = []
        if discord is not None:
            from bot.commands.discord import run_discord

            talks.append(run_discord(core, discord.token, discord.api_url))
        if slack is not None and slack.app_token is not None:
            from bot.commands.slack import run_slack

            talks.append(run_slack(core, slack.app_token, slack.api_url))
        return talks

    async def _close_feeds(self, feeding: Sequence[asyncio.Task[None]]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FEEDS_CLOSE_S):
                await asyncio.gather(*(feed.close() for feed in self.feeds))
        for task in feeding:
            task.cancel()

    async def _forget(self) -> None:
        while True:
            try:
                await self.outbox.forget(self.settings.dedup.keep)
            except StoreError as error:
                log.warning("store.forget_failed", reason=str(error))
            await asyncio.sleep(min(FORGET_EVERY_S, self.settings.dedup.keep / 4))

    async def _watch_store(self) -> None:
        """Serve what another process queued again, on destinations that were parked too."""
        while True:
            await asyncio.sleep(LOOK_AT_STORE_S)
            with contextlib.suppress(StoreError):  # whoever writes hears of it
                if await self.outbox.is_changed_elsewhere():
                    log.info("store.changed_elsewhere")
                    self.delivery.unpark()
                    await self.delivery.wake_all()
