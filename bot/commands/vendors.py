"""What the configured vendors answer by REST: asked for one question, through the clients that feed us."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, Protocol, TypeVar

import structlog

from bot.commands.requests import By
from bot.engine.session import Query, qualifies
from bot.model.errors import InputError, Refusal, VendorError
from bot.model.heat import Heat
from bot.model.prints import Print
from bot.providers.budget import Budget
from bot.providers.optionwhales_answers import Ranking, TickerDetail
from bot.providers.radarpulse_answers import Disclosure, HeatCell, ScoreExplanation

if TYPE_CHECKING:
    from bot.providers.optionwhales_rest import OptionWhalesRest
    from bot.providers.radarpulse_rest import RadarPulseRest

log = structlog.get_logger()

PATIENCE_S: Final = 6.0
"""For one vendor's answer: a trader waits, and our own prints are at hand."""
RESERVE: Final = 50
"""Requests of a day that questions leave to the feed, for polls and gaps."""
MOST_ROWS: Final = 100
"""Asked of a vendor that cannot filter as the trader does: it is filtered here."""

T = TypeVar("T")


class _Rest(Protocol):
    """What the clients have in common."""

    budget: Budget


C = TypeVar("C", bound=_Rest)


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """A vendor's answer."""

    value: T
    source: str
    """The provider's name in the configuration."""
    note: str = ""
    """What a reader should know of it: `a delayed feed`."""


@dataclass(frozen=True, slots=True)
class Untold:
    """A vendor is configured that could tell it, and did not."""

    source: str
    reason: str
    """In words for a trader: `the key's plan does not include this`, `it did not answer within 6 s`."""
    refusal: Refusal | None = None
    """What sort of a refusal it was; None where it did not answer, or was not asked."""


class Client(NamedTuple):
    """One provider's way to its vendor."""

    rest: object
    """`RadarPulseRest` or `OptionWhalesRest`; another vendor's is asked nothing."""
    is_delayed: bool = False
    """The key's feed runs behind the market."""


