"""The card says what every platform shows, and nothing that the print does not know."""

import pytest
from pydantic import TypeAdapter, ValidationError

from bot.model.alerts import Repeats
from bot.render.card import Link, card
from bot.render.look import Bands, LinkTemplates, Look
from tests.render.samples import NOW_NS, NVDA, SIX_MORE, SPARSE, altered, delivery


def test_a_full_print() -> None:
    """Everything the contract with the outside lists, in the traders' order."""
    shown = card(delivery(rules=("extreme-sweeps", "whales")), Look(footer_note="not advice"), NOW_NS)
    assert shown.title == "NVDA 145C 7/17 (21d) · $2.4M"
    assert shown.tags == ("🏆 GOLDEN SWEEP", "⚡ SWEEP @ASK", "🐂 BULL", "94 EXTREME")
    assert shown.lines == (
        "1,200 @ $20.00 · vol 5,000 · OI 406",
        "vol/OI 12.3× · spot $140.00 · 3.6% OTM · IV 45%",
        "Information Technology · 10:31:05 ET",
        "Rules: extreme-sweeps, whales",
    )
    assert shown.footer == "a1b2c3d4 · 42 ms · radarpulse · not advice"
    assert shown.colour == 0x2ECC71


def test_a_sparse_print_shows_no_zero_and_no_none() -> None:
    """Ticker, side and premium are all that OptionWhales documents."""
    shown = card(delivery(SPARSE), Look(), NOW_NS)
    assert shown.title == "AAPL · $950K"
    assert shown.tags == ("@ASK",)
    assert shown.lines == ("received 10:31:05 ET", "Rule: extreme-sweeps")
    assert shown.footer == "a1b2c3d4 · 42 ms · optionwhales"
    assert shown.headline == "AAPL · $950K · @ASK"


def test_the_barest_print() -> None:
    """Even a print of a ticker alone has a card."""
    shown = card(delivery(altered(SPARSE, side=None, premium=None), rules=()), Look(), NOW_NS)
    assert (shown.title, shown.tags, shown.lines) == ("AAPL", (), ("received 10:31:05 ET",))


def test_a_test_is_marked_loudly() -> None:
    """In the title, in the text and in the footer."""
    shown = card(delivery(is_test=True), Look(), NOW_NS)
    assert shown.title == "🧪 TEST · NVDA 145C 7/17 (21d) · $2.4M"
    assert shown.lines[0] == "This is a test: nobody traded this."
    assert shown.footer.startswith("TEST · ")


@pytest.mark.parametrize(
    ("size", "price", "line"),
    [(1, None, "1 contract"), (1200, None, "1,200 contracts"), (None, 0.07, "at $0.07"), (5, 20.0, "5 @ $20.00")],
)
def test_size_and_price_where_known(size: int | None, price: float | None, line: str) -> None:
    """Either may be missing."""
    found = altered(SPARSE, size=size, price=price)
    assert card(delivery(found), Look(), NOW_NS).lines[0] == line


def test_repeats_come_first_and_leave_the_first_print_readable() -> None:
    """The title is the first print's, contract and premium; the notification's line carries both."""
    shown = card(delivery(repeats=SIX_MORE), Look(), NOW_NS)
    assert shown.title == "NVDA 145C 7/17 (21d) · $2.4M"
    assert shown.tags == ("🔁 ×7 · $3.1M in 2m", "🏆 GOLDEN SWEEP", "⚡ SWEEP @ASK", "🐂 BULL", "94 EXTREME")
    assert shown.headline.startswith("NVDA 145C 7/17 (21d) · $2.4M · 🔁 ×7 · $3.1M in 2m · ")


def test_a_trade_that_was_taken_back() -> None:
    """Said first, in grey, in the notification too; all its facts hold no more."""
    shown = card(delivery(is_cancelled=True), Look(), NOW_NS)
    whole = card(delivery(), Look(), NOW_NS)
    assert shown.title == "NVDA 145C 7/17 (21d) · $2.4M"
    assert shown.tags == ("❌ CANCELLED", "🏆 GOLDEN SWEEP", "⚡ SWEEP @ASK", "🐂 BULL", "94 EXTREME")
    assert shown.headline.startswith("NVDA 145C 7/17 (21d) · $2.4M · ❌ CANCELLED · ")
    assert shown.lines == ("The exchange cancelled this trade.", *whole.lines)
    assert (shown.struck, whole.struck) == (4, 0)
    assert (shown.colour, shown.footer) == (0x95A5A6, whole.footer)


@pytest.mark.parametrize(("count", "words"), [(1, "1 repeat"), (1200, "1,200 repeats")])
def test_only_the_first_of_several_trades_was_taken_back(count: int, words: str) -> None:
    """The others are trades of their own, and hold."""
    shown = card(delivery(is_cancelled=True, repeats=Repeats(count, 0.0, NOW_NS)), Look(), NOW_NS)
    assert shown.tags[:2] == ("❌ CANCELLED", f"🔁 ×{count + 1:,} · $2.4M in 0s")
    assert shown.lines[0] == f"The exchange cancelled the first of these trades, not its {words}."


def test_a_local_score_says_so() -> None:
    """The provider sent none."""
    assert "94 EXTREME (local)" in card(delivery(altered(NVDA, score_is_local=True)), Look(), NOW_NS).tags


def test_notes_are_shown_and_bounded() -> None:
    """Oddities a reader should know."""
    shown = card(delivery(altered(NVDA, notes=("expiry is a Saturday",))), Look(), NOW_NS)
    assert shown.lines[-1] == "⚠ expiry is a Saturday"
    many = card(delivery(altered(NVDA, notes=tuple(f"note {n}" for n in range(9)))), Look(), NOW_NS)
    assert many.lines[-2:] == ("⚠ note 4", "⚠ and 4 more notes")


def test_many_rules_are_counted() -> None:
    """400 characters of names, then how many more there are."""
    names = tuple(f"rule-{n:034d}" for n in range(100))
    line = card(delivery(rules=names), Look(), NOW_NS).lines[-1]
    assert names[8] in line
    assert line.endswith(" and 91 more")


def test_links_are_filled_in_percent_encoded() -> None:
    """A link whose fact is missing is left out."""
    look = Look(links=(("chart", "https://c.example/{ticker}?x=1"), ("chain", "https://o.example/{contract}")))
    assert (
        card(delivery(altered(NVDA, ticker="BRK/B?&")), look, NOW_NS).links[0].url
        == "https://c.example/BRK%2FB%3F%26?x=1"
    )
    assert card(delivery(), look, NOW_NS).links[1] == Link("chain", "https://o.example/NVDA260717C00145000")
    assert [link.label for link in card(delivery(SPARSE), look, NOW_NS).links] == ["chart"]


@pytest.mark.parametrize(
    "template", ["ftp://x/{ticker}", "https://x/{sector}", "https://x/{ticker!r}", "https://x/ {ticker}", "https://x/)"]
)
def test_a_bad_link_template_is_refused(template: str) -> None:
    """While the configuration is read, not while an alert is sent."""
    with pytest.raises(ValidationError):
        TypeAdapter(LinkTemplates).validate_python({"chart": template})


def test_bands_must_not_rise() -> None:
    """A mistake in the order is an error that names all three."""
    with pytest.raises(ValidationError, match="extreme 50, elevated 70, notable 55"):
        Bands(extreme=50)
