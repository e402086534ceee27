"""Reports on a schedule: each is made when it is due, and given to the journal once, whatever happens meanwhile."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn, Protocol

import structlog

from bot.commands.asker import Asker
from bot.commands.report_settings import ReportSettings
from bot.commands.requests import Request
from bot.flow.market import new_york
from bot.flow.schedule import due_between, next_due
from bot.model.answers import Answer

log = structlog.get_logger()

FLOWBOT: Final = Asker("discord", "flowbot", "flowbot")
"""Who asks. No member of any platform has this id."""
WARM_UP_S: Final = 30.0
"""After a start nothing is known of the day, until the feeds are connected and gave back what they can."""
LONGEST_SLEEP_S: Final = 60.0
"""Wall clocks jump, and a reload may bring another schedule."""
LATEST: Final = timedelta(minutes=15)
"""Later than this a report is not made any more: flowbot was down, or making it failed until then."""
NEWS_FOR: Final = timedelta(minutes=30)
"""So long after it was due, a report may wait for its destination: for its turn, its hours, the end of a mute."""
LOOK_BACK: Final = timedelta(hours=12)
"""How far back a start tells what was missed: what is older is of another day."""
ANSWER_S: Final = 60.0
FIRST_PAUSE_S: Final = 15.0
"""After a failure; each further one of the same report waits twice as long."""


class Answers(Protocol):
    """What is needed of the core."""

    async def answer(self, request: Request, asker: Asker) -> Answer: ...


class Posts(Protocol):
    """What is needed of the store. Both raise StoreError where it cannot do it now."""

    async def post(self, name: str, report: Answer, send_to: Sequence[str], until_ns: int) -> frozenset[str]: ...

    async def unposted(self, name: str, send_to: Sequence[str]) -> frozenset[str]: ...


@dataclass(slots=True)
class _Occasion:
    """One report at one moment."""

    report: str
    due: datetime
    again: datetime
    """When to try, next."""
    failures: int = 0

    @property
    def name(self) -> str:
        """`close 2026-11-27 13:05:00`, New York time: under which it is posted once for ever."""
        return f"{self.report} {new_york(self.due):%Y-%m-%d %H:%M:%S}"


class Reports:
    """Makes the reports of a schedule. `run` it beside the service.

    What was due while flowbot was down, or the machine asleep, is made up for where that is not too late.
    """

    def __init__(
        self,
        core: Answers,
        outbox: Posts,
        settings: Callable[[], Sequence[ReportSettings]],
        wake: Callable[[Mapping[str, int]], None],
        now_ns: Callable[[], int],
    ) -> None:
        """`wake` is told how many reports were queued for which destination."""
        self._core = core
        self._outbox = outbox
        self._settings = settings
        self._wake = wake
        self._now_ns = now_ns
        self._open: list[_Occasion] = []
        """Due, and not yet posted or given up."""

    async def run(self) -> NoReturn:
        """Make reports for ever. Neither a bug nor the store ends it."""
        await asyncio.sleep(WARM_UP_S)
        looked = self._now() - LOOK_BACK
        while True:
            now = self._now()
            self._open += self._occasions(looked, now)
            looked = now  # a clock that was set back shows some reports anew: the store knows which were posted
            for occasion in [one for one in self._open if one.again <= now]:
                if await self._try(occasion):
                    self._open.remove(occasion)
            await asyncio.sleep(self._sleep_s())

    def _occasions(self, after: datetime, until: datetime) -> list[_Occasion]:
        known = {occasion.name for occasion in self._open}
        found = [
            _Occasion(report.name, due, again=due)
            for report in self._settings()
            for due in due_between(report.schedule, max(after, until - LOOK_BACK), until)
        ]
        return sorted((one for one in found if one.name not in known), key=lambda one: one.due)

    def _sleep_s(self) -> float:
        now = self._now()
        upcoming = next_due((report.schedule for report in self._settings()), now)
        moments = [occasion.again for occasion in self._open] + ([] if upcoming is None else [upcoming])
        waits_s = [max((moment - now).total_seconds(), 0.0) for moment in moments]
        return min([*waits_s, LONGEST_SLEEP_S])

    async def _try(self, occasion: _Occasion) -> bool:
        """Whether the occasion is over: posted, given up, or gone from the schedule."""
        report = next((one for one in self._settings() if one.name == occasion.report), None)
        if report is None:
            return True
        try:
            return await self._make(report, occasion)
        except Exception:  # the supervisor: neither a bug nor the store may end the reports
            occasion.failures += 1
            pause_s = FIRST_PAUSE_S * 2.0 ** (occasion.failures - 1)
            occasion.again = self._now() + timedelta(seconds=pause_s)
            log.exception("report.failed", report=occasion.name, retry_in_s=pause_s)
            return False

    async def _make(self, report: ReportSettings, occasion: _Occasion) -> bool:
        wanted = await self._outbox.unposted(occasion.name, report.send_to)
        if not wanted:
            return True
        if self._now() - occasion.due > LATEST:
            late_min = round((self._now() - occasion.due).total_seconds() / 60)
            log.warning("report.missed", report=occasion.name, send_to=sorted(wanted), late_min=late_min)
            return True
        async with asyncio.timeout(ANSWER_S):
            answer = await self._core.answer(report.request, FLOWBOT)
        queued = await self._outbox.post(occasion.name, answer, sorted(wanted), _ns(occasion.due + NEWS_FOR))
        log.info("report.queued", report=occasion.name, send_to=sorted(queued))
        self._wake(dict.fromkeys(queued, 1))
        return True

    def _now(self) -> datetime:
        seconds, rest = divmod(self._now_ns(), 10**9)
        return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=rest // 1000)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9
