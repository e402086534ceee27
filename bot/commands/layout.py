"""Fitting an answer's lines into a platform's text boxes: whole lines only, and how many are missing. Pure."""

from collections.abc import Callable, Iterator

from bot.commands.core import MAX_LINE
from bot.model.answers import Answer
from bot.render.lengths import cut, units

_MORE_ROOM = 40
"""Kept free for the line that says how many lines were left out."""


def boxes(answer: Answer, escape: Callable[[str], str], bold: str, *, most: int, max_units: int) -> list[str]:
    """The answer below its title, in at most `most` texts of at most `max_units`; `bold` is the markup round headings.

    An escaped line must fit a box: lines are cut at `MAX_LINE` before they are escaped.
    """
    lines = list(_lines(answer, escape, bold))
    packed: list[str] = []
    box = ""
    for done, line in enumerate(lines):
        is_last = len(packed) == most - 1
        room = max_units - (_MORE_ROOM if is_last and done < len(lines) - 1 else 0)
        joined = f"{box}\n{line}" if box else line
        if units(joined) <= room:
            box = joined
        elif is_last:
            return [*packed, f"{box}\n… and {len(lines) - done} more"]
        else:
            packed.append(box)
            box = line
    return [*packed, box] if box else packed


def _lines(answer: Answer, escape: Callable[[str], str], bold: str) -> Iterator[str]:
    for index, part in enumerate(answer.parts):
        if index:
            yield ""
        if part.heading:
            yield f"{bold}{escape(part.heading)}{bold}"
        yield from (escape(cut(line, MAX_LINE)) for line in part.lines)
