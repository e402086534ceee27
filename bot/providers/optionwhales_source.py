"""OptionWhales' prints by REST: `/abnormal-trades/current`, and `/abnormal-trades/{session}` for earlier ones."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Final

import msgspec

from bot.flow.market import session_date
from bot.providers.budget import Budget
from bot.providers.hours import sessions_touched
from bot.providers.optionwhales import OptionWhalesSettings
from bot.providers.optionwhales_rest import FREE, PRO, OptionWhalesRest
from bot.providers.pages import Page, Span
from bot.providers.rest import Clock
from bot.providers.source import spent_of
from bot.providers.surroundings import Surroundings

FREE_ROWS: Final = 5
"""A free key gets the last five trades (the documentation, "Free vs Pro")."""


class OptionWhalesSource:
    """See `bot.providers.source.Source`. The stream's ticker filter holds here, too."""

    def __init__(self, name: str, settings: OptionWhalesSettings, around: Surroundings, used: int = 0) -> None:
        self._around = around
        self._tickers = frozenset(ticker.upper() for ticker in settings.tickers)
        self._rest = OptionWhalesRest(
            name, settings, spent=spent_of(used, around.now_ns() / 1e9, (FREE, PRO)),
            clock=Clock(around.now_ns, around.sleep),
        )  # fmt: skip

    @property
    def budget(self) -> Budget:
        return self._rest.budget

    @property
    def client(self) -> OptionWhalesRest:
        return self._rest

    async def latest(self, since_ns: int) -> AsyncIterator[Page]:
        """See the port."""
        yield await self._page(None, since_ns)

    async def missed(self, from_ns: int, to_ns: int) -> AsyncIterator[Page]:
        """See the port."""
        yield await self._page(None, from_ns)
        today = session_date(datetime.fromtimestamp(self._around.now_ns() / 1e9, UTC))
        for day in sessions_touched(from_ns, to_ns):
            if day < today:
                yield await self._page(day, from_ns)

    def frame(self, raw: bytes) -> bytes:
        """See the port."""
        return b'{"type":"abnormal_trade","data":%b}' % raw

    async def close(self) -> None:
        await self._rest.close()

    async def _page(self, session: date | None, since_ns: int) -> Page:
        page = (await self._rest.abnormal_trades(session)).trades
        span = Span(since_ns)
        is_cut = len(page.prints) == FREE_ROWS and all(span.has(found.time) for found in page.prints)
        if self._tickers:
            rows = zip(page.prints, page.raws, strict=True)
            kept = [row for row in rows if row[0].ticker in self._tickers]
            page = msgspec.structs.replace(
                page, prints=tuple(found for found, _ in kept), raws=tuple(raw for _, raw in kept)
            )
        return msgspec.structs.replace(page, is_cut=page.is_cut or is_cut)