class Vendors:
    """Asks whichever vendor can tell; None: no configured one can. Nothing here raises what a vendor did."""

    def __init__(
        self, clients: Callable[[], Mapping[str, Client]] = dict, now_s: Callable[[], float] = time.time
    ) -> None:
        """`clients`: those at work, by the provider's name; who is named first is asked first."""
        self._clients = clients
        self._now_s = now_s

    async def top(self, query: Query, *, limit: int) -> Told[tuple[Print, ...]] | Untold | None:
        """The day's best prints that qualify, at most `limit`, by score; the vendor's rows that say so themselves."""

        async def ask(rest: "RadarPulseRest") -> tuple[Print, ...]:
            page = await rest.top(
                limit=MOST_ROWS, min_score=query.min_score, ticker=query.ticker, min_premium=query.min_premium
            )
            wanted = replace(query, limit=limit)
            best = sorted(page.prints, key=lambda found: (found.score or 0.0, found.premium or 0.0), reverse=True)
            return tuple(found for found in best if qualifies(found, wanted))[:limit]

        return await self._radarpulse(ask)

    async def score(self, found: Print) -> Told[ScoreExplanation] | Untold | None:
        """What makes the score of a print, where its own provider explains scores."""
        type_, strike, expiry = found.type, found.strike, found.expiry
        if type_ is None or strike is None or expiry is None:
            return None

        async def ask(rest: "RadarPulseRest") -> ScoreExplanation:
            return await rest.score_explain(found.ticker, strike, type_, expiry)

        return await self._radarpulse(ask, only=found.provider)

    async def heat(self, by: By) -> Told[tuple[Heat, ...]] | Untold | None:
        """Premium by sector or ticker, the largest first. The vendor tells calls and puts, not bull and bear."""

        async def ask(rest: "RadarPulseRest") -> tuple[Heat, ...]:
            found = await rest.heatmap()
            heats = [_heat(cell) for cell in (found.sectors if by == "sector" else found.tickers)]
            told = (heat for heat in heats if heat is not None and heat.premium_usd > 0)
            return tuple(sorted(told, key=lambda heat: heat.premium_usd, reverse=True))

        return await self._radarpulse(ask)

    async def congress(self, ticker: str | None) -> Told[tuple[Disclosure, ...]] | Untold | None:
        """STOCK Act disclosures, in the vendor's order."""

        async def ask(rest: "RadarPulseRest") -> tuple[Disclosure, ...]:
            rows = (await rest.congress()).rows
            return tuple(row for row in rows if ticker is None or (row.ticker or "").upper() == ticker)

        return await self._radarpulse(ask)

    async def momentum(self, ticker: str | None) -> Told[tuple[Ranking, ...]] | Untold | None:
        """The ranking of all, or one ticker's history."""

        async def ask(rest: "OptionWhalesRest") -> tuple[Ranking, ...]:
            return (await rest.momentum()).rows if ticker is None else (await rest.history(ticker)).rows

        return await self._optionwhales(ask)

    async def intent(self, ticker: str | None) -> Told[tuple[Ranking, ...] | TickerDetail] | Untold | None:
        """The tickers by the intent of their flow, or one whole."""

        async def ask(rest: "OptionWhalesRest") -> tuple[Ranking, ...] | TickerDetail:
            return (await rest.flow()).rows if ticker is None else await rest.ticker(ticker)

        return await self._optionwhales(ask)

    async def _radarpulse(
        self, ask: "Callable[[RadarPulseRest], Awaitable[T]]", only: str | None = None
    ) -> Told[T] | Untold | None:
        from bot.providers.radarpulse_rest import RadarPulseRest

        return await self._ask(RadarPulseRest, ask, only)

    async def _optionwhales(self, ask: "Callable[[OptionWhalesRest], Awaitable[T]]") -> Told[T] | Untold | None:
        from bot.providers.optionwhales_rest import OptionWhalesRest

        return await self._ask(OptionWhalesRest, ask)

    async def _ask(
        self, kind: type[C], ask: Callable[[C], Awaitable[T]], only: str | None = None
    ) -> Told[T] | Untold | None:
        """The first answer; else why the first one asked gave none."""
        refused: Untold | None = None
        for name, client in self._clients().items():
            if not isinstance(client.rest, kind) or only not in (None, name):
                continue
            found = await self._one(name, client, client.rest, ask)
            if isinstance(found, Told):
                return found
            refused = refused or found
        return refused

    async def _one(self, name: str, client: Client, rest: C, ask: Callable[[C], Awaitable[T]]) -> Told[T] | Untold:
        left = rest.budget.standing(self._now_s()).day_left
        if left is not None and left < RESERVE:
            reason = f"the {left} requests that its key has left today are kept for the feed"
            return Untold(name, reason, "rate_limited")
        refusal: Refusal | None = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                value = await ask(rest)
        except TimeoutError:
            reason = f"it did not answer within {PATIENCE_S:.0f} s"
        except VendorError as refused:
            refusal, reason = refused.kind, _REASONS[refused.kind]
        except InputError as wrong:
            reason = str(wrong)
        else:
            return Told(value, name, "a delayed feed" if client.is_delayed else "")
        log.info("vendor.untold", provider=name, reason=reason)
        return Untold(name, reason, refusal)


_REASONS: Mapping[Refusal, str] = {
    "unauthorized": "it refuses the key: whoever runs this bot should check it",
    "tier": "the key's plan does not include this",
    "rate_limited": "the requests that it allows are used up for now: try again in a minute",
    "not_found": "it knows nothing of that",
    "upstream": "it cannot be reached at the moment",
    "bad_answer": "its answer could not be read",
}


def _heat(cell: HeatCell) -> Heat | None:
    """None where the cell does not say what it is of."""
    if not cell.name:
        return None
    calls, puts = cell.call_premium or 0.0, cell.put_premium or 0.0
    return Heat(cell.name, cell.premium if cell.premium is not None else calls + puts, prints=cell.prints or 0)
