"""What is personal in the store: watches within a limit, many people's deliveries in one commit, an end for one."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from bot.gate.verdict import judge
from bot.model.matches import Held, Known, Match, Route, Verdict
from bot.model.memory import Evidence
from bot.model.outcomes import Sent
from bot.model.people import destination_of
from bot.model.ports import Commit, Target
from bot.model.terms import Terms
from bot.outbox.alerting import ALL_PEOPLE
from bot.outbox.people import Remains
from bot.outbox.sqlite import SqliteOutbox
from tests.outbox.contract import SECOND_NS, Clock, Reopen, fit, record_of, take
from tests.samples import NOON_NS, a_match, a_print, a_route

ANN, BOB = "discord:1", "slack:U2"
TO_ANN, TO_BOB = "dm:discord:1", "dm:slack:U2"
QUIET = {ALL_PEOPLE: Target(Terms(repeats="drop", max_age_s=60.0))}
"""What is said of people's destinations, all of them together."""


def watch(number: int, person: str = ANN, **changes: Any) -> Route:
    return a_route(f"watch:{number}", send_to=(destination_of(person),), **changes)


async def commit(outbox: SqliteOutbox, *routes: Route, **print_changes: Any) -> Commit:
    return await outbox.commit([a_match(a_print(**print_changes), *routes)], judge, QUIET)


# --- watches ---


async def test_nobody_has_more_watches_than_the_limit_however_quick(outbox: SqliteOutbox) -> None:
    added = await asyncio.gather(*(outbox.add_watch_within(ANN, f"{n}", 3) for n in range(8)))
    assert sorted(number is None for number in added) == [False] * 3 + [True] * 5
    assert await outbox.add_watch_within(BOB, "his", 3) is not None, "a limit each"
    assert [each.body for each in await outbox.watches_of(ANN)] == ["0", "1", "2"]


async def test_one_removes_only_ones_own(outbox: SqliteOutbox) -> None:
    mine, other = await outbox.add_watch(ANN, "a"), await outbox.add_watch(ANN, "b")
    his = await outbox.add_watch(BOB, "c")
    assert await outbox.remove_watches_of(ANN, his) == []
    assert await outbox.remove_watches_of(ANN, mine) == [mine]
    third = await outbox.add_watch(ANN, "d")
    assert await outbox.remove_watches_of(ANN, None) == [other, third]
    assert await outbox.watch_ids() == {his}


# --- one print for many ---


async def test_an_alert_holds_no_word_of_those_whose_own_watches_it_matched(outbox: SqliteOutbox) -> None:
    """Else each of five thousand deliveries would carry five thousand reasons."""
    shared = a_route("watch:9", send_to=("desk",))
    seen = Evidence(text="first within 5d", count=1, premium_usd=1.0, span_s=0.0)
    match = Match(a_print(), (a_route(), watch(1), watch(2, BOB), watch(3), shared), {"watch:2": seen})
    found = await outbox.commit([match], judge, QUIET)
    (alert,) = found.alerts
    assert [(hit.rule, hit.evidence) for hit in alert.hits] == [("whales", None), ("watch:2", seen), ("watch:9", None)]
    assert dict(found.queued) == {"desk": 1, TO_ANN: 1, TO_BOB: 1}


async def test_three_watches_of_one_person_make_one_delivery(outbox: SqliteOutbox) -> None:
    await commit(outbox, watch(1), watch(2, BOB), watch(3), watch(5))
    batch = await take(outbox, destination=TO_ANN)
    assert batch is not None
    assert [delivery.rules for delivery in batch.deliveries] == [("watch:1", "watch:3", "watch:5")]


async def test_people_have_the_terms_of_all_people(outbox: SqliteOutbox, clock: Clock) -> None:
    await commit(outbox, watch(1))
    clock.at(61.0)
    batch = await take(outbox, Terms(), TO_ANN)
    assert batch is not None
    assert batch.digest is not None
    assert dict(batch.digest.why) == {"stale": 1}


