"""The HTTP listener over a real socket: health, readiness, metrics, the quarantine, and ports that cannot be had."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.engine.metrics import Metrics
from bot.engine.quarantine import Quarantine
from bot.http.server import MAX_BODY_BYTES, serve
from bot.http.settings import HttpSettings
from bot.model.errors import UnavailableError
from bot.providers.inbound import RESERVED_PATHS

STOP_S = 3.0
RECEIVED_NS = 1_784_217_600_000_000_000


@dataclass
class Listener:
    """What the listener shows, and a client of it."""

    http: aiohttp.ClientSession
    port: int
    obstacles: dict[str, str] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    quarantine: Quarantine = field(default_factory=lambda: Quarantine(lambda: RECEIVED_NS))

    async def get(self, path: str) -> tuple[int, str, str]:
        async with self.http.get(f"http://127.0.0.1:{self.port}{path}") as reply:
            return reply.status, reply.headers["Content-Type"], await reply.text()


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    async with aiohttp.ClientSession() as http:
        listener = Listener(http, 0)

        def readiness() -> Mapping[str, str]:
            return listener.obstacles

        settings = HttpSettings(listen="127.0.0.1:0")
        async with serve(settings, listener.metrics.registry, readiness, listener.quarantine) as port:
            listener.port = port
            yield listener


async def test_health_is_that_the_process_answers() -> None:
    """/healthz is fine whatever stands in the way."""
    async with listening() as listener:
        listener.obstacles["providers"] = "down"
        assert (await listener.get("/healthz"))[::2] == (200, "ok\n")


async def test_readiness_names_what_stands_in_the_way() -> None:
    """503 with the obstacles, 200 without any; asked anew each time."""
    async with listening() as listener:
        listener.obstacles["store"] = "disk full"
        status, kind, body = await listener.get("/readyz")
        assert (status, kind) == (503, "application/json")
        assert json.loads(body) == {"ready": False, "obstacles": {"store": "disk full"}}
        listener.obstacles.clear()
        status, _, body = await listener.get("/readyz")
        assert (status, json.loads(body)) == (200, {"ready": True, "obstacles": {}})


async def test_metrics_are_what_prometheus_reads() -> None:
    """The registry's own text form, with its content type, and the counts of the moment."""
    async with listening() as listener:
        listener.metrics.alerts.inc(3)
        status, kind, body = await listener.get("/metrics")
        assert status == 200
        assert kind.startswith("text/plain; version=")
        families = {family.name: family for family in text_string_to_metric_families(body)}
        assert families["flowbot_alerts"].samples[0].value == 3
        listener.metrics.alerts.inc()
        assert "flowbot_alerts_total 4.0" in (await listener.get("/metrics"))[2]


async def test_the_quarantine_shows_the_newest_first() -> None:
    """Each frame with its provider, reason, detail and time; a hostile frame is JSON text and nothing else."""
    async with listening() as listener:
        listener.quarantine.add("radarpulse", "not_json", "line 1", "<script>alert(1)</script>")
        listener.quarantine.add("optionwhales", "not_text", "binary", b"\xff\x00")
        status, kind, body = await listener.get("/quarantine")
        assert (status, kind) == (200, "application/json")
        newest, oldest = json.loads(body)
        assert newest == {
            "received_ns": RECEIVED_NS,
            "provider": "optionwhales",
            "reason": "not_text",
            "detail": "binary",
            "raw": "\ufffd\x00",
        }
        assert oldest["raw"] == "<script>alert(1)</script>"


async def test_what_is_not_there() -> None:
    """An unknown path is 404, a method that is not offered 405, a body too large never read."""
    async with listening() as listener:
        assert (await listener.get("/admin"))[0] == 404
        async with listener.http.post(f"http://127.0.0.1:{listener.port}/readyz", data=b"x" * 10) as reply:
            assert reply.status == 405
    assert MAX_BODY_BYTES == 1024 * 1024


async def test_no_hook_can_take_its_own_paths() -> None:
    """What the settings of a provider refuse as a path is what answers here."""
    assert {"/healthz", "/readyz", "/metrics", "/quarantine"} == RESERVED_PATHS
    async with listening() as listener:
        assert [(await listener.get(path))[0] for path in sorted(RESERVED_PATHS)] == [200] * 4


async def test_a_taken_port_is_unavailable() -> None:
    """The error names the address and the setting, and nothing stays open behind it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UnavailableError, match=rf"{address}.*http\.listen"):
            async with serve(HttpSettings(listen=address), Metrics().registry, dict, Quarantine()):
                pytest.fail("it listens where another does")


async def test_an_address_of_another_machine_is_unavailable() -> None:
    """192.0.2.1 is reserved for documentation (RFC 5737): no interface here has it."""
    with pytest.raises(UnavailableError, match=r"192\.0\.2\.1:8080"):
        async with serve(HttpSettings(listen="192.0.2.1:8080"), Metrics().registry, dict, Quarantine()):
            pytest.fail("it listens on an address that is not ours")


async def test_the_port_is_free_afterwards() -> None:
    """Leaving the context closes the listener."""
    async with listening() as listener:
        port = listener.port
    async with serve(HttpSettings(listen=f"127.0.0.1:{port}"), Metrics().registry, dict, Quarantine()) as again:
        assert again == port


async def test_a_stalled_client_does_not_hold_up_the_stop() -> None:
    """Somebody who never sends the rest of a body costs the stop a moment, not the ten seconds that Docker grants."""
    async with asyncio.timeout(STOP_S) as patience:
        async with listening() as listener:
            patience.reschedule(None)
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
            assert b" 405 " in await reader.readline()
            writer.close()
            patience.reschedule(asyncio.get_running_loop().time() + STOP_S)
