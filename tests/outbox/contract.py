"""What every outbox must do: a subclass gives `outbox`, opened on an empty store, and `reopen`."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from bot.gate.verdict import judge
from bot.model.alerts import Batch, Delivery, DeliveryRecord
from bot.model.matches import Match
from bot.model.memory import Contribution, Evidence
from bot.model.outcomes import DestinationDead, Permanent, Retry, Sent, Unknown
from bot.model.ports import Outbox, Target
from bot.model.terms import Terms
from tests.samples import NOON_NS, NVDA, a_match, a_print, a_route

SECOND_NS = 1_000_000_000


def fit(deliveries: object) -> int:
    return 3


IDLE = {"desk": Target(fit=fit)}
NO_LIMITS = Terms()

Reopen = Callable[[], Awaitable[Outbox]]


class Clock:
    """The store's clock: noon in New York until a test moves it."""

    def __init__(self) -> None:
        self.ns = NOON_NS

    def __call__(self) -> int:
        return self.ns

    def at(self, seconds: float) -> None:
        """So many seconds after noon."""
        self.ns = NOON_NS + int(seconds * SECOND_NS)


async def take(outbox: Outbox, terms: Terms = NO_LIMITS, destination: str = "desk") -> Batch | None:
    """The next batch, if there is one."""
    return (await outbox.lease(destination, fit, terms)).batch


async def sizes(outbox: Outbox, terms: Terms = NO_LIMITS) -> list[int | None]:
    """The next batch by its prints' sizes, which tests tell prints apart by."""
    batch = await take(outbox, terms)
    assert batch is not None
    assert batch.digest is None
    return [delivery.alert.print.size for delivery in batch.deliveries]


async def record_of(outbox: Outbox, alert_id: str) -> DeliveryRecord:
    explanation = await outbox.explain(alert_id)
    assert explanation is not None
    (record,) = explanation.deliveries
    return record


