"""The three ports: where prints come from, where alerts go, and where both are made durable."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from bot.model.alerts import Alert, Batch, Delivery, Edit, Explanation
from bot.model.feeds import Gap, Mode
from bot.model.matches import Known, Match, Verdict
from bot.model.outcomes import EditOutcome, Outcome, Sight
from bot.model.prints import Print
from bot.model.terms import Terms

Frame = str | bytes
Record = Callable[[str, int, Frame], None]
"""The provider's name, when the frame was received in unix nanoseconds, and the frame."""


# --- providers ---------------------------------------------------------------------------------------------


class Intake(Protocol):
    """Where a provider hands over what it found. Both calls are synchronous and never block."""

    def accept(self, found: Print) -> None: ...

    def reject(self, provider: str, reason: str, detail: str, raw: Frame) -> None:
        """`reason` is one of FrameError's, or the stream's own: oversize, error_frame, bug."""

    def cancel(self, found: Print) -> None:
        """The feed takes back a trade that it reported: its alert is struck through."""

    @property
    def record(self) -> "Record | None":
        """Called with every frame as it came, in any order with `accept`; None: there is no tape."""

    async def settled(self) -> None:
        """Wait until everything that was accepted before this call is durable."""

    @property
    def is_full(self) -> bool: ...

    async def room(self) -> None:
        """Wait until `is_full` is false. A provider asks before it reads on: pressure goes back to TCP."""


@dataclass(slots=True)
class ProviderStatus:
    """What a provider knows about its own connection; it alone writes, metrics and `/flow status` read."""

    is_connected: bool = False
    connected_ns: int = 0
    """Unix ns of the last successful handshake; 0 = never."""
    last_frame_ns: int = 0
    """Unix ns of the last frame of any sort, heartbeats too; 0 = none yet."""
    sessions: int = 0
    """Successful handshakes since start."""
    last_error: str = ""
    """Why the last session ended, in words fit for a trader; never a secret."""
    disconnects: dict[str, int] = field(default_factory=dict)
    """How often a session ended, or failed to begin, by reason (a small closed set)."""
    mode: Mode = "stream"
    is_delayed: bool = False
    """The feed as a whole runs behind the market."""
    gaps: dict[str, int] = field(default_factory=lambda: {"recovered": 0, "lost": 0})
    """Gaps since start, by what became of them."""
    recovered: int = 0
    """Prints that were given back after gaps since start."""
    last_gap: Gap | None = None
    budget: str = ""
    """What is left of the key's requests, in words for `/flow status`; empty where nothing limits it."""


class Provider(Protocol):
    """One feed. It connects, reconnects for ever, and hands over prints until it is closed."""

    @property
    def name(self) -> str: ...

    @property
    def status(self) -> ProviderStatus: ...

    @property
    def facts(self) -> frozenset[str]:
        """The names of the print vocabulary that this feed can fill, ours included where we derive them."""

    async def run(self, intake: Intake) -> None:
        """Feed `intake` for ever. Returns only after `close()`; raises only on a bug."""

    async def close(self) -> None:
        """End the session in good order. May be called twice."""


# --- destinations ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` messages in any `window_s` seconds."""

    count: int
    window_s: float


class Destination(Protocol):
    """One place where alerts are posted. Knows its platform's wire; knows no queue, no retry and no store."""

    @property
    def name(self) -> str: ...

    @property
    def buckets(self) -> Mapping[str, tuple[Rate, ...]]:
        """The platform's rate buckets that one message counts against, by key, with the documented limits.

        Destinations that share a key share the pace. Keys hold no secret.
        """

    @property
    def platform(self) -> str:
        """Whose requests these are: discord, slack …; it counts refused requests for all its destinations together."""

    @property
    def edit_buckets(self) -> Mapping[str, tuple[Rate, ...]]:
        """The buckets that one edit counts against, apart from those of posts where the platform keeps them apart."""

    @property
    def is_idempotent(self) -> bool:
        """The platform drops a second message with the same batch id, so an unknown outcome may be re-sent."""

    @property
    def can_edit(self) -> bool:
        """A message that was sent can be edited, given its id."""

    def fit(self, deliveries: Sequence[Delivery]) -> int:
        """How many of these, from the first on, one message can carry; at least 1 for a non-empty sequence."""

    async def send(self, batch: Batch) -> Outcome:
        """Post the batch once. Raises only on a bug: whatever the platform or the network does is an Outcome."""

    async def edit(self, edit: Edit) -> EditOutcome:
        """Show the batch in the message's place: whole, so that it may be done twice. Called only if `can_edit`."""

    async def find(self, batch: Batch) -> Sight:
        """Look whether the batch, whose outcome is unknown, is there. Changes nothing."""

    async def close(self) -> None:
        """Release what it holds. May be called twice."""


