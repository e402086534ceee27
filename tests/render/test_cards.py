"""What a batch shows: its alerts, its digest, its report or its notice."""

import re

import msgspec
import pytest

from bot.model.alerts import Batch, Digest, Flow, Notice, TickerFlow
from bot.model.answers import Answer, Part
from bot.render import discord, slack, terminal
from bot.render.card import Card, card
from bot.render.cards import cards_of
from bot.render.look import Look
from tests.fakes import discord_rest, slack_web
from tests.render.samples import (
    DIGEST,
    HOSTILE_TEXT,
    NOW_NS,
    REPORT,
    SECOND,
    SIX_MORE,
    SPARSE,
    batch,
    delivery,
    digest,
    notice,
    report,
)


def _only(shown: Batch, look: Look | None = None) -> Card:
    (found,) = cards_of(shown, look or Look(), NOW_NS)
    return found


def _digest(**changes: object) -> Card:
    return _only(digest(msgspec.structs.replace(DIGEST, **changes)))


def test_alerts_are_shown_one_by_one() -> None:
    """In the batch's order, which is the ranking."""
    one, other = delivery(), delivery(SPARSE, "b1b2c3d4")
    assert cards_of(batch(one, other), Look(), NOW_NS) == [card(one, Look(), NOW_NS), card(other, Look(), NOW_NS)]


def test_every_reason_is_named() -> None:
    """In plain words, the most usual first."""
    shown = _digest(why={"hours": 1, "budget": 2, "backlog": 3, "stale": 1200})
    assert shown.lines[-2] == (
        "Why: 1,200 waited too long · 3 behind the backlog · 2 over the hourly budget · 1 outside active hours"
    )


def test_alerts_without_premium_and_without_bias_are_counted() -> None:
    """A missing fact is left out; nobody is left out of the counts."""
    flow = Flow(3, 0.0)
    shown = _digest(
        total=flow,
        by_bias={"bull": Flow(2, 0.0)},
        tickers=(TickerFlow("F", flow, {"bull": Flow(2, 0.0)}),),
        ticker_count=1,
        top=(delivery(SPARSE),),
        why={},
    )
    assert shown.title == "📋 Digest · 3 alerts"
    assert shown.tags == ("🐂 (2)", "no bias (1)")
    assert shown.lines == (
        "Top tickers:",
        "F (3) 🐂 (2)",
        "Best alerts:",
        "AAPL · $950K · @ASK · a1b2c3d4",
        "and 2 more",
        "received 09:30:01–09:34:12 ET",
    )


def test_the_smallest_digest() -> None:
    """One alert, and nothing that is not there."""
    shown = _digest(
        total=Flow(1, 950_000.0), by_bias={}, tickers=(), ticker_count=0, top=(), last_ns=DIGEST.first_ns, why={}
    )
    assert shown.title == "📋 Digest · 1 alert · $950K"
    assert shown.lines == ("received 09:30:01 ET",)


def test_a_digest_is_bounded() -> None:
    """Ten tickers and five alerts, whatever the store gives."""
    many = tuple(TickerFlow(f"T{n}", Flow(1, 1e6), {}) for n in range(11))
    shown = _digest(tickers=many, ticker_count=12, top=(delivery(),) * 6)
    assert "T9 $1M (1)" in shown.lines
    assert "and 2 more tickers" in shown.lines
    assert sum("a1b2c3d4" in line for line in shown.lines) == 5
    assert "and 1,229 more" in shown.lines
    assert "and 1 more ticker" in _digest(tickers=many[:10], ticker_count=11).lines


def test_a_line_of_a_digest_carries_tests_and_repeats() -> None:
    """What was told while it waited is not lost."""
    shown = _digest(top=(delivery(SPARSE, is_test=True, repeats=SIX_MORE),))
    assert "🧪 TEST · AAPL · $950K · 🔁 ×7 · $1.7M in 2m · @ASK · a1b2c3d4" in shown.lines


def test_a_notice_is_bounded_and_printable() -> None:
    """It may quote what a platform said."""
    shown = _only(notice(Notice("two\nlines", tuple(f"line {n}\x1b[31m" for n in range(22)))))
    assert shown.title == "⚠️ two lines"
    assert shown.lines[0] == "line 0 [31m"
    assert len(shown.lines) == 21
    assert shown.lines[-1] == "and 2 more lines"


def test_a_notice_may_be_its_title_alone() -> None:
    """On every platform."""
    alone = notice(Notice("stopping"))
    assert terminal.render(_only(alone)) == "⚠️ stopping\n  flowbot · n0t1ce00"
    assert discord_rest.check_message(discord.message(alone, Look(), NOW_NS)) == {}
    assert slack_web.check_message(slack.message(alone, Look(), NOW_NS)) == ""


