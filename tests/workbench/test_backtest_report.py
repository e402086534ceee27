"""What is told of a backtest: the report's figures, the table, the page, and the difference of two rule sets."""

import gzip
import io
import json
import random
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.destinations import rates
from bot.engine.matching import TrueOf
from bot.model.errors import FrameError, InputError
from bot.model.matches import Route
from bot.model.memory import Count, First, Remembering
from bot.model.ports import Frame, Rate
from bot.model.prints import Print
from bot.model.terms import Terms
from bot.providers.feed import ErrorFrame, Several
from bot.workbench.backtest.channel import Outlet
from bot.workbench.backtest.page import page
from bot.workbench.backtest.playing import Player, Readers, Tapes
from bot.workbench.backtest.report import (
    Report,
    difference_report,
    messages_a_minute,
    set_report,
    tape_report,
)
from bot.workbench.backtest.table import show
from bot.workbench.backtest.trial import RuleSet, Trial
from tests.samples import NOON_NS, a_print, a_route

SECOND_NS = 10**9
HOOK = Outlet(
    "hook", "discord_webhook", Terms(backlog=50, can_edit=True), {"discord:webhook:1": rates.DISCORD_WEBHOOK}, 10
)
HALL = Outlet("hall", "console", Terms(is_digested=False), {}, 25)

# --- a tape of a few words a frame -------------------------------------------------------------------------


def decode(raw: Frame, received_ns: int, name: str) -> Any:
    """`NVDA 3`: a print of size 3; `two`: a frame of two and a fault; `back NVDA 3 9`: that of second 9 taken back."""
    match str(raw).split():
        case ["bad"]:
            raise FrameError("bad_shape")
        case ["bug"]:
            raise RuntimeError("a decoder's bug")
        case ["complaint"]:
            return ErrorFrame("slow down")
        case ["two"]:
            prints = (_print("NVDA", 1, received_ns, name), _print("NVDA", 2, received_ns, name))
            return Several(prints, (), (FrameError("no_ticker"),))
        case ["back", ticker, size, seconds]:
            return Several((), (_print(ticker, int(size), NOON_NS + int(seconds) * SECOND_NS, name),), ())
        case [ticker, size, *_]:
            return _print(ticker, int(size), received_ns, name)
        case other:
            raise AssertionError(other)


def _print(ticker: str, size: int, received_ns: int, name: str) -> Print:
    time = datetime.fromtimestamp(received_ns / 1e9, UTC)
    return a_print(provider=name, ticker=ticker, size=size, received_ns=received_ns, score=float(size), time=time)


READERS = Readers({"feed": ("feed", decode)}, ("plain", decode))


def tape(folder: Path, frames: Sequence[tuple[float, str]], name: str = "tape.jsonl") -> Path:
    """Frames by seconds after noon in New York on a Thursday."""
    lines = [json.dumps({"t": NOON_NS + round(s * SECOND_NS), "p": "feed", "raw": raw}) + "\n" for s, raw in frames]
    path = folder / name
    path.write_text("".join(lines))
    return path


def larger_than(size: int) -> Callable[[Print], bool]:
    return lambda found: (found.size or 0) > size


def rule_set(
    *rules: tuple[Route, Callable[[Print], bool]], name: str = "config.yaml", outlets: tuple[Outlet, ...] = (HOOK, HALL)
) -> RuleSet:
    true_of: TrueOf = lambda found: tuple(route for route, is_true in rules if is_true(found))  # noqa: E731 - a type
    return RuleSet(name, tuple(route for route, _ in rules), outlets, true_of)


def play(path: Path, rules: RuleSet, other: RuleSet | None = None) -> Report:
    trial, trial_too = Trial(rules), None if other is None else Trial(other)
    player = Player(READERS, trial, trial_too)
    heard = tape_report(player.play(Tapes([path]), NOON_NS), [path.name])
    difference = None if trial_too is None else difference_report(trial_too, player.difference.changed())
    return Report(heard, set_report(trial), difference)


WHALES = a_route("whales", send_to=("hook",))
SMALL = a_route("small", send_to=("hook", "hall"))


# --- the tape ----------------------------------------------------------------------------------------------


