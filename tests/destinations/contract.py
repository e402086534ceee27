"""What every `Destination` promises, whatever its platform; each type's test gives a `Rig` and inherits the rest."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from unittest.mock import patch

import aiohttp
import pytest

from bot.destinations import http
from bot.model.outcomes import DestinationDead, Outcome, Permanent, Retry, Sent, Unknown
from bot.model.ports import Destination
from tests.fakes import faults
from tests.fakes.faults import FaultyServer
from tests.render.samples import HOSTILE_TEXT, NVDA, SPARSE, altered, batch, delivery


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

    @property
    def platform(self) -> FaultyServer:
        assert self.server is not None
        return self.server


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
