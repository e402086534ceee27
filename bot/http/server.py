"""The HTTP listener: /healthz, /readyz, /metrics, /quarantine. Shows what it is handed; decides nothing."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict

import msgspec
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot.engine.quarantine import Quarantine
from bot.http.settings import HttpSettings
from bot.model.errors import UnavailableError

log = structlog.get_logger()

Readiness = Callable[[], Mapping[str, str]]
"""What stands in the way, by what it concerns; empty = ready."""

MAX_BODY_BYTES = 1024 * 1024
GOODBYE_S = 1.0
"""How long a stop waits for requests that are being answered; a client that stalls costs no more."""


@asynccontextmanager
async def serve(
    settings: HttpSettings, registry: CollectorRegistry, readiness: Readiness, quarantine: Quarantine
) -> AsyncIterator[int]:
    """Listen while the context lasts; gives the port. Raises UnavailableError where it is taken."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)

    async def healthz(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(request: web.Request) -> web.Response:
        obstacles = readiness()
        return _json({"ready": not obstacles, "obstacles": dict(obstacles)}, status=503 if obstacles else 200)

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def quarantined(request: web.Request) -> web.Response:
        return _json([asdict(frame) for frame in quarantine.newest_first()])

    app.add_routes([
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
        web.get("/metrics", metrics),
        web.get("/quarantine", quarantined),
    ])  # fmt: skip
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GOODBYE_S)
    await runner.setup()
    host, port = settings.address
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            msg = f"cannot listen on {settings.listen}: {error.strerror or error}: set http.listen to a free address"
            raise UnavailableError(msg) from error
        bound: int = runner.addresses[0][1]
        log.info("http.listening", host=host, port=bound)
        yield bound
    finally:
        await runner.cleanup()


def _json(value: object, *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", status=status)
