"""What becomes of an alert when more is known of its print: it tells of that from then on, wherever it can."""

import msgspec
import pytest

from bot.gate.verdict import judge
from bot.model.alerts import Alert, Batch
from bot.model.outcomes import Gone, Permanent, Retry, Sent, Unknown
from bot.model.ports import Commit, Outbox
from bot.model.prints import Print
from bot.model.terms import Terms
from tests.outbox.contract import IDLE, SECOND_NS, Clock, Reopen, record_of, take
from tests.outbox.contract_repeats import EDITS, commit, edit_of, post, seen, told
from tests.samples import NOON_NS, NVDA, a_match, a_print, a_route

NOTHING = Commit({}, (), (), {})
LEG = a_print(multi_leg=True, bias="neutral")
STALE = Terms(max_age_s=120.0)


def leg(size: int) -> Print:
    """The print of `seen(size)`, which turned out to be a leg."""
    return msgspec.structs.replace(LEG, size=size)


def legs(batch: Batch | None) -> list[tuple[bool | None, int]]:
    assert batch is not None
    return [(delivery.alert.print.multi_leg, delivery.amendments) for delivery in batch.deliveries]


async def alert_of(outbox: Outbox, alert_id: str) -> Alert:
    explanation = await outbox.explain(alert_id)
    assert explanation is not None
    return explanation.alert


async def test_what_was_posted_is_edited_once_and_explained_as_it_is_now(outbox: Outbox, clock: Clock) -> None:
    """Why it fired stays: that is what was seen then."""
    first = await commit(outbox, seen(1))
    sent = await post(outbox)
    clock.at(40)
    assert await outbox.amend(leg(1)) == Commit({}, (), (), {}, edits=frozenset({"desk"}))
    edit = await edit_of(outbox)
    assert (edit.posted.message_id, edit.posted.sent_ns, edit.batch.id) == ("m1", NOON_NS, sent.id)
    assert legs(edit.batch) == [(True, 1)]
    (before,) = first.alerts
    assert await alert_of(outbox, before.id) == msgspec.structs.replace(before, print=leg(1))
    await outbox.settle_edit(edit, Sent("m1"))
    assert await outbox.next_edit("desk") is None
    assert (await record_of(outbox, before.id)).state == "sent"


async def test_the_same_again_changes_nothing(outbox: Outbox, reopen: Reopen) -> None:
    """Given again after a gap it is the same print: how it reached us is no news."""
    await commit(outbox, seen(1))
    await post(outbox)
    await outbox.amend(leg(1))
    edit = await edit_of(outbox)
    await outbox.settle_edit(edit, Sent("m1"))
    after = await reopen()
    again = msgspec.structs.replace(leg(1), received_ns=NOON_NS + 90 * SECOND_NS, is_recovered=True)
    for found in (leg(1), again):
        assert await after.amend(found) == NOTHING
    assert await after.next_edit("desk") is None


async def test_a_second_amendment_is_shown_too(outbox: Outbox) -> None:
    """Each is news of its own."""
    await commit(outbox, seen(1))
    await post(outbox)
    await outbox.amend(leg(1))
    await outbox.settle_edit(await edit_of(outbox), Sent("m1"))
    await outbox.amend(msgspec.structs.replace(leg(1), opening=True))
    assert legs((await edit_of(outbox)).batch) == [(True, 2)]


async def test_how_the_print_came_stays(outbox: Outbox) -> None:
    """The latency and LATE are those of the alert's own telling."""
    first = await commit(outbox, seen(1))
    await outbox.amend(msgspec.structs.replace(leg(1), received_ns=NOON_NS + SECOND_NS, is_recovered=True))
    found = (await alert_of(outbox, first.alerts[0].id)).print
    assert (found.received_ns, found.is_recovered, found.multi_leg) == (NOON_NS, False, True)


