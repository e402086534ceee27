"""One rule as one Python function: what the index verifies candidates with, and what it is tested against.

Agrees with `explain.judge`, which is the specification: in Kleene's logic a node is definitely true, definitely false
or unknown, and each becomes the expression for the first or the second, which `not` swaps.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, cast

from bot.model.prints import Print
from bot.rules.clauses import All, Any, Compare, Node, Not, OneOf, Test, Watched
from bot.rules.vocabulary import FACTS

Predicate = Callable[[Print], bool]

MOST_SHAPES: Final = 512
"""Compiled expressions that are kept. Rules that differ in their constants only share one."""


def compile_predicate(node: Node) -> Predicate:
    """A function that tells whether the tree is true of a print. TypeError for a `Watched`, which nobody resolved.

    No text of the user's enters the program: constants are handed to it by position.
    """
    constants: list[object] = []
    expression = _expression(node, constants, is_true=True)
    names = ", ".join(f"k{n}" for n in range(len(constants)))
    return _maker(f"lambda {names}: lambda found: {expression}")(*constants)


@lru_cache(MOST_SHAPES)
def _maker(source: str) -> Callable[..., Predicate]:
    return cast("Callable[..., Predicate]", eval(source, {}))  # noqa: S307 every name in it is ours


def _expression(node: Node, constants: list[object], *, is_true: bool) -> str:
    if isinstance(node, Not):
        return _expression(node.part, constants, is_true=not is_true)
    if isinstance(node, (All, Any)):
        is_all = isinstance(node, All) == is_true
        parts = [_expression(part, constants, is_true=is_true) for part in node.parts]
        return f"({(' and ' if is_all else ' or ').join(parts)})" if parts else str(is_all)
    if isinstance(node, Watched):
        raise TypeError(f"watchlist {node.watchlist} was not resolved")
    test = _test(node, constants)
    return f"((value := found.{FACTS[node.field].attribute}) is not None and {test if is_true else f'not {test}'})"


def _test(node: Test, constants: list[object]) -> str:
    name = f"k{len(constants)}"
    if isinstance(node, Compare):
        constants.append(node.value)
        return f"value {node.operator} {name}"
    if isinstance(node, OneOf):
        constants.append(frozenset(node.values))
        return f"value in {name}"
    constants += node.low, node.high
    return f"{name} <= value <= k{len(constants) - 1}"
