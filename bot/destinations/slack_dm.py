"""Posts to one person on Slack as a bot: opens their conversation once, and knows when they cannot be written to.

Sources: Slack's reference of conversations.open and chat.postMessage, 2026-11.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from yarl import URL

from bot.destinations import rates
from bot.destinations.catalog import Means
from bot.destinations.direct import Fault
from bot.destinations.http import Endpoint, Reply
from bot.destinations.slack_channel import SlackChannel
from bot.destinations.slack_reply import judge_api
from bot.destinations.verdicts import unseen
from bot.model.alerts import Batch, Delivery, Edit
from bot.model.outcomes import DestinationDead, EditOutcome, Outcome, Retry, Sent, Sight, Unknown
from bot.model.ports import Rate
from bot.render import slack
from bot.render.look import Look

ALL: Final = (Rate(3, 1.0),)
"""To all people together: of "several hundred messages a minute" that a workspace takes (Slack's "Rate limits")."""
EDITS: Final = (Rate(20, 60.0),)
"""Of all people's messages together: less than half of what there is, so that channels' edits never wait for them."""
OPENINGS: Final = (Rate(50, 60.0),)
"""conversations.open is of Tier 3."""
CLOSED: Final = frozenset(
    {
        "user_not_found", "users_not_found", "user_disabled", "user_not_visible", "cannot_dm_bot",
        "invalid_user_combination",
    }
)  # fmt: skip
"""There is no such user any more, it is a bot, or the bot may not see it."""
UNKNOWN_CHANNEL: Final = "channel_not_found"
"""It was known from an earlier message: open it anew."""
REFUSED: Final = frozenset(
    {
        "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired", "missing_scope",
        "no_permission", "not_allowed_token_type", "access_denied", "accesslimited", "org_login_required",
        "ekm_access_denied", "enterprise_is_restricted", "team_access_not_granted", "two_factor_setup_required",
        "messages_tab_disabled",
    }
)  # fmt: skip
"""Of the token, the app's scopes and set-up, the workspace: it would be the same for everybody."""


class SlackDm:
    """A `bot.destinations.direct.DirectMessages`."""

    platform = "slack"
    is_idempotent = False
    can_edit = True

    def __init__(
        self,
        name: str,
        api: Endpoint,
        user: str,
        bot: str,
        look: Look,
        now_ns: Callable[[], int],
        channel: str | None = None,
        *,
        is_answered: bool = False,
    ) -> None:
        """`api` is the Web API; `bot` names the token in the keys of what all its requests share."""
        self.name = name
        self.fault: Fault = ""
        self._api = api
        self._user = user
        self._bot = bot
        self._look = look
        self._now_ns = now_ns
        self._channel = channel
        self._is_answered = is_answered

    def __repr__(self) -> str:
        return f"SlackDm({self.name!r})"

    @property
    def buckets(self) -> Mapping[str, tuple[Rate, ...]]:
        """The first message counts as an opening too, and that is the answer to be heeded first."""
        opening = {f"slack:dm-openings:{self._bot}": OPENINGS} if self._channel is None else {}
        return {**opening, f"slack:dm:{self._user}": rates.SLACK, f"slack:dms:{self._bot}": ALL}

    @property
    def edit_buckets(self) -> Mapping[str, tuple[Rate, ...]]:
        return {f"slack:update:{self._bot}": rates.SLACK_UPDATE, f"slack:dm-updates:{self._bot}": EDITS}

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        return slack.fit(deliveries, self._look, is_answered=self._is_answered)

    async def send(self, batch: Batch) -> Outcome:
        is_first = self._channel is None
        channel = await self._open()
        outcome = await self._at(channel).send(batch) if isinstance(channel, str) else channel
        if isinstance(outcome, DestinationDead) and outcome.reason == UNKNOWN_CHANNEL and not is_first:
            self._channel = None
            return Retry(outcome.reason)
        if isinstance(outcome, DestinationDead):
            self.fault = "person" if outcome.reason in CLOSED else "platform" if outcome.reason in REFUSED else ""
        return outcome

    async def edit(self, edit: Edit) -> EditOutcome:
        channel = edit.posted.channel or await self._open()
        return await self._at(channel).edit(edit) if isinstance(channel, str) else channel

    async def find(self, batch: Batch) -> Sight:
        """Needs im:history."""
        channel = await self._open()
        return await self._at(channel).find(batch) if isinstance(channel, str) else unseen(channel)

    async def close(self) -> None:
        """The session belongs to the application."""

    async def _open(self) -> str | Retry | DestinationDead:
        """The person's conversation, which Slack makes only once. Nothing is posted here, so nothing is in doubt."""
        if self._channel is not None:
            return self._channel
        reply = await self._api.at("conversations.open").post({"users": self._user})
        outcome = judge_api(reply) if isinstance(reply, Reply) else reply
        if isinstance(reply, Reply) and isinstance(outcome, Sent):
            opened = reply.json().get("channel")
            found = opened.get("id") if isinstance(opened, dict) else None
            self._channel = found if isinstance(found, str) and found else None
        return _unopened(outcome) if self._channel is None else self._channel

    def _at(self, channel: str) -> SlackChannel:
        return SlackChannel(
            self.name, self._api, channel, self._bot, self._look, self._now_ns, is_answered=self._is_answered
        )


def _unopened(outcome: Outcome) -> Retry | DestinationDead:
    if isinstance(outcome, Sent):
        return Retry("Slack opened a conversation without an id")
    if isinstance(outcome, Retry):
        return outcome
    return Retry(outcome.reason) if isinstance(outcome, Unknown) else DestinationDead(outcome.reason)


def build(name: str, user: str, channel: str | None, means: Means) -> SlackDm:
    """The destination of one user, whose conversation may be known; `means.slack` gives token and address."""
    assert means.session is not None, "direct messages need a session"  # noqa: S101 the application's bug
    assert means.slack is not None, "direct messages need the slack section"  # noqa: S101 the caller has looked
    token = means.slack.bot_token.reveal()
    api = Endpoint(means.session, URL(means.slack.api_url.rstrip("/")), token, {"Authorization": f"Bearer {token}"})
    is_answered = means.slack.app_token is not None
    bot = rates.digest(token)
    return SlackDm(name, api, user, bot, means.look, means.now_ns, channel, is_answered=is_answered)
