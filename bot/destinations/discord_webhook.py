"""Posts to one Discord webhook. A webhook takes no nonce, so Discord cannot tell a second message from a first.

What a webhook posted cannot be pressed, unless it belongs to the application (reference, "Execute Webhook").
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from yarl import URL

from bot.destinations import discord_edit, discord_thread, rates
from bot.destinations.catalog import Means
from bot.destinations.discord_reply import judge, judge_edit
from bot.destinations.http import Endpoint, Reply
from bot.destinations.settings import DiscordWebhookSettings
from bot.model.alerts import Batch, Delivery, Edit
from bot.model.outcomes import Blind, EditOutcome, Outcome, Sent, Sight
from bot.model.ports import Rate
from bot.render import discord
from bot.render.look import Look

_ID_AND_TOKEN = re.compile(r"/webhooks/([0-9]+)/([^/]+)")


class DiscordWebhook:
    """A `Destination`."""

    platform = "discord"
    is_idempotent = False
    can_edit = True

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        key: str,
        look: Look,
        now_ns: Callable[[], int],
        *,
        thread_name: str | None = None,
    ) -> None:
        """`thread_name` is the template for a forum's webhook: each message begins a post there."""
        self.name = name
        self.buckets: Mapping[str, tuple[Rate, ...]] = {f"discord:webhook:{key}": rates.DISCORD_WEBHOOK}
        self.edit_buckets: Mapping[str, tuple[Rate, ...]] = {f"discord:webhook-edit:{key}": rates.DISCORD_EDIT}
        self._endpoint = endpoint
        # Without wait=true Discord answers before it has stored the message, and says nothing when it cannot.
        self._posts = endpoint.at(wait="true")
        self._look = look
        self._now_ns = now_ns
        self._thread_name = thread_name
        self._key = key

    def __repr__(self) -> str:
        return f"DiscordWebhook({self.name!r}, {next(iter(self.buckets))})"

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        return discord.fit(deliveries, self._look)

    async def send(self, batch: Batch) -> Outcome:
        reply = await self._posts.post(self._body(batch), discord.picture_of(batch))
        outcome = judge(reply) if isinstance(reply, Reply) else reply
        if isinstance(outcome, Sent) and outcome.channel is not None and self._thread_name is None:
            # Only an answer tells which channel this is; webhooks that share one share its pace.
            self.buckets = {
                f"discord:webhook:{self._key}": rates.DISCORD_WEBHOOK,
                f"discord:channel:{outcome.channel}": rates.DISCORD_CHANNEL_WEBHOOKS,
            }
        return outcome

    async def edit(self, edit: Edit) -> EditOutcome:
        """A message in a thread is found with the thread's id only; one that began a thread told it in its answer."""
        message = self._endpoint.at("messages", edit.posted.message_id)
        if self._thread_name is not None and edit.posted.channel is not None:
            message = message.at(thread_id=edit.posted.channel)
        reply = await message.patch(discord_edit.body(edit, self._look))
        return judge_edit(reply) if isinstance(reply, Reply) else reply

    async def find(self, batch: Batch) -> Sight:
        return Blind("a webhook shows no history")

    async def close(self) -> None:
        """The session belongs to the application."""

    def _body(self, batch: Batch) -> dict[str, Any]:
        now_ns = self._now_ns()
        body = discord.message(batch, self._look, now_ns)
        if self._thread_name is not None:
            body["thread_name"] = discord_thread.name(self._thread_name, batch, self._look, now_ns)
        return body


def build(name: str, settings: DiscordWebhookSettings, means: Means) -> DiscordWebhook:
    """The destination of these settings; a `thread_id` in its URL stays unless the settings name another thread."""
    assert means.session is not None, "a webhook needs a session"  # noqa: S101 the application's bug, not the user's
    url = URL(settings.url.reveal()).without_query_params("wait")
    if settings.thread_name is not None:
        url = url.without_query_params("thread_id")  # Discord takes one of the two (code 220002)
    if settings.thread_id is not None:
        url = url.update_query(thread_id=settings.thread_id)
    found = _ID_AND_TOKEN.search(url.path)
    key, token = found.groups() if found else (rates.digest(settings.url.reveal()), url.name or str(url))
    endpoint = Endpoint(means.session, url, token)
    return DiscordWebhook(name, endpoint, key, means.look, means.now_ns, thread_name=settings.thread_name)