def test_prints_rejected_frames_and_the_span_are_told(tmp_path: Path) -> None:
    frames = [(0, "NVDA 3"), (1, "bad"), (2, "bug"), (3, "complaint"), (4, "two"), (60, "NVDA 4")]
    path = tape(tmp_path, frames)
    path.write_text(path.read_text() + '{"t": 17842\n')
    found = play(path, rule_set((WHALES, larger_than(0)))).tape
    assert (found.frames, found.prints, found.providers) == (6, 4, {"feed": 4})
    assert found.rejected == {"bad_shape": 1, "bug": 1, "error_frame": 1, "no_ticker": 1}
    assert (found.lines_skipped, found.broken) == (1, ())
    assert found.first == datetime(2026, 7, 16, 16, 0, tzinfo=UTC)
    assert found.last == datetime(2026, 7, 16, 16, 1, tzinfo=UTC)


def test_several_tapes_are_one_in_order_of_time(tmp_path: Path) -> None:
    early, late = tape(tmp_path, [(0, "NVDA 1"), (2, "NVDA 3")], "b"), tape(tmp_path, [(1, "NVDA 2"), (3, "bad")], "a")
    assert [line.raw for line in Tapes([late, early])] == ["NVDA 1", "NVDA 2", "NVDA 3", "bad"]


def test_one_day_of_a_file_is_played_by_new_yorks_date(tmp_path: Path) -> None:
    """Noon on Thursday 16 July: twelve hours later it is Friday."""
    path = tape(tmp_path, [(0, "NVDA 1"), (12 * 3600 - 1, "NVDA 2"), (12 * 3600, "NVDA 3")])
    assert [line.raw for line in Tapes([path], date(2026, 7, 16))] == ["NVDA 1", "NVDA 2"]
    assert [line.raw for line in Tapes([path], date(2026, 7, 17))] == ["NVDA 3"]


def test_a_tape_that_breaks_off_is_reported_as_far_as_it_goes(tmp_path: Path) -> None:
    noise = random.Random(1)  # what packs well would be whole in the first buffer
    frames = [(n, f"NVDA {n + 1} {noise.getrandbits(2000):x}") for n in range(5000)]
    whole = gzip.compress(tape(tmp_path, frames).read_bytes(), 1)
    path = tmp_path / "broken.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    report = play(path, rule_set((WHALES, larger_than(0))))
    assert 0 < report.tape.prints < 5000
    (why,) = report.tape.broken
    assert why.startswith(f"{path}: cannot be read")
    assert "! The tape breaks off" in shown(report)


