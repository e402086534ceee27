"""One opening bell: a client between the provider and the two limited channels, until it is current again."""

import http.client
import json
import re
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.bench import channels
from tests.bench.kept import alerts, kept, waiting
from tests.bench.market import BELL
from tests.bench.processes import BenchError, Client, Server
from tests.bench.told import PLATFORMS, Bell, judged, tallied
from tests.bench.world import SETTLE_S, World

BEST = 100
CURRENT_S = 900.0
"""The longest wait for a channel to be current again."""
POLL_S = 0.5
STRETCH_S = 60.0
"""The longest that the provider is asked to send in one go."""


def flowbot(world: World, *, count: int, seconds: float, delivery: Mapping[str, object] | None = None) -> Bell:
    """A bell that flowbot serves; `delivery` None: as it is by default."""
    with closing(Server("tests.bench.channels")) as servers:
        home = world.home("flowbot-bell")
        config = home / "config.yaml"
        config.write_text(json.dumps(_configuration(world, servers, delivery)))  # JSON is YAML
        client = Client([sys.executable, "-m", "bot", "run", "-c", str(config)], world.environment(), home / "log")
        try:
            sent_ns, best = _ring(world, client, count, seconds)
            _wait_until_current(client, home / "flowbot.db", count)
            peak_bytes = client.peak_bytes()
            client.finish(signal.SIGTERM)
            found = kept(home / "flowbot.db")
            answer = servers.ask("collect")
        finally:
            client.kill()
    told = {
        name: judged(answer[name], [row for row in found if row.destination == name], sent_ns) for name in PLATFORMS
    }
    return Bell(sent_ns, best, told, peak_bytes)


def one_by_one(world: World, *, count: int, seconds: float, cut_s: float) -> Bell:
    """A bell that a plain poster serves, which is cut off so long after the last print."""
    with closing(Server("tests.bench.channels")) as servers:
        home = world.home("one-by-one")
        environment = {
            **world.environment(),
            "DISCORD_API_URL": servers.hello["discord"],
            "DISCORD_BOT_TOKEN": channels.DISCORD_TOKEN,
            "DISCORD_CHANNEL": channels.DISCORD_CHANNEL,
            "SLACK_API_URL": servers.hello["slack"],
            "SLACK_BOT_TOKEN": channels.SLACK_TOKEN,
            "SLACK_CHANNEL": channels.SLACK_CHANNEL,
        }
        client = Client([sys.executable, "-m", "tests.bench.one_by_one"], environment, home / "log")
        try:
            sent_ns, best = _ring(world, client, count, seconds)
            time.sleep(cut_s)
            peak_bytes = client.peak_bytes()
            answer = servers.ask("collect")
        finally:
            client.kill()
    return Bell(sent_ns, best, {name: tallied(answer[name]) for name in PLATFORMS}, peak_bytes)


def _configuration(world: World, servers: Server, delivery: Mapping[str, object] | None) -> dict[str, Any]:
    rule = {"name": "bell", "when": {"score": f">= {BELL}"}, "send_to": list(PLATFORMS), "cooldown": "0s"}
    return {
        "providers": {
            "radarpulse": {
                "type": "radarpulse",
                "api_key": "${RADARPULSE_API_KEY}",
                "ws_url": world.provider.hello["url"],
            }
        },
        "discord": {"token": channels.DISCORD_TOKEN, "api_url": servers.hello["discord"]},
        "slack": {"bot_token": channels.SLACK_TOKEN, "api_url": servers.hello["slack"]},
        "destinations": {
            "discord": {"type": "discord_channel", "channel": channels.DISCORD_CHANNEL},
            "slack": {"type": "slack_channel", "channel": channels.SLACK_CHANNEL},
        },
        **({} if delivery is None else {"delivery": delivery}),
        "rules": [rule],
        "store": {"path": "flowbot.db"},
        "http": {"listen": "127.0.0.1:0"},
    }


def _ring(world: World, client: Client, count: int, seconds: float) -> tuple[dict[int, int], frozenset[int]]:
    try:
        world.provider.ask("accept")
    except BenchError as error:
        raise BenchError(f"the bell's client did not connect:\n{client.words()}") from error
    time.sleep(SETTLE_S)
    stretches = max(1, round(seconds / STRETCH_S))
    sent_ns: dict[int, int] = {}
    best: set[int] = set()
    for n in range(stretches):
        some, chosen = (total * (n + 1) // stretches - total * n // stretches for total in (count, BEST))
        answer = world.provider.ask("ring", alerts=some, seconds=seconds / stretches, best=chosen)
        sent_ns |= {int(mark): int(ns) for mark, ns in answer["sent"]}
        best |= set(answer["best"])
    if len(sent_ns) < count:
        raise BenchError(f"the bell's client hung up after {len(sent_ns):,} prints:\n{client.words()}")
    return sent_ns, frozenset(best)


def _wait_until_current(client: Client, store: Path, count: int) -> None:
    """Until nothing waits, neither in the store nor by flowbot's own count."""
    port, deadline = client.port(), time.monotonic() + CURRENT_S
    while alerts(store) < count or waiting(store) or _depths(port):
        if time.monotonic() > deadline:
            left = f"{dict(waiting(store))} in the store, {_depths(port)} in the metrics, {alerts(store):,} alerts"
            raise BenchError(f"not current after {CURRENT_S:g} s: {left}\n{client.words()}")
        time.sleep(POLL_S)


def _depths(port: int) -> dict[str, float]:
    """What waits, by queue, as /metrics tells it; empty where nothing does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(connection):
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    found = re.findall(r'^flowbot_queue_depth\{queue="([^"]+)"\} (\S+)$', text, re.MULTILINE)
    return {queue: float(depth) for queue, depth in found if float(depth)}
