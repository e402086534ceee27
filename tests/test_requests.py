"""What commands leave in the store is followed by the running service: watchlists, watches, a reload."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.engine.rulebook import Rulebook
from bot.outbox.reloads import Reloaded
from bot.outbox.sqlite import SqliteOutbox
from bot.outbox.watching import Watch
from bot.requests import Requests, effective
from bot.rules.names import Vocabulary
from bot.rules.rule import rule_of
from bot.rules.watches import watch_body
from tests.engine.doubles import InlineTransactions, an_outbox
from tests.engine.test_rulebook import Uses, names
from tests.samples import a_print

NVDA = '{"when": {"ticker": "NVDA"}, "send_to": ["desk"]}'


@pytest.mark.parametrize(
    ("written", "changed", "found"),
    [
        (("AAPL",), {}, {"AAPL"}),
        (("AAPL",), {"NVDA": True}, {"AAPL", "NVDA"}),
        (("AAPL", "NVDA"), {"NVDA": False}, {"AAPL"}),
        ((), {"NVDA": False}, set()),
        (("AAPL",), {"AAPL": True}, {"AAPL"}),
    ],
)
def test_a_watchlist_is_what_the_file_says_and_what_commands_changed(
    written: tuple[str, ...], changed: dict[str, bool], found: set[str]
) -> None:
    assert effective({"earnings": written}, {"earnings": changed, "gone": {"SPY": True}}) == {"earnings": found}


class Desk:
    """A service's part in it."""

    def __init__(self) -> None:
        self.transactions = InlineTransactions()
        self.outbox: SqliteOutbox = an_outbox(self.transactions)
        self.book = Rulebook(Uses())
        self.requests = Requests(self.outbox, self.book, lambda: {"earnings": ("AAPL",)}, lambda: frozenset({"desk"}))


async def test_watches_are_followed_as_they_come_and_go() -> None:
    desk = Desk()
    first = await desk.outbox.add_watch("ann", NVDA)
    await desk.requests.follow()
    assert names(desk.book) == [f"watch:{first}"]
    second = await desk.outbox.add_watch("bob", NVDA)
    assert await desk.outbox.remove_watch(first)
    assert not await desk.outbox.remove_watch(first)
    await desk.requests.follow()
    assert names(desk.book) == [f"watch:{second}"]
    assert second > first


async def test_a_watch_that_cannot_be_used_is_told_once_and_may_go() -> None:
    desk = Desk()
    bad = [
        await desk.outbox.add_watch("ann", body)
        for body in ('{"when": {"tikker": "NVDA"}, "send_to": ["desk"]}', NVDA.replace("desk", "den"), "not JSON")
    ]
    await desk.outbox.add_watch("bob", NVDA)
    with capture_logs() as logged:
        await desk.requests.follow()
        await desk.requests.follow()
    told = [event for event in logged if event["event"] == "watch.unusable"]
    assert [event["watch"] for event in told] == bad
    assert [word in event["reason"] for word, event in zip(("ticker", "den", "JSON"), told, strict=True)] == [True] * 3
    assert desk.book.watch_count == 1
    for watch_id in bad:
        await desk.outbox.remove_watch(watch_id)
    await desk.requests.follow()
    assert desk.book.watch_count == 1


MINE = watch_body('{"ticker": "NVDA"}', "NVDA", 300.0)


async def test_a_persons_watch_goes_to_that_person() -> None:
    desk = Desk()
    await desk.outbox.add_watch("discord:1", MINE)
    await desk.outbox.add_watch("slack:U2", MINE.replace("NVDA", "AAPL"))
    await desk.requests.follow()
    (route,) = desk.book.true_of(a_print())
    assert (route.rule, route.send_to, route.cooldown_s) == ("watch:1", ("dm:discord:1",), 300.0)
    assert desk.requests.watches_of("discord:1") == [(1, "NVDA")]
    assert desk.requests.watches_of("slack:U2") == [(2, "AAPL")]
    assert desk.requests.watches_of("slack:U3") == []


async def test_only_people_are_told_by_direct_message() -> None:
    desk = Desk()
    with capture_logs() as logged:
        await desk.outbox.add_watch("ann", MINE)
        await desk.requests.follow()
    assert desk.book.watch_count == 0
    assert not desk.requests.is_usable(1)
    (told,) = [event for event in logged if event["event"] == "watch.unusable"]
    assert 'unknown destination "dm"' in told["reason"]


