"""What every `Destination` promises, whatever its platform; each type's test gives a `Rig` and inherits the rest."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from unittest.mock import patch

import aiohttp
import msgspec
import pytest

from bot.destinations import http
from bot.model.alerts import Batch, Digest, Edit, Flow, Notice, Posted, Repeats
from bot.model.answers import Part
from bot.model.outcomes import (
    Absent,
    Blind,
    DestinationDead,
    EditOutcome,
    Gone,
    Outcome,
    Permanent,
    Retry,
    Sent,
    Sight,
    Unknown,
)
from bot.model.ports import Destination
from tests.fakes import faults
from tests.fakes.faults import FaultyServer
from tests.render.samples import (
    HOSTILE_TEXT,
    NOW_NS,
    NVDA,
    RECEIVED_NS,
    REPORT,
    SPARSE,
    altered,
    batch,
    delivery,
    report,
)


@dataclass(frozen=True, slots=True)
class Rig:
    """A destination and its platform's view of it."""

    destination: Destination
    shown: Callable[[], list[str]]
    """The text of each message that the platform shows."""
    woken: Callable[[], set[str]]
    """Everyone whom those messages pinged."""
    secret: str = "no secret here"


@dataclass(frozen=True, slots=True)
class NetworkRig(Rig):
    server: FaultyServer | None = None
    idempotent: bool = False
    delete: Callable[[str], None] | None = None
    """Somebody deletes the message of this id."""

    @property
    def platform(self) -> FaultyServer:
        assert self.server is not None
        return self.server

    def lose(self, posted: Posted) -> None:
        assert self.delete is not None
        self.delete(posted.message_id)


def posted(outcome: Outcome | Sight) -> Posted:
    """Where a message stands that was sent, or found."""
    assert isinstance(outcome, Sent)
    assert outcome.message_id is not None
    return Posted(outcome.message_id, outcome.channel, NOW_NS)


def repeated(count: int, *mentions: str) -> Batch:
    """The usual batch after so many further prints of $100,000 each, within two minutes."""
    repeats = Repeats(count, count * 100_000.0, RECEIVED_NS + 120_000_000_000)
    return batch(msgspec.structs.replace(delivery(mentions=mentions), repeats=repeats))


DIGEST = Digest(
    total=Flow(40, 9_000_000.0), first_ns=RECEIVED_NS, last_ns=NOW_NS, by_bias={"bull": Flow(40, 9_000_000.0)},
    tickers=(), ticker_count=12, top=(delivery(),), why={"backlog": 40},
)  # fmt: skip
OTHER = batch(delivery(SPARSE, "0therone"), id="batch0002")


class DestinationContract:
    """Holds for every destination."""

    def test_it_carries_at_least_one_and_never_more_than_there_are(self, rig: Rig) -> None:
        """A batch is never empty, however long its first alert."""
        long = delivery(altered(NVDA, notes=("x" * 5000,) * 50, sector="y" * 9000), rules=("r" * 4000,) * 60)
        assert rig.destination.fit([long]) == 1
        assert 1 <= rig.destination.fit([long] * 3) <= 3
        assert 2 <= rig.destination.fit([delivery()] * 100) <= 100

    def test_it_names_itself_without_its_secret(self, rig: Rig) -> None:
        """Neither repr nor the keys of its buckets hold the credential."""
        assert rig.destination.name == "room"
        assert rig.secret not in repr(rig.destination)
        assert rig.secret not in repr(rig.destination.buckets)
        assert rig.secret not in repr(rig.destination.edit_buckets)
        assert rig.destination.platform

    async def test_one_message_shows_every_alert_of_the_batch(self, rig: Rig) -> None:
        """As many as fit, in one message, each with its id."""
        waiting = [delivery(NVDA if index % 2 else SPARSE, f"id{index:06d}") for index in range(30)]
        fitting = waiting[: rig.destination.fit(waiting)]
        assert isinstance(await rig.destination.send(batch(*fitting)), Sent)
        (message,) = rig.shown()
        assert [one.alert.id for one in fitting if one.alert.id not in message] == []

    async def test_hostile_text_wakes_nobody(self, rig: Rig) -> None:
        """Upstream text in every field arrives, and pings no one."""
        found = altered(NVDA, ticker=HOSTILE_TEXT, sector=HOSTILE_TEXT, notes=(HOSTILE_TEXT,), provider=HOSTILE_TEXT)
        assert isinstance(await rig.destination.send(batch(delivery(found))), Sent)
        assert len(rig.shown()) == 1
        assert rig.woken() == set()

    @pytest.mark.parametrize(
        "shown",
        [
            Batch("d1gestxxbatch", "room", (), RECEIVED_NS, digest=DIGEST),
            Batch("n0ticexxbatch", "room", (), RECEIVED_NS, notice=Notice("Parked", ("HTTP 404",))),
            report(),
            report(msgspec.structs.replace(REPORT, picture=None, buttons=())),
        ],
    )
    async def test_a_digest_a_notice_and_a_report_are_messages_too(self, rig: Rig, shown: Batch) -> None:
        """Each shows the mark by which it is found again."""
        assert isinstance(await rig.destination.send(shown), Sent)
        (message,) = rig.shown()
        assert shown.mark in message

    async def test_a_report_says_all_of_it_and_wakes_nobody(self, rig: Rig) -> None:
        """Its title, its parts and its source; what upstream put in it pings no one."""
        hostile = Part(HOSTILE_TEXT, (HOSTILE_TEXT,))
        shown = msgspec.structs.replace(REPORT, parts=(*REPORT.parts, hostile), source=f"radarpulse {HOSTILE_TEXT}")
        assert isinstance(await rig.destination.send(report(shown)), Sent)
        (message,) = rig.shown()
        said = ("Midday recap, Fri 6/26", "calls $210M", "Top tickers", "NVDA $50M", "radarpulse")
        assert [words for words in said if words not in message] == []
        assert rig.woken() == set()

    async def test_closing_twice_is_fine(self, rig: Rig) -> None:
        """The port says so."""
        await rig.destination.close()
        await rig.destination.close()


