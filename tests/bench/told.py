"""What became of one opening bell: what each channel got, and whether that is what the store says."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.bench.kept import Kept
from tests.bench.processes import BenchError

Platform = Literal["discord", "slack"]
PLATFORMS: tuple[Platform, ...] = ("discord", "slack")


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    arrived_ns: int
    """On the monotonic clock, like all times here."""
    marks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What one channel got."""

    requests: int
    limited: int
    """Answered with 429."""
    messages: tuple[Message, ...]
    digests: frozenset[str]
    """Ids of the messages that are digests."""
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Bell:
    """What became of one bell."""

    sent_ns: Mapping[int, int]
    """Mark -> when it was sent, on the monotonic clock."""
    best: frozenset[int]
    told: Mapping[Platform, Told]
    peak_bytes: int

    def current_s(self, platform: Platform) -> float:
        """From the last print until the last message."""
        return (self.told[platform].messages[-1].arrived_ns - max(self.sent_ns.values())) / 1e9

    def ages_s(self, platform: Platform) -> list[float]:
        """How old the best were when they were first shown by name; of those that never were, nothing."""
        first: dict[int, int] = {}
        for message in self.told[platform].messages:
            for mark in message.marks:
                first.setdefault(mark, message.arrived_ns)
        return [(first[mark] - self.sent_ns[mark]) / 1e9 for mark in self.best if mark in first]


def tallied(answer: Mapping[str, Any], digests: Collection[str] = (), broken: str = "") -> Told:
    """What a channel says that it got."""
    messages = tuple(Message(id_, ns, tuple(marks)) for id_, ns, marks in answer["messages"])
    if not messages:
        raise BenchError("nothing of the bell was posted")
    broken = "; ".join(filter(None, (broken, *answer["unexpected"][:1])))
    return Told(answer["requests"], answer["limited"], messages, frozenset(digests), broken)


def judged(answer: Mapping[str, Any], rows: Sequence[Kept], sent_ns: Mapping[int, int]) -> Told:
    """Nothing is lost: each delivery ended sent or digested, and what is sent is on the platform exactly once."""
    digests = {row.message_id or "" for row in rows if row.state == "digested"}
    messages = tallied(answer).messages
    posted = Counter(mark for message in messages if message.id not in digests for mark in message.marks)
    sent = {row.mark for row in rows if row.state == "sent"}
    open_ends = Counter(row.state for row in rows if row.state not in ("sent", "digested"))
    faults = {
        "without a delivery": len(sent_ns.keys() - {row.mark for row in rows}),
        **open_ends,
        "sent and not there": len(sent - posted.keys()),
        "there and not sent": len(posted.keys() - sent),
        "doubled": sum(count - 1 for count in posted.values()),
        "digests not there": len(digests - {message.id for message in messages}),
    }
    broken = ", ".join(f"{count:,} {fault}" for fault, count in faults.items() if count)
    return tallied(answer, digests, broken)
