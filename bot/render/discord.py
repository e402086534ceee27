"""Batches as Discord messages: embeds within Discord's limits, mentions that ping only where a rule says so.

Limits: Discord's developer documents, "Message" and "Embed Limits", 2026-11.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from bot.model.alerts import Batch, Delivery
from bot.model.answers import Answer, Picture
from bot.render import discord_answer
from bot.render.buttons import alert_controls
from bot.render.card import Card, Link, card
from bot.render.cards import cards_of, mentions_of
from bot.render.discord_components import rows
from bot.render.discord_text import MAX_DESCRIPTION, MAX_FOOTER, MAX_TITLE, cut_escaped, defuse, escape
from bot.render.lengths import cut, units
from bot.render.look import Look

MAX_EMBEDS: Final = 10
MAX_URL: Final = 2048
MAX_TOTAL: Final = 6000
"""Over all embeds of one message together: titles, descriptions, footers."""
MAX_ROLES: Final = 80
"""Discord allows 100 in `allowed_mentions`; this many fit into the content, whatever their ids."""

_MAX_LINKS = 1000
"""Our own bound on the row of links, so that the facts always have room."""
_MARGIN = 216
"""Per embed, kept free by `fit`: when it is sent the latency and the dates may be longer and LATE may be there, and an
edit adds the repeats (`🔁 ×1,234 · $123.4M in 23h 59m`), and that the trade was taken back, in `~~` marks."""

_ROLE = re.compile(r"[0-9]{1,20}")


def message(batch: Batch, look: Look, now_ns: int, *, is_pressable: bool = False) -> dict[str, Any]:
    """The whole body of one post but for what only a bot may add (`nonce`). At most ten deliveries are shown.

    A digest's, a report's and a notice's batch has no deliveries of its own, and pings nobody. `is_pressable`: whoever
    presses a button there is answered; whose picture goes along is `picture_of`.
    """
    body = _alerts(batch, look, now_ns) if batch.report is None else _report(batch.report, batch.mark, look)
    if is_pressable:
        body["components"] = rows(alert_controls(batch))
    return body


def picture_of(batch: Batch) -> Picture | None:
    """What goes along with `message` as a file; only a report has one."""
    return None if batch.report is None else discord_answer.picture_of(batch.report)


def _report(report: Answer, mark: str, look: Look) -> dict[str, Any]:
    body = discord_answer.message(report, mark, look.footer_note)
    return {key: value for key, value in body.items() if key != "components" and value != []}


def _alerts(batch: Batch, look: Look, now_ns: int) -> dict[str, Any]:
    cards = cards_of(batch, look, now_ns)[:MAX_EMBEDS]
    embeds = _embeds(cards, MAX_TOTAL)
    if sum(map(_size, embeds)) > MAX_TOTAL:
        embeds = _embeds(cards, MAX_TOTAL // len(cards))
    roles = _roles(batch.deliveries[:MAX_EMBEDS])
    body: dict[str, Any] = {"embeds": embeds, "allowed_mentions": {"parse": [], "roles": roles}}
    if roles:  # embeds never ping: only the content does
        body["content"] = " ".join(f"<@&{role}>" for role in roles)
    return body


def fit(deliveries: Sequence[Delivery], look: Look) -> int:
    """How many of these, from the first on, one message carries uncut; at least 1 for a non-empty sequence."""
    first = deliveries[:MAX_EMBEDS]
    cards = [card(delivery, look, delivery.alert.print.received_ns) for delivery in first]
    room = MAX_TOTAL
    for count, embed in enumerate(_embeds(cards, MAX_TOTAL)):
        room -= _size(embed) + _MARGIN
        if room < 0:
            return max(1, count)
    return len(first)


def _roles(deliveries: Iterable[Delivery]) -> list[str]:
    return [mention for mention in mentions_of(deliveries) if _ROLE.fullmatch(mention)][:MAX_ROLES]


def _embeds(cards: Iterable[Card], room: int) -> list[dict[str, Any]]:
    """One embed a card, each of at most `room` units."""
    embeds: list[dict[str, Any]] = []
    taken: set[str] = set()
    for shown in cards:
        # Discord merges embeds that share a url, so an address links one title of a message only.
        urls = [link.url for link in shown.links[:1] if link.url not in taken and len(link.url) <= MAX_URL]
        taken.update(urls)
        embeds.append(_embed(shown, url=urls[0] if urls else None, room=room))
    return embeds


def _embed(shown: Card, *, url: str | None, room: int) -> dict[str, Any]:
    """The one place where lengths are enforced. The title and the footer come first, then as many facts as fit."""
    title = cut_escaped(escape(shown.title), min(MAX_TITLE, room // 3))
    footer = cut(defuse(shown.footer), min(MAX_FOOTER, room // 3))
    room = min(MAX_DESCRIPTION, room - units(title) - units(footer))
    links = _link_row(shown.links[0 if url is None else 1 :], min(_MAX_LINKS, room // 2))
    facts = [f"**{shown.tag_line}**"] if shown.tags else []
    lines = [escape(line) for line in shown.lines]
    first = len(lines) - shown.struck
    facts += [*lines[:first], *(f"~~{line}~~" for line in lines[first:])]
    text = cut_escaped("\n".join(facts), room - units(links) - 1)
    embed: dict[str, Any] = {"title": title, "color": shown.colour}
    if url is not None:
        embed["url"] = url
    if description := "\n".join(part for part in (text, links) if part):
        embed["description"] = description
    if footer:
        embed["footer"] = {"text": footer}
    return embed


def _link_row(links: Iterable[Link], room: int) -> str:
    """Whole links only, while they fit. Their addresses are percent-encoded and hold no bracket."""
    row = ""
    for link in links:
        longer = f"{row} · {_masked(link)}" if row else _masked(link)
        if units(longer) <= room:
            row = longer
    return row


def _masked(link: Link) -> str:
    return f"[{escape(link.label)}]({link.url})"


def _size(embed: dict[str, Any]) -> int:
    footer = embed.get("footer", {}).get("text", "")
    return units(embed["title"]) + units(embed.get("description", "")) + units(footer)
