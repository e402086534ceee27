"""Figures of matching: what a print costs among ten to a hundred thousand rules, by flowbot's index and by others.

Nothing is sent anywhere; everything alternates in this process.
"""

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Final

from bot.model.prints import Print
from bot.rules.clauses import Node
from bot.rules.explain import judge
from bot.rules.index import RuleIndex
from bot.rules.predicate import compile_predicate
from tests.bench.options import Options
from tests.bench.rule_mixes import MIXES, facts, prints, rules, written
from tests.bench.table import Bar, Row, median_ratio

Rules = Sequence[tuple[str, Node, int]]
Match = Callable[[Print], Sequence[int]]
Rival = Callable[[Rules], Match]

SIZES: Final = (10, 100, 1_000, 10_000, 100_000)
PRINTS: Final = 2_000
ROUND_S: Final = 0.1
"""Of one engine in one round, about; at least one print."""
COMPARED: Final = 1
"""Which of the sizes the largest is compared with."""
LONGEST_S: Final = 15.0
"""An engine that would need longer to read the rules, or for one print, is left out."""
EDITS: Final = 50
GROWTH: Final = {"": Bar(6, 4, "lower"), ", hot": Bar(15, 9, "lower")}
INTERPRETING: Final = Bar(0.01, 0.002, "lower")


def predicates(some: Rules) -> Match:
    """One compiled function a rule, in a list."""
    compiled = [(compile_predicate(node), result) for _, node, result in some]
    return lambda found: [result for is_true, result in compiled if is_true(found)]


def interpreted(some: Rules) -> Match:
    return lambda found: [result for _, node, result in some if judge(node, found) is True]


def rule_engine(some: Rules) -> Match:
    """https://pypi.org/project/rule-engine"""
    from rule_engine import Rule

    read = [(Rule(written(node, "and")), result) for _, node, result in some]

    def match(found: Print) -> list[int]:
        values = facts(found)
        return [result for rule, result in read if rule.matches(values)]

    return match


def cel(some: Rules) -> Match:
    """https://pypi.org/project/common-expression-language, which is written in Rust."""
    import cel as engine

    read = [(engine.compile(written(node, "&&")), result) for _, node, result in some]

    def match(found: Print) -> list[int]:
        context = engine.Context(variables=facts(found))
        return [result for program, result in read if program.execute(context)]

    return match


RIVALS: Final[dict[str, tuple[Rival, str]]] = {
    "list of compiled predicates": (predicates, ""),
    "interpreting them": (interpreted, ""),
    "rule-engine": (rule_engine, "rule_engine"),
    "CEL": (cel, "cel"),
}
"""And the module that must be installed."""


def matching(options: Options) -> list[Row]:
    """Microseconds a print, mix by mix; on the way it tells what each index costs to build, to hold and to change."""
    rows: list[Row] = []
    sizes = [size for size in SIZES if size <= options.most]
    for mix, draw in MIXES.items():
        rivals = dict(RIVALS)
        indexes: list[RuleIndex[int]] = []
        for size in sizes:
            some = rules(draw, size)
            indexes.append(_built(f"{size:,} rules, {mix}", some))
            rows += _against(rivals, some, indexes[-1].match, options.rounds, f"{size:,} rules, {mix}")
        if len(sizes) > COMPARED:
            rows += _growth(mix, sizes, indexes, options.rounds)
    return rows


def _growth(mix: str, sizes: Sequence[int], indexes: Sequence[RuleIndex[int]], rounds: int) -> Iterator[Row]:
    """The largest set against one that is small."""
    for heat, bar in GROWTH.items():
        found = prints(PRINTS, are_hot=bool(heat))
        pairs = [(_cost(indexes[-1].match, found), _cost(indexes[COMPARED].match, found)) for _ in range(3 * rounds)]
        large, small = [one for one, _ in pairs], [other for _, other in pairs]
        yield Row(
            f"{sizes[-1]:,} rules, {mix}{heat}; {_share(indexes[-1], found)} true",
            f"{sizes[COMPARED]:,} rules",
            statistics.median(small),
            statistics.median(large),
            _us,
            median_ratio(large, small),
            bar if mix != "broad" and sizes[-1] == SIZES[-1] else None,
        )


