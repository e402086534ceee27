"""What answers about flow are made from, and asking a vendor without waiting long."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.commands.answers.status import StatusReport
from bot.commands.answers.wording import MAX_LINE
from bot.commands.vendors import PATIENCE_S, Told, Untold, Vendors
from bot.engine.session import Session
from bot.render.look import Bands
from bot.render.words import one_line

T = TypeVar("T")

VENDOR_S: Final = PATIENCE_S + 0.5
"""Until vendors are given up, and this session's own prints answer: just longer than one vendor has, so that it is
told which one was slow."""
MAX_SOURCE: Final = 200


@dataclass(frozen=True, slots=True)
class Facts:
    """Handed in, so that a question can change nothing."""

    session: Session
    vendors: Vendors
    status: Callable[[], StatusReport]
    bands: Bands
    now_ns: int


async def ask(asked: Awaitable[Told[T] | Untold | None]) -> Told[T] | Untold | None:
    """What the vendor says within `VENDOR_S`."""
    try:
        async with asyncio.timeout(VENDOR_S):
            return await asked
    except TimeoutError:
        return Untold("The vendor", f"it did not answer within {VENDOR_S:g} s")


def source_of(told: Told[T]) -> str:
    """`radarpulse (delayed by 15 minutes)`."""
    return one_line(f"{told.source} ({told.note})" if told.note else told.source, MAX_SOURCE)


def why_untold(untold: Untold) -> str:
    """`radarpulse did not tell: it did not answer within 6 s.`"""
    return one_line(f"{untold.source} did not tell: {untold.reason.rstrip('.')}", MAX_LINE - 1) + "."
