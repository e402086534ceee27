"""What every outbox must decide in a lease: alerts, a digest, or nothing until a moment. A subclass gives `outbox`,
`reopen` and `clock`."""

from datetime import time

import msgspec
import pytest

from bot.gate.verdict import judge
from bot.model.alerts import Batch, Flow, TickerFlow
from bot.model.outcomes import Outcome, Permanent, Retry, Sent, Unknown
from bot.model.ports import Lease, Outbox, Target
from bot.model.terms import ActiveHours, Terms
from tests.outbox.contract import NO_LIMITS, SECOND_NS, Clock, Reopen, fit, record_of, sizes, take
from tests.samples import NOON_NS, a_match, a_print, a_route

MINUTE = 60.0
HOUR = 3600.0
PATIENT = Terms(max_age_s=120.0)
HOURS = ActiveHours(time(9, 25), time(16, 15))
EVENING = 8 * HOUR
"""Seconds after noon: 20:00 on a Thursday."""
OPENING_NS = NOON_NS + int((21 * HOUR + 25 * MINUTE) * SECOND_NS)
"""Friday, 09:25."""


async def queue(outbox: Outbox, *wanted: int, terms: Terms = NO_LIMITS, received_s: float = 0.0) -> list[str]:
    """Prints of these sizes, scored by their size, in the queue; their alerts' ids."""
    received_ns = NOON_NS + int(received_s * SECOND_NS)
    matches = [a_match(a_print(size=size, score=float(size), received_ns=received_ns)) for size in wanted]
    commit = await outbox.commit(matches, judge, {"desk": Target(terms)})
    return [alert.id for alert in commit.alerts]


async def digest_of(outbox: Outbox, terms: Terms) -> Batch:
    batch = await take(outbox, terms)
    assert batch is not None
    assert batch.digest is not None
    assert batch.deliveries == ()
    return batch


async def nothing(outbox: Outbox, terms: Terms) -> int | None:
    """There is nothing to send; when to ask again, in seconds after noon."""
    leased = await outbox.lease("desk", fit, terms)
    assert leased.batch is None
    return None if leased.again_ns is None else (leased.again_ns - NOON_NS) // SECOND_NS


