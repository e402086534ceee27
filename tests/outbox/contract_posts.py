"""What every outbox must do with reports: queue each once for ever, lease it in its turn, and remember its end.

A subclass gives `outbox`, `reopen` and `clock`.
"""

from datetime import time

import msgspec
import pytest

from bot.gate.verdict import judge
from bot.model.alerts import Batch, Priority
from bot.model.answers import Answer, Button, Part, Picture
from bot.model.outcomes import DestinationDead, Outcome, Permanent, Retry, Sent, Unknown
from bot.model.ports import Lease, Target
from bot.model.terms import ActiveHours, Terms
from bot.outbox.sqlite import SqliteOutbox
from tests.outbox.contract import IDLE, NO_LIMITS, SECOND_NS, Clock, Reopen, fit, sizes, take
from tests.samples import NOON_NS, a_match, a_print, a_route

RECAP = Answer(
    "Midday recap",
    (Part("", ("1,234 prints · $310M",)), Part("Top tickers", ("NVDA $50M", "SPX $4.5M"))),
    tone="bull",
    source="this session's prints",
    picture=Picture("heatmap.png", b"\x89PNG\r\n\x1a\n\x00\xff", "Technology leads with $50M."),
    buttons=(Button("Next", "flow top page=2", is_replacing=True),),
)
SCAN = Answer("Opening scan", (Part("", ("NVDA 145C",)),))
LUNCH = "lunch 2026-07-16 12:30:00"
UNTIL_NS = NOON_NS + 1800 * SECOND_NS
HOURS = ActiveHours(time(9, 25), time(16, 15))


async def report_of(outbox: SqliteOutbox, terms: Terms = NO_LIMITS, destination: str = "desk") -> Batch:
    batch = await take(outbox, terms, destination)
    assert batch is not None
    assert batch.report is not None
    return batch


async def alert(outbox: SqliteOutbox, size: int, priority: Priority = "normal") -> None:
    await outbox.commit([a_match(a_print(size=size), a_route(priority=priority))], judge, {})


