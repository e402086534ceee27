"""What rules with memory have seen on a tape: the real windows, on the tape's clock; nothing is kept."""

from collections.abc import Iterable

from bot.flow.trading_time import open_s
from bot.gate.memory.rule_memory import RuleMemory
from bot.model.matches import Route
from bot.model.memory import Evidence
from bot.model.prints import Print


class Memories:
    """See `bot.engine.matching.Remembers`. Call `heard` before the first print, and then every minute or so."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._asked = {route.rule: route.remembering for route in routes if route.remembering is not None}
        self._memories: dict[str, RuleMemory] = {}
        """By rule."""

    def heard(self, now_ns: int) -> None:
        """The feed was listened to at this moment: memories begin with the tape, as after a first start."""
        for rule, asked in self._asked.items():
            memory = self._memories.get(rule)
            if memory is None:
                memory = self._memories[rule] = RuleMemory(asked, now_ns, open_s)
            memory.heard(now_ns)
            memory.expire(now_ns)

    def observe(self, route: Route, found: Print) -> Evidence | None:
        return self._memories[route.rule].observe(found)

    def forget(self, route: Route, found: Print) -> None:
        self._memories[route.rule].forget(found)

    def wanted_s(self, rule: str) -> float:
        """So long a rule listens before it can fire; 0: it fires from the first print on."""
        memory = self._memories.get(rule)
        return 0.0 if memory is None else memory.wanted_s
