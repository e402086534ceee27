"""Cards as plain lines of text for a terminal, with ANSI colours where they are wanted."""

from textwrap import wrap

from bot.render.card import GREEN, RED, Card

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_TITLES = {GREEN: "\x1b[1;32m", RED: "\x1b[1;31m"}
_INDENT = "  "


def render(card: Card, *, is_coloured: bool = False, width: int = 80) -> str:
    """The card as lines of at most `width` characters where words allow it; no newline at the end."""
    lines = _wrapped(card.title, width, "", _TITLES.get(card.colour, _BOLD))
    for text, style in ((card.tag_line, _BOLD), *((line, "") for line in card.lines), (card.footer, _DIM)):
        lines += _wrapped(text, width, _INDENT, style)
    lines += [(f"{_INDENT}{link.label}: {link.url}", "") for link in card.links]
    return "\n".join(f"{style}{line}{_RESET}" if is_coloured and style else line for line, style in lines)


def _wrapped(text: str, width: int, indent: str, style: str) -> list[tuple[str, str]]:
    hanging = f"{indent}{_INDENT}"
    lines = wrap(text, max(width, 20), initial_indent=indent, subsequent_indent=hanging, break_on_hyphens=False)
    return [(line, style) for line in lines]
