"""What is counted while a tape is played. Knows nothing of how it is shown."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.model.alerts import Overflow
from bot.model.prints import Print

MINUTE_NS = 60 * 10**9
HOUR_NS = 3600 * 10**9


@dataclass(slots=True)
class RuleTally:
    """One rule over the tape."""

    matches: int = 0
    """Prints that fired it; of a rule with memory: with what it remembered."""
    alerts: int = 0
    """Of them, those that made an alert, alone or with other rules."""
    suppressed: Counter[str] = field(default_factory=Counter)
    """Of them, those that did not, by reason."""
    hours: Counter[int] = field(default_factory=Counter)
    """Alerts by hour since the epoch."""
    tickers: Counter[str] = field(default_factory=Counter)

    def alerted(self, found: Print, at_ns: int) -> None:
        self.alerts += 1
        self.hours[at_ns // HOUR_NS] += 1
        self.tickers[found.ticker] += 1


@dataclass(slots=True)
class Minute:
    """One destination's minute, by when the alerts arrived."""

    alerts: Counter[str] = field(default_factory=Counter)
    """By rule; an alert of several rules counts for the first of them."""
    digested: int = 0

    @property
    def total(self) -> int:
        return sum(self.alerts.values())


@dataclass(slots=True)
class ChannelTally:
    """One destination over the tape."""

    alerts: int = 0
    """Deliveries to it: that were posted, digested or expired."""
    posted: int = 0
    """Alerts posted one by one, several in a message perhaps."""
    messages: int = 0
    """That carried them."""
    digests: int = 0
    """Messages that told of digested alerts."""
    edits: int = 0
    digested: Counter[Overflow] = field(default_factory=Counter)
    expired: Counter[str] = field(default_factory=Counter)
    """By reason."""
    longest_wait_ns: int = 0
    """From receipt until it was sent, of those posted one by one."""
    longest_wait_at_ns: int = 0
    """When that one was received."""
    minutes: dict[int, Minute] = field(default_factory=lambda: defaultdict(Minute))
    """By minute since the epoch."""

    def arrived(self, rule: str, at_ns: int) -> None:
        self.alerts += 1
        self.minutes[at_ns // MINUTE_NS].alerts[rule] += 1

    def told_singly(self, received_ns: int, at_ns: int) -> None:
        self.posted += 1
        if (wait_ns := at_ns - received_ns) > self.longest_wait_ns:
            self.longest_wait_ns, self.longest_wait_at_ns = wait_ns, received_ns

    def told_in_digest(self, why: Overflow, arrived_ns: int) -> None:
        self.digested[why] += 1
        self.minutes[arrived_ns // MINUTE_NS].digested += 1


def moment(ns: int) -> datetime:
    """Unix nanoseconds as UTC, to the microsecond: through a float it would not be exact."""
    seconds, rest = divmod(ns, 10**9)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
