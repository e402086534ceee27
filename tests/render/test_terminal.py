"""Cards on a terminal: narrow, and in colour only where asked."""

from bot.render.card import card
from bot.render.look import Look
from bot.render.terminal import render
from tests.render.samples import HOSTILE_TEXT, NOW_NS, NVDA, altered, delivery


def test_plain() -> None:
    """The same words as everywhere."""
    look = Look(links=(("chart", "https://c.example/{ticker}"),))
    assert render(card(delivery(), look, NOW_NS)).splitlines() == [
        "NVDA 145C 7/17 (21d) · $2.4M",
        "  🏆 GOLDEN SWEEP · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME",
        "  1,200 @ $20.00 · vol 5,000 · OI 406",
        "  vol/OI 12.3× · spot $140.00 · 3.6% OTM · IV 45%",
        "  Information Technology · 10:31:05 ET",
        "  Rule: extreme-sweeps",
        "  a1b2c3d4 · 42 ms · radarpulse",
        "  chart: https://c.example/NVDA",
    ]


def test_colour_is_added_and_nothing_else() -> None:
    """Take the escapes away and the plain card is left."""
    shown = card(delivery(), Look(), NOW_NS)
    coloured = render(shown, is_coloured=True)
    assert coloured.startswith("\x1b[1;32mNVDA")
    for code in ("\x1b[1;32m", "\x1b[1m", "\x1b[2m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    assert coloured == render(shown)


def test_a_narrow_terminal() -> None:
    """Lines wrap with a hanging indent."""
    assert all(len(line) <= 30 for line in render(card(delivery(), Look(), NOW_NS), width=30).splitlines())


def test_upstream_text_holds_no_escape() -> None:
    """A feed must not steer the terminal."""
    found = altered(NVDA, ticker=HOSTILE_TEXT, sector=HOSTILE_TEXT, notes=(HOSTILE_TEXT,), provider=HOSTILE_TEXT)
    assert "\x1b" not in render(card(delivery(found), Look(), NOW_NS))
