"""Reports over days of virtual time, on a real store: each once, whatever stops, fails, hangs or is changed."""

import asyncio
import contextlib
import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from bot.commands.asker import Asker
from bot.commands.report_settings import ReportSettings, check_reports
from bot.commands.requests import Report, Request
from bot.config.document import Document
from bot.engine.session import Query
from bot.model.alerts import Batch
from bot.model.answers import Answer, Part
from bot.model.errors import StoreError
from bot.model.outcomes import Permanent, Retry, Sent, Unknown
from bot.model.ports import Commit
from bot.outbox.sqlite import SqliteOutbox
from bot.reports import FLOWBOT, Reports
from tests import virtual_time
from tests.engine.doubles import InlineTransactions, Scripted
from tests.engine.stage import Stage, play

NEW_YORK = ZoneInfo("America/New_York")
NS = 10**9


def reports(*raw: Mapping[str, object]) -> list[ReportSettings]:
    defaults = {"name": "lunch", "show": "recap", "at": "12:30", "send_to": ["desk"]}
    found, problems = check_reports([{**defaults, **each} for each in raw], Document("config.yaml", raw))
    assert problems == []
    return list(found)


LUNCH = reports({})
DAY = reports(
    {"name": "opening-scan", "show": "opening", "at": "open+10m"},
    {},
    {"name": "close", "at": "close+5m", "send_to": ["desk", "whale-room"]},
)


class Desk:
    """A store, a clock that can jump, and a core that answers as a script says, then with the time of day."""

    def __init__(self, now: str, settings: Sequence[ReportSettings] = LUNCH) -> None:
        self.start_ns = int(datetime.fromisoformat(now).replace(tzinfo=NEW_YORK).timestamp()) * NS
        self.settings = list(settings)
        self.script: list[BaseException | None] = []
        """What happens to each question; None: it hangs. Then each is answered."""
        self.broken = ""
        """What cannot be shown."""
        self.asked: list[tuple[str, Request]] = []
        self.askers: set[Asker] = set()
        self.woken: dict[str, int] = {}
        self.transactions = InlineTransactions()
        self.outbox = SqliteOutbox(self.transactions, io.StringIO(), self.now_ns)

    def now_ns(self) -> int:
        return int((asyncio.get_running_loop().time() - 1000.0) * NS) + self.start_ns

    @property
    def now(self) -> str:
        return f"{datetime.fromtimestamp(self.now_ns() / NS, NEW_YORK):%a %H:%M:%S}"

    async def answer(self, request: Request, asker: Asker) -> Answer:
        self.asked.append((self.now, request))
        self.askers.add(asker)
        assert isinstance(request, Report)
        if request.show == self.broken:
            raise RuntimeError("a bug")
        if self.script:
            outcome = self.script.pop(0)
            if outcome is None:
                await asyncio.sleep(1e9)
            else:
                raise outcome
        return Answer(f"Recap at {self.now}", (Part("", ("1 print",)),))

    def wake(self, queued: Mapping[str, int]) -> None:
        for name, count in queued.items():
            self.woken[name] = self.woken.get(name, 0) + count

    def runner(self) -> Reports:
        return Reports(self, self.outbox, lambda: self.settings, self.wake, self.now_ns)

    @property
    def times(self) -> list[str]:
        return [at for at, _ in self.asked]

    @property
    def queued(self) -> list[str]:
        """Destination and title of every report that the store has, in the order in which they were made."""
        rows = self.transactions.connection.execute("SELECT destination FROM posts ORDER BY made_ns, destination")
        return [destination for (destination,) in rows]


Scene = Callable[[], Awaitable[None]]


def serve(desk: Desk, hours: float, *, scene: Scene | None = None, runners: int = 1) -> list[str]:
    """Run reports for so long, beside the scene; the events that were logged, with the report that each is about."""

    async def main() -> list[str]:
        with capture_logs() as logged, contextlib.suppress(TimeoutError):
            async with asyncio.timeout(hours * 3600), asyncio.TaskGroup() as tasks:
                for _ in range(runners):
                    tasks.create_task(desk.runner().run())
                if scene is not None:
                    await scene()
        return [f"{entry['event']} {entry['report']}" for entry in logged]

    return virtual_time.run(main())


