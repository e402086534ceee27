"""Posts to one Slack incoming webhook, which tells no message id: no edit, and no way to see what arrived."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from yarl import URL

from bot.destinations import rates
from bot.destinations.catalog import Means
from bot.destinations.http import Endpoint, Reply
from bot.destinations.settings import SlackWebhookSettings
from bot.destinations.slack_reply import judge_webhook
from bot.model.alerts import Batch, Delivery, Edit
from bot.model.outcomes import Blind, EditOutcome, Outcome, Permanent, Sight
from bot.model.ports import Rate
from bot.render import slack
from bot.render.look import Look


class SlackWebhook:
    """A `Destination`."""

    platform = "slack"
    is_idempotent = False
    can_edit = False
    edit_buckets: Mapping[str, tuple[Rate, ...]] = MappingProxyType({})

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

    async def edit(self, edit: Edit) -> EditOutcome:
        return Permanent("an incoming webhook tells no message's id, so none can be edited")

    async def find(self, batch: Batch) -> Sight:
        return Blind("a webhook shows no history")

    async def close(self) -> None:
        """The session belongs to the application."""


def build(name: str, settings: SlackWebhookSettings, means: Means) -> SlackWebhook:
    """The destination of these settings."""
    assert means.session is not None, "a webhook needs a session"  # noqa: S101 the application's bug, not the user's
    url = settings.url.reveal()
    endpoint = Endpoint(means.session, URL(url), URL(url).name or url)
    return SlackWebhook(name, endpoint, rates.digest(url), means.look, means.now_ns)