@pytest.mark.parametrize("content", ["", "\n\n", "no JSON\n"])
def test_a_tape_without_a_print_is_an_error_that_says_what_is_expected(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tape.jsonl"
    path.write_text(content)
    with pytest.raises(InputError, match=r"tape\.jsonl: no print to play.*expected one JSON object a line"):
        play(path, rule_set((WHALES, larger_than(0))))


def test_a_tape_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        Tapes([tmp_path / "none.jsonl"])


# --- rules and destinations --------------------------------------------------------------------------------


def test_matches_alerts_and_what_was_suppressed_are_told_of_each_rule(tmp_path: Path) -> None:
    """Two of one contract within the cooldown, the first of them twice; another an hour later, and one too small."""
    cooled = msgspec.structs.replace(WHALES, cooldown_s=600.0)
    frames = [(0, "NVDA 5"), (0, "NVDA 5"), (1, "NVDA 6"), (3600, "AAPL 5"), (3601, "SPY 1")]
    whales, never = play(
        tape(tmp_path, frames), rule_set((cooled, larger_than(1)), (a_route("never"), larger_than(10)))
    ).config.rules
    assert (whales.matches, whales.alerts, whales.suppressed) == (4, 2, {"repeat": 1, "duplicate": 1})
    assert whales.busiest_hour is not None
    assert (whales.busiest_hour.at, whales.busiest_hour.alerts) == (datetime(2026, 7, 16, 16, tzinfo=UTC), 1)
    assert {one.ticker: one.alerts for one in whales.tickers} == {"NVDA": 1, "AAPL": 1}
    assert (never.matches, never.alerts, never.busiest_hour, never.tickers) == (0, 0, None, ())


def test_messages_digests_and_minutes_over_the_limit_are_told_of_each_destination(tmp_path: Path) -> None:
    """A minute of 310 alerts, where the webhook carries 300: ten in the first message, fifty wait, 250 are digested."""
    frames = [(0, f"NVDA {n + 1}") for n in range(310)] + [(60, "NVDA 1000")]
    hook, hall = play(tape(tmp_path, frames), rule_set((WHALES, larger_than(0)))).config.destinations
    assert (hook.alerts, hook.posted, hook.digested) == (311, 61, {"backlog": 250})
    assert (hook.messages, hook.digests, hook.edits, hook.expired) == (8, 1, 0, {})
    assert (hook.limit_a_minute, hook.minutes_over_limit) == (300, 1)
    assert hook.busiest_minute is not None
    assert (hook.busiest_minute.at, hook.busiest_minute.alerts) == (datetime(2026, 7, 16, 16, tzinfo=UTC), 310)
    assert hook.longest_wait_s == pytest.approx(2.06, abs=1e-6)  # of the sixth message
    assert [(sum(m.alerts.values()), m.digested, m.is_over_limit) for m in hook.minutes] == [
        (310, 250, True),
        (1, 0, False),
    ]
    assert (hall.alerts, hall.messages, hall.limit_a_minute, hall.busiest_minute) == (0, 0, None, None)


def test_a_limit_that_is_shared_is_exceeded_together(tmp_path: Path) -> None:
    """Sixteen full messages each to two names of one webhook are 32 a minute: two more than it takes."""
    outlets = (replace(HOOK, name="one"), replace(HOOK, name="two"))
    route = a_route("both", send_to=("one", "two"))
    frames = [(0, f"NVDA {n + 1}") for n in range(160)]
    one, two = play(tape(tmp_path, frames), rule_set((route, larger_than(0)), outlets=outlets)).config.destinations
    assert (one.minutes_over_limit, two.minutes_over_limit) == (1, 1)
    assert (one.limit_a_minute, one.shares_with, two.shares_with) == (300, ("two",), ("one",))


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        ((), None),
        (rates.DISCORD_WEBHOOK, 30),
        (rates.DISCORD_CHANNEL, 60),
        (rates.SLACK, 60),
        ((Rate(30, 60.0),), 30),
        ((Rate(1, 7.0),), 8),
    ],
)
def test_how_many_messages_a_channel_carries_in_a_minute(limits: Sequence[Rate], count: int | None) -> None:
    assert messages_a_minute(limits) == count


def test_a_trade_taken_back_is_struck_through_and_counts_no_more(tmp_path: Path) -> None:
    """Three prints are wanted within ten minutes, one of three is taken back, and the fourth makes three again."""
    counting = a_route("counting", send_to=("hook",), remembering=Remembering("c", Count(3, 600.0), "count at least 3"))
    frames = [
        (0, "NVDA 1"),
        (0, "NVDA 2"),
        (9, "back NVDA 1 0"),
        (10, "NVDA 3"),
        (11, "NVDA 4"),
        (20, "back NVDA 4 11"),
    ]
    config = play(tape(tmp_path, frames), rule_set((counting, larger_than(0)))).config
    assert [(rule.matches, rule.alerts) for rule in config.rules] == [(1, 1)]
    assert [(to.messages, to.edits) for to in config.destinations] == [(1, 1), (0, 0)]


def test_a_rule_that_must_know_the_past_is_silent_until_the_tape_has_told_it(tmp_path: Path) -> None:
    """`first` within an hour: the first half hour says nothing; a new contract after an hour is news."""
    first = Remembering("f", First(3600.0, by="ticker"), "first within 1h by ticker")
    route = a_route("newcomers", send_to=("hook",), remembering=first)
    frames = [(60 * n, "SPY 1") for n in range(70)] + [(1800, "NVDA 5"), (4300, "AAPL 5")]
    report = play(tape(tmp_path, sorted(frames)), rule_set((route, larger_than(0))))
    (rule,) = report.config.rules
    assert [one.ticker for one in rule.tickers] == ["AAPL"]
    assert rule.silent_s == 3600
    assert "newcomers: is silent for the tape's first 1h" in shown(report)


# --- the difference ----------------------------------------------------------------------------------------


