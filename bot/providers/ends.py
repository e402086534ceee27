"""Why a session ended, or never began: codes, refusals and the system's errors, each in a trader's words. Pure.

No text passes that could quote a URL; where the server's own words help, the caller scrubs them.
"""

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from socket import gaierror

from bot.providers.backoff import End

TOLD_MAX = 200
"""Characters of a server's own words that are worth showing."""

MESSAGE_TOO_BIG = 1009
NO_CODE = 1005
"""Close codes (RFC 6455, 7.4.1); NO_CODE stands for a close without one."""


def end_by_server(code: int, reason: str) -> End:
    """The server said goodbye; `code` 0: without one."""
    told = f": {reason[:TOLD_MAX]}" if reason else ""
    return End("closed", f"the server closed the connection ({code or NO_CODE}){told}")


def end_of_fault(code: int) -> End:
    """We said goodbye with `code`, because of what the server sent."""
    if code == MESSAGE_TOO_BIG:
        return End("oversize", "a frame of more than 1 MiB")
    return End("bad_frame", f"the server broke the WebSocket protocol ({code})")


def end_of_system(error: OSError) -> End:
    """The server was not reached; TimeoutError, TLS and DNS errors are OSErrors too."""
    match error:
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


def end_of_refusal(status: int, words: str, retry_after: str | None, now_s: float) -> End:
    """The server answered the handshake with an HTTP `status` and `words` of its own, already scrubbed.

    `now_s`, in unix seconds, is for a Retry-After that names a date.
    """
    told = words.strip()[:TOLD_MAX]
    detail = f"the server refused with HTTP {status}{f': {told}' if told else ''}"
    asked_s = _seconds(retry_after, now_s)
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


def _seconds(retry_after: str | None, now_s: float) -> float | None:
    """Of a Retry-After header, which holds seconds or an HTTP date (RFC 9110, 10.2.3)."""
    text = (retry_after or "").strip()
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.fromtimestamp(now_s, UTC)).total_seconds())
