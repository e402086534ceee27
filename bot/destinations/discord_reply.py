"""What Discord's answer to a post or an edit means. Pure.

Sources: Discord's reference, "Rate Limits" and "Opcodes and Status Codes: JSON", 2026-11.
"""

from collections.abc import Iterator
from typing import Any, Final

from bot.destinations.http import Reply, trim
from bot.destinations.verdicts import by_status
from bot.destinations.waits import discord_pace, longest
from bot.model.outcomes import DestinationDead, EditOutcome, Gone, Outcome, Retry, Sent

DEAD_CODES: Final = frozenset({50008, 50024, 50083, 160005, 220001, 220002, 220003})
"""A 400 that every message would get here: no text channel, an archived or locked thread, a forum's webhook without
`thread_id`. Splitting the batch would only repeat it."""
GONE_CODES: Final = frozenset({10008, 30046, 50005, 50021, 50083})
"""The message is deleted (or was in another thread), has had its edits for the hour, is not ours, is a system message,
or stands in an archived thread, which a new message opens again."""


def judge(reply: Reply) -> Outcome:
    """The outcome of one post to a channel or a webhook."""
    pace = discord_pace(reply.headers)
    body = reply.json()
    if reply.is_2xx:
        return Sent(_text(body, "id"), _text(body, "channel_id"), _link(body), pace)
    if reply.status == 429:
        scope = reply.headers.get("X-RateLimit-Scope")
        # Neither Discord's JSON nor its header: that is Cloudflare, which limits the whole machine.
        is_foreign = scope is None and "retry_after" not in body
        return Retry(
            _words(reply, body) or "rate limited",
            after_s=longest(reply.headers.get("Retry-After"), body.get("retry_after")),
            is_asked=True,
            is_global=bool(body.get("global")) or scope == "global" or is_foreign,
            pace=pace,
        )
    if reply.status == 400 and body.get("code") in DEAD_CODES:
        return DestinationDead(f"HTTP 400: {_words(reply, body)}")
    return by_status(reply.status, _words(reply, body))


def judge_edit(reply: Reply) -> EditOutcome:
    """The outcome of one edit of a channel's or a webhook's message."""
    body = reply.json()
    if not reply.is_2xx and body.get("code") in GONE_CODES:
        return Gone(f"HTTP {reply.status}: {_words(reply, body)}")
    return judge(reply)


def _words(reply: Reply, body: dict[str, Any]) -> str:
    """`Invalid Form Body (code 50035): embeds.0.title: Must be 256 or fewer in length.`"""
    if "message" not in body:
        return reply.words()
    code = f" (code {body['code']})" if body.get("code") else ""
    details = "; ".join(_details(body.get("errors"), ()))
    return trim(f"{body['message']}{code}" + (f": {details}" if details else ""))


def _details(errors: object, path: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(errors, dict):
        return
    for key, below in errors.items():
        if key == "_errors" and isinstance(below, list):
            words = ", ".join(str(error.get("message", "")) for error in below if isinstance(error, dict))
            yield f"{'.'.join(path)}: {words}"
        else:
            yield from _details(below, (*path, key))


def _link(body: dict[str, Any]) -> str | None:
    """Where a person finds the message; a plain post's answer need not name the server."""
    parts = [_text(body, key) for key in ("guild_id", "channel_id", "id")]
    return None if None in parts else "https://discord.com/channels/" + "/".join(part or "" for part in parts)


def _text(body: dict[str, Any], key: str) -> str | None:
    value = body.get(key)
    return value if isinstance(value, str) and value else None
