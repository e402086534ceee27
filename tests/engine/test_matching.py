"""A print fires the rules that are true of it, and of those with memory the ones that have seen enough."""

from bot.engine.matching import Matching
from bot.model.matches import Route
from bot.model.memory import Count, Evidence, Remembering
from bot.model.prints import Print
from tests.samples import NVDA, a_route

SEEN = Evidence("count at least 3 within 10m by contract", 3, 6_200_000.0, 580.0)
PLAIN = a_route("whales")
BUSY, QUIET = (
    a_route(name, remembering=Remembering(f"{name}:1", Count(at_least=3, within_s=600.0), SEEN.text))
    for name in ("busy", "quiet")
)


class Remembered:
    """`busy` has seen enough, and nothing else has; notes what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, Print]] = []

    def observe(self, route: Route, found: Print) -> Evidence | None:
        self.told.append(("observe", route.rule, found))
        return SEEN if route is BUSY else None

    def forget(self, route: Route, found: Print) -> None:
        self.told.append(("forget", route.rule, found))


def test_nothing_is_true_of_it() -> None:
    memories = Remembered()
    assert Matching(lambda _: (), memories).match(NVDA) is None
    assert memories.told == []


def test_rules_fire_in_their_order_those_with_memory_with_what_they_saw() -> None:
    memories = Remembered()
    match = Matching(lambda _: (QUIET, BUSY, PLAIN), memories).match(NVDA)
    assert match is not None
    assert (match.print, match.routes, match.evidence) == (NVDA, (BUSY, PLAIN), {"busy": SEEN})
    assert memories.told == [("observe", "quiet", NVDA), ("observe", "busy", NVDA)], "each is told once"


def test_rules_that_have_not_seen_enough_are_no_match() -> None:
    memories = Remembered()
    assert Matching(lambda _: (QUIET,), memories).match(NVDA) is None
    assert memories.told == [("observe", "quiet", NVDA)]


def test_only_rules_with_memory_can_forget_and_only_what_is_true_of_them() -> None:
    memories = Remembered()
    Matching(lambda _: (QUIET, PLAIN), memories).forget(NVDA)
    assert memories.told == [("forget", "quiet", NVDA)]
