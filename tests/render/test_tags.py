"""The tags that depend on when an alert is shown, and on what came after it."""

from datetime import timedelta
from typing import Any

import pytest

from bot.model.alerts import Repeats
from bot.render.look import Look
from bot.render.tags import tags_of
from tests.render.samples import NOW_NS, NVDA, RECEIVED_NS, SECOND, SPARSE, TRADED, alert, altered

LATE = TRADED - timedelta(seconds=44, milliseconds=958)
"""45 seconds before `NOW_NS`."""


@pytest.mark.parametrize(
    ("changes", "late_after_s", "shown"),
    [
        ({}, 30, None),
        ({"time": LATE}, 30, "⏰ LATE 45s"),
        ({"time": LATE}, None, None),
        ({"time": TRADED - timedelta(seconds=192)}, 30, "⏰ LATE 3m12s"),
        ({"time": None}, 0, None),
        ({"time": LATE, "is_recovered": True}, 60, "⏰ LATE 45s"),
        ({"time": LATE, "is_recovered": True}, None, "⏰ LATE 45s"),
        ({"time": None, "is_recovered": True}, 30, "⏰ LATE"),
        ({"time": LATE, "is_delayed": True}, 30, "🕒 DELAYED FEED"),
        ({"is_delayed": True}, None, "🕒 DELAYED FEED"),
        ({"time": None, "is_delayed": True, "is_recovered": True}, 30, "🕒 DELAYED FEED"),
    ],
)
def test_late_and_delayed(changes: dict[str, Any], late_after_s: float | None, shown: str | None) -> None:
    """From the print's own time; recovered is always late; a delayed feed says that once, and instead."""
    tags = tags_of(alert(altered(NVDA, **changes)), Look(late_after_s=late_after_s), NOW_NS)
    expected = () if shown is None else (shown,)
    assert tags == ("🏆 GOLDEN SWEEP", "⚡ SWEEP @ASK", "🐂 BULL", "94 EXTREME", *expected)


@pytest.mark.parametrize(
    ("premium", "repeats", "shown"),
    [
        (2_400_000.0, Repeats(6, 700_000.0, RECEIVED_NS + 121 * SECOND), "🔁 ×7 · $3.1M in 2m"),
        (2_400_000.0, Repeats(1, 0.0, RECEIVED_NS + 40 * SECOND), "🔁 ×2 · $2.4M in 40s"),
        (None, Repeats(1, 950_000.0, RECEIVED_NS + 3900 * SECOND), "🔁 ×2 · $950K in 1h 5m"),
        (None, Repeats(1199, 0.0, RECEIVED_NS + 40 * SECOND), "🔁 ×1,200 in 40s"),
        (None, Repeats(1, 0.0, RECEIVED_NS - SECOND), "🔁 ×2 in 0s"),
    ],
)
def test_repeats_in_absolute_terms(premium: float | None, repeats: Repeats, shown: str) -> None:
    """All prints together, the first included; no sum where no print had a premium."""
    assert tags_of(alert(altered(SPARSE, premium=premium, side=None)), Look(), NOW_NS, repeats) == (shown,)


def test_brief() -> None:
    """As a line of a digest has them."""
    shown = tags_of(alert(), Look(), NOW_NS, Repeats(6, 700_000.0, RECEIVED_NS + 121 * SECOND), is_brief=True)
    assert shown == ("🔁 ×7 · $3.1M in 2m", "⚡ SWEEP @ASK", "🐂", "94 EXTREME")


@pytest.mark.parametrize(
    ("changes", "shown", "brief"),
    [
        ({"multi_leg": True, "bias": "neutral"}, ("🧩 MULTI-LEG", "⚪ NEUTRAL"), ("🧩", "⚪")),
        ({"opening": True}, ("🐂 BULL", "🆕 OPENING"), ("🐂", "🆕")),
        ({"multi_leg": True, "bias": None, "opening": True}, ("🧩 MULTI-LEG", "🆕 OPENING"), ("🧩", "🆕")),
        ({"multi_leg": False, "opening": False}, ("🐂 BULL",), ("🐂",)),
    ],
)
def test_legs_and_openings(changes: dict[str, Any], shown: tuple[str, ...], brief: tuple[str, ...]) -> None:
    """A leg is told before the bias that it takes back; what is not proved is not told."""
    found = alert(altered(NVDA, kind="block", **changes))
    assert tags_of(found, Look(), NOW_NS) == ("🧱 BLOCK @ASK", *shown, "94 EXTREME")
    assert tags_of(found, Look(), NOW_NS, is_brief=True) == ("🧱 BLOCK @ASK", *brief, "94 EXTREME")


def test_cancelled_goes_before_everything() -> None:
    """Whatever else there is to say is said of a trade that does not count."""
    shown = tags_of(alert(), Look(), NOW_NS, Repeats(1, 0.0, RECEIVED_NS), is_cancelled=True, is_brief=True)
    assert shown == ("❌ CANCELLED", "🔁 ×2 · $2.4M in 0s", "⚡ SWEEP @ASK", "🐂", "94 EXTREME")
