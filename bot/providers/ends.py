"""Why a session ended: the errors of websockets, of TLS and of the system, each translated once into an `End`.

No text of theirs passes that could quote a URL; where the server's own words help, the caller scrubs them.
"""

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from socket import gaierror

from websockets.exceptions import (
    ConnectionClosed,
    InvalidProxy,
    InvalidStatus,
    ProxyError,
    WebSocketException,
)
from websockets.frames import CloseCode
from websockets.http11 import Response

from bot.providers.backoff import End

TOLD_MAX = 200
"""Characters of a server's own words that are worth showing."""

EXPECTED = (OSError, WebSocketException, ImportError)
"""What connecting may raise without being a bug. TimeoutError, TLS and DNS errors are OSErrors; an ImportError is
websockets' way to say that the environment names a SOCKS proxy, which it cannot use."""


def end_of_session(error: ConnectionClosed) -> End:
    """How an open connection came to its end."""
    ours, theirs = error.sent, error.rcvd
    if ours is not None and not (error.rcvd_then_sent and theirs):
        match ours.code:
            case CloseCode.MESSAGE_TOO_BIG:
                return End("oversize", "a frame of more than 1 MiB")
            case CloseCode.PROTOCOL_ERROR | CloseCode.INVALID_DATA:
                return End("bad_frame", f"the server broke the WebSocket protocol ({ours.code})")
            case CloseCode.INTERNAL_ERROR:
                # websockets closes with 1011 where the pong to its keepalive ping does not come.
                return End("ping_timeout", "no answer to a ping for 20 s")
    if theirs is not None:
        told = f": {theirs.reason[:TOLD_MAX]}" if theirs.reason else ""
        return End("closed", f"the server closed the connection ({int(theirs.code)}){told}")
    return End("lost", "the connection broke off without a goodbye")


def end_of_attempt(error: OSError | WebSocketException | ImportError, now_s: float) -> End:
    """Why a connection was never established. `now_s`, in unix seconds, is for a Retry-After that names a date."""
    match error:
        case InvalidStatus():
            return _refusal(error.response, now_s)
        case ProxyError() | InvalidProxy():
            return End("proxy", "the proxy that the environment names (HTTPS_PROXY) did not let us through")
        case ImportError():
            return End("proxy", "the environment names a SOCKS proxy; set HTTPS_PROXY, or NO_PROXY for the server")
        case WebSocketException():
            return End("bad_handshake", f"what answers there speaks no WebSocket ({type(error).__name__})")
        case gaierror():
            return End("dns", "the server's name has no address")
        case ssl.SSLError():
            why = getattr(error, "verify_message", "") or getattr(error, "reason", "") or "TLS failed"
            return End("tls", f"no secure connection: {why}")
        case TimeoutError():
            return End("timeout", "no answer to the handshake for 10 s")
        case ConnectionRefusedError():
            return End("unreachable", "the server refuses connections")
        case _:
            return End("unreachable", f"no connection: {error.strerror or type(error).__name__}")


def _refusal(response: Response, now_s: float) -> End:
    status = response.status_code
    told = bytes(response.body or b"").decode(errors="replace").strip()[:TOLD_MAX]
    detail = f"the server refused with HTTP {status}{f': {told}' if told else ''}"
    asked_s = _retry_after(response.headers.get_all("Retry-After"), now_s)
    if is_connection_limit(told):
        return End("connection_limit", detail, asked_s)
    if 300 <= status < 400:
        return End("redirect", f"HTTP {status} points elsewhere; set ws_url to the address itself", asked_s)
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return End("auth", f"{detail}; is the api_key right?", asked_s)
        case HTTPStatus.FORBIDDEN:
            return End("forbidden", f"{detail}; does the plan include the stream?", asked_s)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return End("rate_limited", detail, asked_s)
    return End("server_error" if status >= 500 else "bad_handshake", detail, asked_s)


def is_connection_limit(told: str) -> bool:
    """Whether a refusal speaks of the number of connections; then the key is good, and trying again helps."""
    words = told.lower()
    return "connection" in words and any(hint in words for hint in ("limit", "too many", "maximum", "already", "max "))


def _retry_after(values: list[str], now_s: float) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or an HTTP date (RFC 9110, 10.2.3)."""
    if not values:
        return None
    text = values[0].strip()
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.fromtimestamp(now_s, UTC)).total_seconds())
