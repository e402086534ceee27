"""Says clause by clause why a rule fires on a print or does not. Interprets the tree that `compile` compiles."""

from operator import eq, ge, gt, le, lt, ne
from typing import Any as AnyValue

from bot.model.alerts import Clause
from bot.model.prints import Print
from bot.rules.clauses import All, Any, Compare, Node, Not, OneOf, Test, Value, Watched
from bot.rules.vocabulary import FACTS, Fact, read, write, write_exactly

MISSING = "missing"
MOST_VALUES = 12
"""Of a list without a name; one that is longer shows its first few."""

_COMPARE: dict[str, AnyValue] = {">=": ge, "<=": le, ">": gt, "<": lt, "==": eq, "!=": ne}
_SIGNS = {">=": ">=", "<=": "<=", ">": ">", "<": "<", "==": "=", "!=": "!="}


def explain(node: Node | None, found: Print) -> tuple[Clause, ...]:
    """The clauses of a rule's tree judged against `found`, in Kleene's logic: a missing fact makes one unknown.

    None, of a rule without clauses, has none.
    """
    parts = node.parts if isinstance(node, All) else (node,) if node else ()
    return tuple(_clause(part, found) for part in parts)


def describe(node: Node) -> str:
    """The tree in one line, as it is explained: `side = ask and (dte = 0 or score >= 85)`."""
    if isinstance(node, Not):
        return f"not ({describe(node.part)})"
    if isinstance(node, (All, Any)):
        shown = [f"({describe(part)})" if isinstance(part, (All, Any)) else describe(part) for part in node.parts]
        return (" and " if isinstance(node, All) else " or ").join(shown)
    return _text(node)


def holds(node: Node, found: Print) -> bool:
    """Whether the tree is surely true of `found`."""
    return judge(node, found) is True


def judge(node: Node, found: Print) -> bool | None:
    """Whether the rule's tree holds for `found`; None where the facts that would tell are missing.

    A watchlist that nobody has resolved is unknown too.
    """
    if isinstance(node, Not):
        return _negate(judge(node.part, found))
    if isinstance(node, All):
        return _all([judge(part, found) for part in node.parts])
    if isinstance(node, Any):
        return _negate(_all([_negate(judge(part, found)) for part in node.parts]))
    if isinstance(node, Watched):
        return None
    value: Value | None = getattr(found, FACTS[node.field].attribute)
    return None if value is None else _test(node, value)


def _clause(node: Node, found: Print) -> Clause:
    if isinstance(node, Not):
        return Clause("not", "", judge(node, found), (_clause(node.part, found),))
    if isinstance(node, (All, Any)):
        parts = tuple(_clause(part, found) for part in node.parts)
        return Clause("all" if isinstance(node, All) else "any", "", judge(node, found), parts)
    if isinstance(node, Watched):
        return Clause(_text(node), found.ticker, None)
    fact = FACTS[node.field]
    return Clause(_text(node), _value(node, fact, getattr(found, fact.attribute)), judge(node, found))


def _negate(verdict: bool | None) -> bool | None:
    return None if verdict is None else not verdict


def _all(verdicts: list[bool | None]) -> bool | None:
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _test(node: Test, value: AnyValue) -> bool:
    if isinstance(node, Compare):
        return bool(_COMPARE[node.operator](value, node.value))
    if isinstance(node, OneOf):
        return value in node.values
    return bool(node.low <= value <= node.high)


def _constants(node: Test) -> tuple[Value, ...]:
    if isinstance(node, Compare):
        return (node.value,)
    return node.values if isinstance(node, OneOf) else (node.low, node.high)


def _text(node: Test | Watched) -> str:
    if isinstance(node, Watched):
        return f"ticker in {node.watchlist}"
    fact = FACTS[node.field]
    if isinstance(node, OneOf):
        return f"{fact.name} in {node.name or _listed([constant(fact, value) for value in node.values])}"
    shown = [constant(fact, value) for value in _constants(node)]
    if isinstance(node, Compare):
        return f"{fact.name} {_SIGNS[node.operator]} {shown[0]}"
    return f"{shown[0]} <= {fact.name} <= {shown[1]}"


def _listed(values: list[str]) -> str:
    if len(values) <= MOST_VALUES:
        return ", ".join(values)
    return f"{', '.join(values[: MOST_VALUES - 4])} and {len(values) - MOST_VALUES + 4} more"


def constant(fact: Fact, value: Value) -> str:
    """The value as people write it, rounded only where that loses nothing."""
    brief = write(fact, value)
    return brief if fact.kind != "number" or read(fact, brief) == value else write_exactly(fact, value)


def _value(node: Test, fact: Fact, value: Value | None) -> str:
    """Rounded, unless that would make it look like the very limit that it misses."""
    if value is None:
        return MISSING
    brief = write(fact, value)
    looks_equal = any(brief == write(fact, limit) and value != limit for limit in _constants(node))
    return write_exactly(fact, value) if looks_equal else brief