# --- the outbox --------------------------------------------------------------------------------------------


class Target(msgspec.Struct, frozen=True):
    """One destination, as a commit needs it."""

    terms: Terms = Terms()
    fit: "Fit | None" = None
    """Given where a message could go at once: its batch is then frozen in the same transaction."""


class Lease(msgspec.Struct, frozen=True):
    """What a destination may send next."""

    batch: Batch | None = None
    again_ns: int | None = None
    """Without a batch: when to ask again, in unix nanoseconds; None: when something new is queued."""
    expired: int = 0
    """Deliveries that this lease ended, each with its reason."""


class Commit(msgspec.Struct, frozen=True):
    """What one transaction made durable."""

    queued: Mapping[str, int]
    """New deliveries waiting, by destination; those in `batches` are not among them."""
    batches: Sequence[Batch]
    """Frozen in the same transaction for destinations that were idle: ready to send at once."""
    alerts: Sequence[Alert]
    suppressed: Mapping[tuple[str, str], int]
    """How many matches were held back, by (rule, reason)."""
    edits: frozenset[str] = frozenset()
    """Destinations with messages that have news."""
    expired: Mapping[str, int] = {}
    """Deliveries that this transaction ended, by destination; they waited before."""


Judge = Callable[[Match, Known], Verdict]
Fit = Callable[[Sequence[Delivery]], int]


class Outbox(Protocol):
    """The store: nothing is sent before it is here, and nothing here is forgotten before it is settled.

    Every method raises StoreError where the store cannot do it now; then nothing of it was done.
    """

    async def commit(self, matches: Sequence[Match], judge: Judge, targets: Mapping[str, Target]) -> Commit:
        """Judge and record `matches` in one transaction: stamps, cooldowns, alerts, deliveries, repeats.

        A destination that is not among `targets` has the terms of `Terms()`.
        """

    async def lease(self, destination: str, fit: Fit, terms: Terms) -> Lease:
        """Freeze and journal the next batch for `destination`: alerts that fit one message, or a digest that is due."""

    async def settle(self, batch: Batch, outcome: Outcome, *, is_final: bool) -> None:
        """Record an attempt's outcome. Not final: the batch stays frozen, to be sent again."""

    async def requeue(self, batch: Batch, outcome: Outcome | None, *, is_solo: bool) -> None:
        """Put an unsent batch's deliveries back in the queue; `is_solo`: it was refused, each is to go alone.

        `outcome` is what the attempt came to, for the record; None where there was none.
        """

    async def interrupted(self) -> Sequence[Batch]:
        """Batches that an earlier run froze and never settled: their outcome is unknown."""

    async def next_edit(self, destination: str) -> Edit | None:
        """The message of `destination` that has waited longest to show its news; None where there is none."""

    async def settle_edit(self, edit: Edit, outcome: EditOutcome) -> None:
        """Record an edit that ended: shown (Sent), to be posted anew (Gone), or given up (anything else)."""

    async def may_tell(self, subject: str, every_s: float) -> bool:
        """Whether the admins may be told about `subject` now: at most once in `every_s`, over restarts too."""

    async def cancel(self, found: Print) -> Commit:
        """A trade that its provider reported before is taken back: its alert is shown struck through wherever it was
        posted (`edits`), and is not posted where it waits (expired). Nothing happens where no alert told of it."""

    async def amend(self, found: Print) -> Commit:
        """More is known of a print than when its alert was decided: the alert tells of `found` from now on, and what
        was posted shows it (`edits`). Nothing happens where no alert told of it."""

    async def waiting(self) -> Mapping[str, int]:
        """Deliveries that wait for their turn, by destination."""

    async def explain(self, alert_id: str) -> Explanation | None:
        """Everything known about one alert; None where the id is unknown or forgotten."""

    async def close(self) -> None:
        """Finish what was begun and close. May be called twice."""
