"""The benchmark: flowbot between a local provider and a local Discord, beside what a user would run otherwise.

    make bench                                  all figures, about fifteen minutes
    make bench BENCH=ingest                     one of them
    make bench BENCH="latency --rate 2000 --share 0.1 --discord-ms 0 --seconds 5"
    make bench BENCH="ingest --rules 1000 --rounds 7"
    make bench BENCH="bell --alerts 2000 --over 2 --small 300"
    make bench BENCH="bell --minutes 10"        50 alerts a second for so long, instead of the burst
    make bench BENCH="matching --most 10000"    without the sets of a hundred thousand rules

Everything runs on loopback, each part a process of its own, clients alternating in one go, because a busy machine
changes absolute figures from minute to minute: trust the ratios. Two cores at least, and nothing else running.

ingest     A provider sends as fast as the client reads; one print in a thousand matches. Prints a second, counted until
           the client has read the last one, and the CPU time they cost (starting and stopping is subtracted), of
           flowbot with its store at synchronous=FULL: against (a) a bare `async for frame in websocket: pass` and
           (b) the sample bot of RadarPulse's developer guide.
latency    From the provider's socket to the complete request at Discord, `pace: none`: against a poster that does
           nothing else, and one that commits each match to SQLite (FULL) first. Once with matches evenly apart, once
           at random moments, where some come while the one before is still being answered.
behind     The same at ten per cent matching, against the sample bot, which waits for each post before it reads on.
isolation  Ingest with a Discord that takes 80 ms, against one that takes none; and latency at Discord while Slack
           refuses connections, and while it hangs, against Slack being well.
burst      A thousand alerts at once, in how many messages, and how long until the last has arrived.
startup    `flowbot --version` and `flowbot run` until it is connected, against `import aiohttp`.
reload     The service reads its configuration anew, 1,000 rules at least, all of which were edited: how long the event
           loop is held at most, against reading it there, and how soon the edit is live.
bell       The opening bell: 10,000 alerts in 10 s to one Discord channel and one Slack channel of a bot, under the
           platforms' documented limits, 60 to 100 ms away. A hundred of them have the best scores. How long after the
           last print a channel is current again (its last message has arrived, nothing waits in the store or in
           /metrics), how old the best are when first shown by name, alone or in a digest, how many messages and 429s
           it took, and the peak of memory. Each delivery must end sent or digested, and what is sent must be there
           once. Beside it: `digest: false`, a poster of one alert a message (watched for a minute), and the limit
           times what a message carries. Posting all 10,000 would take these 17 minutes to 3 hours: they get --small
           alerts at the same pace, and "at its rate" is what the whole would take at the rate that they kept in
           steady state; flowbot with its digest has the small bell too.
matching   What a print costs among 10 to 100,000 rules of three to six clauses, in three mixes: traders' watches of one
           to three tickers, rules without a ticker of which about one in 100,000 is true of a print, and broad ones of
           which one in 200 is. Against a list of compiled predicates, the interpreter that explains alerts, and the
           packages rule-engine and CEL (`common-expression-language`) as long as they can follow; then the largest set
           against a hundred rules, with prints as they come and with hot ones, whose score is 95 or more. On the way it
           tells how long each index took to build and the longest single step of that, the memory that it holds, and
           how long one rule takes to change in place.
backtest   A generated day of 300,000 prints through `flowbot backtest`, against reading and decoding the same tape.

Exit code 0 whatever the figures are: they depend on the machine. 1 where something broke: an alert lost or doubled, a
request that no platform documents, or a program that failed.
"""

import argparse
import contextlib
import functools
import signal
import sys
from collections.abc import Callable

from tests.bench.backtest import backtest_speed
from tests.bench.bell import bell
from tests.bench.ingest import burst, ingest, isolation
from tests.bench.latency import behind, latency
from tests.bench.matching import matching
from tests.bench.options import Options
from tests.bench.processes import BenchError
from tests.bench.reload import reload
from tests.bench.startup import startup
from tests.bench.table import Row, show
from tests.bench.world import World, world

FIGURES: dict[str, Callable[[World, Options], list[Row]]] = {
    "ingest": ingest,
    "latency": latency,
    "behind": behind,
    "isolation": isolation,
    "burst": burst,
    "startup": startup,
    "bell": bell,
}
ALONE: dict[str, Callable[[Options], list[Row]]] = {
    "matching": matching,
    "backtest": backtest_speed,
    "reload": reload,
}
"""Figures that need no servers."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    every = [*FIGURES, *ALONE]
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"{', '.join(every)}; default: all")
    parser.add_argument("--rounds", type=int, default=5, help="of everything that alternates (default: 5)")
    parser.add_argument("--seconds", type=float, default=6.0, help="of one paced run (default: 6)")
    parser.add_argument("--frames", type=int, default=60_000, help="of one blast (default: 60000)")
    parser.add_argument("--rate", type=float, default=500.0, help="prints a second of a paced run (default: 500)")
    parser.add_argument("--share", type=float, default=0.01, help="that match in `latency` (default: 0.01)")
    parser.add_argument("--discord-ms", type=float, default=80.0, help="until Discord answers (default: 80)")
    parser.add_argument("--rules", type=int, default=20, help="twenty usual ones, the rest tight (default: 20)")
    parser.add_argument("--most", type=int, default=100_000, help="rules in a set of `matching` (default: 100000)")
    parser.add_argument("--alerts", type=int, default=10_000, help="of the opening bell, 100 or more (default: 10000)")
    parser.add_argument("--over", type=float, default=10.0, help="seconds that the bell lasts (default: 10)")
    parser.add_argument(
        "--small", type=int, default=600, help="alerts of bells posted one by one, 100 or more (default: 600)"
    )
    parser.add_argument("--minutes", type=float, default=0.0, help="of a sustained bell instead of the usual one")
    options = vars(parser.parse_args())
    wanted = options.pop("figures") or every
    if unknown := [name for name in wanted if name not in every]:
        parser.error(f"no such figure: {', '.join(unknown)}; there are {', '.join(every)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that children are ended on the way out
    return _measure(wanted, Options(**options))


def _measure(wanted: list[str], options: Options) -> int:
    rows: list[Row] = []
    has_failed = False
    with contextlib.ExitStack() as stack:
        around = functools.cache(lambda: _servers(stack, options))
        for name in wanted:
            try:
                found = ALONE[name](options) if name in ALONE else FIGURES[name](around(), options)
            except BenchError as error:
                has_failed = True
                print(f"\n{name} broke: {error}", flush=True)
                continue
            print(f"\n{show(found)}", flush=True)
            rows += found
    if len(wanted) > 1:
        print(f"\n{show(rows)}")
    return int(has_failed or any(row.broken for row in rows))


def _servers(stack: contextlib.ExitStack, options: Options) -> World:
    around = stack.enter_context(world(options.rules))
    print(f"frames of {around.provider.hello['frame_bytes']:.0f} bytes, {options}", flush=True)
    return around


if __name__ == "__main__":
    sys.exit(main())
