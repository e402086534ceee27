"""What every outbox must do when a trade is taken back. A subclass gives `outbox`, `reopen` and `clock`."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from bot.gate.verdict import judge
from bot.model.outcomes import DestinationDead, Gone, Permanent, Retry, Sent, Unknown
from bot.model.ports import Commit, Outbox, Target
from bot.model.terms import Terms
from tests.outbox.contract import IDLE, Clock, Reopen, fit, record_of, take
from tests.outbox.contract_repeats import EDITS, commit, edit_of, post, seen, told
from tests.samples import NOON_NS, NVDA, a_match, a_print, a_route

STALE = Terms(max_age_s=120.0)
WORDS = "the trade was cancelled"


def nothing(commit: Commit) -> bool:
    """As though it had not been said."""
    return commit == Commit({}, (), (), {})


def struck(found: Any) -> list[bool]:
    return [delivery.is_cancelled for delivery in found.deliveries]


async def state_of(outbox: Outbox, alert_id: str) -> tuple[str, str]:
    record = await record_of(outbox, alert_id)
    return record.state, record.reason


class CancelContract:
    # --- what is told ---

    async def test_what_was_posted_is_edited_and_shown_struck_through_once(self, outbox: Outbox, clock: Clock) -> None:
        first = await commit(outbox, seen(1))
        sent = await post(outbox)
        clock.at(40)
        back = await outbox.cancel(a_print(size=1, received_ns=clock.ns))
        assert back == Commit({}, (), (), {}, edits=frozenset({"desk"}))
        edit = await edit_of(outbox)
        assert (edit.posted.message_id, edit.posted.sent_ns, edit.batch.id) == ("m1", NOON_NS, sent.id)
        assert struck(edit.batch) == [True]
        assert await state_of(outbox, first.alerts[0].id) == ("sent", WORDS)
        await outbox.settle_edit(edit, Sent("m1"))
        assert await outbox.next_edit("desk") is None

    async def test_what_waits_is_not_posted_and_says_why(self, outbox: Outbox, clock: Clock) -> None:
        route = a_route(send_to=("desk", "room"))
        both = await outbox.commit([a_match(NVDA, route), a_match(a_print(size=2), route)], judge, {})
        clock.at(5)
        back = await outbox.cancel(NVDA)
        assert (dict(back.expired), back.edits) == ({"desk": 1, "room": 1}, frozenset())
        assert dict(await outbox.waiting()) == {"desk": 1, "room": 1}
        explanation = await outbox.explain(both.alerts[0].id)
        assert explanation is not None
        facts = {(d.destination, d.state, d.reason, d.updated_ns) for d in explanation.deliveries}
        assert facts == {(name, "expired", WORDS, clock.ns) for name in ("desk", "room")}

    async def test_what_waits_for_a_digest_is_not_in_it(self, outbox: Outbox, clock: Clock) -> None:
        await outbox.commit([a_match(a_print(size=n, score=float(n))) for n in range(1, 7)], judge, {})
        await take(outbox, Terms(backlog=1))  # 6, 5, 4; the 3 waits; 2 and 1 overflow
        assert dict((await outbox.cancel(a_print(size=2, score=2.0))).expired) == {"desk": 1}
        clock.at(10)
        digest = await take(outbox, Terms(backlog=1))
        assert digest is not None
        assert digest.digest is not None
        assert [d.alert.print.size for d in digest.digest.top] == [1]

    async def test_what_is_on_its_way_is_edited_once_it_is_out(self, outbox: Outbox) -> None:
        first = await outbox.commit([a_match()], judge, IDLE)
        back = await outbox.cancel(NVDA)
        assert (dict(back.expired), set(back.edits)) == ({}, {"desk"})
        assert await outbox.next_edit("desk") is None
        await outbox.settle(first.batches[0], Sent("m1"), is_final=True)
        edit = await edit_of(outbox)
        assert (edit.posted.message_id, struck(edit.batch)) == ("m1", [True])

    async def test_what_went_out_struck_through_needs_no_edit(self, outbox: Outbox, reopen: Reopen) -> None:
        await commit(outbox, seen(1), seen(2, 1))
        await outbox.cancel(a_print(size=1))
        batch = await take(outbox, EDITS)
        assert batch is not None
        assert struck(batch) == [True]
        await outbox.settle(batch, Sent("m1"), is_final=True)
        assert await outbox.next_edit("desk") is None

    async def test_what_is_on_its_way_with_repeats_has_that_to_tell_too(self, outbox: Outbox) -> None:
        await commit(outbox, seen(1), seen(2, 1))
        batch = await take(outbox, EDITS)
        assert batch is not None
        await outbox.cancel(a_print(size=1))
        await outbox.settle(batch, Sent("m1"), is_final=True)
        edit = await edit_of(outbox)
        assert (struck(edit.batch), told(edit.batch)) == ([True], [1])

    async def test_what_a_message_tells_is_in_doubt_after_a_restart(self, outbox: Outbox, reopen: Reopen) -> None:
        await outbox.commit([a_match()], judge, IDLE)
        await outbox.cancel(NVDA)
        after = await reopen()
        (found,) = await after.interrupted()
        assert struck(found) == [True]
        await after.settle(found, Sent("m1"), is_final=True)
        assert struck((await edit_of(after)).batch) == [True]

    async def test_only_its_own_alert_of_a_message_is_struck_through(self, outbox: Outbox) -> None:
        await outbox.commit([a_match(a_print(size=n, score=float(n))) for n in (1, 2, 3)], judge, {})
        await post(outbox)
        await outbox.cancel(a_print(size=2, score=2.0))
        assert struck((await edit_of(outbox)).batch) == [False, True, False]

    async def test_what_came_back_to_the_queue_ends_there(self, outbox: Outbox, clock: Clock) -> None:
        both = await outbox.commit([a_match(a_print(size=n)) for n in (1, 2)], judge, IDLE)
        await outbox.cancel(a_print(size=1))
        await outbox.requeue(both.batches[0], Retry("503"), is_solo=False)
        clock.at(5)
        lease = await outbox.lease("desk", fit, Terms())
        assert lease.batch is not None
        assert [d.alert.print.size for d in lease.batch.deliveries] == [2]
        assert lease.expired == 1
        assert (await record_of(outbox, both.alerts[0].id)).updated_ns == clock.ns
        assert await state_of(outbox, both.alerts[0].id) == ("expired", WORDS)

    async def test_a_commit_that_finds_some_in_the_queue_says_so(self, outbox: Outbox) -> None:
        first = await outbox.commit([a_match()], judge, IDLE)
        await outbox.cancel(NVDA)
        await outbox.requeue(first.batches[0], Retry("503"), is_solo=False)
        then = await outbox.commit([a_match(a_print(size=2))], judge, IDLE)
        assert (dict(then.expired), dict(then.queued)) == ({"desk": 1}, {})
        assert [d.alert.print.size for d in then.batches[0].deliveries] == [2]

    async def test_what_a_digest_has_told_stays(self, outbox: Outbox, clock: Clock) -> None:
        commit = await outbox.commit([a_match()], judge, {"desk": Target(STALE)})
        clock.at(120)
        digest = await take(outbox, STALE)
        assert digest is not None
        assert digest.digest is not None
        await outbox.settle(digest, Sent("m1"), is_final=True)
        back = await outbox.cancel(NVDA)
        assert (dict(back.expired), back.edits) == ({}, frozenset())
        assert await outbox.next_edit("desk") is None
        assert (await record_of(outbox, commit.alerts[0].id)).state == "digested"

    async def test_what_a_digest_tells_is_not_told_by_the_next_if_it_came_back(
        self, outbox: Outbox, clock: Clock
    ) -> None:
        await outbox.commit([a_match(a_print(size=n)) for n in (1, 2)], judge, {"desk": Target(STALE)})
        clock.at(120)
        digest = await take(outbox, STALE)
        assert digest is not None
        back = await outbox.cancel(a_print(size=1))
        assert (dict(back.expired), back.edits) == ({}, frozenset())
        await outbox.requeue(digest, Retry("503"), is_solo=False)
        lease = await outbox.lease("desk", fit, STALE)
        assert (lease.expired, lease.batch and lease.batch.count) == (1, 1)

    @pytest.mark.parametrize("outcome", [Permanent("bad"), DestinationDead("gone"), Unknown("timeout"), Sent(None)])
    async def test_where_no_message_is_known_there_is_none_to_edit(self, outbox: Outbox, outcome: Sent) -> None:
        first = await outbox.commit([a_match()], judge, IDLE)
        await outbox.settle(first.batches[0], outcome, is_final=True)
        before = await record_of(outbox, first.alerts[0].id)
        assert (await outbox.cancel(NVDA)).edits == frozenset()
        assert await outbox.next_edit("desk") is None
        after = await record_of(outbox, first.alerts[0].id)
        reason = f"{WORDS}; {before.reason}" if before.reason else WORDS
        assert after == msgspec.structs.replace(before, reason=reason)

    # --- which trade is meant ---

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"provider_id": None, "side": None, "kind": None, "score": None},
            {"provider_id": "correction-7", "spot": 1.0},
            {"premium": 2_400_000.004, "provider_id": None},  # computed instead of told
            {"premium": 1.0, "time": None},  # it has the id: that is enough
        ],
    )
    async def test_it_is_found_by_its_id_or_by_contract_size_premium_and_time(
        self, outbox: Outbox, changes: dict[str, Any]
    ) -> None:
        identified = a_print(provider_id="77")
        first = await outbox.commit([a_match(identified)], judge, {})
        found = a_print(**{"provider_id": "77", **changes})
        assert dict((await outbox.cancel(found)).expired) == {"desk": 1}
        assert await state_of(outbox, first.alerts[0].id) == ("expired", WORDS)

    @pytest.mark.parametrize(
        "changes",
        [
            {"size": 2399},
            {"size": None},
            {"premium": 2_400_001.0},
            {"premium": None},
            {"strike": 150.0},
            {"expiry": None},
            {"time": None},
            {"time": NVDA.time and NVDA.time + timedelta(milliseconds=1)},
            {"provider": "optionwhales"},
        ],
    )
    async def test_another_trade_is_left_alone(self, outbox: Outbox, changes: dict[str, Any]) -> None:
        await outbox.commit([a_match(a_print(provider_id="77"))], judge, {})
        assert nothing(await outbox.cancel(a_print(**changes)))
        assert dict(await outbox.waiting()) == {"desk": 1}

    async def test_neither_size_nor_premium_names_no_trade(self, outbox: Outbox) -> None:
        bare = {"size": None, "premium": None}
        await outbox.commit([a_match(a_print(provider_id="77", **bare))], judge, {})
        assert nothing(await outbox.cancel(a_print(**bare)))

    async def test_a_trade_that_nobody_was_told_of_is_nothing(self, outbox: Outbox) -> None:
        assert nothing(await outbox.cancel(NVDA))
        assert len((await outbox.commit([a_match()], judge, {})).alerts) == 1

    async def test_once_is_enough(self, outbox: Outbox) -> None:
        """A correction that is given again, after a gap say, takes no second trade with the same facts along."""
        await outbox.commit([a_match(a_print(provider_id=name)) for name in ("1", "2")], judge, {})
        assert dict((await outbox.cancel(a_print(provider_id="1"))).expired) == {"desk": 1}
        assert nothing(await outbox.cancel(a_print(provider_id="1")))
        assert dict(await outbox.waiting()) == {"desk": 1}

    async def test_what_was_shown_struck_through_is_not_shown_again(self, outbox: Outbox) -> None:
        """Neither by the same correction nor by the one of its twin."""
        twin = a_print(provider="optionwhales")
        await outbox.commit([a_match(), a_match(twin)], judge, {})
        await post(outbox)
        await outbox.cancel(NVDA)
        await outbox.settle_edit(await edit_of(outbox), Sent("m1"))
        for found in (NVDA, twin):
            assert nothing(await outbox.cancel(found))
        assert await outbox.next_edit("desk") is None

    async def test_two_corrections_without_ids_take_back_two_equal_trades(self, outbox: Outbox) -> None:
        await outbox.commit([a_match(a_print(provider_id=name)) for name in ("1", "2")], judge, {})
        for left in ({"desk": 1}, {}):
            await outbox.cancel(NVDA)
            assert dict(await outbox.waiting()) == left
        assert nothing(await outbox.cancel(NVDA))

    async def test_the_print_given_again_later_does_not_alert(self, outbox: Outbox, reopen: Reopen) -> None:
        await commit(outbox, seen(1))
        await outbox.cancel(a_print(size=1))
        after = await reopen()
        again = await commit(after, seen(1, 90, is_recovered=True))
        assert (len(again.alerts), dict(again.suppressed)) == (0, {("whales", "duplicate"): 1})

    async def test_its_twin_from_another_provider_does_not_alert_and_may_take_it_back(self, outbox: Outbox) -> None:
        twin = a_print(provider="optionwhales", premium=2_399_000.0)
        await outbox.commit([a_match()], judge, {})
        assert dict((await outbox.commit([a_match(twin)], judge, {})).suppressed) == {("whales", "twin"): 1}
        assert dict((await outbox.cancel(twin)).expired) == {"desk": 1}
        assert nothing(await outbox.cancel(NVDA))

    # --- repeats ---

    async def test_a_repeat_that_is_taken_back_stays_counted(self, outbox: Outbox) -> None:
        first = await commit(outbox, seen(1))
        await post(outbox)
        await commit(outbox, seen(2, 1))
        assert nothing(await outbox.cancel(a_print(size=2)))
        record = await record_of(outbox, first.alerts[0].id)
        assert (record.state, record.reason, record.repeats) == ("sent", "", 1)

    async def test_the_next_print_of_the_contract_is_news(self, outbox: Outbox) -> None:
        """Counted as a repeat it would stand in a message that is struck through."""
        await commit(outbox, seen(1), seen(9, strike=150.0))
        await post(outbox)
        await outbox.cancel(a_print(size=1))
        again = await commit(outbox, seen(2, 1), seen(10, 1, strike=150.0))
        assert [alert.print.size for alert in again.alerts] == [2]
        assert dict(again.suppressed) == {("whales", "repeat"): 1}

    async def test_what_waits_with_repeats_goes_out_struck_through(self, outbox: Outbox) -> None:
        """They are trades of their own, and hold."""
        await commit(outbox, seen(1), seen(2, 1))
        back = await outbox.cancel(a_print(size=1))
        assert (dict(back.expired), back.edits) == ({}, frozenset())
        batch = await take(outbox, EDITS)
        assert batch is not None
        assert (struck(batch), told(batch)) == ([True], [1])

    # --- edits ---

    async def test_repeats_and_a_cancellation_are_shown_by_one_edit(self, outbox: Outbox) -> None:
        await commit(outbox, seen(1))
        await post(outbox)
        await commit(outbox, seen(2, 1))
        await outbox.cancel(a_print(size=1))
        edit = await edit_of(outbox)
        assert (struck(edit.batch), told(edit.batch)) == ([True], [1])
        await outbox.settle_edit(edit, Sent("m1"))
        assert await outbox.next_edit("desk") is None

    async def test_a_cancellation_during_an_edit_is_shown_by_the_next(self, outbox: Outbox) -> None:
        await commit(outbox, seen(1))
        await post(outbox)
        await commit(outbox, seen(2, 1))
        edit = await edit_of(outbox)
        await outbox.cancel(a_print(size=1))
        await outbox.settle_edit(edit, Sent("m1"))
        assert struck((await edit_of(outbox)).batch) == [True]

    async def test_an_edit_that_is_given_up_says_so(self, outbox: Outbox) -> None:
        first = await commit(outbox, seen(1))
        await post(outbox)
        await outbox.cancel(a_print(size=1))
        await outbox.settle_edit(await edit_of(outbox), Permanent("Invalid Form Body"))
        assert await outbox.next_edit("desk") is None
        state = await state_of(outbox, first.alerts[0].id)
        assert state == ("sent", f"{WORDS}; the message could not be edited: Invalid Form Body")

    async def test_where_the_message_is_gone_nothing_is_posted_anew(self, outbox: Outbox) -> None:
        await commit(outbox, seen(1))
        await post(outbox)
        await outbox.cancel(a_print(size=1))
        await outbox.settle_edit(await edit_of(outbox), Gone("Unknown Message"))
        assert await outbox.next_edit("desk") is None
        assert await take(outbox, EDITS) is None

    async def test_but_for_its_repeats(self, outbox: Outbox) -> None:
        await commit(outbox, seen(1), seen(2, 1))
        await post(outbox)
        await outbox.cancel(a_print(size=1))
        await outbox.settle_edit(await edit_of(outbox), Gone("Unknown Message"))
        anew = await take(outbox, EDITS)
        assert anew is not None
        assert (struck(anew), told(anew)) == ([True], [1])
        await outbox.settle(anew, Sent("m2"), is_final=True)
        assert await outbox.next_edit("desk") is None

    async def test_the_oldest_news_go_first_whatever_they_are(self, outbox: Outbox, clock: Clock) -> None:
        for n, strike in ((1, 150.0), (2, 155.0)):
            await commit(outbox, seen(n, strike=strike))
            await post(outbox, f"m{n}")
        clock.at(1)
        await outbox.cancel(a_print(size=2, strike=155.0))
        await commit(outbox, seen(3, 2, strike=150.0))
        assert (await edit_of(outbox)).posted.message_id == "m2"

    async def test_taking_back_survives_a_restart(self, outbox: Outbox, reopen: Reopen) -> None:
        await commit(outbox, seen(1))
        await post(outbox)
        await outbox.cancel(a_print(size=1))
        assert struck((await edit_of(await reopen())).batch) == [True]
