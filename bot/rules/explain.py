"""Says clause by clause why a rule fires on a print or does not. Interprets the tree that `compile` compiles."""

from operator import eq, ge, gt, le, lt, ne
from typing import Any as AnyValue

from bot.model.alerts import Clause
from bot.model.prints import Print
from bot.rules.clauses import All, Any, Between, Compare, Node, Not, OneOf, Test, Value
from bot.rules.vocabulary import FACTS, Fact, read, write, write_exactly

MISSING = "missing"

_COMPARE: dict[str, AnyValue] = {">=": ge, "<=": le, ">": gt, "<": lt, "==": eq, "!=": ne}
_SIGNS = {">=": ">=", "<=": "<=", ">": ">", "<": "<", "==": "=", "!=": "!="}


def explain(node: Node, found: Print) -> tuple[Clause, ...]:
    """The clauses of a rule's tree judged against `found`, in Kleene's logic: a missing fact makes one unknown."""
    parts = node.parts if isinstance(node, All) else (node,)
    return tuple(_clause(part, found) for part in parts)


def judge(node: Node, found: Print) -> bool | None:
    """Whether the rule's tree holds for `found`; None where the facts that would tell are missing."""
    if isinstance(node, Not):
        return _negate(judge(node.part, found))
    if isinstance(node, All):
        return _all([judge(part, found) for part in node.parts])
    if isinstance(node, Any):
        return _negate(_all([_negate(judge(part, found)) for part in node.parts]))
    value: Value | None = getattr(found, node.field)
    return None if value is None else _test(node, value)


def _clause(node: Node, found: Print) -> Clause:
    if isinstance(node, Not):
        return Clause("not", "", judge(node, found), (_clause(node.part, found),))
    if isinstance(node, (All, Any)):
        parts = tuple(_clause(part, found) for part in node.parts)
        return Clause("all" if isinstance(node, All) else "any", "", judge(node, found), parts)
    fact, value = FACTS[node.field], getattr(found, node.field)
    return Clause(_text(node, fact), _value(node, fact, value), judge(node, found))


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


def _text(node: Test, fact: Fact) -> str:
    shown = [_constant(fact, value) for value in _constants(node)]
    if isinstance(node, Compare):
        return f"{node.field} {_SIGNS[node.operator]} {shown[0]}"
    if isinstance(node, Between):
        return f"{shown[0]} <= {node.field} <= {shown[1]}"
    return f"{node.field} in {', '.join(shown)}"


def _constant(fact: Fact, value: Value) -> str:
    """Rounded only where that loses nothing."""
    brief = write(fact, value)
    return brief if fact.kind != "number" or read(fact, brief) == value else write_exactly(fact, value)


def _value(node: Test, fact: Fact, value: Value | None) -> str:
    """Rounded, unless that would make it look like the very limit that it misses."""
    if value is None:
        return MISSING
    brief = write(fact, value)
    looks_equal = any(brief == write(fact, limit) and value != limit for limit in _constants(node))
    return write_exactly(fact, value) if looks_equal else brief
