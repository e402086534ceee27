"""Makes one Python function of a whole rule set, for speed. Agrees with `explain.judge`, which is its specification.

In Kleene's logic every clause is definitely true, definitely false or unknown; each node becomes the expression for
the first or the second, and `not` swaps them. No text of the user's enters the source: constants are bound by name.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import nan
from typing import TypeVar, cast

from bot.model.prints import Print
from bot.rules.clauses import All, Any, Between, Compare, Node, Not, OneOf
from bot.rules.vocabulary import FACTS

R = TypeVar("R")

_OPPOSITE = {">=": "<", "<=": ">", ">": "<=", "<": ">=", "==": "!=", "!=": "=="}

_Conjuncts = tuple[Node, ...]
"""What must hold for one rule, cheapest first."""


def compile_matcher(rules: Sequence[tuple[Node, R]]) -> Callable[[Print], Sequence[R]]:
    """A function that gives what belongs to those trees that are true of a print, in the order given here."""
    results = [result for _, result in rules]
    writer = _Writer()
    source = writer.function([node for node, _ in rules])
    namespace: dict[str, object] = {
        **writer.constants,
        "nan": nan,
        "in_order": lambda hits: tuple(results[index] for index in sorted(hits)),
    }
    exec(compile(source, "<rules>", "exec"), namespace)  # noqa: S102 every name in it is ours
    return cast("Callable[[Print], Sequence[R]]", namespace["match"])


class _Writer:
    """Writes the function's source, and collects the constants that its names stand for."""

    def __init__(self) -> None:
        self.constants: dict[str, object] = {}
        self._names: dict[object, str] = {}
        self._lines: list[str] = []

    def function(self, nodes: Sequence[Node]) -> str:
        """Rules that share a first test stand behind it together, so that most prints meet few of them."""
        for field in sorted({field for node in nodes for field in _fields(node)}):
            self._write(1, f"{field} = _print.{field}")
            if FACTS[field].kind == "number":  # every comparison with nan is false, == and in too
                self._write(1, f"if {field} is None: {field} = nan")
        self._write(1, "_hits = []")
        rest = {index: _conjuncts(node) for index, node in enumerate(nodes)}
        self._watchlist(rest)
        self._rules(1, rest)
        self._write(1, "return in_order(_hits) if _hits else ()")
        return "\n".join(["def match(_print):", *self._lines])

    def _watchlist(self, rest: dict[int, _Conjuncts]) -> None:
        """Rules that name their tickers, behind one look-up."""
        watched = {index: _tickers(conjuncts) for index, conjuncts in rest.items()}
        everything = frozenset(ticker for tickers in watched.values() for ticker in tickers)
        if everything:
            self._write(1, f"if ticker in {self._constant(everything)}:")
            self._rules(2, {index: rest.pop(index) for index, tickers in watched.items() if tickers})

    def _rules(self, indent: int, rest: dict[int, _Conjuncts]) -> None:
        while field := _commonest_bound(rest.values()):
            self._ladder(indent, field, rest)
        for index, conjuncts in rest.items():
            self._rule(indent, index, conjuncts)

    def _ladder(self, indent: int, field: str, rest: dict[int, _Conjuncts]) -> None:
        """Rules with a lower bound on `field`, the lowest first: the first bound that fails ends them all."""
        steps: dict[tuple[float, bool], list[tuple[int, _Conjuncts]]] = {}
        for index in list(rest):
            if bound := _bound(rest[index], field):
                others = tuple(conjunct for conjunct in rest.pop(index) if conjunct is not bound)
                steps.setdefault((cast("float", bound.value), bound.operator == ">"), []).append((index, others))
        self._write(indent, "while True:")
        for value, is_strict in sorted(steps):
            self._write(indent + 1, f"if not {field} {'>' if is_strict else '>='} {self._constant(value)}: break")
            for index, conjuncts in steps[value, is_strict]:
                self._rule(indent + 1, index, conjuncts)
        self._write(indent + 1, "break")

    def _rule(self, indent: int, index: int, conjuncts: _Conjuncts) -> None:
        condition = " and ".join(self._true(conjunct) for conjunct in conjuncts) or "True"
        self._write(indent, f"if {condition}: _hits.append({index})")

    def _true(self, node: Node) -> str:
        if isinstance(node, Not):
            return self._false(node.part)
        if isinstance(node, (All, Any)):
            return self._joined(" and " if isinstance(node, All) else " or ", map(self._true, _cheapest(node.parts)))
        if isinstance(node, Compare):
            return self._compare(node.field, node.operator, node.value)
        if isinstance(node, OneOf):
            return f"{node.field} in {self._constant(frozenset(node.values))}"
        low, high = self._compare(node.field, ">=", node.low), self._compare(node.field, "<=", node.high)
        return f"({low} and {high})"

    def _false(self, node: Node) -> str:
        if isinstance(node, Not):
            return self._true(node.part)
        if isinstance(node, (All, Any)):
            return self._joined(" or " if isinstance(node, All) else " and ", map(self._false, _cheapest(node.parts)))
        if isinstance(node, Compare):
            return self._compare(node.field, _OPPOSITE[node.operator], node.value)
        if isinstance(node, OneOf):
            return f"({self._known(node.field)} and {node.field} not in {self._constant(frozenset(node.values))})"
        low, high = self._compare(node.field, "<", node.low), self._compare(node.field, ">", node.high)
        return f"({low} or {high})"

    def _compare(self, field: str, operator: str, value: object) -> str:
        plain = f"{field} {operator} {self._constant(value)}"
        is_safe = operator == "==" or (FACTS[field].kind == "number" and operator != "!=")
        return plain if is_safe else f"({self._known(field)} and {plain})"

    def _known(self, field: str) -> str:
        return f"{field} == {field}" if FACTS[field].kind == "number" else f"{field} is not None"

    def _joined(self, word: str, expressions: Iterable[str]) -> str:
        return f"({word.join(expressions)})"

    def _constant(self, value: object) -> str:
        name = self._names.setdefault(value, f"k{len(self._names)}")
        self.constants[name] = value
        return name

    def _write(self, indent: int, line: str) -> None:
        self._lines.append("    " * indent + line)


