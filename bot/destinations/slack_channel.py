"""Posts to one Slack channel as a bot. Slack drops no second message, but carries our ids in its metadata."""

from collections.abc import Callable, Mapping, Sequence

from yarl import URL

from bot.destinations import rates
from bot.destinations.catalog import Means
from bot.destinations.http import Endpoint, Reply
from bot.destinations.settings import SlackChannelSettings
from bot.destinations.slack_reply import judge_api
from bot.model.alerts import Batch, Delivery
from bot.model.outcomes import Outcome
from bot.model.ports import Rate
from bot.render import slack
from bot.render.look import Look

EVENT_TYPE = "flowbot_alert"


class SlackChannel:
    """A `Destination`."""

    is_idempotent = False

    def __init__(self, name: str, endpoint: Endpoint, channel: str, look: Look, now_ns: Callable[[], int]) -> None:
        self.name = name
        self.buckets: Mapping[str, tuple[Rate, ...]] = {f"slack:channel:{channel}": rates.SLACK}
        self._endpoint = endpoint
        self._channel = channel
        self._look = look
        self._now_ns = now_ns

    def __repr__(self) -> str:
        return f"SlackChannel({self.name!r}, {next(iter(self.buckets))})"

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        return slack.fit(deliveries, self._look)

    async def send(self, batch: Batch) -> Outcome:
        alerts = [delivery.alert.id for delivery in batch.deliveries]
        body = {
            **slack.message(batch, self._look, self._now_ns()),
            "channel": self._channel,
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"alerts": alerts, "batch": batch.id}},
        }
        reply = await self._endpoint.post(body)
        return judge_api(reply) if isinstance(reply, Reply) else reply

    async def close(self) -> None:
        """The session belongs to the application."""


def build(name: str, settings: SlackChannelSettings, means: Means) -> SlackChannel:
    """The destination of these settings; `means.slack` gives token and address."""
    assert means.session is not None, "a channel needs a session"  # noqa: S101 the application's bug, not the user's
    assert means.slack is not None, "a channel needs the slack section"  # noqa: S101 `missing` told the user
    token = means.slack.bot_token.reveal()
    url = URL(f"{means.slack.api_url.rstrip('/')}/chat.postMessage")
    endpoint = Endpoint(means.session, url, token, {"Authorization": f"Bearer {token}"})
    return SlackChannel(name, endpoint, settings.channel, means.look, means.now_ns)
