"""What a newcomer runs first: the demo in a pipe, and the simulator with the real service against it."""

import os
import re
from pathlib import Path

from tests.scenarios.process import ended, running, until
from tests.scenarios.world import World


async def test_demo_in_a_pipe(tmp_path: Path) -> None:
    """No keys, no terminal: the demo says what it is, shows alerts, sums up, and says what to do next."""
    demo = await ended(("demo", "--seconds", "3"), tmp_path, {}, label="demo")
    assert (demo.code, demo.stderr) == (0, "")
    assert "flowbot demo" in demo.stdout
    summary = re.search(r"─── [1-9][0-9,]* prints · .* · ([0-9,]+) alerts?", demo.stdout)
    assert summary
    assert len(re.findall("^ *Rules?: ", demo.stdout, re.MULTILINE)) == int(summary[1]), "each alert was shown"
    assert "cp config.example.yaml config.yaml" in demo.stdout
    assert sorted(os.listdir(tmp_path)) == ["demo.err", "demo.out"], "a demo leaves nothing behind"  # noqa: PTH208


async def test_simulator_feeds_both_provider_types(world: World) -> None:
    """`flowbot simulate` serves both protocols on one port; a service that listens to both at once posts alerts."""
    with running(("simulate", "--port", "0", "--seed", "7"), world.folder, {}, label="simulate") as simulator:
        await simulator.says("any api_key will do")
        found = dict(re.findall(r"(radarpulse|optionwhales) +ws_url: (\S+)", simulator.stdout))
        providers = world.both_providers()
        for vendor, url in found.items():
            providers[vendor]["ws_url"] = url
        world.configure("hook", "terminal", providers=providers, rule={"when": {"premium": ">= 100k"}})
        with world.run() as service:
            for vendor in ("radarpulse", "optionwhales"):
                await until(lambda: len(service.events("provider.connected")) == 2, "both connected")
                assert found[vendor].startswith("ws://127.0.0.1:")
            await until(lambda: len(world.discord.messages) >= 2, "alerts")
            samples = await service.metrics()
            assert (samples.get("flowbot_prints_total", provider="radarpulse") or 0) > 0
            assert (samples.get("flowbot_prints_total", provider="optionwhales") or 0) > 0
            assert await service.stop() == 0
            assert "Rule: whales" in service.stdout
        assert simulator.is_running
