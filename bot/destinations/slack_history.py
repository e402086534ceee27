"""Looks for one of our messages in a page of a Slack channel's history, by the metadata it carries. Pure.

Source: Slack's reference of conversations.history, 2026-11.
"""

from dataclasses import dataclass
from typing import Any, Final

from bot.destinations.http import Reply
from bot.destinations.slack_reply import judge_api
from bot.destinations.verdicts import unseen
from bot.model.alerts import Batch
from bot.model.outcomes import Absent, Sent, Sight

EVENT_TYPE: Final = "flowbot_alert"
PAGE: Final = 100
SKEW_NS: Final = 60_000_000_000
"""How far our clock may be ahead of Slack's."""


@dataclass(frozen=True, slots=True)
class Further:
    """The message is not among these; the page of this cursor is to be looked at."""

    cursor: str


def query(channel: str, batch: Batch) -> dict[str, str]:
    """The first page of what was posted since the batch was frozen."""
    since_us = (batch.frozen_ns - SKEW_NS) // 1000
    oldest = f"{since_us // 1_000_000}.{since_us % 1_000_000:06d}"
    return {"channel": channel, "oldest": oldest, "limit": str(PAGE), "include_all_metadata": "true"}


def look(reply: Reply, batch: Batch, channel: str) -> Sight | Further:
    """What one page of `channel` says about the batch."""
    body = reply.json()
    messages = body.get("messages")
    if not reply.is_2xx or body.get("ok") is not True or not isinstance(messages, list):
        return unseen(judge_api(reply))
    for message in messages:
        if isinstance(message, dict) and _is_of(batch, message):
            return Sent(str(message["ts"]), channel)
    cursor = _part(body, "response_metadata").get("next_cursor")
    return Further(cursor) if isinstance(cursor, str) and cursor else Absent()


def _is_of(batch: Batch, message: dict[str, Any]) -> bool:
    metadata = _part(message, "metadata")
    is_ours = metadata.get("event_type") == EVENT_TYPE and _part(metadata, "event_payload").get("batch") == batch.id
    return is_ours and isinstance(message.get("ts"), str)


def _part(body: dict[str, Any], key: str) -> dict[str, Any]:
    part = body.get(key)
    return part if isinstance(part, dict) else {}