def test_the_days_of_thanksgiving() -> None:
    """Wednesday to Friday: nothing on the holiday; on the half day the close is at 13:00."""
    desk = Desk("2026-11-25 06:00", DAY)
    events = serve(desk, 66)
    assert desk.times == [
        *("Wed 09:40:00", "Wed 12:30:00", "Wed 16:05:00"),
        *("Fri 09:40:00", "Fri 12:30:00", "Fri 13:05:00"),
    ]
    assert desk.queued == ["desk", "desk", "desk", "whale-room"] * 2
    assert desk.woken == {"desk": 6, "whale-room": 2}
    assert events[2] == "report.queued close 2026-11-25 16:05:00"
    assert events[5] == "report.queued close 2026-11-27 13:05:00"
    assert len(events) == 6


@pytest.mark.parametrize("friday", ["2026-03-06", "2026-10-30"])
def test_over_a_change_of_the_clocks(friday: str) -> None:
    """The clocks change on the Sunday; New York's own stays what people see."""
    desk = Desk(f"{friday} 09:00", DAY)
    serve(desk, 81)
    assert desk.times[:6] == [f"{day} {at}" for day in ("Fri", "Mon") for at in ("09:40:00", "12:30:00", "16:05:00")]


def test_what_is_asked_is_what_the_configuration_says() -> None:
    """By flowbot itself."""
    leaders = {"name": "leaders", "show": "top", "limit": 5, "min_premium": "1M", "ticker": "nvda", "kind": "sweep"}
    sectors = {"name": "sectors", "show": "heatmap", "by": "ticker"}
    desk = Desk("2026-07-16 12:00", reports(leaders, sectors))
    serve(desk, 1)
    assert [request for _, request in desk.asked] == [
        Report("top", Query(limit=5, min_premium=1e6, ticker="NVDA", kind="sweep")),
        Report("heatmap", Query(), "ticker"),
    ]
    assert desk.askers == {FLOWBOT}


def test_several_times_a_day() -> None:
    """Each is a report of its own."""
    desk = Desk("2026-07-16 00:00", reports({"at": ["11:00", "close-30m", "15:30"]}))
    serve(desk, 24)
    assert desk.times == ["Thu 11:00:00", "Thu 15:30:00"]


# --- starts and stops ---


@pytest.mark.parametrize(
    ("start", "asked", "told"),
    [
        ("12:29:30", ["Thu 12:30:00"], ["report.queued"]),
        ("12:29:59", ["Thu 12:30:29"], ["report.queued"]),
        ("12:44:30", ["Thu 12:45:00"], ["report.queued"]),
        ("12:44:31", [], ["report.missed"]),
        ("17:00:00", [], ["report.missed"]),
    ],
)
def test_a_report_that_was_due_while_flowbot_was_down(start: str, asked: list[str], told: list[str]) -> None:
    """Is made up for while it is news, else told to be missed; the feeds have half a minute to connect first."""
    desk = Desk(f"2026-07-16 {start}")
    events = serve(desk, 1)
    assert desk.times == asked
    assert events == [f"{event} lunch 2026-07-16 12:30:00" for event in told]


def test_what_was_posted_is_not_missed_after_a_restart() -> None:
    """Nor asked for again."""
    desk = Desk("2026-07-16 12:00")
    serve(desk, 0.6)
    for later_s in (60, 3600):
        desk.start_ns += later_s * NS + 2100 * NS
        assert serve(desk, 0.1) == []
    assert (desk.times, desk.woken) == (["Thu 12:30:00"], {"desk": 1})


