"""What the configured vendors answer by REST: asked for one question, through the clients that feed us."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.commands.requests import By
from bot.engine.session import Query
from bot.model.heat import Heat
from bot.model.prints import Print
from bot.providers.optionwhales_answers import Ranking, TickerDetail
from bot.providers.radarpulse_answers import Disclosure, ScoreExplanation

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """A vendor's answer."""

    value: T
    source: str
    """The provider's name in the configuration."""
    note: str = ""
    """What a reader should know of it: `delayed by 15 minutes`, `a free key sees three tickers`."""


@dataclass(frozen=True, slots=True)
class Untold:
    """A vendor is configured that could tell it, and did not."""

    source: str
    reason: str
    """In words for a trader: `the key's plan does not include this`, `it did not answer within 8 s`."""


class Vendors:
    """Asks whichever vendor can tell; None: no configured one can. Nothing here raises what a vendor did."""

    def __init__(self, clients: Callable[[], Mapping[str, object]]) -> None:
        """`clients`: the REST clients at work, `RadarPulseRest` and `OptionWhalesRest`, by the provider's name."""
        self._clients = clients

    async def top(self, query: Query, *, limit: int) -> Told[tuple[Print, ...]] | Untold | None:
        """The day's best prints that qualify, at most `limit`."""
        return None

    async def score(self, found: Print) -> Told[ScoreExplanation] | Untold | None:
        """What makes the score of a print of that provider."""
        return None

    async def heat(self, by: By) -> Told[tuple[Heat, ...]] | Untold | None:
        """Premium by sector or ticker, the largest first."""
        return None

    async def momentum(self, ticker: str | None) -> Told[tuple[Ranking, ...]] | Untold | None:
        """The ranking of all, or one ticker's history."""
        return None

    async def intent(self, ticker: str | None) -> Told[tuple[Ranking, ...] | TickerDetail] | Untold | None:
        """The tickers by the intent of their flow, or one whole."""
        return None

    async def congress(self, ticker: str | None) -> Told[tuple[Disclosure, ...]] | Untold | None:
        """STOCK Act disclosures, the vendor's order."""
        return None
