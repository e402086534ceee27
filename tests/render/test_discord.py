"""Discord's messages: the embed's look, the limits, and who is pinged."""

import pytest

from bot.model.alerts import Repeats
from bot.render import discord
from bot.render.discord_text import escape
from bot.render.look import Look
from tests.fakes.discord_rest import check_message, embed_size, pings
from tests.render.samples import NOW_NS, NVDA, RECEIVED_NS, SECOND, SPARSE, altered, batch, delivery


def test_one_alert() -> None:
    """An embed, and `allowed_mentions` always; no content where nobody is to be woken."""
    assert discord.message(batch(delivery()), Look(footer_note="not advice"), NOW_NS) == {
        "embeds": [
            {
                "title": "NVDA 145C 7/17 (21d) · $2.4M",
                "color": 0x2ECC71,
                "description": "**🏆 GOLDEN SWEEP · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME**\n"
                "1,200 @ $20.00 · vol 5,000 · OI 406\n"
                "vol/OI 12.3× · spot $140.00 · 3.6% OTM · IV 45%\n"
                "Information Technology · 10:31:05 ET\n"
                "Rule: extreme-sweeps",
                "footer": {"text": "a1b2c3d4 · 42 ms · radarpulse · not advice"},
            }
        ],
        "allowed_mentions": {"parse": [], "roles": []},
    }


def test_roles_are_pinged_once_each_in_the_content() -> None:
    """Digits are Discord's roles; the others are Slack's."""
    body = discord.message(
        batch(delivery(mentions=("12", "S0WHALES", "U1")), delivery(mentions=("34", "12", "everyone", "１２"))),
        Look(),
        NOW_NS,
    )
    assert body["content"] == "<@&12> <@&34>"
    assert body["allowed_mentions"] == {"parse": [], "roles": ["12", "34"]}
    assert pings(body) == {"role:12", "role:34"}


def test_a_thousand_roles_still_fit() -> None:
    """The content has 2000 characters and `allowed_mentions` 100 roles."""
    body = discord.message(batch(delivery(mentions=tuple(str(10**19 + n) for n in range(1000)))), Look(), NOW_NS)
    assert check_message(body) == {}


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("*b* _i_ ~s~ `c` ||x||", r"\*b\* \_i\_ \~s\~ \`c\` \|\|x\|\|"),
        ("back\\slash", "back\\\\slash"),
        ("[bank](https://evil.example)", "\\[bank\\](https:\u200b//evil.example)"),
        ("@everyone @here @ASK", "@\u200beveryone @\u200bhere @ASK"),
        (
            "<@1> <@&2> <#3> <:e:4> </c:5> <t:6>",
            "<\u200b@1> <\u200b@&2> <\u200b#3> <\u200b:e:4> <\u200b/c:5> <\u200bt:6>",
        ),
        ("extreme-sweeps > 5", "extreme-sweeps > 5"),
        ("# big", "\\# big"),
        ("> quote\n- item\n1. item", "\\> quote\n\\- item\n1\\. item"),
    ],
)
def test_escape(text: str, escaped: str) -> None:
    """What upstream wrote is shown as it is."""
    assert escape(text) == escaped


def test_the_first_link_is_the_titles_and_an_address_links_one_title_only() -> None:
    """Discord would merge embeds that share a url."""
    look = Look(links=(("chart", "https://c.example/{ticker}"), ("news", "https://n.example/{ticker}")))
    first, second = discord.message(batch(delivery(), delivery(id="b1b2c3d4")), look, NOW_NS)["embeds"]
    assert first["url"] == "https://c.example/NVDA"
    assert first["description"].endswith("\n[news](https://n.example/NVDA)")
    assert "url" not in second
    assert second["description"].endswith("\n[chart](https://c.example/NVDA) · [news](https://n.example/NVDA)")


def test_a_cancelled_trade_wakes_nobody_and_the_others_do() -> None:
    """In one message: what was taken back has no ping, in the content and in what is allowed."""
    gone = delivery(mentions=("12", "34"), is_cancelled=True)
    body = discord.message(batch(gone, delivery(id="b1b2c3d4", mentions=("34",))), Look(), NOW_NS)
    assert pings(body) == {"role:34"}
    assert "content" not in discord.message(batch(gone), Look(), NOW_NS)