class LeaseContract:
    # --- too old ---

    async def test_what_waited_longer_than_max_age_is_digested_and_the_fresh_is_posted(
        self, outbox: Outbox, clock: Clock
    ) -> None:
        await queue(outbox, 1, 2, terms=PATIENT)
        await queue(outbox, 3, terms=PATIENT, received_s=60)
        clock.at(120)
        batch = await digest_of(outbox, PATIENT)
        assert batch.count == 2
        assert batch.digest is not None
        assert dict(batch.digest.why) == {"stale": 2}
        assert await sizes(outbox, PATIENT) == [3]

    async def test_until_then_it_is_posted(self, outbox: Outbox, clock: Clock) -> None:
        await queue(outbox, 1, 2, terms=PATIENT)
        clock.at(119.999)
        assert await sizes(outbox, PATIENT) == [2, 1]

    @pytest.mark.parametrize(
        ("rules", "destination", "stale_s"),
        [
            ((None,), 120.0, 120),
            ((None,), None, None),
            ((30.0,), 120.0, 30),
            ((300.0,), None, 300),
            ((30.0, 300.0), 120.0, 300),  # the most patient of its rules decides
            ((30.0, None), 120.0, 120),
            ((30.0, None), None, None),  # one of them has no limit
        ],
    )
    async def test_a_rules_own_max_age_goes_before_the_destinations(
        self,
        outbox: Outbox,
        clock: Clock,
        rules: tuple[float | None, ...],
        destination: float | None,
        stale_s: int | None,
    ) -> None:
        routes = [a_route(f"r{n}", max_age_s=max_age_s) for n, max_age_s in enumerate(rules)]
        elsewhere = a_route("elsewhere", send_to=("room",), max_age_s=7200.0)
        terms = Terms(max_age_s=destination)
        await outbox.commit([a_match(a_print(), *routes, elsewhere)], judge, {"desk": Target(terms)})
        clock.at(86_400 if stale_s is None else stale_s)
        batch = await take(outbox, terms)
        assert batch is not None
        assert (batch.digest is None) == (stale_s is None)

    async def test_an_alert_is_not_stale_before_the_longest_max_age(self, outbox: Outbox, clock: Clock) -> None:
        routes = [a_route("hasty", max_age_s=30.0), a_route("patient", max_age_s=300.0)]
        await outbox.commit([a_match(a_print(size=1), *routes)], judge, {"desk": Target(PATIENT)})
        clock.at(299)
        assert await sizes(outbox, PATIENT) == [1]

    # --- nothing is digested ---

    async def test_without_digests_everything_is_posted(self, outbox: Outbox, clock: Clock) -> None:
        terms = Terms(max_age_s=1.0, backlog=0, budget=1, is_digested=False)
        await queue(outbox, 1, 2, 3, 4, terms=terms)
        clock.at(HOUR)
        assert [await sizes(outbox, terms), await sizes(outbox, terms)] == [[4, 3, 2], [1]]

    async def test_what_overflowed_before_digests_were_turned_off_is_posted(self, outbox: Outbox) -> None:
        backlog = Terms(backlog=0)
        await queue(outbox, 1, 2, 3, 4)
        assert await sizes(outbox, backlog) == [4, 3, 2]
        assert await nothing(outbox, backlog) == 10
        assert await sizes(outbox, Terms(is_digested=False)) == [1]

    # --- the backlog ---

    async def test_what_ranks_behind_the_backlog_is_digested_ten_seconds_later(
        self, outbox: Outbox, clock: Clock
    ) -> None:
        terms = Terms(backlog=2)
        ids = await queue(outbox, 1, 2, 3, 4, 5, 6, 7, 8)
        assert await sizes(outbox, terms) == [8, 7, 6]
        assert (await record_of(outbox, ids[2])).overflow == "backlog"
        assert (await record_of(outbox, ids[2])).state == "queued"
        assert await sizes(outbox, terms) == [5, 4]
        assert await nothing(outbox, terms) == 10
        clock.at(9.9)
        assert await nothing(outbox, terms) == 10
        clock.at(10)
        batch = await digest_of(outbox, terms)
        assert batch.digest is not None
        assert dict(batch.digest.why) == {"backlog": 3}
        assert await nothing(outbox, terms) is None

    # --- the budget ---

    async def test_a_budget_is_spent_and_the_rest_is_digested_a_minute_later(
        self, outbox: Outbox, clock: Clock
    ) -> None:
        terms = Terms(budget=4)
        await queue(outbox, 1, 2, 3, 4, 5, 6)
        assert await sizes(outbox, terms) == [6, 5, 4]
        assert await sizes(outbox, terms) == [3], "what is on its way counts"
        assert await nothing(outbox, terms) == 60
        clock.at(60)
        batch = await digest_of(outbox, terms)
        assert batch.digest is not None
        assert dict(batch.digest.why) == {"budget": 2}

    async def test_the_budget_counts_any_hour_and_no_digested_alert(self, outbox: Outbox, clock: Clock) -> None:
        terms = Terms(budget=2, max_age_s=600.0)
        await queue(outbox, 1, 2, terms=terms)
        sent = await take(outbox, terms)
        assert sent is not None
        clock.at(5)
        await outbox.settle(sent, Sent("m1"), is_final=True)
        await queue(outbox, 3, terms=terms, received_s=5)
        assert await nothing(outbox, terms) == 65
        clock.at(65)
        await outbox.settle(await digest_of(outbox, terms), Sent("m2"), is_final=True)
        clock.at(HOUR + 4.9)
        await queue(outbox, 4, terms=terms, received_s=HOUR)
        assert await nothing(outbox, terms) is not None
        clock.at(HOUR + 5)
        await queue(outbox, 5, 6, 7, terms=terms, received_s=HOUR + 5)
        assert await sizes(outbox, terms) == [7, 6]

    async def test_a_digest_on_its_way_uses_up_no_budget(self, outbox: Outbox, clock: Clock) -> None:
        terms = Terms(budget=2, max_age_s=120.0)
        await queue(outbox, 1, 2, 3, terms=terms)
        clock.at(120)
        assert (await digest_of(outbox, terms)).count == 3
        await queue(outbox, 4, 5, terms=terms, received_s=120)
        assert await sizes(outbox, terms) == [5, 4]

    async def test_the_budget_is_the_destinations_own(self, outbox: Outbox) -> None:
        terms = Terms(budget=1)
        await outbox.commit([a_match(a_print(), a_route(send_to=("desk", "room")))], judge, {})
        assert await take(outbox, terms) is not None
        assert await take(outbox, terms, "room") is not None

    # --- hours ---

    async def test_outside_the_hours_alerts_wait_for_the_openings_digest(self, outbox: Outbox, clock: Clock) -> None:
        terms = Terms(hours=HOURS, max_age_s=120.0)
        clock.at(EVENING)
        await queue(outbox, 1, 2, terms=terms, received_s=EVENING)
        for seconds in (EVENING, EVENING + HOUR):
            clock.at(seconds)
            assert await outbox.lease("desk", fit, terms) == Lease(again_ns=OPENING_NS)
        clock.ns = OPENING_NS
        batch = await digest_of(outbox, terms)
        assert batch.digest is not None
        assert dict(batch.digest.why) == {"hours": 2}

    async def test_what_overflows_when_the_hours_end_waits_too(self, outbox: Outbox, clock: Clock) -> None:
        backlog = Terms(hours=HOURS, backlog=0)
        clock.at(4 * HOUR + 14 * MINUTE + 55)  # 16:14:55
        await queue(outbox, 1, 2, 3, 4)
        assert await sizes(outbox, backlog) == [4, 3, 2]
        clock.at(4 * HOUR + 15 * MINUTE + 5)
        assert await outbox.lease("desk", fit, backlog) == Lease(again_ns=OPENING_NS)
        clock.ns = OPENING_NS
        assert (await digest_of(outbox, backlog)).count == 1

    async def test_outside_the_hours_alerts_end_where_that_is_chosen(self, outbox: Outbox, clock: Clock) -> None:
        terms = Terms(hours=msgspec.structs.replace(HOURS, outside="drop"))
        clock.at(EVENING)
        ids = await queue(outbox, 1, 2, terms=terms)
        assert await outbox.lease("desk", fit, terms) == Lease(again_ns=OPENING_NS, expired=2)
        record = await record_of(outbox, ids[0])
        assert (record.state, record.reason) == ("expired", "outside active hours")
        clock.ns = OPENING_NS
        assert await nothing(outbox, terms) is None

    async def test_without_digests_alerts_wait_for_the_opening_one_by_one(self, outbox: Outbox, clock: Clock) -> None:
        terms = Terms(hours=HOURS, is_digested=False)
        clock.at(EVENING)
        ids = await queue(outbox, 1, 2, terms=terms)
        assert await outbox.lease("desk", fit, terms) == Lease(again_ns=OPENING_NS)
        assert (await record_of(outbox, ids[0])).overflow is None
        clock.ns = OPENING_NS
        assert await sizes(outbox, terms) == [2, 1]

    async def test_hours_that_were_lifted_meanwhile_hold_nothing_back(self, outbox: Outbox, clock: Clock) -> None:
        clock.at(EVENING)
        await queue(outbox, 1)
        await outbox.lease("desk", fit, Terms(hours=HOURS))
        assert (await digest_of(outbox, NO_LIMITS)).count == 1

    # --- how often ---

    async def test_digests_are_a_minute_apart_and_alerts_go_in_between(self, outbox: Outbox, clock: Clock) -> None:
        await queue(outbox, 1, terms=PATIENT)
        clock.at(120)
        await outbox.settle(await digest_of(outbox, PATIENT), Sent("m1"), is_final=True)
        await queue(outbox, 2, terms=PATIENT, received_s=1)
        await queue(outbox, 3, terms=PATIENT, received_s=110)
        clock.at(121)
        assert await sizes(outbox, PATIENT) == [3]
        assert await nothing(outbox, PATIENT) == 180
        clock.at(180)
        assert (await digest_of(outbox, PATIENT)).count == 1

    @pytest.mark.parametrize("outcome", [None, Permanent("bad"), Unknown("timeout")])
    async def test_a_digest_that_is_on_its_way_or_failed_counts_for_the_minute(
        self, outbox: Outbox, clock: Clock, outcome: Outcome | None
    ) -> None:
        await queue(outbox, 1, terms=PATIENT)
        clock.at(120)
        batch = await digest_of(outbox, PATIENT)
        if outcome is not None:
            await outbox.settle(batch, outcome, is_final=True)
        await queue(outbox, 2, terms=PATIENT)
        assert await nothing(outbox, PATIENT) == 180

    async def test_a_digest_that_did_not_go_out_may_go_again_at_once(self, outbox: Outbox, clock: Clock) -> None:
        ids = await queue(outbox, 1, 2, terms=PATIENT)
        clock.at(120)
        batch = await digest_of(outbox, PATIENT)
        await outbox.requeue(batch, Retry("refused"), is_solo=True)
        record = await record_of(outbox, ids[0])
        assert (record.state, record.overflow, record.reason) == ("queued", "stale", "refused")
        clock.at(121)
        again = await digest_of(outbox, PATIENT)
        assert (again.id, again.digest) == (batch.id, batch.digest)

    async def test_no_part_of_a_refused_digest_is_made_to_go_alone(self, outbox: Outbox, clock: Clock) -> None:
        await queue(outbox, 1, 2, terms=PATIENT)
        clock.at(120)
        await outbox.requeue(await digest_of(outbox, PATIENT), Permanent("too long"), is_solo=True)
        assert await sizes(outbox, Terms(is_digested=False)) == [2, 1]

    async def test_a_digest_takes_all_that_overflows_for_whatever_reason(self, outbox: Outbox, clock: Clock) -> None:
        terms = Terms(max_age_s=120.0, backlog=0)
        await queue(outbox, 1, 2, terms=terms)
        await queue(outbox, 3, 4, 5, 6, terms=terms, received_s=119)
        clock.at(119)
        assert await sizes(outbox, terms) == [6, 5, 4]
        await queue(outbox, 7, terms=terms)
        clock.at(120)
        batch = await digest_of(outbox, terms)
        assert batch.digest is not None
        assert dict(batch.digest.why) == {"backlog": 3, "stale": 1}

    # --- what is in it ---

    async def test_a_digest_adds_up_and_shows_the_best(self, outbox: Outbox, clock: Clock) -> None:
        def match(n: int, ticker: str, premium: float | None, bias: str | None, priority: str = "normal") -> object:
            found = a_print(size=n, ticker=ticker, premium=premium, bias=bias, score=float(n), received_ns=NOON_NS + n)
            return a_match(found, a_route(priority=priority))

        matches = [
            match(1, "NVDA", 100.0, "bull"),
            match(2, "NVDA", 50.0, "bear"),
            match(3, "NVDA", None, None),
            match(4, "SPY", 400.0, "bear", "low"),
            match(5, "AMD", None, "bull"),
            match(6, "AAPL", None, "bull"),
            match(7, "TSLA", 10.0, "neutral", "high"),
            match(8, "SPY", 1.0, "bear"),
        ]
        await outbox.commit(matches, judge, {"desk": Target(PATIENT)})  # type: ignore[arg-type]  # built above
        clock.at(121)
        batch = await digest_of(outbox, PATIENT)
        digest = batch.digest
        assert digest is not None
        assert digest.total == Flow(8, 561.0)
        assert (digest.first_ns, digest.last_ns) == (NOON_NS + 1, NOON_NS + 8)
        assert dict(digest.by_bias) == {"bull": Flow(3, 100.0), "bear": Flow(3, 451.0), "neutral": Flow(1, 10.0)}
        assert digest.ticker_count == 5
        assert [flow.ticker for flow in digest.tickers] == ["SPY", "NVDA", "TSLA", "AAPL", "AMD"]
        assert digest.tickers[1] == TickerFlow("NVDA", Flow(3, 150.0), {"bull": Flow(1, 100.0), "bear": Flow(1, 50.0)})
        assert [d.alert.print.size for d in digest.top] == [7, 8, 6, 5, 3], "priority, then score"
        assert batch.count == 8
        assert len(batch.id) == 24
        assert set(batch.id) <= set("0123456789abcdef")
        assert batch.mark == batch.id[:8]

    async def test_a_digest_names_ten_tickers_and_counts_the_rest(self, outbox: Outbox, clock: Clock) -> None:
        found = [a_print(ticker=f"T{n:02}", premium=float(n)) for n in range(1, 14)]
        await outbox.commit([a_match(one) for one in found], judge, {"desk": Target(PATIENT)})
        clock.at(121)
        digest = (await digest_of(outbox, PATIENT)).digest
        assert digest is not None
        assert [flow.ticker for flow in digest.tickers] == [f"T{n:02}" for n in range(13, 3, -1)]
        assert digest.ticker_count == 13

    # --- its end ---

    @pytest.mark.parametrize(
        ("outcome", "state", "message_id", "reason"),
        [
            (Sent("m1", "c1", "https://discord.test/m1"), "digested", "m1", ""),
            (Permanent("Invalid Form Body"), "dead", None, "Invalid Form Body"),
            (Unknown("timeout"), "unknown", None, "timeout"),
        ],
    )
    async def test_a_digests_deliveries_end_together(
        self,
        outbox: Outbox,
        clock: Clock,
        outcome: Outcome,
        state: str,
        message_id: str | None,
        reason: str,
    ) -> None:
        ids = await queue(outbox, 1, 2, terms=PATIENT)
        clock.at(120)
        await outbox.settle(await digest_of(outbox, PATIENT), outcome, is_final=True)
        for alert_id in ids:
            record = await record_of(outbox, alert_id)
            assert (record.state, record.message_id, record.reason) == (state, message_id, reason)
            assert (record.overflow, record.attempts, record.updated_ns) == ("stale", 1, clock.ns)
        assert list(await outbox.interrupted()) == []
        clock.at(HOUR)
        assert await nothing(outbox, PATIENT) is None

    async def test_a_digest_survives_a_restart_as_it_was_and_in_doubt(
        self, outbox: Outbox, reopen: Reopen, clock: Clock
    ) -> None:
        await queue(outbox, 1, 2, terms=PATIENT)
        clock.at(120)
        batch = await digest_of(outbox, PATIENT)
        await queue(outbox, 3)
        after = await reopen()
        assert list(await after.interrupted()) == [msgspec.structs.replace(batch, attempts=1)]
        assert await sizes(after, PATIENT) == [3]

    # --- what must go alone ---

    async def test_what_was_refused_in_company_never_overflows_and_goes_first(
        self, outbox: Outbox, clock: Clock
    ) -> None:
        terms = Terms(max_age_s=120.0, backlog=0, budget=1)
        await queue(outbox, 1, 2, terms=terms)
        batch = await take(outbox, Terms())
        assert batch is not None
        await outbox.requeue(batch, Permanent("bad"), is_solo=True)
        await queue(outbox, 9, terms=terms, received_s=200)
        clock.at(200)
        assert [await sizes(outbox, terms), await sizes(outbox, terms)] == [[2], [1]]
        assert await nothing(outbox, terms) == 210, "the ninth was behind the backlog"

    @pytest.mark.parametrize("outside", ["digest", "drop"])
    async def test_what_was_refused_in_company_waits_for_the_opening_by_itself(
        self, outbox: Outbox, clock: Clock, outside: str
    ) -> None:
        terms = Terms(hours=msgspec.structs.replace(HOURS, outside=outside))
        await queue(outbox, 1)
        batch = await take(outbox)
        assert batch is not None
        await outbox.requeue(batch, Permanent("bad"), is_solo=True)
        clock.at(EVENING)
        assert await outbox.lease("desk", fit, terms) == Lease(again_ns=OPENING_NS)
        clock.ns = OPENING_NS
        assert await sizes(outbox, terms) == [1]

    # --- in the transaction that queues it ---

    async def test_an_idle_destinations_terms_hold_in_the_commit_too(self, outbox: Outbox) -> None:
        target = Target(Terms(backlog=1), fit)
        matches = [a_match(a_print(size=n, score=float(n)), a_route(send_to=("desk", "room"))) for n in range(1, 7)]
        commit = await outbox.commit(matches, judge, {"desk": target})
        (batch,) = commit.batches
        assert [d.alert.print.size for d in batch.deliveries] == [6, 5, 4]
        assert dict(commit.queued) == {"desk": 3, "room": 6}
        assert await sizes(outbox, Terms(backlog=1)) == [3]

    async def test_an_idle_destination_outside_its_hours_gets_nothing_at_once(
        self, outbox: Outbox, clock: Clock
    ) -> None:
        clock.at(EVENING)
        commit = await outbox.commit([a_match()], judge, {"desk": Target(Terms(hours=HOURS), fit)})
        assert (list(commit.batches), dict(commit.queued)) == ([], {"desk": 1})
        dropping = Terms(hours=msgspec.structs.replace(HOURS, outside="drop"))
        commit = await outbox.commit([a_match(a_print(size=2))], judge, {"desk": Target(dropping, fit)})
        assert (list(commit.batches), dict(commit.queued), dict(commit.expired)) == ([], {"desk": 1}, {"desk": 1})

    async def test_an_idle_destination_gets_a_digest_that_is_due(self, outbox: Outbox, clock: Clock) -> None:
        await queue(outbox, 1, terms=PATIENT)
        clock.at(120)
        commit = await outbox.commit(
            [a_match(a_print(size=2, received_ns=clock.ns))], judge, {"desk": Target(PATIENT, fit)}
        )
        (batch,) = commit.batches
        assert (batch.count, dict(commit.queued)) == (1, {"desk": 1})
        assert batch.digest is not None

    async def test_what_overflows_still_waits(self, outbox: Outbox) -> None:
        await queue(outbox, 1, 2, 3, 4, 5)
        await take(outbox, Terms(backlog=1))
        assert dict(await outbox.waiting()) == {"desk": 2}
