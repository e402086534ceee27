"""Rules while they run: changed, remembered over a power cut, and asked about, through the real process."""

import asyncio
import os
import signal
import sqlite3
from contextlib import closing
from functools import partial
from typing import Any

import pytest
import yaml

from bot.outbox.beside import add_watches, remove_watches
from tests.scenarios.process import until
from tests.scenarios.world import World, a_print, once


async def test_an_edit_is_obeyed_without_a_restart_and_a_bad_one_changes_nothing(world: World) -> None:
    """The rule's bound is lowered by an editor that renames its file into place; then somebody misspells a field: the
    rules go on, the metric falls, the admins hear once where it is; then it is mended. The feed never reconnects."""
    world.configure("hook", "desk", rule={"send_to": ["hook"]}, admin={"notify": ["desk"]})
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_print(1001, premium=400_000))
        await _put(world, "premium: '>= 500k'", "premium: '>= 300k'")
        await service.event("config.reloaded")
        await world.radarpulse.send_trades(a_print(1002, premium=400_000))
        await until(lambda: world.everywhere(1002, destinations=("hook",)), "what the new rule matches")

        await _put(world, "premium: '>= 300k'", "premuim: '>= 300k'")
        refused = await service.event("config.reload_refused")
        line = next(n for n, text in enumerate(world.config.read_text().splitlines(), 1) if "premuim" in text)
        assert refused["problem"].startswith(f"{world.config}:{line}:")
        assert 'did you mean "premium"?' in refused["problem"]
        assert (await service.metrics()).get("flowbot_config_last_reload_successful") == 0
        asked = await world.command("reload", "-c", str(world.config))
        assert asked.code == 1
        assert f"{world.config}:{line}:" in asked.stderr
        await world.radarpulse.send_trades(a_print(1003, premium=400_000))
        await until(lambda: world.everywhere(1003, destinations=("hook",)), "what the rule still matches")
        await until(lambda: _told(world, "premuim") == 1, "the word to the admins")

        await _put(world, "premuim: '>= 300k'", "premium: '>= 200k'")
        await service.metric("flowbot_config_last_reload_successful", 1)
        await world.radarpulse.send_trades(a_print(1004, premium=250_000))
        await until(lambda: world.everywhere(1004, destinations=("hook",)), "what the mended rule matches")
        assert world.radarpulse.connections == 1
        assert await service.stop() == 0
    assert world.arrived("hook") == once(1002, 1003, 1004)
    assert _told(world, "premuim") == 1, "told once, however often it is read"


async def test_flowbot_reload_and_sighup_take_over_destinations_and_rules_together(world: World) -> None:
    """A destination that is new and a rule that names it come in one save; `flowbot reload` says what changed; without
    a change nothing does. What needs a restart is named. The old destination's alert is not told twice."""
    world.configure("hook")
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_print(1001))
        await until(lambda: world.everywhere(1001, destinations=("hook",)), "the first alert")
        world.configure("hook", "desk-hook", http={"listen": "127.0.0.1:0", "public_url": "https://flow.example.org"})
        told = await world.command("reload", "-c", str(world.config))
        assert told.code == 0, told.stderr
        assert "rules ~1 (whales)" in told.stdout
        assert "destinations +1 (desk-hook)" in told.stdout
        assert "restart flowbot for the rest: http" in told.stdout
        await world.radarpulse.send_trades(a_print(1002))
        await until(lambda: world.everywhere(1002, destinations=("hook", "desk-hook")), "the alert at both")

        world.configure("desk-hook", http={"listen": "127.0.0.1:0", "public_url": "https://flow.example.org"})
        os.kill(service.pid, signal.SIGHUP)
        await service.event("config.reloaded", count=2)
        await world.radarpulse.send_trades(a_print(1003))
        await until(lambda: world.everywhere(1003, destinations=("desk-hook",)), "the alert at the one that is left")
        assert await service.stop() == 0
    assert world.arrived("hook") == once(1001, 1002)
    assert world.arrived("desk-hook") == once(1002, 1003)


async def test_reload_without_a_service_says_so(world: World) -> None:
    world.configure("hook")
    with world.run() as service:
        await world.radarpulse.connected()
        assert await service.stop() == 0
    asked = await world.command("reload", "-c", str(world.config))
    assert (asked.code, asked.stdout) == (69, "")
    assert "no flowbot is running" in asked.stderr


async def test_what_a_rule_counted_survives_a_power_cut_and_is_counted_once(world: World) -> None:
    """Three prints of a contract fire the rule. Two are counted, and checkpointed, when the power goes; the feed sends
    both again, and then the third: one alert, which tells of the three, and none of five."""
    rule = {"when": {"side": "ask"}, "count": {"at_least": 3, "within": "10m", "by": "contract"}}
    world.configure("hook", rule=rule)
    contract = {"strike": 145}
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_print(1001, **contract), a_print(1002, **contract))
        await until(partial(_remembers, world, 1), "a checkpoint")
        await service.kill()
    assert world.arrived("hook") == once()
    with world.run() as service:
        await world.radarpulse.connected(2)
        await world.radarpulse.send_trades(a_print(1001, **contract), a_print(1002, **contract))
        await service.metric("flowbot_prints_total", 2, provider="radarpulse")
        await world.radarpulse.send_trades(a_print(1003, **contract))
        await until(lambda: world.everywhere(1003, destinations=("hook",)), "the alert")
        assert await service.stop() == 0
    assert world.arrived("hook") == once(1003)
    (message,) = world.discord.messages
    assert "3 prints" in message.text
    explained = await world.command("explain", world.explanation(1003).alert.id, "-c", str(world.config))
    assert "count at least 3 within 10m by contract" in explained.stdout
    assert explained.stdout.count("NVDA 145C") >= 4, "the title, and each of the three"


