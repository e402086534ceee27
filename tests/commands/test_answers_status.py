"""How the service does, told in a few lines."""

from dataclasses import replace
from datetime import timedelta

from bot.commands.core import Core, DestinationReport, ProviderReport, StatusReport
from bot.commands.requests import Status
from bot.engine.today import DayCounts
from bot.model.answers import Answer
from bot.model.feeds import Gap
from bot.model.ports import ProviderStatus
from bot.model.steering import Mute, MuteKind
from tests.commands.prints import ANN, NOW, core, lines_of, ns

FINE = StatusReport(
    started_ns=ns(NOW - timedelta(hours=2)),
    providers=(
        ProviderReport("radarpulse", ProviderStatus(is_connected=True, last_frame_ns=ns(NOW - timedelta(seconds=2)))),
    ),
    destinations=(DestinationReport("desk", waiting=1204),),
    counts_today={"prints": 12431, "alerts": 40},
    last_alert_ns=ns(NOW - timedelta(minutes=1)),
)


async def status(asked: Core) -> Answer:
    return await asked.answer(Status(), ANN)


def mute(kind: MuteKind, name: str, minutes: float | None = 60, reason: str = "") -> Mute:
    until = None if minutes is None else ns(NOW + timedelta(minutes=minutes))
    return Mute(kind, name, until, "discord:1", reason, ns(NOW))


async def test_good_and_bad_are_told_apart() -> None:
    """Each feed, each destination, today's counts; one bad feed or parked destination is trouble."""
    well = await status(core(status=FINE))
    assert well.is_private
    assert well.title == "All is well · up 2 h"
    assert [part.lines for part in well.parts] == [
        ("radarpulse: 🟢 connected · last frame 2 s ago",),
        ("desk: 🟢 open · 1,204 waiting",),
        ("prints: 12,431", "alerts: 40", "last alert: 1 min ago"),
    ]
    down = replace(FINE, providers=(ProviderReport("radarpulse", ProviderStatus(last_error="refused:\nkey")),))
    parked = replace(FINE, destinations=(DestinationReport("desk", parked="channel_not_found"),))
    for report, line in (
        (down, "radarpulse: 🔴 not connected · last frame never · refused: key"),
        (parked, "desk: 🔴 parked: channel_not_found · 0 waiting"),
    ):
        bad = await status(core(status=report))
        assert bad.tone == "trouble"
        assert bad.title.startswith("Something needs a look")
        assert line in lines_of(bad)


async def test_how_a_feed_is_heard_and_what_it_missed() -> None:
    """A polled feed says so, with what its key has left; gaps with what became of them, and when the last was."""
    gap = Gap("whales", ns(NOW - timedelta(minutes=5)), ns(NOW - timedelta(minutes=4)), recovered=31)
    polled = ProviderStatus(
        is_connected=True, last_frame_ns=ns(NOW), mode="poll", is_delayed=True, budget="150 of 200 left today",
        gaps={"recovered": 1, "lost": 1}, recovered=31, last_gap=gap,
    )  # fmt: skip
    answer = await status(core(status=StatusReport(ns(NOW), (ProviderReport("whales", polled),))))
    (line,) = answer.parts[0].lines
    assert line == (
        "whales: 🟢 connected · polled · delayed · last frame 0 ms ago · 2 gaps (1 not recovered), 31 prints recovered,"
        " the last 10:31:05–10:32:05 ET · 150 of 200 left today"
    )


async def test_who_watches_is_nobodys_business() -> None:
    """People's own destinations are one line together, and one of them that is parked is no trouble of all."""
    people = (DestinationReport("dm:discord:5", waiting=2), DestinationReport("dm:slack:U1", 1, "blocked"))
    answer = await status(core(status=replace(FINE, destinations=(*FINE.destinations, *people))))
    assert answer.parts[1].lines == ("desk: 🟢 open · 1,204 waiting", "direct messages: 3 waiting")
    assert answer.title.startswith("All is well")


async def test_todays_deliveries() -> None:
    """What became of them, and what was kept quiet, the most frequent reason first; what did not happen is not told."""
    today = DayCounts(ns(NOW), {}, {}, {"mute": 3, "cooldown": 14, "twin": 0}, posted=1200, digested=30, dead=1)
    answer = await status(core(status=FINE, today=lambda: today))
    assert answer.parts[-1].lines == (
        "prints: 12,431",
        "alerts: 40",
        "deliveries: 1,200 posted · 30 in digests · 1 not delivered",
        "kept quiet: 14 in a cooldown · 3 muted",
        "last alert: 1 min ago",
    )


async def test_what_is_kept_quiet() -> None:
    """A pause in full, mutes and snoozes by number; what has ended is not counted, nor who is closed to us."""
    mutes = [
        mute("pause", "", reason="maintenance"),
        mute("ticker", "NVDA"),
        mute("ticker", "AMD"),
        mute("ticker", "SPY", minutes=-1),
        mute("rule", "whales", minutes=None),
        mute("person", "discord:5"),
        mute("closed", "discord:6", minutes=None),
    ]
    answer = await status(core(status=FINE, muted=lambda: mutes))
    assert answer.parts[2].heading == "Kept quiet"
    assert answer.parts[2].lines == (
        "⏸ paused until 11:36:05 ET (maintenance): alerts wait",
        "🔇 muted: 1 rule, 2 tickers",
        "💤 snoozing: 1 person",
    )
