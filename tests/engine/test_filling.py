"""Rules that must know the past learn it from the tape, as far as that goes, while the service runs on."""

import asyncio
import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter
from structlog.testing import capture_logs

from bot.engine import filling as module
from bot.engine import tape_search
from bot.engine.filling import Filling
from bot.engine.memories import Memories
from bot.engine.tape_search import Search, Wanted, search
from bot.flow.tape import add_line
from bot.model.memory import By
from bot.model.prints import Print
from bot.providers.catalog import ProviderSettings
from bot.providers.maps import ready_map
from bot.providers.taped import Sort, sort_of
from bot.rules.clauses import Compare
from bot.rules.rule import Rule, make_rule
from bot.rules.settings import RuleSettings
from tests.engine.test_memories import Store
from tests.samples import a_print

BIG = Compare("premium", ">=", 1_000_000.0)
DAY_NS = 86_400 * 10**9
PULSE: Sort = "radarpulse"


def at(text: str) -> int:
    """New York time as unix nanoseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York")).timestamp()) * 10**9


NOW_NS = at("2026-11-18 12:00")  # a Wednesday
OPENING_NS = at("2026-11-18 09:30")


def pulse(moment: str, ticker: str = "NVDA", **changes: Any) -> tuple[int, str, str]:
    """A frame of RadarPulse's, of a print of two million, received as it happened."""
    facts = {"ticker": ticker, "premium": 2_000_000, "timestamp": at(moment) // 1_000_000, **changes}
    return at(moment), "radarpulse", json.dumps(facts)


def record(folder: Path, *frames: tuple[int, str, str], day: str | None = None, is_packed: bool = False) -> None:
    """Put frames on a day of the tape: their own, New York's date of the first."""
    lines = bytearray()
    for received_ns, provider, raw in frames:
        add_line(lines, received_ns, provider, raw)
    name = day or f"{datetime.fromtimestamp(frames[0][0] / 1e9, ZoneInfo('America/New_York')):%Y-%m-%d}"
    path = folder / f"{name}.jsonl{'.gz' if is_packed else ''}"
    path.write_bytes(gzip.compress(lines) if is_packed else bytes(lines))


def found(
    folder: Path, back: float, by: By | None = None, sorts: dict[str, Sort] | None = None
) -> tuple[list[Print], int | None]:
    """What is found of so many days back, and from when on."""
    wanted = Wanted("new:1", BIG, NOW_NS - int(back * DAY_NS), by)
    pieces = list(search(Search(folder, sorts or {"radarpulse": PULSE}, (wanted,), NOW_NS)))
    assert all(piece.since_ns is None for piece in pieces[:-1])
    return [each for piece in pieces for each in piece.prints], pieces[-1].since_ns if pieces else None


# --- what is found ---


def test_prints_that_the_rule_matches_oldest_first(tmp_path: Path) -> None:
    """Over packed and plain days; small ones, those before the span, heartbeats and torn frames are passed over."""
    record(tmp_path, pulse("2026-11-16 09:00", "OLD"), pulse("2026-11-16 15:00", "AAPL"), is_packed=True)
    record(tmp_path, pulse("2026-11-17 10:00", "AMD"), pulse("2026-11-17 10:01", "AMD", premium=999_999))
    today = (NOW_NS, "radarpulse", '{"type":"heartbeat"}'), (NOW_NS, "radarpulse", '{"ticker":')
    record(tmp_path, pulse("2026-11-18 09:31"), *today)
    prints, since_ns = found(tmp_path, 2)
    assert [each.ticker for each in prints] == ["AAPL", "AMD", "NVDA"]
    assert since_ns == NOW_NS - 2 * DAY_NS


def test_where_only_the_newest_counts_only_that_is_given(tmp_path: Path) -> None:
    record(
        tmp_path,
        pulse("2026-11-18 09:31", strike=100, type="call", expiry="2026-12-18"),
        pulse("2026-11-18 09:32", strike=110, type="call", expiry="2026-12-18"),
        pulse("2026-11-18 09:33", "AMD"),
        pulse("2026-11-18 09:34", strike=100, type="call", expiry="2026-12-18"),
    )
    minutes = {
        by: [each.time.minute for each in found(tmp_path, 0.2, by)[0] if each.time is not None]
        for by in ("contract", "ticker", "rule", None)
    }
    assert minutes == {"contract": [32, 33, 34], "ticker": [33, 34], "rule": [34], None: [31, 32, 33, 34]}


def test_a_print_that_was_sent_twice_is_found_once(tmp_path: Path) -> None:
    record(tmp_path, pulse("2026-11-18 09:31"), pulse("2026-11-18 09:31"))
    assert len(found(tmp_path, 0.2)[0]) == 1


def test_each_provider_s_frames_are_read_as_its_own(tmp_path: Path) -> None:
    """By whatever name it is configured; of names that are not, a vendor's tell how; others are passed over."""
    whale = '{"type":"abnormal_trade","data":{"ticker":"AMD","premium":3000000}}'
    traded = {"ev": "T", "sym": "O:NVDA261218C00100000", "p": 20.0, "s": 1000, "t": NOW_NS // 1_000_000}
    trades = json.dumps([{**traded, "q": 1}, {**traded, "q": 2}, {**traded, "q": 3, "s": 1}])
    record(
        tmp_path,
        (*pulse("2026-11-18 09:31")[:1], "mine", pulse("2026-11-18 09:31")[2]),
        (NOW_NS, "optionwhales", whale),
        (NOW_NS, "tape-of-trades", trades),
        (NOW_NS, "who", pulse("2026-11-18 09:31", "WHO")[2]),
    )
    sorts: dict[str, Sort] = {"mine": "radarpulse", "tape-of-trades": ready_map("massive_option_trades")}
    prints, _ = found(tmp_path, 1, sorts=sorts)
    assert sorted((each.provider, each.ticker) for each in prints) == [
        ("mine", "NVDA"),
        ("optionwhales", "AMD"),
        ("tape-of-trades", "NVDA"),
        ("tape-of-trades", "NVDA"),
    ]


def test_of_too_many_prints_the_newest_are_kept_and_the_rest_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tape_search, "MOST_PRINTS", 2)
    record(tmp_path, *(pulse(f"2026-11-18 09:3{n}", size=n) for n in range(5)))
    prints, since_ns = found(tmp_path, 0.2)
    assert [each.size for each in prints] == [3, 4]
    assert since_ns == at("2026-11-18 09:32"), "the newest that found no room"


def test_many_prints_come_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tape_search, "AT_ONCE", 2)
    record(tmp_path, *(pulse(f"2026-11-18 09:3{n}", size=n) for n in range(5)))
    wanted = Wanted("new:1", BIG, OPENING_NS)
    pieces = list(search(Search(tmp_path, {"radarpulse": PULSE}, (wanted, Wanted("b:1", BIG, NOW_NS)), NOW_NS)))
    assert [(piece.id, len(piece.prints), piece.since_ns) for piece in pieces] == [
        ("new:1", 2, None), ("new:1", 2, None), ("new:1", 1, None), ("new:1", 0, OPENING_NS), ("b:1", 0, NOW_NS),
    ]  # fmt: skip


