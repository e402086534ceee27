"""The kill matrix: every point at every answer, some at a time, a row for each, and what they come to together."""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from time import monotonic

from tests.chaos.answers import ANSWERS, EVERYWHERE, Answer
from tests.chaos.combination import POINTS, Result, combination
from tests.chaos.ledger import NOTHING, Tally

LEGEND = "committed/delivered/lost/doubled; * = doubled only where flowbot could not know, ! = not so"
HEADER = f"{'killed':12}{'answer':24}" + "".join(f"{name:13}" for name in EVERYWHERE)


@dataclass(frozen=True, slots=True)
class Row:
    """One combination and what it came to."""

    point: str
    answer: str
    result: Result
    seconds: float
    kept: str = ""
    """Where its files are, if it was bad."""

    @property
    def is_good(self) -> bool:
        return not self.result.broken and all(own.is_good for own in self.result.tallies.values())

    def __str__(self) -> str:
        cells = "".join(f"{self.result.tallies.get(name, '-')!s:13}" for name in EVERYWHERE)
        verdict = "ok" if self.is_good else "; ".join(("BAD", *self.result.broken, f"see {self.kept}"))
        return f"{self.point:12}{self.answer:24}{cells}{self.seconds:6.1f} s  {verdict}"


def combinations(only: str) -> list[tuple[str, Answer]]:
    """Those that `only` (POINT, :ANSWER or both) names. Hangs come first: nobody waits for them at the end.

    Raises ValueError for an unknown name.
    """
    point, _, answer = only.partition(":")
    found = [(p, a) for a, p in product(ANSWERS, POINTS) if point in ("", p) and answer in ("", a.name)]
    if not found:
        known = f"points {', '.join(POINTS)}; answers {', '.join(known.name for known in ANSWERS)}"
        raise ValueError(f"no such combination: {only}; {known}")
    return sorted(found, key=lambda pair: "hang" not in pair[1].name)


async def matrix(only: str, jobs: int) -> bool:
    """Run the combinations that `only` names, `jobs` at a time; whether all were good."""
    wanted = combinations(only)
    for point, meaning in POINTS.items():
        print(f"{point:12}{meaning}")
    print(f"{len(wanted)} combinations, {jobs} at a time\n{LEGEND}\n{HEADER}", flush=True)
    waiting = iter(wanted)
    rows: list[Row] = []

    async def work() -> None:
        for point, answer in waiting:
            rows.append(row := await _row(point, answer))
            print(row, flush=True)

    began = monotonic()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(jobs):
            tasks.create_task(work())
    _sum_up(rows, monotonic() - began)
    return all(row.is_good for row in rows)


async def _row(point: str, answer: Answer) -> Row:
    """One combination; whatever breaks is its own row's word. What a bad one leaves behind is kept."""
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{point}-{answer.name}-"))
    began = monotonic()
    try:
        result = await combination(point, answer, folder)
    except (AssertionError, TimeoutError, OSError) as error:
        result = Result(broken=(f"{type(error).__name__}: {str(error)[:300]!r}",))
    row = Row(point, answer.name, result, monotonic() - began, kept=str(folder))
    if row.is_good:
        shutil.rmtree(folder)
    return row


def _sum_up(rows: Sequence[Row], seconds: float) -> None:
    bad = [row for row in rows if not row.is_good]
    print(f"\n{len(rows)} combinations in {seconds:.0f} s, {len(bad)} bad")
    for name in EVERYWHERE:
        total = sum((row.result.tallies.get(name, NOTHING) for row in rows), NOTHING)
        print(f"{name:12}{_words(total)}")
    for row in bad:
        print(row)


def _words(total: Tally) -> str:
    return (
        f"committed {total.committed}, delivered {total.delivered}, lost {total.lost}, doubled {total.doubled}"
        f" ({total.excused} of them where flowbot could not know)"
    )
