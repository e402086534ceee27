"""Looks for one of our messages in a page of a Discord channel's history. Pure.

Sources: Discord's reference, "Get Channel Messages" and "Snowflakes", 2026-11.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from bot.destinations.discord_reply import judge
from bot.destinations.http import Reply
from bot.destinations.verdicts import unseen
from bot.model.alerts import Batch
from bot.model.outcomes import Absent, Blind, Sent, Sight

PAGE: Final = 100
"""The most that one answer holds."""
EPOCH_MS: Final = 1_420_070_400_000
"""The first second of 2015, from which snowflakes count."""
SKEW_NS: Final = 60_000_000_000
"""How far our clock may be ahead of Discord's. An older message is not this batch's, whatever it shows."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Older:
    """The message is not among these; those before the message of this id are to be looked at."""

    before: str


def look(reply: Reply, batch: Batch, *, is_first: bool) -> Sight | Older:
    """What one page, newest message first, says about the batch."""
    rows = reply.rows()
    if not reply.is_2xx or rows is None:
        return unseen(judge(reply))
    for row in rows:
        if _is_of(batch, row):
            return Sent(str(row["id"]), _text(row, "channel_id"))
    if not rows and is_first:
        # Discord answers so, and with no error, where the permission is missing.
        return Blind("the channel shows no messages: the bot may lack the permission Read Message History")
    ids = [id_ for row in rows if (id_ := _text(row, "id")) is not None and id_.isdecimal()]
    oldest = min(ids, key=int, default=None)
    if oldest is None or len(rows) < PAGE or _sent_ns(oldest) < _since_ns(batch):
        return Absent()
    return Older(oldest)


def _is_of(batch: Batch, row: dict[str, Any]) -> bool:
    """Whether a message is this batch's, by its nonce where Discord tells it, else by the mark in a footer.

    What has a webhook's id is never a bot's own post: a webhook shows the same alert in the same channel perhaps, and
    so does the answer to a command.
    """
    id_ = _text(row, "id")
    if id_ is None or not id_.isdecimal() or "webhook_id" in row or _sent_ns(id_) < _since_ns(batch):
        return False
    if row.get("nonce") is not None:
        return str(row["nonce"]) == batch.id
    return any(batch.mark in _WORD.findall(footer) for footer in _footers(row.get("embeds")))


def _footers(embeds: object) -> list[str]:
    footers = [embed.get("footer") for embed in embeds if isinstance(embed, dict)] if isinstance(embeds, list) else []
    return [str(footer.get("text", "")) for footer in footers if isinstance(footer, dict)]


def _since_ns(batch: Batch) -> int:
    return batch.frozen_ns - SKEW_NS


def _sent_ns(snowflake: str) -> int:
    return ((int(snowflake) >> 22) + EPOCH_MS) * 1_000_000


def _text(row: dict[str, Any], key: str) -> str | None:
    value = row.get(key)
    return value if isinstance(value, str) and value else None
