"""What one vendor's protocol is, in values and pure functions. How a socket is opened and kept, `stream` knows."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import quote, urlsplit

import msgspec
from pydantic import AfterValidator

from bot.config.units import VendorUrl, is_loopback
from bot.model.errors import FrameError
from bot.model.ports import Frame
from bot.model.prints import Print
from bot.model.secret import STARS, Secret
from bot.providers.surroundings import Surroundings


class Heartbeat(msgspec.Struct, frozen=True):
    """The vendor says that it is alive, or something else that we need not know."""


class Subscribed(msgspec.Struct, frozen=True):
    """The vendor confirms a subscription. `tickers` None: the confirmation names none, whatever that means."""

    tickers: frozenset[str] | None


class ErrorFrame(msgspec.Struct, frozen=True):
    """The vendor complains, in its own words; it may close the connection next."""

    message: str


class Welcome(msgspec.Struct, frozen=True):
    """The vendor took what we introduced ourselves with."""


class Unwelcome(msgspec.Struct, frozen=True):
    """It did not: the key is no good. Its own words."""

    message: str


class Several(msgspec.Struct, frozen=True):
    """What the records of one frame are, each judged alone."""

    prints: tuple[Print, ...] = ()
    cancelled: tuple[Print, ...] = ()
    """Prints that the vendor takes back."""
    faults: tuple[FrameError, ...] = ()


Note = Heartbeat | Subscribed | ErrorFrame | Welcome | Unwelcome | Several
"""Frames that are not one print, and no fault."""

Decode = Callable[[Frame, int, str], Print | Note]
"""Frame, its receive time in unix ns and the provider's name -> what it is. Raises FrameError and nothing else."""


@dataclass(frozen=True, slots=True)
class Lines:
    """What we say on a WebSocket: JSON texts, which may hold the key."""

    first: tuple[Secret, ...] = ()
    """Who we are; said as soon as the socket is open."""
    is_answered: bool = False
    """The vendor says `Welcome` or `Unwelcome` to it; until then it does not count as connected, and hears no more."""
    then: tuple[Secret, ...] = ()
    """What we want."""
    beat: tuple[Secret, ...] = ()
    """What keeps the connection alive."""
    beat_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Feed:
    """One configured feed."""

    name: str
    """The provider's configured name."""
    url: Secret
    """Where to connect; may hold the key."""
    key: Secret
    headers: Mapping[str, Secret]
    """What the handshake carries beside what every handshake does."""
    decode: Decode = field(repr=False)
    facts: frozenset[str] = field(repr=False)
    silence_s: float
    """Without any frame for so long the connection counts as dead."""
    is_silent_after_hours: bool
    """Nothing need come outside regular trading hours, so silence is judged within them only."""
    tickers: tuple[str, ...] = ()
    """The server-side filter to ask for; empty: all."""
    lines: Lines = Lines()
    renew: "Callable[[Surroundings], Awaitable[Feed]] | None" = field(default=None, repr=False)
    """Gives the feed as the next session has it, where sessions differ. Raises `connection.NoSession`."""
    session: Secret | None = None
    """What names this session, where a vendor has us ask for that first; as secret as the key."""
    is_delayed: bool = False
    """It runs behind the market by contract."""

    @property
    def host(self) -> str:
        """What may be shown of the address."""
        return urlsplit(self.url.reveal()).netloc

    @property
    def is_local(self) -> bool:
        return is_loopback(urlsplit(self.url.reveal()).hostname or "")

    def scrub(self, text: str) -> str:
        """`text` without the key, as it is or as a URL spells it: servers quote what they were sent."""
        for secret in (self.key, self.session):
            if secret:
                text = text.replace(secret.reveal(), STARS).replace(quote(secret.reveal(), safe=""), STARS)
        return text


def _usable_key(key: Secret) -> Secret:
    text = key.reveal()
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("expected a key of plain characters without spaces; was something pasted along with it?")
    return key


def _stream_url(url: str) -> str:
    if urlsplit(url).scheme not in ("wss", "ws"):
        raise ValueError("expected a WebSocket URL: wss://, or ws:// on this machine")
    return _bare(url)


def _rest_url(url: str) -> str:
    if urlsplit(url).scheme not in ("https", "http"):
        raise ValueError("expected an HTTP URL: https://, or http:// on this machine")
    return _bare(url)


def _bare(url: str) -> str:
    if urlsplit(url).fragment or "api_key=" in url or "token=" in url:
        raise ValueError("expected a URL without a key and without #; the key goes into api_key")
    return url


ApiKey = Annotated[Secret, AfterValidator(_usable_key)]
StreamUrl = Annotated[VendorUrl, AfterValidator(_stream_url)]
RestUrl = Annotated[VendorUrl, AfterValidator(_rest_url)]
