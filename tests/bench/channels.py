"""One Discord channel and one Slack channel as a process of its own, with the platforms' documented limits.

The servers are the tests' fakes. Each request takes 60 to 100 ms before it is judged, as over a real network.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from random import uniform
from typing import Any

from aiohttp import web

from tests.bench.webhook import MARK
from tests.bench.wire import Answer, obey, tell
from tests.fakes.discord_rest import FakeDiscord
from tests.fakes.faults import FaultyServer, What
from tests.fakes.slack_web import FakeSlack

DISCORD_TOKEN = "bench-discord-token"
DISCORD_CHANNEL = "1122334455667788"
SLACK_TOKEN = "xoxb-bench-token"
SLACK_CHANNEL = "C0123ABCD"
LATENCY_S = (0.060, 0.100)
DOORS = ("/api/v10/users/@me", "/api/v10/oauth2", "/api/v10/gateway", "/api/v10/applications")
"""Where slash commands would begin; nobody has any here."""


class _Far(FaultyServer):
    """A server some way off."""

    async def answered(
        self, request: web.Request, what: What, documented: Callable[[bytes], web.Response]
    ) -> web.StreamResponse:
        self.latency_s = uniform(*LATENCY_S)  # of the next request
        return await super().answered(request, what, documented)

    def tally(self, messages: Iterable[tuple[str, int, str]]) -> dict[str, Any]:
        """What came: each message with its arrival on the monotonic clock and the marks that it shows."""
        since_ns = time.monotonic_ns() - time.time_ns()
        requests = [seen for seen in self.seen if not seen.path.startswith(DOORS)]
        return {
            "messages": [(id_, ns + since_ns, sorted(marks(text))) for id_, ns, text in messages],
            "requests": len(requests),
            "limited": sum(seen.status == 429 for seen in requests),
            "unexpected": self.unexpected,
        }


class Discord(_Far, FakeDiscord):
    async def _undocumented(self, request: web.Request) -> web.Response:
        if request.path.startswith(DOORS):
            return web.json_response({"message": "401: Unauthorized", "code": 0}, status=401)
        return await super()._undocumented(request)


class Slack(_Far, FakeSlack):
    pass


def marks(text: str) -> set[int]:
    return {int(plain or dollars) for plain, dollars in MARK.findall(text.encode())}


async def main() -> None:
    latency_s = uniform(*LATENCY_S)
    async with (
        Discord(token=DISCORD_TOKEN, channels=[DISCORD_CHANNEL], latency_s=latency_s) as discord,
        Slack(token=SLACK_TOKEN, channels=[SLACK_CHANNEL], burst=1, latency_s=latency_s) as slack,
    ):

        async def collect() -> Answer:
            return {
                "discord": discord.tally((found.id, found.arrived_ns, found.text) for found in discord.messages),
                "slack": slack.tally((found.ts, found.arrived_ns, found.text) for found in slack.messages),
            }

        tell({"discord": discord.api_url, "slack": slack.api_url})
        await obey({"collect": collect})


if __name__ == "__main__":
    asyncio.run(main())
