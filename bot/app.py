"""Runs the service: reads the configuration, starts everything, reloads and stops it at a signal."""

import asyncio
import gc
import os
import signal
import threading
from pathlib import Path
from types import FrameType

import structlog

from bot.reload import Reloader
from bot.service import Service
from bot.settings import Settings
from bot.wiring import ready

log = structlog.get_logger()

STOP_DEADLINE_S = 9.5
"""A stop that takes longer ends the process as it is: what matters is in the store, and Docker kills after ten."""


def run(config: Path) -> None:
    """Run the service until SIGTERM or SIGINT. Raises InputError, UnavailableError."""
    settings = ready(config)
    for warning in settings.warnings:
        log.warning("config.warning", problem=str(warning))
    gc.freeze()  # what is loaded by now stays loaded: a full collection that looked at it would pause for 30 ms
    asyncio.run(_run_until_signalled(config, settings))


async def _run_until_signalled(config: Path, settings: Settings) -> None:
    stop = asyncio.Event()
    async with Service.open(settings) as service:
        with_signals(stop)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, service.requests.reload_asked.set)
        await service.run(stop, beside=[Reloader(config, service).run()])


def with_signals(stop: asyncio.Event) -> None:
    """The first SIGTERM or SIGINT sets `stop`; a second ends the process at once."""
    loop = asyncio.get_running_loop()
    received: list[int] = []

    def obey(number: int, frame: FrameType | None) -> None:
        if received:
            os._exit(128 + number)
        received.append(number)
        loop.call_soon_threadsafe(stop.set)
        deadline = threading.Timer(STOP_DEADLINE_S, os._exit, args=(0,))
        deadline.daemon = True
        deadline.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, obey)
