"""What a platform may answer to a post, each in every destination's own words, and what such an answer tells.

Sources: Discord's reference, "Rate Limits"; Slack's reference of chat.postMessage and of incoming webhooks, 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.fakes.faults import (
    BAD_GATEWAY,
    BAD_GATEWAY_AFTER,
    HANG,
    HANG_AFTER,
    RESET_AFTER,
    RESET_BEFORE,
    TRUNCATED,
    Fault,
    answer,
)

DISCORD = ("room", "hook")
SLACK = ("desk", "desk-hook")
EVERYWHERE = (*DISCORD, *SLACK)
BOTS = frozenset({"room", "desk"})
"""Where nothing may ever be there twice: one drops what it has seen, the other shows its history."""

_LIMITED = {"message": "You are being rate limited.", "retry_after": 1.2, "global": False}
_NO_SUCH = {"message": "Internal Server Error", "code": 0}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, by destination; a destination that is not named answers as its documents say."""

    name: str
    faults: Mapping[str, Fault] = field(default_factory=dict)


def leaves_unknown(fault: Fault | None) -> bool:
    """Whether whoever gets this answer cannot tell if the request was carried out.

    A 2xx says so with its first line, whatever becomes of the rest. Slack's `internal_error`: "some aspect of the
    operation succeeded before the error was raised" (chat.postMessage, Errors).
    """
    if fault is None:
        return False
    is_slack_error = isinstance(fault.body, dict) and fault.body.get("error") in ("internal_error", "fatal_error")
    return fault.hangs or fault.resets or fault.status in (502, 504) or is_slack_error


def _same(name: str, fault: Fault) -> Answer:
    return Answer(name, dict.fromkeys(EVERYWHERE, fault))


def _each(name: str, discord: Fault, api: Fault, webhook: Fault) -> Answer:
    return Answer(name, {**dict.fromkeys(DISCORD, discord), "desk": api, "desk-hook": webhook})


def _limited(name: str, discord: Fault, retry_after: str) -> Answer:
    api = answer(429, {"ok": False, "error": "ratelimited"}, Retry_After=retry_after)
    return _each(name, discord, api, answer(429, "rate_limited", Retry_After=retry_after))


_WITH_HEADERS = answer(
    429, {**_LIMITED, "retry_after": 1.0}, Retry_After="1", Via="1.1 google", X_RateLimit_Limit="5",
    X_RateLimit_Remaining="0", X_RateLimit_Reset_After="1.0", X_RateLimit_Bucket="80c17d2f203122d936070c88c8d10f33",
    X_RateLimit_Scope="user",
)  # fmt: skip
_FRACTIONAL = answer(
    429, {**_LIMITED, "retry_after": 0.653}, Retry_After="1", Via="1.1 google", X_RateLimit_Remaining="0",
    X_RateLimit_Reset_After="0.653", X_RateLimit_Scope="user",
)  # fmt: skip
_GLOBAL = answer(
    429, {**_LIMITED, "global": True}, Retry_After="2", Via="1.1 google", X_RateLimit_Global="true",
    X_RateLimit_Scope="global",
)  # fmt: skip
_SERVICE_UNAVAILABLE = answer(200, {"ok": False, "error": "service_unavailable"})
_INTERNAL_ERROR = answer(200, {"ok": False, "error": "internal_error"})

ANSWERS = (
    Answer("2xx"),
    _limited("429-headers", _WITH_HEADERS, "1"),
    _same("429-bare", answer(429)),
    _limited("429-fractional", _FRACTIONAL, "0.653"),
    _limited("429-global", _GLOBAL, "2"),
    _each("500", answer(500, _NO_SUCH), answer(500, "Internal Server Error"), answer(500, "rollup_error")),
    _same("502-html-refused", BAD_GATEWAY),
    _same("502-html-taken", BAD_GATEWAY_AFTER),
    _same("503", answer(503, "upstream connect error or disconnect/reset before headers")),
    _same("hang-refused", HANG),
    _same("hang-taken", HANG_AFTER),
    _same("reset-unread", RESET_BEFORE),
    _same("reset-read-taken", RESET_AFTER),
    _same("truncated-2xx", TRUNCATED),
    # Discord and Slack's webhooks have no such answer: there all is well.
    Answer("ok-false-refused", {"desk": _SERVICE_UNAVAILABLE}),
    Answer("ok-false-unclear", {"desk": _INTERNAL_ERROR}),
    Answer("ok-false-unclear-taken", {"desk": replace(_INTERNAL_ERROR, is_stored=True)}),
)
