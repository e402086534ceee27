"""Anyone's text as Discord shows it: no markup of its own, no mention, and never cut within an escape."""

import re
from typing import Final

from bot.render.lengths import cut

MAX_TITLE: Final = 256
MAX_DESCRIPTION: Final = 4096
MAX_FOOTER: Final = 2048
"""Of one embed: Discord's developer documents, "Embed Limits", 2026-11."""

_MARKDOWN = re.compile(r"[\\*_~`|\[\]]|^ *(?:[#>+-]|[0-9]+(?=\.))", re.MULTILINE)
"""Markup anywhere, and what begins a heading, a quote or a list at the start of a line."""
_LIVE = re.compile(r"<(?=[@#:/a-z])|@(?=everyone|here)|:(?=//)", re.IGNORECASE)
_ZERO_WIDTH = "\u200b"


def defuse(text: str) -> str:
    """Text in which no mention, emoji, time stamp or address is alive, for places that know no markdown."""
    return _LIVE.sub(lambda found: found.group() + _ZERO_WIDTH, text)


def escape(text: str) -> str:
    """Text that Discord shows as it is: no markup, no masked link, and no mention.

    A backslash does not stop Discord from reading `<@1>` or `@everyone`: these are broken by a zero-width space.
    """
    return _MARKDOWN.sub(_backslashed, defuse(text))


def _backslashed(found: re.Match[str]) -> str:
    mark = found.group()
    return f"{mark}\\" if mark[-1].isdigit() else f"{mark[:-1]}\\{mark[-1]}"  # 1\. is no list


def cut_escaped(escaped: str, max_units: int) -> str:
    """Like `cut`, and never between a backslash and what it escapes."""
    shorter = cut(escaped, max_units)
    if shorter == escaped:
        return escaped
    kept = shorter.removesuffix("…")
    backslashes = len(kept) - len(kept.rstrip("\\"))
    return f"{kept[:-1] if backslashes % 2 else kept}…"