async def test_each_watch_has_a_cooldown_of_its_own(outbox: SqliteOutbox) -> None:
    slow, quick = watch(1, cooldown_s=300.0), watch(2, cooldown_s=10.0)
    await commit(outbox, slow, quick, size=1)
    later = await commit(outbox, slow, quick, size=2, received_ns=NOON_NS + 20 * SECOND_NS)
    assert dict(later.suppressed) == {("watch:1", "cooldown"): 1}
    batch = await take(outbox, destination=TO_ANN)
    assert batch is not None
    assert [delivery.rules for delivery in batch.deliveries] == [("watch:2",), ("watch:1", "watch:2")]


async def test_a_repeat_is_not_told_to_people_by_edits(outbox: SqliteOutbox) -> None:
    await commit(outbox, watch(1, cooldown_s=300.0), size=1)
    again = await commit(outbox, watch(1, cooldown_s=300.0), size=2, received_ns=NOON_NS + SECOND_NS)
    assert (again.edits, dict(again.suppressed)) == (frozenset(), {("watch:1", "cooldown"): 1})


async def test_what_people_were_spared_is_one_number(outbox: SqliteOutbox) -> None:
    """Who asks why an alert fired sees how often, and nobody's watch; and the store keeps one row."""
    routes = [a_route(cooldown_s=300.0), *(watch(n, f"discord:{n}", cooldown_s=300.0) for n in range(40))]
    first = await commit(outbox, *routes, size=1)
    for size in (2, 3):
        await commit(outbox, *routes, size=size, received_ns=NOON_NS + size * SECOND_NS)
    explanation = await outbox.explain(first.alerts[0].id)
    assert explanation is not None
    assert [msgspec.structs.astuple(held) for held in explanation.suppressed] == [
        ("watch", "cooldown", 80),
        ("whales", "cooldown", 2),
    ]


async def test_a_snoozed_print_makes_nothing_and_is_still_the_same_print_later(outbox: SqliteOutbox) -> None:
    def snoozed(match: Match, known: object) -> Verdict:
        return Verdict((), (Held("watch:1", "snooze", ""), Held("watch:2", "cooldown", "k3v9x2ab")))

    match = a_match(a_print(), watch(1), watch(2))
    held = await outbox.commit([match], snoozed, QUIET)
    assert (held.alerts, dict(held.suppressed)) == (
        [],
        {("watch:1", "snooze"): 1, ("watch:2", "cooldown"): 1},
    )
    known: list[Known] = []

    def noting(match: Match, what: Known) -> Verdict:
        known.append(what)
        return judge(match, what)

    again = await outbox.commit([match], noting, QUIET)
    assert dict(again.suppressed) == {("watch:1", "duplicate"): 1, ("watch:2", "duplicate"): 1}
    assert known == [Known(duplicate_of="k3v9x2ab")], "the alert that says it already, not the snooze"


async def test_a_trade_that_is_taken_back_ends_the_cooldown_of_watches_too(outbox: SqliteOutbox) -> None:
    await commit(outbox, watch(1, cooldown_s=300.0), size=1)
    await outbox.cancel(a_print(size=1))
    later = await commit(outbox, watch(1, cooldown_s=300.0), size=2, received_ns=NOON_NS + SECOND_NS)
    assert dict(later.queued) == {TO_ANN: 1}


# --- lanes that come and go ---


async def test_what_there_is_for_somebody(outbox: SqliteOutbox, reopen: Reopen) -> None:
    for size in (1, 2, 3):
        await commit(outbox, watch(1), watch(2, BOB), size=size)
    assert (await outbox.take_up(TO_ANN)).waiting == 3
    batch = await take(outbox, Terms(budget=2), TO_ANN)
    assert batch is not None
    await outbox.lease(TO_ANN, fit, Terms(budget=2))
    again = await reopen()
    assert isinstance(again, SqliteOutbox)
    there = await again.take_up(TO_ANN)
    assert (there.waiting, there.batches) == (1, [msgspec.structs.replace(batch, attempts=1)])
    assert await again.take_up(TO_BOB) == (3, [])


