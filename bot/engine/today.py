"""What happened since midnight in New York, counted for `/flowadmin rules` and the reports. Starts at 0 with the
process, for it is no promise."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.flow.market import NEW_YORK
from bot.model.people import person_at
from bot.model.ports import Commit

Settled = Literal["posted", "digested", "expired", "dead"]
"""How a delivery ended. dead: the platform refused it, or nobody knows whether it went out."""

WATCH = "watch"
"""What the rules are called together that commands made: `watch:17` is one of them."""


def rule_label(rule: str) -> str:
    """The rule's name as a label. There may be a hundred thousand watches, and YAML's names hold no colon."""
    return rule.partition(":")[0]


@dataclass(frozen=True, slots=True)
class DayCounts:
    """A day's counts until now. Rules that commands made count together, as `watch`."""

    since_ns: int
    """Unix nanoseconds: the day's begin, or the process's where that was later."""
    matches: Mapping[str, int]
    """By rule: prints that it matched, before the verdict."""
    alerts: Mapping[str, int]
    """By rule: alerts that it fired. One of two rules counts for both, one of watches for each person who is told."""
    suppressed: Mapping[str, int]
    """By reason: matches that were kept quiet."""
    alerted: int = 0
    """Alerts, each once however many rules it names."""
    posted: int = 0
    """Deliveries of alerts, like those below: an alert at two destinations counts twice."""
    digested: int = 0
    expired: int = 0
    dead: int = 0


class Today:
    """Counts. Whoever counts calls it on the event loop; each call is a few dictionary look-ups."""

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self._started_ns = now_ns()
        self._begin(self._started_ns)

    def matched(self, rule: str, count: int = 1) -> None:
        """A rule matched a print, or so many watches did."""
        self._turn()
        self._matches[rule_label(rule)] += count

    def committed(self, commit: Commit) -> None:
        """Alerts are durable. Of watches they name none, or few: who is told of them counts."""
        self._turn()
        self._alerted += len(commit.alerts)
        for alert in commit.alerts:
            self._alerts.update(hit.rule for hit in alert.hits if rule_label(hit.rule) != WATCH)
        if personal := sum(count for name, count in commit.queued.items() if person_at(name) is not None):
            self._alerts[WATCH] += personal
        for (_, reason), count in commit.suppressed.items():
            self._suppressed[reason] += count

    def settled(self, how: Settled, count: int) -> None:
        """So many deliveries ended so."""
        self._turn()
        self._settled[how] += count

    def counts(self) -> DayCounts:
        self._turn()
        settled = {str(how): count for how, count in self._settled.items()}
        return DayCounts(
            self._since_ns, dict(self._matches), dict(self._alerts), dict(self._suppressed), self._alerted, **settled
        )

    def _turn(self) -> None:
        now_ns = self._now_ns()
        if not self._begins_ns <= now_ns < self._ends_ns:  # a clock that was set back begins a day too
            self._begin(now_ns)

    def _begin(self, now_ns: int) -> None:
        day = datetime.fromtimestamp(now_ns / 1e9, NEW_YORK).replace(hour=0, minute=0, second=0, microsecond=0)
        self._begins_ns = int(day.timestamp()) * 10**9
        self._ends_ns = int((day + timedelta(days=1)).timestamp()) * 10**9  # the wall clock's next midnight
        self._since_ns = max(self._begins_ns, self._started_ns)
        self._alerted = 0
        self._matches: Counter[str] = Counter()
        self._alerts: Counter[str] = Counter()
        self._suppressed: Counter[str] = Counter()
        self._settled: Counter[Settled] = Counter()
