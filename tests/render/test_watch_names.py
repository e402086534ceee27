"""A watch has a number, and no name that its owner would know."""

import pytest

from bot.model.memory import Evidence
from bot.render.card import card
from bot.render.look import Look
from tests.samples import NOON_NS, a_delivery, an_alert


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        (("watch:17",), "Watch: 17"),
        (("watch:17", "watch:19"), "Watches: 17, 19"),
        (("whales", "watch:17"), "Rules: whales, watch 17"),
        (("watchers",), "Rule: watchers"),
        (("whales", "sweeps"), "Rules: whales, sweeps"),
    ],
)
def test_watches_are_shown_by_their_numbers(rules: tuple[str, ...], line: str) -> None:
    assert line in card(a_delivery(rules=rules), Look(), NOON_NS).lines


def test_what_a_watch_saw_is_shown_under_its_number() -> None:
    seen = Evidence(text="count at least 3 within 10m", count=3, premium_usd=3e6, span_s=60.0)
    (hit,) = an_alert().hits
    hits = tuple(type(hit)(rule, (), seen) for rule in ("whales", "watch:17"))
    delivery = a_delivery(alert=an_alert(hits=hits), rules=("whales", "watch:17"))
    shown = card(delivery, Look(), NOON_NS).lines
    assert [line.split(":")[0] for line in shown if "$3M" in line] == ["whales", "watch 17"]
