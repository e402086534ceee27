"""The names of forum posts."""

import msgspec
import pytest

from bot.destinations.discord_thread import name
from bot.model.alerts import Notice
from bot.render.look import Look
from tests.render.samples import HOSTILE_TEXT, NOW_NS, NVDA, RECEIVED_NS, altered, batch, delivery

TITLE = "NVDA 145C 7/17 (21d) · $2.4M"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Whales", "Whales"),
        ("{title}", TITLE),
        ("{date}: {title}", f"2026-06-26: {TITLE}"),
        ("{what} {}", "{what} {}"),
        ("x" * 100, "x" * 100),
        (" ", "flowbot"),
    ],
)
def test_templates(template: str, expected: str) -> None:
    """Two words are filled in; whatever else stands in braces stays."""
    assert name(template, batch(), Look(), NOW_NS) == expected


def test_it_is_cut_to_what_discord_takes() -> None:
    """100 characters, on one line, whatever upstream sent; a title with braces is not filled in again."""
    found = name("{title} {title} {title} {title}", batch(delivery(altered(NVDA, ticker=HOSTILE_TEXT))), Look(), NOW_NS)
    assert len(found) == 100
    assert "\n" not in found
    assert "{date}" in name("{title}", batch(delivery(altered(NVDA, ticker="{date}"))), Look(), NOW_NS)


def test_the_date_is_new_york_s() -> None:
    """At 03:59 UTC it is still the day before there."""
    four_utc = RECEIVED_NS + 13 * 3600 * 10**9 + 28 * 60 * 10**9
    assert name("{date}", batch(), Look(), four_utc) == "2026-06-26"


def test_a_message_without_alerts() -> None:
    """A notice has a title too."""
    notice = msgspec.structs.replace(batch(), deliveries=(), notice=Notice("Parked: room"))
    assert name("{title}", notice, Look(), NOW_NS) == "⚠️ Parked: room"
