"""Buttons and menus as Discord's components, within its limits.

Source: Discord's developer documents, "Component Reference", 2026-11.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from bot.model.answers import MAX_ID, Button
from bot.render.buttons import MAX_LABEL, MAX_OPTIONS, Controls, Menu
from bot.render.lengths import cut, units
from bot.render.words import one_line

MENU: Final = "menu"
"""A menu's own id; what counts is the id of the option that was chosen."""
MAX_BUTTONS: Final = 5
"""In one row."""

_ROW, _BUTTON, _SELECT = 1, 2, 3
_PRIMARY, _SECONDARY, _DANGER = 1, 2, 4


def rows(controls: Controls) -> list[dict[str, Any]]:
    """One action row; none where there is nothing to press. What Discord would refuse is left out."""
    if isinstance(controls, Menu):
        options = [{"label": _label(each), "value": each.id} for each in _usable(controls.options)][:MAX_OPTIONS]
        placeholder = cut(controls.placeholder, MAX_LABEL)
        inner = [{"type": _SELECT, "custom_id": MENU, "placeholder": placeholder, "options": options}] * bool(options)
    else:
        shown = list(_usable(controls))[:MAX_BUTTONS]
        styles = _styles(shown)
        inner = [
            {"type": _BUTTON, "style": style, "label": _label(button), "custom_id": button.id}
            for button, style in zip(shown, styles, strict=True)
        ]
    return [{"type": _ROW, "components": inner}] if inner else []


def _usable(buttons: Iterable[Button]) -> Iterator[Button]:
    """Those whose id Discord takes and gives back as it was; no id twice."""
    taken = {MENU}
    for button in buttons:
        if button.id not in taken and units(button.id) <= MAX_ID and button.says and button.says.isprintable():
            taken.add(button.id)
            yield button


def _label(button: Button) -> str:
    return cut(one_line(button.label, MAX_LABEL), MAX_LABEL) or "…"


def _styles(buttons: Iterable[Button]) -> list[int]:
    """The first question stands out; pages and further questions do not, and what only admins may do warns."""
    styles: list[int] = []
    for button in buttons:
        is_plain = button.is_replacing or _PRIMARY in styles
        styles.append(_DANGER if button.is_for_admins else _SECONDARY if is_plain else _PRIMARY)
    return styles
