"""The model of one destination: what it posts when, what it digests, and what ends unsaid.

It decides as `bot.outbox.lease` does, whose constants it takes; where that file says otherwise, this one is wrong. Its
platform takes every message.
"""

from bisect import insort
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from bot.engine.editing import EDIT_EVERY_S
from bot.engine.lane import MOST_IN_FLIGHT
from bot.engine.pace import Keys
from bot.gate.hours import closed_until
from bot.model.alerts import PRIORITY_RANK, Delivery, Overflow
from bot.model.terms import ActiveHours, Terms
from bot.outbox.batches import LARGEST_BATCH
from bot.outbox.overflow import (
    BACKLOG_DUE_S,
    BUDGET_DUE_S,
    BUDGET_WINDOW_S,
    DIGEST_EVERY_S,
    OUTSIDE_HOURS,
)
from bot.outbox.rows import TRADE_CANCELLED
from bot.workbench.backtest.pacing import ANSWER_S, SECOND_NS, Windows
from bot.workbench.backtest.tally import MINUTE_NS, ChannelTally

ANSWER_NS: Final = int(ANSWER_S * SECOND_NS)
EDIT_EVERY_NS: Final = int(EDIT_EVERY_S * SECOND_NS)


@dataclass(frozen=True, slots=True)
class Outlet:
    """One destination, as far as the model needs it."""

    name: str
    type: str
    """As the configuration spells it: `discord_webhook`."""
    terms: Terms
    """With `can_edit` as the platform has it."""
    keys: Keys
    """The buckets that one message counts against; outlets that share a key share the pace."""
    carries: int
    """Alerts that fit one message."""


class Message:
    """One that was sent."""

    __slots__ = ("next_edit_ns", "shown_ns")

    def __init__(self, frozen_ns: int) -> None:
        self.shown_ns = frozen_ns + ANSWER_NS
        """When it stands in the channel."""
        self.next_edit_ns = 0
        """When the newest edit is, or was, made; 0: there was none."""


class Item:
    """One delivery."""

    __slots__ = ("delivery", "due_ns", "message", "overflow", "repeats", "stale_ns", "state")

    def __init__(self, delivery: Delivery, stale_ns: int | None) -> None:
        self.delivery = delivery
        self.stale_ns = stale_ns
        """When it will have waited too long."""
        self.state: Literal["queued", "told", "expired"] = "queued"
        self.overflow: Overflow | None = None
        """Why it goes, or went, to a digest."""
        self.due_ns = 0
        """With `overflow`: when a digest may tell of it."""
        self.message: Message | None = None
        self.repeats = 0

    @property
    def created_ns(self) -> int:
        return self.delivery.alert.created_ns


Chosen = Callable[[Item], bool]


class _Waiting(NamedTuple):
    """In the order in which they go: by priority, then score, then the newest."""

    priority: int
    minus_score: float
    minus_place: int
    item: Item