async def test_what_was_added_here_is_in_force_at_once_and_read_no_second_time() -> None:
    desk = Desk()
    number = await desk.outbox.add_watch("discord:1", MINE)
    await desk.requests.take([Watch(number, "discord:1", MINE)])
    assert names(desk.book) == [f"watch:{number}"]
    assert desk.requests.is_usable(number)
    await desk.requests.follow()
    await desk.requests.take([Watch(number, "discord:1", MINE)])
    assert desk.book.watch_count == 1
    await desk.outbox.remove_watch(number)
    await desk.requests.drop([number, 99])
    assert names(desk.book) == []
    assert desk.requests.watches_of("discord:1") == []
    await desk.requests.follow()
    assert desk.book.watch_count == 0


async def test_many_may_follow_at_a_time() -> None:
    desk = Desk()
    bodies = [MINE.replace("NVDA", ticker) for ticker in ("NVDA", "AAPL", "SPY")]
    ids = [await desk.outbox.add_watch("discord:1", body) for body in bodies]
    watches = [Watch(number, "discord:1", body) for number, body in zip(ids, bodies, strict=True)]
    await asyncio.gather(
        desk.requests.follow(), *(desk.requests.take([watch]) for watch in reversed(watches)), desk.requests.follow()
    )
    assert desk.book.watch_count == 3
    assert [text for _, text in desk.requests.watches_of("discord:1")] == ["NVDA", "AAPL", "SPY"]
    await asyncio.gather(*(desk.outbox.remove_watch(number) for number in ids))
    await asyncio.gather(desk.requests.drop(ids[:2]), desk.requests.follow(), desk.requests.drop(ids))
    assert desk.book.watch_count == 0


async def test_a_watch_that_nobody_handed_over_is_read_though_a_later_one_was() -> None:
    """Another process added it, or whoever did was cut off."""
    desk = Desk()
    bodies = [MINE.replace("NVDA", ticker) for ticker in ("NVDA", "AAPL", "SPY", "QQQ")]
    ids = [await desk.outbox.add_watch("discord:1", body) for body in bodies]
    await desk.requests.take([Watch(ids[3], "discord:1", bodies[3]), Watch(ids[1], "discord:1", bodies[1])])
    await desk.requests.follow()
    assert [text for _, text in desk.requests.watches_of("discord:1")] == ["NVDA", "AAPL", "SPY", "QQQ"]
    assert desk.book.watch_count == 4


@pytest.mark.parametrize("turns", range(6))
async def test_whoever_is_cut_off_while_a_watch_comes_or_goes_leaves_nothing_half_done(turns: int) -> None:
    """The store has it or has it not; what follows next agrees with the store, and can be undone."""
    desk = Desk()
    kept = await desk.outbox.add_watch("discord:1", MINE)
    await desk.requests.follow()
    ids = [await desk.outbox.add_watch("discord:1", MINE) for _ in range(3)]
    watches = [Watch(number, "discord:1", MINE) for number in ids]
    await cut_off(desk.requests.take(watches), turns)
    await desk.requests.follow()
    assert names(desk.book) == [f"watch:{number}" for number in (kept, *ids)]
    for number in ids:
        await desk.outbox.remove_watch(number)
    await cut_off(desk.requests.drop(ids), turns)
    await desk.requests.follow()
    assert names(desk.book) == [f"watch:{kept}"]
    assert desk.requests.watches_of("discord:1") == [(kept, "NVDA")]


async def cut_off(work: Coroutine[Any, Any, None], turns: int) -> None:
    """Cancel it after so many turns of the event loop."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        for _ in range(turns + 1):
            await asyncio.sleep(0)
        task.cancel()


async def test_a_watchlist_is_followed() -> None:
    desk = Desk()
    rule: dict[str, Any] = {"name": "earners", "when": {"ticker": "earnings"}, "send_to": ["desk"]}
    rules = [rule_of(rule, Vocabulary(watchlists={"earnings": ("AAPL",)}))]
    await desk.book.use(rules, await desk.requests.watchlists({"earnings": ("AAPL",)}))
    assert names(desk.book) == []
    await desk.outbox.note_tickers("earnings", ["NVDA"], is_on=True)
    await desk.requests.follow()
    assert names(desk.book) == ["earners"]
    await desk.outbox.note_tickers("earnings", ["NVDA"], is_on=False)
    await desk.requests.follow()
    assert names(desk.book) == []


async def test_whoever_asks_for_a_reload_is_heard_until_answered() -> None:
    desk = Desk()
    await desk.requests.follow()
    assert not desk.requests.reload_asked.is_set()
    desk.transactions.connection.execute("INSERT INTO reloads VALUES ('me', 1, NULL, '')")
    await desk.requests.follow()
    assert desk.requests.reload_asked.is_set()
    assert await desk.outbox.unanswered_reloads() == ["me"]
    await desk.outbox.answer_reloads(["me"], Reloaded(True, "rules +1"))
    assert await desk.outbox.unanswered_reloads() == []
