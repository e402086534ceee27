"""RadarPulse by REST: every endpoint of its developer guide of 29 June 2026.

Importing it imports aiohttp: for who sends requests, and not for settings.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

import aiohttp

from bot.flow.market import NEW_YORK
from bot.model.errors import VendorError
from bot.model.prints import OptionType, Print
from bot.providers.answers import parse, parse_object, split
from bot.providers.budget import Budget, Spent
from bot.providers.pages import Page, Query, Span, page_of, walk
from bot.providers.radarpulse import RadarPulseSettings, decode, feed
from bot.providers.radarpulse_answers import (
    Disclosures,
    Heatmap,
    RegisteredWebhook,
    ScoreExplanation,
    Webhook,
    disclosures_of,
    explanation_of,
    heatmap_of,
    registered_of,
    webhooks_of,
)
from bot.providers.rest import HISTORY, USUAL, Access, Bounds, Clock, Rest

TOP_TTL_S: Final = 5.0
"""The guide ("Rate Limits and Best Practices"): cache `/flow/top` for 5 to 10 seconds."""
HEAT_TTL_S: Final = 10.0
EXPLAIN_TTL_S: Final = 60.0
CONGRESS_TTL_S: Final = 600.0
"""Filings come some a day; a channel full of traders may ask at once."""
PAGE_ROWS: Final = 500
FLOW_PAGES: Final = 50
HISTORY_PAGES: Final = 500


class RadarPulseRest:
    """The REST API for one key. Every method raises VendorError, and nothing else of the network's;
    InputError for a ticker or an id that no address can hold."""

    def __init__(
        self,
        name: str,
        settings: RadarPulseSettings,
        *,
        session: aiohttp.ClientSession | None = None,
        spent: Spent | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`session` stays the caller's to close. The vendor documents no quota: 429 is obeyed, and headers heeded."""
        self.name = name
        access = Access(name, settings.rest_url, settings.api_key, feed(name, settings).headers)
        self.budget = Budget(spent=spent)
        self._rest = Rest(access, self.budget, session=session, clock=clock)
        self._heatmap: tuple[str, ...] = ("heatmap",)

    async def close(self) -> None:
        """May be called twice."""
        await self._rest.close()

    def flow(
        self, *, since_ns: int | None = None, until_ns: int | None = None, max_pages: int = FLOW_PAGES
    ) -> AsyncIterator[Page]:
        """`GET /flow`: the current session's prints from `since_ns` to `until_ns` (unix ns), a page at a time."""
        return self._pages(("flow",), Span(since_ns, until_ns), max_pages, USUAL)

    def historical(self, day: date, last: date | None = None, *, max_pages: int = HISTORY_PAGES) -> AsyncIterator[Page]:
        """`GET /flow/historical`: the prints of New York's `day`, or of all days until `last`, a page at a time."""
        begins, ends = _midnight(day), _midnight((last or day) + timedelta(days=1))
        span = Span(_ns(begins), _ns(ends) - 1)
        return self._pages(("flow", "historical"), span, max_pages, HISTORY)

    async def top(
        self,
        *,
        limit: int = 25,
        min_score: float | None = None,
        ticker: str | None = None,
        min_premium: float | None = None,
    ) -> Page:
        """`GET /flow/top`: the prints with the highest scores; asked for again after `TOP_TTL_S` at the soonest.

        `min_premium` in US dollars.
        """
        query = {"limit": str(limit)}
        for key, least in (("minScore", min_score), ("minPremium", min_premium)):
            if least is not None:
                query[key] = f"{least:.10g}"
        if ticker is not None:
            query["ticker"] = ticker.upper()
        rows, _ = split(await self._rest.get("flow", "top", query=query, ttl_s=TOP_TTL_S), "data")
        return page_of(rows, self._read)

    async def heatmap(self) -> Heatmap:
        """`GET /heatmap`, or `/flow/heatmap`: the guide names both. The one that is there is remembered."""
        try:
            body = await self._rest.get(*self._heatmap, ttl_s=HEAT_TTL_S)
        except VendorError as refused:
            if refused.kind != "not_found":
                raise
            other = ("flow", "heatmap") if self._heatmap == ("heatmap",) else ("heatmap",)
            body = await self._rest.get(*other, ttl_s=HEAT_TTL_S)
            self._heatmap = other
        return heatmap_of(parse(body))

    async def score_explain(self, ticker: str, strike: float, type_: OptionType, expiry: date) -> ScoreExplanation:
        """`GET /score-explain`: what makes the score of that contract's print; `not_found` where it has none."""
        query = {"ticker": ticker.upper(), "strike": f"{strike:.10g}", "type": type_.upper(), "expiry": str(expiry)}
        return explanation_of(parse_object(await self._rest.get("score-explain", query=query, ttl_s=EXPLAIN_TTL_S)))

    async def congress(self) -> Disclosures:
        """`GET /congress` (Pro and above): STOCK Act disclosures. A row that names nobody and nothing is skipped."""
        return disclosures_of(await self._rest.get("congress", ttl_s=CONGRESS_TTL_S))

    async def register_webhook(
        self, url: str, *, min_score: float, events: Sequence[str] = ("flow.extreme", "flow.elevated")
    ) -> RegisteredWebhook:
        """`POST /webhooks`: have prints sent to `url`, signed with the secret that comes back."""
        body = {"url": url, "minScore": min_score, "events": list(events)}
        return registered_of(parse_object(await self._rest.post("webhooks", body=body)))

    async def webhooks(self) -> tuple[Webhook, ...]:
        """`GET /webhooks`: what is registered. The guide shows the registration alone."""
        return webhooks_of(await self._rest.get("webhooks"))

    async def delete_webhook(self, id_: str) -> None:
        """`DELETE /webhooks/{id}`; `not_found` where there is none. The guide shows the registration alone."""
        await self._rest.delete("webhooks", id_)

    def _pages(self, path: tuple[str, ...], span: Span, max_pages: int, bounds: Bounds) -> AsyncIterator[Page]:
        async def ask(query: Query) -> bytes:
            return await self._rest.get(*path, query=query, bounds=bounds)

        return walk(ask, self._read, span, limit=PAGE_ROWS, max_pages=max_pages)

    def _read(self, raw: bytes) -> Print:
        """As a frame of the stream is read, so that a print has one identity, whichever way it came."""
        return decode(raw, self._rest.clock.now_ns(), self.name)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), NEW_YORK)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000
