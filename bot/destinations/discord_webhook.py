"""Posts to one Discord webhook. A webhook takes no nonce, so Discord cannot tell a second message from a first."""

import re
from collections.abc import Callable, Mapping, Sequence

from yarl import URL

from bot.destinations import rates
from bot.destinations.catalog import Means
from bot.destinations.discord_reply import judge
from bot.destinations.http import Endpoint, Reply
from bot.destinations.settings import DiscordWebhookSettings
from bot.model.alerts import Batch, Delivery
from bot.model.outcomes import Outcome, Sent
from bot.model.ports import Rate
from bot.render import discord
from bot.render.look import Look

_ID_AND_TOKEN = re.compile(r"/webhooks/([0-9]+)/([^/]+)")


class DiscordWebhook:
    """A `Destination`."""

    is_idempotent = False

    def __init__(self, name: str, endpoint: Endpoint, key: str, look: Look, now_ns: Callable[[], int]) -> None:
        self.name = name
        self._endpoint = endpoint
        self._look = look
        self._now_ns = now_ns
        self._buckets: dict[str, tuple[Rate, ...]] = {f"discord:webhook:{key}": rates.DISCORD_WEBHOOK}

    def __repr__(self) -> str:
        return f"DiscordWebhook({self.name!r}, {next(iter(self._buckets))})"

    @property
    def buckets(self) -> Mapping[str, tuple[Rate, ...]]:
        return self._buckets

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        return discord.fit(deliveries, self._look)

    async def send(self, batch: Batch) -> Outcome:
        reply = await self._endpoint.post(discord.message(batch, self._look, self._now_ns()))
        outcome = judge(reply) if isinstance(reply, Reply) else reply
        if isinstance(outcome, Sent) and outcome.channel is not None:
            # Only an answer tells which channel this is; webhooks that share one share its pace.
            self._buckets[f"discord:channel:{outcome.channel}"] = rates.DISCORD_CHANNEL_WEBHOOKS
        return outcome

    async def close(self) -> None:
        """The session belongs to the application."""


def build(name: str, settings: DiscordWebhookSettings, means: Means) -> DiscordWebhook:
    """The destination of these settings; a `thread_id` in its URL stays."""
    assert means.session is not None, "a webhook needs a session"  # noqa: S101 the application's bug, not the user's
    # Without wait=true Discord answers before it has stored the message, and says nothing when it cannot.
    url = URL(settings.url.reveal()).update_query(wait="true")
    found = _ID_AND_TOKEN.search(url.path)
    key, token = found.groups() if found else (rates.digest(settings.url.reveal()), url.name or str(url))
    return DiscordWebhook(name, Endpoint(means.session, url, token), key, means.look, means.now_ns)
