"""What the doctor sees of Slack: both tokens and their scopes, each channel, each webhook. Nothing is posted."""

import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from yarl import URL

from bot.destinations.http import Endpoint, Reply
from bot.destinations.platforms import SlackSettings
from bot.destinations.settings import SlackChannelSettings, SlackWebhookSettings
from bot.doctor.asking import Clocks, Platform, is_odd, odd, unreachable
from bot.doctor.findings import Finding, good

NEEDED = {"chat:write": "to post", "commands": "for /flow", "im:write": "for personal alerts"}
OPTIONAL = {
    "chat:write.public": "to post in public channels without an invitation",
    "files:write": "for pictures",
    "channels:history": "to look for a message whose answer was lost, in public channels",
    "groups:history": "the same in private channels",
    "im:history": "the same in direct messages",
    "usergroups:read": "for admin.slack_groups",
}
REINSTALL = "add it under OAuth & Permissions, then reinstall the app (docs/slack-manifest.yaml has them all)"


class Slack:
    """One app."""

    def __init__(self, session: aiohttp.ClientSession, settings: SlackSettings, clocks: Clocks) -> None:
        base = URL(settings.api_url.rstrip("/"))
        self._api = Platform(session, base, settings.bot_token.reveal())
        app = settings.app_token
        self._app = None if app is None else Platform(session, base, app.reveal())
        self._clocks = clocks
        self.scopes: frozenset[str] = frozenset()

    async def app(self, *, has_groups: bool) -> AsyncIterator[Finding]:
        """The tokens and their scopes; `has_groups`: the configuration names user groups."""
        reply = await self._ask(self._api, "auth.test", "slack")
        if isinstance(reply, Finding):
            yield reply
            return
        said = reply.json()
        if not said.get("ok"):
            yield Finding("slack", "bad", f"Slack refuses the bot token: {said.get('error')}", "copy it anew: OAuth & "
                          "Permissions, Bot User OAuth Token (xoxb-…)")  # fmt: skip
            return
        yield good("slack", f"the token is that of {said.get('user', 'a bot')} in {said.get('team', 'a workspace')}")
        self.scopes = frozenset(scope.strip() for scope in reply.headers.get("X-OAuth-Scopes", "").split(","))
        wanted = NEEDED | ({"usergroups:read": OPTIONAL["usergroups:read"]} if has_groups else {})
        for scope, why in wanted.items():
            if scope not in self.scopes:
                yield Finding("slack", "bad", f"the bot lacks the scope {scope} ({why})", REINSTALL)
        extra = [f"{scope} ({why})" for scope, why in OPTIONAL.items() if scope not in self.scopes | wanted.keys()]
        if extra:
            yield good("slack", f"optional scopes that it does without: {'; '.join(extra)}")
        yield await self._socket_mode()

    async def channel(self, name: str, settings: SlackChannelSettings) -> Finding:
        """Whether the bot is in the channel; Slack tells those only who may read its history."""
        history = self._api.at("conversations.history").at(channel=settings.channel, limit="1")
        reply = await history.get()
        if not isinstance(reply, Reply):
            return unreachable(name, reply.reason)
        if is_odd(reply):
            return odd(name, reply)
        said = reply.json()
        match said.get("error") if not said.get("ok") else "":
            case "":
                return good(name, f"the bot is in {settings.channel}")
            case "not_in_channel" if "chat:write.public" in self.scopes:
                return good(name, f"the bot is not in {settings.channel}, and may post there by chat:write.public")
            case "not_in_channel":
                return Finding(name, "bad", f"the bot is not in {settings.channel}", "say /invite @flowbot there")
            case "channel_not_found":
                remedy = "copy the id from the channel's details; into a private channel invite the bot first"
                return Finding(name, "bad", f"there is no channel {settings.channel} that it can see", remedy)
            case "missing_scope":
                what = f"whether it can post in {settings.channel} cannot be seen without channels:history"
                return Finding(name, "doubt", what, f"flowbot send-test {name}")
            case other:
                return Finding(name, "bad", f"Slack says {other} of {settings.channel}")

    async def _socket_mode(self) -> Finding:
        if self._app is None:
            return Finding("slack", "doubt", "no slack.app_token: alerts are posted, and nobody can ask",
                           "make one under Basic Information, App-Level Tokens, with connections:write")  # fmt: skip
        reply = await self._ask(self._app, "apps.connections.open", "slack")
        if isinstance(reply, Finding):
            return reply
        said = reply.json()
        if said.get("ok"):
            return good("slack", "the app-level token opens Socket Mode")
        remedy = "check slack.app_token (xapp-…), its scope connections:write, and that Socket Mode is on"
        return Finding("slack", "bad", f"Socket Mode cannot be opened: {said.get('error')}", remedy)

    async def _ask(self, api: Platform, method: str, subject: str) -> Reply | Finding:
        reply = await api.at(method).post({})
        if not isinstance(reply, Reply):
            return unreachable(subject, reply.reason)
        self._clocks.heed("Slack", reply.headers, time.time())
        return odd(subject, reply) if is_odd(reply) else reply


async def webhook(session: aiohttp.ClientSession, name: str, settings: SlackWebhookSettings, clocks: Clocks) -> Finding:
    """Whether the webhook takes messages: an empty one is refused with `no_text` and posts nothing (Slack, "Incoming
    webhooks: Handling errors")."""
    url = settings.url.reveal()
    reply = await Endpoint(session, URL(url, encoded=True), url.rpartition("/")[2] or url).post(dict[str, Any]())
    if not isinstance(reply, Reply):
        return unreachable(name, reply.reason)
    clocks.heed("Slack", reply.headers, time.time())
    words = reply.words()
    if words in ("no_text", "invalid_payload", "missing_text_or_fallback_or_attachments"):
        return good(name, "the webhook is there")
    if is_odd(reply):
        return odd(name, reply)
    remedy = "make a new one: your app, Incoming Webhooks; and put its URL into .env"
    return Finding(name, "bad", f"the webhook takes no messages: {words or reply.status}", remedy)
