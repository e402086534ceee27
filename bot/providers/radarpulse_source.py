"""RadarPulse's prints by REST: `/flow`, and `/flow/top` where the key's plan lacks it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from bot.flow.market import session_date
from bot.model.errors import VendorError
from bot.providers.budget import Budget, Quota
from bot.providers.hours import sessions_touched
from bot.providers.pages import Page
from bot.providers.radarpulse import RadarPulseSettings
from bot.providers.radarpulse_rest import RadarPulseRest
from bot.providers.rest import Clock
from bot.providers.source import spent_of
from bot.providers.surroundings import Surroundings

TOP_ROWS: Final = 100
FLOW_AGAIN_S: Final = 3_600.0
"""A plan may be changed for a better one."""


class RadarPulseSource:
    """See `bot.providers.source.Source`."""

    def __init__(self, name: str, settings: RadarPulseSettings, around: Surroundings, used: int = 0) -> None:
        self._around = around
        self._rest = RadarPulseRest(
            name, settings, spent=spent_of(used, around.now_ns() / 1e9, (Quota(),)),
            clock=Clock(around.now_ns, around.sleep),
        )  # fmt: skip
        self._flow_again_s = 0.0

    @property
    def budget(self) -> Budget:
        return self._rest.budget

    @property
    def client(self) -> RadarPulseRest:
        return self._rest

    async def latest(self, since_ns: int) -> AsyncIterator[Page]:
        """See the port."""
        if self._around.elapsed_s() >= self._flow_again_s:
            try:
                async for page in self._rest.flow(since_ns=since_ns):
                    yield page
            except VendorError as refused:
                if refused.kind not in ("tier", "not_found"):
                    raise
                self._flow_again_s = self._around.elapsed_s() + FLOW_AGAIN_S
            else:
                return
        yield msgspec.structs.replace(await self._rest.top(limit=TOP_ROWS), is_cut=True)

    async def missed(self, from_ns: int, to_ns: int) -> AsyncIterator[Page]:
        """See the port. The current session is today's, in New York."""
        async for page in self.latest(from_ns):
            yield page
        today = session_date(datetime.fromtimestamp(self._around.now_ns() / 1e9, UTC))
        earlier = [day for day in sessions_touched(from_ns, to_ns) if day < today]
        if earlier:
            async for page in self._rest.historical(earlier[0], min(earlier[-1], today - timedelta(days=1))):
                yield page

    def frame(self, raw: bytes) -> bytes:
        """See the port: the stream's frames are bare prints, too."""
        return raw

    async def close(self) -> None:
        await self._rest.close()
