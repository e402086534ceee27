"""What the doctor sees of Slack: both tokens and their scopes, each channel, each webhook. Nothing is posted.

Source: Slack's reference of each method below, and "Handling errors" of "Sending messages using incoming webhooks".
"""

from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Final

import msgspec
from yarl import URL

from bot.destinations.http import Failure, Reply
from bot.destinations.platforms import SlackSettings
from bot.destinations.settings import SlackChannelSettings, SlackWebhookSettings
from bot.doctor.asking import Platform
from bot.doctor.findings import Finding, good, unseen
from bot.doctor.wants import Wants

POSTING: Final = {"chat:write": "to post"}
ASKING: Final = {"commands": "for /flow and the others", "im:write": "for personal alerts"}
NEEDED: Final = POSTING | ASKING
"""What docs/slack-manifest.yaml asks for; `ASKING` is for who has an app-level token."""
OPTIONAL: Final = {
    "chat:write.public": "to post in public channels without an invitation",
    "files:write": "for pictures",
    "channels:history": "to look for a message whose answer was lost, in public channels",
    "groups:history": "the same in private channels",
    "im:history": "the same in direct messages",
    "usergroups:read": "for admin.slack_groups",
}
REINSTALL: Final = "add it under OAuth & Permissions, then reinstall the app"
NOTHING_TO_POST: Final = ("no_text", "invalid_payload")
"""What a webhook that is there says to an empty message."""


class _Said(msgspec.Struct, frozen=True):
    ok: bool
    error: str = "an error without a name"
    user: str = "a bot"
    team: str = "a workspace"


class Slack:
    """One app."""

    def __init__(self, platform: Platform, settings: SlackSettings) -> None:
        app = settings.app_token
        self._platform = platform
        self._api = platform.api(settings.api_url, settings.bot_token.reveal(), "Bearer")
        self._app = None if app is None else platform.api(settings.api_url, app.reveal(), "Bearer")
        self._scopes: frozenset[str] = frozenset()
        self.is_in = False
        """The token is good, so that the rest can be looked at."""

    async def app(self, *, has_groups: bool) -> AsyncIterator[Finding]:
        """The tokens and their scopes; `has_groups`: the configuration names user groups. Raises NoAnswerError."""
        reply, said = await self._ask("slack", self._api.at("auth.test").post({}))
        if not said.ok:
            remedy = "copy it anew: OAuth & Permissions, Bot User OAuth Token (xoxb-…)"
            yield Finding("slack", "bad", f"Slack refuses the bot token: {said.error}", remedy)
            return
        self.is_in = True
        yield good("slack", f"the token is that of {said.user} in {said.team}")
        self._scopes = frozenset(scope.strip() for scope in reply.headers.get("X-OAuth-Scopes", "").split(","))
        wanted = POSTING | ({} if self._app is None else ASKING)
        if has_groups:
            wanted |= {"usergroups:read": OPTIONAL["usergroups:read"]}
        for scope, why in self._lacking(wanted).items():
            yield Finding("slack", "bad", f"the bot lacks the scope {scope} ({why})", REINSTALL)
        if spared := [scope for scope in self._lacking(OPTIONAL) if scope not in wanted]:
            yield good("slack", f"it does without these scopes (docs/slack.md has what for): {', '.join(spared)}")
        yield await self._socket_mode()

    async def channel(self, name: str, settings: SlackChannelSettings, wants: Wants) -> AsyncIterator[Finding]:
        """Whether the bot is in the channel; Slack tells that only who may read its history. Raises NoAnswerError."""
        history = self._api.at("conversations.history", channel=settings.channel, limit="1")
        _, said = await self._ask(name, history.get())
        yield self._posting(name, settings.channel, said)
        if wants.pictured and "files:write" not in self._scopes:
            what = f"without the scope files:write the pictures of {', '.join(wants.pictured)} are left out"
            yield Finding(name, "doubt", f"{what}; their text says the same", REINSTALL)
        elif wants.pictured and said.error == "not_in_channel":
            what = f"the pictures of {', '.join(wants.pictured)} are left out where the bot is not in the channel"
            yield Finding(name, "doubt", what, "say /invite @flowbot there")

    def _posting(self, name: str, channel: str, said: _Said) -> Finding:
        if said.ok:
            return good(name, f"the bot is in {channel}")
        match said.error:
            case "not_in_channel" if "chat:write.public" in self._scopes:
                return good(name, f"the bot is not in {channel}, and may post there by chat:write.public")
            case "not_in_channel":
                return Finding(name, "bad", f"the bot is not in {channel}", "say /invite @flowbot there")
            case "channel_not_found" if "groups:history" in self._scopes:
                remedy = "copy the id from the channel's details; into a private channel invite the bot first"
                return Finding(name, "bad", f"there is no channel {channel} that it can see", remedy)
            case "channel_not_found":
                return unseen(name, f"there is no public channel {channel}, and private ones it cannot see")
            case "missing_scope":
                return unseen(name, f"whether it is in {channel} cannot be seen without a scope to read its history")
            case other:
                return Finding(name, "bad", f"Slack says {other} of {channel}")

    async def _socket_mode(self) -> Finding:
        if self._app is None:
            remedy = "make one: Basic Information, App-Level Tokens, with the scope connections:write"
            return Finding("slack", "doubt", "no slack.app_token: alerts are posted, and nobody can ask", remedy)
        _, said = await self._ask("slack", self._app.at("apps.connections.open").post({}))
        if said.ok:
            return good("slack", "the app-level token opens Socket Mode")
        remedy = "check slack.app_token (xapp-…), its scope connections:write, and that Socket Mode is on"
        return Finding("slack", "bad", f"Socket Mode cannot be opened: {said.error}", remedy)

    def _lacking(self, scopes: Mapping[str, str]) -> dict[str, str]:
        return {scope: why for scope, why in scopes.items() if scope not in self._scopes}

    async def _ask(self, subject: str, asked: Awaitable[Reply | Failure]) -> tuple[Reply, _Said]:
        reply = await self._platform.told(subject, asked)
        return reply, self._platform.read(subject, reply, _Said)


async def webhook(platform: Platform, name: str, settings: SlackWebhookSettings) -> AsyncIterator[Finding]:
    """Whether the webhook takes messages: an empty one is refused, and posts nothing. Raises NoAnswerError."""
    reply = await platform.told(name, platform.hook(URL(settings.url.reveal(), encoded=True)).post({}))
    words = reply.words()
    if words in NOTHING_TO_POST:
        yield good(name, "the webhook is there")
    else:
        remedy = "make a new one: your app, Incoming Webhooks; and put its URL into .env"
        yield Finding(name, "bad", f"the webhook takes no messages: {words or reply.status}", remedy)
