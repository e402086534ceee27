"""What every ledger must remember of feeds. A subclass gives `ledger`, opened on an empty store, and `reopen`."""

from collections.abc import Awaitable, Callable

from bot.model.feeds import Gap, Ledger
from tests.outbox.contract import SECOND_NS
from tests.samples import NOON_NS

OPENING_NS = NOON_NS - 9000 * SECOND_NS


def a_gap(provider: str = "radarpulse", after_s: int = 0, lasted_s: int = 90, **changes: object) -> Gap:
    """So many seconds after the opening."""
    from_ns = OPENING_NS + after_s * SECOND_NS
    return Gap(provider, from_ns, from_ns + lasted_s * SECOND_NS, **changes)  # type: ignore[arg-type]  # any field


class LedgerContract:
    # --- how far a feed was heard ---

    async def test_a_feed_that_was_never_heard(self, ledger: Ledger) -> None:
        await ledger.note_heard({"radarpulse": NOON_NS})
        assert await ledger.heard_until("optionwhales") is None

    async def test_each_feed_was_heard_when_it_was_noted_last(
        self, ledger: Ledger, reopen: Callable[[], Awaitable[Ledger]]
    ) -> None:
        await ledger.note_heard({"radarpulse": NOON_NS, "optionwhales": NOON_NS})
        await ledger.note_heard({"radarpulse": NOON_NS + 5})
        await ledger.note_heard({})
        after = await reopen()
        assert await after.heard_until("radarpulse") == NOON_NS + 5
        assert await after.heard_until("optionwhales") == NOON_NS

    async def test_a_clock_that_is_set_right_counts(self, ledger: Ledger) -> None:
        """Else a moment in the future would hide every gap until it comes."""
        await ledger.note_heard({"radarpulse": NOON_NS + 3600 * SECOND_NS})
        await ledger.note_heard({"radarpulse": NOON_NS})
        assert await ledger.heard_until("radarpulse") == NOON_NS

    # --- gaps ---

    async def test_gaps_are_told_oldest_first_over_restarts(
        self, ledger: Ledger, reopen: Callable[[], Awaitable[Ledger]]
    ) -> None:
        gaps = [a_gap(after_s=600), a_gap("optionwhales", 60, 900, reason="403: no plan"), a_gap(recovered=0)]
        for gap in gaps:
            await ledger.note_gap(gap)
        assert list(await (await reopen()).gaps(0)) == [gaps[2], gaps[1], gaps[0]]

    async def test_only_gaps_that_ended_after_the_moment_are_told(self, ledger: Ledger) -> None:
        """A gap that began before and ended after it is one of them."""
        short, long = a_gap(after_s=0, lasted_s=60), a_gap("optionwhales", 0, 61)
        await ledger.note_gap(short)
        await ledger.note_gap(long)
        assert list(await ledger.gaps(short.to_ns)) == [long]

    async def test_a_gap_that_is_recovered_later_is_the_same_gap(self, ledger: Ledger) -> None:
        await ledger.note_gap(a_gap(reason="not yet"))
        await ledger.note_gap(a_gap("optionwhales"))
        mended = a_gap(lasted_s=120, recovered=17)
        await ledger.note_gap(mended)
        assert list(await ledger.gaps(0)) == [a_gap("optionwhales"), mended]

    async def test_none_recovered_is_not_the_same_as_not_recovered(self, ledger: Ledger) -> None:
        await ledger.note_gap(a_gap(recovered=0))
        await ledger.note_gap(a_gap(after_s=600))
        assert [gap.recovered for gap in await ledger.gaps(0)] == [0, None]

    # --- what a key has spent ---

    async def test_a_key_has_spent_what_was_noted_last_for_the_day(
        self, ledger: Ledger, reopen: Callable[[], Awaitable[Ledger]]
    ) -> None:
        await ledger.note_spent("optionwhales:3f2a", "2026-07-16", 11)
        await ledger.note_spent("optionwhales:3f2a", "2026-07-16", 12)
        await ledger.note_spent("optionwhales:3f2a", "2026-07-15", 200)
        await ledger.note_spent("radarpulse:77aa", "2026-07-16", 3)
        after = await reopen()
        assert await after.spent("optionwhales:3f2a", "2026-07-16") == 12
        assert await after.spent("optionwhales:3f2a", "2026-07-15") == 200
        assert await after.spent("radarpulse:77aa", "2026-07-16") == 3

    async def test_a_day_that_was_not_noted_has_cost_nothing(self, ledger: Ledger) -> None:
        await ledger.note_spent("optionwhales:3f2a", "2026-07-16", 11)
        assert await ledger.spent("optionwhales:3f2a", "2026-07-17") == 0
        assert await ledger.spent("radarpulse:77aa", "2026-07-16") == 0
