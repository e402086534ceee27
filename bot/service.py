"""The service: every room wired together, started, watched, changed while it runs, and stopped in good order."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog

from bot import chores
from bot.answering import Means, answers
from bot.changes import Changes, Named, changes, obeyed
from bot.commands.core import DestinationReport, ProviderReport, StatusReport
from bot.commands.vendors import Client
from bot.engine.control import Control
from bot.engine.delivery import FINISH_S, Delivery
from bot.engine.filling import Filling
from bot.engine.intake import Intake
from bot.engine.lane import Lane
from bot.engine.matching import Matching
from bot.engine.memories import Memories
from bot.engine.metrics import Metrics
from bot.engine.notices import Notices
from bot.engine.personal import PersonalLanes, personal_options
from bot.engine.quarantine import Quarantine
from bot.engine.recalling import Recalling
from bot.engine.rulebook import Rulebook
from bot.engine.session import Session
from bot.engine.shared import Shared
from bot.engine.silence import Silence, SilenceRule
from bot.engine.tape import Tape
from bot.engine.tape_folder import Limits
from bot.engine.twins import Twins
from bot.feeding import Feeding
from bot.flow.known import Known
from bot.flow.legs import Legs
from bot.model.alerts import Notice
from bot.model.feeds import FeedMeans
from bot.model.ports import Commit, Provider
from bot.outbox.sqlite import SqliteOutbox, open_outbox
from bot.pauses import no_full_collection
from bot.providers.inbound import Inbound
from bot.providers.taped import Sort, sort_of
from bot.reports import Reports
from bot.requests import Requests
from bot.settings import Settings
from bot.wiring import Destinations, build_feed

log = structlog.get_logger()

INTAKE_DRAIN_S = 1.5
DAY_S = 86400.0


class Service:
    """Everything that runs. Make one with `Service.open`."""

    people: PersonalLanes
    """`open` makes it."""

    def __init__(self, settings: Settings, outbox: SqliteOutbox, destinations: Destinations) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.session = Session()
        self.recalling = Recalling(self.session)
        self.quarantine = Quarantine()
        self.outbox = outbox
        self.started_ns = time.time_ns()
        self._destinations = destinations
        self.control = Control(outbox, changed=lambda: self.delivery.look_again())
        self._shared = Shared(outbox, self.metrics, steering=self.control)
        self.delivery = Delivery((), outbox)
        self.notices = Notices(self._shared, self.delivery, lambda: self.settings.admin.notify)
        self.tape = _tape(settings)
        if self.tape is not None:
            self.metrics.registry.register(self.tape)
        self.memories = Memories(outbox, lambda: self.intake.settled())
        self.rulebook = Rulebook(self.memories)
        self.intake = Intake(
            Matching(self.rulebook.true_of, self.memories),
            self.control.judge,
            outbox,
            self.metrics,
            self.quarantine,
            remember=self.session.add if self.tape is None else self.recalling.add,
            targets=self.delivery.targets,
            committed=self.delivery.take,
            pair=Legs().paired,
            record=None if self.tape is None else self.tape.record,
        )
        self.feeding = Feeding(self.intake, self.metrics)
        self.silence = Silence(
            self._shared, outbox, lambda: {feed.name: feed.status for feed in self.feeding}, self.intake.last_print_ns
        )
        self.requests = Requests(
            outbox,
            self.rulebook,
            lambda: self.settings.watchlists,
            lambda: frozenset(self.settings.destinations),
        )
        self.core = answers(
            Means(
                outbox=outbox,
                session=self.session,
                metrics=self.metrics,
                delivery=self.delivery,
                rulebook=self.rulebook,
                control=self.control,
                requests=self.requests,
                settings=lambda: self.settings,
                status=self.report,
                clients=self._clients,
                reload=self.requests.reload,
            )
        )
        self.reports = Reports(self.core, outbox, lambda: self.settings.reports, self._wake, time.time_ns)
        self.metrics.queue_depth.labels("intake").set_function(lambda: self.intake.depth)
        self.metrics.reloaded.set(1)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, write: Callable[[str], None] | None = None) -> "AsyncIterator[Service]":
        """A service ready to run, holding its store; `write` is where the console destination writes."""
        outbox = open_outbox(settings.store_path, time.time_ns)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(outbox.close)
            service = cls(settings, outbox, await stack.enter_async_context(Destinations.open(write)))
            for name in settings.destinations:
                service.delivery.add(await service._lane(name, settings))
            service.delivery.personal = service.people = await service._people()
            for name in settings.providers:
                service.feeding.add(service._feed(name, settings))
            service._complete_across()
            yield service

    async def run(
        self, stop: asyncio.Event, *, has_http: bool = True, beside: Sequence[Coroutine[object, object, None]] = ()
    ) -> None:
        """Serve until `stop` is set, then close, drain, and return; what is left is in the store.

        What runs `beside` is cancelled first.
        """
        async with AsyncExitStack() as stack:
            if self.tape is not None:
                self.tape.start()
                stack.push_async_callback(self.tape.close)
            if has_http:
                await stack.enter_async_context(self._http())
            await self.control.restore()  # before anything is posted
            async with asyncio.TaskGroup() as tasks:
                delivering = tasks.create_task(self.delivery.run(), name="delivery")
                serving = tasks.create_task(self.people.run(), name="people")
                taking_in = tasks.create_task(self.intake.run(), name="intake")
                await self._take_up()
                companions = [tasks.create_task(companion) for companion in beside]
                background = [tasks.create_task(chore) for chore in self._chores()]
                self.feeding.begin(tasks)
                log.info(
                    "service.started", providers=len(self.feeding.providers), destinations=len(self.delivery.lanes)
                )
                await stop.wait()
                log.info("service.stopping")
                await _ended(companions)
                await self.feeding.close()
                self.intake.close()
                await _within(INTAKE_DRAIN_S, taking_in)
                await self.memories.close()
                await chores.note_heard_once(self.outbox, self.feeding, {}, self.memories.noted_ns)
                await asyncio.gather(self.delivery.drain(), self.people.drain())
                await _within(FINISH_S, delivering, serving)
                for task in background:
                    task.cancel()
        log.info("service.stopped")

    async def reload(self, new: Settings) -> Changes:
        """Obey `new` from now on, as far as a running service can; what it says is known to be good.

        What is unchanged goes on as if nothing had happened. A destination that is new is there before the rules that
        name it, one that is gone leaves after them.
        """
        found = changes(self.settings, new)
        for name in (*found.destinations.added, *found.destinations.changed):
            await self.delivery.replace(name, await self._lane(name, new))
        await self._use_rules(new)
        self.settings = obeyed(self.settings, new, found)
        self.core.bands = new.look.bands
        for name in found.destinations.removed:
            await self.delivery.replace(name, None)
        await self._exchange_feeds(found.providers)
        self.delivery.unpark()  # whoever reloads may have mended a platform, too
        return found

    def tell(self, subject: str, notice: Notice) -> None:
        """Have the admins told, at most once an hour about one subject."""
        self._shared.tell(subject, notice)

    def obstacles(self) -> Mapping[str, str]:
        """What keeps the service from doing its work now, for /readyz."""
        found: dict[str, str] = {}
        if not self.intake.is_healthy:
            found["store"] = "the last transaction failed"
        if not any(feed.status.is_connected for feed in self.feeding):
            found["providers"] = "; ".join(f"{f.name}: {f.status.last_error or 'connecting'}" for f in self.feeding)
        return found

    def report(self) -> StatusReport:
        """What `/flow status` tells."""
        return StatusReport(
            started_ns=self.started_ns,
            providers=tuple(ProviderReport(feed.name, feed.status) for feed in self.feeding),
            destinations=tuple(
                DestinationReport(name, lane.waiting, lane.parked) for name, lane in self.delivery.lanes.items()
            ),
            counts_today={
                "prints": self.session.summary().totals.prints,
                "alerts": self.metrics.today.counts().alerted,
            },
            last_alert_ns=max((lane.last_sent_ns for lane in self.delivery.lanes.values()), default=0),
        )

    def _http(self) -> contextlib.AbstractAsyncContextManager[int]:
        from bot.http.server import serve

        hooks = [feed for feed in self.feeding if isinstance(feed, Inbound)]
        return serve(self.settings.http, self.metrics.registry, self.obstacles, self.quarantine, hooks)

    def _chores(self) -> list[Coroutine[object, object, None]]:
        """What runs beside the way of a print, until the end."""
        discord, slack = self.settings.discord, self.settings.slack
        running = [
            chores.forget(self.outbox, lambda: self.settings.dedup.keep),
            chores.watch_store(self.outbox, self.delivery, self.requests.follow),
            chores.note_heard(self.outbox, self.feeding, lambda: self.memories.noted_ns),
            self.notices.run(),
            self.memories.run(),
            self.silence.run(),
            self.control.run(),
            self.reports.run(),
        ]
        if (folder := self.settings.tape_path) is not None:
            filling = Filling(self.memories, folder, lambda: self.rulebook.judged, self._sorts)
            running += [filling.run(), self._recall(folder)]
        if discord is not None:
            from bot.commands.discord import run_discord

            running.append(run_discord(self.core, discord, lambda: self.settings.admin))
        if slack is not None and slack.app_token is not None:
            from bot.commands.slack import run_slack

            running.append(run_slack(self.core, slack, lambda: self.settings.admin))
        return running

    async def _recall(self, folder: Path) -> None:
        """Know the day's beginning again; from then on the session is told of prints directly."""
        await self.recalling.recall(folder, self._sorts())
        self.intake.remember = self.session.add

    async def _take_up(self) -> None:
        """Know what an earlier run remembered, and what commands made, before the first print comes."""
        await self.outbox.is_changed_elsewhere()  # from now on: what is read below is news no more
        with no_full_collection():
            self.silence.restore(await self.memories.restore())
            await self._use_rules(self.settings)
            await self.requests.follow()

    async def _use_rules(self, settings: Settings) -> None:
        watchlists = await self.requests.watchlists(settings.watchlists)
        await self.rulebook.use(settings.rules, watchlists)
        silences = [SilenceRule(rule.route, rule.silence_s) for rule in settings.rules if rule.silence_s is not None]
        self.silence.use(silences)

    async def _lane(self, name: str, settings: Settings) -> Lane:
        return Lane(await self._destinations.build(name, settings), settings.lane_options(name), self._shared)

    async def _people(self) -> PersonalLanes:
        direct = await self._destinations.direct(lambda: self.settings, self.outbox.channel_of)
        return PersonalLanes(
            self._shared,
            self.outbox,
            direct.build,
            lambda: personal_options(self.settings.delivery, self.settings.watches),
            self.control.mute,
        )

    def _wake(self, queued: Mapping[str, int]) -> None:
        """So many reports were queued for each destination."""
        self.delivery.take(Commit(queued=queued, batches=(), alerts=(), suppressed={}))

    def _clients(self) -> dict[str, Client]:
        """The vendors' REST clients at work, in the configuration's order."""
        from bot.providers.vendor import Vendor

        feeds = (self.feeding.providers.get(name) for name in self.settings.providers)
        return {
            feed.name: Client(feed.client, feed.status.is_delayed)
            for feed in feeds
            if isinstance(feed, Vendor) and feed.client is not None
        }

    def _feed(self, name: str, settings: Settings) -> Provider:
        means = FeedMeans(self.outbox, self._shared.tell, settings.folder, settings.store_path.parent)
        return build_feed(name, settings, means)

    def _sorts(self) -> dict[str, Sort]:
        """Of what sort each provider's frames are, for whoever reads them on the tape."""
        return {name: sort_of(own) for name, own in self.settings.providers.items()}

    def _complete_across(self) -> None:
        """Who is named first in the configuration is trusted first; one provider alone has nobody to ask."""
        ranks = {name: rank for rank, name in enumerate(self.settings.providers)}
        self.intake.complete = Known(ranks).completed if len(ranks) > 1 else None
        self.intake.twins = Twins() if len(ranks) > 1 else None

    async def _exchange_feeds(self, providers: Named) -> None:
        """An old one ends before its successor begins: a vendor may allow one connection a key."""
        for name in (*providers.removed, *providers.changed):
            await self.feeding.remove(name)
        for name in (*providers.added, *providers.changed):
            self.feeding.add(self._feed(name, self.settings))
        if providers:
            self._complete_across()


def _tape(settings: Settings) -> Tape | None:
    store, folder = settings.store, settings.tape_path
    if folder is None:
        return None
    return Tape(folder, Limits(keep_days=int(store.tape_keep // DAY_S), max_bytes=int(store.tape_max_gb * 1e9)))


async def _within(seconds: float, *tasks: asyncio.Task[None]) -> None:
    """Wait for `tasks` to end by themselves; past `seconds`, cancel them."""
    await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()


async def _ended(tasks: Sequence[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
