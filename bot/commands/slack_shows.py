"""Answers, sent: to the response URL of whoever asked, and a picture after it into the channel."""

from typing import Any

import aiohttp
import structlog
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.commands.core import is_private
from bot.commands.slack_asks import Ask
from bot.destinations.slack_files import SlackFiles
from bot.model.answers import Answer
from bot.render import slack_answer
from bot.render.lengths import cut

log = structlog.get_logger()


class Shows:
    """Shows answers to those who asked."""

    def __init__(self, http: aiohttp.ClientSession, files: SlackFiles) -> None:
        self._http = http
        self._files = files

    async def show(self, ask: Ask, answer: Answer) -> None:
        """Send it once. The text waits for no picture; an answer that only the asker sees has none."""
        if not await self._post(ask, body(ask, answer)) or answer.picture is None:
            return
        if not (ask.channel and is_public(ask, answer)):
            return
        if reason := await self._files.show(answer.picture, ask.channel):
            log.warning("commands.picture_left_out", platform="slack", channel=ask.channel, reason=reason)

    async def _post(self, ask: Ask, message: dict[str, Any]) -> bool:
        hook = AsyncWebhookClient(ask.answer_at.reveal(), session=self._http, retry_handlers=[])
        try:
            sent = await hook.send_dict(message)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # The error's own words may hold the URL, which is a key.
            log.warning("commands.reply_failed", platform="slack", error=type(error).__name__)
            return False
        if sent.status_code != 200:
            log.warning("commands.reply_failed", platform="slack", status=sent.status_code, said=cut(sent.body, 100))
        return sent.status_code == 200


def body(ask: Ask, answer: Answer) -> dict[str, Any]:
    """The answer as a message for the response URL: in the message's place, for the asker alone, or for the channel."""
    shown = slack_answer.message(answer, asker=ask.user)
    if _replaces(ask, answer):
        return {**shown, "replace_original": True}  # it stays as public as it was
    where = {"response_type": "in_channel" if is_public(ask, answer) else "ephemeral"}
    return {**shown, **where, **({"replace_original": False} if ask.is_press else {})}


def is_public(ask: Ask, answer: Answer) -> bool:
    """Whether all in the channel see the answer: that of a command, or a page turned in such a one."""
    if _is_private(ask, answer):
        return False
    return _replaces(ask, answer) and not ask.is_hidden if ask.is_press else True


def _replaces(ask: Ask, answer: Answer) -> bool:
    """What went wrong takes no message's place, nor does what is for one alone take that of what all read."""
    return ask.is_replacing and answer.tone != "trouble" and (ask.is_hidden or not _is_private(ask, answer))


def _is_private(ask: Ask, answer: Answer) -> bool:
    return answer.is_private or ask.request is None or is_private(ask.request)
