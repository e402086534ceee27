"""Checks rules as an admin wrote them: their settings, their clauses, and how the keys of one go together."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from bot.config.check import check
from bot.config.document import Document
from bot.config.tree import PathTo
from bot.config.wording import suggest
from bot.model.errors import Problem
from bot.rules.clauses import All, Any, Node, Not
from bot.rules.flaws import Flaw
from bot.rules.grammar import parse
from bot.rules.names import Vocabulary
from bot.rules.settings import MEMORIES, RuleSettings
from bot.rules.values import joined


class Written(NamedTuple):
    """A rule without problems."""

    settings: RuleSettings
    when: Node | None
    """What `when` and `exclude` say together."""
    sort: Node | None
    """A share's `of`."""


class RuleReader:
    """Reads the rules of one document."""

    def __init__(self, document: Document, vocabulary: Vocabulary, destinations: Collection[str] | None = None) -> None:
        """Without `destinations`, their names, a rule may send anywhere."""
        self._document = document
        self._vocabulary = vocabulary
        self._destinations = destinations
        self._told = set(vocabulary.flawed)
        """Items of lists: what is wrong with one is told once, however often the list is used."""

    def read(self, item: object, path: PathTo, what: str) -> tuple[Written | None, list[Problem]]:
        """The rule that stands at `path`, or None and every problem; None without one: something it uses has it."""
        settings, problems = check(RuleSettings, item, path, self._document, what=what)
        if not isinstance(item, Mapping):
            return None, problems
        problems += self._wrong_keys(item, path, what)
        problems += self._unknown_destinations(item.get("send_to"), (*path, "send_to"), what)
        read, flaws = self._clauses(item, path, what)
        problems += flaw_problems(self._untold(flaws, path), self._document)
        if problems or settings is None or None in read.values():
            return None, problems
        exclude = read.get("exclude")
        return Written(settings, joined(All, [read.get("when"), Not(exclude) if exclude else None]), read.get("of")), []

    def _clauses(
        self, item: Mapping[str, object], path: PathTo, what: str
    ) -> tuple[dict[str, Node | None], list[Flaw]]:
        """What the rule has of `when`, `exclude` and a share's `of`."""
        share = item.get("share")
        places = [(item, (*path, "when")), (item, (*path, "exclude")), (share, (*path, "share", "of"))]
        read: dict[str, Node | None] = {}
        flaws: list[Flaw] = []
        for holder, here in places:
            key = str(here[-1])
            if isinstance(holder, Mapping) and key in holder:
                group = Any if key == "exclude" else All
                read[key], found = parse(holder[key], here, what, self._vocabulary, root=len(path), group=group)
                flaws += found
        return read, flaws

    def _untold(self, flaws: Iterable[Flaw], path: PathTo) -> Iterator[Flaw]:
        for flaw in flaws:
            if flaw.path[: len(path)] == path or flaw.path not in self._told:
                self._told.add(flaw.path)
                yield flaw

    def _wrong_keys(self, item: Mapping[str, object], path: PathTo, what: str) -> Iterator[Problem]:
        """What no key alone shows."""
        first, *others = [key for key in MEMORIES if item.get(key) is not None] or [""]
        for key in others:
            message = f"{what} has {first} and {key}, but a rule remembers one thing; make two rules of it"
            yield self._document.problem((*path, key), message, at_key=True)
        if item.get("silence") is not None:
            for key in ("when", "exclude"):
                if key in item:
                    message = f"{what}: silence is about a feed as a whole, not about certain prints; leave {key} out"
                    yield self._document.problem((*path, key), message, at_key=True)
        elif "when" not in item:
            yield self._document.problem((*path, "when"), f'missing field "when" in {what}', at_key=True)

    def _unknown_destinations(self, raw: object, path: PathTo, what: str) -> Iterator[Problem]:
        known = self._destinations
        if known is None:
            return
        for index, name in enumerate(raw if isinstance(raw, list) else ()):
            if isinstance(name, str) and name not in known and (*path, index) not in self._document.unfilled:
                message = f'unknown destination "{name}" in {what}{suggest(name, known)}'
                yield self._document.problem((*path, index), message)


def flaw_problems(flaws: Iterable[Flaw], document: Document) -> Iterator[Problem]:
    """At their places, with the values where messages may quote them."""
    for flaw in flaws:
        if flaw.path not in document.unfilled:
            got = "" if flaw.is_about_key else document.got(flaw.path)
            yield document.problem(flaw.path, flaw.message + got + flaw.hint, at_key=flaw.is_about_key)
