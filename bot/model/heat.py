"""Flow added up for a picture: by sector or ticker, and by time."""

from typing import Final

import msgspec

BUCKET_NS: Final = 300 * 1_000_000_000
"""Five minutes."""


class Heat(msgspec.Struct, frozen=True):
    """One sector's or ticker's flow. US dollars."""

    name: str
    premium_usd: float
    bull_usd: float = 0.0
    bear_usd: float = 0.0
    prints: int = 0


class Bucket(msgspec.Struct, frozen=True):
    """Five minutes of flow. US dollars."""

    begins_ns: int
    """Unix nanoseconds."""
    bull_usd: float
    bear_usd: float
    neutral_usd: float
