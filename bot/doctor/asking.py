"""One question to a platform, for the doctor: its answer as it is documented, or why there is none; and its clock."""

import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

import aiohttp
import msgspec
from yarl import URL

from bot.destinations.http import Endpoint, Failure, Reply
from bot.doctor.findings import Finding
from bot.model.outcomes import DestinationDead

SKEW_S: Final = 5.0
"""From here on a clock is told to be wrong: Slack refuses signatures at 300 s, LATE tags are wrong long before."""
ONLINE: Final = "is this machine online? Try again later"

T = TypeVar("T")


class NoAnswerError(Exception):
    """There is nothing to go on with; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


async def to_the_end(findings: AsyncIterator[Finding]) -> AsyncIterator[Finding]:
    """What was found, until there was nothing to go on with; and then why."""
    try:
        async for found in findings:
            yield found
    except NoAnswerError as none:
        yield none.finding


@dataclass(slots=True)
class Clocks:
    """How far our clock is ahead of each server's that told the time, in seconds."""

    ahead_s: dict[str, float] = field(default_factory=dict)

    def heed(self, server: str, headers: Mapping[str, str], now_s: float) -> None:
        """`now_s`: our clock when the answer came, unix seconds. A Date header counts whole seconds."""
        try:
            theirs = parsedate_to_datetime(headers.get("Date", ""))
        except ValueError:
            return
        self.ahead_s.setdefault(server, now_s - theirs.timestamp() - 0.5)

    def finding(self) -> Finding | None:
        """None where nobody told the time. The server that agrees with us most is believed."""
        if not self.ahead_s:
            return None
        server, ahead_s = min(self.ahead_s.items(), key=lambda item: abs(item[1]))
        if abs(ahead_s) <= SKEW_S:
            return Finding("clock", "good", f"agrees with {server}'s")
        way = "ahead of" if ahead_s > 0 else "behind"
        remedy = "set this machine's clock by NTP: late alerts and cooldowns are judged by it"
        return Finding("clock", "bad", f"{abs(ahead_s):.0f} s {way} {server}'s", remedy)


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform, as one session reaches it."""

    name: str
    session: aiohttp.ClientSession
    clocks: Clocks

    def api(self, url: str, token: str, scheme: str) -> Endpoint:
        """Its API, with a token of ours, which is starred out of every answer."""
        return Endpoint(self.session, URL(url.rstrip("/")), token, {"Authorization": f"{scheme} {token}"})

    def hook(self, url: URL) -> Endpoint:
        """A webhook, whose last step is its secret."""
        return Endpoint(self.session, url, url.name or str(url))

    async def told(self, subject: str, asked: Awaitable[Reply | Failure]) -> Reply:
        """The answer. Raises NoAnswerError where there is none, or the platform is itself in trouble."""
        reply = await asked
        if isinstance(reply, DestinationDead):
            raise NoAnswerError(Finding(subject, "bad", reply.reason))
        if not isinstance(reply, Reply):
            raise NoAnswerError(Finding(subject, "unreachable", reply.reason, ONLINE))
        self.clocks.heed(self.name, reply.headers, time.time())
        if reply.status == 429 or reply.status >= 500:
            trouble = f"{self.name} answered {reply.status}: {reply.words()}"
            raise NoAnswerError(Finding(subject, "unreachable", trouble, "try again later"))
        return reply

    def read(self, subject: str, reply: Reply, kind: type[T]) -> T:
        """What the answer says. Raises NoAnswerError where it is not what the platform documents."""
        try:
            return msgspec.json.decode(reply.body, type=kind, strict=False)
        except (msgspec.MsgspecError, UnicodeError):
            remedy = f"what answers there is not {self.name}: a proxy, or this network's login page?"
            raise NoAnswerError(Finding(subject, "unreachable", "the answer cannot be read", remedy)) from None
