"""Plain HTTP on the simulator's port: keys, health, quotas, and the way to the desk."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from bot.workbench.audience import ABNORMAL_TRADES, STREAM, Audience
from bot.workbench.desk import Answer, Desk
from bot.workbench.wire import encode

PRO_PER_MINUTE = 60
"""OptionWhales' requests a minute for a Pro key (its API documentation)."""

_OPTIONWHALES_REST = ("/v1/flow/current", "/v1/abnormal-trades/current")


class Reception:
    """Answers every request that is no WebSocket handshake, and refuses handshakes without a key."""

    def __init__(self, desk: Desk, audience: Audience) -> None:
        self._desk = desk
        self._audience = audience
        self._minute = 0
        self._used: dict[str, int] = {}

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """None lets a WebSocket handshake go on."""
        url = urlsplit(request.path)
        if url.path == "/health":
            connected = len(self._audience)
            body = {"status": "healthy", "service": "pro-api", "version": "1.0.0", "ws_connections": connected}
            return _respond(connection, Answer(200, body))
        key = key_of(request)
        if not key:
            hint = "send x-api-key, Authorization: Bearer, or ?api_key="
            return _respond(connection, Answer(401, {"error": f"missing API key; {hint}"}))
        if url.path in (STREAM, ABNORMAL_TRADES):
            return None
        now = datetime.now(UTC)
        limits = self._limits(key, now) if url.path in _OPTIONWHALES_REST else {}
        if "Retry-After" in limits:
            return _respond(connection, Answer(429, {"error": "rate limit exceeded"}), limits)
        return _respond(connection, self._desk.answer(url.path, dict(parse_qsl(url.query)), now), limits)

    def _limits(self, key: str, now: datetime) -> dict[str, str]:
        """OptionWhales' headers; with Retry-After where the minute's requests are used up."""
        second = int(now.timestamp())
        minute, elapsed = divmod(second, 60)
        if minute != self._minute:
            self._minute, self._used = minute, {}
        used = self._used[key] = self._used.get(key, 0) + 1
        limits = {
            "X-RateLimit-Limit": str(PRO_PER_MINUTE),
            "X-RateLimit-Remaining": str(max(0, PRO_PER_MINUTE - used)),
            "X-RateLimit-Reset": str((minute + 1) * 60),
        }
        return limits if used <= PRO_PER_MINUTE else {**limits, "Retry-After": str(60 - elapsed)}


def key_of(request: Request) -> str:
    """The key a client shows, in any of the documented ways; empty where it shows none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    query = dict(parse_qsl(urlsplit(request.path).query))
    return request.headers.get("x-api-key", "") or bearer or query.get("api_key", "")


def _respond(connection: ServerConnection, answer: Answer, headers: Mapping[str, str] | None = None) -> Response:
    response = connection.respond(answer.status, encode(answer.body))
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "application/json"
    response.headers.update(headers or {})
    return response
