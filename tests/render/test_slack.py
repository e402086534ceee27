"""Slack's messages: blocks, the coloured attachment, the limits, and who is pinged."""

import pytest

from bot.model.alerts import Repeats
from bot.render import slack
from bot.render.look import Look
from tests.fakes.slack_web import check_message, pings
from tests.render.samples import HOSTILE_TEXT, NOW_NS, NVDA, RECEIVED_NS, SECOND, SPARSE, altered, batch, delivery


def test_escape_is_exactly_slacks_three() -> None:
    """`&`, `<`, `>` and nothing else."""
    assert slack.escape("<!channel> & *b* 'q'") == "&lt;!channel&gt; &amp; *b* 'q'"


def test_one_alert() -> None:
    """The title as headline, the facts behind a colour bar, the whole in one line for the notification."""
    assert slack.message(batch(delivery()), Look(footer_note="not advice"), NOW_NS) == {
        "text": "NVDA 145C 7/17 (21d) · $2.4M · 🏆 GOLDEN SWEEP · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "NVDA 145C 7/17 (21d) · $2.4M", "emoji": True}}
        ],
        "attachments": [
            {
                "color": "#2ecc71",
                "blocks": [
                    {
                        "type": "section",
                        "text": {
                            "type": "plain_text",
                            "text": "🏆 GOLDEN SWEEP · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME\n"
                            "1,200 @ $20.00 · vol 5,000 · OI 406\n"
                            "vol/OI 12.3× · spot $140.00 · 3.6% OTM · IV 45%\n"
                            "Information Technology · 10:31:05 ET\n"
                            "Rule: extreme-sweeps",
                            "emoji": True,
                        },
                    },
                    {
                        "type": "context",
                        "elements": [
                            {
                                "type": "plain_text",
                                "text": "a1b2c3d4 · 42 ms · radarpulse · not advice",
                                "emoji": True,
                            }
                        ],
                    },
                ],
            }
        ],
    }


def test_a_batch_has_a_title_for_each() -> None:
    """And a headline over all of them."""
    body = slack.message(batch(delivery(), delivery(SPARSE, "b1b2c3d4")), Look(), NOW_NS)
    assert body["blocks"][0]["text"]["text"] == "2 alerts: NVDA 145C 7/17 (21d) · $2.4M, AAPL · $950K"
    assert [part["blocks"][0]["text"]["text"] for part in body["attachments"]] == [
        "NVDA 145C 7/17 (21d) · $2.4M",
        "AAPL · $950K",
    ]
    assert body["text"].count("\n") == 1


def test_slacks_own_mentions_ping_once_each() -> None:
    """S… are groups, U… and W… users; digits are Discord's."""
    mentions = ("123", "S0WHALES", "U1", "W2", "!channel", "channel", "S0WHALES|x", "s1")
    body = slack.message(batch(delivery(mentions=mentions), delivery(mentions=("S0WHALES",))), Look(), NOW_NS)
    assert body["blocks"][0]["text"]["text"] == "<!subteam^S0WHALES> <@U1> <@W2>"
    assert body["text"].startswith("<!subteam^S0WHALES> <@U1> <@W2> NVDA")
    assert pings(body) == {"!subteam^S0WHALES", "@U1", "@W2"}


def test_a_cancelled_trade_wakes_nobody_and_the_others_do() -> None:
    """In one message: what was taken back has no ping, in the blocks and in the notification."""
    gone = delivery(mentions=("S0WHALES", "U1"), is_cancelled=True)
    body = slack.message(batch(gone, delivery(id="b1b2c3d4", mentions=("U1",))), Look(), NOW_NS)
    assert pings(body) == {"@U1"}
    assert pings(slack.message(batch(gone), Look(), NOW_NS)) == set()


def test_links_are_in_the_context() -> None:
    """The label is the admin's and is escaped too."""
    look = Look(links=(("charts & co", "https://c.example/{ticker}?a=1&b=2"),))
    body = slack.message(batch(delivery()), look, NOW_NS)
    (link, _) = body["attachments"][0]["blocks"][-1]["elements"]
    assert link == {"type": "mrkdwn", "text": "<https://c.example/NVDA?a=1&amp;b=2|charts &amp; co>", "verbatim": True}


