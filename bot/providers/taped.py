"""How the frames of a configured provider are read from a tape, in terms that another process can be told.

They hold no key: that process has no use for one.
"""

from typing import TypeAlias

from bot.flow.mapping.reading import Map
from bot.flow.mapping.settings import MapSettings
from bot.providers.catalog import ProviderSettings
from bot.providers.decoders import VENDORS
from bot.providers.feed import Decode
from bot.providers.inbound import InboundSettings
from bot.providers.mapped_frames import decoder
from bot.providers.mapped_settings import MappedSettings
from bot.providers.maps import names, ready_map
from bot.providers.replay import Read, ReplaySettings, reader

Sort: TypeAlias = str | MapSettings
"""A vendor's name, or that of a map that comes with flowbot; or a map."""


def sort_of(settings: ProviderSettings) -> Sort:
    """Of what sort the provider's frames are."""
    match settings:
        case MappedSettings():
            return settings.map
        case InboundSettings():
            return settings.of
        case ReplaySettings():
            return settings.frames_of
        case _:
            return settings.type


def decoder_of(sort: Sort) -> Decode:
    """What decodes frames of that sort. Raises KeyError for a name that is neither a vendor's nor a map's."""
    if isinstance(sort, str):
        return VENDORS[sort][0] if sort in VENDORS else decoder(Map(ready_map(sort)))
    return decoder(Map(sort))


def reader_of(sort: Sort) -> Read:
    """What reads each record in frames of that sort. Raises KeyError likewise."""
    return reader(sort) if isinstance(sort, str) else Map(sort).read


def is_known(name: str) -> bool:
    """Whether frames of a provider that is configured no more tell by its name of what sort they are."""
    return name in VENDORS or name in names()
