"""What the service does beside its work, as long as it runs: forget, note how far feeds were heard, look around."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

import structlog

from bot.engine.delivery import Delivery
from bot.model.errors import StoreError
from bot.model.ports import Provider
from bot.outbox.sqlite import SqliteOutbox

log = structlog.get_logger()

FORGET_EVERY_S = 3600.0
"""Or a quarter of `dedup.keep`, where that is shorter."""
LOOK_AT_STORE_S = 1.0
"""How soon the service sees what `flowbot deliveries --retry` did to its store."""
NOTE_HEARD_S = 5.0
"""What a crash makes of a gap at most, beside the time until the next start."""


async def forget(outbox: SqliteOutbox, keep: Callable[[], float]) -> None:
    """Delete what is older than `keep()` seconds, now and then."""
    while True:
        keep_s = keep()
        try:
            await outbox.forget(keep_s)
        except StoreError as error:
            log.warning("store.forget_failed", reason=str(error))
        await asyncio.sleep(min(FORGET_EVERY_S, keep_s / 4))


async def watch_store(outbox: SqliteOutbox, delivery: Delivery, follow: Callable[[], Awaitable[None]]) -> None:
    """Serve what another process queued again, on destinations that were parked too, and `follow` what it changed."""
    is_due = False
    while True:
        await asyncio.sleep(LOOK_AT_STORE_S)
        with contextlib.suppress(StoreError):  # whoever writes hears of it
            is_due = await outbox.is_changed_elsewhere() or is_due
            if is_due:
                log.info("store.changed_elsewhere")
                delivery.unpark()
                await delivery.wake_all()
                await follow()
                is_due = False


async def note_heard(outbox: SqliteOutbox, feeds: Iterable[Provider], remembered_ns: Callable[[], int]) -> None:
    """Remember when each feed was last heard, so that the next run knows what it missed.

    It missed, too, what rules with memory would not remember: what came after `remembered_ns`, unix nanoseconds.
    """
    noted: dict[str, int] = {}
    while True:
        await asyncio.sleep(NOTE_HEARD_S)
        noted |= await note_heard_once(outbox, feeds, noted, remembered_ns())


async def note_heard_once(
    outbox: SqliteOutbox, feeds: Iterable[Provider], noted: dict[str, int], remembered_ns: int
) -> dict[str, int]:
    """Write what is news to `noted`, and give it."""
    live = [feed for feed in feeds if feed.status.mode != "replay"]
    heard = {feed.name: min(max(feed.status.last_frame_ns, feed.status.connected_ns), remembered_ns) for feed in live}
    news = {name: at_ns for name, at_ns in heard.items() if at_ns and noted.get(name) != at_ns}
    if news:
        try:
            await outbox.note_heard(news)
        except StoreError as error:
            log.warning("store.note_failed", reason=str(error))
            return {}
    return news
