"""What to do after one attempt to send: the whole retry policy, pure. `engine/lanes` obeys it."""

from dataclasses import dataclass
from typing import Literal

from bot.model.outcomes import DestinationDead, Outcome, Permanent, Retry, Sent

Action = Literal["settle", "again", "split", "park"]
OnUnknown = Literal["resend", "drop"]

BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 60.0
PROBE_S = 300.0
"""First probe of a parked destination; each further one waits twice as long."""
LONGEST_PROBE_S = 3600.0
NONCE_WINDOW_S = 120.0
"""How long a platform surely remembers a batch id: Discord says "the past few minutes" (Create Message, `nonce`)."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`again` and `park` come back after `after_s`; `counts` says whether the attempt may have done something."""

    action: Action
    after_s: float = 0.0
    counts: bool = True


def decide(
    outcome: Outcome,
    *,
    failures: int,
    alerts: int,
    age_s: float,
    is_idempotent: bool,
    on_unknown: OnUnknown,
    jitter: float,
) -> Decision:
    """What follows from `outcome`.

    `failures` counts this destination's failed attempts in a row before this one, `alerts` those in the batch,
    `age_s` the time since it was frozen; `jitter` is from 0 to 1.
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
        case _:
            # Unknown: sending again is safe only while the platform would recognise it as the same message.
            if on_unknown == "drop" and not (is_idempotent and age_s < NONCE_WINDOW_S):
                return Decision("settle")
            return Decision("again", backoff_s(failures, jitter))


def backoff_s(failures: int, jitter: float) -> float:
    """Exponential from a second to a minute; the jitter takes away up to half of it."""
    return float(min(BACKOFF_S * 2 ** min(failures, 10), LONGEST_BACKOFF_S) * (1 - jitter / 2))
