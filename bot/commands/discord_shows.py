"""Telling Discord: that a question arrived, its answer, what may be typed. Whatever Discord says to that is logged.

Source: Discord's developer documents, "Receiving and Responding to Interactions", 2026-11. A token lives 15 minutes.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, Final

import aiohttp
import discord
import msgspec
import structlog
from discord.app_commands import Choice
from discord.http import HTTPClient, Route

from bot.commands.completion import MAX_SUGGESTION, MOST_SUGGESTED
from bot.commands.discord_asks import Ask
from bot.commands.doors import ACK_S
from bot.model.answers import Answer, Picture
from bot.render import discord_answer

log = structlog.get_logger()

SHOW_S: Final = 60.0
"""Until showing an answer is given up; discord.py waits and tries again within it."""

_EPHEMERAL = 64
"""Discord, "Message Flags"."""
_ALREADY_ACKNOWLEDGED = 40060
_HOOK = "/webhooks/{webhook_id}/{webhook_token}"
_TROUBLE = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)


async def acknowledge(interaction: discord.Interaction, ask: Ask) -> bool:
    """Tell Discord that an answer will come, and where it is to stand. False: it will not take one.

    Where nobody knows whether Discord heard it, an answer is worth trying.
    """
    try:
        async with asyncio.timeout(ACK_S):
            await interaction.response.defer(ephemeral=ask.is_private, thinking=not ask.is_replacing)
    except discord.HTTPException as error:
        _failed("acknowledgement", error)
        return error.code == _ALREADY_ACKNOWLEDGED  # by a first try of ours, whose answer was lost
    except _TROUBLE as error:
        _failed("acknowledgement", error)
    return True


async def show(http: HTTPClient, interaction: discord.Interaction, ask: Ask, answer: Answer) -> None:
    """Put the answer where the acknowledgement said.

    What went wrong takes no message's place: it is told beside it, to the asker alone.
    """
    body = discord_answer.message(answer)
    address: dict[str, Any] = {"webhook_id": interaction.application_id, "webhook_token": interaction.token}
    if ask.is_replacing and answer.tone == "trouble":
        route = Route("POST", _HOOK, **address)
        body["flags"] = _EPHEMERAL
    else:
        route = Route("PATCH", _HOOK + "/messages/@original", **address)
    await _tried("answer", http.request(route, **_form(body, discord_answer.picture_of(answer))), SHOW_S)


async def say_at_once(interaction: discord.Interaction, answer: Answer) -> None:
    """Answer without an acknowledgement before, to the asker alone."""
    embed = discord.Embed.from_dict(discord_answer.message(answer)["embeds"][0])
    await _tried("answer", interaction.response.send_message(embed=embed, ephemeral=True), ACK_S)


async def suggest(interaction: discord.Interaction, found: Iterable[str]) -> None:
    """What the option that is being typed may become."""
    choices = [Choice(name=text, value=text) for text in found if 0 < len(text) <= MAX_SUGGESTION]
    await _tried("suggestions", interaction.response.autocomplete(choices[:MOST_SUGGESTED]), ACK_S)


async def _tried(what: str, request: Awaitable[object], timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await request
    except _TROUBLE as error:
        _failed(what, error)


def _failed(what: str, error: Exception) -> None:
    """`code` is Discord's: 10062 came too late, 50027 the token has expired."""
    code = error.code if isinstance(error, discord.HTTPException) else 0
    log.warning("commands.reply_failed", platform="discord", what=what, error=type(error).__name__, code=code)


def _form(body: Mapping[str, Any], picture: Picture | None) -> dict[str, Any]:
    """The body as JSON, or as a form with its one file."""
    if picture is None:
        return {"json": body}
    json = {"name": "payload_json", "value": msgspec.json.encode(body).decode(), "content_type": "application/json"}
    png = {"name": "files[0]", "value": picture.png, "filename": picture.name, "content_type": "image/png"}
    return {"form": [json, png]}
