"""Prints by the second, and rules that remember them, for the tests of memory."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.gate.memory.rule_memory import RuleMemory
from bot.model.memory import Evidence, Memory, Remembering
from bot.model.prints import Print
from tests.samples import NOON_NS, a_print

NS = 1_000_000_000
LONG_AGO_NS = NOON_NS - 1_000_000 * NS
"""Whoever listens since then has listened for longer than any rule here asks for."""


def noon(seconds: float) -> int:
    return NOON_NS + round(seconds * NS)


def at(seconds: float, **changes: Any) -> Print:
    """A print that happened so long after noon, and was received at once; named by its time and `id`."""
    name = changes.pop("id", "")
    happened = datetime.fromtimestamp(NOON_NS / NS, UTC) + timedelta(seconds=seconds)
    facts = {"time": happened, "received_ns": noon(seconds), "provider_id": f"{seconds}/{name}", "premium": 1_000.0}
    return a_print(**(facts | changes))


def a_rule(memory: Memory, is_of: Callable[[Print], bool] | None = None) -> Remembering:
    return Remembering("rule-1", memory, "as the admin wrote it", is_of)


def remembers(
    memory: Memory,
    *,
    since_ns: int = LONG_AGO_NS,
    is_of: Callable[[Print], bool] | None = None,
    open_s: Callable[[int, int], float] = lambda from_ns, to_ns: (to_ns - from_ns) / NS,
) -> RuleMemory:
    """A memory that has listened since then; the market never closes unless `open_s` says so."""
    return RuleMemory(a_rule(memory, is_of), since_ns, open_s)


def firings(memory: RuleMemory, prints: list[Print]) -> list[Evidence | None]:
    return [memory.observe(found) for found in prints]


def fires(memory: RuleMemory, prints: list[Print]) -> list[bool]:
    return [seen is not None for seen in firings(memory, prints)]


def restored(memory: RuleMemory, now_ns: int = NOON_NS, **changes: Any) -> RuleMemory:
    """What another run makes of what this one keeps."""
    again = remembers(memory._asked.memory, since_ns=now_ns, is_of=memory._asked.is_of, **changes)
    for key in list(memory.changed()):
        body = memory.dump(key)
        if body is not None:
            again.load(key, body, now_ns)
    return again
