"""What to do after an attempt to send, a look, or an edit: the whole retry policy, pure. The shells obey it."""

from dataclasses import dataclass
from typing import Literal

from bot.model.outcomes import Absent, DestinationDead, EditOutcome, Outcome, Permanent, Retry, Sent, Sight, Unknown

Action = Literal["settle", "again", "split", "park", "look", "drop"]
OnUnknown = Literal["resend", "drop"]

BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 60.0
PROBE_S = 300.0
"""First probe of a parked destination; each further one waits twice as long."""
LONGEST_PROBE_S = 3600.0
NONCE_WINDOW_S = 120.0
"""How long a platform surely remembers a batch id: Discord says "the past few minutes" (Create Message, `nonce`)."""
LOOK_AFTER_S = 2.0
"""A platform may still be storing a message whose answer was lost: sooner than this, not seeing it proves nothing."""
MOST_LOOKS = 12
"""Looks that failed, in about seven minutes; then it is as if nobody could look."""
MOST_EDIT_TRIES = 8
"""Failed tries of one edit, in about two minutes; then it is given up, for other messages wait to be edited."""


@dataclass(frozen=True, slots=True)
class Decision:
    """All but `settle`, `split` and `drop` go on after `after_s`; `counts` says whether it was a failure."""

    action: Action
    after_s: float = 0.0
    counts: bool = True


def decide(outcome: Outcome, *, failures: int, alerts: int, is_recognised: bool, jitter: float) -> Decision:
    """What follows from an attempt to send.

    `failures` counts this destination's failed attempts in a row before this one, `alerts` those that the message
    shows one by one; `jitter` is from 0 to 1.
    """
    match outcome:
        case Sent():
            return Decision("settle")
        case Retry(is_asked=True):
            return Decision("again", outcome.after_s or BACKOFF_S, counts=False)
        case Retry():
            return Decision("again", max(outcome.after_s or 0.0, backoff_s(failures, jitter)))
        case Permanent():
            return Decision("split" if alerts > 1 else "settle")
        case DestinationDead():
            return Decision("park", min(PROBE_S * 2 ** min(failures, 10), LONGEST_PROBE_S))
        case Unknown():
            wait_s = backoff_s(failures, jitter)
            return Decision(
                "again" if is_recognised else "look", wait_s if is_recognised else max(wait_s, LOOK_AFTER_S)
            )


def is_recognised(*, age_s: float, is_idempotent: bool) -> bool:
    """Whether the platform would drop a second message of a batch that was frozen `age_s` ago.

    Else one that is in doubt is looked for before it goes again.
    """
    return is_idempotent and age_s < NONCE_WINDOW_S


def decide_sight(sight: Sight, *, looks: int, on_unknown: OnUnknown, jitter: float) -> Decision:
    """What follows from a look for a batch in doubt; `looks` counts those that failed before."""
    match sight:
        case Sent():
            return Decision("settle")
        case Absent():
            return Decision("again")
        case Retry(is_asked=True):
            return Decision("look", sight.after_s or BACKOFF_S, counts=False)
        case Retry() if looks + 1 < MOST_LOOKS:
            return Decision("look", max(sight.after_s or LOOK_AFTER_S, backoff_s(looks, jitter)))
        case _:
            return Decision("again" if on_unknown == "resend" else "drop")


def decide_edit(outcome: EditOutcome, *, failures: int, jitter: float) -> Decision:
    """What follows from an edit; `failures` counts those of this message in a row before this one.

    What an edit shows is absolute, so that one in doubt may simply be made again.
    """
    match outcome:
        case Retry(is_asked=True):
            return Decision("again", outcome.after_s or BACKOFF_S, counts=False)
        case Retry() | Unknown() if failures + 1 < MOST_EDIT_TRIES:
            asked_s = outcome.after_s if isinstance(outcome, Retry) else None
            return Decision("again", max(asked_s or 0.0, backoff_s(failures, jitter)))
        case _:
            return Decision("settle")


def backoff_s(failures: int, jitter: float) -> float:
    """Exponential from a second to a minute; the jitter takes away up to half of it."""
    return float(min(BACKOFF_S * 2 ** min(failures, 10), LONGEST_BACKOFF_S) * (1 - jitter / 2))
