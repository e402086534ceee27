"""What a batch shows: its alerts' cards, or one card of its digest, its report or its notice. Knows no platform."""

from collections.abc import Iterable

from bot.model.alerts import Batch, Delivery, Notice
from bot.render import words
from bot.render.answer import AMBER, answer_card
from bot.render.card import Card, card
from bot.render.digest import digest_card
from bot.render.look import Look

MAX_NOTICE_LINES = 20
MAX_NOTICE_CHARS = 400
"""Of one line. A notice may quote a platform's or a feed's words: our own bounds keep it readable."""


def cards_of(batch: Batch, look: Look, now_ns: int) -> list[Card]:
    """One card or more, as they are to be read at `now_ns`; `batch.mark` stands in the first footer."""
    if batch.digest is not None:
        return [digest_card(batch.digest, batch.mark, look, now_ns)]
    if batch.report is not None:
        return [answer_card(batch.report, report_footer(batch, look, now_ns))]
    if batch.notice is not None:
        return [_notice_card(batch.notice, batch.mark)]
    return [card(delivery, look, now_ns) for delivery in batch.deliveries]


def report_footer(batch: Batch, look: Look, now_ns: int) -> str:
    """What stands behind a report's source: `16:05:00 ET · a1b2c3d4 · not advice`.

    The time that it was frozen, with the date where that is not today's: one that was in doubt may be sent a day later.
    """
    frozen = words.clock(words.new_york(batch.frozen_ns), now_ns)
    return words.dotted(frozen, batch.mark, words.one_line(look.footer_note, 200))


def mentions_of(deliveries: Iterable[Delivery]) -> list[str]:
    """Whom these wake, each once; nobody is woken for a trade that was taken back."""
    return list(dict.fromkeys(mention for d in deliveries if not d.is_cancelled for mention in d.mentions))


def _notice_card(notice: Notice, mark: str) -> Card:
    shown = [words.one_line(line, MAX_NOTICE_CHARS) for line in notice.lines[:MAX_NOTICE_LINES]]
    more = len(notice.lines) - MAX_NOTICE_LINES
    return Card(
        title=f"⚠️ {words.one_line(notice.title, 200)}",
        tags=(),
        lines=(*shown, *([f"and {words.counted(more, 'more line')}"] if more > 0 else [])),
        footer=words.dotted("flowbot", mark),
        colour=AMBER,
    )
