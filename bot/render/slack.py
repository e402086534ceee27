"""Batches as Slack messages: a headline block, then one coloured attachment a card, within Slack's limits.

Upstream text goes into `plain_text` objects, which know no markup, and is escaped there too: `*`, `_` and `` ` ``
cannot break a line, and `<!channel>` is dead in every part. Limits: Slack's Block Kit reference, 2026-11.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from bot.model.alerts import Batch, Delivery
from bot.render.card import Card, Link, card
from bot.render.cards import cards_of, mentions_of
from bot.render.lengths import cut, units
from bot.render.look import Look

MAX_TEXT: Final = 4000
MAX_HEADER: Final = 150
MAX_SECTION: Final = 3000
MAX_TOTAL: Final = 12_000
"""Over all blocks, counted as JSON: Slack refuses a message near 13,200 characters and counts the blocks' own
frames too, by a measure that it does not publish (`msg_blocks_too_long`)."""
MAX_ALERTS: Final = 15
"""Each takes three blocks or fewer, a message has at most 50, and two are kept for the mentions and the headline."""

_MAX_LINES = 1500
_MAX_LINKS = 1000
_MAX_FOOTER = 600
"""Our own bounds for one alert of several, within Slack's for a section's text and 2000 for a context element's."""
_MIN_TEXT = 40
"""Half of this is enough for the mark in a footer; with it the longest message fits, whatever is in it."""
_MAX_MENTIONS = 40
_MARGIN = 208
"""Per alert, kept free by `fit`: when it is sent the latency and the dates may be longer and LATE may be there, and an
edit adds the repeats (`🔁 ×1,234 · $123.4M in 23h 59m`), and that the trade was taken back. Plain text has no
strike-through."""

_GROUP = re.compile(r"S[A-Z0-9]{1,20}")
_USER = re.compile(r"[UW][A-Z0-9]{1,20}")
_HALF_ENTITY = re.compile(r"&[a-z]{0,3}$")


def escape(text: str) -> str:
    """Exactly the three characters that Slack documents; after it no mention and no link is alive."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message(batch: Batch, look: Look, now_ns: int) -> dict[str, Any]:
    """`text`, `blocks` and `attachments` of one post; the channel and the metadata are the destination's.

    A digest's and a notice's batch has no deliveries of its own, and pings nobody.
    """
    cards = cards_of(batch, look, now_ns)[:MAX_ALERTS]
    mentions = _mentions(batch.deliveries[:MAX_ALERTS])
    blocks = [*_mention_blocks(mentions), _header(_headline(cards))]
    return {
        "text": _text(mentions, cards),  # with blocks beside it, Slack shows this in notifications only
        "blocks": blocks,
        "attachments": _attachments(cards, MAX_TOTAL - _size(blocks)),
    }


def fit(deliveries: Sequence[Delivery], look: Look) -> int:
    """How many of these, from the first on, one message carries uncut; at least 1 for a non-empty sequence."""
    first = deliveries[:MAX_ALERTS]
    cards = [card(delivery, look, delivery.alert.print.received_ns) for delivery in first]
    room = MAX_TOTAL - _size([*_mention_blocks(_mentions(first)), _header(_headline(cards))])
    for count, shown in enumerate(cards):
        room -= _size(_attachment(shown, has_title=True, max_text=_MAX_LINES)) + _MARGIN
        if room < 0:
            return max(1, count)
    return len(first)


def _headline(cards: Sequence[Card]) -> str:
    if len(cards) == 1:
        return cards[0].title
    return f"{len(cards)} alerts: " + ", ".join(shown.title for shown in cards)


def _text(mentions: Sequence[str], cards: Sequence[Card]) -> str:
    lines = "\n".join(escape(shown.headline) for shown in cards)
    prefix = "".join(f"{mention} " for mention in mentions)
    return prefix + _cut(lines, MAX_TEXT - len(prefix))


def _mentions(deliveries: Iterable[Delivery]) -> list[str]:
    wanted = mentions_of(deliveries)
    groups = [f"<!subteam^{mention}>" for mention in wanted if _GROUP.fullmatch(mention)]
    users = [f"<@{mention}>" for mention in wanted if _USER.fullmatch(mention)]
    return [*groups, *users][:_MAX_MENTIONS]


def _mention_blocks(mentions: Sequence[str]) -> list[dict[str, Any]]:
    return [{"type": "section", "text": _mrkdwn(" ".join(mentions))}] if mentions else []


def _attachments(cards: Sequence[Card], room: int) -> list[dict[str, Any]]:
    """Uncut where that fits, as it does for whatever `fit` let through unless one alert alone is too long."""
    max_text = MAX_SECTION if len(cards) == 1 else _MAX_LINES
    while True:
        # In a message of one alert the headline is its title already.
        attachments = [_attachment(shown, has_title=len(cards) > 1, max_text=max_text) for shown in cards]
        if _size(attachments) <= room or max_text < _MIN_TEXT:
            return attachments
        max_text //= 2


def _attachment(shown: Card, *, has_title: bool, max_text: int) -> dict[str, Any]:
    """The one place where lengths are enforced, with `_header` and `_text`."""
    details = escape("\n".join(part for part in (shown.tag_line, *shown.lines) if part))
    footer = _cut(escape(shown.footer), min(_MAX_FOOTER, max_text))
    elements = [*_links(shown.links, min(_MAX_LINKS, max_text)), *([_plain(footer)] if footer else [])]
    blocks = [
        *([_header(shown.title)] if has_title else []),
        *([{"type": "section", "text": _plain(_cut(details, max_text))}] if details else []),
        *([{"type": "context", "elements": elements}] if elements else []),
    ]
    return {"color": f"#{shown.colour:06x}", "blocks": blocks}


def _links(links: Iterable[Link], room: int) -> list[dict[str, Any]]:
    """Whole links only, while they fit. Their addresses are percent-encoded and hold no `|` and no `>`."""
    row = ""
    for link in links:
        longer = f"{row} · {_linked(link)}" if row else _linked(link)
        if units(longer) <= room:
            row = longer
    return [_mrkdwn(row)] if row else []


def _linked(link: Link) -> str:
    return f"<{escape(link.url)}|{escape(link.label)}>"


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": _plain(_cut(escape(text), MAX_HEADER))}


def _mrkdwn(text: str) -> dict[str, Any]:
    # verbatim: Slack makes no links, channels or names of what only looks like them.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": True}


def _cut(escaped: str, max_units: int) -> str:
    """Like `cut`, and never within an entity."""
    shorter = cut(escaped, max_units)
    return shorter if shorter == escaped else f"{_HALF_ENTITY.sub('', shorter.removesuffix('…'))}…"


def _size(part: Any) -> int:
    return units(json.dumps(part, ensure_ascii=False))