def _conjuncts(node: Node) -> _Conjuncts:
    if isinstance(node, All):
        return tuple(_cheapest([part for child in node.parts for part in _conjuncts(child)]))
    return (node,)


def _cheapest(nodes: Iterable[Node]) -> list[Node]:
    return sorted(nodes, key=_cost)


def _cost(node: Node) -> int:
    """A rough rank: what rules most prints out stands before what rules few out, one test before many."""
    if isinstance(node, Not):
        return _cost(node.part) + 1
    if isinstance(node, (All, Any)):
        return 10 + sum(map(_cost, node.parts))
    return {"ticker": 0, "score": 1, "premium": 2}.get(node.field, 3) + isinstance(node, Between)


def _tickers(conjuncts: _Conjuncts) -> tuple[object, ...]:
    """The only tickers for which all of `conjuncts` can hold; empty where they name none."""
    for node in conjuncts:
        if isinstance(node, OneOf) and node.field == "ticker":
            return node.values
        if isinstance(node, Compare) and node.field == "ticker" and node.operator == "==":
            return (node.value,)
    return ()


def _bound(conjuncts: _Conjuncts, field: str) -> Compare | None:
    for node in conjuncts:
        if isinstance(node, Compare) and node.field == field and node.operator in (">=", ">"):
            return node
    return None


def _commonest_bound(rules: Iterable[_Conjuncts]) -> str | None:
    """The number for which most rules have a lower bound, if two do."""
    fields = Counter(
        field
        for conjuncts in rules
        for field in {
            node.field
            for node in conjuncts
            if isinstance(node, Compare) and node.operator in (">=", ">") and FACTS[node.field].kind == "number"
        }
    )
    found = fields.most_common(1)
    return found[0][0] if found and found[0][1] > 1 else None


def _fields(node: Node) -> set[str]:
    if isinstance(node, Not):
        return _fields(node.part)
    if isinstance(node, (All, Any)):
        return set().union(*map(_fields, node.parts))
    return {node.field}