async def test_what_waits_goes_out_as_it_is_then(outbox: Outbox) -> None:
    """And needs no edit."""
    await commit(outbox, seen(1))
    assert await outbox.amend(leg(1)) == NOTHING
    assert dict(await outbox.waiting()) == {"desk": 1}
    assert legs(await post(outbox)) == [(True, 1)]
    assert await outbox.next_edit("desk") is None


async def test_what_is_on_its_way_is_edited_once_it_is_out(outbox: Outbox) -> None:
    """It went out as it was frozen."""
    first = await outbox.commit([a_match()], judge, IDLE)
    assert (await outbox.amend(LEG)).edits == {"desk"}
    assert await outbox.next_edit("desk") is None
    await outbox.settle(first.batches[0], Sent("m1"), is_final=True)
    assert legs((await edit_of(outbox)).batch) == [(True, 1)]


async def test_what_comes_back_to_the_queue_goes_out_amended(outbox: Outbox) -> None:
    """A message that surely did not go out has nothing to correct."""
    first = await outbox.commit([a_match()], judge, IDLE)
    await outbox.amend(LEG)
    await outbox.requeue(first.batches[0], Retry("503"), is_solo=False)
    assert legs(await post(outbox)) == [(True, 1)]
    assert await outbox.next_edit("desk") is None


async def test_what_a_message_shows_is_in_doubt_after_a_restart(outbox: Outbox, reopen: Reopen) -> None:
    """It may have gone out before the crash, as it was."""
    await outbox.commit([a_match()], judge, IDLE)
    await outbox.amend(LEG)
    after = await reopen()
    (found,) = await after.interrupted()
    assert legs(found) == [(True, 1)]
    await after.settle(found, Sent("m1"), is_final=True)
    assert legs((await edit_of(after)).batch) == [(True, 1)]


async def test_an_amendment_during_an_edit_is_shown_by_the_next(outbox: Outbox) -> None:
    """The edit on its way knows nothing of it."""
    await commit(outbox, seen(1))
    await post(outbox)
    await commit(outbox, seen(2, 1))
    edit = await edit_of(outbox)
    await outbox.amend(leg(1))
    await outbox.settle_edit(edit, Sent("m1"))
    after = await edit_of(outbox)
    assert (legs(after.batch), told(after.batch)) == ([(True, 1)], [1])
    await outbox.settle_edit(after, Sent("m1"))
    assert await outbox.next_edit("desk") is None


async def test_a_leg_that_is_taken_back_is_both(outbox: Outbox) -> None:
    """One edit shows it struck through and amended."""
    await commit(outbox, seen(1))
    await post(outbox)
    await outbox.amend(leg(1))
    await outbox.cancel(a_print(size=1))
    edit = await edit_of(outbox)
    assert legs(edit.batch) == [(True, 1)]
    assert [delivery.is_cancelled for delivery in edit.batch.deliveries] == [True]
    await outbox.settle_edit(edit, Sent("m1"))
    assert await outbox.next_edit("desk") is None


async def test_only_its_own_alert_of_a_message_is_amended(outbox: Outbox) -> None:
    """At every destination that told of it."""
    route = a_route(send_to=("desk", "room"))
    await outbox.commit([a_match(a_print(size=n, score=float(n)), route) for n in (1, 2)], judge, {})
    for destination in ("desk", "room"):
        batch = await take(outbox, destination=destination)
        assert batch is not None
        await outbox.settle(batch, Sent(destination), is_final=True)
    back = await outbox.amend(msgspec.structs.replace(leg(1), score=1.0))
    assert back.edits == {"desk", "room"}
    for destination in ("desk", "room"):
        edit = await outbox.next_edit(destination)
        assert edit is not None
        assert legs(edit.batch) == [(None, 0), (True, 1)]


async def test_a_digest_counts_what_waits_for_it_as_it_is_now(outbox: Outbox, clock: Clock) -> None:
    """A leg is on neither side of the sums."""
    await commit(outbox, seen(1), terms=STALE)
    await outbox.amend(leg(1))
    clock.at(120)
    batch = await take(outbox, STALE)
    assert batch is not None
    assert batch.digest is not None
    assert list(batch.digest.by_bias) == ["neutral"]


