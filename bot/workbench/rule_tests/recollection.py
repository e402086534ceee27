"""What rules with memory have seen in one test: the windows of the real ones, without a store and without a clock."""

from bot.flow.trading_time import open_s
from bot.gate.memory.rule_memory import RuleMemory
from bot.gate.memory.trade import at_ns
from bot.model.matches import Route
from bot.model.memory import Evidence
from bot.model.prints import Print


class Recollection:
    """See `bot.engine.matching.Remembers`."""

    def __init__(self, *, is_covered: bool) -> None:
        """Covered: each rule has watched for as long as it needs before its first print, and has seen nothing."""
        self._is_covered = is_covered
        self._rules: dict[str, RuleMemory] = {}
        self._began_ns: int | None = None

    def begin(self, now_ns: int) -> None:
        """A print is received; with the first one rules begin to watch."""
        if self._began_ns is None:
            self._began_ns = now_ns

    def observe(self, route: Route, found: Print) -> Evidence | None:
        memory = self._memory_of(route, found)
        return None if memory is None else memory.observe(found)

    def forget(self, route: Route, found: Print) -> None:
        memory = self._memory_of(route, found)
        if memory is not None:
            memory.forget(found)

    def _memory_of(self, route: Route, found: Print) -> RuleMemory | None:
        asked = route.remembering
        if asked is None:
            return None
        memory = self._rules.get(asked.id)
        if memory is None:
            began_ns = found.received_ns if self._began_ns is None else self._began_ns
            memory = self._rules[asked.id] = RuleMemory(asked, began_ns, open_s)
            if self._is_covered:
                memory.cover(at_ns(found) - round(memory.wanted_s * 1_000_000_000))
        return memory
