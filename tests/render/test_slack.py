"""Slack's messages: blocks, the coloured attachment, the limits, and who is pinged."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.alerts import Batch, Delivery, Repeats
from bot.model.answers import Answer, Button, Part
from bot.render import slack
from bot.render.look import Look
from bot.render.slack_blocks import escape, read_value
from tests.fakes.slack_message import check_message, elements, pings
from tests.render.samples import (
    HOSTILE_TEXT,
    NOW_NS,
    NVDA,
    RECEIVED_NS,
    SECOND,
    SPARSE,
    altered,
    batch,
    delivery,
    digest,
    notice,
)
from tests.render.test_hostile import DELIVERIES, LOOK


def test_escape_is_exactly_slacks_three() -> None:
    """`&`, `<`, `>` and nothing else."""
    assert escape("<!channel> & *b* 'q'") == "&lt;!channel&gt; &amp; *b* 'q'"


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


def several(count: int) -> list[Delivery]:
    return [delivery(id=f"a1b2c3d{number:x}") for number in range(count)]


def test_one_alert_has_buttons() -> None:
    """Below its facts, behind its colour; what only admins may do is painted as a warning and asks again."""
    body = slack.message(batch(delivery()), Look(), NOW_NS, is_answered=True)
    plainly = slack.message(batch(delivery()), Look(), NOW_NS)
    assert check_message(body) == ""
    (attachment,) = body["attachments"]
    assert attachment["blocks"][:-1] == plainly["attachments"][0]["blocks"]
    row = attachment["blocks"][-1]
    assert row["type"] == "actions"
    assert [(one["text"]["text"], one["value"], one.get("style")) for one in row["elements"]] == [
        ("Why?", "=flow why a1b2c3d4", None),
        ("More like this", "=flow ticker NVDA", None),
        ("Mute NVDA 1h", "=flowadmin mute ticker NVDA for 1h", "danger"),
    ]
    assert row["elements"][2]["confirm"]["title"]["text"] == "Mute NVDA 1h?"


def test_several_alerts_have_one_menu() -> None:
    """After them all, one option each."""
    body = slack.message(batch(delivery(), delivery(SPARSE, "b1b2c3d4")), Look(), NOW_NS, is_answered=True)
    assert check_message(body) == ""
    assert len(body["attachments"]) == 3
    (menu,) = elements(body)
    assert body["attachments"][2] == {"blocks": [{"type": "actions", "elements": [menu]}]}
    assert (menu["type"], menu["action_id"]) == ("static_select", "menu")
    assert [(option["text"]["text"], option["value"]) for option in menu["options"]] == [
        ("NVDA 145C 7/17 (21d) · $2.4M", "=flow why a1b2c3d4"),
        ("AAPL · $950K", "=flow why b1b2c3d4"),
    ]


def test_where_nobody_listens_there_is_nothing_to_press() -> None:
    """Unless told: a webhook's messages, and those of an app without Socket Mode."""
    for shown in (batch(delivery()), batch(*several(3)), digest(), notice()):
        assert elements(slack.message(shown, Look(), NOW_NS)) == []


def test_a_notice_asks_nothing() -> None:
    assert elements(slack.message(notice(), Look(), NOW_NS, is_answered=True)) == []


@pytest.mark.parametrize("chars", range(0, 200, 20))
def test_buttons_have_room(chars: int) -> None:
    """`fit` counts them: the post and every edit have their menu, and nothing is cut for it."""
    found = altered(NVDA, notes=("x" * chars,) * 3 if chars else ())
    waiting = [delivery(found, one.alert.id) for one in several(15)]
    count = slack.fit(waiting, Look(late_after_s=30), is_answered=True)
    assert 1 < count <= slack.fit(waiting, Look(late_after_s=30))
    repeats = Repeats(1233, 121_000_000.0, RECEIVED_NS + 86_340 * SECOND)
    edited = [delivery(found, one.alert.id, repeats=repeats, is_cancelled=True) for one in waiting[:count]]
    for shown, now_ns in ((waiting[:count], NOW_NS), (edited, RECEIVED_NS + 300 * 86_400 * SECOND)):
        body = slack.message(batch(*shown), Look(late_after_s=30), now_ns, is_answered=True)
        assert check_message(body) == ""
        (menu,) = elements(body)
        assert len(menu["options"]) == count
        assert "…" not in str(body["attachments"])


@settings(max_examples=25, deadline=None)
@given(DELIVERIES, LOOK, st.booleans())
def test_buttons_of_hostile_alerts(deliveries: list[Delivery], look: Look, is_whole: bool) -> None:
    """Valid whatever a feed sent; what is pressed comes back as it was meant, and nobody is woken by it."""
    shown = deliveries if is_whole else deliveries[: slack.fit(deliveries, look, is_answered=True)]
    body = slack.message(batch(*shown), look, NOW_NS, is_answered=True)
    assert check_message(body) == ""
    assert pings(body) <= {"!subteam^S1", "@U1"}
    for element in elements(body):
        for value in [option["value"] for option in element.get("options", ())] or [element["value"]]:
            pressed, whose = read_value(value)
            assert pressed is not None
            assert whose == ""
            assert pressed.says.startswith(("flow why ", "flow ticker ", "flowadmin mute ticker "))


def test_text_goes_before_buttons() -> None:
    """A batch that was frozen while nobody listened is full: it is shown uncut, without the menu."""
    long = [delivery(altered(NVDA, notes=("x" * 190,) * 5), f"a1b2c3d{number:x}") for number in range(15)]
    count = slack.fit(long, Look())
    full = next(n for n in range(count, 16) if not elements(_answered(long[:n])))
    assert check_message(_answered(long[:full])) == ""
    assert _answered(long[:full]) == slack.message(batch(*long[:full]), Look(), NOW_NS)


def _answered(deliveries: list[Delivery]) -> dict[str, object]:
    return slack.message(batch(*deliveries), Look(), NOW_NS, is_answered=True)


def test_a_report_is_an_answer_for_all() -> None:
    """With its source, when it was made and its mark in the footer; its buttons only where somebody listens."""
    answer = Answer(
        "Closing recap",
        (Part("Top tickers", ("NVDA $50M",)),),
        source="this session",
        buttons=(Button("a", "flow top"),),
    )
    report = Batch("rep0rt00xyz", "room", (), RECEIVED_NS, report=answer)
    body = slack.message(report, Look(footer_note="not advice"), NOW_NS, is_answered=True)
    assert check_message(body) == ""
    assert body["blocks"][0]["text"]["text"] == "Closing recap"
    section, context, row = body["attachments"][0]["blocks"]
    assert section["text"]["text"] == "*Top tickers*\nNVDA $50M"
    assert context["elements"][0]["text"] == "this session · 10:31:05 ET · rep0rt00 · not advice"
    assert [one["value"] for one in row["elements"]] == ["=flow top"]
    assert elements(slack.message(report, Look(), NOW_NS)) == []
