"""Reads a configuration in a process of its own: PyYAML and pydantic hold the interpreter for as long as it is large.

`python -m bot.reading config.yaml` writes what it read to its standard output, for the process that began it.
"""

import asyncio
import gc
import pickle
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

from bot.engine.reaping import reap
from bot.rules.rule import Rule
from bot.settings import Examined, examine

PATIENCE_S = 60.0
RULES_AT_ONCE = 25
"""Rules in one piece, and pieces in one turn of the event loop: unpacking holds the interpreter for milliseconds."""


class ReadingFailedError(Exception):
    """The process that reads did not do its work; the configuration is neither good nor bad."""


async def read_elsewhere(config: Path) -> Examined:
    """The configuration as it is now, problems included. Raises ReadingFailedError."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.reading", str(config)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            told, complaint = await child.communicate()
    except TimeoutError:
        raise ReadingFailedError(f"it took longer than {PATIENCE_S:.0f} s") from None
    finally:
        await reap(child)
    if child.returncode:
        raise ReadingFailedError(complaint.decode(errors="replace").strip() or f"exit code {child.returncode}")
    return await _unpacked(told)


async def _unpacked(told: bytes) -> Examined:
    """In pieces, so that a large one does not hold up the event loop."""
    reading: Examined | None = None
    rules: list[Rule] = []
    rest = memoryview(told)
    while rest:
        size = int.from_bytes(rest[:8], "big")
        piece = pickle.loads(rest[8 : 8 + size])  # noqa: S301 - from our own child, and nobody else's words
        if isinstance(piece, Examined):
            reading = piece
        else:
            rules += piece
        rest = rest[8 + size :]
        await asyncio.sleep(0)
    if reading is None:
        raise ReadingFailedError("it said nothing")
    if reading.settings is None:
        return reading
    return replace(reading, settings=replace(reading.settings, rules=tuple(rules)))


def _pack(reading: Examined) -> bytes:
    rules = iter(reading.settings.rules if reading.settings is not None else ())
    bare = reading.settings and replace(reading.settings, rules=())
    pieces: list[object] = [replace(reading, settings=bare)]
    while some := list(islice(rules, RULES_AT_ONCE)):
        pieces.append(some)
    packed = (pickle.dumps(piece, pickle.HIGHEST_PROTOCOL) for piece in pieces)
    return b"".join(len(piece).to_bytes(8, "big") + piece for piece in packed)


def main() -> None:
    """The child."""
    gc.disable()  # it ends in a moment
    reading = examine(Path(sys.argv[1]))
    sys.stdout.buffer.write(_pack(reading))


if __name__ == "__main__":
    main()