def test_a_double_start_posts_one() -> None:
    """Both ask; the store takes one."""
    desk = Desk("2026-07-16 12:00", reports({"send_to": ["desk", "whale-room"]}))
    serve(desk, 1, runners=2)
    assert desk.queued == ["desk", "whale-room"]
    assert desk.woken == {"desk": 1, "whale-room": 1}


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("is_after", [False, True])
def test_killed_at_any_step_it_is_posted_once(step: int, is_after: bool) -> None:
    """Before or after each of the store's two transactions; what comes next is another process on the same store."""
    desk = Desk("2026-07-16 12:29:59", reports({"send_to": ["desk", "whale-room"]}))
    done, left = desk.transactions.do, [step]

    async def do(work: Callable[..., object]) -> object:
        left[0] -= 1
        if left[0] == 0 and not is_after:
            raise Killed
        result = await done(work)
        if left[0] == 0:
            raise Killed
        return result

    desk.transactions.do = do  # type: ignore[method-assign]  # the test's own store

    async def until_killed() -> None:
        with pytest.raises(Killed):
            async with asyncio.timeout(60):
                await desk.runner().run()

    virtual_time.run(until_killed())
    desk.start_ns += 60 * NS
    serve(desk, 0.1)
    assert desk.queued == ["desk", "whale-room"]


# --- failures ---


def test_a_failure_is_tried_again_a_little_later() -> None:
    """Fifteen seconds, then thirty: it is news still."""
    desk = Desk("2026-07-16 12:00")
    desk.script = [RuntimeError("a bug"), StoreError("disk full")]
    events = serve(desk, 1)
    assert desk.times == ["Thu 12:30:00", "Thu 12:30:15", "Thu 12:30:45"]
    assert [event.split()[0] for event in events] == ["report.failed", "report.failed", "report.queued"]
    assert desk.queued == ["desk"]


def test_one_that_fails_for_ever_is_given_up_and_the_others_go_on() -> None:
    """Each pause is twice as long as the one before; after a quarter of an hour it is no news."""
    desk = Desk("2026-07-16 12:00", reports({}, {"name": "later", "at": "12:40", "show": "top"}))
    desk.broken = "recap"
    events = serve(desk, 24)
    minutes = ("12:30:00", "12:30:15", "12:30:45", "12:31:45", "12:33:45", "12:37:45")
    assert desk.times == [f"Thu {at}" for at in (*minutes, "12:40:00")]
    assert events == [
        *["report.failed lunch 2026-07-16 12:30:00"] * 6,
        "report.queued later 2026-07-16 12:40:00",
        "report.missed lunch 2026-07-16 12:30:00",
    ]


def test_one_that_hangs_is_given_up_in_a_minute_and_holds_up_no_other_for_long() -> None:
    desk = Desk("2026-07-16 12:00", reports({}, {"name": "other"}))
    desk.script = [None]
    serve(desk, 1)
    assert desk.times == ["Thu 12:30:00", "Thu 12:31:00", "Thu 12:31:15"]
    assert desk.queued == ["desk", "desk"]


def test_a_store_that_is_out_of_order_is_waited_for() -> None:
    desk = Desk("2026-07-16 12:29:00")

    async def mend() -> None:
        desk.transactions.is_broken = True
        await asyncio.sleep(180)
        desk.transactions.is_broken = False

    events = serve(desk, 1, scene=mend)
    assert [event.split()[0] for event in events].count("report.queued") == 1
    assert desk.queued == ["desk"]


# --- clocks, reloads ---


def test_a_clock_that_is_set_back_brings_no_report_twice() -> None:
    desk = Desk("2026-07-16 12:00")

    async def set_back() -> None:
        await asyncio.sleep(3600)
        desk.start_ns -= 2 * 3600 * NS

    serve(desk, 4, scene=set_back)
    assert (desk.times, desk.queued) == (["Thu 12:30:00"], ["desk"])


def test_a_machine_that_slept_tells_what_it_missed_and_makes_what_is_news() -> None:
    desk = Desk("2026-07-16 09:00", DAY)

    async def sleep() -> None:
        await asyncio.sleep(60)
        desk.start_ns += 3 * 3600 * NS + 1800 * NS

    events = serve(desk, 1, scene=sleep)
    assert events == ["report.missed opening-scan 2026-07-16 09:40:00", "report.queued lunch 2026-07-16 12:30:00"]


