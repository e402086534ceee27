"""Settings of the two platforms' own sections, `discord:` and `slack:`. Imports no client library."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.config.ids import DiscordId
from bot.config.units import VendorUrl
from bot.model.secret import Secret


def _http(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("expected a URL that begins with https://")
    return url


HttpUrl = Annotated[VendorUrl, AfterValidator(_http)]


class DiscordSettings(BaseModel):
    """`discord:` is needed for discord_channel destinations and slash commands; webhooks do without."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    token: Secret = Field(description="The bot's token, from the developer portal; best as ${DISCORD_BOT_TOKEN}.")
    api_url: HttpUrl = Field(
        "https://discord.com/api/v10", description="Discord's REST API; another one for tests and proxies."
    )
    guilds: list[DiscordId] = Field(
        default_factory=list,
        description="Ids of your servers: commands are registered there, at once, and whoever manages one may steer. "
        "Empty: commands are registered everywhere, and only those whom admin: names may steer.",
    )


class SlackSettings(BaseModel):
    """`slack:` is needed for slack_channel destinations and slash commands; webhooks do without."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    bot_token: Secret = Field(description="The bot's token, xoxb-…; best as ${SLACK_BOT_TOKEN}.")
    app_token: Secret | None = Field(
        None, description="The app-level token, xapp-…, with connections:write; needed for slash commands only."
    )
    api_url: HttpUrl = Field(
        "https://slack.com/api/", description="Slack's Web API; another one for tests and proxies."
    )