class Channel:
    """`add` what arrives, then `step` at `due_ns`, as often as there is one."""

    def __init__(self, outlet: Outlet, windows: Windows, tally: ChannelTally) -> None:
        self.outlet = outlet
        self.due_ns: int | None = None
        """When there is something to decide, unix nanoseconds; None: when something new is added."""
        self.tally = tally
        self._terms = outlet.terms
        self._windows = windows
        self._fit = min(outlet.carries, LARGEST_BATCH)
        self._items: dict[str, Item] = {}
        """By the alert's id."""
        self._waiting: list[_Waiting] = []
        self._overflowing: list[Item] = []
        self._places = 0
        self._on_way: deque[int] = deque()
        """When the answers come."""
        self._sent: deque[tuple[int, int]] = deque()
        """When alerts were posted one by one, and how many, within the budget's hour."""
        self._sent_count = 0
        """All of those together."""
        self._last_digest_ns: int | None = None
        self._closed: tuple[int, int | None] = (-1, None)
        """A minute, and when the hours open next; None: they are open in it."""

    # --- what comes in ---

    def add(self, delivery: Delivery, stale_ns: int | None, now_ns: int) -> None:
        """Queue a delivery: whatever else comes at the same moment may go along."""
        item = self._items[delivery.alert.id] = Item(delivery, stale_ns)
        score = delivery.alert.print.score
        self._places += 1
        rank = _Waiting(PRIORITY_RANK[delivery.priority], 1.0 if score is None else -score, -self._places, item)
        insort(self._waiting, rank)
        self.tally.arrived(delivery.rules[0], delivery.alert.created_ns)
        self.due_ns = now_ns if self.due_ns is None else min(self.due_ns, now_ns)

    def repeat(self, alert_id: str, now_ns: int) -> bool:
        """Tell of one more print by the message of an earlier alert; False where there is none that could."""
        item = self._items.get(alert_id)
        if item is None or item.overflow is not None or item.state == "expired":
            return False
        item.repeats += 1
        self._edit(item, now_ns)
        return True

    def amend(self, alert_id: str, now_ns: int) -> None:
        """More is known of an alert's print; its message shows it."""
        if (item := self._items.get(alert_id)) is not None:
            self._edit(item, now_ns)

    def cancel(self, alert_id: str, now_ns: int) -> None:
        """The trade was taken back: its message is struck through, and what waits is not posted."""
        item = self._items.get(alert_id)
        if item is None:
            return
        if item.state == "queued" and not item.repeats:
            self._waiting = [one for one in self._waiting if one.item is not item]
            self._overflowing = [one for one in self._overflowing if one is not item]
            self._expire((item,), TRADE_CANCELLED)
        else:
            self._edit(item, now_ns)

    def _edit(self, item: Item, now_ns: int) -> None:
        """One edit more, unless one that is still to be made will show it."""
        message = item.message
        if message is None or not self._terms.can_edit or now_ns <= message.next_edit_ns:
            return
        earliest_ns = message.next_edit_ns + EDIT_EVERY_NS if message.next_edit_ns else message.shown_ns
        message.next_edit_ns = max(now_ns, earliest_ns)
        self.tally.edits += 1

    # --- what goes out ---

    def step(self, now_ns: int) -> None:
        """Do what is due now, one message at most."""
        on_way = self._on_way
        while on_way and on_way[0] <= now_ns:
            on_way.popleft()
        if len(on_way) >= MOST_IN_FLIGHT:
            self.due_ns = on_way[0]
            return
        ready_ns = self._windows.ready_ns(self.outlet.keys)
        if ready_ns > now_ns:
            self.due_ns = ready_ns
            return
        self.due_ns = now_ns
        if self._lease(now_ns):
            self._windows.take(self.outlet.keys, now_ns)
            on_way.append(now_ns + ANSWER_NS)

    def _lease(self, now_ns: int) -> bool:
        """Whether a message goes now; else `due_ns` says when to ask again. See `bot.outbox.lease`."""
        terms = self._terms
        opens_ns = self._closed_until(terms.hours, now_ns) if terms.hours is not None else None
        if terms.hours is not None and opens_ns is not None:
            self._close(terms.hours, opens_ns)
            self.due_ns = opens_ns if self._overflowing or self._waiting else None
            return False
        if not terms.is_digested:
            return self._post(None, now_ns)
        self._overflow_where("stale", now_ns, lambda item: item.stale_ns is not None and item.stale_ns <= now_ns)
        digest_ns = self._digest_due_ns()
        if digest_ns is not None and digest_ns <= now_ns:
            self._digest(now_ns)
            self._ask_again()
            return True
        left = None
        if terms.budget is not None:
            left = self._budget_left(terms.budget, now_ns)
            if left == 0:
                self._overflow_where("budget", now_ns + BUDGET_DUE_S * SECOND_NS)
        if not self._post(left, now_ns):
            self.due_ns = self._digest_due_ns()
            return False
        if terms.backlog is not None and len(self._waiting) > terms.backlog:
            behind = self._waiting[terms.backlog :]
            del self._waiting[terms.backlog :]
            self._put_over([one.item for one in behind], "backlog", now_ns + BACKLOG_DUE_S * SECOND_NS)
        self._ask_again()
        return True

    def _ask_again(self) -> None:
        """After a message: at once where more waits, else when a digest is due."""
        if not self._waiting:
            self.due_ns = self._digest_due_ns()

    def _post(self, most: int | None, now_ns: int) -> bool:
        """Send the next message of alerts, at most `most` of them; False where nothing waits."""
        together = self._waiting[: min(self._fit, LARGEST_BATCH if most is None else most)]
        if not together:
            self.due_ns = None
            return False
        del self._waiting[: len(together)]
        message = Message(now_ns)
        for one in together:
            one.item.state, one.item.message = "told", message
            self.tally.told_singly(one.item.created_ns, now_ns)
        self._sent.append((now_ns + ANSWER_NS, len(together)))
        self._sent_count += len(together)
        self.tally.messages += 1
        return True

    def _digest(self, now_ns: int) -> None:
        for item in self._overflowing:
            item.state = "told"
            self.tally.told_in_digest(item.overflow or "stale", item.created_ns)
        self._overflowing = []
        self._last_digest_ns = now_ns + ANSWER_NS
        self.tally.digests += 1

    # --- what does not ---

    def _close(self, hours: ActiveHours, opens_ns: int) -> None:
        """Outside the hours nothing is sent."""
        if hours.outside == "drop":
            self._expire((one.item for one in self._waiting), OUTSIDE_HOURS)
            self._waiting = []
        elif self._terms.is_digested:
            self._overflow_where("hours", opens_ns)

    def _expire(self, items: Iterable[Item], reason: str) -> None:
        for item in items:
            item.state = "expired"
            self.tally.expired[reason] += 1

    def _overflow_where(self, why: Overflow, due_ns: int, is_over: Chosen | None = None) -> None:
        """What waits, or of it what `is_over` says, goes to the digest instead."""
        over = [one for one in self._waiting if is_over is None or is_over(one.item)]
        if over:
            self._waiting = [] if is_over is None else [one for one in self._waiting if not is_over(one.item)]
            self._put_over([one.item for one in over], why, due_ns)

    def _put_over(self, items: Iterable[Item], why: Overflow, due_ns: int) -> None:
        for item in items:
            item.overflow, item.due_ns = why, due_ns
            self._overflowing.append(item)

    def _digest_due_ns(self) -> int | None:
        """What waits for an opening is due as soon as there is one."""
        if not self._overflowing:
            return None
        first_ns = min(0 if item.overflow == "hours" else item.due_ns for item in self._overflowing)
        last_ns = self._last_digest_ns
        return first_ns if last_ns is None else max(first_ns, last_ns + DIGEST_EVERY_S * SECOND_NS)

    def _budget_left(self, budget: int, now_ns: int) -> int:
        since_ns = now_ns - BUDGET_WINDOW_S * SECOND_NS
        while self._sent and self._sent[0][0] <= since_ns:
            self._sent_count -= self._sent.popleft()[1]
        return max(0, budget - self._sent_count)

    def _closed_until(self, hours: ActiveHours, now_ns: int) -> int | None:
        """Hours begin and end with a minute, so each is asked about once."""
        minute = now_ns // MINUTE_NS
        if self._closed[0] != minute:
            self._closed = (minute, closed_until(hours, now_ns))
        return self._closed[1]
