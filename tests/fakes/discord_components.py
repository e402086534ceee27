"""What Discord takes as a message's buttons and menus (reference, "Component Reference", 2026-11)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

ROW, BUTTON, STRING_SELECT = 1, 2, 3
_BUTTON_KEYS = {"type", "id", "style", "label", "emoji", "custom_id", "url", "sku_id", "disabled"}
_SELECT_KEYS = {"type", "id", "custom_id", "options", "placeholder", "min_values", "max_values", "required", "disabled"}
_OPTION_KEYS = {"label", "value", "description", "emoji", "default"}


def component_problems(rows: Any, length: Callable[[str], int] = len) -> list[str]:
    """What is wrong with `components`; empty where nothing is. `length` says what a character is."""
    if not isinstance(rows, list):
        return ["components is an array"]
    problems = ["at most 5 action rows"] if len(rows) > 5 else []
    for row in rows:
        problems += _row_problems(row, length)
    ids = list(custom_ids(rows))
    if len(ids) != len(set(ids)):
        problems.append("Component custom id cannot be duplicated")
    return problems


def custom_ids(rows: Any) -> Iterator[str]:
    """The ids of all that can be pressed or opened."""
    for row in rows:
        yield from (part["custom_id"] for part in row.get("components", []) if "custom_id" in part)


def values_of(rows: Any, custom_id: str) -> list[str]:
    """What can be chosen in a menu."""
    parts = (part for row in rows for part in row["components"] if part.get("custom_id") == custom_id)
    return [option["value"] for part in parts for option in part.get("options", [])]


def _row_problems(row: Any, length: Callable[[str], int]) -> list[str]:
    if not isinstance(row, dict) or row.get("type") != ROW or row.keys() - {"type", "id", "components"}:
        return ["a message's components stand in action rows"]
    parts = row.get("components", [])
    kinds = {part.get("type") for part in parts}
    if not 1 <= len(parts) <= 5 or (STRING_SELECT in kinds and len(parts) > 1):
        return ["an action row holds up to five buttons or a single select"]
    checks = {BUTTON: _button_problems, STRING_SELECT: _select_problems}
    return [
        problem
        for part in parts
        for problem in (checks[part["type"]](part, length) if part.get("type") in checks else ["unknown component"])
    ]


def _button_problems(button: Mapping[str, Any], length: Callable[[str], int]) -> list[str]:
    problems = [f"a button has no {key}" for key in button.keys() - _BUTTON_KEYS]
    if button.get("style") not in (1, 2, 3, 4):
        problems.append("only buttons of styles 1 to 4 are pressed")
    if not button.get("label") and not button.get("emoji"):
        problems.append("a button has a label or an emoji")
    return [*problems, *_bounded(button, length, label=(0, 80)), *_bounded(button, length, custom_id=(1, 100))]


def _select_problems(select: Mapping[str, Any], length: Callable[[str], int]) -> list[str]:
    problems = [f"a select has no {key}" for key in select.keys() - _SELECT_KEYS]
    options = select.get("options", [])
    if not 1 <= len(options) <= 25:
        problems.append("a select has 1 to 25 options")
    if len({option.get("value") for option in options}) != len(options):
        problems.append("The specified option value is already used")
    for option in options:
        problems += [f"an option has no {key}" for key in option.keys() - _OPTION_KEYS]
        problems += _bounded(option, length, label=(1, 100), value=(1, 100), description=(0, 100))
    return [*problems, *_bounded(select, length, custom_id=(1, 100), placeholder=(0, 150))]


def _bounded(part: Mapping[str, Any], length: Callable[[str], int], **bounds: tuple[int, int]) -> Iterator[str]:
    for key, (least, most) in bounds.items():
        text = part.get(key, "")
        if not isinstance(text, str) or not least <= length(text) <= most:
            yield f"{key} is {least} to {most} in length"
