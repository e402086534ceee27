"""Reads `when` into a tree of clauses and gathers every problem. Knows no file: problems carry paths."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bot.config.tree import PathTo
from bot.config.wording import dotted, suggest
from bot.rules.clauses import All, Any, Between, Compare, Node, Not, OneOf, Operator
from bot.rules.vocabulary import FACTS, Fact, read

MAX_NESTING = 24
"""Groups, lists and `not` within one another. Nobody can read more, and the compiled expression nests with them."""

_COMPARISON = re.compile(r"\s*(?P<operator>[<>=!~]+)\s*(?P<value>.*?)\s*", re.DOTALL)
_OPERATORS: dict[str, Operator] = {">=": ">=", "<=": "<=", ">": ">", "<": "<", "=": "==", "==": "==", "!=": "!="}
_GROUPS = ("any", "all", "not")
_KEYS = ("min", "max", "not")


class Flaw(NamedTuple):
    """One thing wrong with a `when`."""

    path: PathTo
    message: str
    is_about_key: bool = False
    """The key at `path` is wrong, not its value."""


def parse(when: object, path: PathTo = (), what: str = "this rule") -> tuple[Node | None, list[Flaw]]:
    """The tree that `when` at `path` stands for, or None and every flaw; `what` names the rule in messages.

    Messages never quote values, which may have come from a secret.
    """
    parser = _Parser(what, max(len(path) - 1, 0))
    node = parser.clauses(when, path, 0)
    return (None, parser.flaws) if parser.flaws else (node, [])


class _Parser:
    """Gathers flaws; a part that has one is None, and its neighbours are still read."""

    def __init__(self, what: str, root: int) -> None:
        self.flaws: list[Flaw] = []
        self._what = what
        self._root = root

    def clauses(self, raw: object, path: PathTo, depth: int) -> Node | None:
        """A mapping of fields and groups, all of which must hold."""
        if not isinstance(raw, Mapping):
            self._flaw(path, "expected clauses, such as score: '>= 85'")
            return None
        if not raw:
            self._flaw(path, "there is no clause here, so every print would match", is_about_key=True)
            return None
        return _join(All, [self._clause(str(name), value, (*path, name), depth) for name, value in raw.items()])

    def _clause(self, name: str, raw: object, path: PathTo, depth: int) -> Node | None:
        if name in _GROUPS:
            return self._group(name, raw, path, depth + 1)
        if name in FACTS:
            return self._form(FACTS[name], raw, path, depth)
        hint = suggest(name, (*FACTS, *_GROUPS))
        self.flaws.append(Flaw(path, f'unknown field "{name}" in {self._what}{hint}', is_about_key=True))
        return None

    def _group(self, name: str, raw: object, path: PathTo, depth: int) -> Node | None:
        if depth > MAX_NESTING:
            self._flaw(path, f"nested more than {MAX_NESTING} levels deep", is_about_key=True)
        elif name == "not":
            part = self.clauses(raw, path, depth)
            return Not(part) if part else None
        elif raw == []:
            self._flaw(path, "the list is empty; put a clause in it or leave it out", is_about_key=True)
        elif isinstance(raw, list):
            parts = [self.clauses(item, (*path, index), depth) for index, item in enumerate(raw)]
            return _join(Any if name == "any" else All, parts)
        else:
            self._flaw(path, "expected a list of clauses, each on a line such as - score: '>= 85'")
        return None

    def _form(self, fact: Fact, raw: object, path: PathTo, depth: int) -> Node | None:
        """Anything that may stand behind a field's name."""
        if depth > MAX_NESTING:
            self._flaw(path, f"nested more than {MAX_NESTING} levels deep", is_about_key=True)
            return None
        if isinstance(raw, Mapping):
            return self._mapping(fact, raw, path, depth + 1)
        if isinstance(raw, list):
            return self._list(fact, raw, path, depth + 1)
        found = _COMPARISON.fullmatch(raw) if isinstance(raw, str) else None
        if not found:
            return self._compare(fact, "==", raw, path)
        if operator := _OPERATORS.get(found["operator"]):
            return self._compare(fact, operator, found["value"], path)
        self._flaw(path, "unknown operator; known: >=, <=, >, <, = and !=")
        return None

    def _compare(self, fact: Fact, operator: Operator, raw: object, path: PathTo) -> Compare | None:
        if fact.kind == "text" and operator not in ("==", "!="):
            self._flaw(path, f"{operator} compares numbers; use = or != here")
            return None
        try:
            return Compare(fact.name, operator, read(fact, raw))
        except ValueError as error:
            self._flaw(path, str(error))
            return None

    def _list(self, fact: Fact, raw: list[object], path: PathTo, depth: int) -> Node | None:
        """Any of the forms in the list; plain values become one membership test."""
        if not raw:
            self._flaw(path, "the list is empty, so nothing would match", is_about_key=True)
            return None
        parts = [self._form(fact, item, (*path, index), depth) for index, item in enumerate(raw)]
        values = [part.value for part in parts if isinstance(part, Compare) and part.operator == "=="]
        different = tuple(dict.fromkeys(values))
        if len(values) == len(raw) and len(different) > 1:
            return OneOf(fact.name, different)
        return _join(Any, parts)

    def _mapping(self, fact: Fact, raw: Mapping[str, object], path: PathTo, depth: int) -> Node | None:
        """`{min: …, max: …}` or `{not: …}`."""
        for key in (keys := [key for key in raw if key not in _KEYS]):
            hint = suggest(str(key), _KEYS)
            message = f'unknown field "{key}" in {fact.name} of {self._what}{hint}'
            self.flaws.append(Flaw((*path, key), message, is_about_key=True))
        if keys:
            return None
        if not raw or ("not" in raw and len(raw) > 1):
            self._flaw(path, "expected min, max or both; or not, alone", is_about_key=True)
        elif "not" in raw:
            part = self._form(fact, raw["not"], (*path, "not"), depth)
            return Not(part) if part else None
        elif fact.kind == "text":
            self._flaw(path, "min and max are for numbers and dates; list the values: [a, b]", is_about_key=True)
        else:
            return self._range(fact, raw, path)
        return None

    def _range(self, fact: Fact, raw: Mapping[str, object], path: PathTo) -> Node | None:
        low = self._compare(fact, ">=", raw["min"], (*path, "min")) if "min" in raw else None
        high = self._compare(fact, "<=", raw["max"], (*path, "max")) if "max" in raw else None
        if not low or not high:
            return low or high
        if low.value > high.value:  # type: ignore[operator]  # both are numbers, or both are dates
            self._flaw(path, "min is above max, so nothing would match", is_about_key=True)
            return None
        return Between(fact.name, low.value, high.value)

    def _flaw(self, path: PathTo, message: str, *, is_about_key: bool = False) -> None:
        name = dotted(path[self._root :])
        self.flaws.append(
            Flaw(path, f"{name} of {self._what}: {message}" if name else f"{self._what}: {message}", is_about_key)
        )


def _join(group: type[All | Any], parts: Sequence[Node | None]) -> Node | None:
    """One node for the different ones among `parts`; flawed ones are left out, for the tree is thrown away then."""
    nodes = tuple(dict.fromkeys(part for part in parts if part))
    if len(nodes) < 2:
        return nodes[0] if nodes else None
    return All(nodes) if group is All else Any(nodes)
