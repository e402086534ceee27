"""Figures of start-up: against the import of aiohttp, which whoever posts anything pays."""

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.options import Options
from tests.bench.processes import Client
from tests.bench.table import Bar, Row, median_ratio, seconds
from tests.bench.world import World

IMPORT = (sys.executable, "-c", "import aiohttp")
VERSION = (sys.executable, "-m", "bot", "--version")

Cost = tuple[float, float]
"""Wall and CPU seconds."""


def startup(world: World, options: Options) -> list[Row]:
    """`--version` and `run` (until its handshake at the provider), each against the import next to it."""
    imports, versions, runs = [], [], []
    measure(IMPORT)
    measure(VERSION)  # so that what is measured finds its bytecode
    for _ in range(2 * options.rounds + 1):
        imports.append(measure(IMPORT))
        versions.append(measure(VERSION))
        with world.session("flowbot", 0.0) as session:
            runs.append((session.ready_s, session.cut_off()))
    rows = []
    for title, ours, bar in (
        ("flowbot --version", versions, Bar(0.6, 0.4, "lower")),
        ("flowbot run, until connected", runs, Bar(2.5, 2.0, "lower")),
    ):
        for n, kind in enumerate(("wall", "CPU")):
            mine, theirs = [cost[n] for cost in ours], [cost[n] for cost in imports]
            # The bar of `run` is about its CPU: its wall time holds the handshake too.
            rows.append(
                Row(
                    title,
                    f"import aiohttp, {kind}",
                    statistics.median(theirs),
                    statistics.median(mine),
                    seconds,
                    median_ratio(mine, theirs),
                    bar if kind == "CPU" or ours is versions else None,
                )
            )
            title = ""
    return rows


def measure(command: Sequence[str]) -> Cost:
    with tempfile.TemporaryDirectory() as directory:
        client = Client(command, {}, Path(directory) / "log")
        try:
            cpu_s = client.finish()
        finally:
            client.kill()
    return time.perf_counter() - client.began, cpu_s
