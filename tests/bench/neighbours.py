"""Figures of isolation: whether Discord notices that Slack is down."""

import socket
import statistics
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace

from tests.bench.latency import Run, run
from tests.bench.options import Options
from tests.bench.processes import Server
from tests.bench.table import Bar, Row, median_ratio, quantile, seconds
from tests.bench.world import World

SHARE, DISCORD_MS = 0.10, 20.0
"""Enough matching prints that a round has a p99, and that Slack always has something to send; a Discord that takes them
as they come, so that none waits for another."""
UNDISTURBED = Bar(1.10, 1.0, "lower")
EDGES = (("p50", 0.50), ("p99", 0.99))


def slack_down(world: World, options: Options) -> list[Row]:
    """From print to post at Discord with Slack well, with Slack refusing connections and with Slack hanging."""
    busy = replace(options, share=SHARE, discord_ms=DISCORD_MS)
    with _slacks() as urls:
        runs: dict[str, list[Run]] = {state: [] for state in urls}
        for _ in range(options.rounds):
            for state, url in urls.items():
                runs[state].append(run(world, "flowbot", busy, is_random=True, slack_url=url))
    whole = [one for some in runs.values() for one in some]
    missing, doubled = sum(one.missing for one in whole), sum(one.doubled for one in whole)
    broken = f"{missing} lost, {doubled} doubled" if missing or doubled else ""
    rows = []
    for state in ("refusing", "hanging"):
        title = f"print→post at Discord, Slack {state}, {busy.rate:g}/s, {SHARE:.0%} matching"
        for label, share in EDGES:
            theirs, ours = ([quantile(one.waits_s, share) for one in runs[which]] for which in ("well", state))
            pair = statistics.median(theirs), statistics.median(ours)
            ratio = median_ratio(ours, theirs)
            rows.append(Row(title, f"Slack well, {label}", *pair, seconds, ratio, UNDISTURBED, broken))
            title = ""
    return rows


@contextmanager
def _slacks() -> Iterator[Mapping[str, str]]:
    """Addresses by state: one that answers, one where nothing listens, and one that takes requests and says nothing."""
    with closing(Server("tests.bench.channels")) as well, socket.create_server(("127.0.0.1", 0)) as mute:
        with socket.create_server(("127.0.0.1", 0)) as gone:
            refusing = gone.getsockname()[1]
        yield {
            "well": well.hello["slack"],
            "refusing": f"http://127.0.0.1:{refusing}/api/",
            "hanging": f"http://127.0.0.1:{mute.getsockname()[1]}/api/",
        }
