"""Slack's building blocks within its limits: escaped text, headers, buttons and menus. Knows no alert and no answer.

Limits: Slack's Block Kit reference and slack-sdk's own validators (3.43), 2026-11.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from bot.model.answers import MAX_ID, Button, Pressed, pressed
from bot.render.lengths import cut, units
from bot.render.words import one_line

MAX_TEXT: Final = 4000
MAX_HEADER: Final = 150
MAX_SECTION: Final = 3000
MAX_TOTAL: Final = 12_000
"""Over all blocks, counted as JSON: Slack refuses a message near 13,200 characters and counts the blocks' own
frames too, by a measure that it does not publish (`msg_blocks_too_long`)."""
MAX_BUTTONS: Final = 5
"""Of an answer, in one row; Slack would take 25."""
MAX_LABEL: Final = 75
"""Of a button and of an option."""
MAX_OPTIONS: Final = 100
MAX_PLACEHOLDER: Final = 150
MAX_CONFIRM_TITLE: Final = 100

_HALF_ENTITY = re.compile(r"&[a-z]{0,3}$")
_VALUE = re.compile(r"([UW][A-Z0-9]{1,20})?([^A-Z0-9].*)", re.DOTALL)
_WARNING = "It changes what everyone here is sent. Only flowbot's admins can do it."


def escape(text: str) -> str:
    """Exactly the three characters that Slack documents; after it no mention and no link is alive."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut_escaped(escaped: str, max_units: int) -> str:
    """Like `cut`, and never within an entity."""
    shorter = cut(escaped, max_units)
    return shorter if shorter == escaped else f"{_HALF_ENTITY.sub('', shorter.removesuffix('…'))}…"


def size(part: Any) -> int:
    """What a part of a message counts against `MAX_TOTAL`."""
    return units(json.dumps(part, ensure_ascii=False))


def mrkdwn(text: str) -> dict[str, Any]:
    """Text with markup, escaped already."""
    # verbatim: Slack makes no links, channels or names of what only looks like them.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def plain(text: str) -> dict[str, Any]:
    """Text without markup, escaped already."""
    return {"type": "plain_text", "text": text, "emoji": True}


def header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": plain(cut_escaped(escape(text), MAX_HEADER))}


def section(text: dict[str, Any]) -> dict[str, Any]:
    return {"type": "section", "text": text}


def buttons_row(buttons: Iterable[Button], asker: str = "") -> list[dict[str, Any]]:
    """An actions block with those buttons that can be shown; nothing where there is none.

    `asker`, a Slack user's id, is written on the buttons that replace their message: it is theirs to turn pages in.
    """
    elements = [_button(button, number, asker) for number, button in enumerate(_usable(buttons)[:MAX_BUTTONS])]
    return [{"type": "actions", "elements": elements}] if elements else []


def menu_row(placeholder: str, options: Sequence[Button]) -> list[dict[str, Any]]:
    """An actions block with one menu; nothing where no option can be shown."""
    shown = _usable(options)[:MAX_OPTIONS]
    if not shown:
        return []
    menu = {
        "type": "static_select",
        "action_id": "menu",
        "placeholder": _label(placeholder or "Choose", MAX_PLACEHOLDER),
        "options": [{"text": _label(option.label, MAX_LABEL), "value": option.id} for option in shown],
    }
    return [{"type": "actions", "elements": [menu]}]


def read_value(value: str) -> tuple[Pressed | None, str]:
    """What a button or an option says that was pressed, and whose it is; None where it is none of ours."""
    parts = _VALUE.fullmatch(value)
    return (pressed(parts[2]), parts[1] or "") if parts else (None, "")


def _usable(buttons: Iterable[Button]) -> list[Button]:
    """Those that Slack takes, and whose id it gives back as it was; no id twice."""
    shown = {one.id: one for one in buttons if one.says and one.says.isprintable() and units(one.id) <= MAX_ID}
    return [button for button in shown.values() if one_line(button.label)]


def _button(button: Button, number: int, asker: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": "button",
        "action_id": f"b{number}",
        "text": _label(button.label, MAX_LABEL),
        "value": (asker if button.is_replacing else "") + button.id,
    }
    if button.is_for_admins:
        shown["style"] = "danger"
        shown["confirm"] = {
            "title": _label(f"{button.label}?", MAX_CONFIRM_TITLE),
            "text": plain(_WARNING),
            "confirm": plain("Yes"),
            "deny": plain("No"),
            "style": "danger",
        }
    return shown


def _label(text: str, max_units: int) -> dict[str, Any]:
    return plain(cut_escaped(escape(one_line(text)), max_units))
