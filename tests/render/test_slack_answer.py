"""Answers as Slack messages. The validator, written from Slack's documents, is the judge of the limits."""

import json
import re
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.answers import Answer, Button, Part, Picture, Tone
from bot.render import slack_answer
from bot.render.slack_blocks import buttons_row, menu_row, read_value
from tests.fakes.slack_message import check_message, elements, pings
from tests.render.samples import HOSTILE_TEXT

NASTY = st.sampled_from(
    ["@everyone", "<@U1>", "<!channel>", "&amp;", "\\", "*", "`", '"', "&", "<", "\n# ", "😀", "\u202e", "\x1b[31m",
     "\ud800", "𝕏" * 200, "_" * 300, "   ", "\x00", HOSTILE_TEXT * 20]
)  # fmt: skip
TEXT = st.lists(NASTY | st.text(max_size=8), max_size=6).map("".join)
LINES = st.lists(TEXT, max_size=6).flatmap(lambda few: st.integers(0, 20).map(lambda times: tuple(few * times)))
BUTTON = st.builds(Button, TEXT, TEXT | st.just("flow top page=2"), st.booleans(), st.booleans())
ANSWER = st.builds(
    Answer,
    title=TEXT,
    parts=st.lists(st.builds(Part, TEXT, LINES), max_size=4).map(tuple),
    tone=st.sampled_from(get_args(Tone)),
    is_private=st.booleans(),
    source=TEXT,
    picture=st.none() | st.just(Picture("x.png", b"x", "x")),
    buttons=st.lists(BUTTON, max_size=30).map(tuple),
)


@settings(max_examples=30, deadline=None)
@given(ANSWER, TEXT, st.sampled_from(["", "U0ASKER", "W" + "A" * 20]))
def test_any_answer_is_a_valid_message(answer: Answer, footnote: str, asker: str) -> None:
    """Whatever is in it: within every limit, nobody woken, no markup of others alive, and it can be sent."""
    body = slack_answer.message(answer, footnote, asker=asker)
    assert check_message(body) == ""
    assert pings(body) == frozenset()
    assert body["text"]
    msgspec.json.encode(body)
    for element in elements(body):
        pressed, whose = read_value(element.pop("value"))
        assert pressed is not None
        assert whose == (asker if pressed.is_replacing else "")
        assert pressed in [_pressed(button) for button in answer.buttons]
    assert not re.search(r"[<>]|&(?!(amp|lt|gt);)", json.dumps(body))  # nobody reads the values


def _pressed(button: Button) -> object:
    return read_value(button.id)[0]


def test_an_answer_as_a_whole() -> None:
    """By hand: headline, lines with their headings, where it comes from, what to press."""
    answer = Answer(
        "Top flow, today",
        (Part("", ("1. NVDA 145C · $2.4M", "2. AAPL & co")), Part("Asked for", ("  score from 85",))),
        "bull",
        source="radarpulse",
        buttons=(
            Button("Next ▶", "flow top page=2", is_replacing=True),
            Button("Mute NVDA 1h", "flowadmin mute ticker NVDA for 1h", is_for_admins=True),
        ),
    )
    assert slack_answer.message(answer, "not advice", asker="U1") == {
        "text": "Top flow, today\n1. NVDA 145C · $2.4M\n2. AAPL &amp; co\n\n*Asked for*\n  score from 85",
        "blocks": [{"type": "header", "text": _plain("Top flow, today")}],
        "attachments": [
            {
                "color": "#2e9e5b",
                "fallback": "Top flow, today",
                "blocks": [
                    {
                        "type": "section",
                        "text": {
                            "type": "mrkdwn",
                            "text": "1. NVDA 145C · $2.4M\n2. AAPL &amp; co\n\n*Asked for*\n  score from 85",
                            "verbatim": True,
                        },
                    },
                    {"type": "context", "elements": [_plain("radarpulse · not advice")]},
                    {
                        "type": "actions",
                        "elements": [
                            {
                                "type": "button",
                                "action_id": "b0",
                                "text": _plain("Next ▶"),
                                "value": "U1~flow top page=2",
                            },
                            {
                                "type": "button",
                                "action_id": "b1",
                                "text": _plain("Mute NVDA 1h"),
                                "value": "=flowadmin mute ticker NVDA for 1h",
                                "style": "danger",
                                "confirm": {
                                    "title": _plain("Mute NVDA 1h?"),
                                    "text": _plain(
                                        "It changes what everyone here is sent. Only flowbot's admins can do it."
                                    ),
                                    "confirm": _plain("Yes"),
                                    "deny": _plain("No"),
                                    "style": "danger",
                                },
                            },
                        ],
                    },
                ],
            }
        ],
    }


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": True}


