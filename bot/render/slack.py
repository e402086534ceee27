"""Batches as Slack messages: a headline block, then one coloured attachment a card, within Slack's limits.

Upstream text goes into `plain_text` objects, which know no markup, and is escaped there too: `*`, `_` and `` ` ``
cannot break a line, and `<!channel>` is dead in every part. Limits: Slack's Block Kit reference, 2026-11.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Final

from bot.model.alerts import Batch, Delivery
from bot.render import slack_answer
from bot.render.buttons import Menu, alert_controls
from bot.render.card import Card, Link, card
from bot.render.cards import cards_of, mentions_of, report_footer
from bot.render.lengths import units
from bot.render.look import Look
from bot.render.slack_blocks import (
    MAX_SECTION,
    MAX_TEXT,
    MAX_TOTAL,
    buttons_row,
    cut_escaped,
    escape,
    header,
    menu_row,
    mrkdwn,
    plain,
    section,
    size,
)

MAX_ALERTS: Final = 15
"""Each takes three blocks or fewer, a message has at most 50, and three are kept for the mentions, the headline and
the buttons."""

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


def message(batch: Batch, look: Look, now_ns: int, *, is_answered: bool = False) -> dict[str, Any]:
    """`text`, `blocks` and `attachments` of one post; the channel and the metadata are the destination's.

    A digest's, a report's and a notice's batch has no deliveries of its own, and pings nobody. `is_answered`: somebody
    listens to what is pressed, so there are buttons.
    """
    if batch.report is not None:
        return slack_answer.message(batch.report, report_footer(batch, look, now_ns), has_buttons=is_answered)
    cards = cards_of(batch, look, now_ns)[:MAX_ALERTS]
    mentions = _mentions(batch.deliveries[:MAX_ALERTS])
    blocks = [*_mention_blocks(mentions), header(_headline(cards))]
    room = MAX_TOTAL - size(blocks)
    bare = _attachments(cards, room)
    pressable = _with_controls(bare, _controls(batch)) if is_answered else bare
    return {
        "text": _text(mentions, cards),  # with blocks beside it, Slack shows this in notifications only
        "blocks": blocks,
        # Where `fit` kept no room for them (nobody listened then), text goes before buttons.
        "attachments": pressable if size(pressable) <= room else bare,
    }


def fit(deliveries: Sequence[Delivery], look: Look, *, is_answered: bool = False) -> int:
    """How many of these, from the first on, one message carries uncut; at least 1 for a non-empty sequence."""
    first = tuple(deliveries[:MAX_ALERTS])
    cards = [card(delivery, look, delivery.alert.print.received_ns) for delivery in first]
    room = MAX_TOTAL - size([*_mention_blocks(_mentions(first)), header(_headline(cards))])
    sizes = (size(_attachment(shown, has_title=True, max_text=_MAX_LINES)) + _MARGIN for shown in cards)
    left = [room - used for used in accumulate(sizes)]
    count = sum(rest >= 0 for rest in left)
    while is_answered and count > 1 and left[count - 1] < _controls_size(first[:count]):
        count -= 1
    return max(min(1, len(first)), count)


def _controls(batch: Batch) -> list[dict[str, Any]]:
    """The actions block of a batch, if it has one."""
    controls = alert_controls(batch)
    if isinstance(controls, Menu):
        return menu_row(controls.placeholder, controls.options)
    return buttons_row(controls)


def _controls_size(deliveries: tuple[Delivery, ...]) -> int:
    """With the attachment that a menu stands in. What is shown of one alert does not grow with what an edit adds."""
    first = deliveries[0]
    batch = Batch("", first.destination, deliveries, first.alert.print.received_ns)
    return size(_with_controls([], _controls(batch)))


def _with_controls(attachments: list[dict[str, Any]], controls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Below the one card, behind its colour; apart from several."""
    if not controls:
        return attachments
    if len(attachments) == 1:
        (alone,) = attachments
        return [{**alone, "blocks": [*alone["blocks"], *controls]}]
    return [*attachments, {"blocks": controls}]


def _headline(cards: Sequence[Card]) -> str:
    if len(cards) == 1:
        return cards[0].title
    return f"{len(cards)} alerts: " + ", ".join(shown.title for shown in cards)


def _text(mentions: Sequence[str], cards: Sequence[Card]) -> str:
    lines = "\n".join(escape(shown.headline) for shown in cards)
    prefix = "".join(f"{mention} " for mention in mentions)
    return prefix + cut_escaped(lines, MAX_TEXT - len(prefix))


def _mentions(deliveries: Iterable[Delivery]) -> list[str]:
    wanted = mentions_of(deliveries)
    groups = [f"<!subteam^{mention}>" for mention in wanted if _GROUP.fullmatch(mention)]
    users = [f"<@{mention}>" for mention in wanted if _USER.fullmatch(mention)]
    return [*groups, *users][:_MAX_MENTIONS]


def _mention_blocks(mentions: Sequence[str]) -> list[dict[str, Any]]:
    return [section(mrkdwn(" ".join(mentions)))] if mentions else []


def _attachments(cards: Sequence[Card], room: int) -> list[dict[str, Any]]:
    """Uncut where that fits, as it does for whatever `fit` let through unless one alert alone is too long."""
    max_text = MAX_SECTION if len(cards) == 1 else _MAX_LINES
    while True:
        # In a message of one alert the headline is its title already.
        attachments = [_attachment(shown, has_title=len(cards) > 1, max_text=max_text) for shown in cards]
        if size(attachments) <= room or max_text < _MIN_TEXT:
            return attachments
        max_text //= 2


def _attachment(shown: Card, *, has_title: bool, max_text: int) -> dict[str, Any]:
    """The one place where lengths are enforced, with `header` and `_text`."""
    details = escape("\n".join(part for part in (shown.tag_line, *shown.lines) if part))
    footer = cut_escaped(escape(shown.footer), min(_MAX_FOOTER, max_text))
    elements = [*_links(shown.links, min(_MAX_LINKS, max_text)), *([plain(footer)] if footer else [])]
    blocks = [
        *([header(shown.title)] if has_title else []),
        *([section(plain(cut_escaped(details, max_text)))] if details else []),
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
    return [mrkdwn(row)] if row else []


def _linked(link: Link) -> str:
    return f"<{escape(link.url)}|{escape(link.label)}>"
