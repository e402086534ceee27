"""Which rules a print fires: those that are true of it, and of those with memory the ones that have seen enough."""

from collections.abc import Callable, Sequence
from typing import Protocol

from bot.model.matches import Match, Route
from bot.model.memory import Evidence
from bot.model.prints import Print

TrueOf = Callable[[Print], Sequence[Route]]
"""The rules whose `when` is true of a print, in their order."""


class Remembers(Protocol):
    """What rules with memory have seen."""

    def observe(self, route: Route, found: Print) -> Evidence | None:
        """Count a print that the rule matches, once; the evidence where the rule now fires."""

    def forget(self, route: Route, found: Print) -> None:
        """The feed took the print back: it counts no more."""


class Matching:
    """One rule set at work."""

    def __init__(self, true_of: TrueOf, memories: Remembers) -> None:
        self._true_of = true_of
        self._memories = memories

    def match(self, found: Print) -> Match | None:
        """The rules that this print fires; None where there is none. Rules with memory remember it."""
        routes = self._true_of(found)
        if not routes:
            return None
        evidence: dict[str, Evidence] = {}
        fires: list[Route] = []
        for route in routes:
            if route.remembering is not None:
                seen = self._memories.observe(route, found)
                if seen is None:
                    continue
                evidence[route.rule] = seen
            fires.append(route)
        return Match(found, tuple(fires), evidence) if fires else None

    def forget(self, found: Print) -> None:
        """The feed took this print back: no rule counts it any more."""
        for route in self._true_of(found):
            if route.remembering is not None:
                self._memories.forget(route, found)
