"""How each vendor's frames are read, and what they tell, for whoever has frames of a vendor without its stream."""

from typing import Final

from bot.providers import optionwhales, radarpulse
from bot.providers.feed import Decode

VENDORS: Final[dict[str, tuple[Decode, frozenset[str]]]] = {
    "radarpulse": (radarpulse.decode, radarpulse.FACTS),
    "optionwhales": (optionwhales.decode, optionwhales.FACTS),
}
"""Vendor -> the decoder, and the names of the print vocabulary that its feed fills."""