@pytest.mark.parametrize("is_out", [True, False])
async def test_what_a_digest_tells_stays(outbox: Outbox, clock: Clock, is_out: bool) -> None:
    """A sum is not corrected for one alert."""
    await commit(outbox, seen(1), terms=STALE)
    clock.at(120)
    batch = await take(outbox, STALE)
    assert batch is not None
    if is_out:
        await outbox.settle(batch, Sent("m1"), is_final=True)
    assert (await outbox.amend(leg(1))).edits == frozenset()
    if not is_out:
        await outbox.settle(batch, Sent("m1"), is_final=True)
    assert await outbox.next_edit("desk") is None


@pytest.mark.parametrize("outcome", [Permanent("bad"), Unknown("timeout"), Sent(None)])
async def test_where_no_message_is_known_there_is_none_to_edit(outbox: Outbox, outcome: Sent) -> None:
    """The alert is told right all the same, where it is asked for."""
    first = await outbox.commit([a_match()], judge, IDLE)
    await outbox.settle(first.batches[0], outcome, is_final=True)
    assert (await outbox.amend(LEG)).edits == frozenset()
    assert await outbox.next_edit("desk") is None
    assert (await alert_of(outbox, first.alerts[0].id)).print == LEG


async def test_where_the_message_is_gone_nothing_is_posted_anew(outbox: Outbox) -> None:
    """Somebody deleted it: that a leg is a leg is no reason to post it again."""
    await commit(outbox, seen(1))
    await post(outbox)
    await outbox.amend(leg(1))
    await outbox.settle_edit(await edit_of(outbox), Gone("Unknown Message"))
    assert await outbox.next_edit("desk") is None
    assert await take(outbox, EDITS) is None


async def test_an_edit_that_is_given_up_says_so(outbox: Outbox) -> None:
    """And is not tried for ever."""
    first = await commit(outbox, seen(1))
    await post(outbox)
    await outbox.amend(leg(1))
    await outbox.settle_edit(await edit_of(outbox), Permanent("Invalid Form Body"))
    assert await outbox.next_edit("desk") is None
    record = await record_of(outbox, first.alerts[0].id)
    assert record.reason == "the message could not be edited: Invalid Form Body"


# --- which alert is meant ---


async def test_a_print_that_nobody_was_told_of_is_nothing(outbox: Outbox) -> None:
    """It alerts when it matches, as what it is then."""
    assert await outbox.amend(LEG) == NOTHING
    assert len((await outbox.commit([a_match()], judge, {})).alerts) == 1


async def test_a_repeat_that_is_a_leg_changes_no_other_alert(outbox: Outbox) -> None:
    """The alert's own print is none."""
    first = await commit(outbox, seen(1))
    await post(outbox)
    await commit(outbox, seen(2, 1))
    await outbox.settle_edit(await edit_of(outbox), Sent("m1"))
    assert await outbox.amend(leg(2)) == NOTHING
    assert (await alert_of(outbox, first.alerts[0].id)).print == a_print(size=1)


async def test_nor_does_a_twin(outbox: Outbox) -> None:
    """What one provider tells of a trade does not replace what another told of it."""
    twin = a_print(provider="optionwhales")
    first = await outbox.commit([a_match(), a_match(twin)], judge, {})
    assert await outbox.amend(msgspec.structs.replace(LEG, provider="optionwhales")) == NOTHING
    assert (await alert_of(outbox, first.alerts[0].id)).print == NVDA


async def test_the_cooldown_goes_on(outbox: Outbox) -> None:
    """The trade holds: the next print of the contract and side is its repeat."""
    await commit(outbox, seen(1))
    await post(outbox)
    await outbox.amend(leg(1))
    assert dict((await commit(outbox, seen(2, 1))).suppressed) == {("whales", "repeat"): 1}
    edit = await edit_of(outbox)
    assert (legs(edit.batch), told(edit.batch)) == ([(True, 1)], [1])
