"""What commands changed in the store, beside the running service, and how far the service has followed."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence

import structlog

from bot.engine.rulebook import Rulebook, name_of_watch
from bot.model.errors import InputError
from bot.outbox.sqlite import SqliteOutbox
from bot.outbox.watching import Watch
from bot.rules.rule import Rule, watch_rule

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
        self._outbox = outbox
        self._rulebook = rulebook
        self._written = written
        self._destinations = destinations
        self._known: set[int] = set()
        """Ids of the watches that were read, whether they could be used or not."""
        self._unusable: set[int] = set()

    async def watchlists(self, written: Watchlists) -> dict[str, frozenset[str]]:
        """What is on each watchlist that a configuration names. Raises StoreError."""
        return effective(written, await self._outbox.changed_tickers())

    async def follow(self) -> None:
        """Take over what has changed. Raises StoreError."""
        await self._rulebook.set_watchlists(await self.watchlists(self._written()))
        await self._follow_watches()
        if await self._outbox.unanswered_reloads():
            self.reload_asked.set()

    async def _follow_watches(self) -> None:
        there = await self._outbox.watch_ids()
        gone = self._known - there
        if gone:
            await self._rulebook.remove_watches(name_of_watch(watch_id) for watch_id in gone - self._unusable)
            self._known -= gone
            self._unusable -= gone
            log.info("watches.gone", watches=len(gone))
        newest, new = max(self._known, default=0), list[Watch]()
        while len(there) > len(self._known) + len(new):
            some = await self._outbox.watches_after(newest, READ_AT_ONCE)
            if not some:
                break
            new += some
            newest = some[-1].id
        if new:
            await self._rulebook.add_watches(self._rules(new))
            log.info("watches.read", watches=len(new), unusable=len(self._unusable))

    def _rules(self, watches: Sequence[Watch]) -> Iterator[Rule]:
        destinations = self._destinations()
        for watch in watches:
            self._known.add(watch.id)
            try:
                yield watch_rule(name_of_watch(watch.id), watch.body, destinations)
            except InputError as error:
                self._unusable.add(watch.id)
                log.warning("watch.unusable", watch=watch.id, owner=watch.owner, reason=str(error))


def effective(written: Watchlists, changed: Mapping[str, Mapping[str, bool]]) -> dict[str, frozenset[str]]:
    """What is on each watchlist that the YAML names, with what commands put on it and took off."""
    found = {}
    for name, tickers in written.items():
        said = changed.get(name, {})
        on, off = ({ticker for ticker, is_on in said.items() if is_on is wanted} for wanted in (True, False))
        found[name] = (frozenset(tickers) - off) | on
    return found
