"""Settings of every destination, one model a type. Imports no client library: start-up pays for what is used only."""

from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from bot.config.hours import HoursSettings
from bot.config.units import Duration, SecretUrl
from bot.model.secret import Secret
from bot.model.terms import RepeatMode


class PerMinute(BaseModel):
    """A pace of the admin's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    per_minute: int = Field(gt=0, description="Messages a minute, at most.")


PaceSetting = Literal["auto", "none"] | PerMinute


class DestinationSettings(BaseModel):
    """What every destination may be told, whatever its platform: each key of `delivery:` again, for it alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    needs: ClassVar[Literal["discord", "slack"] | None] = None
    """The section of the configuration that holds this type's credentials."""
    library: ClassVar[str] = ""
    """An optional library, and extra of ours, that this type needs."""
    can_edit: ClassVar[bool] = False
    """Whether the platform lets us edit what was posted."""

    max_age: Duration | None = Field(
        None, description="An alert that waited longer goes to the digest, null: never; default: delivery.max_age."
    )
    late_after: Duration | None = Field(
        None, description="From which age on an alert is marked LATE; default: delivery.late_after."
    )
    backlog: int | None = Field(
        None, ge=0, description="How many alerts may wait for their turn, null: any number; default: delivery.backlog."
    )
    digest: bool | None = Field(
        None, description="false: everything is posted one by one, however long it takes; default: delivery.digest."
    )
    on_unknown: Literal["resend", "drop"] | None = Field(
        None,
        description="What to do when nobody can know whether a message arrived: resend (maybe twice) or drop (maybe "
        "never); default: delivery.on_unknown.",
    )
    pace: PaceSetting | None = Field(
        None,
        description="How fast to post: auto (what the platform allows), none (no pacing of ours), or {per_minute: N}; "
        "default: delivery.pace.",
    )
    budget: int | None = Field(
        None, gt=0, description="Alerts posted in any hour, null: any number; default: delivery.budget."
    )
    active_hours: HoursSettings | None = Field(
        None, description="When to post, New York time, null: always; default: delivery.active_hours."
    )
    repeats: RepeatMode | None = Field(
        None,
        description="The same contract and side again inside a cooldown: edit the earlier message, post anew, or drop; "
        "a rule's own repeats come first; default: delivery.repeats.",
    )


def _http(url: Secret) -> Secret:
    if not url.reveal().startswith(("https://", "http://")):
        raise ValueError("expected a URL that begins with https://")
    return url


WebhookUrl = Annotated[SecretUrl, AfterValidator(_http)]
SNOWFLAKE = r"^([0-9]{1,20}|\$\{.*)$"
"""A Discord id, or a placeholder for one."""


class DiscordWebhookSettings(DestinationSettings):
    """A channel's incoming webhook: no bot needed."""

    can_edit: ClassVar[bool] = True

    type: Literal["discord_webhook"] = Field(description="The kind of destination.")
    url: WebhookUrl = Field(description="The webhook's URL, from the channel's integrations.")
    thread_id: str | None = Field(
        None, pattern=SNOWFLAKE, description="A thread or forum post of that channel to post into: its id, in quotes."
    )
    thread_name: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="For a forum's webhook: each message begins a forum post of this name, which may hold {title} (the "
        "first alert's contract and premium) and {date}.",
    )

    @model_validator(mode="after")
    def _one_thread(self) -> Self:
        if self.thread_id and self.thread_name:
            raise ValueError("thread_id posts into one thread, thread_name begins new ones: give one of the two")
        return self


class DiscordChannelSettings(DestinationSettings):
    """A channel or thread that the bot posts in; never posts a message twice."""

    can_edit: ClassVar[bool] = True
    needs: ClassVar[Literal["discord", "slack"] | None] = "discord"

    type: Literal["discord_channel"] = Field(description="The kind of destination.")
    channel: str = Field(
        pattern=SNOWFLAKE, description="The channel's, thread's or forum post's id, in quotes: digits only."
    )


class SlackWebhookSettings(DestinationSettings):
    """A Slack incoming webhook: no bot needed, no edits."""

    type: Literal["slack_webhook"] = Field(description="The kind of destination.")
    url: WebhookUrl = Field(description="The incoming webhook's URL.")


class SlackChannelSettings(DestinationSettings):
    """A Slack channel that the bot posts in; invite the bot first."""

    can_edit: ClassVar[bool] = True
    needs: ClassVar[Literal["discord", "slack"] | None] = "slack"

    type: Literal["slack_channel"] = Field(description="The kind of destination.")
    channel: str = Field(
        pattern=r"^([CGDU][A-Z0-9]{2,30}|\$\{.*)$",
        description="The channel's id, such as C0123ABCD (in the channel's details), not its name.",
    )


def _outside_url(url: Secret) -> Secret:
    """Not `SecretUrl`: which hosts a webhook may name, `allow_private` decides."""
    parts = urlsplit(url.reveal())
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("expected a URL that begins with https:// and names a host")
    return url


class WebhookSettings(DestinationSettings):
    """Any HTTPS receiver of your own: each message as JSON, signed."""

    type: Literal["webhook"] = Field(description="The kind of destination.")
    url: Annotated[Secret, AfterValidator(_outside_url)] = Field(description="Where to post; https://.")
    secret: Secret = Field(description="The key of the signature, shared with the receiver; best as ${NAME}.")
    allow_private: bool = Field(
        False,
        description="true: the URL may lead to this machine or a private network, over http:// too. false: refused, "
        "whatever its name resolves to.",
    )

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if not self.allow_private and not self.url.reveal().startswith("https://"):
            raise ValueError("url must begin with https://; http:// is for allow_private: true only")
        return self


class AppriseSettings(DestinationSettings):
    """Whatever the Apprise library can notify (install flowbot[apprise]): plain text, no edits."""

    library: ClassVar[str] = "apprise"

    type: Literal["apprise"] = Field(description="The kind of destination.")
    url: Secret = Field(description="An Apprise URL, such as ntfys://topic; best as ${NAME}.")


class ConsoleSettings(DestinationSettings):
    """The terminal that flowbot runs in, which has no limits: nothing is digested unless you say so."""

    type: Literal["console"] = Field(description="The kind of destination.")
    digest: bool | None = Field(False, description="true: what `delivery:` limits goes to a digest here too.")
