"""What every outbox must do with repeats inside a cooldown, with edits of messages that stand, and with notices.

A subclass gives `outbox`, `reopen` and `clock`.
"""

from typing import Any

import pytest

from bot.gate.verdict import judge
from bot.model.alerts import Batch, Edit, Posted, Repeats
from bot.model.matches import Match
from bot.model.outcomes import DestinationDead, Gone, Outcome, Permanent, Sent, Unknown
from bot.model.ports import Commit, Outbox, Target
from bot.model.terms import Terms
from tests.outbox.contract import SECOND_NS, Clock, Reopen, fit, record_of, take
from tests.samples import NOON_NS, NVDA, a_match, a_print, a_route

EDITS = Terms(can_edit=True)
COOLED = a_route(cooldown_s=60.0)


def seen(n: int, at_s: float = 0.0, **changes: Any) -> Match:
    """The same contract and side again, told apart by its size."""
    routes = changes.pop("routes", (COOLED,))
    return a_match(a_print(size=n, received_ns=NOON_NS + int(at_s * SECOND_NS), **changes), *routes)


async def commit(outbox: Outbox, *matches: Match, terms: Terms = EDITS) -> Commit:
    return await outbox.commit(matches, judge, {"desk": Target(terms), "room": Target(terms)})


async def post(outbox: Outbox, message_id: str = "m1") -> Batch:
    """What waits at the desk is out."""
    batch = await take(outbox, EDITS)
    assert batch is not None
    await outbox.settle(batch, Sent(message_id, "c1", f"https://discord.test/{message_id}"), is_final=True)
    return batch


async def edit_of(outbox: Outbox) -> Edit:
    edit = await outbox.next_edit("desk")
    assert edit is not None
    return edit


def told(batch: Batch) -> list[int]:
    return [0 if d.repeats is None else d.repeats.count for d in batch.deliveries]


