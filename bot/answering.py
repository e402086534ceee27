"""Puts the answers together: what questions are answered from, who keeps people's watches, who steers."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.commands.core import Core, StatusReport
from bot.commands.personal import PersonalAnswers
from bot.commands.steering import SteeringAnswers
from bot.commands.vendors import Client, Vendors
from bot.engine.control import Control
from bot.engine.delivery import Delivery
from bot.engine.metrics import Metrics
from bot.engine.rulebook import Rulebook
from bot.engine.session import Session
from bot.outbox.reloads import Reloaded
from bot.outbox.sqlite import SqliteOutbox
from bot.requests import Requests
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Means:
    """What a running service has for whoever answers."""

    outbox: SqliteOutbox
    session: Session
    metrics: Metrics
    delivery: Delivery
    rulebook: Rulebook
    control: Control
    requests: Requests
    settings: Callable[[], Settings]
    """As they are obeyed now."""
    status: Callable[[], StatusReport]
    clients: Callable[[], Mapping[str, Client]]
    reload: Callable[[], Awaitable[Reloaded]]


def answers(means: Means) -> Core:
    """Everything that can be asked of this service."""
    outbox, control, settings = means.outbox, means.control, means.settings
    personal = PersonalAnswers(
        outbox, means.requests, control, settings=lambda: settings().watches, platforms=lambda: _platforms(settings())
    )
    return Core(
        means.session,
        outbox.explain,
        means.status,
        time.time_ns,
        settings().look.bands,
        vendors=Vendors(means.clients),
        personal=personal,
        watch_hits=personal.hits,
        steering=SteeringAnswers(
            control,
            outbox,
            means.delivery,
            rules=lambda: means.rulebook.rules,
            today=means.metrics.today.counts,
            reload=means.reload,
        ),
        alerts_of=outbox.alerts_of,
        rules=lambda: tuple(means.rulebook.rules),
        destinations=lambda: tuple(settings().destinations),
        muted=control.active,
        today=means.metrics.today.counts,
    )


def _platforms(settings: Settings) -> list[str]:
    """Where there is a bot that can write to people."""
    return [name for name in ("discord", "slack") if getattr(settings, name) is not None]