def _share(index: RuleIndex[int], found: Sequence[Print]) -> str:
    return f"{sum(len(index.match(one)) for one in found) / len(found) / len(index):.4%}"


def _against(
    rivals: dict[str, tuple[Rival, str]], some: Rules, match: Match, rounds: int, figure: str
) -> Iterator[Row]:
    """Against each of `rivals`; those that get too slow are taken from them."""
    found = prints(PRINTS, are_hot=False)
    for name, (read, module) in list(rivals.items()):
        if module and not find_spec(module):
            print(f"{name} is not installed: left out", flush=True)
            del rivals[name]
            continue
        began = time.perf_counter()
        theirs = read(some)
        assert list(theirs(found[0])) == list(match(found[0])), f"{name} disagrees"
        took_s = time.perf_counter() - began
        pairs = [(_cost(match, found), _cost(theirs, found)) for _ in range(rounds)]
        ours, others = [mine for mine, _ in pairs], [other for _, other in pairs]
        bar = INTERPRETING if read is interpreted and figure.endswith("broad") and len(some) == SIZES[-1] else None
        ratio = median_ratio(ours, others)
        yield Row(figure, name, statistics.median(others), statistics.median(ours), _us, ratio, bar)
        if len(some) < SIZES[-1] and SIZES[1] / SIZES[0] * took_s > LONGEST_S:
            print(f"{name} took {took_s:.1f} s to read {len(some):,} rules and one print: left out of more", flush=True)
            del rivals[name]


def _built(title: str, some: Rules) -> RuleIndex[int]:
    """The index, told what it cost: to build, by CPU; to hold; and to change one rule in place."""
    gc.collect()
    steps: list[float] = []
    building = RuleIndex[int].building(some)
    with _collections() as pauses:
        began = time.process_time()
        built: RuleIndex[int] | None = None
        while built is None:
            step_began = time.perf_counter()
            try:
                next(building)
            except StopIteration as done:
                built = done.value
            steps.append(time.perf_counter() - step_began)
        took_s = time.process_time() - began
    changes = sorted(_changes(built, some))
    print(
        f"{title}: built in {took_s:.2f} s, longest step {max(steps) * 1e3:.1f} ms (garbage collection "
        f"{max(pauses, default=0.0) * 1e3:.1f} ms), {_megabytes(some):.1f} MB; one rule changed in place in "
        f"{statistics.median(changes) * 1e3:.2f} ms, at most {changes[-1] * 1e3:.1f} ms",
        flush=True,
    )
    return built


def _changes(index: RuleIndex[int], some: Rules) -> Iterator[float]:
    """Seconds for one rule that becomes another, here and there; at last every rule is what it was."""
    for key, node, result in some[:: len(some) // EDITS + 1]:
        for changed in (some[0][1], node):
            began = time.perf_counter()
            index.add(key, changed, result)
            yield time.perf_counter() - began


def _megabytes(some: Rules) -> float:
    tracemalloc.start()
    index = RuleIndex[int].of(some)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(index) == len(some)
    return held / 1e6


@contextmanager
def _collections() -> Iterator[list[float]]:
    """Seconds of each garbage collection meanwhile."""
    pauses: list[float] = []
    began = 0.0

    def note(phase: str, _: object) -> None:
        nonlocal began
        if phase == "start":
            began = time.perf_counter()
        else:
            pauses.append(time.perf_counter() - began)

    gc.callbacks.append(note)
    try:
        yield pauses
    finally:
        gc.callbacks.remove(note)


def _cost(match: Match, found: Sequence[Print]) -> float:
    """Seconds a print: of all of `found`, or of as many as a round has time for."""
    began = time.perf_counter()
    match(found[0])
    first_s = time.perf_counter() - began
    few = found[: max(1, int(ROUND_S / first_s))]
    began = time.perf_counter()
    for one in few:
        match(one)
    return (time.perf_counter() - began) / len(few)


def _us(value: float) -> str:
    return f"{value * 1e6:,.2f} µs"