class RepeatsContract:
    # --- what counts ---

    async def test_a_repeat_is_told_by_the_message_that_stands(self, outbox: Outbox, clock: Clock) -> None:
        first = await commit(outbox, seen(1))
        clock.at(3)
        sent = await post(outbox)
        again = await commit(outbox, seen(2, 10, premium=700_000.0), seen(3, 20, premium=None))
        assert (list(again.alerts), dict(again.queued)) == ([], {})
        assert dict(again.suppressed) == {("whales", "repeat"): 2}
        assert again.edits == {"desk"}
        edit = await edit_of(outbox)
        assert edit.posted == Posted("m1", "c1", NOON_NS + 3 * SECOND_NS)
        assert (edit.batch.id, edit.batch.destination) == (sent.id, "desk")
        (delivery,) = edit.batch.deliveries
        assert delivery.alert == first.alerts[0]
        assert delivery.repeats == Repeats(2, 700_000.0, NOON_NS + 20 * SECOND_NS)
        explanation = await outbox.explain(first.alerts[0].id)
        assert explanation is not None
        assert [(s.rule, s.reason, s.count) for s in explanation.suppressed] == [("whales", "repeat", 2)]
        assert explanation.deliveries[0].repeats == 2

    async def test_repeats_are_counted_over_restarts(self, outbox: Outbox, reopen: Reopen) -> None:
        await commit(outbox, seen(1))
        await post(outbox)
        await commit(outbox, seen(2))
        assert told((await edit_of(await reopen())).batch) == [1]

    @pytest.mark.parametrize(
        ("changes", "terms", "route"),
        [
            ({"strike": 150.0}, EDITS, {"cooldown_by": "ticker"}),
            ({"side": "bid"}, EDITS, {}),
            ({"expiry": None}, EDITS, {"cooldown_by": "ticker"}),
            ({}, Terms(can_edit=False), {}),
            ({}, Terms(can_edit=True, repeats="drop"), {}),
            ({}, EDITS, {"repeats": "drop"}),
        ],
    )
    async def test_what_is_no_repeat_or_shall_not_be_told_is_held_by_the_cooldown(
        self, outbox: Outbox, changes: dict[str, Any], terms: Terms, route: dict[str, Any]
    ) -> None:
        cooled = a_route(cooldown_s=60.0, **route)
        await commit(outbox, seen(1, routes=(cooled,)))
        await post(outbox)
        again = await commit(outbox, seen(2, 1, routes=(cooled,), **changes), terms=terms)
        assert (dict(again.suppressed), again.edits) == ({("whales", "cooldown"): 1}, frozenset())
        assert await outbox.next_edit("desk") is None

    async def test_a_destination_without_terms_cannot_be_edited(self, outbox: Outbox) -> None:
        await outbox.commit([seen(1)], judge, {})
        await post(outbox)
        assert dict((await outbox.commit([seen(2)], judge, {})).suppressed) == {("whales", "cooldown"): 1}

    @pytest.mark.parametrize(
        "outcome", [Sent(), Permanent("bad"), DestinationDead("Unknown Webhook"), Unknown("timeout")]
    )
    async def test_without_a_message_to_edit_the_cooldown_holds_it(self, outbox: Outbox, outcome: Outcome) -> None:
        await commit(outbox, seen(1))
        batch = await take(outbox)
        assert batch is not None
        await outbox.settle(batch, outcome, is_final=True)
        assert dict((await commit(outbox, seen(2))).suppressed) == {("whales", "cooldown"): 1}

    async def test_an_alert_that_goes_or_went_to_a_digest_is_not_edited(self, outbox: Outbox, clock: Clock) -> None:
        terms = Terms(can_edit=True, max_age_s=10.0, backlog=0)
        await commit(outbox, seen(1), seen(9, strike=150.0, score=1.0), terms=terms)

        def one(deliveries: object) -> int:
            return 1

        await outbox.lease("desk", one, terms)
        held = {("whales", "cooldown"): 1}
        assert dict((await commit(outbox, seen(2, 1, strike=150.0), terms=terms)).suppressed) == held
        clock.at(10)
        digest = (await outbox.lease("desk", fit, terms)).batch
        assert digest is not None
        assert digest.digest is not None
        assert dict((await commit(outbox, seen(3, 11, strike=150.0), terms=terms)).suppressed) == held
        await outbox.settle(digest, Sent("m1"), is_final=True)
        assert dict((await commit(outbox, seen(4, 12, strike=150.0), terms=terms)).suppressed) == held

    async def test_a_repeat_of_an_alert_that_still_waits_goes_out_with_it(self, outbox: Outbox) -> None:
        again = await commit(outbox, seen(1), seen(2, 5))
        assert dict(again.suppressed) == {("whales", "repeat"): 1}
        assert again.edits == {"desk"}
        assert told(await post(outbox)) == [1]
        assert await outbox.next_edit("desk") is None, "the message has told it"

    async def test_a_repeat_while_the_message_is_on_its_way_is_told_after(self, outbox: Outbox) -> None:
        await commit(outbox, seen(1), seen(2, 1))
        batch = await take(outbox)
        assert batch is not None
        again = await commit(outbox, seen(3, 2))
        assert again.edits == {"desk"}
        assert await outbox.next_edit("desk") is None
        await outbox.settle(batch, Sent("m1"), is_final=True)
        assert told((await edit_of(outbox)).batch) == [2]

    async def test_what_a_message_tells_is_in_doubt_after_an_attempt_in_doubt(self, outbox: Outbox) -> None:
        await commit(outbox, seen(1), seen(2, 1))
        batch = await take(outbox)
        assert batch is not None
        await outbox.settle(batch, Unknown("timeout"), is_final=False)
        await outbox.settle(batch, Sent("m1"), is_final=True)
        assert told((await edit_of(outbox)).batch) == [1]

    async def test_what_a_message_tells_is_in_doubt_after_a_restart(self, outbox: Outbox, reopen: Reopen) -> None:
        await commit(outbox, seen(1))
        batch = await take(outbox)
        assert batch is not None
        await commit(outbox, seen(2, 1))
        after = await reopen()
        (found,) = await after.interrupted()
        assert (found.id, found.attempts, told(found)) == (batch.id, 1, [1])
        await after.settle(found, Sent("m1"), is_final=True)
        assert told((await edit_of(after)).batch) == [1]

    # --- which destinations, which rules ---

    async def test_posting_anew_makes_an_alert_and_begins_no_cooldown(self, outbox: Outbox) -> None:
        route = a_route(cooldown_s=60.0, repeats="post")
        await commit(outbox, seen(1, routes=(route,)))
        anew = await commit(outbox, seen(2, 59, routes=(route,)))
        assert (len(anew.alerts), dict(anew.queued), dict(anew.suppressed)) == (1, {"desk": 1}, {})
        assert [hit.rule for hit in anew.alerts[0].hits] == ["whales"]
        after = await commit(outbox, seen(3, 61, routes=(a_route(cooldown_s=60.0),)))
        assert len(after.alerts) == 1, "the cooldown ended a minute after the first"

    async def test_each_destination_has_its_own_way_with_repeats(self, outbox: Outbox) -> None:
        route = a_route(cooldown_s=60.0, send_to=("desk", "room", "hall"))
        targets = {"desk": Target(EDITS), "room": Target(Terms(repeats="post")), "hall": Target(Terms(repeats="drop"))}
        await outbox.commit([seen(1, routes=(route,))], judge, targets)
        again = await outbox.commit([seen(2, 1, routes=(route,))], judge, targets)
        assert dict(again.queued) == {"room": 1}
        assert again.edits == {"desk"}
        assert dict(again.suppressed) == {("whales", "repeat"): 1}, "told somewhere: one count"

    async def test_posted_here_and_dropped_there_counts_as_held_once(self, outbox: Outbox) -> None:
        route = a_route(cooldown_s=60.0, send_to=("room", "hall", "attic"))
        targets = {"room": Target(Terms(repeats="post"))}
        await outbox.commit([seen(1, routes=(route,))], judge, targets)
        again = await outbox.commit([seen(2, 1, routes=(route,))], judge, targets)
        assert (dict(again.queued), dict(again.suppressed)) == ({"room": 1}, {("whales", "cooldown"): 1})

    async def test_a_destination_that_hears_of_the_print_anew_hears_of_no_repeat(self, outbox: Outbox) -> None:
        other = a_route("sweeps", send_to=("desk",))
        cooled = a_route(cooldown_s=60.0, send_to=("desk", "room"))
        first = await commit(outbox, seen(1, routes=(cooled,)))
        again = await commit(outbox, seen(2, 1, routes=(cooled, other)))
        assert dict(again.queued) == {"desk": 1}
        assert again.edits == {"room"}
        assert dict(again.suppressed) == {("whales", "repeat"): 1}
        explanation = await outbox.explain(first.alerts[0].id)
        assert explanation is not None
        assert {d.destination: d.repeats for d in explanation.deliveries} == {"desk": 0, "room": 1}

    async def test_covered_everywhere_it_is_held_by_the_cooldown(self, outbox: Outbox) -> None:
        await commit(outbox, seen(1))
        again = await commit(outbox, seen(2, 1, routes=(COOLED, a_route("sweeps"))))
        assert (again.edits, dict(again.suppressed)) == (frozenset(), {("whales", "cooldown"): 1})

    async def test_one_print_is_one_repeat_whatever_the_number_of_its_rules(self, outbox: Outbox) -> None:
        routes = (a_route("a", cooldown_s=60.0), a_route("b", cooldown_s=60.0))
        first = await commit(outbox, seen(1, routes=routes))
        again = await commit(outbox, seen(2, 1, routes=routes))
        assert dict(again.suppressed) == {("a", "repeat"): 1, ("b", "repeat"): 1}
        assert (await record_of(outbox, first.alerts[0].id)).repeats == 1

    async def test_a_repeat_seen_again_counts_once(self, outbox: Outbox) -> None:
        first = await commit(outbox, seen(1), seen(2, 1))
        again = await commit(outbox, seen(2, 2))
        assert (dict(again.suppressed), again.edits) == ({("whales", "duplicate"): 1}, frozenset())
        assert (await record_of(outbox, first.alerts[0].id)).repeats == 1

    async def test_a_repeats_twin_from_another_provider_counts_once(self, outbox: Outbox) -> None:
        """Each of the alert's prints has one twin: the second provider's second print is no third trade."""
        first = await commit(outbox, seen(1), seen(2, 1))
        twins = await commit(outbox, seen(1, 2, provider="optionwhales"), seen(2, 3, provider="optionwhales"))
        assert dict(twins.suppressed) == {("whales", "twin"): 2}
        assert (await record_of(outbox, first.alerts[0].id)).repeats == 1
        third = await commit(outbox, seen(2, 4, provider="optionwhales", provider_id="one more"))
        assert dict(third.suppressed) == {("whales", "repeat"): 1}, "two trades there, one here: a trade of its own"

    async def test_a_third_providers_print_is_the_twin_of_one_trade(self, outbox: Outbox) -> None:
        """Two stamps stand for one trade; they have one twin in the third feed, not two."""
        await commit(outbox, a_match(NVDA), a_match(a_print(provider="second")))
        third = [a_match(a_print(provider="third", provider_id=name)) for name in ("x", "y")]
        assert len((await commit(outbox, *third)).alerts) == 1

    # --- edits ---

    async def test_an_edit_shows_the_whole_message_in_its_order(self, outbox: Outbox) -> None:
        await commit(outbox, seen(1, score=10.0), seen(2, score=90.0, strike=150.0), seen(3, score=50.0, strike=155.0))
        sent = await post(outbox)
        await commit(outbox, seen(4, 1))
        edit = await edit_of(outbox)
        assert [d.alert.id for d in edit.batch.deliveries] == [d.alert.id for d in sent.deliveries]
        assert told(edit.batch) == [0, 0, 1]

    async def test_an_edit_that_was_shown_is_done_until_there_is_more(self, outbox: Outbox, clock: Clock) -> None:
        first = await commit(outbox, seen(1))
        await post(outbox)
        await commit(outbox, seen(2, 1))
        edit = await edit_of(outbox)
        clock.at(30)
        await outbox.settle_edit(edit, Sent("m1"))
        assert await outbox.next_edit("desk") is None
        assert (await record_of(outbox, first.alerts[0].id)).updated_ns == NOON_NS
        await commit(outbox, seen(3, 31))
        again = await edit_of(outbox)
        assert told(again.batch) == [2]
        assert again.posted.sent_ns == NOON_NS, "the message's latency stays what it was"

    async def test_a_repeat_during_an_edit_is_shown_by_the_next(self, outbox: Outbox) -> None:
        await commit(outbox, seen(1))
        await post(outbox)
        await commit(outbox, seen(2, 1))
        edit = await edit_of(outbox)
        await commit(outbox, seen(3, 2))
        await outbox.settle_edit(edit, Sent("m1"))
        assert told((await edit_of(outbox)).batch) == [2]

    async def test_the_message_that_has_waited_longest_is_edited_first(self, outbox: Outbox, clock: Clock) -> None:
        """A contract that repeats without end does not keep the others waiting."""
        for n, strike in ((1, 150.0), (2, 155.0)):
            await commit(outbox, seen(n, strike=strike))
            await post(outbox, f"m{n}")
        await commit(outbox, seen(3, 1, strike=155.0), seen(4, 2, strike=150.0), seen(5, 3, strike=155.0))
        clock.at(4)
        edit = await edit_of(outbox)
        assert edit.posted.message_id == "m2"
        await commit(outbox, seen(6, 4, strike=155.0))
        await outbox.settle_edit(edit, Sent("m2"))
        assert (await edit_of(outbox)).posted.message_id == "m1"

    async def test_an_edit_is_the_destinations_own(self, outbox: Outbox) -> None:
        await commit(outbox, seen(1))
        await post(outbox)
        await commit(outbox, seen(2, 1))
        assert await outbox.next_edit("room") is None

    @pytest.mark.parametrize("outcome", [Permanent("Invalid Form Body"), DestinationDead("Missing Access")])
    async def test_an_edit_that_is_given_up_leaves_the_message_and_says_why(
        self, outbox: Outbox, outcome: Permanent
    ) -> None:
        first = await commit(outbox, seen(1))
        await post(outbox)
        await commit(outbox, seen(2, 1))
        await outbox.settle_edit(await edit_of(outbox), outcome)
        assert await outbox.next_edit("desk") is None
        record = await record_of(outbox, first.alerts[0].id)
        assert (record.state, record.message_id, record.attempts) == ("sent", "m1", 1)
        assert outcome.reason in record.reason
        await commit(outbox, seen(3, 2))
        await outbox.settle_edit(await edit_of(outbox), Permanent("another"))
        assert outcome.reason in (await record_of(outbox, first.alerts[0].id)).reason, "the first reason stays"

    async def test_a_message_that_is_gone_is_posted_anew_with_what_repeats(self, outbox: Outbox, clock: Clock) -> None:
        terms = Terms(can_edit=True, max_age_s=120.0)
        both = await commit(outbox, seen(1, score=90.0), seen(2, strike=150.0), terms=terms)
        sent = await post(outbox)
        await commit(outbox, seen(3, 1), terms=terms)
        clock.at(300)
        await outbox.settle_edit(await edit_of(outbox), Gone("Unknown Message"))
        assert await outbox.next_edit("desk") is None
        other = await record_of(outbox, both.alerts[1].id)
        assert (other.state, other.message_id) == ("sent", "m1")
        record = await record_of(outbox, both.alerts[0].id)
        assert (record.state, record.message_id, record.message_url) == ("queued", None, None)
        clock.at(500)
        anew = await take(outbox, terms)
        assert anew is not None
        assert anew.digest is None, "it is not stale, however old its print is"
        assert [d.alert.id for d in anew.deliveries] == [both.alerts[0].id]
        assert told(anew) == [1]
        assert anew.id != sent.id
        await outbox.settle(anew, Sent("m2"), is_final=True)
        assert await outbox.next_edit("desk") is None
        await commit(outbox, seen(4, 20), terms=terms)
        edit = await edit_of(outbox)
        assert (edit.posted.message_id, len(edit.batch.deliveries)) == ("m2", 1)

    async def test_what_was_told_before_the_message_was_gone_is_in_doubt_anew(self, outbox: Outbox) -> None:
        await commit(outbox, seen(1, score=99.0), seen(2, strike=150.0))
        await post(outbox)
        await commit(outbox, seen(3, 1))
        await outbox.settle_edit(await edit_of(outbox), Sent("m1"))
        await commit(outbox, seen(4, 2, strike=150.0))
        await outbox.settle_edit(await edit_of(outbox), Gone("Unknown Message"))
        anew = (await outbox.lease("desk", lambda deliveries: 1, EDITS)).batch
        assert anew is not None
        assert told(anew) == [1]
        await outbox.settle(anew, Unknown("timeout"), is_final=False)
        await outbox.settle(anew, Sent("m2"), is_final=True)
        assert (await edit_of(outbox)).posted.message_id == "m2"

    async def test_the_same_alert_posted_anew_alone_is_another_message_to_the_platform(self, outbox: Outbox) -> None:
        ids = set()
        await commit(outbox, seen(1))
        for n in (2, 3, 4):
            ids.add((await post(outbox)).id)
            await commit(outbox, seen(n, n))
            await outbox.settle_edit(await edit_of(outbox), Gone("Unknown Message"))
        assert len(ids) == 3

    # --- notices ---

    async def test_the_admins_are_told_of_one_thing_once_in_a_while(
        self, outbox: Outbox, reopen: Reopen, clock: Clock
    ) -> None:
        assert await outbox.may_tell("parked:desk", 3600.0)
        assert await outbox.may_tell("parked:room", 3600.0), "another subject"
        clock.at(3599)
        assert not await outbox.may_tell("parked:desk", 3600.0)
        outbox = await reopen()
        assert not await outbox.may_tell("parked:desk", 3600.0)
        clock.at(3600)
        assert await outbox.may_tell("parked:desk", 3600.0)
        assert not await outbox.may_tell("parked:desk", 3600.0)
