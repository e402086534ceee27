"""The rules in force: YAML's, swapped whole at a reload, and the watches that commands make, changed one at a time.

Everything that changes them happens between two prints. Knows no file and no store.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Protocol

from bot.engine.metrics import WATCH
from bot.model.matches import Route
from bot.model.memory import Remembering
from bot.model.prints import Print
from bot.rules.index import RuleIndex
from bot.rules.rule import Rule

WATCHES_AT_ONCE: Final = 50
"""Watches taken in between two turns of the event loop: reading one takes some 140 microseconds."""


class Uses(Protocol):
    """Whoever keeps what rules with memory remember."""

    def use(self, rememberings: Iterable[Remembering]) -> None: ...


def name_of_watch(watch_id: int) -> str:
    """The rule's name that a watch has; YAML's names hold no colon."""
    return f"{WATCH}:{watch_id}"


class Rulebook:
    """Which rules are true of a print, and which rules there are."""

    def __init__(self, memories: Uses) -> None:
        self._memories = memories
        self._yaml: RuleIndex[Route] = RuleIndex()
        self._watches: RuleIndex[Route] = RuleIndex()
        self._written: dict[str, Rule] = {}
        """YAML's rules as they are written, by name, in its order."""
        self._judged: dict[str, Rule] = {}
        """Those that prints are judged by, with the tickers of their watchlists."""
        self._remembering_watches: dict[str, Rule] = {}
        self._lists: dict[str, frozenset[str]] = {}
        self._changing = asyncio.Lock()

    @property
    def rules(self) -> Mapping[str, Rule]:
        """YAML's rules, by name, in its order."""
        return self._written

    @property
    def judged(self) -> Collection[Rule]:
        """Those of them that prints are judged by, with the tickers of their watchlists."""
        return self._judged.values()

    @property
    def watch_count(self) -> int:
        return len(self._watches)

    def true_of(self, found: Print) -> Sequence[Route]:
        """The rules whose `when` is true of a print: YAML's in its order, then watches."""
        routes = self._yaml.match(found)
        if self._watches and (watches := self._watches.match(found)):
            return (*routes, *watches)
        return routes

    async def use(self, rules: Sequence[Rule], watchlists: Mapping[str, Collection[str]]) -> None:
        """Judge by these rules from one print to the next; until then, which may be some turns of the event loop away,
        by those before."""
        async with self._changing:
            lists = {name: frozenset(tickers) for name, tickers in watchlists.items()}
            judged = {rule.name: rule.resolved(lists) for rule in rules if rule.when is not None}
            index = await _built(judged.values())
            self._yaml, self._lists, self._judged = index, lists, judged
            self._written = {rule.name: rule for rule in rules}
            self._use_memories()

    async def set_watchlists(self, watchlists: Mapping[str, Collection[str]]) -> None:
        """The tickers of these watchlists are others now; the rules that name them are changed in place."""
        async with self._changing:
            changed = {
                name: frozenset(tickers)
                for name, tickers in watchlists.items()
                if name in self._lists and self._lists[name] != frozenset(tickers)
            }
            self._lists |= changed
            for rule in self._written.values():
                if rule.watchlists & changed.keys():
                    self._judged[rule.name] = judged = rule.resolved(self._lists)
                    self._put(self._yaml, rule.name, judged)

    async def add_watches(self, watches: Iterable[Rule]) -> None:
        """Take in watches, whose names are `name_of_watch`; many at once give the event loop its turn."""
        async with self._changing:
            taken = []
            for count, rule in enumerate(watches):
                taken.append(rule)
                if count % WATCHES_AT_ONCE == 0:
                    await asyncio.sleep(0)
            self._remembering_watches |= {rule.name: rule for rule in taken if rule.route.remembering is not None}
            self._use_memories()
            if not self._watches:
                self._watches = await _built(taken)
                return
            for rule in taken:
                self._put(self._watches, rule.name, rule)
                await asyncio.sleep(0)

    async def remove_watches(self, names: Iterable[str]) -> None:
        """They match no more; a name that no watch has is passed over."""
        async with self._changing:
            for name in names:
                if name in self._watches:
                    self._watches.remove(name)
                self._remembering_watches.pop(name, None)
                await asyncio.sleep(0)
            self._use_memories()

    def _use_memories(self) -> None:
        rules = (*self._judged.values(), *self._remembering_watches.values())
        self._memories.use([rule.route.remembering for rule in rules if rule.route.remembering is not None])

    @staticmethod
    def _put(index: RuleIndex[Route], key: str, rule: Rule) -> None:
        if rule.when is not None:
            index.add(key, rule.when, rule.route)


async def _built(rules: Iterable[Rule]) -> RuleIndex[Route]:
    building = RuleIndex[Route].building((rule.name, rule.when, rule.route) for rule in rules if rule.when is not None)
    while True:
        try:
            next(building)
        except StopIteration as done:
            index: RuleIndex[Route] = done.value
            return index
        await asyncio.sleep(0)
