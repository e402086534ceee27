"""What commands changed in the store, of this process or another, and how far the service has followed."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from sys import intern

import structlog

from bot.engine.rulebook import Rulebook, name_of_watch
from bot.model.errors import InputError
from bot.outbox.reloads import Reloaded
from bot.outbox.sqlite import SqliteOutbox
from bot.outbox.watching import Watch
from bot.rules.rule import Rule, watch_rule
from bot.rules.watches import is_person, text_of

log = structlog.get_logger()

READ_AT_ONCE = 5000
"""Watches read in one go of the store's thread: bounds how long a commit behind it waits."""

Watchlists = Mapping[str, Sequence[str]]
"""What the YAML puts on each."""


class Requests:
    """Follows watchlists and watches, and sets `reload_asked` where somebody wants the configuration read anew."""

    def __init__(
        self,
        outbox: SqliteOutbox,
        rulebook: Rulebook,
        written: Callable[[], Watchlists],
        destinations: Callable[[], frozenset[str]],
    ) -> None:
        self.reload_asked = asyncio.Event()
        self._reloading: list[asyncio.Future[Reloaded]] = []
        """Who waits in this process for what comes of the next reload."""
        self._outbox = outbox
        self._rulebook = rulebook
        self._written = written
        self._destinations = destinations
        self._following = asyncio.Lock()
        self._known: dict[int, str] = {}
        """The watches that were read, whether they could be used or not -> whose each is."""
        self._unusable: set[int] = set()
        self._unfinished: set[int] = set()
        """Of the known ones, those whose taking in was cut off: the next `follow` takes them in again."""
        self._texts: dict[str, dict[int, str]] = defaultdict(dict)
        """By person: what they typed, by the watch's number."""

    async def reload(self) -> Reloaded:
        """Have the configuration read anew, and wait for what came of it; it goes on though nobody waits any more."""
        answer: asyncio.Future[Reloaded] = asyncio.get_running_loop().create_future()
        self._reloading.append(answer)
        self.reload_asked.set()
        return await answer

    def take_reloading(self) -> list[asyncio.Future[Reloaded]]:
        """Who asked until now, each to be answered once."""
        taken, self._reloading = self._reloading, []
        return taken

    async def watchlists(self, written: Watchlists) -> dict[str, frozenset[str]]:
        """What is on each watchlist that a configuration names. Raises StoreError."""
        return effective(written, await self._outbox.changed_tickers())

    async def follow(self) -> None:
        """Take over what has changed. Raises StoreError."""
        async with self._following:
            await self._rulebook.set_watchlists(await self.watchlists(self._written()))
            await self._follow_watches()
            if await self._outbox.unanswered_reloads():
                self.reload_asked.set()

    async def take(self, watches: Sequence[Watch]) -> None:
        """Have watches in force that are in the store since just now."""
        async with self._following:
            await self._add(watches)  # whoever was read by `follow` meanwhile is put in its own place

    async def drop(self, ids: Collection[int]) -> None:
        """Have watches match no more that are in the store no more."""
        async with self._following:
            await self._remove(self._known.keys() & ids)

    def watches_of(self, person: str) -> Sequence[tuple[int, str]]:
        """Somebody's watches, the oldest first: the number, and what was typed."""
        return sorted(self._texts.get(person, {}).items())

    def is_usable(self, watch_id: int) -> bool:
        """Whether the watch is in force; the log says why not."""
        return watch_id in self._known and watch_id not in self._unusable

    async def _follow_watches(self) -> None:
        there = await self._outbox.watch_ids()
        gone = self._known.keys() - there
        if gone:
            await self._remove(gone)
            log.info("watches.gone", watches=len(gone))
        self._unfinished &= there
        missing = (there - self._known.keys()) | self._unfinished
        after, new = min(missing, default=0) - 1, list[Watch]()
        while len(new) < len(missing):
            some = await self._outbox.watches_after(after, READ_AT_ONCE)
            if not some:
                break
            new += [watch for watch in some if watch.id in missing]
            after = some[-1].id
        if new:
            await self._add(new)
            log.info("watches.read", watches=len(new), unusable=len(self._unusable))

    async def _add(self, watches: Sequence[Watch]) -> None:
        ids = {watch.id for watch in watches}
        self._unfinished |= ids
        await self._rulebook.add_watches(self._rules(watches))
        self._unfinished -= ids

    async def _remove(self, ids: Collection[int]) -> None:
        await self._rulebook.remove_watches(self._forgotten(ids))

    def _forgotten(self, ids: Collection[int]) -> Iterator[str]:
        """Their names, each forgotten as it is taken: whoever stops in between has forgotten no other."""
        for watch_id in ids:
            owner = self._known.pop(watch_id)
            self._unusable.discard(watch_id)
            self._unfinished.discard(watch_id)
            own = self._texts.get(owner, {})
            own.pop(watch_id, None)
            if not own:
                self._texts.pop(owner, None)
            yield name_of_watch(watch_id)

    def _rules(self, watches: Sequence[Watch]) -> Iterator[Rule]:
        destinations = self._destinations()
        for watch in watches:
            owner = self._known[watch.id] = intern(watch.owner)
            if is_person(owner):
                self._texts[owner][watch.id] = text_of(watch.body)
            try:
                yield watch_rule(name_of_watch(watch.id), watch.body, destinations, owner=owner)
            except InputError as error:
                self._unusable.add(watch.id)
                log.warning("watch.unusable", watch=watch.id, owner=owner, reason=str(error))


def effective(written: Watchlists, changed: Mapping[str, Mapping[str, bool]]) -> dict[str, frozenset[str]]:
    """What is on each watchlist that the YAML names, with what commands put on it and took off."""
    found = {}
    for name, tickers in written.items():
        said = changed.get(name, {})
        on, off = ({ticker for ticker, is_on in said.items() if is_on is wanted} for wanted in (True, False))
        found[name] = (frozenset(tickers) - off) | on
    return found
