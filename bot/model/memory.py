"""Rules with memory: what such a rule wants to have seen beside the print at hand, and what it had seen when it fired.

Times are the prints' own (their receipt, where a feed names none), durations seconds.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from bot.model.prints import Print

By = Literal["contract", "ticker", "rule"]
"""What is counted together: one contract's prints, one underlying's, or all that the rule's `when` matches."""


# --- what a rule asks for ----------------------------------------------------------------------------------


class Count(msgspec.Struct, frozen=True):
    """At least so many prints within `within_s`."""

    at_least: int
    within_s: float
    by: By = "contract"


class Total(msgspec.Struct, frozen=True):
    """Prints within `within_s` whose premiums together reach `premium_usd`."""

    premium_usd: float
    within_s: float
    by: By = "contract"
    is_strict: bool = False
    """More than `premium_usd`; else that much is enough."""


class First(msgspec.Struct, frozen=True):
    """No print of the kind in the `within_s` before this one."""

    within_s: float
    by: By = "contract"


class Spike(msgspec.Struct, frozen=True):
    """`factor` times as much in the last `window_s` as is usual: as the `against_s` before them had, in proportion."""

    factor: float
    window_s: float
    against_s: float
    by: By = "contract"
    of: Literal["premium", "count"] = "count"
    minimum: float | None = None
    """What the last `window_s` must hold at least: US dollars or prints. Without it, none at all is never exceeded."""


class Share(msgspec.Struct, frozen=True):
    """Of at least `min_count` prints within `within_s`, the fraction `at_least` of them is of one sort."""

    of: str
    """That sort in words: `side = ask`."""
    at_least: float
    """A fraction: 0.7 = 70 %."""
    within_s: float
    min_count: int
    by: By = "contract"


class Steady(msgspec.Struct, frozen=True):
    """A print every `every_s` at least, for `for_s` on end."""

    every_s: float
    for_s: float
    by: By = "contract"


Memory = Count | Total | First | Spike | Share | Steady


class Remembering(msgspec.Struct, frozen=True):
    """A rule's memory, as the engine needs it."""

    id: str
    """The rule's name, and a digest of its `when` and its memory: what is remembered holds while it stays."""
    memory: Memory
    text: str
    """As the admin wrote it, normalised: `count at least 3 within 10m by contract`."""
    is_of: Callable[[Print], bool] | None = None
    """Whether a print is of a share's sort. Only of a share."""


# --- what it had seen --------------------------------------------------------------------------------------


class Contribution(msgspec.Struct, frozen=True):
    """One print that a rule had counted."""

    at_ns: int
    """Its own time, unix nanoseconds."""
    title: str
    """`NVDA 145C 7/17`: as much of the contract as is known. Upstream's text."""
    premium_usd: float | None = None
    size: int | None = None
    side: str | None = None


class Evidence(msgspec.Struct, frozen=True):
    """What had accumulated when a rule with memory fired, the print at hand included."""

    text: str
    """The rule's clause: `count at least 3 within 10m by contract`."""
    count: int
    """Prints."""
    premium_usd: float
    """Of them together; prints without a premium add nothing."""
    span_s: float
    """From the first of them to the last."""
    share: float | None = None
    """The fraction of them that is of the rule's sort."""
    of: str | None = None
    """That sort: `side = ask`."""
    factor: float | None = None
    """How many times the usual it was; None also where the usual is none at all."""
    usual: float | None = None
    """What was usual for such a window: US dollars, or prints."""
    quiet_s: float | None = None
    """For how long none had been seen before this one, at least."""
    prints: tuple[Contribution, ...] = ()
    """The newest of them, at most `MOST_CONTRIBUTIONS`, oldest first."""


MOST_CONTRIBUTIONS = 20


# --- what the store keeps ----------------------------------------------------------------------------------


class MemoryStore(Protocol):
    """Keeps what rules remember over a restart. Every method raises StoreError where it cannot do it now."""

    async def memories(self) -> Mapping[str, Mapping[str, bytes]]:
        """What was noted: `Remembering.id` -> key -> body."""

    async def note_memories(self, changed: Sequence[tuple[str, str, bytes | None]]) -> None:
        """Keep bodies by (id, key), all in one transaction; None forgets one."""

    async def keep_memories(self, ids: frozenset[str]) -> None:
        """Forget what rules remembered that are not among `ids`."""
