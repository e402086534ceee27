"""What the simulator sends and when: prints from the pit, each with the second at which it is due.

Sources are plain iterators that are asked for the next frame only when its turn comes; they do not wait themselves.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import count, cycle
from random import Random

import msgspec

from bot.workbench.pit import Pit
from bot.workbench.wire import UNSTAMPED_MS, Frame, frame_of, odd_frame

Source = Iterator[tuple[float, Frame]]
"""Pairs of (seconds after the start, frame), in order."""

ODD_SHARE = 0.002
FAST_RATE = 5_000
"""Prints a second above which a stream is played from a reel."""
REEL_LENGTH = 20_000
"""Frames that a fast stream is made of, again and again with new times: made before the start, so that speed costs
no trading."""

_MS_PER_S = 1000


def generated(seed: int, start_ms: int, rate: float, odd_share: float = ODD_SHARE) -> Source:
    """Prints for ever, `rate` a second from `start_ms` (unix milliseconds) on. The arguments decide every byte."""
    pit, random = Pit(seed), Random(seed)
    for n in count():
        trade = pit.trade(start_ms + int(n / rate * _MS_PER_S))
        yield n / rate, odd_frame(trade, random) if random.random() < odd_share else frame_of(trade)


def reeled(frames: Iterable[Frame], clock_ms: Callable[[], int], rate: float) -> Source:
    """A reel again and again, each frame stamped as it goes out; rate 0: every frame is due at once."""
    for n, frame in enumerate(cycle(frames)):
        yield (n / rate if rate else 0.0), frame.stamped(clock_ms())


def reel(seed: int, start_ms: int, odd_share: float = ODD_SHARE, length: int = REEL_LENGTH) -> list[Frame]:
    """Unstamped frames for `reeled`."""
    pit, random = Pit(seed), Random(seed)
    frames = []
    for _ in range(length):
        trade = msgspec.structs.replace(pit.trade(start_ms), time_ms=UNSTAMPED_MS)
        frames.append(odd_frame(trade, random) if random.random() < odd_share else frame_of(trade))
    return frames
