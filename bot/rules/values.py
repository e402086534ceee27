"""Reads single values of a fact, and the names of lists and watchlists that stand for several."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from bot.config.names import NAME_PATTERN
from bot.config.tree import PathTo
from bot.rules.clauses import All, Any, Compare, Node, OneOf, Operator, Value, Watched
from bot.rules.flaws import Flaws
from bot.rules.names import Item, Vocabulary
from bot.rules.vocabulary import Fact, read, write

_NAME = re.compile(NAME_PATTERN)
_NO_TICKER = re.compile(r"[a-z]{7}")
"""The symbol of an option's underlying has at most six characters (OCC)."""
_SURELY, _PERHAPS = 0.8, 0.6
"""How alike two words are (difflib): `msft` and `soft` are 0.75, `megaa` and `mega` 0.89."""


class Values:
    """What is wrong with a value goes to `flaws`; it is None then."""

    def __init__(self, vocabulary: Vocabulary, flaws: Flaws) -> None:
        self._vocabulary = vocabulary
        self._flaws = flaws

    def compare(self, fact: Fact, operator: Operator, raw: object, path: PathTo) -> Compare | None:
        value, message, hint = self._read(fact, raw)
        if value is not None:
            return Compare(fact.name, operator, value)
        if self._vocabulary.is_whole or fact.kind != "text" or not _could_be_name(raw):
            self._flaws.add(path, message, hint=hint)
        self._flaws.is_broken = True
        return None

    def is_name(self, fact: Fact, text: str) -> bool:
        return fact.kind == "text" and (text in self._vocabulary.lists or self.is_watchlist(fact, text))

    def is_watchlist(self, fact: Fact, text: str) -> bool:
        return fact.name == "ticker" and text in self._vocabulary.watchlists

    def named(self, fact: Fact, name: str) -> Node | None:
        """What the list or the watchlist of that name means for the fact."""
        if self.is_watchlist(fact, name):
            return Watched(name)
        items, meanings = self._vocabulary.lists[name], self._vocabulary.meanings
        if items is None:
            self._flaws.is_broken = True
            return None
        node = meanings.get((name, fact.name)) or one_of(fact, self.items(fact, items), name)
        if node:
            meanings[name, fact.name] = node
        return node

    def items(self, fact: Fact, items: Iterable[Item]) -> list[Node | None]:
        """The values of a list; watchlists where it names them."""
        return [Watched(item.text) if self.is_watchlist(fact, item.text) else self._item(fact, item) for item in items]

    def _item(self, fact: Fact, item: Item) -> Compare | None:
        value, message, hint = self._read(fact, item.text)
        if value is None:
            self._flaws.add_item(item.path, fact.name, message, hint)
            return None
        return Compare(fact.name, "==", value)

    def _read(self, fact: Fact, raw: object) -> tuple[Value | None, str, str]:
        """The value; or None, why there is none, and what may have been meant."""
        if fact.name == "ticker" and _could_be_name(raw):
            hint = self._closest(fact, raw, _SURELY)
            if hint or _NO_TICKER.search(str(raw)):
                return None, "expected the name of a list, or a ticker in capital letters", hint
        try:
            return read(fact, raw), "", ""
        except ValueError as error:
            return None, str(error), self._closest(fact, raw, _PERHAPS)

    def _closest(self, fact: Fact, raw: object, likeness: float) -> str:
        """Among the names that may stand for values of the fact."""
        known = [name for name in (*self._vocabulary.lists, *self._vocabulary.watchlists) if self.is_name(fact, name)]
        found = get_close_matches(raw, known, n=1, cutoff=likeness) if isinstance(raw, str) and known else ()
        return f'; did you mean "{found[0]}"?' if found else ""


def one_of(fact: Fact, parts: Sequence[Node | None], name: str = "") -> Node | None:
    """Any of `parts`, None where one has a flaw. Those that are values become one membership test, called `name`."""
    found = [part for part in parts if part]
    if len(found) < len(parts):
        return None
    members = [part for part in found if _values(part)]
    if not members or (len(members) == 1 and not name):
        return joined(Any, found)
    values = tuple(dict.fromkeys(value for member in members for value in _values(member)))
    if not name and any(isinstance(member, OneOf) and member.name for member in members):
        name = ", ".join(_called(fact, member) for member in dict.fromkeys(members))
    together: Node = OneOf(fact.name, values, name) if name or len(values) > 1 else members[0]
    first = found.index(members[0])
    return joined(Any, [*found[:first], together, *(part for part in found[first:] if part not in members)])


def joined(group: type[All | Any], parts: Sequence[Node | None]) -> Node | None:
    """One node for the different ones among `parts`; flawed ones are left out, for the tree is thrown away then."""
    different: dict[Node, None] = {}
    for part in parts:
        if part is not None:
            different.update(dict.fromkeys(part.parts if isinstance(part, group) else (part,)))
    if len(different) < 2:
        return next(iter(different), None)
    return group(tuple(different))


def _could_be_name(raw: object) -> bool:
    return isinstance(raw, str) and _NAME.fullmatch(raw) is not None


def _values(node: Node) -> tuple[Value, ...]:
    """What a plain test of membership asks for; nothing of any other node."""
    if isinstance(node, OneOf):
        return node.values
    return (node.value,) if isinstance(node, Compare) and node.operator == "==" else ()


def _called(fact: Fact, member: Node) -> str:
    if isinstance(member, OneOf) and member.name:
        return member.name
    return ", ".join(write(fact, value) for value in _values(member))
