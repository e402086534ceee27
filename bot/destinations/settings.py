"""Settings of every destination, one model a type. Imports no client library: start-up pays for what is used only."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.config.units import SecretUrl
from bot.model.secret import Secret


class PerMinute(BaseModel):
    """A pace of the admin's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_minute: int = Field(gt=0, description="Messages a minute, at most.")


PaceSetting = Literal["auto", "none"] | PerMinute


class DestinationSettings(BaseModel):
    """What every destination may be told, whatever its platform."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    needs: ClassVar[Literal["discord", "slack"] | None] = None
    """The section of the configuration that holds this type's credentials."""

    pace: PaceSetting | None = Field(
        None,
        description="How fast to post: auto (what the platform allows), none (no pacing of ours), or {per_minute: N}; "
        "default: delivery.pace.",
    )
    on_unknown: Literal["resend", "drop"] | None = Field(
        None,
        description="What to do when nobody can know whether a message arrived: resend (maybe twice) or drop (maybe "
        "never); default: delivery.on_unknown.",
    )


def _http(url: Secret) -> Secret:
    if not url.reveal().startswith(("https://", "http://")):
        raise ValueError("expected a URL that begins with https://")
    return url


WebhookUrl = Annotated[SecretUrl, AfterValidator(_http)]


class DiscordWebhookSettings(DestinationSettings):
    """A channel's incoming webhook: no bot needed."""

    type: Literal["discord_webhook"] = Field(description="The kind of destination.")
    url: WebhookUrl = Field(
        description="The webhook's URL, from the channel's integrations; add ?thread_id=… to post into a thread."
    )


class DiscordChannelSettings(DestinationSettings):
    """A channel or thread that the bot posts in; never posts a message twice."""

    needs: ClassVar[Literal["discord", "slack"] | None] = "discord"

    type: Literal["discord_channel"] = Field(description="The kind of destination.")
    channel: str = Field(
        pattern=r"^([0-9]{1,20}|\$\{.*)$", description="The channel's or thread's id, in quotes: digits only."
    )


class SlackWebhookSettings(DestinationSettings):
    """A Slack incoming webhook: no bot needed, no edits."""

    type: Literal["slack_webhook"] = Field(description="The kind of destination.")
    url: WebhookUrl = Field(description="The incoming webhook's URL.")


class SlackChannelSettings(DestinationSettings):
    """A Slack channel that the bot posts in; invite the bot first."""

    needs: ClassVar[Literal["discord", "slack"] | None] = "slack"

    type: Literal["slack_channel"] = Field(description="The kind of destination.")
    channel: str = Field(
        pattern=r"^([CGDU][A-Z0-9]{2,30}|\$\{.*)$",
        description="The channel's id, such as C0123ABCD (in the channel's details), not its name.",
    )


class ConsoleSettings(DestinationSettings):
    """The terminal that flowbot runs in."""

    type: Literal["console"] = Field(description="The kind of destination.")