# --- how far back ---


@pytest.mark.parametrize(
    ("days", "since"),
    [
        ([], None),
        (["2026-11-18 09:00"], "2026-11-18 09:00"),  # the tape began this morning
        (["2026-11-18 10:15"], "2026-11-18 10:15"),
        (["2026-11-16 11:00", "2026-11-17 09:00", "2026-11-18 09:00"], "2026-11-16 11:00"),  # on Monday
        (["2026-11-13 10:00", "2026-11-16 09:00", "2026-11-17 09:00", "2026-11-18 09:00"], "2026-11-13 12:00"),  # whole
        (["2026-11-16 09:00", "2026-11-17 09:00", "2026-11-18 09:00"], "2026-11-16 09:00"),  # Friday is missing
        (["2026-11-13 09:00", "2026-11-17 09:00", "2026-11-18 09:00"], "2026-11-17 09:00"),  # Monday is
        (["2026-11-13 09:00", "2026-11-16 09:00", "2026-11-17 09:00"], None),  # today is
    ],
)
def test_the_past_is_known_back_to_a_missing_day_of_trading(tmp_path: Path, days: list[str], since: str | None) -> None:
    """Five days back; a weekend without a tape is no hole."""
    for day in days:
        record(tmp_path, pulse(day))
    assert found(tmp_path, 5)[1] == (None if since is None else at(since))


