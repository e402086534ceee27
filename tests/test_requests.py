"""What commands leave in the store is followed by the running service: watchlists, watches, a reload."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.engine.rulebook import Rulebook
from bot.outbox.reloads import Reloaded
from bot.outbox.sqlite import SqliteOutbox
from bot.requests import Requests, effective
from bot.rules.names import Vocabulary
from bot.rules.rule import rule_of
from tests.engine.doubles import InlineTransactions, an_outbox
from tests.engine.test_rulebook import Uses, names

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
