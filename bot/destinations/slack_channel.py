"""Posts to one Slack channel as a bot. Slack drops no second message, but carries our ids in its metadata."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from yarl import URL

from bot.destinations import rates, slack_history
from bot.destinations.catalog import Means
from bot.destinations.http import Endpoint, Reply
from bot.destinations.settings import SlackChannelSettings
from bot.destinations.slack_files import SlackFiles
from bot.destinations.slack_reply import judge_api, judge_update
from bot.destinations.verdicts import unseen
from bot.model.alerts import Batch, Delivery, Edit
from bot.model.answers import Picture
from bot.model.outcomes import Blind, EditOutcome, Outcome, Sent, Sight
from bot.model.ports import Rate
from bot.render import slack
from bot.render.look import Look

MAX_PAGES = 5
"""Of history, for one look: what Slack takes in one channel in eight minutes at its own limit."""
PICTURE_S = 3.0
"""For a report's picture, after its text is out. Its lane waits for that, and a stop leaves six seconds."""

log = structlog.get_logger()


class SlackChannel:
    """A `Destination`."""

    platform = "slack"
    is_idempotent = False
    can_edit = True

    def __init__(
        self,
        name: str,
        api: Endpoint,
        channel: str,
        bot: str,
        look: Look,
        now_ns: Callable[[], int],
        *,
        is_answered: bool = False,
    ) -> None:
        """`api` is the Web API; `bot` names the token in the key of what all its edits share.

        `is_answered`: somebody listens to what is pressed, so messages have buttons.
        """
        self.name = name
        self.buckets: Mapping[str, tuple[Rate, ...]] = {f"slack:channel:{channel}": rates.SLACK}
        self.edit_buckets: Mapping[str, tuple[Rate, ...]] = {f"slack:update:{bot}": rates.SLACK_UPDATE}
        self._posts = api.at("chat.postMessage")
        self._updates = api.at("chat.update")
        self._history = api.at("conversations.history")
        self._files = SlackFiles(api)
        self._channel = channel
        self._look = look
        self._now_ns = now_ns
        self._is_answered = is_answered

    def __repr__(self) -> str:
        return f"SlackChannel({self.name!r}, {next(iter(self.buckets))})"

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        return slack.fit(deliveries, self._look, is_answered=self._is_answered)

    async def send(self, batch: Batch) -> Outcome:
        where = {"channel": self._channel, "unfurl_links": False, "unfurl_media": False}
        reply = await self._posts.post({**self._body(batch, self._now_ns()), **where})
        outcome = judge_api(reply) if isinstance(reply, Reply) else reply
        if isinstance(outcome, Sent) and batch.report is not None and batch.report.picture is not None:
            await self._show(batch.report.picture, outcome)
        return outcome

    async def edit(self, edit: Edit) -> EditOutcome:
        """Whole: what is left out Slack would keep or take away, by rules of its own."""
        # parse: unlike a post, an edit makes links of names and channels unless it is told not to.
        where = {"channel": edit.posted.channel or self._channel, "ts": edit.posted.message_id, "parse": "none"}
        reply = await self._updates.post({**self._body(edit.batch, edit.posted.sent_ns), **where})
        return judge_update(reply) if isinstance(reply, Reply) else reply

    async def find(self, batch: Batch) -> Sight:
        """Read all that was posted since the batch was frozen; needs channels:history or groups:history."""
        query = slack_history.query(self._channel, batch)
        for _ in range(MAX_PAGES):
            reply = await self._history.at(**query).get()
            if not isinstance(reply, Reply):
                return unseen(reply)
            seen = slack_history.look(reply, batch, self._channel)
            if not isinstance(seen, slack_history.Further):
                return seen
            query["cursor"] = seen.cursor
        return Blind(f"not among {MAX_PAGES * slack_history.PAGE} messages of the channel")

    async def _show(self, picture: Picture, posted: Sent) -> None:
        """Put a report's picture into its thread. Its text says the same, so whatever happens here changes nothing."""
        if posted.message_id is None:
            return
        channel = posted.channel or self._channel
        if reason := await self._files.show(picture, channel, posted.message_id, PICTURE_S):
            log.warning("delivery.picture_left_out", destination=self.name, picture=picture.name, reason=reason)

    async def close(self) -> None:
        """The session belongs to the application."""

    def _body(self, batch: Batch, now_ns: int) -> dict[str, Any]:
        told = batch.digest.top if batch.digest is not None else batch.deliveries
        payload = {"alerts": [delivery.alert.id for delivery in told], "batch": batch.id}
        metadata = {"event_type": slack_history.EVENT_TYPE, "event_payload": payload}
        shown = slack.message(batch, self._look, now_ns, is_answered=self._is_answered)
        return {**shown, "metadata": metadata}


def build(name: str, settings: SlackChannelSettings, means: Means) -> SlackChannel:
    """The destination of these settings; `means.slack` gives token and address."""
    assert means.session is not None, "a channel needs a session"  # noqa: S101 the application's bug, not the user's
    assert means.slack is not None, "a channel needs the slack section"  # noqa: S101 `missing` told the user
    token = means.slack.bot_token.reveal()
    api = Endpoint(means.session, URL(means.slack.api_url.rstrip("/")), token, {"Authorization": f"Bearer {token}"})
    is_answered = means.slack.app_token is not None
    bot = rates.digest(token)
    return SlackChannel(name, api, settings.channel, bot, means.look, means.now_ns, is_answered=is_answered)
