"""Numbers as feeds send them: JSON numbers, or strings of digits. Whatever is no finite number is an error."""

import math

from bot.model.errors import FrameError

LIMIT = 1e15
"""No true fact of a print comes near this; a number beyond it is a broken feed's."""


def number(value: object, name: str) -> float:
    """A finite number from a JSON number or a numeric string ("1234.5", "1,234"). Raises FrameError("bad_number")."""
    if isinstance(value, str):
        value = _digits(value, name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FrameError("bad_number", f"{name}: expected a number, got {type(value).__name__}")
    if not -LIMIT <= value <= LIMIT:  # NaN and infinity, too
        shown = value if isinstance(value, float) else "an integer"
        raise FrameError("bad_number", f"{name}: {shown} is not a number that a print can have")
    return float(value)


def amount(value: object, name: str) -> float:
    """A number that is not negative. Raises FrameError("bad_number")."""
    found = number(value, name)
    if found < 0:
        raise FrameError("bad_number", f"{name}: {found:g} is negative")
    return found


def count(value: object, name: str) -> int:
    """A whole number that is not negative; 10.0 is 10. Raises FrameError("bad_number")."""
    found = amount(value, name)
    if found != math.floor(found):
        raise FrameError("bad_number", f"{name}: {found:g} is not a whole number")
    return int(found)


def whole(value: object, name: str) -> int:
    """A whole number, negative or not. Raises FrameError("bad_number")."""
    found = number(value, name)
    if found != math.floor(found):
        raise FrameError("bad_number", f"{name}: {found:g} is not a whole number")
    return int(found)


def _digits(text: str, name: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        raise FrameError("bad_number", f"{name}: {text[:40]!r} is not a number") from None
