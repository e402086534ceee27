"""Who is in the Slack user groups that may steer: asked of the workspace, and remembered for some minutes."""

import asyncio
from collections.abc import Collection
from typing import Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.model.secret import Secret
from bot.render.lengths import cut

log = structlog.get_logger()

KEEP_S: Final = 300.0
KEEP_FAILED_S: Final = 30.0
"""Until a group that could not be read is asked for again."""
LOOK_S: Final = 3.0
"""A member waits so long for an answer, at most, because of this."""
_REMEDIES: Final = {
    "missing_scope": "give the Slack app the scope usergroups:read and install it again",
    "no_such_subteam": "check admin.slack_groups",
    "subteam_not_found": "check admin.slack_groups",
}


class Groups:
    """The members of user groups. A group that cannot be read has none."""

    def __init__(self, web: AsyncWebClient, bot_token: Secret) -> None:
        self._web = web
        self._token = bot_token
        self._known: dict[str, tuple[float, frozenset[str]]] = {}
        """By group: until when that is believed, and its members."""
        self._told: set[tuple[str, str]] = set()
        self._turn = asyncio.Lock()

    async def members(self, groups: Collection[str]) -> frozenset[str]:
        """Everybody who is in any of `groups`."""
        found: frozenset[str] = frozenset()
        for group in groups:
            async with self._turn:  # whoever waits here finds it answered
                found |= await self._of(group)
        return found

    async def _of(self, group: str) -> frozenset[str]:
        now = asyncio.get_running_loop().time()
        until, members = self._known.get(group, (0.0, frozenset()))
        if now < until:
            return members
        reason = ""
        try:
            async with asyncio.timeout(LOOK_S):
                reply = await self._web.usergroups_users_list(token=self._token.reveal(), usergroup=group)
            members = frozenset(map(str, reply.get("users") or ()))
        except SlackApiError as error:
            said = error.response.data  # a str where Slack's proxy answered with something else than JSON
            reason = str(said.get("error", "")) if isinstance(said, dict) else f"status {error.response.status_code}"
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            reason = type(error).__name__
        if reason:
            members = frozenset()
            self._tell(group, cut(reason, 60))
        self._known[group] = (now + (KEEP_FAILED_S if reason else KEEP_S), members)
        return members

    def _tell(self, group: str, reason: str) -> None:
        """Once for each reason: the group is asked for again and again."""
        if (group, reason) not in self._told:
            self._told.add((group, reason))
            remedy = _REMEDIES.get(reason, "until then nobody may steer by being in it")
            log.warning("commands.group_unread", platform="slack", group=group, reason=reason, remedy=remedy)
