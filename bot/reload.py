"""Hot reload: when a file of the configuration changed, at SIGHUP, or when `flowbot reload` asks.

All or nothing: a bad edit changes nothing, is told with file:line:col to the log, a metric and the admins, once each.
"""

import asyncio
import contextlib
from hashlib import blake2b
from pathlib import Path

import structlog

from bot.config.watch import Watch
from bot.logs import redactor
from bot.model.alerts import Notice
from bot.model.errors import Problem, StoreError
from bot.outbox.reloads import Reloaded
from bot.pauses import no_full_collection
from bot.reading import ReadingFailedError, read_elsewhere
from bot.service import Service

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
"""At the files. A change counts once it was the same at two looks, so an edit is live within some three seconds."""
MOST_PROBLEMS_TOLD = 10
MOST_PROBLEMS_LOGGED = 50


class Reloader:
    """Keeps a running service at what its configuration says."""

    def __init__(self, config: Path, service: Service) -> None:
        self._config = config
        self._service = service
        self._watch = Watch(service.settings.sources)

    async def run(self) -> None:
        """Look and reload until cancelled."""
        asked = self._service.requests.reload_asked
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await asked.wait()
            is_changed = await asyncio.to_thread(self._watch.is_changed)
            if asked.is_set() or is_changed:
                asked.clear()
                await self._supervised()

    async def _supervised(self) -> None:
        outbox = self._service.outbox
        # Both before the file is read: who asks later may have saved later.
        waiting = self._service.requests.take_reloading()
        try:
            asked = await outbox.unanswered_reloads()
            found = await self.reload()
            for answer in waiting:
                if not answer.done():
                    answer.set_result(found)
            await outbox.answer_reloads(asked, found)
        except StoreError as error:
            log.error("config.reload_failed", reason=str(error))  # noqa: TRY400 - no bug
        except Exception:  # the supervisor: a bug in a reload must not end the service
            self._service.metrics.reloaded.set(0)
            log.exception("config.reload_bug")
        finally:
            for answer in waiting:
                if not answer.done():
                    answer.set_result(Reloaded(False, "the reload did not come to an end; the log says why"))

    async def reload(self) -> Reloaded:
        """Read the configuration, and obey it if it is good. Raises StoreError."""
        with no_full_collection():
            return await self._reload()

    async def _reload(self) -> Reloaded:
        try:
            found = await read_elsewhere(self._config)
        except ReadingFailedError as error:
            return self._refused(str(error))
        self._watch = Watch(found.sources)
        if found.settings is None:
            return self._refused("", *found.problems)
        redactor.learn(found.settings.secrets | self._service.settings.secrets)  # the old ones may be in use yet
        done = await self._service.reload(found.settings)
        self._service.metrics.reloaded.set(1)
        log.info("config.reloaded", changes=done.text())
        for warning in found.settings.warnings:
            log.warning("config.warning", problem=str(warning))
        return Reloaded(True, done.text())

    def _refused(self, reason: str, *problems: Problem) -> Reloaded:
        """The configuration stays as it was."""
        self._service.metrics.reloaded.set(0)
        lines = [str(problem) for problem in problems] or [f"{self._config}: {reason}"]
        for line in lines[:MOST_PROBLEMS_LOGGED]:
            log.error("config.reload_refused", problem=line, problems=len(lines))
        more = len(lines) - MOST_PROBLEMS_TOLD
        told = (*lines[:MOST_PROBLEMS_TOLD], *((f"and {more} more",) if more > 0 else ()))
        # The same mistake is told once, however often the file is saved with it.
        digest = blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()
        notice = Notice("The configuration was changed, and is not obeyed: it has problems", told)
        self._service.tell(f"config:{digest}", notice)
        return Reloaded(False, "\n".join(lines))
