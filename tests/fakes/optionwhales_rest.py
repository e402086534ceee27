"""OptionWhales' REST API on loopback: statuses, limits and health as its Pro API documentation says, the rest as its
public clients use it.

`async with FakeOptionWhales() as vendor:` then `vendor.rest_url`, `vendor.trades`, `vendor.script(...)`; end with
`assert not vendor.unexpected`.
"""

import math
import time
from collections.abc import Callable, Iterable
from typing import Any, Literal

from aiohttp import web

from tests.fakes.faults import FaultyServer

KEY = "ow_pro_fake_key_0123456789"
LIMITS = {"free": (10, 200), "pro": (60, 5_000)}
"""Requests a minute and a day (the documentation, "Rate Limits")."""
PRO_ONLY = ("flow_sessions", "flow_detail", "flow_session", "history", "abnormal_session")
"""The documentation, "Free vs Pro"; past sessions are history."""
HEALTH = {"status": "healthy", "service": "pro-api", "version": "1.0.0", "ws_connections": 0}
"""The documentation's sample."""
RANKING: dict[str, Any] = {
    "ticker": "NVDA", "momentum_fast": 1.25, "momentum_slow": 0.5, "coherence_last": 0.8, "strength_last": 3.1,
    "net_delta_last": 1250000.0, "net_gamma_last": -2000.5, "net_vega_last": 310.0,
    "intent_label": "Bullish Directional", "intent_primary": "Directional", "intent_confidence": 0.82,
    "direction_bias": "bullish", "key_strikes": "450.00;400.00",
}  # fmt: skip


class FakeOptionWhales(FaultyServer):
    """One key's API."""

    def __init__(
        self,
        *,
        key: str = KEY,
        tier: Literal["free", "pro"] = "pro",
        clock: Callable[[], float] = time.time,
        has_headers: bool = True,
    ) -> None:
        """`clock` tells unix seconds; windows begin on the whole minute and at midnight UTC."""
        super().__init__()
        self.rankings: list[Any] = [RANKING]
        self.trades: list[Any] = []
        self.detail: dict[str, Any] = {"ranking": RANKING, "clusters": [], "cluster_trades": [], "time_series": []}
        self.past: list[Any] = ["2025-06-02", "2025-06-03"]
        self.asked: list[str] = []
        """Path and query of every request that showed the key and was let through."""
        self.refused = 0
        """Answers of 429."""
        self._key, self._tier, self._clock, self._has_headers = key, tier, clock, has_headers
        self._used: dict[tuple[str, int], int] = {}

    @property
    def rest_url(self) -> str:
        return f"{self.origin}/v1"

    def routes(self) -> Iterable[web.RouteDef]:
        head = {"session": "2025-06-02", "is_live": True}
        paths: dict[str, tuple[str, Callable[[], object]]] = {
            "flow/current": ("flow", lambda: {**head, "rankings": self._few(self.rankings, 3)}),
            "flow/current/{ticker}": ("flow_detail", lambda: {**head, **self.detail}),
            "flow/sessions": ("flow_sessions", lambda: {"sessions": self.past}),
            r"flow/{session:\d{4}-\d{2}-\d{2}}": (
                "flow_session", lambda: {**head, "is_live": False, "rankings": self.rankings}
            ),
            r"flow/{session:\d{4}-\d{2}-\d{2}}/{ticker}": ("flow_detail", lambda: {**head, **self.detail}),
            "momentum/rankings": ("momentum", lambda: {**head, "rankings": self._few(self.rankings, 3)}),
            "momentum/{ticker}/history": ("history", lambda: {"history": [{"session": "2025-06-02", **RANKING}]}),
            "abnormal-trades/current": ("abnormal", lambda: {**head, "trades": self._few(self.trades, -5)}),
            r"abnormal-trades/{session:\d{4}-\d{2}-\d{2}}": (
                "abnormal_session", lambda: {**head, "is_live": False, "trades": self.trades}
            ),
            "account/usage": ("usage", lambda: {"tier": self._tier, "usage": {"day": 12, "minute": 1}}),
        }  # fmt: skip
        for path, (name, body) in paths.items():
            yield web.get(f"/v1/{path}", self._handler(name, body))
        yield web.get("/health", self._health)

    def _few(self, rows: list[Any], most: int) -> list[Any]:
        """What a free key gets: the first so many, or the last."""
        if self._tier == "pro":
            return rows
        return rows[most:] if most < 0 else rows[:most]

    def _handler(self, name: str, body: Callable[[], object]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self.answered(request, "look", lambda _: self._answer(request, name, body))

        return handle

    async def _health(self, request: web.Request) -> web.StreamResponse:
        if "X-API-Key" in request.headers or request.query_string:
            self.unexpected.append("the health check was sent more than it needs")
        return await self.answered(request, "look", lambda _: web.json_response(HEALTH))

    def _answer(self, request: web.Request, name: str, body: Callable[[], object]) -> web.Response:
        if request.query_string:
            self.unexpected.append(f"undocumented query on {request.path}")
        if "Authorization" in request.headers:
            self.unexpected.append("the key belongs into X-API-Key")
        if request.headers.get("X-API-Key") != self._key:
            return web.json_response({"detail": "Missing or invalid API key"}, status=401)
        now = self._clock()
        headers, wait_s = self._count(now)
        if wait_s:
            self.refused += 1
            told = {"detail": "Rate limit exceeded"}
            return web.json_response(told, status=429, headers={**headers, "Retry-After": str(math.ceil(wait_s))})
        if self._tier == "free" and name in PRO_ONLY:
            return web.json_response({"detail": "This endpoint requires Pro"}, status=403, headers=headers)
        self.asked.append(request.path_qs)
        return web.json_response(body(), headers=headers)

    def _count(self, now: float) -> tuple[dict[str, str], float]:
        """The headers, and the wait where the minute's or the day's requests are used up."""
        per_minute, per_day = LIMITS[self._tier]
        minute, day = int(now // 60), int(now // 86_400)
        wait_s = 0.0
        if self._used.get(("day", day), 0) >= per_day:
            wait_s = (day + 1) * 86_400 - now
        elif self._used.get(("minute", minute), 0) >= per_minute:
            wait_s = (minute + 1) * 60 - now
        else:
            for window in (("minute", minute), ("day", day)):
                self._used[window] = self._used.get(window, 0) + 1
        headers = {
            "X-RateLimit-Limit": str(per_minute),
            "X-RateLimit-Remaining": str(per_minute - self._used.get(("minute", minute), 0)),
            "X-RateLimit-Reset": str((minute + 1) * 60),
        }
        return headers if self._has_headers else {}, wait_s
