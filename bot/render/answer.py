"""An answer as one card of plain lines, for places without richer means: its picture and its buttons stay out.

Knows no platform, and no commands: the words are the answer's own.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from bot.model.answers import Answer, Tone
from bot.render.card import GREEN, GREY, RED, Card
from bot.render.words import counted, dotted, one_line

AMBER: Final = 0xF1C40F
TONES: Final[Mapping[Tone, int]] = {"bull": GREEN, "bear": RED, "neutral": GREY, "trouble": AMBER}
MAX_TITLE: Final = 200
MAX_LINES: Final = 80
MAX_CHARS: Final = 300
"""Of one line. These are our own bounds: an answer is written to be read at a glance, whatever upstream put in it."""


def answer_card(answer: Answer, *footer: str) -> Card:
    """The answer; `footer` stands behind its source."""
    return Card(
        title=one_line(answer.title, MAX_TITLE),
        tags=(),
        lines=tuple(answer_lines(answer)),
        footer=dotted(one_line(answer.source, 100), *footer),
        colour=TONES[answer.tone],
    )


def answer_lines(answer: Answer) -> list[str]:
    """What stands below its title: each part's heading with a colon, and its lines."""
    lines = list(_lines(answer))
    more = len(lines) - MAX_LINES
    return lines if more <= 0 else [*lines[:MAX_LINES], f"and {counted(more, 'more line')}"]


def _lines(answer: Answer) -> Iterator[str]:
    for part in answer.parts:
        if part.heading:
            yield f"{one_line(part.heading, MAX_TITLE)}:"
        yield from (one_line(line, MAX_CHARS) for line in part.lines)
