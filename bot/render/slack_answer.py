"""Answers as Slack messages: a title, the lines behind a colour bar, where they come from, and buttons. Pure.

Every word of an answer may be upstream's or the asker's: all of it is escaped here, and cut to Slack's limits.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

from bot.model.answers import Answer, Tone
from bot.render.lengths import units
from bot.render.slack_blocks import (
    MAX_TEXT,
    MAX_TOTAL,
    buttons_row,
    cut_escaped,
    escape,
    header,
    mrkdwn,
    plain,
    section,
    size,
)
from bot.render.words import dotted, one_line

MAX_LINE: Final = 300
"""Characters of one line of an answer."""
MAX_LINES: Final = 300
MAX_BOX: Final = 2900
"""Of a section's text; Slack takes 3000, and what was left out is told in the rest."""
_MORE_ROOM: Final = 40
"""For the line that tells it."""

COLOURS: Mapping[Tone, str] = {"bull": "#2e9e5b", "bear": "#d64545", "neutral": "#7a869a", "trouble": "#e0a030"}


def message(answer: Answer, *footnotes: str, asker: str = "", has_buttons: bool = True) -> dict[str, Any]:
    """`text`, `blocks` and `attachments`; it wakes nobody. `asker`: the user whose pages these are to turn."""
    title = one_line(answer.title) or "flowbot"
    lines = list(_lines(answer))
    foot = [
        *_context(dotted(answer.source, *footnotes)),
        *(buttons_row(answer.buttons, asker) if has_buttons else ()),
    ]
    top = [header(title)]
    attachment = {"color": COLOURS[answer.tone], "fallback": cut_escaped(escape(title), MAX_LINE), "blocks": foot}
    boxes = _boxes(lines, MAX_TOTAL - size([top, [attachment]]))
    blocks = [*(section(mrkdwn(box)) for box in boxes), *foot]
    return {
        "text": _told([escape(title), *lines]),
        "blocks": top,
        "attachments": [{**attachment, "blocks": blocks}] if blocks else [],
    }


def _lines(answer: Answer) -> Iterator[str]:
    for index, part in enumerate(answer.parts):
        if index:
            yield ""
        if heading := one_line(part.heading):
            yield f"*{escape(heading)}*"
        for line in part.lines:
            indent = " " * min(len(line) - len(line.lstrip(" ")), 8)
            yield indent + escape(one_line(line, MAX_LINE))


def _told(lines: Sequence[str]) -> str:
    """What notifications and screen readers say: as many of the lines as fit."""
    ends = accumulate(units(line) + 1 for line in lines[:MAX_LINES])
    return "\n".join(line for line, end in zip(lines, ends, strict=False) if end <= MAX_TEXT)


def _boxes(lines: Sequence[str], room: int) -> list[str]:
    """Whole lines in texts of at most `MAX_BOX`, which count at most `room` with their frames; then how many more."""
    frame = size(section(mrkdwn(""))) + 2
    left = room - frame - _MORE_ROOM
    boxes: list[str] = []
    shown = 0
    for line in lines[:MAX_LINES]:
        is_same = bool(boxes) and units(boxes[-1]) + 1 + units(line) <= MAX_BOX
        left -= size(line) + (0 if is_same else frame)
        if left < 0:
            break
        if is_same:
            boxes[-1] += f"\n{line}"
        else:
            boxes.append(line)
        shown += 1
    if shown < len(lines):
        boxes = [*boxes[:-1], f"{boxes[-1] if boxes else ''}\n… and {len(lines) - shown:,} more"]
    return [box.strip("\n") for box in boxes if box.strip()]


def _context(text: str) -> list[dict[str, Any]]:
    shown = cut_escaped(escape(one_line(text, MAX_LINE)), MAX_LINE)
    return [{"type": "context", "elements": [plain(shown)]}] if shown else []