OUTCOMES: list[tuple[faults.Fault, type[Outcome], bool]] = [
    (faults.answer(500), Retry, False),
    (faults.answer(503), Retry, False),
    (faults.answer(521), Retry, False),
    (faults.answer(429, Retry_After="2"), Retry, False),
    (faults.BAD_GATEWAY, Unknown, False),
    (faults.BAD_GATEWAY_AFTER, Unknown, True),
    (faults.answer(504), Unknown, False),
    (faults.answer(520), Unknown, False),
    (faults.HANG, Unknown, False),
    (faults.HANG_AFTER, Unknown, True),
    (faults.RESET_BEFORE, Unknown, False),
    (faults.RESET_AFTER, Unknown, True),
    (faults.TRUNCATED, Sent, True),
    (faults.answer(200, "<html>not json</html>"), Sent, False),
    (faults.answer(400, "bad"), Permanent, False),
    (faults.answer(413), Permanent, False),
    (faults.answer(401), DestinationDead, False),
    (faults.answer(403, "<html>forbidden</html>"), DestinationDead, False),
    (faults.answer(404), DestinationDead, False),
    (faults.answer(302, Location="http://127.0.0.1:9/elsewhere"), DestinationDead, False),
]


def impatience() -> AbstractContextManager[object]:
    """A request that hangs is given up soon."""
    return patch.object(http, "_TIMEOUT", aiohttp.ClientTimeout(total=0.3, connect=5.0))


class NetworkContract(DestinationContract):
    """Holds for every destination that posts over HTTP."""

    @pytest.mark.parametrize(("fault", "expected", "is_shown"), OUTCOMES)
    async def test_failures_are_typed(
        self, network: NetworkRig, fault: faults.Fault, expected: type[Outcome], *, is_shown: bool
    ) -> None:
        """Refused: retry. Went out and not answered: unknown. The statuses as the platforms mean them."""
        network.platform.script(fault)
        with impatience() if fault.hangs else nullcontext():
            outcome = await network.destination.send(batch())
        assert isinstance(outcome, expected), outcome
        await network.platform.settled()
        assert len(network.shown()) == is_shown
        assert network.platform.unexpected == []

    async def test_a_wait_that_was_asked_for_is_no_failure(self, network: NetworkRig) -> None:
        """429 says how long."""
        network.platform.script(faults.answer(429, "slow down", Retry_After="7"))
        outcome = await network.destination.send(batch())
        assert isinstance(outcome, Retry)
        assert (outcome.is_asked, outcome.after_s) == (True, 7.0)

    async def test_nothing_went_out_where_nobody_listens(self, network: NetworkRig) -> None:
        """A refused connection is safe to retry, and the platform that comes back gets the same batch."""
        await network.platform.stop()
        refused = await network.destination.send(batch())
        assert isinstance(refused, Retry)
        assert not refused.is_asked
        async with network.platform:
            assert isinstance(await network.destination.send(batch()), Sent)

    async def test_reasons_hold_no_secret(self, network: NetworkRig) -> None:
        """Not even where the platform repeats it, in any outcome."""
        echo = f"no such hook: {network.secret}"
        network.platform.script(*(faults.answer(status, echo) for status in (400, 404, 429, 500, 502)))
        network.platform.script(faults.RESET_AFTER, faults.HANG)
        with impatience():
            outcomes = [await network.destination.send(batch()) for _ in range(7)]
        await network.platform.stop()
        outcomes.append(await network.destination.send(batch()))
        assert network.secret not in repr(outcomes)
        assert str(network.platform.origin) not in repr(outcomes)
        assert "no such hook: ***" in repr(outcomes[0])

    async def test_the_same_batch_again_shows_twice_only_where_the_platform_cannot_tell(
        self, network: NetworkRig
    ) -> None:
        """`is_idempotent` tells the truth."""
        for _ in range(2):
            assert isinstance(await network.destination.send(batch()), Sent)
        assert network.destination.is_idempotent is network.idempotent
        assert len(network.shown()) == (1 if network.idempotent else 2)

    async def test_cancellation_passes(self, network: NetworkRig) -> None:
        """A stop is not held up by a platform that hangs."""
        network.platform.script(faults.HANG)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await network.destination.send(batch())


