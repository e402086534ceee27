"""Which message of a channel's history is ours."""

import json
from typing import Any

import pytest

from bot.destinations.discord_history import Older, look
from bot.destinations.http import Reply
from bot.model.outcomes import Absent, Blind, Retry, Sent
from tests.render.samples import batch

FROZEN_MS = 1_782_484_265_000
"""2026-06-26T14:31:05Z, when the samples' batch was frozen."""
OURS = "a1b2c3d4 · 42 ms · radarpulse"


def snowflake(offset_s: float) -> str:
    """A message's id, so many seconds after the batch was frozen: milliseconds since 2015, then 22 bits."""
    return str((FROZEN_MS + int(offset_s * 1000) - 1_420_070_400_000) << 22 | 5)


def row(offset_s: float = 1.0, footer: str = OURS, **more: Any) -> dict[str, Any]:
    embed = {"type": "rich", "title": "NVDA 145C 7/17", "footer": {"text": footer}}
    return {"id": snowflake(offset_s), "channel_id": "9", "embeds": [embed], **more}


def page(*rows: object) -> Reply:
    return Reply(200, {}, json.dumps(rows).encode())


def test_the_snowflake_of_the_documents() -> None:
    """Discord's own example, 175928847299117063, is of 2016-04-30 11:18:25.796 UTC."""
    assert (175928847299117063 >> 22) + 1_420_070_400_000 == 1_462_015_105_796
    assert int(snowflake(1.0)) > int(snowflake(0.0))


OURS_OR_NOT: list[tuple[str, dict[str, Any], bool]] = [
    ("its mark in a footer", row(), True),
    ("in the second embed's", row(embeds=[{"title": "x"}, {"footer": {"text": OURS}}]), True),
    ("at the end, as a digest shows it", row(footer="flowbot · a1b2c3d4"), True),
    ("the mark within a word", row(footer="xa1b2c3d4 · 42 ms"), False),
    ("another alert's mark", row(footer="a1b2c3d5 · 42 ms"), False),
    ("in the title only", row(footer="x", embeds=[{"title": "a1b2c3d4"}]), False),
    ("its nonce, which decides", row(footer="x", nonce="batch0001"), True),
    ("another's nonce", row(nonce="batch0002"), False),
    ("a nonce that is a number", row(nonce=7), False),
    ("no nonce told", row(nonce=None), True),
    ("a little older, as clocks differ", row(-59.0), True),
    ("an older message of the same alert", row(-61.0), False),
    ("a webhook's, or a command's answer", row(webhook_id="9000"), False),
    ("no embeds", row(embeds=None), False),
    ("an embed without a footer", row(embeds=[{"title": "x", "footer": None}]), False),
    ("no message at all", {"id": "x", "embeds": [{"footer": {"text": OURS}}]}, False),
]


@pytest.mark.parametrize(("why", "found", "is_ours"), OURS_OR_NOT, ids=[case[0] for case in OURS_OR_NOT])
def test_which_message_is_ours(why: str, found: dict[str, Any], *, is_ours: bool) -> None:
    """By the nonce where Discord tells it, else by the mark; never a message from before the batch."""
    sight = look(page(row(2.0, footer="other"), found), batch(), is_first=True)
    assert sight == (Sent(found["id"], "9") if is_ours else Absent()), why


def test_a_full_page_that_does_not_go_back_far_enough() -> None:
    """What is before its oldest message has to be looked at too."""
    full = [row(200.0 - index, footer="other") for index in range(100)]
    assert look(page(*full), batch(), is_first=True) == Older(snowflake(101.0))
    assert look(page(*full[:99]), batch(), is_first=True) == Absent()
    assert look(page(*full[:99], row(-61.0, footer="other")), batch(), is_first=False) == Absent()
    assert look(page(*full, row()), batch(), is_first=True) == Sent(snowflake(1.0), "9")


def test_what_is_no_message_is_left_out() -> None:
    """Whatever stands among them."""
    assert look(page(None, "x", [], row()), batch(), is_first=True) == Sent(snowflake(1.0), "9")


def test_an_empty_page() -> None:
    """Discord's answer where the bot may not read: it proves nothing. After a full page, it is the beginning."""
    blind = look(page(), batch(), is_first=True)
    assert isinstance(blind, Blind)
    assert "Read Message History" in blind.reason
    assert look(page(), batch(), is_first=False) == Absent()


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b"null", b"[{}"])
def test_a_broken_page(body: bytes) -> None:
    """It may be asked for again."""
    assert isinstance(look(Reply(200, {}, body), batch(), is_first=True), Retry)