class PostsContract:
    async def test_a_report_becomes_one_batch_a_destination_and_carries_all_of_it(self, outbox: SqliteOutbox) -> None:
        assert await outbox.post(LUNCH, RECAP, ["desk", "room"], UNTIL_NS) == {"desk", "room"}
        assert dict(await outbox.waiting()) == {"desk": 1, "room": 1}
        desk, room = await report_of(outbox), await report_of(outbox, destination="room")
        assert desk.report == room.report == RECAP
        assert (desk.count, desk.deliveries, desk.digest, desk.destination) == (1, (), None, "desk")
        assert desk.id != room.id
        assert len(desk.id) == 24
        assert set(desk.id) <= set("0123456789abcdef")
        assert desk.mark == desk.id[:8]
        assert await outbox.lease("desk", fit, NO_LIMITS) == Lease()
        assert dict(await outbox.waiting()) == {}

    async def test_the_same_report_is_queued_once_for_ever(self, outbox: SqliteOutbox, reopen: Reopen) -> None:
        """While it waits, while it is on its way, after every end, and over restarts; whatever it says by then."""
        for step in ("queued", "sending", "sent"):
            assert await outbox.post(LUNCH, SCAN, ["desk"], UNTIL_NS) == ({"desk"} if step == "queued" else frozenset())
            assert await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS) == frozenset()
            if step == "sending":
                batch = await report_of(outbox)
                assert batch.report == SCAN
                await outbox.settle(batch, Sent("m1"), is_final=True)
            again = await reopen()
            assert isinstance(again, SqliteOutbox)
            outbox = again
        assert await outbox.lease("desk", fit, NO_LIMITS) == Lease()

    async def test_one_that_is_new_for_some_destinations_goes_there_only(self, outbox: SqliteOutbox) -> None:
        await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS)
        assert await outbox.unposted(LUNCH, ["desk", "room"]) == {"room"}
        assert await outbox.post(LUNCH, RECAP, ["desk", "room", "room"], UNTIL_NS) == {"room"}
        assert await outbox.unposted(LUNCH, ["desk", "room"]) == frozenset()

    async def test_another_day_and_another_report_are_others(self, outbox: SqliteOutbox) -> None:
        for name in (LUNCH, "lunch 2026-07-17 12:30:00", "close 2026-07-16 12:30:00"):
            assert await outbox.post(name, RECAP, ["desk"], UNTIL_NS) == {"desk"}
        assert len({(await report_of(outbox)).id for _ in range(3)}) == 3

    async def test_the_oldest_report_goes_first(self, outbox: SqliteOutbox, clock: Clock) -> None:
        await outbox.post("b", SCAN, ["desk"], UNTIL_NS)
        clock.at(1)
        await outbox.post("a", RECAP, ["desk"], UNTIL_NS)
        assert [(await report_of(outbox)).report for _ in range(2)] == [SCAN, RECAP]

    # --- its turn ---

    @pytest.mark.parametrize("terms", [NO_LIMITS, Terms(is_digested=False), Terms(budget=240, backlog=50)])
    async def test_it_goes_before_alerts_but_not_before_one_of_high_priority(
        self, outbox: SqliteOutbox, terms: Terms
    ) -> None:
        await alert(outbox, 1)
        await alert(outbox, 2, "high")
        await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS)
        assert await sizes(outbox, terms) == [2, 1]
        await alert(outbox, 3)
        assert (await report_of(outbox, terms)).report == RECAP
        assert await sizes(outbox, terms) == [3]

    async def test_a_digest_that_is_due_goes_before_it(self, outbox: SqliteOutbox, clock: Clock) -> None:
        terms = Terms(max_age_s=60.0)
        await outbox.commit([a_match()], judge, {"desk": Target(terms)})
        clock.at(60)
        await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS)
        batch = await take(outbox, terms)
        assert batch is not None
        assert batch.digest is not None
        assert (await report_of(outbox, terms)).report == RECAP

    async def test_a_budget_that_is_used_up_holds_no_report_back(self, outbox: SqliteOutbox) -> None:
        """An alert of high priority that is over the budget goes to the digest, and is not waited for."""
        terms = Terms(budget=1)
        await alert(outbox, 1, "high")
        assert await sizes(outbox, terms) == [1]
        await alert(outbox, 2, "high")
        await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS)
        assert (await report_of(outbox, terms)).report == RECAP

    @pytest.mark.parametrize("is_sent", [False, True])
    async def test_it_uses_up_no_budget(self, outbox: SqliteOutbox, is_sent: bool) -> None:
        """Neither on its way nor after."""
        terms = Terms(budget=2)
        await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS)
        report = await report_of(outbox, terms)
        if is_sent:
            await outbox.settle(report, Sent("m1"), is_final=True)
        await alert(outbox, 1)
        await alert(outbox, 2)
        assert sorted(size or 0 for size in await sizes(outbox, terms)) == [1, 2]

    async def test_an_idle_destinations_commit_may_bring_it_its_report(self, outbox: SqliteOutbox) -> None:
        """One that was queued a moment before; the alert then waits."""
        await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS)
        commit = await outbox.commit([a_match()], judge, IDLE)
        assert [batch.report for batch in commit.batches] == [RECAP]
        assert dict(commit.queued) == {"desk": 1}

    # --- its time ---

    async def test_what_waited_until_its_time_was_over_expires(self, outbox: SqliteOutbox, clock: Clock) -> None:
        await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS)
        await outbox.post("close", SCAN, ["desk"], UNTIL_NS + SECOND_NS)
        clock.ns = UNTIL_NS
        leased = await outbox.lease("desk", fit, NO_LIMITS)
        assert leased.expired == 1
        assert leased.batch is not None
        assert leased.batch.report == SCAN
        assert await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS + 10**15) == frozenset()

    async def test_until_then_it_is_posted(self, outbox: SqliteOutbox, clock: Clock) -> None:
        await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS)
        clock.ns = UNTIL_NS - 1
        assert (await report_of(outbox)).report == RECAP

    @pytest.mark.parametrize("outside", ["digest", "drop"])
    async def test_outside_the_hours_it_waits_for_them_while_it_is_news(
        self, outbox: SqliteOutbox, clock: Clock, outside: str
    ) -> None:
        terms = Terms(hours=msgspec.structs.replace(HOURS, outside=outside))
        opening_ns = NOON_NS - (2 * 3600 + 35 * 60) * SECOND_NS
        clock.ns = opening_ns - 60 * SECOND_NS  # 09:24
        await outbox.post("early", SCAN, ["desk"], clock.ns + 600 * SECOND_NS)
        await outbox.post("too-early", RECAP, ["desk"], clock.ns + 30 * SECOND_NS)
        assert await outbox.lease("desk", fit, terms) == Lease(again_ns=opening_ns)
        clock.ns += 30 * SECOND_NS
        assert await outbox.lease("desk", fit, terms) == Lease(again_ns=opening_ns, expired=1)
        clock.ns = opening_ns
        assert (await report_of(outbox, terms)).report == SCAN

    # --- its end ---

    @pytest.mark.parametrize("outcome", [Sent("m1"), Permanent("bad"), DestinationDead("gone"), Unknown("timeout")])
    async def test_a_final_outcome_is_its_end(self, outbox: SqliteOutbox, outcome: Outcome) -> None:
        await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS)
        await outbox.settle(await report_of(outbox), outcome, is_final=True)
        assert await outbox.lease("desk", fit, NO_LIMITS) == Lease()
        assert list(await outbox.interrupted()) == []
        assert await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS) == frozenset()

    @pytest.mark.parametrize("outcome", [None, Retry("503"), Permanent("bad")])
    async def test_what_surely_did_not_go_out_waits_again_as_the_same_message(
        self, outbox: SqliteOutbox, outcome: Outcome | None
    ) -> None:
        await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS)
        batch = await report_of(outbox)
        await outbox.requeue(batch, outcome, is_solo=outcome is not None)
        assert dict(await outbox.waiting()) == {"desk": 1}
        assert await report_of(outbox) == batch

    # --- restarts ---

    async def test_it_waits_over_a_restart(self, outbox: SqliteOutbox, reopen: Reopen) -> None:
        await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS)
        after = await reopen()
        assert dict(await after.waiting()) == {"desk": 1}
        batch = await take(after)
        assert batch is not None
        assert batch.report == RECAP

    async def test_one_on_its_way_is_found_as_it_was_frozen(
        self, outbox: SqliteOutbox, reopen: Reopen, clock: Clock
    ) -> None:
        """With alerts and a digest on theirs; and it is not for the next lease to give."""
        terms = Terms(max_age_s=60.0)
        await outbox.commit([a_match(a_print(size=1))], judge, {"desk": Target(terms)})
        clock.at(60)
        digest = await take(outbox, terms)
        clock.at(61)
        await outbox.post(LUNCH, RECAP, ["desk"], UNTIL_NS)
        report = await report_of(outbox, terms)
        await outbox.settle(report, Unknown("timeout"), is_final=False)
        clock.at(62)
        await alert(outbox, 2)
        alerts = await take(outbox, terms)
        assert digest is not None
        assert alerts is not None
        after = await reopen()
        found = list(await after.interrupted())
        assert found == [msgspec.structs.replace(batch, attempts=1) for batch in (digest, report, alerts)]
        assert await after.lease("desk", fit, terms) == Lease()
        await after.settle(found[1], Sent("m2"), is_final=True)
        assert [batch.report for batch in await after.interrupted()] == [None, None]