class OutboxContract:
    async def test_a_match_becomes_one_alert_with_a_delivery_per_destination(self, outbox: Outbox) -> None:
        """Three rules on one channel make one delivery: all names, the highest priority, the union of mentions."""
        routes = (
            a_route("a", send_to=("desk",), priority="low", mentions=("1", "2")),
            a_route("b", send_to=("desk", "room"), priority="high", mentions=("2", "3")),
            a_route("c", send_to=("desk", "desk")),
        )
        commit = await outbox.commit([a_match(NVDA, *routes)], judge, {})
        assert dict(commit.queued) == {"desk": 1, "room": 1}
        (alert,) = commit.alerts
        assert len(alert.id) == 8
        batch = await take(outbox)
        assert batch is not None
        assert batch.deliveries == (Delivery(alert, "desk", ("a", "b", "c"), "high", ("1", "2", "3")),)
        assert len(batch.id) <= 25

    async def test_the_same_print_alerts_once_in_one_group_and_across_groups_and_restarts(
        self, outbox: Outbox, reopen: Reopen
    ) -> None:
        again = a_print(received_ns=NOON_NS + SECOND_NS)
        first = await outbox.commit([a_match(), a_match(again)], judge, {})
        assert len(first.alerts) == 1
        assert dict(first.suppressed) == {("whales", "duplicate"): 1}
        assert (await outbox.commit([a_match(again)], judge, {})).alerts == []
        after = await reopen()
        commit = await after.commit([a_match(again)], judge, {})
        assert (list(commit.alerts), dict(commit.suppressed)) == ([], {("whales", "duplicate"): 1})

    async def test_two_providers_report_one_trade_and_it_alerts_once(self, outbox: Outbox) -> None:
        assert NVDA.time is not None
        twin = a_print(provider="optionwhales", time=NVDA.time + timedelta(seconds=1), premium=2_399_000.0)
        first = await outbox.commit([a_match()], judge, {})
        second = await outbox.commit([a_match(twin)], judge, {})
        assert list(second.alerts) == []
        assert dict(second.suppressed) == {("whales", "twin"): 1}
        explanation = await outbox.explain(first.alerts[0].id)
        assert explanation is not None
        assert [(s.reason, s.count) for s in explanation.suppressed] == [("twin", 1)]

    async def test_one_print_has_one_twin(self, outbox: Outbox) -> None:
        """The other provider saw two equal trades, this one saw one: the second is news."""
        assert NVDA.time is not None
        theirs = [a_print(provider="optionwhales", provider_id=name) for name in ("x", "y")]
        await outbox.commit([a_match()], judge, {})
        commit = await outbox.commit([a_match(found) for found in theirs], judge, {})
        assert len(commit.alerts) == 1

    async def test_prints_without_a_contract_are_never_merged_across_providers(self, outbox: Outbox) -> None:
        bare = a_print(expiry=None)
        commit = await outbox.commit([a_match(bare), a_match(a_print(expiry=None, provider="other"))], judge, {})
        assert len(commit.alerts) == 2

    async def test_a_cooldown_holds_the_same_key_until_it_is_over(self, outbox: Outbox, reopen: Reopen) -> None:
        route = a_route(cooldown_s=60.0)
        at = [a_print(size=n, received_ns=NOON_NS + n * SECOND_NS) for n in (1, 59, 61, 62)]
        first = await outbox.commit([a_match(at[0], route)], judge, {})
        assert len(first.alerts) == 1
        outbox = await reopen()  # cooldowns survive a restart
        held = await outbox.commit([a_match(at[1], route)], judge, {})
        assert (len(held.alerts), dict(held.suppressed)) == (0, {("whales", "cooldown"): 1})
        other_contract = a_print(strike=150.0, received_ns=NOON_NS + 2 * SECOND_NS)
        assert len((await outbox.commit([a_match(other_contract, route)], judge, {})).alerts) == 1
        over = await outbox.commit([a_match(at[2], route), a_match(at[3], route)], judge, {})
        assert len(over.alerts) == 1, "the cooldown ended at 61 s, and the alert then began a new one"

    async def test_a_print_held_by_a_cooldown_stays_told_after_the_cooldown(self, outbox: Outbox) -> None:
        route = a_route(cooldown_s=60.0)
        held = a_print(size=2, received_ns=NOON_NS + 30 * SECOND_NS)
        await outbox.commit([a_match(NVDA, route), a_match(held, route)], judge, {})
        replayed = a_print(size=2, received_ns=NOON_NS + 90 * SECOND_NS)
        assert list((await outbox.commit([a_match(replayed, route)], judge, {})).alerts) == []

    async def test_an_idle_destination_gets_its_batch_in_the_same_transaction(self, outbox: Outbox) -> None:
        commit = await outbox.commit([a_match()], judge, IDLE)
        assert dict(commit.queued) == {}
        (batch,) = commit.batches
        assert [delivery.alert for delivery in batch.deliveries] == list(commit.alerts)
        assert await take(outbox) is None
        assert list(await outbox.interrupted()) == [msgspec.structs.replace(batch, attempts=1)]

    async def test_batches_take_priority_then_score_then_newest_and_only_what_fits(self, outbox: Outbox) -> None:
        def queued(size: int, score: float | None, priority: str = "normal") -> object:
            return a_match(a_print(size=size, score=score), a_route(priority=priority))

        await outbox.commit(
            [queued(1, 50.0), queued(2, 90.0), queued(3, None), queued(4, 90.0), queued(5, 10.0, "high")],  # type: ignore[list-item]  # built above
            judge,
            {},
        )
        batches = [await take(outbox), await take(outbox), await take(outbox)]
        sizes = [[d.alert.print.size for d in batch.deliveries] if batch else None for batch in batches]
        assert sizes == [[5, 4, 2], [1, 3], None]

    async def test_a_frozen_batch_survives_a_restart_as_it_was(self, outbox: Outbox, reopen: Reopen) -> None:
        await outbox.commit([a_match(), a_match(a_print(size=7))], judge, {})
        batch = await take(outbox)
        assert batch is not None
        await outbox.settle(batch, Unknown("timeout"), is_final=False)
        after = await reopen()
        (found,) = await after.interrupted()
        assert (found.id, found.deliveries, found.attempts) == (batch.id, batch.deliveries, 1)
        assert await take(after) is None

    @pytest.mark.parametrize(
        ("outcome", "state"),
        [
            (Sent(message_id="99", url="https://discord.test/99"), "sent"),
            (Permanent("Invalid Form Body"), "dead"),
            (DestinationDead("Unknown Webhook"), "dead"),
            (Unknown("timeout"), "unknown"),
        ],
    )
    async def test_a_final_outcome_is_the_deliverys_end(self, outbox: Outbox, outcome: Sent, state: str) -> None:
        commit = await outbox.commit([a_match()], judge, IDLE)
        await outbox.settle(commit.batches[0], outcome, is_final=True)
        assert list(await outbox.interrupted()) == []
        assert await take(outbox) is None
        explanation = await outbox.explain(commit.alerts[0].id)
        assert explanation is not None
        (record,) = explanation.deliveries
        assert record.state == state
        assert record.attempts == 1
        assert record.reason == getattr(outcome, "reason", "")
        assert record.message_id == getattr(outcome, "message_id", None)

    async def test_a_refused_batch_is_queued_again_each_alone(self, outbox: Outbox) -> None:
        await outbox.commit([a_match(a_print(size=n, score=float(n))) for n in (1, 2, 3)], judge, {})
        batch = await take(outbox)
        assert batch is not None
        await outbox.requeue(batch, Permanent("bad"), is_solo=True)
        leased = [await take(outbox) for _ in range(4)]
        sizes = [[d.alert.print.size for d in b.deliveries] if b else None for b in leased]
        assert sizes == [[3], [2], [1], None]

    async def test_a_batch_that_never_went_out_is_queued_again_together(self, outbox: Outbox) -> None:
        await outbox.commit([a_match(a_print(size=n)) for n in (1, 2)], judge, {})
        batch = await take(outbox)
        assert batch is not None
        await outbox.requeue(batch, Retry("refused"), is_solo=False)
        explanation = await outbox.explain(batch.deliveries[0].alert.id)
        assert explanation is not None
        assert [(d.state, d.attempts, d.reason) for d in explanation.deliveries] == [("queued", 1, "refused")]
        again = await take(outbox)
        assert again is not None
        assert again.deliveries == batch.deliveries
        assert again.id == batch.id, "the platform is to recognise it as the same message"

    async def test_what_must_go_alone_still_does_after_a_refusal_for_another_reason(self, outbox: Outbox) -> None:
        await outbox.commit([a_match(a_print(size=n, score=float(n))) for n in (1, 2)], judge, {})
        batch = await take(outbox)
        assert batch is not None
        await outbox.requeue(batch, Permanent("bad"), is_solo=True)
        alone = await take(outbox)
        assert alone is not None
        await outbox.requeue(alone, None, is_solo=False)
        again = await take(outbox)
        assert again is not None
        assert [delivery.alert.print.size for delivery in again.deliveries] == [2]

    async def test_an_unknown_id_has_no_explanation(self, outbox: Outbox) -> None:
        assert await outbox.explain("nothing1") is None

    async def test_an_explanation_gives_the_alert_as_it_was(self, outbox: Outbox) -> None:
        odd = a_print(
            ticker="BRK.B", time=datetime(2026, 7, 16, 13, 30, 0, 123_000, tzinfo=UTC), notes=("expiry is a Saturday",)
        )
        commit = await outbox.commit([a_match(odd)], judge, {})
        explanation = await outbox.explain(commit.alerts[0].id)
        assert explanation is not None
        assert explanation.alert == commit.alerts[0]
        assert explanation.alert.print == odd

    async def test_what_had_accumulated_is_kept_with_the_rule_that_saw_it(self, outbox: Outbox, reopen: Reopen) -> None:
        """Over a restart, each of its prints included; a rule without memory has none."""
        one = Contribution(NOON_NS, "NVDA 145C 8/7", 2_400_000.0, 2400, "ask")
        seen = Evidence("count at least 3 within 10m by contract", 3, 6_200_000.0, 580.0, share=0.82, prints=(one,))
        match = Match(NVDA, (a_route("busy"), a_route("whales")), {"busy": seen})
        commit = await outbox.commit([match], judge, {})
        explanation = await (await reopen()).explain(commit.alerts[0].id)
        assert explanation is not None
        assert [(hit.rule, hit.evidence) for hit in explanation.alert.hits] == [("busy", seen), ("whales", None)]

    async def test_closing_twice_is_allowed(self, outbox: Outbox) -> None:
        await outbox.close()
        await outbox.close()
