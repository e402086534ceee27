"""One question to a platform, for the doctor: its answer, or in plain words why there is none; and its clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from bot.destinations.http import Endpoint, Reply
from bot.doctor.findings import Finding

SKEW_S = 5.0
"""From here on a clock is told to be wrong: Slack refuses signatures at 300 s, LATE tags are wrong long before."""


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
    """A platform's API, with our token."""

    session: aiohttp.ClientSession
    base: URL
    token: str = field(repr=False)
    scheme: str = "Bearer"

    def at(self, path: str) -> Endpoint:
        """The place `path`, whose answers have the token starred out."""
        place = Endpoint(self.session, self.base, self.token, {"Authorization": f"{self.scheme} {self.token}"})
        return place.at(*path.split("/"))


def unreachable(subject: str, reason: str) -> Finding:
    return Finding(subject, "unreachable", reason, "is this machine online? Try again later")


def is_odd(reply: Reply) -> bool:
    """The platform itself is in trouble: says nothing of us."""
    return reply.status == 429 or reply.status >= 500


def odd(subject: str, reply: Reply) -> Finding:
    return Finding(subject, "unreachable", f"it answered {reply.status}: {reply.words()}", "try again later")
