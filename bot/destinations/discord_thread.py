"""The name of the forum post that a message begins. Pure."""

from typing import Final

from bot.model.alerts import Batch
from bot.render import words
from bot.render.cards import cards_of
from bot.render.lengths import cut
from bot.render.look import Look

MAX_NAME: Final = 100
"""Discord's reference, "Channel Object": a name has 1 to 100 characters."""


def name(template: str, batch: Batch, look: Look, now_ns: int) -> str:
    """`template` with {title}, the first alert's contract and premium, and {date}, today's in New York.

    A digest's, report's or notice's title is its own.
    """
    title = cards_of(batch, look, now_ns)[0].title if batch.report is None else batch.report.title
    filled = template.replace("{date}", words.new_york(now_ns).date().isoformat()).replace("{title}", title)
    return cut(words.one_line(filled, MAX_NAME), MAX_NAME) or "flowbot"