def test_a_bare_answer() -> None:
    """A title is enough; without a title there are still words for the notification."""
    assert slack_answer.message(Answer("Done", ()))["attachments"] == []
    assert slack_answer.message(Answer("", ()))["text"] == "flowbot"


@pytest.mark.parametrize("line", ["x" * 300, '"' * 300, "&" * 300, "a"])
def test_too_much_is_told(line: str) -> None:
    """Whole lines only, as many as fit, and how many do not."""
    body = slack_answer.message(Answer("Long", (Part("", (line,) * 1000),)))
    assert check_message(body) == ""
    texts = [block["text"]["text"] for block in body["attachments"][0]["blocks"]]
    lines = "\n".join(texts).splitlines()
    shown = {"x" * 300: "x" * 300, '"' * 300: '"' * 300, "&" * 300: "&amp;" * 300, "a": "a"}[line]
    assert set(lines[:-1]) == {shown}
    assert lines[-1] == f"… and {1000 - len(lines[:-1]):,} more"
    assert len(lines) >= 8


def test_every_line_of_a_usual_answer_is_there() -> None:
    """Twenty-five prints, the most that a page has, are well within."""
    lines = tuple(
        f"{number}. NVDA 145C 7/17 (21d) · $2.4M · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME · 10:31:05 ET"
        for number in range(1, 26)
    )
    body = slack_answer.message(Answer("Top", (Part("", lines),)))
    shown = json.dumps(body["attachments"], ensure_ascii=False)
    assert all(line in shown for line in lines)


def test_what_cannot_be_pressed_is_not_shown() -> None:
    """Too long an id, no label, an id that does not come back as it was, one that is there already."""
    good = Button("Why?", "flow why a1b2c3d4")
    bad = [Button("x", "y" * 100), Button(" ", "flow top"), Button("x", "flow\ntop"), good]
    (row,) = buttons_row([good, *bad])
    assert [one["value"] for one in row["elements"]] == ["=flow why a1b2c3d4"]
    (row,) = menu_row("", [good, *bad])
    assert [one["value"] for one in row["elements"][0]["options"]] == ["=flow why a1b2c3d4"]
    assert buttons_row(bad[:3]) == menu_row("Why?", bad[:3]) == []


@pytest.mark.parametrize(
    ("value", "says", "whose"),
    [
        ("=flow why a1b2c3d4", "flow why a1b2c3d4", ""),
        ("~flow top page=2", "flow top page=2", ""),
        ("U1~flow top page=2", "flow top page=2", "U1"),
        ("W0AB~flow top page=2", "flow top page=2", "W0AB"),
        ("=U1~x", "U1~x", ""),
        ("", None, ""),
        ("U1", None, ""),
        ("U1~", None, "U1"),
        ("click_me", None, ""),
        ("u1~flow", None, ""),
    ],
)
def test_values_are_read_back(value: str, says: str | None, whose: str) -> None:
    """What is none of ours is None."""
    pressed, asker = read_value(value)
    assert (None if pressed is None else pressed.says, asker) == (says, whose)
