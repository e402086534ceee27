"""The HTTP listener: /healthz, /readyz, /metrics, /quarantine, inbound hooks.

Shows what it is handed; decides nothing.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict

import msgspec
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot.engine.quarantine import Quarantine
from bot.http.inbound import Hook, mount
from bot.http.settings import HttpSettings
from bot.model.errors import UnavailableError

log = structlog.get_logger()

Readiness = Callable[[], Mapping[str, str]]
"""What stands in the way, by what it concerns; empty = ready."""

MAX_BODY_BYTES = 1024 * 1024
GOODBYE_S = 1.0
"""How long a stop waits for requests that are being answered; a client that stalls costs no more."""
IDLE_S = 15.0
"""A connection without a whole request's headers is closed after so long."""
LINGER_S = 1.0
"""How long the rest of a body that was refused is read and thrown away, so that the client sees the answer."""


@asynccontextmanager
async def serve(
    settings: HttpSettings,
    registry: CollectorRegistry,
    readiness: Readiness,
    quarantine: Quarantine,
    hooks: Iterable[Hook] = (),
) -> AsyncIterator[int]:
    """Listen while the context lasts; gives the port.

    Raises UnavailableError where it is taken, InputError where two hooks want one path.
    """
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
    mount(app, hooks)
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=GOODBYE_S,
        keepalive_timeout=IDLE_S,
        lingering_time=LINGER_S,
        auto_decompress=False,
    )
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
