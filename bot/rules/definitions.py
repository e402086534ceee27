"""Reads the sections `lists`, `define` and `watchlists`: what an admin has given names to."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from bot.config.document import Document
from bot.config.names import check_name
from bot.config.tree import PathTo
from bot.config.wording import dotted
from bot.model.errors import Problem
from bot.rules.clauses import Compare, Node
from bot.rules.flaws import Flaw, Flaws
from bot.rules.forms import MAX_NESTING
from bot.rules.grammar import parse
from bot.rules.names import Item, Vocabulary
from bot.rules.reading import flaw_problems
from bot.rules.values import Values
from bot.rules.vocabulary import FACTS

T = TypeVar("T")

LISTS, DEFINE, WATCHLISTS = "lists", "define", "watchlists"


def read_vocabulary(document: Document) -> tuple[Vocabulary, list[Problem]]:
    """What the three sections of a document say, and every problem."""
    reader = _Reader(document)
    return reader.vocabulary(), reader.problems()


class _Lazy(Mapping[str, T | None]):
    """Things that may name one another, each read when it is asked for, so that their order is free."""

    def __init__(self, section: str, names: Mapping[str, object], read: Callable[[str], T | None]) -> None:
        self.flaws: list[Flaw] = []
        self._section = section
        self._names = names
        self._read = read
        self._found: dict[str, T | None] = {}
        self._begun: list[str] = []

    def __getitem__(self, name: str) -> T | None:
        if name not in self._found:
            self._found[name] = self._ask(name)
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _ask(self, name: str) -> T | None:
        if name in self._begun:
            circle = " → ".join([*self._begun[self._begun.index(name) :], name])
            remedy = "; write a ticker of that name in capital letters" if self._section == LISTS else ""
            self._refuse(name, f"it holds itself: {circle}{remedy}")
            return None
        if len(self._begun) > MAX_NESTING:
            self._refuse(name, f"named within one another more than {MAX_NESTING} deep")
            return None
        self._begun.append(name)
        found = self._read(name)
        self._begun.pop()
        return found

    def _refuse(self, name: str, message: str) -> None:
        self.flaws.append(Flaw((self._section, name), f"{self._section}.{name}: {message}", is_about_key=True))


class _Reader:
    """Goes on after a flaw, to find them all."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._problems: list[Problem] = []
        self._flaws: list[Flaw] = []
        self._raw = {name: self._section(name) for name in (LISTS, DEFINE, WATCHLISTS)}
        self._lists: _Lazy[tuple[Item, ...]] = _Lazy(LISTS, self._raw[LISTS], self._list)
        self._definitions: _Lazy[Node] = _Lazy(DEFINE, self._raw[DEFINE], self._definition)
        watchlists = dict.fromkeys(self._raw[WATCHLISTS], ())
        self._names = Vocabulary(self._lists, self._definitions, watchlists, is_whole=document.is_whole)

    def vocabulary(self) -> Vocabulary:
        lists, definitions = dict(self._lists), dict(self._definitions)
        watchlists = {name: self._tickers(name) for name in self._raw[WATCHLISTS]}
        flawed = frozenset(flaw.path for flaw in self._flaws if flaw.path[0] != DEFINE)
        return Vocabulary(lists, definitions, watchlists, flawed, self._document.is_whole)

    def problems(self) -> list[Problem]:
        """Of what was read."""
        first: dict[tuple[PathTo, str], Flaw] = {}
        for flaw in (*self._lists.flaws, *self._definitions.flaws, *self._flaws):
            first.setdefault((flaw.path, flaw.message if flaw.path[0] == DEFINE else ""), flaw)
        return [*self._problems, *flaw_problems(first.values(), self._document)]

    def _section(self, name: str) -> Mapping[str, object]:
        """A mapping of names."""
        root = self._document.value
        raw = root.get(name) if isinstance(root, Mapping) else None
        if raw is None:
            return {}
        if not isinstance(raw, Mapping):
            message = f"{name}: expected a mapping of names{self._document.got((name,))}"
            self._problems.append(self._document.problem((name,), message))
            return {}
        for own in raw:
            self._problems += check_name(own, (name, own), self._document)
        return raw

    def _list(self, name: str) -> tuple[Item, ...] | None:
        """The values of a list, with those of the lists that it names."""
        if self._raw[LISTS][name] == []:
            self._add((LISTS, name), "the list is empty; put a value in it or leave it out", is_about_key=True)
        items, is_whole = self._items(LISTS, name)
        return items if items and is_whole else None

    def _items(self, section: str, name: str) -> tuple[tuple[Item, ...], bool]:
        """The values, those of named lists among them, and whether these are all."""
        raw, path = self._raw[section][name], (section, name)
        if not isinstance(raw, list):
            self._add(path, "expected a list of values, such as [AAPL, MSFT]")
            return (), False
        found: dict[str, Item] = {}
        is_whole = True
        for index, text in enumerate(raw):
            if not isinstance(text, str) or not text.strip():
                self._add((*path, index), "expected text", "" if text in (None, "") else "; put it in quotes")
                is_whole = False
            elif text in self._lists:
                held = self._lists[text]
                for item in held or ():
                    found.setdefault(item.text, item)
                is_whole = is_whole and held is not None
            else:
                found.setdefault(text, Item(text, (*path, index)))
        return tuple(found.values()), is_whole

    def _tickers(self, name: str) -> tuple[str, ...]:
        """Those that the file puts on a watchlist."""
        if name in self._lists:
            self._add((WATCHLISTS, name), "a list has this name too; give one of them another", is_about_key=True)
        if self._raw[WATCHLISTS][name] is None:
            return ()
        items, _ = self._items(WATCHLISTS, name)
        flaws = Flaws(f'watchlist "{name}"', 2)
        for item in items:
            if item.text in self._raw[WATCHLISTS]:
                self._add(item.path, "a watchlist holds tickers and lists, no other watchlist")
        read = Values(self._names, flaws).items(FACTS["ticker"], items)
        self._flaws += flaws.found
        return tuple(dict.fromkeys(str(node.value) for node in read if isinstance(node, Compare)))

    def _definition(self, name: str) -> Node | None:
        path, what = (DEFINE, name), f'definition "{name}"'
        node, flaws = parse(self._raw[DEFINE][name], path, what, self._names, root=2)
        self._flaws += flaws
        return node

    def _add(self, path: PathTo, message: str, hint: str = "", *, is_about_key: bool = False) -> None:
        self._flaws.append(Flaw(path, f"{dotted(path)}: {message}", is_about_key, hint))
