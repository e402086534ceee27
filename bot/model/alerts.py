"""What is said about a print, and to whom: `Clause`, `RuleHit`, `Alert`, `Delivery`, `Batch`."""

from typing import Literal

import msgspec

from bot.model.prints import Print

Priority = Literal["high", "normal", "low"]
PRIORITY_RANK: dict[Priority, int] = {"high": 0, "normal": 1, "low": 2}

DeliveryState = Literal["queued", "sending", "sent", "digested", "expired", "dead", "unknown"]


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


class Alert(msgspec.Struct, frozen=True):
    """One print that matters, whatever the number of rules that matched it."""

    id: str
    """Eight characters, shown in the footer; what `explain` and `/flow why` take."""
    print: Print
    hits: tuple[RuleHit, ...]
    created_ns: int
    """When it was decided, in unix nanoseconds."""
    is_test: bool = False


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

    @property
    def id(self) -> str:
        return f"{self.alert.id}@{self.destination}"


class Batch(msgspec.Struct, frozen=True):
    """What goes into one message, frozen and journaled before it is sent; while in doubt it goes again as it is."""

    id: str
    """At most 25 characters of [a-z0-9]: Discord takes it as `nonce`, Slack in `metadata`."""
    destination: str
    deliveries: tuple[Delivery, ...]
    frozen_ns: int
    attempts: int = 0
    """Attempts that may have reached the platform before now; waits that the platform asked for do not count."""


class DeliveryRecord(msgspec.Struct, frozen=True):
    """What became of one delivery, as the store tells it."""

    destination: str
    state: DeliveryState
    rules: tuple[str, ...]
    attempts: int
    updated_ns: int
    message_id: str | None = None
    message_url: str | None = None
    reason: str = ""
    """The platform's words, or ours, where the state needs one."""


class Suppressed(msgspec.Struct, frozen=True):
    """Later prints that this alert kept quiet, counted: `rule` is empty where no single rule is meant."""

    rule: str
    reason: str
    """duplicate | twin | cooldown"""
    count: int


class Explanation(msgspec.Struct, frozen=True):
    """Everything that is known about one alert: why it fired, and what became of it."""

    alert: Alert
    deliveries: tuple[DeliveryRecord, ...]
    suppressed: tuple[Suppressed, ...] = ()
