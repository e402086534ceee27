"""What a vendor's REST answer means that is no success: the kind of refusal, its words, the wait it asks for. Pure.

Texts come in without the key: whoever has it takes it out first.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

import msgspec

from bot.model.errors import Refusal, VendorError

LONGEST_ASKED_S: Final = 86_400.0
"""The longest wait of a vendor's that is believed: a day's budget."""
SHORTEST_ASKED_S: Final = 1.0
MAX_WORDS: Final = 200
"""Characters of a vendor's own words that are worth showing."""
_MAX_READ: Final = 4096

_TAG = re.compile(r"<[^>]*>")
_KINDS: Mapping[int, tuple[Refusal, str]] = {
    HTTPStatus.UNAUTHORIZED: ("unauthorized", "; is the api_key right?"),
    HTTPStatus.FORBIDDEN: ("tier", "; does the plan include this?"),
    HTTPStatus.NOT_FOUND: ("not_found", ""),
    HTTPStatus.TOO_MANY_REQUESTS: ("rate_limited", ""),
}
"""OptionWhales' documentation, "Error Codes"; RadarPulse's guide names 429 alone."""


def refusal(status: int, headers: Mapping[str, str], text: str, now_s: float) -> VendorError:
    """What an answer outside 2xx means. `now_s`, in unix seconds, is for waits that name a moment."""
    if 300 <= status < 400:
        told = f"HTTP {status} points elsewhere, where no key is sent; set rest_url to the address itself"
        return VendorError("bad_answer", told)
    kind, hint = _KINDS.get(status, ("upstream" if status >= 500 else "bad_answer", ""))
    words = _words(text)
    detail = f"HTTP {status}{f': {words}' if words else ''}{hint}"
    return VendorError(kind, detail, after_s=asked_s(headers, now_s) if kind in ("upstream", "rate_limited") else None)


def asked_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """The wait that an answer asks for, in seconds, at least one.

    From Retry-After, seconds or a date (RFC 9110, 10.2.3), else X-RateLimit-Reset, in unix seconds (OptionWhales'
    documentation).
    """
    asked = _retry_after_s(headers.get("Retry-After", "").strip(), now_s)
    if asked is None:
        reset = _seconds(headers.get("X-RateLimit-Reset", "").strip())
        asked = reset - now_s if reset is not None and reset > now_s else None
    return None if asked is None else min(max(asked, SHORTEST_ASKED_S), LONGEST_ASKED_S)


def _retry_after_s(text: str, now_s: float) -> float | None:
    if (found := _seconds(text)) is not None:
        return found
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now_s


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.replace(".", "", 1).isdecimal() and len(text) <= 16 else None


def _words(text: str) -> str:
    """What the vendor says, as one short line: the text itself, or what stands in the usual places of a JSON object."""
    told: Any
    try:
        told = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        told = _TAG.sub(" ", text[:_MAX_READ])
    for name in ("error", "detail", "message"):
        if isinstance(told, dict):
            told = told.get(name, told)
    if not isinstance(told, str):
        return ""
    printable = (character if character.isprintable() else " " for character in told[:_MAX_READ])
    return " ".join("".join(printable).split())[:MAX_WORDS]
