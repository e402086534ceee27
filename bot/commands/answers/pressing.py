"""Buttons under an answer. Each is a request in text; one that would not be read back as it was meant is left out."""

from collections.abc import Iterable
from typing import Final

from bot.commands.reading import read_says
from bot.commands.requests import Request
from bot.commands.saying import says_of
from bot.model.answers import MAX_ID, Button
from bot.render.buttons import MAX_LABEL

MOST_BUTTONS: Final = 5
"""In one row, on either platform."""


def button(label: str, request: Request, *, is_replacing: bool = False, is_for_admins: bool = False) -> Button | None:
    """None where it cannot be pressed: its id is too long, or upstream's words in it would ask something else."""
    made = Button(label[:MAX_LABEL], says_of(request), is_replacing, is_for_admins)
    return made if len(made.id) <= MAX_ID and read_says(made.says) == request else None


def row(buttons: Iterable[Button | None]) -> tuple[Button, ...]:
    """Those that can be pressed, as many as one row has."""
    return tuple(each for each in buttons if each is not None)[:MOST_BUTTONS]


def turning(before: Request | None, after: Request | None) -> tuple[Button, ...]:
    """To the pages before and after, where there are any; the page takes the message's place."""
    return row(
        button(label, request, is_replacing=True)
        for label, request in (("◀ Back", before), ("Next ▶", after))
        if request is not None
    )