class FixedContract(DestinationContract):
    """Holds for every destination whose messages stay as they are."""

    async def test_it_cannot_edit(self, rig: Rig) -> None:
        """It says so, and does nothing if it is asked all the same."""
        assert isinstance(await rig.destination.send(batch()), Sent)
        before = list(rig.shown())
        assert not rig.destination.can_edit
        assert rig.destination.edit_buckets == {}
        outcome = await rig.destination.edit(Edit(Posted("1", None, NOW_NS), repeated(6)))
        assert isinstance(outcome, Permanent)
        assert rig.shown() == before


class BlindContract(DestinationContract):
    """Holds for every destination that cannot look at what it posted."""

    async def test_it_cannot_look(self, rig: Rig) -> None:
        """Even where the message is there."""
        assert isinstance(await rig.destination.send(batch()), Sent)
        assert isinstance(await rig.destination.find(batch()), Blind)


EDITS: list[tuple[faults.Fault, type[EditOutcome], bool]] = [
    (faults.answer(500), Retry, False),
    (faults.answer(503), Retry, False),
    (faults.answer(429, Retry_After="2"), Retry, False),
    (faults.BAD_GATEWAY, Unknown, False),
    (faults.BAD_GATEWAY_AFTER, Unknown, True),
    (faults.answer(504), Unknown, False),
    (faults.HANG, Unknown, False),
    (faults.HANG_AFTER, Unknown, True),
    (faults.RESET_BEFORE, Unknown, False),
    (faults.RESET_AFTER, Unknown, True),
    (faults.TRUNCATED, Sent, True),
    (faults.answer(400, "bad"), Permanent, False),
    (faults.answer(401), DestinationDead, False),
    (faults.answer(403, "<html>forbidden</html>"), DestinationDead, False),
    (faults.answer(404), DestinationDead, False),
]


class EditingContract(NetworkContract):
    """Holds for every destination that edits its messages."""

    async def test_an_edit_takes_the_message_s_place(self, network: NetworkRig) -> None:
        """One message still, which shows all that the batch is now; done twice it is the same."""
        assert network.destination.can_edit
        assert network.destination.edit_buckets
        where = posted(await network.destination.send(batch()))
        for _ in range(2):
            assert isinstance(await network.destination.edit(Edit(where, repeated(6))), Sent)
            (message,) = network.shown()
            assert "×7 · $3M" in message
            assert batch().mark in message
        assert network.platform.unexpected == []

    async def test_an_edit_wakes_nobody(self, network: NetworkRig) -> None:
        """Not even those whom the post woke."""
        mentions = ("42", "S0WHALES")
        where = posted(await network.destination.send(batch(delivery(mentions=mentions))))
        woken = network.woken()
        assert len(woken) == 1
        assert isinstance(await network.destination.edit(Edit(where, repeated(6, *mentions))), Sent)
        assert network.woken() == woken

    async def test_a_deleted_message_is_gone(self, network: NetworkRig) -> None:
        """So that the alert can be posted anew."""
        where = posted(await network.destination.send(batch()))
        network.lose(where)
        assert isinstance(await network.destination.edit(Edit(where, repeated(6))), Gone)
        assert network.shown() == []
        assert network.platform.unexpected == []

    @pytest.mark.parametrize(("fault", "expected", "is_shown"), EDITS)
    async def test_failed_edits_are_typed(
        self, network: NetworkRig, fault: faults.Fault, expected: type[EditOutcome], *, is_shown: bool
    ) -> None:
        """As those of posts are; and the next edit shows everything."""
        where = posted(await network.destination.send(batch()))
        network.platform.script(fault, what="edit")
        with impatience() if fault.hangs else nullcontext():
            outcome = await network.destination.edit(Edit(where, repeated(6)))
        assert isinstance(outcome, expected), outcome
        await network.platform.settled()
        (message,) = network.shown()
        assert ("×7" in message) is is_shown
        assert isinstance(await network.destination.edit(Edit(where, repeated(8))), Sent)
        (message,) = network.shown()
        assert "×9" in message
        assert network.platform.unexpected == []

    async def test_reasons_of_edits_hold_no_secret(self, network: NetworkRig) -> None:
        """Nor the address."""
        where = posted(await network.destination.send(batch()))
        echo = f"no such hook: {network.secret}"
        network.platform.script(*(faults.answer(status, echo) for status in (400, 404, 429, 502)), what="edit")
        network.platform.script(faults.RESET_AFTER, what="edit")
        outcomes = [await network.destination.edit(Edit(where, repeated(6))) for _ in range(5)]
        assert network.secret not in repr(outcomes)
        assert str(network.platform.origin) not in repr(outcomes)
        assert "no such hook: ***" in repr(outcomes[0])

    async def test_cancelling_an_edit_passes(self, network: NetworkRig) -> None:
        """A stop is not held up."""
        network.platform.script(faults.HANG, what="edit")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await network.destination.edit(Edit(Posted("1", None, NOW_NS), repeated(6)))


