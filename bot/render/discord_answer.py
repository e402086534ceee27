"""An answer as a Discord message: one embed, its picture, its buttons, within Discord's limits by construction.

Limits: Discord's developer documents, "Embed Limits" and "Uploading Files", 2026-11.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from bot.model.answers import Answer, Picture, Tone
from bot.render.discord_components import rows
from bot.render.discord_text import MAX_DESCRIPTION, MAX_TITLE, cut_escaped, defuse, escape
from bot.render.lengths import cut, units
from bot.render.words import dotted, one_line

MAX_LINE: Final = 300
"""Characters; a line is cut before it is escaped, so that no escape is cut in two."""
MAX_ALT: Final = 1024
MAX_PICTURE_BYTES: Final = 10 * 1024 * 1024

_MAX_FOOTER = 500
"""Our own bound: with the longest title and text it stays under 6000, Discord's limit for a whole message."""
_MORE_ROOM = 40
"""Kept free for the line that says how many lines were left out."""
_COLOURS: Mapping[Tone, int] = {"bull": 0x2E9E5B, "bear": 0xD64545, "neutral": 0x7A869A, "trouble": 0xE0A030}
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


def message(answer: Answer, *footnotes: str) -> dict[str, Any]:
    """The whole body, absolute: put in a message's place it leaves nothing of what was there.

    Whoever sends it sends `picture_of(answer)` along. It wakes nobody.
    """
    picture = picture_of(answer)
    about = [] if picture is None else [{"id": 0, "filename": picture.name, "description": picture.alt}]
    return {
        "embeds": [_embed(answer, picture, footnotes)],
        "allowed_mentions": {"parse": []},
        "components": rows(answer.buttons),
        "attachments": about,
    }


def picture_of(answer: Answer) -> Picture | None:
    """The picture as Discord takes it; None where there is none, or where it is too large: the text says the same."""
    picture = answer.picture
    if picture is None or not 0 < len(picture.png) <= MAX_PICTURE_BYTES:
        return None
    name = _UNSAFE.sub("-", picture.name).lstrip(".-")[:100] or "picture.png"
    return msgspec.structs.replace(picture, name=name, alt=cut(one_line(picture.alt, MAX_ALT), MAX_ALT))


def _embed(answer: Answer, picture: Picture | None, footnotes: tuple[str, ...]) -> dict[str, Any]:
    title = cut_escaped(escape(one_line(answer.title, MAX_TITLE)), MAX_TITLE) or "flowbot"
    embed: dict[str, Any] = {"title": title, "color": _COLOURS[answer.tone]}
    if text := _text(answer):
        embed["description"] = text
    if footer := cut(defuse(dotted(*(one_line(note, 200) for note in (answer.source, *footnotes)))), _MAX_FOOTER):
        embed["footer"] = {"text": footer}
    if picture is not None:
        embed["image"] = {"url": f"attachment://{picture.name}"}
    return embed


def _text(answer: Answer) -> str:
    """Whole lines only, as many as fit, and how many do not."""
    lines = list(_lines(answer))
    shown: list[str] = []
    room = MAX_DESCRIPTION
    for line in lines:
        room -= units(line) + 1
        if room < _MORE_ROOM:
            break
        shown.append(line)
    more = len(lines) - len(shown)
    return "\n".join([*shown, *([f"… and {more} more"] if more else [])])


def _lines(answer: Answer) -> Iterator[str]:
    for index, part in enumerate(answer.parts):
        if index:
            yield ""
        if part.heading:
            yield f"**{escape(one_line(part.heading, MAX_LINE))}**"
        yield from (escape(_indented(line)) for line in part.lines)


def _indented(line: str) -> str:
    """One printable line; the blanks before it show how deep it stands."""
    words = line.lstrip(" ")
    return " " * min(len(line) - len(words), 40) + one_line(words, MAX_LINE)
