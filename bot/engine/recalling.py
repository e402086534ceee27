"""After a start in the middle of a day, has the session know what the tape knows of it, while the service runs on."""

import asyncio
import contextlib
import io
import pickle
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from bot.engine.reaping import reap
from bot.engine.session import Session
from bot.flow.market import session_date
from bot.flow.tape import begins_of, day_in
from bot.gate.memory.trade import at_ns
from bot.model.prints import Print

if TYPE_CHECKING:
    from bot.providers.taped import Sort

log = structlog.get_logger()

PATIENCE_S: Final = 600.0
"""For a whole market's day, on a slow disk, behind the service's own work."""
AT_ONCE: Final = 500
"""Prints taken in between two turns of the event loop."""
MOST_WAITING: Final = 1_000_000
"""Prints that come while the tape is read; with more, the day is what was seen since the start."""


class RecallFailedError(Exception):
    """The process that reads the tape did not come to an end."""


class Recalling:
    """The session's door while it does not know the day yet: what comes is counted, and kept for the whole."""

    def __init__(self, session: Session, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._session = session
        self._came: list[Print] = []
        self.since_ns = now_ns()
        """From then on the feeds tell everything."""

    def add(self, found: Print) -> None:
        """Count one print, which is not on the tape that is being read."""
        self._session.add(found)
        if len(self._came) < MOST_WAITING:
            self._came.append(found)

    async def recall(self, folder: Path, sorts: "Mapping[str, Sort]") -> bool:
        """Whether the session now knows the day's beginning; if not, what it knew stands. `folder`: the tape's."""
        try:
            return await self._recall(folder, sorts)
        finally:
            self._came.clear()

    async def _recall(self, folder: Path, sorts: "Mapping[str, Sort]") -> bool:
        day = session_date(datetime.fromtimestamp(self.since_ns / 1e9, UTC))
        if not await asyncio.to_thread(_is_taped, folder, day):
            return False  # the day's first start
        from bot.engine.recalling_day import Recall

        begins_ns = begins_of(day)
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_S):
                whole, newest_ns = await _read(Recall(folder, dict(sorts), begins_ns, self.since_ns))
        except TimeoutError:
            log.warning("session.not_recalled", reason=f"it took longer than {PATIENCE_S:.0f} s")
            return False
        except (RecallFailedError, OSError) as error:
            log.warning("session.not_recalled", reason=str(error))
            return False
        if whole.day is None or len(self._came) >= MOST_WAITING:
            return False
        prints = whole.summary().totals.prints
        done = 0
        while done < len(self._came):  # more may come while we do
            for found in self._came[done : done + AT_ONCE]:
                if not (found.is_recovered and at_ns(found) <= newest_ns):  # else the tape has it
                    whole.add(found)
            done = min(done + AT_ONCE, len(self._came))
            await asyncio.sleep(0)
        self._session.become(whole)
        log.info("session.recalled", prints=prints, took_s=round(time.monotonic() - began, 1))
        return True


def _is_taped(folder: Path, day: date) -> bool:
    return folder.is_dir() and any(day_in(path.name) == day for path in folder.iterdir())


async def _read(asked: object) -> tuple[Session, int]:
    """What another process adds up, and when its newest print was received. Raises RecallFailedError."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.engine.recalling_day"), stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        told, complaint = await child.communicate(pickle.dumps(asked, pickle.HIGHEST_PROTOCOL))
    finally:
        await reap(child)
    if child.returncode:
        raise RecallFailedError(complaint.decode(errors="replace").strip()[-500:] or f"exit code {child.returncode}")
    whole = Session()
    # One unpickler for all pieces: what several hold is one print still.
    pieces = pickle.Unpickler(io.BytesIO(told))  # noqa: S301 - from our own child
    newest_ns: int = pieces.load()
    with contextlib.suppress(EOFError):
        while True:
            whole.take_in(pieces.load())
            await asyncio.sleep(0)
    return whole, newest_ns
