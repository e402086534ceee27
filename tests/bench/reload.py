"""What a reload costs the running service: how long the event loop is held, and how soon an edit is live."""

import asyncio
import gc
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.reload import Reloader
from bot.service import Service
from bot.settings import load
from tests.bench.options import Options
from tests.bench.rules import rules
from tests.bench.table import Row, seconds

BEAT_S = 0.001


class Beat:
    """Notes by how much the event loop was late, at the worst."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def run(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(BEAT_S)
            self.worst_s = max(self.worst_s, time.perf_counter() - began - BEAT_S)


@asynccontextmanager
async def beating() -> AsyncIterator[Beat]:
    beat = Beat()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(beat.run())
        await asyncio.sleep(0.05)
        beat.worst_s = 0.0
        yield beat
        task.cancel()


def reload(options: Options) -> list[Row]:
    """A file of `--rules` rules (1,000 at least), each of which was edited, round by round."""
    count = max(options.rules, 1000)
    with tempfile.TemporaryDirectory(prefix="flowbot-bench-") as folder:
        read_s, rest_s, stalls, live = asyncio.run(_measured(Path(folder), count, options.rounds))
    title = f"reload of {count:,} rules, all edited: longest stall of the event loop"
    return [
        Row(title, "were it read there", read_s, max(stalls), seconds),
        Row("", "at rest", rest_s, max(stalls), seconds),
        Row("from the save to live", "read there", read_s, statistics.median(live), seconds),
    ]


async def _measured(folder: Path, count: int, rounds: int) -> tuple[float, float, list[float], list[float]]:
    config = folder / "config.yaml"
    _write(config, count, 0)
    stalls, live = [], []
    load(config, {})  # once for what is made on first use
    began = time.perf_counter()
    settings = load(config, {})
    read_s = time.perf_counter() - began
    async with Service.open(settings) as service, asyncio.TaskGroup() as tasks:
        stop = asyncio.Event()
        serving = tasks.create_task(service.run(stop, has_http=False))
        reloader = Reloader(config, service)
        await asyncio.sleep(0.5)
        gc.freeze()  # as `run` does
        async with beating() as rest:
            await asyncio.sleep(1.0)
        for edit in range(1, rounds + 1):
            _write(config, count, edit)
            began = time.perf_counter()
            async with beating() as beat:
                done = await reloader.reload()
            assert f"rules ~{count} " in done.report, done.report
            live.append(time.perf_counter() - began)
            stalls.append(beat.worst_s)
        stop.set()
        await serving
    return read_s, rest.worst_s, stalls, live


def _write(config: Path, count: int, edit: int) -> None:
    written: list[dict[str, Any]] = [rule.settings("terminal") for rule in rules(count)]
    for rule in written:
        rule["cooldown"] = f"{edit + 1}s"
    config.write_text(
        json.dumps(
            {
                "providers": {
                    "radarpulse": {"type": "radarpulse", "api_key": "frk_bench", "ws_url": "ws://127.0.0.1:9"}
                },
                "destinations": {"terminal": {"type": "console"}},
                "rules": written,
                "store": {"path": "flowbot.db", "tape": None},
                "log": {"level": "error"},
            },
            indent=1,
        )
    )
