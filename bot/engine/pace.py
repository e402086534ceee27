"""Pace: when a platform's rate limits let the next request go. Pure; seconds are of one monotonic clock."""

from collections import defaultdict
from collections.abc import Mapping

from bot.engine.window import Window
from bot.model.outcomes import EditOutcome, Pace, Retry, Sent, Sight
from bot.model.ports import Rate

Keys = Mapping[str, tuple[Rate, ...]]
"""Bucket -> the rates to keep there. The first is the request's own, whose headers its answer carries."""
Answer = EditOutcome | Sight

LATEST_ARRIVAL_S = 1.0
"""A request that is not answered after this long has arrived by now, or never will."""
TRAVEL_SHARE = 0.03
"""How long a request may take to the platform, at first, as a share of the window that it counts in. It doubles with
every refusal: a late request and a quick one met in a window that we believed kept. Counting every request from its
answer would need no guess, and cost a limit of one a second a tenth of it."""
MOST_BUCKETS = 1000
"""More are looked through for those that rest, lest everybody who was ever told by direct message be remembered."""
REST_S = 3600.0
"""Nothing was asked of such a bucket for so long, or for as long as the longest window of its rates."""
WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
"""After a 429 that names no wait: the first, doubling up to the longest while they go on."""


class Turn:
    """One request, from its sending to its answer."""

    __slots__ = ("answered", "keys", "sent")

    def __init__(self, keys: Keys, sent: float) -> None:
        self.keys = keys
        self.sent = sent
        self.answered: float | None = None

    def counted_at(self, now: float, travel_s: float) -> float:
        """The latest moment at which the platform may have counted it, which is what its windows are safe from."""
        return min(now if self.answered is None else self.answered, self.sent + travel_s)


class Bucket:
    """The turns that went against one platform bucket, and what the server said of it."""

    __slots__ = ("_longest_s", "_refusals", "_refused_at", "_surprises", "_window", "most", "not_before", "turns")

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.most = 0
        self.not_before = 0.0
        self._window = Window()
        self._longest_s = REST_S
        self._refusals = 0
        self._refused_at = 0.0
        self._surprises = 0
        """Refusals since start: we were sure of the window each time."""

    def ready_at(self, rates: tuple[Rate, ...], now: float) -> float:
        """The earliest moment for the next request, as far as one can tell; `now` means at once."""
        on_way = sum(turn.answered is None for turn in self.turns)
        ready = max(self.not_before, self._window.ready_at(now, on_way))
        kept = rates if self._window.rate is None else (*rates, self._window.rate)
        for rate in kept:
            if len(self.turns) >= rate.count:
                travel_s = self._travel_s(rate.window_s)
                counted = sorted(turn.counted_at(now, travel_s) for turn in self.turns)
                ready = max(ready, counted[-rate.count] + rate.window_s)
        return ready

    def _travel_s(self, window_s: float) -> float:
        longest_s = TRAVEL_SHARE * window_s * 2 ** min(self._surprises, 10)
        return float(min(longest_s, LATEST_ARRIVAL_S))

    def is_resting(self, now: float) -> bool:
        """Nothing is on its way, and nothing that was holds a request up."""
        return now >= self.not_before and all(turn.sent + self._longest_s < now for turn in self.turns)

    def take(self, rates: tuple[Rate, ...], turn: Turn) -> None:
        self._longest_s = max(self._longest_s, *(rate.window_s for rate in rates), 0.0)
        learned = self._window.rate.count if self._window.rate is not None else 0
        self.most = max(self.most, learned, *(rate.count for rate in rates))
        answered = [old for old in self.turns if old.answered is not None]
        answered.sort(key=lambda old: old.counted_at(turn.sent, LATEST_ARRIVAL_S))
        on_way = [old for old in self.turns if old.answered is None]
        self.turns = [*answered[max(0, len(answered) - self.most) :], *on_way, turn]

    def hold(self, until: float) -> None:
        self.not_before = max(self.not_before, until)

    def learn(self, turn: Turn, pace: Pace, now: float, *, is_refused: bool) -> None:
        self._window.learn(pace, sent=turn.sent, now=now, is_refused=is_refused)
        if turn.sent < self._refused_at:
            return  # it went together with one that was refused: no other news
        self._refusals = self._refusals + 1 if is_refused else 0
        if is_refused:
            self._refused_at = now
            self._surprises += 1

    @property
    def refusal_wait_s(self) -> float:
        """How long to wait after a refusal that names no wait."""
        return float(min(WAIT_S * 2 ** (min(self._refusals, 10) - 1), LONGEST_WAIT_S))

    def join(self, other: "Bucket") -> None:
        """Another key turned out to mean this bucket: its turns and waits are ours."""
        self.turns += [turn for turn in other.turns if turn not in self.turns]
        self.most = max(self.most, other.most)
        self.hold(other.not_before)


class Buckets:
    """All buckets by key, shared by the destinations that name them; each brings the rates that it has to keep."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = defaultdict(Bucket)
        self._named: dict[tuple[str, str], Bucket] = {}
        """By the platform's own name and major parameter, where its answers tell."""
        self._most = MOST_BUCKETS

    def ready_at(self, keys: Keys, now: float) -> float:
        """The earliest moment at which every one of these buckets may let a request go: ask again then.

        An answer that comes until then may move it further on, never nearer.
        """
        return max((self._buckets[key].ready_at(rates, now) for key, rates in keys.items()), default=now)

    def take(self, keys: Keys, now: float) -> Turn:
        """A request goes now: it counts against all of them. Its answer must be told to `learn`."""
        turn = Turn(dict(keys), now)
        for key, rates in keys.items():
            self._buckets[key].take(rates, turn)
        if len(self._buckets) > self._most:
            self._forget(now)
        return turn

    def learn(self, turn: Turn, answer: Answer, now: float) -> None:
        """Obey what the answer said: a wait that was asked for, a window with so many left, a bucket's name."""
        turn.answered = now
        own = next(iter(turn.keys), None)
        if own is None:
            return
        pace = answer.pace if isinstance(answer, Sent | Retry) else Pace()
        if pace.bucket is not None:
            self._name(own, pace.bucket)
        bucket = self._buckets[own]
        is_refused = isinstance(answer, Retry) and answer.is_asked
        bucket.learn(turn, pace, now, is_refused=is_refused)
        if isinstance(answer, Retry) and is_refused:
            wait_s = answer.after_s or (pace.reset_after_s if pace.remaining == 0 else None) or bucket.refusal_wait_s
            for key in turn.keys if answer.is_global else [own]:
                self._buckets[key].hold(now + wait_s)

    def _forget(self, now: float) -> None:
        self._buckets = defaultdict(Bucket, {k: own for k, own in self._buckets.items() if not own.is_resting(now)})
        self._named = {name: own for name, own in self._named.items() if not own.is_resting(now)}
        self._most = max(MOST_BUCKETS, 2 * len(self._buckets))

    def _name(self, key: str, name: str) -> None:
        """Routes of one name share a bucket, for one major parameter (Discord's reference, "Rate Limits")."""
        bucket = self._buckets[key]
        known = self._named.setdefault((name, key.rpartition(":")[2]), bucket)
        if known is not bucket:
            known.join(bucket)
            self._buckets[key] = known
