"""How long a platform asks us to wait, read from its headers. Pure."""

import math
from collections.abc import Mapping

from bot.model.outcomes import Pace


def seconds(value: object) -> float | None:
    """A wait in seconds from a header or a JSON number; None for whatever is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        wait_s = float(value)
    except (ValueError, OverflowError):
        return None  # an HTTP date, which neither platform documents
    return wait_s if math.isfinite(wait_s) and wait_s >= 0 else None


def longest(*values: object) -> float | None:
    """The longest of these waits; None where none of them is one."""
    waits = [wait_s for wait_s in map(seconds, values) if wait_s is not None]
    return max(waits) if waits else None


def discord_pace(headers: Mapping[str, str]) -> Pace:
    """What is left in the bucket, and when it is full again (Discord's reference, "Rate Limits")."""
    remaining = seconds(headers.get("X-RateLimit-Remaining"))
    return Pace(
        remaining=None if remaining is None else int(remaining),
        reset_after_s=seconds(headers.get("X-RateLimit-Reset-After")),
        bucket=headers.get("X-RateLimit-Bucket"),
    )
