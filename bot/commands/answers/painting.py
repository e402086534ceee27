"""Pictures beside an answer's words: painted in a thread, and simply not there when that fails."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import structlog

from bot.engine.session import Session
from bot.flow.market import session_bounds
from bot.model.answers import Picture
from bot.model.heat import Heat

log = structlog.get_logger()

PAINT_S: Final = 5.0


async def timeline(session: Session, ticker: str | None, title: str) -> Picture | None:
    """The day's flow minute by minute, of one ticker or all; None where there is nothing to draw."""
    bounds = session_bounds(session.day) if session.day is not None else None
    buckets = session.timeline(ticker)
    if bounds is None or not buckets:
        return None
    opens_ns, closes_ns = map(_ns, bounds)

    def paint() -> Picture:
        from bot.render.pictures import timeline_png

        return timeline_png(buckets, title, opens_ns=opens_ns, closes_ns=closes_ns)

    return await _painted(paint)


async def heatmap(heats: Sequence[Heat], title: str, subtitle: str) -> Picture | None:
    """None where there is nothing to draw."""

    def paint() -> Picture:
        from bot.render.pictures import heatmap_png

        return heatmap_png(heats, title, subtitle=subtitle)

    return await _painted(paint) if heats else None


async def _painted(paint: Callable[[], Picture]) -> Picture | None:
    """None where it failed or took too long: the answer says the same in words. Imports Pillow in the thread."""
    try:
        async with asyncio.timeout(PAINT_S):
            return await asyncio.to_thread(paint)
    except TimeoutError:
        log.warning("commands.picture_late", after_s=PAINT_S)
    except Exception:  # this thread's supervisor: a picture never costs its answer
        log.exception("commands.picture_failed")
    return None


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9