def test_a_struck_line_shows_upstreams_text_as_it_is() -> None:
    """Nothing in it ends the strike-through before its end."""
    found = altered(SPARSE, side=None, sector="~~back\\")
    embed = discord.message(batch(delivery(found, rules=(), is_cancelled=True)), Look(), NOW_NS)["embeds"][0]
    assert embed["description"].splitlines() == [
        "**❌ CANCELLED**",
        "The exchange cancelled this trade.",
        "~~\\~\\~back\\\\ · received 10:31:05 ET~~",
    ]


def test_a_message_carries_ten() -> None:
    """Ten embeds are Discord's limit, and ten usual alerts fit."""
    assert discord.fit([delivery()] * 11, Look(footer_note="not advice")) == 10
    assert discord.fit([delivery(SPARSE)] * 3, Look()) == 3
    assert discord.fit([], Look()) == 0


def test_what_fits_is_not_cut() -> None:
    """Long alerts go together only while they are whole, though the first is longer than its share."""
    long = delivery(altered(NVDA, notes=("x" * 190,) * 5), rules=tuple(f"rule-{n:030d}" for n in range(10)))
    waiting = [long, *[delivery()] * 9]
    count = discord.fit(waiting, Look(footer_note="n" * 200))
    assert 2 <= count < 10
    body = discord.message(batch(*waiting[:count]), Look(footer_note="n" * 200), NOW_NS)
    assert check_message(body) == {}
    assert "…" not in str(body)
    assert sum(map(embed_size, body["embeds"])) <= 6000


@pytest.mark.parametrize("chars", range(20, 200, 8))
def test_what_an_edit_adds_is_not_cut(chars: int) -> None:
    """`fit` keeps room for repeats, for a trade that is taken back, and for being shown late and the next year."""
    long = delivery(altered(NVDA, notes=("x" * chars,) * 3))
    count = discord.fit([long] * 10, Look(late_after_s=30))
    repeats = Repeats(1233, 121_000_000.0, RECEIVED_NS + 86_340 * SECOND)
    later = [delivery(long.alert.print, repeats=repeats, is_cancelled=True)] * count
    body = discord.message(batch(*later), Look(late_after_s=30), RECEIVED_NS + 300 * 86_400 * SECOND)
    assert check_message(body) == {}
    assert "🔁 ×1,234 · $123.4M in 23h 59m · " in str(body)
    assert "…" not in str(body)


def test_repeats_that_are_known_count_as_any_text() -> None:
    """Never more alerts than without them."""
    long = altered(NVDA, notes=("x" * 190,))
    with_repeats = [delivery(long, repeats=Repeats(10**15, 1e18, RECEIVED_NS * 2))] * 10
    assert discord.fit(with_repeats, Look()) < discord.fit([delivery(long)] * 10, Look())


@pytest.mark.parametrize("shift", range(4))
def test_no_cut_goes_between_a_backslash_and_its_character(shift: int) -> None:
    """Half an escape would escape the ellipsis, and show itself."""
    found = altered(NVDA, sector="x" * shift, notes=("\\" * 200, "*" * 200) * 2)
    for embed in discord.message(batch(*[delivery(found, rules=("*" * 100,) * 3)] * 10), Look(), NOW_NS)["embeds"]:
        text = embed["description"]
        assert text.endswith("…")
        backslashes = len(text) - 1 - len(text[:-1].rstrip("\\"))
        assert backslashes % 2 == 0


def test_more_than_fits_is_cut_and_valid() -> None:
    """A batch that was frozen under another look still makes a message."""
    long = delivery(altered(NVDA, notes=("*" * 200,) * 5), rules=("r" * 100,) * 3)
    body = discord.message(batch(*[long] * 12), Look(footer_note="n" * 200), NOW_NS)
    assert len(body["embeds"]) == 10
    assert check_message(body) == {}
