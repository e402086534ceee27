"""What a provider is handed where nobody hands it anything: nothing is remembered, and nobody is told."""

from collections.abc import Mapping, Sequence

from bot.model.feeds import FeedMeans, Gap


class NoLedger:
    """See `bot.model.feeds.Ledger`; forgets everything."""

    async def heard_until(self, provider: str) -> int | None:
        return None

    async def note_heard(self, heard: Mapping[str, int]) -> None: ...

    async def note_gap(self, gap: Gap) -> None: ...

    async def gaps(self, since_ns: int) -> Sequence[Gap]:
        return ()

    async def spent(self, account: str, day: str) -> int:
        return 0

    async def note_spent(self, account: str, day: str, count: int) -> None: ...


NO_MEANS = FeedMeans(NoLedger(), lambda _subject, _notice: None)
