"""What an edit of a Discord message says, the same for a bot's and a webhook's messages. Pure."""

from typing import Any

from bot.model.alerts import Edit
from bot.render import discord
from bot.render.look import Look


def body(edit: Edit, look: Look, *, is_pressable: bool = False) -> dict[str, Any]:
    """The whole message again, as of when it was sent, so that its latency stays; whatever pinged then is quiet now.

    Without `allowed_mentions` Discord would read the content's mentions by its own default, which lets everyone through
    (reference, "Edit Message").
    """
    message = discord.message(edit.batch, look, edit.posted.sent_ns, is_pressable=is_pressable)
    return {**message, "allowed_mentions": {"parse": []}}
