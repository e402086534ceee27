"""RadarPulse's REST API on loopback, as its developer guide of 29 June 2026 says.

`async with FakeRadarPulse() as vendor:` then `vendor.rest_url`, `vendor.rows`, `vendor.script(...)`; end with
`assert not vendor.unexpected`. What the guide leaves open is set: where the heat map is, how pages follow one another.
"""

import json
import math
import time
from collections.abc import Callable, Iterable
from typing import Any, Literal

from aiohttp import web

from tests.fakes.faults import FaultyServer
from tests.fakes.limits import Window

KEY = "frk_fake_key_0123456789"
Row = dict[str, Any]
Paging = Literal["nextCursor", "cursor", "next", "link", "since", "circle", "endless"]
"""How a page tells of the next: a token under one of three names, a link, not at all; a token that leads back, or one
more for ever."""
QUERIES: dict[str, set[str]] = {
    "/v1/flow": {"limit", "since", "cursor"},
    "/v1/flow/historical": {"limit", "since", "cursor"},
    "/v1/flow/top": {"limit", "minScore", "ticker", "minPremium"},
    "/v1/heatmap": set(),
    "/v1/flow/heatmap": set(),
    "/v1/score-explain": {"ticker", "strike", "type", "expiry"},
    "/v1/congress": set(),
    "/v1/webhooks": set(),
}
EXPLAINED = {"score": 91, "flag": "EXTREME", "scoreParts": {"volOI": 34, "premium": 28, "dte": 16, "otm": 13}}
"""The guide's sample."""


class FakeRadarPulse(FaultyServer):
    """One key's API."""

    def __init__(
        self,
        *,
        key: str = KEY,
        auth: Literal["x-api-key", "bearer"] = "x-api-key",
        paging: Paging = "nextCursor",
        page_rows: int = 100,
        heatmap_at: str = "/v1/heatmap",
        per_minute: int = 1_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`page_rows`: the most that one page holds, whatever limit is asked for; `clock` tells unix seconds."""
        super().__init__()
        self.rows: list[Row] = []
        self.heat: Any = {"data": {"sectors": [], "tickers": []}}
        self.disclosures: list[Any] = []
        self.webhooks: dict[str, Row] = {}
        self.asked: list[str] = []
        """Path and query of every request that showed the key, in order."""
        self.elsewhere = "https://elsewhere.example/v1/flow"
        """Where the links of `paging="link"` point."""
        self._key, self._auth, self._paging, self._page_rows = key, auth, paging, page_rows
        self._heatmap_at = heatmap_at
        self._window, self._clock = Window(per_minute, 60.0), clock

    @property
    def rest_url(self) -> str:
        return f"{self.origin}/v1"

    def routes(self) -> Iterable[web.RouteDef]:
        for path in QUERIES:
            yield web.get(path, self._get)
        yield web.post("/v1/webhooks", self._post)
        yield web.delete("/v1/webhooks/{id}", self._delete)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        return await self.answered(request, "look", lambda _: self._guarded(request, self._answer))

    async def _post(self, request: web.Request) -> web.StreamResponse:
        return await self.answered(
            request, "post", lambda raw: self._guarded(request, lambda _: self._register(request, raw))
        )

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        return await self.answered(request, "edit", lambda _: self._guarded(request, self._forget))

    def _guarded(self, request: web.Request, answer: Callable[[web.Request], web.Response]) -> web.Response:
        if self._key in str(request.url):
            self.unexpected.append("the key is in the URL")
        sent = {name for name in ("x-api-key", "Authorization") if name in request.headers}
        wanted = {"x-api-key"} if self._auth == "x-api-key" else {"Authorization"}
        if sent - wanted:
            self.unexpected.append(f"key in {sent}, expected {wanted}")
        value = request.headers.get(wanted.copy().pop(), "")
        if value != (self._key if self._auth == "x-api-key" else f"Bearer {self._key}"):
            return _error(401, "invalid API key")
        self.asked.append(request.path_qs)
        now = self._clock()
        if wait_s := self._window.wait_s(now):
            return web.json_response(
                {"error": "rate limit"}, status=429, headers={"Retry-After": str(math.ceil(wait_s))}
            )
        self._window.take(now)
        for name in request.query.keys() - QUERIES.get(request.path, set()):
            self.unexpected.append(f"undocumented parameter {name} of {request.path}")
        return answer(request)

    def _answer(self, request: web.Request) -> web.Response:
        match request.path.removeprefix("/v1/"):
            case "flow" | "flow/historical":
                return web.json_response(self._page(request))
            case "flow/top":
                return web.json_response({"data": self._top(request)})
            case "heatmap" | "flow/heatmap" if request.path == self._heatmap_at:
                return web.json_response(self.heat)
            case "score-explain":
                missing = QUERIES[request.path] - request.query.keys()
                return _error(400, f"missing {missing}") if missing else web.json_response(EXPLAINED)
            case "congress":
                return web.json_response({"data": self.disclosures})
            case "webhooks":
                return web.json_response({"data": list(self.webhooks.values())})
        return _error(404, "not found")

    def _page(self, request: web.Request) -> Row:
        query = request.query
        since = int(query.get("since", "0"))
        rows = [row for row in self.rows if _ms(row) is None or (_ms(row) or 0) >= since]
        skip = int(query.get("cursor", "0"))
        end = skip + min(int(query.get("limit", "100")), self._page_rows)
        page: Row = {"data": rows[skip:end]}
        if self._paging == "endless":
            return {**page, "nextCursor": str(end)}
        if self._paging == "circle":
            return {"data": rows[skip:end], "nextCursor": str(end if end < len(rows) else 0)}
        if end >= len(rows) or self._paging == "since":
            return page
        if self._paging == "link":
            return {**page, "next": f"{self.elsewhere}?cursor={end}&since={since}&api_key={self._key}"}
        return {**page, self._paging: str(end)}

    def _top(self, request: web.Request) -> list[Row]:
        query = request.query
        least_score, least_premium = float(query.get("minScore", "0")), float(query.get("minPremium", "0"))
        rows = [row for row in self.rows if row["score"] >= least_score and row["premium"] >= least_premium]
        rows = [row for row in rows if row["ticker"] == query.get("ticker", row["ticker"])]
        return sorted(rows, key=lambda row: -float(row["score"]))[: int(query.get("limit", "25"))]

    def _register(self, request: web.Request, raw: bytes) -> web.Response:
        if request.content_type != "application/json":
            self.unexpected.append(f"content type {request.content_type}")
        body = json.loads(raw)
        if body.keys() != {"url", "minScore", "events"}:
            self.unexpected.append(f"webhook of {sorted(body)}")
        id_ = f"wh_abc{len(self.webhooks)}"
        self.webhooks[id_] = {"id": id_, **body}
        return web.json_response({"id": id_, "secret": f"whsec_fake_{id_}"})

    def _forget(self, request: web.Request) -> web.Response:
        found = self.webhooks.pop(request.match_info["id"], None)
        return web.Response(status=204) if found else _error(404, "no such webhook")


def _ms(row: Row) -> int | None:
    stamp = row.get("timestamp")
    return stamp if isinstance(stamp, int) else None


def _error(status: int, words: str) -> web.Response:
    return web.json_response({"error": words}, status=status)