LOOKS: list[tuple[faults.Fault, type[Sight]]] = [
    (faults.answer(500), Retry),
    (faults.answer(429, Retry_After="2"), Retry),
    (faults.BAD_GATEWAY, Retry),
    (faults.answer(504), Retry),
    (faults.HANG, Retry),
    (faults.RESET_BEFORE, Retry),
    (faults.TRUNCATED, Retry),
    (faults.answer(200, "<html>not json</html>"), Retry),
    (faults.answer(400, "bad"), Blind),
    (faults.answer(401), Blind),
    (faults.answer(403), Blind),
    (faults.answer(404), Blind),
    (faults.answer(302, Location="http://127.0.0.1:9/elsewhere"), Blind),
]


class LookingContract(NetworkContract):
    """Holds for every destination that can look at what it posted."""

    async def test_a_message_whose_answer_was_lost_is_found(self, network: NetworkRig) -> None:
        """With the id by which it can be edited, among others, and as often as one likes."""
        await network.destination.send(OTHER)
        network.platform.script(faults.RESET_AFTER)
        assert isinstance(await network.destination.send(batch()), Unknown)
        await network.platform.settled()
        await network.destination.send(batch(delivery(SPARSE, "an0therx"), id="batch0003"))
        before = list(network.shown())
        where, again = [posted(await network.destination.find(batch())) for _ in range(2)]
        assert where == again
        assert network.shown() == before
        assert isinstance(await network.destination.edit(Edit(where, repeated(6))), Sent)
        assert "×7" in network.shown()[1]
        assert network.platform.unexpected == []

    async def test_a_message_that_never_arrived_is_absent(self, network: NetworkRig) -> None:
        """Others are there."""
        await network.destination.send(OTHER)
        network.platform.script(faults.RESET_BEFORE)
        await network.destination.send(batch())
        assert isinstance(await network.destination.find(batch()), Absent)
        assert network.platform.unexpected == []

    async def test_a_deleted_message_is_absent(self, network: NetworkRig) -> None:
        """Whoever deleted it, the history shows it no more."""
        await network.destination.send(OTHER)
        network.lose(posted(await network.destination.send(batch())))
        assert isinstance(await network.destination.find(batch()), Absent)

    @pytest.mark.parametrize(("fault", "expected"), LOOKS)
    async def test_failed_looks_are_typed(
        self, network: NetworkRig, fault: faults.Fault, expected: type[Sight]
    ) -> None:
        """Never Absent: that would post the message again. Refused for good: nobody can look."""
        await network.destination.send(batch())
        # Twice: on a connection that was used before, aiohttp itself asks again.
        network.platform.script(fault, fault, what="look")
        with impatience() if fault.hangs else nullcontext():
            sight = await network.destination.find(batch())
        assert isinstance(sight, expected), sight
        assert network.secret not in repr(sight)

    async def test_a_wait_that_was_asked_of_a_look(self, network: NetworkRig) -> None:
        """429 says how long."""
        network.platform.script(faults.answer(429, "slow down", Retry_After="7"), what="look")
        sight = await network.destination.find(batch())
        assert isinstance(sight, Retry)
        assert (sight.is_asked, sight.after_s) == (True, 7.0)

    async def test_nobody_listens_to_a_look(self, network: NetworkRig) -> None:
        """Look again later."""
        await network.platform.stop()
        assert isinstance(await network.destination.find(batch()), Retry)