def test_each_alert_that_is_added_or_removed_is_named(tmp_path: Path) -> None:
    """Before: over 2 to hook. After: over 1 to hook, and over 4 to hall too, but no NVDA."""
    before = rule_set((WHALES, larger_than(2)))
    after = rule_set(
        (a_route("whales", send_to=("hook",)), lambda found: (found.size or 0) > 1 and found.ticker != "NVDA"),
        (a_route("large", send_to=("hall", "hook")), lambda found: (found.size or 0) > 4 and found.ticker != "NVDA"),
        name="other.yaml",
    )
    report = play(tape(tmp_path, [(0, "NVDA 5"), (1, "AAPL 2"), (2, "AAPL 3"), (3, "SPY 5")]), before, after)
    difference = report.difference
    assert difference is not None
    assert (difference.added, difference.removed) == (2, 1)
    assert [(one.change, one.contract, one.destinations, one.rules) for one in difference.changed] == [
        ("removed", "NVDA 145C 8/7 (22d)", ("hook",), ("whales",)),
        ("added", "AAPL 145C 8/7 (22d)", ("hook",), ("whales",)),
        ("added", "SPY 145C 8/7 (22d)", ("hall",), ("large",)),
    ]
    text = shown(report)
    assert "other.yaml instead of config.yaml: −1 alert, +2" in text
    assert ["rule", "large", "alerts", "–", "1", "+1"] in [line.split() for line in text.splitlines()]


def test_the_same_rules_make_no_difference(tmp_path: Path) -> None:
    rules = [rule_set((WHALES, larger_than(2)), name=name) for name in ("one.yaml", "two.yaml")]
    report = play(tape(tmp_path, [(0, "NVDA 5"), (1, "AAPL 2")]), *rules)
    assert report.difference is not None
    assert report.difference.changed == ()
    assert "two.yaml instead of one.yaml: the same alerts at the same destinations" in shown(report)


def test_alerts_on_two_tellings_of_one_print_are_the_same_alert(tmp_path: Path) -> None:
    """The feed gives the print twice; one rule set takes the first of them, the other the second."""
    seen: list[int] = []

    def second(found: Print) -> bool:
        seen.append(1)
        return len(seen) == 2

    report = play(
        tape(tmp_path, [(0, "NVDA 5"), (0, "NVDA 5")]),
        rule_set((WHALES, larger_than(0))),
        rule_set((WHALES, second), name="other.yaml"),
    )
    assert report.difference is not None
    assert report.difference.other.alerts == 1
    assert report.difference.changed == ()


