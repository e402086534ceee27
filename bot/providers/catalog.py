"""Every provider that the configuration can name. A new one is a file, its tests, and its lines here."""

from importlib import import_module
from typing import Annotated, cast

from pydantic import BaseModel, Field

from bot.model.ports import Provider
from bot.providers import optionwhales, radarpulse
from bot.providers.optionwhales import OptionWhalesSettings
from bot.providers.radarpulse import RadarPulseSettings

PROVIDERS: dict[str, tuple[type[BaseModel], str]] = {
    "radarpulse": (RadarPulseSettings, "bot.providers.radarpulse:build"),
    "optionwhales": (OptionWhalesSettings, "bot.providers.optionwhales:build"),
}
"""`type` in the configuration -> its settings, and the function that builds it from a name and them."""

ProviderSettings = Annotated[RadarPulseSettings | OptionWhalesSettings, Field(discriminator="type")]


def build_provider(name: str, settings: ProviderSettings) -> Provider:
    """The configured provider, ready to run; what it needs (websockets) is imported now, and not before."""
    module, function = PROVIDERS[settings.type][1].split(":")
    return cast("Provider", getattr(import_module(module), function)(name, settings))


def facts(settings: ProviderSettings) -> frozenset[str]:
    """The names of the print vocabulary that a provider of this type is known to fill."""
    return {"radarpulse": radarpulse.FACTS, "optionwhales": optionwhales.FACTS}[settings.type]
