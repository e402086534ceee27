"""OptionWhales by REST: every endpoint of its Pro API.

Its documentation names the groups of endpoints; the paths are those that its public clients use. Importing it imports
aiohttp: for who sends requests, and not for settings.
"""

from datetime import date
from typing import Final

import aiohttp

from bot.model.errors import FrameError
from bot.model.prints import Print
from bot.providers.answers import parse_object
from bot.providers.budget import Budget, Quota, Spent
from bot.providers.optionwhales import OptionWhalesSettings, decode
from bot.providers.optionwhales_answers import (
    AbnormalTrades,
    Health,
    History,
    Rankings,
    Sessions,
    TickerDetail,
    Usage,
    detail_of,
    health_of,
    history_of,
    rankings_of,
    sessions_of,
    trades_of,
    usage_of,
)
from bot.providers.rest import HISTORY, Access, Clock, Rest

FREE: Final = Quota(per_minute=10, per_day=200)
PRO: Final = Quota(per_minute=60, per_day=5_000)
"""The documentation, "Rate Limits"."""
RANKING_TTL_S: Final = 60.0
"""Rankings move every half hour, and a free key has ten requests a minute."""


class OptionWhalesRest:
    """The REST API for one key. Every method raises VendorError, and nothing else of the network's;
    InputError for a ticker or an id that no address can hold.

    A session is a New York date; None stands for the current one.
    """

    def __init__(
        self,
        name: str,
        settings: OptionWhalesSettings,
        *,
        session: aiohttp.ClientSession | None = None,
        spent: Spent | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`session` stays the caller's to close. The budget is a free key's until an answer tells of a better plan."""
        self.name = name
        key = settings.api_key
        self.budget = Budget((FREE, PRO), spent)
        access = Access(name, settings.rest_url, key, {"X-API-Key": key})  # a URL may carry it too, and is logged
        self._rest = Rest(access, self.budget, session=session, clock=clock)

    async def close(self) -> None:
        """May be called twice."""
        await self._rest.close()

    async def flow(self, session: date | None = None) -> Rankings:
        """`GET /flow/current`, `/flow/{session}` (Pro): tickers by the intent of their flow."""
        return rankings_of(await self._rest.get("flow", _of(session), ttl_s=RANKING_TTL_S))

    async def ticker(self, ticker: str, session: date | None = None) -> TickerDetail:
        """`GET /flow/current/{ticker}`, `/flow/{session}/{ticker}` (Pro)."""
        body = await self._rest.get("flow", _of(session), ticker.upper(), ttl_s=RANKING_TTL_S, bounds=HISTORY)
        return detail_of(parse_object(body), self._read)

    async def sessions(self) -> Sessions:
        """`GET /flow/sessions` (Pro)."""
        return sessions_of(await self._rest.get("flow", "sessions"))

    async def momentum(self) -> Rankings:
        """`GET /momentum/rankings`: tickers by momentum."""
        return rankings_of(await self._rest.get("momentum", "rankings", ttl_s=RANKING_TTL_S))

    async def history(self, ticker: str) -> History:
        """`GET /momentum/{ticker}/history` (Pro)."""
        body = await self._rest.get("momentum", ticker.upper(), "history", ttl_s=RANKING_TTL_S)
        return history_of(body, ticker.upper())

    async def abnormal_trades(self, session: date | None = None) -> AbnormalTrades:
        """`GET /abnormal-trades/current`, `/abnormal-trades/{session}` (Pro)."""
        body = await self._rest.get("abnormal-trades", _of(session), bounds=HISTORY)
        return trades_of(body, self._read)

    async def usage(self) -> Usage:
        """`GET /account/usage`."""
        return usage_of(parse_object(await self._rest.get("account", "usage")))

    async def health(self) -> Health:
        """`GET /health` on the host: no key is sent, and no budget is spent."""
        return health_of(parse_object(await self._rest.get_openly("health")))

    def _read(self, raw: bytes) -> Print:
        """As a frame of the stream is read, so that a print has one identity, whichever way it came."""
        found = decode(b'{"type":"abnormal_trade","data":%b}' % raw, self._rest.clock.now_ns(), self.name)
        if not isinstance(found, Print):
            raise FrameError("bad_shape", "the row is no trade")
        return found


def _of(session: date | None) -> str:
    return "current" if session is None else session.isoformat()
