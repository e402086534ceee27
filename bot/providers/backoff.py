"""When to connect again. Pure policy: what happened goes in, with a dash of chance; the wait comes out."""

from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    "closed", "lost", "oversize", "bad_frame", "silence", "ping_timeout",  # a session ended
    "auth", "forbidden", "connection_limit", "rate_limited", "server_error", "redirect", "bad_handshake",  # refused
    "dns", "tls", "unreachable", "timeout", "proxy",  # never reached the server
]  # fmt: skip
"""Why a session ended or never began; a small closed set, because it labels a metric."""

FIRST_S, LONGEST_S = 1.0, 60.0
STEADY_S = 30.0
"""A session that lived so long was a good one: the next failure is the first again. A shorter one was not, or a
server that accepts and hangs up at once would be called without pause."""

FIRST_REFUSED_S, LONGEST_REFUSED_S = 300.0, 1800.0
"""A key that the server refuses does not mend itself in a second, and vendors lock out those who insist."""
LENIENT_REFUSALS = 3
"""A 403 to a key that worked before may be our own half-open predecessor, still counted as the one connection."""

LONGEST_ASKED_S = 3600.0
"""The longest Retry-After that is believed."""


@dataclass(frozen=True, slots=True)
class End:
    """How a session ended, or why it never began."""

    reason: Reason
    detail: str = ""
    """In words fit for a trader; never a secret."""
    retry_after_s: float | None = None
    """The server asked for this wait."""
    lived_s: float = 0.0
    """From the handshake on; 0 where there was none."""


@dataclass(frozen=True, slots=True)
class Tries:
    """What has gone wrong in a row."""

    failures: int = 0
    refusals: int = 0
    has_worked: bool = False
    """There has been a session with this key."""


def next_try(tries: Tries, end: End, chance: float) -> tuple[Tries, float]:
    """The record with `end` in it, and the seconds to wait. `chance`, from 0 to 1, spreads the waits.

    Ordinary: 1 to 2 s, then 2 to 4, up to 30 to 60. Refused keys: 5 to 10 minutes, up to 15 to 30. A wait that the
    server asked for is kept to, and never shortened by chance.
    """
    has_worked = tries.has_worked or end.lived_s > 0
    if end.lived_s >= STEADY_S:
        tries = Tries()
    refusals = tries.refusals + 1 if end.reason in ("auth", "forbidden") else 0
    after = Tries(tries.failures + 1, refusals, has_worked)
    is_lenient = end.reason == "forbidden" and has_worked and refusals <= LENIENT_REFUSALS
    if refusals and not is_lenient:
        wait_s = _spread(FIRST_REFUSED_S, LONGEST_REFUSED_S, refusals - 1, chance)
    else:
        wait_s = _spread(FIRST_S, LONGEST_S, tries.failures, chance)
    if end.retry_after_s is None:
        return after, wait_s
    asked_s = min(max(end.retry_after_s, FIRST_S), LONGEST_ASKED_S) * (1 + chance / 10)
    return after, max(asked_s, wait_s) if refusals else asked_s


def _spread(first_s: float, longest_s: float, doublings: int, chance: float) -> float:
    """Between half and the whole of a doubling bound, which begins at twice `first_s`."""
    bound_s = min(longest_s, 2 * first_s * 2.0 ** min(doublings, 30))
    return bound_s / 2 * (1 + chance)
