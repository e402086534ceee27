"""Every type of destination: its settings, and the file that builds it, which is imported only when it is used.

A type's file bears the type's name and has `build(name, settings, means)`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from time import time_ns
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import Field

from bot.destinations import settings as of
from bot.destinations.platforms import DiscordSettings, SlackSettings
from bot.model.ports import Destination
from bot.render.look import Look

if TYPE_CHECKING:
    from aiohttp import ClientSession

AnyDestinationSettings = Annotated[
    of.DiscordWebhookSettings
    | of.DiscordChannelSettings
    | of.SlackWebhookSettings
    | of.SlackChannelSettings
    | of.WebhookSettings
    | of.AppriseSettings
    | of.ConsoleSettings,
    Field(discriminator="type"),
]
"""One line a type; `type:` decides."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the application hands every destination."""

    look: Look
    session: "ClientSession | None" = None
    """Shared, from `http.open_session`; the console does without."""
    discord: DiscordSettings | None = None
    slack: SlackSettings | None = None
    now_ns: Callable[[], int] = time_ns
    """Wall clock, unix nanoseconds: it gives the latency in an alert's footer."""
    write: Callable[[str], None] | None = None
    """Where the console writes; None = standard output."""


def missing(name: str, settings: type[of.DestinationSettings], sections: Collection[str]) -> str | None:
    """What a configuration with these sections lacks for this destination, in words for the admin; None: nothing."""
    if settings.library and find_spec(settings.library) is None:
        return f'destination "{name}" needs the {settings.library} library: pip install "flowbot[{settings.library}]"'
    if settings.needs is None or settings.needs in sections:
        return None
    token = {"discord": "token: ${DISCORD_BOT_TOKEN}", "slack": "bot_token: ${SLACK_BOT_TOKEN}"}[settings.needs]
    return f'destination "{name}" posts as a bot: add a {settings.needs}: section with {token}'


def build(name: str, settings: AnyDestinationSettings, means: Means) -> Destination:
    """The destination `name`. Ask `missing` first; needs a session for everything but the console."""
    room = import_module(f"bot.destinations.{settings.type}")
    return cast("Destination", room.build(name, settings, means))
