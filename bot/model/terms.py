"""How alerts for one destination are kept and let go: the `delivery:` settings as they hold there."""

from datetime import time
from typing import Literal

import msgspec

RepeatMode = Literal["edit", "post", "drop"]
"""The same contract and side again inside a cooldown: edit the earlier message, post anew, or say nothing."""


class ActiveHours(msgspec.Struct, frozen=True):
    """When a destination is posted to, in New York time."""

    begins: time
    ends: time
    """Exclusive. Not after `begins`: the window goes on past midnight, and belongs to the day on which it began."""
    days: frozenset[int] = frozenset(range(5))
    """0 = Monday."""
    outside: Literal["digest", "drop"] = "digest"
    """What becomes of alerts outside: digested at the next opening, or expired."""


class Terms(msgspec.Struct, frozen=True):
    """What one destination is spared. None: no such limit."""

    max_age_s: float | None = None
    """Seconds from our receipt after which an alert goes to the digest; a rule may set its own."""
    backlog: int | None = None
    """Alerts that may wait for their turn; those that rank behind go to the digest."""
    budget: int | None = None
    """Alerts posted in any hour; more go to the digest."""
    is_digested: bool = True
    """False: everything is posted, however long it takes; `max_age_s`, `backlog` and `budget` do not apply."""
    hours: ActiveHours | None = None
    repeats: RepeatMode = "edit"
    """Unless the rule says otherwise."""
    can_edit: bool = False
    """The platform lets us edit what we posted; without it `edit` is `drop`."""