def test_a_tape_that_begins_before_the_opening_holds_the_session_whole(tmp_path: Path) -> None:
    record(tmp_path, pulse("2026-11-18 09:29"))
    wanted = Wanted("new:1", BIG, at("2026-11-17 20:00"))
    (piece,) = [p for p in search(Search(tmp_path, {}, (wanted,), NOW_NS)) if p.since_ns is not None]
    assert piece.since_ns == wanted.since_ns


@pytest.mark.parametrize(
    ("settings", "sort"),
    [
        ({"type": "radarpulse", "api_key": "k"}, "radarpulse"),
        ({"type": "optionwhales", "api_key": "k"}, "optionwhales"),
        ({"type": "webhook", "of": "optionwhales"}, "optionwhales"),
        ({"type": "replay", "path": "x", "as": "tradier_timesale"}, "tradier_timesale"),
    ],
)
def test_of_what_sort_a_provider_s_frames_are(settings: dict[str, Any], sort: Sort) -> None:
    assert sort_of(TypeAdapter[Any](ProviderSettings).validate_python(settings)) == sort


# --- beside the service ---


def a_rule(name: str = "new", **memory: object) -> Rule:
    settings = RuleSettings.model_validate({"name": name, "when": {"premium": ">= 1M"}, "send_to": ["desk"], **memory})
    return make_rule(settings, BIG)


NEW = a_rule(first={"within": "5d", "by": "ticker"})


class Desk:
    """Rules, their memories, and what fills them from a tape."""

    def __init__(self, folder: Path, *rules: Rule) -> None:
        self.rules = list(rules)
        self.memories = Memories(Store(), self.settled, now_ns=lambda: NOW_NS)
        self.filling = Filling(
            self.memories, folder, lambda: self.rules, lambda: {"radarpulse": PULSE}, now_ns=lambda: NOW_NS
        )
        self.use()

    def use(self) -> None:
        self.memories.use(rule.route.remembering for rule in self.rules if rule.route.remembering is not None)

    def fires(self, ticker: str, rule: Rule = NEW) -> bool:
        moment = datetime.fromtimestamp(NOW_NS / 1e9, ZoneInfo("UTC"))
        print_ = a_print(ticker=ticker, time=moment, received_ns=NOW_NS)
        return self.memories.observe(rule.route, print_) is not None

    async def settled(self) -> None:
        return

    async def fill(self) -> dict[str, Any]:
        """What was logged last."""
        with capture_logs() as logged:
            await self.filling.fill()
        return dict(logged[-1]) if logged else {}


def five_days(folder: Path) -> None:
    for day in ("2026-11-13 09:00", "2026-11-16 09:00", "2026-11-17 09:00"):
        record(folder, pulse(day, "AAPL"), is_packed=True)
    record(folder, pulse("2026-11-18 09:00", "NVDA"))


async def test_a_rule_speaks_once_the_tape_told_it_the_past(tmp_path: Path) -> None:
    """In another process, which reads what the rule would have counted, while the service goes on."""
    five_days(tmp_path)
    desk = Desk(tmp_path, a_rule("busy", count={"at_least": 3, "within": "10m"}))
    with capture_logs() as logged:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(desk.filling.run())
            await asyncio.sleep(0)
            desk.rules.append(NEW)
            desk.use()
            assert not desk.fires("TSLA")
            async with asyncio.timeout(60):  # a process has to start
                while not any(entry["event"] == "memory.filled" for entry in logged):  # noqa: ASYNC110 - a log has no event
                    await asyncio.sleep(0.02)
            running.cancel()
    told = logged[-1]
    assert (told["rules"], told["prints"], told["back"]) == (1, 2, ["5d"])
    assert [desk.fires(ticker) for ticker in ("NVDA", "AAPL", "AMD")] == [False, False, True]
    assert await desk.fill() == {}, "nothing lacks anything"


async def test_a_tape_that_breaks_off_tells_nothing_and_says_why(tmp_path: Path) -> None:
    five_days(tmp_path)
    packed = tmp_path / "2026-11-16.jsonl.gz"
    packed.write_bytes(packed.read_bytes()[:-9])
    desk = Desk(tmp_path, NEW)
    told = await desk.fill()
    assert told["event"] == "memory.not_filled"
    assert "2026-11-16.jsonl.gz" in told["reason"]
    assert not desk.fires("TSLA")


async def test_a_search_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    desk = Desk(tmp_path, NEW)
    assert (await desk.fill())["event"] == "memory.not_filled"
