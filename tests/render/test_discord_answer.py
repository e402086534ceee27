"""Answers as Discord messages: the look, what can be pressed, and Discord's limits whatever the answer says."""

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.alerts import Batch, Delivery, Digest
from bot.model.answers import Answer, Button, Part, Picture, pressed
from bot.render import discord, discord_answer
from bot.render.buttons import Menu
from bot.render.discord_components import rows
from bot.render.look import Look
from tests.fakes.discord_components import component_problems, custom_ids, values_of
from tests.fakes.discord_files import File, file_problems
from tests.fakes.discord_forms import check_message, embed_size, length, pings
from tests.render.samples import HOSTILE_TEXT, NOW_NS, RECEIVED_NS, batch, delivery, digest, notice
from tests.render.test_hostile import DELIVERIES, DIGEST

PNG = b"\x89PNG\r\n\x1a\n"
HEATMAP = Picture("heatmap.png", PNG, "Premium by sector")
ANSWER = Answer(
    "Top flow, today",
    (Part("", ("1. NVDA 145C 7/17 (21d) · $2.4M", "  indented")), Part("Asked", ("*all*",))),
    "bull",
    source="this session's prints",
    buttons=(
        Button("Why?", "flow why a1b2c3d4"),
        Button("More", "flow ticker NVDA"),
        Button("Next", "flow top page=2", is_replacing=True),
        Button("Mute", "flowadmin mute ticker NVDA for 1h", is_for_admins=True),
    ),
)


def test_an_answer() -> None:
    """Title, parts, the source in the footer, the tone's colour, a row of buttons; it wakes nobody."""
    assert discord_answer.message(ANSWER) == {
        "embeds": [
            {
                "title": "Top flow, today",
                "color": 0x2E9E5B,
                "description": "1. NVDA 145C 7/17 (21d) · $2.4M\n  indented\n\n**Asked**\n\\*all\\*".replace(
                    "1. ", "1\\. "
                ),
                "footer": {"text": "this session's prints"},
            }
        ],
        "allowed_mentions": {"parse": []},
        "components": [
            {
                "type": 1,
                "components": [
                    {"type": 2, "style": 1, "label": "Why?", "custom_id": "=flow why a1b2c3d4"},
                    {"type": 2, "style": 2, "label": "More", "custom_id": "=flow ticker NVDA"},
                    {"type": 2, "style": 2, "label": "Next", "custom_id": "~flow top page=2"},
                    {"type": 2, "style": 4, "label": "Mute", "custom_id": "=flowadmin mute ticker NVDA for 1h"},
                ],
            }
        ],
        "attachments": [],
    }


def test_a_picture_is_attached_and_described() -> None:
    """The embed shows the file by its name, and the file says what it shows."""
    answer = msgspec.structs.replace(ANSWER, picture=HEATMAP)
    body = discord_answer.message(answer)
    assert body["embeds"][0]["image"] == {"url": "attachment://heatmap.png"}
    assert body["attachments"] == [{"id": 0, "filename": "heatmap.png", "description": "Premium by sector"}]
    assert discord_answer.picture_of(answer) == HEATMAP


@pytest.mark.parametrize("size", [0, discord_answer.MAX_PICTURE_BYTES + 1])
def test_a_picture_that_discord_would_refuse_is_left_out(size: int) -> None:
    """The words say the same."""
    answer = msgspec.structs.replace(ANSWER, picture=Picture("heatmap.png", bytes(size), "alt"))
    assert discord_answer.picture_of(answer) is None
    assert discord_answer.message(answer) == discord_answer.message(ANSWER)


def test_an_answer_that_says_nothing() -> None:
    """There is always a title; nothing to press is no row."""
    body = discord_answer.message(Answer("", ()))
    assert body["embeds"] == [{"title": "flowbot", "color": 0x7A869A}]
    assert body["components"] == []
    assert check_message(body) == {}


def test_too_many_lines_are_counted() -> None:
    """Whole lines, and how many more there are."""
    text = discord_answer.message(Answer("t", (Part("", ("x" * 99,) * 100),)))["embeds"][0]["description"]
    *shown, last = text.splitlines()
    assert set(shown) == {"x" * 99}
    assert last == f"… and {100 - len(shown)} more"
    assert 4000 <= length(text) <= 4096


def test_a_menu() -> None:
    """The chosen option is the button; the menu's own id says nothing."""
    menu = Menu("Why did an alert fire?", (Button("NVDA", "flow why a1b2c3d4"), Button("AAPL", "flow why b1b2c3d4")))
    assert rows(menu) == [
        {
            "type": 1,
            "components": [
                {
                    "type": 3,
                    "custom_id": "menu",
                    "placeholder": "Why did an alert fire?",
                    "options": [
                        {"label": "NVDA", "value": "=flow why a1b2c3d4"},
                        {"label": "AAPL", "value": "=flow why b1b2c3d4"},
                    ],
                }
            ],
        }
    ]


