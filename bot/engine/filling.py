"""Has rules that must know the past before they may speak learn it from the tape, while the service runs on."""

import asyncio
import contextlib
import pickle
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import msgspec
import structlog

from bot.engine.memories import Memories
from bot.engine.reaping import reap
from bot.model.memory import First
from bot.render.spans import span
from bot.rules.rule import Rule

if TYPE_CHECKING:
    from bot.engine.tape_search import Piece, Search, Wanted
    from bot.providers.taped import Sort

log = structlog.get_logger()

PATIENCE_S: Final = 1800.0
"""For days of a whole market's tape, on a slow disk, behind the service's own work."""


class SearchFailedError(Exception):
    """The process that looks through the tape did not come to an end."""


class Filling:
    """`run` it beside the service. Where a day is missing on the tape, rules learn what came after it."""

    def __init__(
        self,
        memories: Memories,
        folder: Path,
        rules: Callable[[], Iterable[Rule]],
        sorts: Callable[[], Mapping[str, "Sort"]],
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """`folder`: the tape's. `rules`: those in force, as they are judged. `sorts`: `taped.sort_of` each provider."""
        self._memories = memories
        self._folder = folder
        self._rules = rules
        self._sorts = sorts
        self._now_ns = now_ns

    async def run(self) -> None:
        """Fill for ever what lacks something."""
        while True:
            await self._memories.lacks.wait()
            self._memories.lacks.clear()
            await self.fill()

    async def fill(self) -> None:
        """Fill what lacks something now, as far as the tape goes."""
        wanted = self._wanted(self._memories.take_lacking())
        if not wanted:
            return
        began_ns = self._now_ns()
        log.info("memory.filling", rules=len(wanted), back=span((began_ns - min(w.since_ns for w in wanted)) / 1e9))
        try:
            async with asyncio.timeout(PATIENCE_S):
                prints, since_ns = await self._take_in(self._search(wanted, began_ns))
        except TimeoutError:
            log.warning("memory.not_filled", rules=len(wanted), reason=f"it took longer than {PATIENCE_S:.0f} s")
        except (SearchFailedError, OSError) as error:
            log.warning("memory.not_filled", rules=len(wanted), reason=str(error))
        else:
            covered = [span((began_ns - since_ns[w.id]) / 1e9) for w in wanted if w.id in since_ns]
            took_s = round((self._now_ns() - began_ns) / 1e9, 1)
            log.info("memory.filled", rules=len(covered), prints=prints, back=covered[:10], took_s=took_s)

    def _wanted(self, lacking: Mapping[str, int]) -> "tuple[Wanted, ...]":
        from bot.engine.tape_search import Wanted  # only who fills reads tapes

        wanted = []
        for rule in self._rules() if lacking else ():
            asked = rule.route.remembering
            if rule.when is not None and asked is not None and asked.id in lacking:
                newest_by = asked.memory.by if isinstance(asked.memory, First) else None
                wanted.append(Wanted(asked.id, rule.when, lacking[asked.id], newest_by))
        return tuple(wanted)

    def _search(self, wanted: "tuple[Wanted, ...]", until_ns: int) -> "Search":
        from bot.engine.tape_search import Search

        return Search(self._folder, dict(self._sorts()), wanted, until_ns)

    async def _take_in(self, search: "Search") -> tuple[int, dict[str, int]]:
        """How many prints there were, and from when on which rule knows the past."""
        count = 0
        since_ns: dict[str, int] = {}
        async with _searching(search) as pieces:
            async for piece in pieces:
                self._memories.fill(piece.id, piece.prints)
                count += len(piece.prints)
                if piece.since_ns is not None:
                    since_ns[piece.id] = piece.since_ns
                await asyncio.sleep(0)
        for id_, since in since_ns.items():  # only now: the process came to its end
            self._memories.cover(id_, since)
        return count, since_ns


@asynccontextmanager
async def _searching(search: "Search") -> "AsyncIterator[AsyncIterator[Piece]]":
    """What another process finds. Raises SearchFailedError where it does not find everything."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.engine.tape_search"), stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        yield _pieces(child, pickle.dumps(search, pickle.HIGHEST_PROTOCOL))
    finally:
        await reap(child)


async def _pieces(child: Process, asked: bytes) -> "AsyncIterator[Piece]":
    from bot.engine.tape_search import Piece

    ends = child.stdin, child.stdout, child.stderr
    stdin, stdout, stderr = cast("tuple[asyncio.StreamWriter, asyncio.StreamReader, asyncio.StreamReader]", ends)
    decode = msgspec.msgpack.Decoder(Piece).decode
    with contextlib.suppress(ConnectionError):  # it ended at once, and says why
        stdin.write(asked)
        await stdin.drain()
    stdin.close()
    with contextlib.suppress(asyncio.IncompleteReadError):
        while True:
            size = int.from_bytes(await stdout.readexactly(4), "big")
            yield decode(await stdout.readexactly(size))
    complaint = (await stderr.read()).decode(errors="replace").strip()
    if await child.wait():
        raise SearchFailedError(complaint[-500:] or f"exit code {child.returncode}")