async def test_what_remains_where_nothing_can_be_sent(outbox: SqliteOutbox, clock: Clock) -> None:
    await commit(outbox, watch(1), size=1)
    await commit(outbox, watch(1), size=2)
    batch = await take(outbox, Terms(budget=1), TO_ANN)
    assert batch is not None
    await outbox.settle(batch, Sent("m", "D7"), is_final=True)
    assert (await outbox.lease(TO_ANN, fit, Terms(budget=1))).batch is None
    assert await outbox.remains(TO_ANN) == Remains(False, due_ns=NOON_NS + 60 * SECOND_NS, has_news=False)
    assert await outbox.remains(TO_BOB) == Remains(False, None, has_news=False)
    assert await outbox.people_with_news() == []
    await outbox.cancel(a_print(size=2))
    assert (await outbox.remains(TO_ANN)).has_news
    assert await outbox.people_with_news() == [TO_ANN]


async def test_who_is_held_has_what_is_queued_and_what_is_in_doubt(outbox: SqliteOutbox) -> None:
    await commit(outbox, watch(1))
    assert (await outbox.remains(TO_ANN)).is_waiting
    batch = await take(outbox, destination=TO_ANN)
    assert batch is not None
    assert (await outbox.remains(TO_ANN)).is_waiting
    await outbox.settle(batch, Sent("m"), is_final=True)
    assert not (await outbox.remains(TO_ANN)).is_waiting


async def test_news_of_other_destinations_are_nobodys(outbox: SqliteOutbox) -> None:
    await commit(outbox, a_route(send_to=("desk",)), a_route("b", send_to=("dma",)))
    for destination in ("desk", "dma"):
        batch = await take(outbox, destination=destination)
        assert batch is not None
        await outbox.settle(batch, Sent("m"), is_final=True)
    await outbox.cancel(a_print())
    assert await outbox.people_with_news() == []


async def test_where_the_last_message_stands(outbox: SqliteOutbox, clock: Clock) -> None:
    assert await outbox.channel_of(TO_ANN) is None
    for second, channel in enumerate(("D1", "D2")):
        clock.at(second)
        await commit(outbox, watch(1), watch(2, BOB), size=second)
        batch = await take(outbox, destination=TO_ANN)
        assert batch is not None
        await outbox.settle(batch, Sent("m", channel), is_final=True)
    assert await outbox.channel_of(TO_ANN) == "D2"
    assert await outbox.channel_of(TO_BOB) is None


async def test_everything_ends_for_who_takes_no_messages_and_nothing_for_others(outbox: SqliteOutbox) -> None:
    alerts: Sequence[str] = [
        (await commit(outbox, watch(1), watch(2, BOB), size=size)).alerts[0].id for size in range(1, 8)
    ]
    terms = Terms(budget=3)
    assert await take(outbox, terms, TO_ANN) is not None  # three are on their way
    await outbox.lease(TO_ANN, fit, terms)  # the rest is over the budget
    await commit(outbox, watch(1), size=9)  # and this one waits
    assert await outbox.shut(TO_ANN, "closed (code 50007)") == 8
    assert await outbox.interrupted() == []
    assert await outbox.take_up(TO_ANN) == (0, [])
    explanation = await outbox.explain(alerts[0])
    assert explanation is not None
    assert [(each.destination, each.state, each.reason) for each in explanation.deliveries] == [
        (TO_ANN, "dead", "closed (code 50007)"),
        (TO_BOB, "queued", ""),
    ]
    assert (await outbox.take_up(TO_BOB)).waiting == 7


async def test_what_was_ended_can_be_sent_again(outbox: SqliteOutbox) -> None:
    (alert,) = (await commit(outbox, watch(1))).alerts
    await outbox.shut(TO_ANN, "closed")
    await outbox.retry(alert.id)
    assert (await record_of(outbox, alert.id)).state == "queued"
