"""Uploads a picture to Slack and shows it in a channel or a thread: three calls, none of which is ever repeated.

Source: Slack, files.getUploadURLExternal and files.completeUploadExternal, 2026-11. The address to upload to is a
secret: whoever has it uploads in our name.
"""

import asyncio
from typing import Any, Final

import aiohttp
from yarl import URL

from bot.destinations.http import Endpoint, Reply, trim
from bot.model.answers import Picture

UPLOAD_S: Final = 15.0
"""For all three calls together, unless told."""
MAX_ALT: Final = 1000
MAX_NAME: Final = 100
_REMEDIES: Final = {
    "missing_scope": "give the Slack app the scope files:write and install it again",
    "not_in_channel": "invite the bot to the channel",
    "channel_not_found": "invite the bot to the channel",
}


class SlackFiles:
    """What one bot uploads."""

    def __init__(self, api: Endpoint) -> None:
        """`api` is the Web API, with the bot's token."""
        self._api = api

    async def show(self, picture: Picture, channel: str, thread: str | None = None, within_s: float = UPLOAD_S) -> str:
        """Upload the picture and share it in a channel, or in the thread of one of its messages.

        Empty where that went well, else why not, and what to do where that is known. Raises nothing of the network's.
        Slack shows the picture a moment later.
        """
        try:
            async with asyncio.timeout(within_s):
                return await self._show(picture, channel, thread)
        except TimeoutError:
            return f"not uploaded within {within_s:g} s"

    async def _show(self, picture: Picture, channel: str, thread: str | None) -> str:
        about = {"filename": picture.name[:MAX_NAME], "length": str(len(picture.png)), "alt_txt": picture.alt[:MAX_ALT]}
        place, reason = await self._call("files.getUploadURLExternal", None, **about)
        if reason:
            return reason
        url, file = place.get("upload_url"), place.get("file_id")
        if not isinstance(url, str) or not isinstance(file, str):
            return "Slack named no place to upload to"
        if reason := await self._upload(url, picture.png):
            return reason
        where = {"channel_id": channel, **({} if thread is None else {"thread_ts": thread})}
        title = picture.alt[:MAX_NAME] or picture.name
        _, reason = await self._call("files.completeUploadExternal", {"files": [{"id": file, "title": title}], **where})
        return reason

    async def _call(self, method: str, body: object, **query: str) -> tuple[dict[str, Any], str]:
        """What a method says, and why it did not do it; empty where it did."""
        reply = await self._api.at(method, **query).post(body)
        if not isinstance(reply, Reply):
            return {}, reply.reason
        said = reply.json()
        if reply.is_2xx and said.get("ok") is True:
            return said, ""
        error = trim(str(said.get("error") or f"status {reply.status}"))
        remedy = _REMEDIES.get(error)
        return said, f"{error}: {remedy}" if remedy else error

    async def _upload(self, url: str, png: bytes) -> str:
        kind = {"Content-Type": "application/octet-stream"}
        try:
            async with self._api.session.post(
                URL(url, encoded=True), data=png, headers=kind, allow_redirects=False
            ) as reply:
                return "" if reply.status == 200 else f"the upload was answered with status {reply.status}"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"the upload failed ({type(error).__name__})"  # the error's own words may hold the address
