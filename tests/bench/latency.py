"""Figures of latency: from the provider handing a print to its socket until the complete request is at the platform."""

import time
from dataclasses import dataclass, replace

from tests.bench.options import Options
from tests.bench.table import Bar, Row, quantile, seconds
from tests.bench.world import Name, World

BARS = (("p50", 0.50, Bar(3.0, 2.0, "lower")), ("p99", 0.99, Bar(3.5, 2.0, "lower")))
BUSY = 0.10
"""The share of matching prints at which the sample bot falls behind an 80 ms Discord."""
LEAST_S = 10.0
LONGEST_LAG_S = 2.0
"""How long a client that fell behind may take after the last print; what is missing then counts as this late."""


@dataclass(frozen=True, slots=True)
class Run:
    """One client's paced run."""

    waits_s: tuple[float, ...]
    """One for each matching print. Of those that had not arrived at the end: their age then."""
    missing: int
    doubled: int


def run(
    world: World, name: Name, options: Options, *, is_random: bool, within_s: float = 20.0, slack_url: str = ""
) -> Run:
    with world.session(name, options.discord_ms, slack_url=slack_url) as session:
        sent = session.pace(rate=options.rate, seconds=options.seconds, share=options.share, is_random=is_random)
        posts = session.posts(sent, within_s=within_s)
        now_ns = time.monotonic_ns()
        if posts.missing or slack_url:  # Slack's queue is of no interest
            session.cut_off()
        else:
            session.end()
    waits = (posts.arrived_ns.get(mark, now_ns) - sent_ns for mark, sent_ns in sent.items())
    return Run(tuple(ns / 1e9 for ns in waits), posts.missing, posts.doubled)


def latency(world: World, options: Options) -> list[Row]:
    """flowbot against both posters, at even and at random moments. All rounds' posts are judged together."""
    rows = []
    for is_random in (False, True):
        names: tuple[Name, ...] = ("poster", "poster-full", "flowbot")
        runs: dict[Name, list[Run]] = {name: [] for name in names}
        for _ in range(options.rounds):
            for name in names:
                runs[name].append(run(world, name, options, is_random=is_random))
        pooled = {name: [wait_s for one in runs[name] for wait_s in one.waits_s] for name in names}
        missing, doubled = (sum(getattr(one, what) for one in runs["flowbot"]) for what in ("missing", "doubled"))
        title = (
            f"print→post, {options.rate:g}/s, {options.share:.0%} matching {'at random' if is_random else 'evenly'}, "
            f"Discord {options.discord_ms:g} ms"
        )
        for against in names[:2]:
            for label, share, bar in BARS:
                theirs, ours = quantile(pooled[against], share), quantile(pooled["flowbot"], share)
                broken = f"{missing} lost, {doubled} doubled" if missing or doubled else ""
                rows.append(Row(title, f"{against} {label}", theirs, ours, seconds, bar=bar, broken=broken))
                title = ""
    return rows


def behind(world: World, options: Options) -> list[Row]:
    """The sample bot and flowbot at ten per cent matching, once each: who falls behind the feed?"""
    busy = replace(options, share=BUSY, seconds=max(LEAST_S, options.seconds))
    sample = run(world, "sample", busy, is_random=False, within_s=LONGEST_LAG_S)
    ours = run(world, "flowbot", busy, is_random=False)
    title = f"print→post, {busy.rate:g}/s, {BUSY:.0%} matching, Discord {busy.discord_ms:g} ms, {busy.seconds:g} s"
    broken = f"{ours.missing} lost, {ours.doubled} doubled" if ours.missing or ours.doubled else ""
    rows = []
    for label, share, _ in BARS:
        pair = quantile(sample.waits_s, share), quantile(ours.waits_s, share)
        rows.append(Row(title, f"sample bot {label}", *pair, seconds, broken=broken))
        title = (
            f"  (sample bot: {sample.missing} of {len(sample.waits_s)} not posted {LONGEST_LAG_S:g} s after the end)"
        )
    return rows
