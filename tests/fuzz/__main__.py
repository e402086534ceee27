"""Fuzz of everything that reads a frame: nothing but FrameError may come of any bytes whatever.

    make fuzz                                     a million inputs, some minutes
    python -m tests.fuzz --inputs 100000 --seed 7

The documents' own samples are changed at random: bytes flipped, cut and repeated; values exchanged for hostile ones,
keys dropped, doubled and renamed, levels nested. Exit code 1 where anything else was raised; the input is printed.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from bot.flow.mapping.reading import Map
from bot.model.errors import FrameError
from bot.providers import optionwhales, radarpulse
from bot.providers.maps import names, ready_map
from tests.fuzz.samples import SAMPLES

NOW_NS = 1_784_217_600_000_000_000
HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1e308, -1e308, 10**400, 0.1, "", "0", "-0", "NaN", "Infinity", "1e999", "١٢٣", "𝟙𝟚",
    "x" * 500, "\x00", "\ud800", "\u202e", "2026-02-30", "9999-12-31T23:59:60Z", "0000-00-00", -(2**63), 2**64, [], {},
    [[[[[]]]]], {"a": {"b": {}}}, ["NVDA"], {"ticker": "NVDA"}, "CALL", "ASK",
    "O:SPXW251208C06840000", "NVDA  260717C00145000",
)  # fmt: skip
BYTES = (b"{" * 50, b"[" * 2000, b'"', b"\\u", b"\xff\xfe", b"\xef\xbb\xbf", b"e9999")
Read = Callable[[bytes], object]


def readers() -> dict[str, Read]:
    """By name, everything that reads frames."""
    found: dict[str, Read] = {
        "radarpulse": lambda raw: radarpulse.decode(raw, NOW_NS, "fuzz"),
        "optionwhales": lambda raw: optionwhales.decode(raw, NOW_NS, "fuzz"),
    }
    for name in names():
        found[name] = _reader(Map(ready_map(name)))
    return found


def _reader(map_: Map) -> Read:
    return lambda raw: map_.read(raw, NOW_NS, "fuzz")


def changed(sample: Any, random: Random) -> bytes:
    """One input made of a sample."""
    value = json.loads(json.dumps(sample))
    for _ in range(random.randint(0, 3)):
        value = _with_a_fault(value, random)
    raw = json.dumps(value, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")
    return _scrambled(raw, random) if random.random() < 0.4 else raw


def _with_a_fault(value: Any, random: Random) -> Any:
    """A hostile value somewhere, or a key gone, doubled or renamed."""
    if isinstance(value, dict) and value and random.random() < 0.8:
        key = random.choice(list(value))
        match random.randrange(5):
            case 0:
                del value[key]
            case 1:
                value[random.choice(("type", "ticker", "ev", "data", "T", "", "🐂", key.upper()))] = value[key]
            case 2:
                value[key] = {key: value[key]}
            case _:
                value[key] = _with_a_fault(value[key], random)
        return value
    if isinstance(value, list) and value and random.random() < 0.8:
        index = random.randrange(len(value))
        value[index] = _with_a_fault(value[index], random)
        return value * random.choice((1, 1, 1, 1, 1, 2, 10))
    return deepcopy(random.choice(HOSTILE))


def _scrambled(raw: bytes, random: Random) -> bytes:
    data = bytearray(raw)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        match random.randrange(4):
            case 0:
                data[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                del data[at : at + random.randint(1, 20)]
            case 2:
                data[at:at] = data[: random.randint(1, 30)]
            case _:
                data[at:at] = random.choice(
                    (b"{" * 50, b"[" * 2000, b'"', b"\\u", b"\xff\xfe", b"\xef\xbb\xbf", b"e9999")
                )
    return bytes(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="how many (default: a million)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same inputs")
    options = parser.parse_args()
    random, all_readers, began = Random(options.seed), readers(), time.monotonic()
    outcomes: Counter[str] = Counter()
    for number in range(options.inputs):
        name = random.choice(list(SAMPLES))
        raw = changed(SAMPLES[name], random)
        reader = name if random.random() < 0.9 else random.choice(list(all_readers))
        try:
            all_readers[reader](raw)
            outcomes["read"] += 1
        except FrameError as error:
            outcomes[error.reason] += 1
        except Exception as bug:  # noqa: BLE001 - what the fuzz looks for
            print(f"input {number}, {reader}: {type(bug).__name__}: {bug}\n{raw!r}", file=sys.stderr)
            return 1
    print(f"{options.inputs:,} inputs in {time.monotonic() - began:.0f} s, nothing but FrameError: {dict(outcomes)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
