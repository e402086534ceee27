"""Posts to one Slack incoming webhook, which tells no message id: no edit, and no way to see what arrived."""

from collections.abc import Callable, Mapping, Sequence

from yarl import URL

from bot.destinations import rates
from bot.destinations.catalog import Means
from bot.destinations.http import Endpoint, Reply
from bot.destinations.settings import SlackWebhookSettings
from bot.destinations.slack_reply import judge_webhook
from bot.model.alerts import Batch, Delivery
from bot.model.outcomes import Outcome
from bot.model.ports import Rate
from bot.render import slack
from bot.render.look import Look


class SlackWebhook:
    """A `Destination`."""

    is_idempotent = False

    def __init__(self, name: str, endpoint: Endpoint, key: str, look: Look, now_ns: Callable[[], int]) -> None:
        self.name = name
        self.buckets: Mapping[str, tuple[Rate, ...]] = {f"slack:webhook:{key}": rates.SLACK}
        self._endpoint = endpoint
        self._look = look
        self._now_ns = now_ns

    def __repr__(self) -> str:
        return f"SlackWebhook({self.name!r}, {next(iter(self.buckets))})"

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        return slack.fit(deliveries, self._look)

    async def send(self, batch: Batch) -> Outcome:
        reply = await self._endpoint.post(slack.message(batch, self._look, self._now_ns()))
        return judge_webhook(reply) if isinstance(reply, Reply) else reply

    async def close(self) -> None:
        """The session belongs to the application."""


def build(name: str, settings: SlackWebhookSettings, means: Means) -> SlackWebhook:
    """The destination of these settings."""
    assert means.session is not None, "a webhook needs a session"  # noqa: S101 the application's bug, not the user's
    url = settings.url.reveal()
    endpoint = Endpoint(means.session, URL(url), URL(url).name or url)
    return SlackWebhook(name, endpoint, rates.digest(url), means.look, means.now_ns)
