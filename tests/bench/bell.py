"""Figures of the opening bell: how soon a channel is current again, what is shown first, and how often the platform
had to say no; by flowbot as it is by default, with `digest: false`, and by a plain poster."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.opening import BEST, flowbot, one_by_one
from tests.bench.options import Options
from tests.bench.processes import BenchError
from tests.bench.table import Bar, Row, quantile, seconds
from tests.bench.told import PLATFORMS, Bell, Platform
from tests.bench.world import World

ONE_BY_ONE_S = 60.0
"""How long the plain poster is watched: its rate does not change."""
FEW_REFUSED = 0.01
"""The share of requests answered with 429 that a burst may cost (the row's ratio is to this)."""
PACED = Bar(1.05, 1.02, "lower")
REFUSED = Bar(1.0, 0.0, "lower")
SUSTAINED = 50
"""Alerts a second."""
EDGES = (("p50", 0.50), ("p99", 0.99))


@dataclass(frozen=True, slots=True)
class Limit:
    """What a platform documents for one channel: `count` messages in `window_s`."""

    count: int
    window_s: float
    carries: int | None
    """Alerts in one message; None: as many as fit into so many characters, so the most that one message did carry."""


LIMITS: dict[Platform, Limit] = {"discord": Limit(5, 5.0, 10), "slack": Limit(1, 1.0, None)}


def bell(world: World, options: Options) -> list[Row]:
    """The burst; with `--minutes` the sustained one instead."""
    if options.minutes:
        return _sustained(world, options)
    few, few_s = options.small, options.small * options.over / options.alerts
    whole = _tell(flowbot(world, count=options.alerts, seconds=options.over), "flowbot")
    part = _tell(flowbot(world, count=few, seconds=few_s), "flowbot")
    undigested = _tell(flowbot(world, count=few, seconds=few_s, delivery={"digest": False}), "flowbot, digest: false")
    plain = _tell(one_by_one(world, count=few, seconds=few_s, cut_s=ONE_BY_ONE_S), "one by one")
    rows: list[Row] = []
    for platform in PLATFORMS:
        rows += _whole(platform, options, whole, undigested, plain)
        rows += _part(platform, options, part, undigested, plain)
    title = f"peak memory, {options.alerts:,} alerts"
    return [*rows, Row(title, f"flowbot, {few:,} alerts", part.peak_bytes, whole.peak_bytes, _megabytes)]


def _whole(platform: Platform, options: Options, whole: Bell, undigested: Bell, plain: Bell) -> Iterator[Row]:
    """The whole burst, beside what posting all of it would take at the rates that the small ones had."""
    count, told = options.alerts, whole.told[platform]
    title = f"{platform}, {count:,} alerts in {options.over:g} s: current again after"
    others = (
        ("limit × capacity", count / _bound(platform, undigested)),
        ("digest: false, at its rate", count / _rate(platform, undigested)),
        ("one by one, at its rate", count / _rate(platform, plain)),
    )
    for against, takes_s in others:
        yield Row(title, against, takes_s, whole.current_s(platform), seconds, broken=told.broken)
        title = ""
    ages_s = whole.ages_s(platform)
    title = f"  age of the {BEST} best when shown by name"
    for label, share in EDGES if ages_s else ():
        # In the order of arrival, and the best are anywhere in it.
        theirs = max(0.0, share * count / _rate(platform, plain) - share * options.over)
        yield Row(title, f"one by one, at its rate, {label}", theirs, quantile(ages_s, share), seconds)
        title = ""
    yield _nameless(platform, whole)
    yield Row("  messages", "one by one", count, len(told.messages), _number)
    yield _refused(platform, whole)


def _part(platform: Platform, options: Options, part: Bell, undigested: Bell, plain: Bell) -> Iterator[Row]:
    """The small burst, each in full but for the plain poster."""
    count = options.small
    title = f"{platform}, {count:,} alerts: current again after"
    broken = part.told[platform].broken
    theirs, ours = undigested.current_s(platform), part.current_s(platform)
    yield Row(title, "digest: false", theirs, ours, seconds, broken=broken)
    yield Row("", "one by one, at its rate", count / _rate(platform, plain), ours, seconds)
    for label, share in EDGES:
        pair = quantile(undigested.ages_s(platform), share), quantile(part.ages_s(platform), share)
        yield Row("", f"digest: false, the {BEST} best by name, {label}", *pair, seconds)
    yield _nameless(platform, part)
    title = "  digest: false, time for an alert, steady"
    pair = 1 / _bound(platform, undigested), 1 / _rate(platform, undigested)
    yield Row(title, "limit × capacity", *pair, seconds, bar=PACED, broken=undigested.told[platform].broken)
    yield _refused(platform, undigested)


def _sustained(world: World, options: Options) -> list[Row]:
    """So many prints a second for minutes: does the platform have to say no?"""
    length_s = options.minutes * 60
    found = flowbot(world, count=int(SUSTAINED * length_s), seconds=length_s)
    _tell(found, "flowbot")
    rows = []
    for platform in PLATFORMS:
        told = found.told[platform]
        title = f"{platform}, {SUSTAINED} alerts/s for {options.minutes:g} min: current again after"
        rows.append(Row(title, "the burst", length_s, found.current_s(platform), seconds, broken=told.broken))
        rows.append(Row("  messages", "one by one", len(found.sent_ns), len(told.messages), _number))
        rows.append(_refused(platform, found))
    return rows


def _nameless(platform: Platform, found: Bell) -> Row:
    missing = BEST - len(found.ages_s(platform))
    return Row(f"  of the {BEST} best never shown by name", "all", BEST, missing, _number)


def _refused(platform: Platform, found: Bell) -> Row:
    told = found.told[platform]
    return Row(
        "  answered with 429", "1 % of requests", FEW_REFUSED, told.limited / told.requests, _percent, bar=REFUSED
    )


def _bound(platform: Platform, found: Bell) -> float:
    """Alerts a second that the platform would take."""
    limit = LIMITS[platform]
    carries = limit.carries or max(len(message.marks) for message in found.told[platform].messages)
    return carries * limit.count / limit.window_s


def _rate(platform: Platform, found: Bell) -> float:
    """Alerts a second in steady state: over whole windows of the limit but the first, which found it idle."""
    window = LIMITS[platform].count
    messages = found.told[platform].messages
    last = (len(messages) - 1) // window * window
    if last <= window:
        raise BenchError(f"{len(messages)} messages at {platform} are too few for a rate: more --small alerts")
    steady = messages[window:last]
    return sum(len(message.marks) for message in steady) * 1e9 / (messages[last].arrived_ns - steady[0].arrived_ns)


def _tell(found: Bell, label: str) -> Bell:
    """The bell again, after a line about it: the next one takes its time."""
    for platform in PLATFORMS:
        told, moments = found.told[platform], found.sent_ns.values()
        print(
            f"{label}, {len(moments):,} alerts in {(max(moments) - min(moments)) / 1e9:.1f} s at {platform}:"
            f" {told.requests:,} requests, {told.limited:,} of"
            f" them answered with 429; {len(told.messages):,} messages, {len(told.digests):,} of them digests; the last"
            f" one {found.current_s(platform):.1f} s after the last print",
            flush=True,
        )
    return found


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _percent(share: float) -> str:
    return f"{share:.2%}"


def _megabytes(value: float) -> str:
    return f"{value / 2**20:,.0f} MiB"
