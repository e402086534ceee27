"""Whose turn it is: a hold is never shortened by a later, shorter one."""

from bot.engine.metrics import Metrics
from bot.engine.shared import Shared
from bot.engine.turns import Turns
from tests import virtual_time
from tests.engine.doubles import an_outbox


def test_a_shorter_hold_leaves_a_longer_one_as_it_is() -> None:
    """One message in flight parks the destination; its sibling's answer, a 429 of a second, comes after."""

    async def scene() -> None:
        turns = Turns("discord", dict, Shared(an_outbox(), Metrics()))
        turns.hold(300.0)
        turns.hold(1.0)
        assert turns.wait_s == 300.0
        turns.hold(-5.0)
        assert turns.wait_s == 300.0
        turns.release()
        assert turns.wait_s <= 0

    virtual_time.run(scene())