# --- how it is shown ---------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(report: Report, out: io.StringIO | None = None) -> str:
    out = out or io.StringIO()
    show(report, out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the terminal of the person who runs the tests."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Hostile names, a burst over the limit, a rule that never fired, and another rule set."""
    hostile = a_route('<script>alert("x")</script> & [bold]co', send_to=("hook",))
    rules = rule_set((hostile, larger_than(0)), (a_route("never", send_to=("hall",)), larger_than(10**9)))
    frames = [(0, f"NVDA {n + 1}") for n in range(310)] + [(60, "bad")]
    other = rule_set((hostile, larger_than(5)), name="<b>.yaml")
    return play(tape(tmp_path, frames, "<i>&.jsonl"), rules, other)


def test_a_pipe_gets_plain_lines_of_any_length(report: Report) -> None:
    text = shown(report)
    assert "\x1b" not in text
    assert "<i>&.jsonl: 310 prints, Thu 16 Jul 2026, 12:00 to 12:01 New York" in text
    assert "! 1 frame rejected: bad_shape 1" in text
    assert "Never fired: never." in text
    assert "hook: 250 of 310 alerts digested: 250 behind the backlog." in text
    assert (
        "hook: in 1 minute more alerts came than it can carry, which is 300 a minute; 310 at 12:00 were the most."
        in text
    )
    row, _ = (line.split() for line in text.splitlines() if line.startswith('<script>alert("x")</script> & [bold]co'))
    assert row[-8:] == ["310", "310", "–", "310", "at", "12:00", "NVDA", "310"]


def test_a_terminal_gets_a_table_that_fits(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = shown(report, Terminal())
    assert "\x1b[1m" in text
    assert "[bold]co" in text.replace("\n", "")


def test_json_has_the_documented_keys(report: Report) -> None:
    found = json.loads(msgspec.json.encode(report))
    assert list(found) == ["tape", "config", "difference"]
    assert list(found["tape"]) == [
        "files", "first", "last", "frames", "prints", "providers", "rejected", "lines_skipped", "broken",
    ]  # fmt: skip
    assert list(found["config"]) == ["config", "alerts", "rules", "destinations", "unplayed"]
    assert list(found["config"]["rules"][0]) == [
        "name", "matches", "alerts", "suppressed", "busiest_hour", "tickers", "silent_s",
    ]  # fmt: skip
    assert set(found["config"]["destinations"][0]) == {
        "name", "type", "alerts", "messages", "posted", "edits", "digests", "digested", "expired", "limit_a_minute",
        "shares_with", "minutes_over_limit", "busiest_minute", "longest_wait_s", "longest_wait_at", "minutes",
    }  # fmt: skip
    assert list(found["config"]["destinations"][0]["minutes"][0]) == ["at", "alerts", "digested", "is_over_limit"]
    assert list(found["difference"]) == ["other", "added", "removed", "changed"]
    assert found["difference"]["changed"][0] == {
        "change": "removed", "at": "2026-07-16T16:00:00Z", "contract": "NVDA 145C 8/7 (22d)", "premium": 2_400_000.0,
        "score": 1.0, "destinations": ["hook"], "rules": ['<script>alert("x")</script> & [bold]co'],
    }  # fmt: skip
    assert len(found["difference"]["changed"]) == 5


def test_the_page_is_well_formed_whole_and_runs_no_script(report: Report) -> None:
    """XML is stricter than HTML: what an XML parser reads, every browser does."""
    text = page(report)
    root = ET.fromstring(text.removeprefix("<!DOCTYPE html>"))  # noqa: S314 - we wrote it
    tags = {element.tag for element in root.iter()}
    assert "script" not in tags
    assert not tags & {"link", "img", "iframe"}
    assert not [
        name for element in root.iter() for name in element.attrib if name in ("src", "href") or name[:2] == "on"
    ]
    assert "url(" not in text
    words = " ".join(root.itertext())
    assert '<script>alert("x")</script> & [bold]co' in words
    assert "<b>.yaml instead of config.yaml: −5 alerts, +0" in words
    assert "prefers-color-scheme: dark" in text


def test_the_timeline_has_a_bar_a_minute_the_limit_and_what_was_digested(report: Report) -> None:
    root = ET.fromstring(page(report).removeprefix("<!DOCTYPE html>"))  # noqa: S314 - we wrote it
    charts = [element for element in root.iter("svg") if element.get("role") == "img"]
    assert len(charts) == 2, "hook, for each of the two rule sets; nothing went to hall"
    first = charts[0]
    assert first.get("aria-label") == ("Alerts a minute to hook on Thursday 2026-07-16, New York time: at most 310.")
    (group,) = first.iter("g")
    assert (group.findtext("title") or "").endswith("[bold]co 310; 250 digested; over the limit")
    classes = [(element.get("class") or "").split()[-1] for element in group.iter("rect")]
    assert classes == ["c0", "digested"]
    assert [element.text for element in first.iter("text") if element.get("class") == "limit-name"] == [
        "limit: 300 a minute"
    ]


def test_rules_beyond_the_colours_stand_together(tmp_path: Path) -> None:
    """Nine rules of one alert each: seven have a colour of their own, two share the last."""
    rules = [(a_route(f"r{n}", send_to=("hook",)), lambda found, n=n: found.size == n) for n in range(1, 10)]
    report = play(tape(tmp_path, [(0, f"NVDA {n}") for n in range(1, 10)]), rule_set(*rules))
    text = page(report)
    assert "2 other rules" in text
    root = ET.fromstring(text.removeprefix("<!DOCTYPE html>"))  # noqa: S314 - we wrote it
    (group,) = root.iter("g")
    assert [(element.get("class") or "") for element in group.iter("rect")] == [
        *(f"bar c{n}" for n in range(7)), "bar c7", "bar c7",
    ]  # fmt: skip


def test_a_tape_of_two_days_has_a_timeline_for_each(tmp_path: Path) -> None:
    path = tape(tmp_path, [(0, "NVDA 5"), (86_400, "NVDA 6")])
    report = play(path, rule_set((WHALES, larger_than(0))))
    root = ET.fromstring(page(report).removeprefix("<!DOCTYPE html>"))  # noqa: S314 - we wrote it
    assert len([element for element in root.iter("svg") if element.get("role") == "img"]) == 2
    assert "Thu 16 Jul 2026, 12:00 to Fri 17 Jul 2026, 12:00 New York" in shown(report)
    assert "1 at 7/16 12:00" in shown(report)