async def test_tickers_are_put_on_a_watchlist_beside_the_running_service(world: World) -> None:
    """The rule names a watchlist; a command changes it, durably, and the rule with it."""
    world.configure("hook", rule={"when": {"ticker": "earnings"}}, watchlists={"earnings": ["AAPL"]})
    with world.run() as service:
        await world.radarpulse.connected()
        await world.radarpulse.send_trades(a_print(1001))
        put = await world.command("watchlists", "add", "earnings", "nvda", "-c", str(world.config))
        assert (put.code, put.stdout) == (0, "earnings: AAPL, NVDA\n")
        await service.event("store.changed_elsewhere")
        await _sent_until(world, 1002, "hook")
        assert await service.stop() == 0
    with world.run() as service:
        await world.radarpulse.connected(2)
        await world.radarpulse.send_trades(a_print(1500, ticker="AAPL"), a_print(1501), a_print(1502, ticker="MSFT"))
        await until(lambda: world.everywhere(1500, 1501, destinations=("hook",)), "both tickers after a restart")
        taken = await world.command("watchlists", "remove", "earnings", "AAPL", "-c", str(world.config))
        assert (taken.code, taken.stdout) == (0, "earnings: NVDA\n")
        unknown = await world.command("watchlists", "add", "earnigns", "NVDA", "-c", str(world.config))
        assert unknown.code == 1
        assert 'did you mean "earnings"?' in unknown.stderr
        assert await service.stop() == 0
    assert 1001 not in world.arrived("hook")
    assert 1502 not in world.arrived("hook")


async def test_watches_in_the_store_come_and_go_while_the_service_runs(world: World) -> None:
    """Two thousand watches of another process, one of which matches; then that one goes. One that no destination of
    ours could take is passed over, and told in the log."""
    world.configure("hook", rule={"when": {"premium": ">= 90M"}})
    path = world.folder / "state" / "flowbot.db"
    with world.run() as service:
        await world.radarpulse.connected()
        bodies = [f'{{"when": {{"ticker": "W{n}"}}, "send_to": ["hook"]}}' for n in range(2000)]
        wanted = ['{"when": {"ticker": "NVDA", "side": "ask"}, "send_to": ["hook"]}']
        bad = ['{"when": {"ticker": "NVDA"}, "send_to": ["nowhere"]}']
        ids = add_watches(path, "somebody", [*bodies, *wanted, *bad], 1)
        read = await service.event("watches.read")
        assert (read["watches"], read["unusable"]) == (2002, 1)
        assert "nowhere" in service.events("watch.unusable")[0]["reason"]
        await world.radarpulse.send_trades(a_print(1001))
        await until(lambda: world.everywhere(1001, destinations=("hook",)), "what the watch matches")
        samples = await service.metrics()
        assert samples.get("flowbot_matches_total", rule="watch") == 1
        remove_watches(path, [ids[2000]])
        await service.event("store.changed_elsewhere", count=2)
        await service.event("watches.gone")
        await world.radarpulse.send_trades(a_print(1002))
        await service.metric("flowbot_prints_total", 2, provider="radarpulse")
        assert await service.stop() == 0
    assert world.arrived("hook") == once(1001)


@pytest.mark.parametrize("is_good", [True, False])
async def test_rules_are_tested_from_the_command_line(world: World, is_good: bool) -> None:
    """`flowbot test` with a file beside the configuration: exit 0 and 1, and the clause that decided."""
    world.configure("hook")
    premium = "600k" if is_good else "400k"
    tests: dict[str, Any] = {
        "config": "config.yaml",
        "tests": [
            {
                "name": "half a million is a whale",
                "prints": [{"ticker": "NVDA", "premium": premium}],
                "expect": [{"print": 1, "rules": ["whales"], "send_to": ["hook"]}],
            }
        ],
    }
    (world.folder / "rules.tests.yaml").write_text(yaml.safe_dump(tests, sort_keys=False), "utf-8")
    world.variables.clear()  # no secret is needed
    tested = await world.command("test", "rules.tests.yaml", "--junit", "junit.xml")
    assert tested.code == (0 if is_good else 1), tested.stdout + tested.stderr
    assert (world.folder / "junit.xml").exists()
    if not is_good:
        assert "premium >= $500K" in tested.stdout + tested.stderr


async def _put(world: World, old: str, new: str) -> None:
    """Save as an editor does: a new file, renamed into the old one's place."""
    text = world.config.read_text("utf-8")
    assert old in text, text
    beside = world.config.with_name(".config.yaml.tmp")
    beside.write_text(text.replace(old, new), "utf-8")
    beside.replace(world.config)


def _told(world: World, words: str) -> int:
    return sum(words in message.text for message in world.slack.messages)


def _remembers(world: World, keys: int) -> bool:
    with closing(sqlite3.connect(world.folder / "state" / "flowbot.db")) as db:
        return bool(db.execute("SELECT COUNT(*) FROM memories WHERE key LIKE 'NVDA%'").fetchone()[0] >= keys)


async def _sent_until(world: World, size: int, destination: str) -> None:
    """Print after print until one is told: the service looks into its store once a second."""
    for each in range(size, size + 400):
        await world.radarpulse.send_trades(a_print(each))
        await asyncio.sleep(0.05)
        if world.arrived(destination):
            return
    raise AssertionError("nothing was told")
