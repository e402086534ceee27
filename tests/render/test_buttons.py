"""What can be pressed on an alert: each button is a question in text, and follows from the batch alone."""

import msgspec
import pytest

from bot.model.alerts import Batch, Digest
from bot.model.answers import MAX_ID, Answer, Button, pressed
from bot.render.buttons import MAX_LABEL, MAX_OPTIONS, Menu, alert_controls
from tests.render.samples import DIGEST, HOSTILE_TEXT, NVDA, SPARSE, altered, batch, delivery, digest, notice

WHY = Button("Why?", "flow why a1b2c3d4")
MORE = Button("More like this", "flow ticker NVDA")
MUTE = Button("Mute NVDA 1h", "flowadmin mute ticker NVDA for 1h", is_for_admins=True)
SNOOZE = Button("Snooze 1h", "snooze 1h")


def in_person(shown: Batch) -> Batch:
    return msgspec.structs.replace(shown, destination="dm:discord:123")


@pytest.mark.parametrize(
    ("shown", "buttons"),
    [
        (batch(delivery()), (WHY, MORE, MUTE)),
        (in_person(batch(delivery())), (WHY, MORE, SNOOZE)),
        (batch(delivery(is_cancelled=True)), (WHY,)),
        (batch(delivery(is_test=True)), (MORE,)),
        (notice(), ()),
    ],
    ids=["an alert", "a personal one", "cancelled", "a test", "a notice"],
)
def test_the_buttons_of_one(shown: Batch, buttons: tuple[Button, ...]) -> None:
    """Why, more of the ticker, and quiet: for all by an admin, for oneself by anyone."""
    assert alert_controls(shown) == buttons


@pytest.mark.parametrize("ticker", ["", "A B", "NVDA for 9d", "nvda", HOSTILE_TEXT, "NVDA\n", "A" * 11, "ＮＶＤＡ"])
def test_a_ticker_that_is_no_plain_word_is_in_no_command(ticker: str) -> None:
    """A feed's text cannot write a command of its own."""
    assert alert_controls(batch(delivery(altered(NVDA, ticker=ticker)))) == (WHY,)


def test_several_alerts_have_a_menu() -> None:
    """One option an alert, by contract and premium, however often the batch names it."""
    shown = batch(delivery(), delivery(SPARSE, "b1b2c3d4"), delivery())
    assert alert_controls(shown) == Menu(
        "Why did an alert fire?",
        (
            Button("NVDA 145C 7/17 (21d) · $2.4M", "flow why a1b2c3d4"),
            Button("AAPL · $950K", "flow why b1b2c3d4"),
        ),
    )


def test_a_digest_has_the_menu_of_what_it_shows() -> None:
    """Its best alerts; the buttons where there is one; nothing where there is none."""
    menu = alert_controls(digest())
    assert isinstance(menu, Menu)
    assert [option.says for option in menu.options] == ["flow why a1b2c3d4", "flow why b1b2c3d4"]
    assert alert_controls(digest(with_top(1))) == (WHY, MORE, MUTE)
    assert alert_controls(digest(with_top(0))) == ()


def with_top(count: int) -> Digest:
    return msgspec.structs.replace(DIGEST, top=DIGEST.top[:count])


def test_a_report_has_its_own() -> None:
    """Those that the answer came with."""
    report = Answer("Top", (), buttons=(Button("Next", "flow top page=2", is_replacing=True),))
    assert alert_controls(Batch("r3p0rt00xyz", "room", (), 0, report=report)) == report.buttons


def test_very_many_alerts_fit() -> None:
    """Whatever the feed sends: no more options than a menu takes, and each of them can be pressed."""
    menu = alert_controls(
        batch(*[delivery(altered(NVDA, ticker=HOSTILE_TEXT, premium=1e300), f"alert{n:03}") for n in range(40)])
    )
    assert isinstance(menu, Menu)
    assert len(menu.options) == MAX_OPTIONS
    for option in menu.options:
        assert 0 < len(option.label) <= MAX_LABEL
        assert len(option.id) <= MAX_ID
        assert pressed(option.id) is not None
