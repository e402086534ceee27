"""One page of lines that are all at hand, numbered, with the buttons that turn it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.commands.answers.pressing import turning
from bot.commands.requests import Request
from bot.model.answers import Button


@dataclass(frozen=True, slots=True)
class Page:
    lines: tuple[str, ...]
    buttons: tuple[Button, ...]


def paged(lines: Sequence[str], page: int, size: int, request_of: Callable[[int], Request]) -> Page | None:
    """The page `page` of `size` lines; `request_of` asks for another. None where there is no such page."""
    first = (page - 1) * size
    shown = tuple(f"{place}. {line}" for place, line in enumerate(lines[first : first + size], first + 1))
    if not shown:
        return None
    before = request_of(page - 1) if page > 1 else None
    after = request_of(page + 1) if first + size < len(lines) else None
    return Page(shown, turning(before, after))