@pytest.mark.parametrize("says", ["", "x" * 100, "flow \ud800", "flow\n", "😀" * 50])
def test_a_button_that_discord_would_refuse_is_left_out(says: str) -> None:
    """Too long an id, none, or one that would not come back as it was."""
    assert rows((Button("a", says), Button("b", "flow status"))) == [
        {"type": 1, "components": [{"type": 2, "style": 1, "label": "b", "custom_id": "=flow status"}]}
    ]


@pytest.mark.parametrize(
    ("shown", "ids"),
    [
        (batch(delivery()), ["=flow why a1b2c3d4", "=flow ticker NVDA", "=flowadmin mute ticker NVDA for 1h"]),
        (batch(delivery(), delivery(id="b1b2c3d4")), ["menu"]),
        (digest(), ["menu"]),
        (notice(), []),
    ],
)
def test_alerts_can_be_pressed_where_somebody_answers(shown: Batch, ids: list[str]) -> None:
    """A bot's messages carry what can be pressed; the rest of the message is the same as without."""
    body = discord.message(shown, Look(), NOW_NS, is_pressable=True)
    assert list(custom_ids(body["components"])) == ids
    assert check_message(body) == {}
    assert {key: body[key] for key in body if key != "components"} == discord.message(shown, Look(), NOW_NS)


def test_a_report() -> None:
    """An answer's embed that shows by which batch it is found again; buttons only where somebody answers."""
    answer = msgspec.structs.replace(ANSWER, picture=HEATMAP)
    report = Batch("r3p0rt00xyz", "room", (), RECEIVED_NS, report=answer)
    body = discord.message(report, Look(footer_note="not advice"), NOW_NS)
    assert body["embeds"][0]["footer"] == {"text": "this session's prints · r3p0rt00 · not advice"}
    assert body["attachments"][0]["filename"] == "heatmap.png"
    assert "components" not in body
    assert discord.picture_of(report) == HEATMAP
    assert discord.picture_of(batch()) is None
    pressable = discord.message(report, Look(), NOW_NS, is_pressable=True)
    assert pressable["components"] == discord_answer.message(answer)["components"]


NASTY = st.sampled_from(
    ["@everyone", "<@1>", "<@&2>", "](https://x.example)", "\\", "*", "`", "\n# ", "😀" * 60, "\ud800", "𝕏" * 200,
     "_" * 300, "  ", "\u202e", HOSTILE_TEXT * 20]
)  # fmt: skip
TEXT = st.lists(NASTY | st.text(max_size=8), max_size=6).map("".join)
BUTTON = st.builds(
    Button,
    TEXT,
    TEXT | st.sampled_from(["flow status", "menu"]),
    is_replacing=st.booleans(),
    is_for_admins=st.booleans(),
)
BUTTONS = st.lists(BUTTON, max_size=30).map(tuple)
PART = st.builds(Part, TEXT, st.lists(TEXT, max_size=40).map(tuple))
ANY_ANSWER = st.builds(
    Answer,
    TEXT,
    st.lists(PART, max_size=6).map(tuple),
    st.sampled_from(["bull", "bear", "neutral", "trouble"]),
    source=TEXT,
    picture=st.none() | st.builds(Picture, TEXT, st.just(PNG), TEXT),
    buttons=BUTTONS,
)


@settings(max_examples=60, deadline=None)
@given(answer=ANY_ANSWER, footnote=TEXT)
def test_any_answer_is_within_discords_limits(answer: Answer, footnote: str) -> None:
    """Judged by a validator of Discord's documents; nothing in it is alive, and all of it can be sent."""
    body = discord_answer.message(answer, footnote)
    picture = discord_answer.picture_of(answer)
    files = {} if picture is None else {"0": File(picture.name, "image/png", picture.png)}
    assert check_message(body) == {}
    assert file_problems(body, files) == []
    assert picture is None or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", picture.name)
    assert sum(map(embed_size, body["embeds"])) <= 6000
    assert pings(body) == frozenset()
    text = json.dumps(body["embeds"], ensure_ascii=False)
    assert not re.search(r"@everyone|<@[&!]?\d|[^\\]\]\(https?://", text)
    msgspec.json.encode(body)


@settings(max_examples=60, deadline=None)
@given(shown=BUTTONS)
def test_any_buttons_are_within_discords_limits(shown: tuple[Button, ...]) -> None:
    """Whatever is shown is read back as what it says, as a button and in a menu."""
    says = {button.says for button in shown}
    for controls in (shown, Menu("Which?", shown)):
        components: list[dict[str, Any]] = rows(controls)
        assert component_problems(components, length) == []
        for pressed_id in set(custom_ids(components)) - {"menu"} | set(values_of(components, "menu")):
            found = pressed(pressed_id)
            assert found is not None
            assert found.says in says


@settings(max_examples=30, deadline=None)
@given(shown=DELIVERIES, digested=DIGEST)
def test_any_alerts_can_be_pressed_within_discords_limits(shown: list[Delivery], digested: Digest) -> None:
    """Whatever upstream sends, for all and for one person."""
    personal = msgspec.structs.replace(batch(*shown), destination="dm:discord:123")
    for each in (batch(*shown), personal, digest(digested)):
        body = discord.message(each, Look(), NOW_NS, is_pressable=True)
        assert check_message(body) == {}
        msgspec.json.encode(body)
