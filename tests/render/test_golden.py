"""One repeat, one cancelled trade, one digest and one notice as they stand on all three platforms, written by hand."""

from typing import Any

from bot.render import discord, slack, terminal
from bot.render.cards import cards_of
from bot.render.look import Look
from tests.render.samples import RECEIVED_NS, SECOND, SIX_MORE, batch, delivery, digest, notice

LOOK = Look(footer_note="not advice", late_after_s=30)
NOW_NS = RECEIVED_NS + 192 * SECOND
"""3 min 12 s after the print."""


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": True}


def _slack(notification: str, title: str, colour: str, text: str, footer: str) -> dict[str, Any]:
    section = {"type": "section", "text": _plain(text)}
    context = {"type": "context", "elements": [_plain(footer)]}
    return {
        "text": notification,
        "blocks": [{"type": "header", "text": _plain(title)}],
        "attachments": [{"color": colour, "blocks": [section, context]}],
    }


def _discord(title: str, colour: int, description: str, footer: str) -> dict[str, Any]:
    embed = {"title": title, "color": colour, "description": description, "footer": {"text": footer}}
    return {"embeds": [embed], "allowed_mentions": {"parse": [], "roles": []}}


def test_a_repeat() -> None:
    """Seven prints in two minutes, shown in the first one's message."""
    shown = batch(delivery(repeats=SIX_MORE))
    title = "NVDA 145C 7/17 (21d) · $2.4M"
    tags = "🔁 ×7 · $3.1M in 2m · 🏆 GOLDEN SWEEP · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME · ⏰ LATE 3m12s"
    lines = (
        "1,200 @ $20.00 · vol 5,000 · OI 406\n"
        "vol/OI 12.3× · spot $140.00 · 3.6% OTM · IV 45%\n"
        "Information Technology · 10:31:05 ET\n"
        "Rule: extreme-sweeps"
    )
    footer = "a1b2c3d4 · 3 min 12 s · radarpulse · not advice"
    assert discord.message(shown, LOOK, NOW_NS) == _discord(title, 0x2ECC71, f"**{tags}**\n{lines}", footer)
    assert slack.message(shown, LOOK, NOW_NS) == _slack(
        f"{title} · {tags}", title, "#2ecc71", f"{tags}\n{lines}", footer
    )
    assert terminal.render(cards_of(shown, LOOK, NOW_NS)[0]).splitlines() == [
        "NVDA 145C 7/17 (21d) · $2.4M",
        "  🔁 ×7 · $3.1M in 2m · 🏆 GOLDEN SWEEP · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME · ⏰",
        "    LATE 3m12s",
        "  1,200 @ $20.00 · vol 5,000 · OI 406",
        "  vol/OI 12.3× · spot $140.00 · 3.6% OTM · IV 45%",
        "  Information Technology · 10:31:05 ET",
        "  Rule: extreme-sweeps",
        "  a1b2c3d4 · 3 min 12 s · radarpulse · not advice",
    ]


def test_a_cancelled_trade() -> None:
    """Struck through where Discord renders it; elsewhere the words say it. It wakes nobody."""
    shown = batch(delivery(is_cancelled=True, mentions=("12", "S0WHALES")))
    title = "NVDA 145C 7/17 (21d) · $2.4M"
    tags = "❌ CANCELLED · 🏆 GOLDEN SWEEP · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME · ⏰ LATE 3m12s"
    footer = "a1b2c3d4 · 3 min 12 s · radarpulse · not advice"
    assert discord.message(shown, LOOK, NOW_NS) == _discord(
        title,
        0x95A5A6,
        f"**{tags}**\n"
        "The exchange cancelled this trade.\n"
        "~~1,200 @ $20.00 · vol 5,000 · OI 406~~\n"
        "~~vol/OI 12.3× · spot $140.00 · 3.6% OTM · IV 45%~~\n"
        "~~Information Technology · 10:31:05 ET~~\n"
        "~~Rule: extreme-sweeps~~",
        footer,
    )
    lines = (
        "The exchange cancelled this trade.\n"
        "1,200 @ $20.00 · vol 5,000 · OI 406\n"
        "vol/OI 12.3× · spot $140.00 · 3.6% OTM · IV 45%\n"
        "Information Technology · 10:31:05 ET\n"
        "Rule: extreme-sweeps"
    )
    assert slack.message(shown, LOOK, NOW_NS) == _slack(
        f"{title} · {tags}", title, "#95a5a6", f"{tags}\n{lines}", footer
    )
    assert terminal.render(cards_of(shown, LOOK, NOW_NS)[0]).splitlines() == [
        "NVDA 145C 7/17 (21d) · $2.4M",
        "  ❌ CANCELLED · 🏆 GOLDEN SWEEP · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME · ⏰ LATE",
        "    3m12s",
        "  The exchange cancelled this trade.",
        "  1,200 @ $20.00 · vol 5,000 · OI 406",
        "  vol/OI 12.3× · spot $140.00 · 3.6% OTM · IV 45%",
        "  Information Technology · 10:31:05 ET",
        "  Rule: extreme-sweeps",
        "  a1b2c3d4 · 3 min 12 s · radarpulse · not advice",
    ]


