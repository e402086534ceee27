"""What is said about a print, and to whom: `Clause`, `RuleHit`, `Alert`, `Delivery`, `Digest`, `Batch`."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from bot.model.answers import Answer
from bot.model.memory import Evidence
from bot.model.prints import Bias, Print

Priority = Literal["high", "normal", "low"]
PRIORITY_RANK: dict[Priority, int] = {"high": 0, "normal": 1, "low": 2}

DeliveryState = Literal["queued", "sending", "sent", "digested", "expired", "dead", "unknown"]

Overflow = Literal["stale", "backlog", "budget", "hours"]
"""Why an alert goes to the digest: it waited longer than `max_age`, ranked behind `backlog`, came after `budget` was
used up, or outside `active_hours`."""


class Clause(msgspec.Struct, frozen=True):
    """One clause of a rule, judged against one print; the tree of them explains why a rule fired or not."""

    text: str
    """The clause as the admin wrote it, normalised: `premium >= $500K`. `all`, `any` and `not` for groups."""
    value: str
    """The print's own value as people read it: `$2.4M`; "missing" where the print lacks the fact."""
    verdict: bool | None
    """None = unknown: the fact is missing."""
    parts: "tuple[Clause, ...]" = ()


class RuleHit(msgspec.Struct, frozen=True):
    """One rule that a print matched, with the reason."""

    rule: str
    why: tuple[Clause, ...]
    evidence: Evidence | None = None
    """Of a rule with memory: what had accumulated."""


class Alert(msgspec.Struct, frozen=True):
    """One print that matters, whatever the number of rules that matched it."""

    id: str
    """Eight characters, shown in the footer; what `explain` and `/flow why` take."""
    print: Print
    hits: tuple[RuleHit, ...]
    created_ns: int
    """When it was decided, in unix nanoseconds."""
    is_test: bool = False


class Repeats(msgspec.Struct, frozen=True):
    """The same contract and side again inside the cooldown, told by editing the alert's message."""

    count: int
    """Further prints; the alert's own is not among them."""
    premium_usd: float
    """Of those prints together; prints without a premium add nothing."""
    last_ns: int
    """When the newest was received, in unix nanoseconds."""


class Delivery(msgspec.Struct, frozen=True):
    """One alert on its way to one destination."""

    alert: Alert
    destination: str
    rules: tuple[str, ...]
    """The rules that send this alert to this destination, in the configuration's order."""
    priority: Priority = "normal"
    """The highest among those rules."""
    mentions: tuple[str, ...] = ()
    """The union of those rules' mentions; each platform takes its own and ignores the rest."""
    repeats: Repeats | None = None
    is_cancelled: bool = False
    """The trade was taken back by the exchange: what told of it is shown struck through."""
    amendments: int = 0
    """How often the alert was changed after it was decided: its print turned out to be a leg of an order, say."""

    @property
    def id(self) -> str:
        return f"{self.alert.id}@{self.destination}"


class Flow(msgspec.Struct, frozen=True):
    """Alerts added up: of one ticker, or of one bias."""

    count: int
    premium_usd: float


class TickerFlow(msgspec.Struct, frozen=True):
    """One ticker's alerts in a digest."""

    ticker: str
    total: Flow
    by_bias: Mapping[Bias, Flow]
    """A bias without alerts is not there; alerts without a bias are in `total` only."""


class Digest(msgspec.Struct, frozen=True):
    """Alerts of one destination that were not posted one by one, ranked and added up."""

    total: Flow
    first_ns: int
    """When the oldest of them was received, in unix nanoseconds."""
    last_ns: int
    by_bias: Mapping[Bias, Flow]
    tickers: tuple[TickerFlow, ...]
    """The tickers with the most premium, that first; not all of them."""
    ticker_count: int
    """All of them."""
    top: tuple[Delivery, ...]
    """The best few: highest priority, then score, then newest."""
    why: Mapping[Overflow, int]
    """How many went here for which reason."""


class Notice(msgspec.Struct, frozen=True):
    """A word to the admins about flowbot itself. Plain text; nothing secret."""

    title: str
    lines: tuple[str, ...] = ()


class Batch(msgspec.Struct, frozen=True):
    """What goes into one message, frozen and journaled before it is sent; while in doubt it goes again as it is.

    It carries deliveries, or one digest, or one report, or one notice (which is not journaled: it may be lost).
    """

    id: str
    """At most 25 characters of [a-z0-9]: Discord takes it as `nonce`, Slack in `metadata`."""
    destination: str
    deliveries: tuple[Delivery, ...]
    frozen_ns: int
    attempts: int = 0
    """Attempts that may have reached the platform before now; waits that the platform asked for do not count."""
    digest: Digest | None = None
    notice: Notice | None = None
    report: Answer | None = None
    """A scheduled answer, for all to read; its buttons are left out where nobody could answer them."""

    @property
    def count(self) -> int:
        """Deliveries that this message settles; a report is one."""
        if self.report is not None:
            return 1
        return self.digest.total.count if self.digest is not None else len(self.deliveries)

    @property
    def mark(self) -> str:
        """Eight characters that this message shows in its (first) footer, and by which it is found again."""
        return self.deliveries[0].alert.id if self.deliveries else self.id[:8]


class Posted(msgspec.Struct, frozen=True):
    """Where and when a message stands."""

    message_id: str
    channel: str | None
    """The platform's channel id, where its answer named it; a thread is a channel."""
    sent_ns: int
    """Unix nanoseconds: an edit shows the alert's latency as it was."""


class Edit(msgspec.Struct, frozen=True):
    """A message that has news: its batch as it is to be shown now, whole."""

    posted: Posted
    batch: Batch


class DeliveryRecord(msgspec.Struct, frozen=True):
    """What became of one delivery, as the store tells it."""

    alert_id: str
    destination: str
    state: DeliveryState
    rules: tuple[str, ...]
    attempts: int
    updated_ns: int
    message_id: str | None = None
    message_url: str | None = None
    reason: str = ""
    """The platform's words, or ours, where the state needs one."""
    repeats: int = 0
    """Further prints of the same contract and side that were told by editing the message."""
    overflow: Overflow | None = None
    """Why it goes, or went, to a digest."""


class Suppressed(msgspec.Struct, frozen=True):
    """Later prints that this alert kept quiet, counted: `rule` is empty where no single rule is meant."""

    rule: str
    reason: str
    """duplicate | twin | cooldown | repeat (shown by editing this alert's message); a mute has no alert to count for"""
    count: int


class Explanation(msgspec.Struct, frozen=True):
    """Everything that is known about one alert: why it fired, and what became of it."""

    alert: Alert
    deliveries: tuple[DeliveryRecord, ...]
    suppressed: tuple[Suppressed, ...] = ()