@pytest.mark.parametrize(
    ("shown", "mark"),
    [
        (batch(delivery(), delivery(SPARSE, "b1b2c3d4")), "a1b2c3d4"),
        (batch(delivery(is_test=True, repeats=SIX_MORE)), "a1b2c3d4"),
        (digest(), "d1g3st00"),
        (notice(), "n0t1ce00"),
        (report(), "4ep04t00"),
    ],
)
def test_the_mark_is_a_word_of_the_first_footer(shown: Batch, mark: str) -> None:
    """The platform's history is searched for it."""
    look = Look(footer_note="not advice")
    assert shown.mark == mark
    embeds = discord.message(shown, look, NOW_NS)["embeds"]
    footer = slack.message(shown, look, NOW_NS)["attachments"][0]["blocks"][-1]["elements"][-1]["text"]
    for text in (embeds[0]["footer"]["text"], footer):
        assert re.search(rf"(^| ){mark}( |$)", text)


def test_a_digest_a_notice_and_a_report_ping_nobody() -> None:
    """Though the digest's best alerts have mentions."""
    for shown in (digest(), notice(), report()):
        assert discord_rest.pings(discord.message(shown, Look(), NOW_NS)) == set()
        assert slack_web.pings(slack.message(shown, Look(), NOW_NS)) == set()


def test_ten_thousand_alerts_are_one_message() -> None:
    """Every ticker and every alert handed over, and still within all limits, uncut."""
    huge = Digest(
        total=Flow(10_000, 9e15),
        first_ns=NOW_NS - 86_400 * SECOND,
        last_ns=NOW_NS,
        by_bias={"bull": Flow(10_000, 9e15)},
        tickers=tuple(TickerFlow(f"T{n}", Flow(10_000, 9e15), {"bull": Flow(10_000, 9e15)}) for n in range(10_000)),
        ticker_count=10_000,
        top=(delivery(repeats=SIX_MORE),) * 10_000,
        why={"stale": 10_000, "backlog": 10_000, "budget": 10_000, "hours": 10_000},
    )
    look = Look(footer_note="n" * 200, late_after_s=0)
    body, blocks = discord.message(digest(huge), look, NOW_NS), slack.message(digest(huge), look, NOW_NS)
    assert discord_rest.check_message(body) == {}
    assert slack_web.check_message(blocks) == ""
    assert "…" not in str(body)
    assert "…" not in str(blocks)


def test_a_report_is_a_card_without_its_picture_and_buttons() -> None:
    """Headings end with a colon; the footer says where it comes from, when it was frozen, and how to find it again."""
    assert _only(report(), Look(footer_note="not advice")) == Card(
        title="Midday recap, Fri 6/26",
        tags=(),
        lines=(
            "1,234 prints · calls $210M · puts $100M",
            "🐂 BULL $200M · 🐻 BEAR $90M",
            "Top tickers:",
            "NVDA $50M (120)",
            "SPX $4.5M (2)",
        ),
        footer="this session's prints · 10:31:05 ET · 4ep04t00 · not advice",
        colour=0x2ECC71,
    )


@pytest.mark.parametrize(
    ("tone", "colour"), [("bull", 0x2ECC71), ("bear", 0xE74C3C), ("neutral", 0x95A5A6), ("trouble", 0xF1C40F)]
)
def test_the_tone_is_a_colour(tone: str, colour: int) -> None:
    """As alerts have them; trouble is amber, as notices are."""
    assert _only(report(msgspec.structs.replace(REPORT, tone=tone))).colour == colour


def test_a_report_that_was_in_doubt_for_a_day_shows_its_date() -> None:
    """It is sent as it was frozen, and "today" in it is another day."""
    (shown,) = cards_of(report(msgspec.structs.replace(REPORT, source="")), Look(), NOW_NS + 86_400 * SECOND)
    assert shown.footer == "6/26 10:31:05 ET · 4ep04t00"


def test_a_report_is_bounded_whatever_upstream_put_in_it() -> None:
    """Lines stay lines, long ones are cut, and what is left out is counted."""
    part = Part(HOSTILE_TEXT * 30, (f"{HOSTILE_TEXT} " * 100,) * 150)
    shown = _only(report(Answer(HOSTILE_TEXT * 30, (part, part), source=HOSTILE_TEXT * 30)))
    assert len(shown.lines) == 81
    assert shown.lines[-1] == "and 222 more lines"
    assert all(len(line) <= 301 and "\n" not in line for line in (shown.title, *shown.lines))
    assert discord_rest.check_message(discord.message(report(Answer("x", (part,))), Look(), NOW_NS)) == {}
    assert slack_web.check_message(slack.message(report(Answer("x", (part,))), Look(), NOW_NS)) == ""
