"""Reads what stands behind a fact's name: a value, a comparison, a list, a range, or what must not hold."""

import re
from collections.abc import Mapping

from bot.config.tree import PathTo
from bot.config.wording import suggest
from bot.rules.clauses import All, Any, Between, Compare, Node, Not, Operator
from bot.rules.flaws import Flaws
from bot.rules.names import Vocabulary
from bot.rules.values import Values, one_of
from bot.rules.vocabulary import Fact

MAX_NESTING = 24
"""Groups, lists and `not` within one another. Nobody can read more, and the compiled expression nests with them."""

_COMPARISON = re.compile(r"\s*(?P<operator>[<>=!~]+)\s*(?P<value>.*?)\s*", re.DOTALL)
_OPERATORS: dict[str, Operator] = {">=": ">=", "<=": "<=", ">": ">", "<": "<", "=": "==", "==": "==", "!=": "!="}
_KEYS = ("min", "max", "between", "not")


class Forms:
    """Everything that may stand behind a fact's name; what has a flaw is None."""

    def __init__(self, vocabulary: Vocabulary, flaws: Flaws) -> None:
        self._values = Values(vocabulary, flaws)
        self._flaws = flaws

    def read(self, fact: Fact, raw: object, path: PathTo, depth: int) -> Node | None:
        if depth > MAX_NESTING:
            self._flaws.add(path, f"nested more than {MAX_NESTING} levels deep", is_about_key=True)
            return None
        if isinstance(raw, Mapping):
            return self._mapping(fact, raw, path, depth + 1)
        if isinstance(raw, list):
            return self._list(fact, raw, path, depth + 1)
        found = _COMPARISON.fullmatch(raw) if isinstance(raw, str) else None
        if not found:
            return self._comparison(fact, "==", raw, path)
        if operator := _OPERATORS.get(found["operator"]):
            return self._comparison(fact, operator, found["value"], path)
        self._flaws.add(path, "unknown operator; known: >=, <=, >, <, = and !=")
        return None

    def _comparison(self, fact: Fact, operator: Operator, raw: object, path: PathTo) -> Node | None:
        """With one value, or with what a name stands for."""
        is_equality = operator in ("==", "!=")
        if not (is_equality or fact.is_ordered):
            self._flaws.add(path, f"{operator} compares numbers; use = or != here")
        elif is_equality and fact.kind == "clock":
            self._flaws.add(path, """expected a span of time, such as '>= 15:30' or {between: ["09:30", "16:00"]}""")
        elif isinstance(raw, str) and self._values.is_name(fact, raw):
            node = self._values.named(fact, raw)
            return Not(node) if node and operator == "!=" else node
        else:
            return self._values.compare(fact, operator, raw, path)
        return None

    def _list(self, fact: Fact, raw: list[object], path: PathTo, depth: int) -> Node | None:
        """Any of the forms in the list."""
        if not raw:
            self._flaws.add(path, "the list is empty, so nothing would match", is_about_key=True)
            return None
        return one_of(fact, [self.read(fact, item, (*path, index), depth) for index, item in enumerate(raw)])

    def _mapping(self, fact: Fact, raw: Mapping[str, object], path: PathTo, depth: int) -> Node | None:
        """`{min: …, max: …}`, `{between: […]}` or `{not: …}`."""
        for key in (keys := [key for key in raw if key not in _KEYS]):
            hint = suggest(str(key), _KEYS)
            self._flaws.add_sentence((*path, key), f'unknown field "{key}" in {fact.name} of {self._flaws.what}{hint}')
        if keys:
            return None
        if not raw or (len(raw) > 1 and not raw.keys() <= {"min", "max"}):
            self._flaws.add(path, "expected min, max or both; or else between or not", is_about_key=True)
        elif "not" in raw:
            part = self.read(fact, raw["not"], (*path, "not"), depth)
            return Not(part) if part else None
        elif not fact.is_ordered:
            message = "min, max and between are for numbers, dates and times; list the values: [a, b]"
            self._flaws.add(path, message, is_about_key=True)
        elif "between" in raw:
            return self._between(fact, raw["between"], (*path, "between"))
        else:
            return self._range(fact, raw, path)
        return None

    def _range(self, fact: Fact, raw: Mapping[str, object], path: PathTo) -> Node | None:
        low = self._values.compare(fact, ">=", raw["min"], (*path, "min")) if "min" in raw else None
        high = self._values.compare(fact, "<=", raw["max"], (*path, "max")) if "max" in raw else None
        if not low or not high:
            return low or high
        if _is_above(low, high):
            self._flaws.add(path, "min is above max, so nothing would match", is_about_key=True)
            return None
        return Between(fact.name, low.value, high.value)

    def _between(self, fact: Fact, raw: object, path: PathTo) -> Node | None:
        """Both ends included; not of times of day, where an end that is no later goes on past midnight."""
        if not isinstance(raw, list) or len(raw) != 2:
            self._flaws.add(path, "expected a list of two values, where it begins and where it ends")
            return None
        is_clock = fact.kind == "clock"
        low = self._values.compare(fact, ">=", raw[0], (*path, 0))
        high = self._values.compare(fact, "<" if is_clock else "<=", raw[1], (*path, 1))
        if not low or not high:
            return None
        if is_clock:
            return Any((low, high)) if low.value == high.value or _is_above(low, high) else All((low, high))
        if _is_above(low, high):
            self._flaws.add(path, "the first is above the second, so nothing would match", is_about_key=True)
            return None
        return Between(fact.name, low.value, high.value)


def _is_above(low: Compare, high: Compare) -> bool:
    return low.value > high.value  # type: ignore[operator]  # values of one fact that has an order
