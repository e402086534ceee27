"""The platforms' documented rates and the keys of their buckets, which hold no secret."""

from hashlib import blake2b
from typing import Final

from bot.model.ports import Rate

DISCORD_CHANNEL: Final = (Rate(5, 5.0),)
DISCORD_BOT: Final = (Rate(50, 1.0),)
"""All requests of one bot together (Discord's reference, "Global Rate Limit")."""
DISCORD_WEBHOOK: Final = (Rate(5, 2.0), Rate(30, 60.0))
DISCORD_CHANNEL_WEBHOOKS: Final = (Rate(30, 60.0),)
"""All webhooks of one channel together; no header tells, seen by many."""
DISCORD_EDIT: Final = (Rate(5, 5.0),)
"""Edits in one channel, or by one webhook: buckets of their own. Discord names no figure and wants its headers read;
this is what they showed to many."""
SLACK: Final = (Rate(1, 1.0),)
"""A channel, and likewise a webhook, which stands for one channel (Slack's "Rate limits")."""
SLACK_UPDATE: Final = (Rate(50, 60.0),)
"""chat.update is of Tier 3: fifty a minute and more, for a method, an app and a workspace (Slack's "Rate limits")."""


def digest(secret: str) -> str:
    """A short name for a secret, from which nobody finds it."""
    return blake2b(secret.encode(), digest_size=6).hexdigest()