def test_a_digest() -> None:
    """Four minutes of an opening bell."""
    title = "📋 Digest · 1,234 alerts · $310M"
    tags = "🐂 $210M (800) · 🐻 $90M (400) · ⚪ $10M (34)"
    lines = (
        "Top tickers:\n"
        "NVDA $50M (120) 🐂 $40M 🐻 $10M\n"
        "SPX $4.5M (2)\n"
        "and 34 more tickers\n"
        "Best alerts:\n"
        "NVDA 145C 7/17 (21d) · $2.4M · ⚡ SWEEP @ASK · 🐂 · 94 EXTREME · ⏰ LATE 3m12s · a1b2c3d4\n"
        "AAPL · $950K · @ASK · b1b2c3d4\n"
        "and 1,232 more\n"
        "Why: 1,200 waited too long · 34 behind the backlog\n"
        "received 09:30:01–09:34:12 ET"
    )
    footer = "d1g3st00 · not advice"
    assert discord.message(digest(), LOOK, NOW_NS) == _discord(title, 0x95A5A6, f"**{tags}**\n{lines}", footer)
    assert slack.message(digest(), LOOK, NOW_NS) == _slack(
        f"{title} · {tags}", title, "#95a5a6", f"{tags}\n{lines}", footer
    )
    assert terminal.render(cards_of(digest(), LOOK, NOW_NS)[0]).splitlines() == [
        "📋 Digest · 1,234 alerts · $310M",
        "  🐂 $210M (800) · 🐻 $90M (400) · ⚪ $10M (34)",
        "  Top tickers:",
        "  NVDA $50M (120) 🐂 $40M 🐻 $10M",
        "  SPX $4.5M (2)",
        "  and 34 more tickers",
        "  Best alerts:",
        "  NVDA 145C 7/17 (21d) · $2.4M · ⚡ SWEEP @ASK · 🐂 · 94 EXTREME · ⏰ LATE 3m12s ·",
        "    a1b2c3d4",
        "  AAPL · $950K · @ASK · b1b2c3d4",
        "  and 1,232 more",
        "  Why: 1,200 waited too long · 34 behind the backlog",
        "  received 09:30:01–09:34:12 ET",
        "  d1g3st00 · not advice",
    ]


def test_a_notice() -> None:
    """A destination was parked. What looks like markup is shown as it is."""
    title = "⚠️ desk is parked: Slack refuses it"
    waits = "3 deliveries wait. Flowbot tries again every 5 minutes."
    footer = "flowbot · n0t1ce00"
    assert discord.message(notice(), LOOK, NOW_NS) == _discord(
        title, 0xF1C40F, f"channel\\_is\\_archived\n{waits}", footer
    )
    assert slack.message(notice(), LOOK, NOW_NS) == _slack(
        title, title, "#f1c40f", f"channel_is_archived\n{waits}", footer
    )
    assert terminal.render(cards_of(notice(), LOOK, NOW_NS)[0]).splitlines() == [
        "⚠️ desk is parked: Slack refuses it",
        "  channel_is_archived",
        "  3 deliveries wait. Flowbot tries again every 5 minutes.",
        "  flowbot · n0t1ce00",
    ]