def test_a_reload_is_obeyed() -> None:
    """What it adds begins with its next moment; what it takes away is not made, not even once more after a failure."""
    desk = Desk("2026-07-16 12:00", reports({}, {"name": "gone", "at": "12:40"}))
    desk.script = [RuntimeError("a bug")]

    async def reload() -> None:
        await asyncio.sleep(1805)
        desk.settings = reports({"name": "new", "at": ["12:10", "12:35"]})

    events = serve(desk, 1, scene=reload)
    assert events == ["report.failed lunch 2026-07-16 12:30:00", "report.queued new 2026-07-16 12:35:00"]


def test_without_reports_nothing_is_asked() -> None:
    desk = Desk("2026-07-16 00:00", [])
    assert serve(desk, 24) == []
    assert desk.asked == []


# --- the whole way ---


def run_to(desk: Scripted, scene: Callable[[Stage], Awaitable[None]] | None = None) -> Stage:
    """A report at 12:30 to this destination, served by its lane; it is 12:16:40 when it begins."""
    stage = Stage((desk,))
    core = Desk("2026-07-16 12:00")

    async def report() -> None:
        def wake(queued: Mapping[str, int]) -> None:
            stage.delivery.take(Commit(queued, (), (), {}))

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(860), asyncio.TaskGroup() as tasks:
                tasks.create_task(Reports(core, stage.outbox, lambda: LUNCH, wake, virtual_time.now_ns).run())
                await asyncio.sleep(790)
                if scene is not None:
                    await scene(stage)

    play(stage, report)
    return stage


def told(desk: Scripted) -> list[Batch]:
    assert all(batch.report is not None for batch in desk.batches)
    return desk.batches


def test_it_goes_out_at_its_time_and_counts_as_one() -> None:
    desk = Scripted()
    stage = run_to(desk)
    assert desk.times == [800.0]
    assert [batch.count for batch in told(desk)] == [1]
    assert stage.outcomes("sent") == 1
    assert stage.sample("flowbot_queue_depth", queue="desk") == 0


@pytest.mark.parametrize(
    ("outcomes", "counted", "state"),
    [
        ([Retry("503"), Sent("m1")], {"retry": 1, "sent": 1}, "sent"),
        ([Permanent("Invalid Form Body")], {"permanent": 1, "sent": 0}, "dead"),
        ([Unknown("timeout"), Sent("m1")], {"unknown": 1, "sent": 1}, "sent"),
    ],
)
def test_its_failures_are_those_of_any_message(
    outcomes: list[Retry | Sent | Permanent | Unknown], counted: Mapping[str, int], state: str
) -> None:
    """Refused it is dead and never split; in doubt it goes again as it is."""
    desk = Scripted(*outcomes)
    stage = run_to(desk)
    assert {outcome: stage.outcomes(outcome) for outcome in counted} == counted
    assert len({batch.id for batch in told(desk)}) == 1
    assert stage.transactions.connection.execute("SELECT state FROM posts").fetchall() == [(state,)]
    assert stage.sample("flowbot_queue_depth", queue="desk") == 0


def test_one_that_a_platform_refuses_for_too_long_expires() -> None:
    """A recap an hour later is no news; the queue is empty then."""

    def refuse(batch: Batch) -> Retry:
        return Retry("503")

    desk = Scripted(*[refuse] * 200)
    stage = run_to(desk)
    assert 800.0 <= max(desk.times) < 800.0 + 1800.0
    assert stage.outcomes("expired") == 1
    assert stage.sample("flowbot_queue_depth", queue="desk") == 0


def test_alerts_go_on_around_it() -> None:
    """Those before, those after."""
    desk = Scripted()

    async def alerts(stage: Stage) -> None:
        await stage.post()
        await asyncio.sleep(20)
        await stage.post()

    stage = run_to(desk, alerts)
    assert [batch.report is not None for batch in desk.batches] == [False, True, False]
    assert stage.outcomes("sent") == 3
