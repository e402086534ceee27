"""Figures of throughput: how many prints a second, what a million of them costs, and whether a slow platform shows."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.neighbours import slack_down
from tests.bench.options import Options
from tests.bench.processes import BenchError
from tests.bench.table import Bar, Row, median_ratio, seconds
from tests.bench.world import Name, Session, World

MATCHING = 0.001
SLOW_MS = 80.0
BURST = 1000
EMBEDS = 10
"""Alerts that one Discord message carries."""
ABOVE_THE_LOOP = Bar(0.40, 0.50, "higher")


@dataclass(frozen=True, slots=True)
class Run:
    """One client's blast."""

    prints_per_s: float
    cpu_s: float
    """Of the client's whole life."""
    broken: str


def run(world: World, name: Name, *, frames: int, share: float, delay_ms: float) -> Run:
    with world.session(name, delay_ms) as session:
        took_s, marks = session.blast(frames, share)
        broken = "" if name == "bare" else lost_or_doubled(session, marks)
        return Run(frames / took_s, session.end(), broken)


def lost_or_doubled(session: Session, marks: Sequence[int]) -> str:
    posts = session.posts(marks)
    return "" if posts.is_whole else f"{posts.missing} lost, {posts.doubled} doubled of {len(marks)}"


def idle_cpu_s(world: World, name: Name) -> float:
    """What a session without prints costs: starting, connecting and stopping."""
    with world.session(name, 0.0) as session:
        return session.end()


def ingest(world: World, options: Options) -> list[Row]:
    """(c) against (a), round by round, and against (b) once: it is slow."""
    bare, flowbot = [], []
    for _ in range(options.rounds):
        bare.append(_ingest(world, "bare", options, options.frames))
        flowbot.append(_ingest(world, "flowbot", options, options.frames))
    sample = _ingest(world, "sample", options, options.frames // 4)
    broken = next((run.broken for run in flowbot if run.broken), "")
    title = f"ingest, {options.rules} rules, 0.1 % matching, Discord {options.discord_ms:g} ms"
    rates = [run.prints_per_s for run in bare], [run.prints_per_s for run in flowbot]
    costs = _costs(world, "bare", bare, options.frames), _costs(world, "flowbot", flowbot, options.frames)
    sample_costs = _costs(world, "sample", [sample], options.frames // 4)
    cost = "CPU per million prints"
    return [
        _by_round(title, "bare loop", *rates, _rate, ABOVE_THE_LOOP, broken),
        Row("", "sample bot", sample.prints_per_s, statistics.median(rates[1]), _rate),
        _by_round(cost, "bare loop", *costs, seconds),
        Row("", "sample bot", sample_costs[0], statistics.median(costs[1]), seconds),
    ]


def isolation(world: World, options: Options) -> list[Row]:
    """Ingest with a slow platform against ingest with a fast one, and Discord while Slack is down."""
    fast, slow = [], []
    for _ in range(options.rounds):
        fast.append(run(world, "flowbot", frames=options.frames, share=MATCHING, delay_ms=0.0))
        slow.append(run(world, "flowbot", frames=options.frames, share=MATCHING, delay_ms=SLOW_MS))
    rates = [run.prints_per_s for run in fast], [run.prints_per_s for run in slow]
    broken = next((run.broken for run in (*fast, *slow) if run.broken), "")
    title = f"ingest, Discord {SLOW_MS:g} ms"
    ours = _by_round(title, "flowbot, Discord 0 ms", *rates, _rate, Bar(0.90, 0.95, "higher"), broken)
    return [ours, *slack_down(world, options)]


def burst(world: World, options: Options) -> list[Row]:
    """A thousand matching prints at once: how long until the last has arrived, and in how many messages."""
    with world.session("flowbot", options.discord_ms) as session:
        _, marks = session.blast(BURST, 1.0)
        posts = session.posts(marks)
        session.end()
    if not posts.arrived_ns:
        raise BenchError("nothing of a burst was posted")
    took_s = (max(posts.arrived_ns.values()) - min(posts.arrived_ns.values())) / 1e9
    messages = math.ceil(BURST / EMBEDS)
    bound_s = messages * max(options.discord_ms, 1.0) / 1000
    title = f"burst of {BURST:,} alerts, last arrival; {posts.messages} messages"
    broken = "" if posts.is_whole else f"{posts.missing} lost, {posts.doubled} doubled of {BURST}"
    return [Row(title, f"{messages} messages, one by one", bound_s, took_s, seconds, broken=broken)]


def _ingest(world: World, name: Name, options: Options, frames: int) -> Run:
    return run(world, name, frames=frames, share=MATCHING, delay_ms=options.discord_ms)


def _costs(world: World, name: Name, runs: Sequence[Run], frames: int) -> list[float]:
    """CPU seconds per million prints of each run, without start and stop."""
    idle_s = idle_cpu_s(world, name)
    return [(run.cpu_s - idle_s) / frames * 1e6 for run in runs]


def _by_round(
    figure: str,
    against: str,
    theirs: Sequence[float],
    ours: Sequence[float],
    unit: Callable[[float], str],
    bar: Bar | None = None,
    broken: str = "",
) -> Row:
    ratio = median_ratio(ours, theirs)
    return Row(figure, against, statistics.median(theirs), statistics.median(ours), unit, ratio, bar, broken)


def _rate(prints_per_s: float) -> str:
    return f"{prints_per_s:,.0f}/s"
