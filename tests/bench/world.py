"""Everything a figure needs: the two servers, the clients by name, and one session of a client between them."""

import contextlib
import json
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bot.outbox.schema import prepare
from bot.outbox.watching import add_watch
from tests.bench.channels import SLACK_CHANNEL, SLACK_TOKEN
from tests.bench.processes import BenchError, Client, Server
from tests.bench.rules import rules

Name = Literal["bare", "sample", "poster", "poster-full", "flowbot"]

MOST_WRITTEN = 2000
"""Rules in the configuration file; more are watches in the store."""
SETTLE_S = 0.5
"""From a client's handshake to the first print."""
ARRIVE_S = 60.0
"""For posts that are still on their way after the last print."""
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Posts:
    """What came to Discord in one session."""

    arrived_ns: dict[int, int]
    """Mark -> first arrival, on the monotonic clock."""
    messages: int
    missing: int
    doubled: int

    @property
    def is_whole(self) -> bool:
        return not self.missing and not self.doubled


class Session:
    """One client's life, from its start until it has ended."""

    def __init__(self, world: "World", name: Name, client: Client, delay_ms: float) -> None:
        self._world = world
        self._client = client
        self._name = name
        world.discord.ask("expect", delay_ms=delay_ms)
        world.provider.ask("accept")
        self.ready_s = time.perf_counter() - client.began

    def blast(self, frames: int, share: float) -> tuple[float, list[int]]:
        """Seconds until all frames were read, and the marks of those that match."""
        sent = self._world.provider.ask("blast", frames=frames, share=share)
        return sent["seconds"], sent["marks"]

    def pace(self, *, rate: float, seconds: float, share: float, is_random: bool) -> dict[int, int]:
        """Mark -> when it was sent, in ns on the monotonic clock."""
        sent = self._world.provider.ask("pace", rate=rate, seconds=seconds, share=share, is_random=is_random)
        return {int(mark): int(sent_ns) for mark, sent_ns in sent["sent"]}

    def posts(self, marks: Collection[int], *, within_s: float = ARRIVE_S) -> Posts:
        """Wait until all of `marks` have arrived, or so long; then tell what did."""
        discord = self._world.discord
        deadline = time.monotonic() + within_s
        while discord.ask("count")["marks"] < len(marks) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        found = discord.ask("collect")
        if found["refused"]:
            raise BenchError(
                f"{self._name} sent Discord what it refuses: {found['refused'][0]}\n{self._client.words()}"
            )
        times = Counter(mark for _, posted in found["posts"] for mark in posted)
        arrived = {mark: ns for ns, posted in reversed(found["posts"]) for mark in posted}
        doubled = sum(count - 1 for count in times.values())
        return Posts(arrived, len(found["posts"]), sum(mark not in times for mark in marks), doubled)

    def end(self) -> float:
        """Stop the client as its user would, and give the CPU seconds of its whole life."""
        if self._name == "flowbot":  # it would connect again
            return self._client.finish(signal.SIGTERM)
        self._world.provider.ask("hang_up")
        return self._client.finish()

    def cut_off(self) -> float:
        """Kill the client, and give the CPU seconds of its life until now."""
        return self._client.finish(signal.SIGKILL)


class World:
    """The two servers, and a directory for what clients write."""

    def __init__(self, directory: Path, rule_count: int) -> None:
        self._directory = directory
        self._rule_count = rule_count
        self._sessions = 0
        self.discord = Server("tests.bench.webhook")
        try:
            self.provider = Server("tests.bench.provider", "--rules", str(rule_count))
        except BenchError:
            self.discord.close()
            raise

    def close(self) -> None:
        self.provider.close()
        self.discord.close()

    def home(self, name: str) -> Path:
        """A new folder for one client."""
        self._sessions += 1
        home = self._directory / f"{self._sessions}-{name}"
        home.mkdir()
        return home

    @contextlib.contextmanager
    def session(self, name: Name, delay_ms: float, *, slack_url: str = "") -> Iterator[Session]:
        """Start a client and wait for its handshake and a moment more; whatever happens, it is gone afterwards.

        With a `slack_url` flowbot posts to a Slack channel there too.
        """
        home = self.home(name)
        client = Client(self._command(name, home, slack_url), self.environment(), home / "log")
        try:
            try:
                session = Session(self, name, client, delay_ms)
            except BenchError as error:
                raise BenchError(f"{name} did not connect:\n{client.words()}") from error
            time.sleep(SETTLE_S)
            yield session
        finally:
            client.kill()

    def _command(self, name: Name, home: Path, slack_url: str) -> list[str]:
        match name:
            case "bare":
                return [sys.executable, "-m", "tests.bench.bare"]
            case "sample":
                return [sys.executable, "-m", "tests.bench.sample_bot"]
            case "poster":
                return [sys.executable, "-m", "tests.bench.poster"]
            case "poster-full":
                return [sys.executable, "-m", "tests.bench.poster", "--durable", str(home / "posts.db")]
            case "flowbot":
                config = home / "config.yaml"
                config.write_text(json.dumps(self._configuration(slack_url), indent=1))  # JSON is YAML
                self._keep_watches(home / "flowbot.db")
                return [sys.executable, "-m", "bot", "run", "-c", str(config)]

    def environment(self) -> dict[str, str]:
        return {
            "WS_URL": self.provider.hello["url"],
            "DISCORD_WEBHOOK_URL": self.discord.hello["url"],
            "RADARPULSE_API_KEY": "frk_bench",
        }

    def _configuration(self, slack_url: str) -> dict[str, Any]:
        """`pace: none`, because Discord's limits are not what is measured, and `digest: false`: all that was sent is
        to arrive."""
        desk = {"desk": {"type": "slack_channel", "channel": SLACK_CHANNEL}} if slack_url else {}
        hook = {"type": "discord_webhook", "url": "${DISCORD_WEBHOOK_URL}", "pace": "none"}
        return {
            "providers": {
                "radarpulse": {
                    "type": "radarpulse",
                    "api_key": "${RADARPULSE_API_KEY}",
                    "ws_url": self.provider.hello["url"],
                }
            },
            "destinations": {"hook": hook, **desk},
            **({"slack": {"bot_token": SLACK_TOKEN, "api_url": slack_url}} if slack_url else {}),
            "delivery": {"digest": False},
            "rules": [rule.settings("hook", *desk) for rule in rules(self._rule_count)[:MOST_WRITTEN]],
            "store": {"path": "flowbot.db"},
            "http": {"listen": "127.0.0.1:0"},
            "log": {"level": "warning"},
        }

    def _keep_watches(self, path: Path) -> None:
        """The rules that are too many for a file, in the store, as commands leave them there."""
        watches = rules(self._rule_count)[MOST_WRITTEN:]
        if not watches:
            return
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            prepare(db)
            db.execute("BEGIN")
            for rule in watches:
                body = {name: value for name, value in rule.settings("hook").items() if name != "name"}
                add_watch(db, "bench", json.dumps(body), now_ns=time.time_ns())
            db.execute("COMMIT")


@contextlib.contextmanager
def world(rule_count: int) -> Iterator[World]:
    """The servers while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="flowbot-bench-") as directory:
        around = World(Path(directory), rule_count)
        try:
            yield around
        finally:
            around.close()
