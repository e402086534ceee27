"""Rule sets by the hundred thousand, and prints to judge them by, for the figures of matching.

In a tight mix about one rule in 100,000 is true of a print, in a broad one about one in 200; every rule has three to
six clauses. `written` spells a rule for other engines.
"""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Final

from bot.model.prints import Print
from bot.model.sectors import SECTORS
from bot.rules.clauses import All, Between, Compare, Node, OneOf, Value

Draw = Callable[[Random], list[Node]]

TODAY: Final = date(2026, 7, 17)
TICKERS: Final = tuple(f"{a}{b}{c}" for a in "ABCDEFGHKLMNPRST" for b in "AEIOU" for c in "BCDFGHKLMNPQRSTVWXYZABCDE")
"""Two thousand; the first are the busy ones."""
SIDES, TYPES, KINDS = ("ask", "bid", "mid"), ("call", "put"), ("sweep", "block", "split", "single")
LEAST_HOT: Final = 95


def rules(draw: Draw, count: int) -> list[tuple[str, Node, int]]:
    """So many different rules, the same at every call: key, tree and number."""
    random = Random(count)
    return [(f"rule-{n}", All(tuple(draw(random))), n) for n in range(count)]


def watches(random: Random) -> list[Node]:
    """Tight: what traders' watchlists hold."""
    clauses: list[Node] = [
        OneOf("ticker", tuple(dict.fromkeys(_ticker(random) for _ in range(random.randint(1, 3))))),
        _at_least("score", random.randint(60, 97)),
        _at_least("premium", 5_000 * random.randint(10, 400)),
    ]
    return clauses + random.sample(_details(random), random.randint(0, 3))


def tight(random: Random) -> list[Node]:
    """Tight without a ticker: rare by everything else."""
    return [
        _at_least("score", random.randint(70, 99)),
        _at_least("premium", 50_000 * random.randint(8, 200)),
        Compare("sector", "==", random.choice(SECTORS)),
        *random.sample(_details(random), 3),
    ]


def broad(random: Random) -> list[Node]:
    clauses = [_at_least("score", random.randint(30, 70)), _at_least("premium", 5_000 * random.randint(2, 50))]
    return clauses + random.sample(_details(random), random.randint(2, 4))


MIXES: Final[dict[str, Draw]] = {"watches": watches, "tight": tight, "broad": broad}


def prints(count: int, *, are_hot: bool) -> list[Print]:
    random = Random(count)
    return [_print(random, are_hot=are_hot) for _ in range(count)]


def written(node: Node, conjunction: str) -> str:
    """A rule of these mixes as an expression in the words that rule-engine and CEL share."""
    if isinstance(node, All):
        return f" {conjunction} ".join(written(part, conjunction) for part in node.parts)
    if isinstance(node, Between):
        return f"{node.field} >= {node.low} {conjunction} {node.field} <= {node.high}"
    if isinstance(node, OneOf):
        return f"{node.field} in [{', '.join(map(_constant, node.values))}]"
    assert isinstance(node, Compare), "these mixes have nothing else"
    return f"{node.field} {node.operator} {_constant(node.value)}"


def facts(found: Print) -> dict[str, object]:
    """What those expressions ask about, every number a float: CEL compares nothing else with them."""
    asked = ("ticker", "score", "premium", "sector", "side", "type", "kind", "dte", "otm_pct", "vol_oi")
    values = ((name, getattr(found, name)) for name in asked)
    return {name: float(value) if isinstance(value, int) else value for name, value in values}


def _constant(value: Value) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _ticker(random: Random) -> str:
    return TICKERS[int(len(TICKERS) * random.random() ** 2)]


def _at_least(field: str, value: float) -> Node:
    return Compare(field, ">=", float(value))


def _details(random: Random) -> list[Node]:
    nearest = random.uniform(-5.0, 10.0)
    return [
        Compare("side", "==", random.choice(SIDES)),
        Compare("type", "==", random.choice(TYPES)),
        OneOf("kind", tuple(random.sample(KINDS, 2))),
        Compare("dte", "<=", 7.0 * random.randint(1, 12)),
        Between("otm_pct", nearest, nearest + 10.0),
        _at_least("vol_oi", random.randint(1, 20) / 4),
    ]


def _print(random: Random, *, are_hot: bool) -> Print:
    score = random.randint(LEAST_HOT, 99) if are_hot else min(99, int(random.paretovariate(1.2) * 25))
    dte = 7 * int(random.expovariate(0.4))
    return Print(
        provider="bench",
        ticker=_ticker(random),
        received_ns=1,
        type=random.choice(("call", "put")),
        side=random.choice(("ask", "bid", "mid")),
        kind=random.choice(("sweep", "block", "split", "single")),
        sector=random.choice(SECTORS),
        score=float(score),
        premium=float(int(random.paretovariate(0.95) * 6000)),
        dte=dte,
        expiry=TODAY + timedelta(days=dte),
        otm_pct=random.gauss(5.0, 6.0),
        vol_oi=random.expovariate(0.5),
    )
