"""The figure of back-testing: prints a second on one core, and how much of that the decoding alone would take."""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.backtesting import BacktestOptions, backtest
from bot.flow.tape import add_line
from bot.providers.decoders import VENDORS
from bot.providers.recorded import Recording
from tests.bench.market import Market
from tests.bench.options import Options
from tests.bench.processes import BenchError
from tests.bench.rules import rules
from tests.bench.table import Bar, Row, median_ratio

PRINTS = 300_000
MATCHING = 0.0075
SESSION_S = 6.5 * 3600
OPENING_NS = 1_784_208_600_000_000_000
"""2026-07-16 09:30 in New York."""
ENOUGH = 100_000
"""Prints a second."""
BESIDE_DECODING = Bar(0.6, 0.7, "higher")
"""Decoding is what cannot be spared: everything else has to be small beside it."""


def backtest_speed(options: Options) -> list[Row]:
    """A generated day through the rules, gate and channels, against reading and decoding the same tape."""
    decoding, playing = [], []
    with _day(options.rules) as (tape, config):
        for _round in range(options.rounds):
            decoding.append(_decoded(tape))
            playing.append(_played(tape, config))
    title = f"backtest, {options.rules} rules, {MATCHING:.2%} matching, {PRINTS:,} prints"
    best = max(playing)
    return [
        Row(title, "decoding alone", max(decoding), best, _rate, median_ratio(playing, decoding), BESIDE_DECODING),
        Row("", f"{ENOUGH:,} prints/s", ENOUGH, best, _rate, bar=Bar(1.0, 1.2, "higher")),
    ]


@contextmanager
def _day(rule_count: int) -> Iterator[tuple[Path, Path]]:
    """A tape of one session, and the rules that are played on it."""
    import json

    with tempfile.TemporaryDirectory(prefix="flowbot-bench-") as folder:
        tape, config = Path(folder, "2026-07-16.jsonl"), Path(folder, "config.yaml")
        chosen = rules(rule_count)
        whole = {
            "providers": {"bench": {"type": "radarpulse", "api_key": "key"}},
            "discord": {"token": "token"},
            "destinations": {"room": {"type": "discord_channel", "channel": "1"}},
            "rules": [rule.settings("room") for rule in chosen],
        }
        config.write_text(json.dumps(whole))  # which is YAML
        market, chance = Market(chosen), random.Random(1)
        lines = bytearray()
        for n in range(PRINTS):
            received_ns = OPENING_NS + int(n * SESSION_S / PRINTS * 1e9)
            time_ms = received_ns // 1_000_000
            frame = market.match(time_ms)[1] if chance.random() < MATCHING else market.filler(time_ms)
            add_line(lines, received_ns, "bench", frame)
        tape.write_bytes(lines)
        yield tape, config


def _decoded(tape: Path) -> float:
    """Prints a second of reading and decoding, and nothing else."""
    decode = VENDORS["radarpulse"][0]
    began_s = time.process_time()
    for line in Recording(tape):
        decode(line.raw, line.received_ns or 0, "bench")
    return PRINTS / (time.process_time() - began_s)


def _played(tape: Path, config: Path) -> float:
    """Prints a second of the whole, starting included. Of CPU time: one core does it, and others use this machine."""
    began_s = time.process_time()
    report = backtest(BacktestOptions(config=config, tapes=[tape]))
    took_s = time.process_time() - began_s
    if report.tape.prints != PRINTS or not report.config.alerts:
        raise BenchError(f"{report.tape.prints:,} of {PRINTS:,} prints were played, {report.config.alerts:,} alerts")
    return PRINTS / took_s


def _rate(prints_per_s: float) -> str:
    return f"{prints_per_s:,.0f}/s"
