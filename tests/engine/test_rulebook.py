"""The rules in force: swapped whole, changed one at a time, and at no moment half the one and half the other."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from bot.engine.rulebook import Rulebook, name_of_watch
from bot.model.memory import Remembering
from bot.rules.names import Vocabulary
from bot.rules.rule import Rule, rule_of, watch_rule
from tests.samples import a_print

EARNINGS = Vocabulary(watchlists={"earnings": ("AAPL",)})


class Uses:
    """Notes which memories are in force."""

    def __init__(self) -> None:
        self.used: list[list[str]] = []

    def use(self, rememberings: Iterable[Remembering]) -> None:
        self.used.append([asked.text for asked in rememberings])


def a_rule(name: str, when: Any = None, **keys: Any) -> Rule:
    body = {"name": name, "when": when or {"ticker": "NVDA"}, "send_to": ["desk"], **keys}
    return rule_of(body, EARNINGS)


def names(book: Rulebook, **facts: Any) -> list[str]:
    return [route.rule for route in book.true_of(a_print(**facts))]


async def a_book(*rules: Rule, **watchlists: Sequence[str]) -> Rulebook:
    book = Rulebook(Uses())
    await book.use(rules, watchlists)
    return book


async def test_rules_answer_in_the_order_in_which_they_are_written() -> None:
    book = await a_book(a_rule("b"), a_rule("a"), a_rule("other", {"ticker": "AAPL"}))
    assert names(book) == ["b", "a"]
    await book.use([a_rule("a"), a_rule("b")], {})
    assert names(book) == ["a", "b"]
    assert list(book.rules) == ["a", "b"]


async def test_a_new_set_is_in_force_from_one_print_to_the_next() -> None:
    """Two thousand rules are built while prints come: each print is judged by the old set or by the new one."""
    book = await a_book(*(a_rule(f"old{n}") for n in range(2000)))
    using = asyncio.create_task(book.use([a_rule(f"new{n}") for n in range(2000)], {}))  # noqa: TID251 the test's own
    turns, seen = 0, set()
    while not using.done():
        found = names(book)
        seen.add((len(found), found[0][:3], found[-1][:3]))
        turns += 1
        await asyncio.sleep(0)
    assert seen == {(2000, "old", "old")}
    assert turns > 3, "the event loop had its turn"
    assert {name[:3] for name in names(book)} == {"new"}


async def test_memories_change_with_the_rules() -> None:
    uses = Uses()
    book = Rulebook(uses)
    counting = a_rule("counting", count={"at_least": 3, "within": "10m"})
    await book.use([counting, a_rule("plain")], {})
    await book.use([a_rule("plain")], {})
    assert uses.used == [["count at least 3 within 10m by contract"], []]


async def test_a_watchlist_changes_the_rules_that_name_it_in_place() -> None:
    first, last = a_rule("first"), a_rule("last", {"ticker": "NVDA"})
    watching = a_rule("watching", {"ticker": "earnings"})
    book = await a_book(first, watching, last, earnings=["AAPL"])
    assert names(book) == ["first", "last"]
    await book.set_watchlists({"earnings": ["AAPL", "NVDA"]})
    assert names(book) == ["first", "watching", "last"]
    (_, route, _) = book.true_of(a_print())
    assert route.explain(a_print())[0].text == "ticker in earnings"
    await book.set_watchlists({"earnings": []})
    assert names(book) == ["first", "last"]
    assert book.rules["watching"] is watching, "as it is written"


async def test_a_watchlist_that_no_configuration_names_changes_nothing() -> None:
    book = await a_book(a_rule("first"))
    await book.set_watchlists({"forgotten": ["NVDA"]})
    assert names(book) == ["first"]


async def test_watches_come_after_rules_and_go_by_name() -> None:
    book = await a_book(a_rule("written"))
    body = '{"when": {"ticker": "NVDA"}, "send_to": ["desk"]}'
    await book.add_watches(watch_rule(name_of_watch(n), body) for n in (1, 2))
    await book.add_watches([watch_rule(name_of_watch(3), body)])
    assert names(book) == ["written", "watch:1", "watch:2", "watch:3"]
    await book.remove_watches(["watch:2"])
    assert names(book) == ["written", "watch:1", "watch:3"]
    await book.use([], {})
    assert names(book) == ["watch:1", "watch:3"], "a reload leaves them alone"
    assert book.watch_count == 2


async def test_a_reload_leaves_peoples_watches_alone() -> None:
    book = await a_book(a_rule("written"))
    body = '{"when": {"ticker": "NVDA"}, "send_to": ["dm"], "text": "NVDA"}'
    await book.add_watches([watch_rule(name_of_watch(1), body, [], owner="discord:7")])
    await book.use([a_rule("other")], {})
    assert [(route.rule, route.send_to) for route in book.true_of(a_print())] == [
        ("other", ("desk",)),
        ("watch:1", ("dm:discord:7",)),
    ]


async def test_a_silence_is_no_rule_of_prints() -> None:
    silence = rule_of({"name": "quiet", "silence": {"for": "10m"}, "send_to": ["desk"]})
    book = await a_book(silence)
    assert names(book) == []
    assert list(book.rules) == ["quiet"]


async def test_a_watch_may_remember_too() -> None:
    uses = Uses()
    book = Rulebook(uses)
    counting = a_rule("counting", count={"at_least": 3, "within": "10m"})
    await book.use([counting], {})
    body = '{"when": {"ticker": "NVDA"}, "first": {"within": "5d"}, "send_to": ["desk"]}'
    await book.add_watches([watch_rule(name_of_watch(1), body)])
    await book.remove_watches(["watch:1"])
    count, first = "count at least 3 within 10m by contract", "first within 5d by contract"
    assert uses.used == [[count], [count, first], [count]]