def test_upstream_text_stands_in_plain_text_only() -> None:
    """No markup there: neither `*` nor a backtick can break a line."""
    found = altered(NVDA, ticker=HOSTILE_TEXT, sector=HOSTILE_TEXT, notes=(HOSTILE_TEXT,), provider=HOSTILE_TEXT)
    body = slack.message(batch(delivery(found), delivery(found)), Look(), NOW_NS)
    assert "mrkdwn" not in str(body)
    assert "<" not in str(body)


def test_fifteen_usual_alerts_fit() -> None:
    """Three blocks each, of fifty."""
    waiting = [delivery(SPARSE)] * 20
    assert slack.fit(waiting, Look()) == 15
    assert check_message(slack.message(batch(*waiting[:15]), Look(), NOW_NS)) == ""
    assert slack.fit([], Look()) == 0


def test_what_fits_is_not_cut() -> None:
    """Long alerts go together only while they are whole."""
    long = delivery(altered(NVDA, notes=('"' * 190,) * 5), mentions=("S0WHALES",))
    waiting = [long, *[delivery()] * 14]
    count = slack.fit(waiting, Look(footer_note="n" * 200))
    assert 2 <= count < 15
    body = slack.message(batch(*waiting[:count]), Look(footer_note="n" * 200), NOW_NS)
    assert check_message(body) == ""
    assert "…" not in str(body["attachments"])


@pytest.mark.parametrize("chars", range(20, 200, 8))
def test_what_an_edit_adds_is_not_cut(chars: int) -> None:
    """`fit` keeps room for repeats, for a trade that is taken back, and for being shown late and the next year."""
    long = delivery(altered(NVDA, notes=("x" * chars,) * 3))
    count = slack.fit([long] * 15, Look(late_after_s=30))
    repeats = Repeats(1233, 121_000_000.0, RECEIVED_NS + 86_340 * SECOND)
    later = [delivery(long.alert.print, repeats=repeats, is_cancelled=True)] * count
    body = slack.message(batch(*later), Look(late_after_s=30), RECEIVED_NS + 300 * 86_400 * SECOND)
    assert check_message(body) == ""
    assert "🔁 ×1,234 · $123.4M in 23h 59m · " in str(body)
    assert "…" not in str(body["attachments"])


def test_repeats_that_are_known_count_as_any_text() -> None:
    """Never more alerts than without them."""
    long = altered(NVDA, notes=("x" * 190,))
    with_repeats = [delivery(long, repeats=Repeats(10**15, 1e18, RECEIVED_NS * 2))] * 15
    assert slack.fit(with_repeats, Look()) < slack.fit([delivery(long)] * 15, Look())


def test_a_card_alone_has_a_whole_section() -> None:
    """3000 characters; one of several is kept to half."""
    long = delivery(altered(NVDA, notes=("&" * 190,) * 2))
    body = slack.message(batch(long), Look(), NOW_NS)
    assert check_message(body) == ""
    assert body["attachments"][0]["blocks"][0]["text"]["text"].count("&amp;") == 380


def test_more_than_fits_is_cut_and_valid() -> None:
    """A batch that was frozen under another look still makes a message."""
    long = delivery(
        altered(NVDA, ticker='"' * 99, notes=('"&' * 200,) * 5), mentions=tuple(f"U{n:020d}" for n in range(99))
    )
    body = slack.message(batch(*[long] * 20), Look(footer_note='"' * 200), NOW_NS)
    assert len(body["attachments"]) == 15
    assert check_message(body) == ""


def test_the_notifications_text_is_cut_between_characters() -> None:
    """4000 at most with the mentions before it, and no half of `&amp;`."""
    loud = delivery(altered(NVDA, ticker="&" * 32), mentions=tuple(f"U{n:020d}" for n in range(40)))
    body = slack.message(batch(*[loud] * 15), Look(), NOW_NS)
    assert check_message(body) == ""
    assert body["text"].startswith("<@U00000000000000000000> ")
    assert body["text"].endswith("…")
    assert "&" not in body["text"].replace("&amp;", "")
