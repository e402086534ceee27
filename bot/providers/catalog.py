"""Every provider that the configuration can name. A new one is a file, its tests, and its lines here."""

from importlib import import_module
from typing import Annotated, cast

from pydantic import BaseModel, Field

from bot.flow.mapping.fills import facts_filled
from bot.model.feeds import FeedMeans
from bot.model.ports import Provider
from bot.providers import inbound, replay
from bot.providers.decoders import VENDORS
from bot.providers.inbound import InboundSettings
from bot.providers.mapped_settings import MappedSettings
from bot.providers.means import NO_MEANS
from bot.providers.optionwhales import OptionWhalesSettings
from bot.providers.radarpulse import RadarPulseSettings
from bot.providers.replay import ReplaySettings

PROVIDERS: dict[str, tuple[type[BaseModel], str]] = {
    "radarpulse": (RadarPulseSettings, "bot.providers.radarpulse:build"),
    "optionwhales": (OptionWhalesSettings, "bot.providers.optionwhales:build"),
    "mapped": (MappedSettings, "bot.providers.mapped:build"),
    "webhook": (InboundSettings, "bot.providers.inbound:build"),
    "replay": (ReplaySettings, "bot.providers.replay:build"),
}
"""`type` in the configuration -> its settings, and the function that builds it from a name, them and the means."""

ProviderSettings = Annotated[
    RadarPulseSettings | OptionWhalesSettings | MappedSettings | InboundSettings | ReplaySettings,
    Field(discriminator="type"),
]


def build_provider(name: str, settings: ProviderSettings, means: FeedMeans = NO_MEANS) -> Provider:
    """The configured provider, ready to run; what it needs (aiohttp) is imported now, and not before."""
    module, function = PROVIDERS[settings.type][1].split(":")
    return cast("Provider", getattr(import_module(module), function)(name, settings, means))


def facts(settings: ProviderSettings) -> frozenset[str]:
    """The names of the print vocabulary that a provider of this type is known to fill."""
    match settings:
        case MappedSettings():
            return facts_filled(settings.map)
        case InboundSettings():
            return inbound.facts(settings)
        case ReplaySettings():
            return replay.facts(settings)
        case _:
            return VENDORS[settings.type][1]


def hook_path(name: str, settings: ProviderSettings) -> str | None:
    """Where a provider that is posted to receives; None: it is not."""
    match settings:
        case InboundSettings():
            return inbound.path_of(name, settings)
        case MappedSettings(transport="webhook"):
            return settings.path
        case _:
            return None
