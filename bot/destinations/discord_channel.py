"""Posts to one Discord channel as a bot. The batch's id goes along as nonce, so a second message is dropped there."""

from collections.abc import Callable, Mapping, Sequence

from yarl import URL

from bot.destinations import rates
from bot.destinations.catalog import Means
from bot.destinations.discord_reply import judge
from bot.destinations.http import Endpoint, Reply
from bot.destinations.settings import DiscordChannelSettings
from bot.model.alerts import Batch, Delivery
from bot.model.outcomes import Outcome
from bot.model.ports import Rate
from bot.render import discord
from bot.render.look import Look


class DiscordChannel:
    """A `Destination`."""

    is_idempotent = True
    """For the "past few minutes", says Discord of `enforce_nonce`."""

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        buckets: Mapping[str, tuple[Rate, ...]],
        look: Look,
        now_ns: Callable[[], int],
    ) -> None:
        self.name = name
        self.buckets = buckets
        self._endpoint = endpoint
        self._look = look
        self._now_ns = now_ns

    def __repr__(self) -> str:
        return f"DiscordChannel({self.name!r}, {next(iter(self.buckets))})"

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        return discord.fit(deliveries, self._look)

    async def send(self, batch: Batch) -> Outcome:
        body = discord.message(batch, self._look, self._now_ns())
        reply = await self._endpoint.post({**body, "nonce": batch.id, "enforce_nonce": True})
        return judge(reply) if isinstance(reply, Reply) else reply

    async def close(self) -> None:
        """The session belongs to the application."""


def build(name: str, settings: DiscordChannelSettings, means: Means) -> DiscordChannel:
    """The destination of these settings; `means.discord` gives token and address."""
    assert means.session is not None, "a channel needs a session"  # noqa: S101 the application's bug, not the user's
    assert means.discord is not None, "a channel needs the discord section"  # noqa: S101 `missing` told the user
    token = means.discord.token.reveal()
    url = URL(f"{means.discord.api_url.rstrip('/')}/channels/{settings.channel}/messages")
    endpoint = Endpoint(means.session, url, token, {"Authorization": f"Bot {token}"})
    buckets = {
        f"discord:channel:{settings.channel}": rates.DISCORD_CHANNEL,
        f"discord:bot:{rates.digest(token)}": rates.DISCORD_BOT,
    }
    return DiscordChannel(name, endpoint, buckets, means.look, means.now_ns)
