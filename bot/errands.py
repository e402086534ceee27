"""The commands that do one thing and end: simulate, send-test, explain, deliveries."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bot import logs
from bot.flow.market import new_york
from bot.model.alerts import Alert, Batch, Clause, Delivery, DeliveryState, RuleHit
from bot.model.errors import InputError, UnavailableError
from bot.model.outcomes import Outcome, Sent
from bot.model.prints import Print
from bot.outbox.sqlite import read_deliveries, read_explanation, retry_deliveries
from bot.render.explanation import explain_text
from bot.render.listing import listing
from bot.settings import Settings, load
from bot.wiring import open_destinations, ready
from bot.workbench.simulator import SimulateOptions, serve


def simulate(options: SimulateOptions) -> None:
    """Serve both providers' protocols until Ctrl-C. Raises InputError, UnavailableError."""
    logs.configure(logs.LogSettings(level="info", format="console"))
    try:
        asyncio.run(serve(options, ready=click.echo))
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


def explain(config: Path, alert_id: str) -> str:
    """Why an alert fired, and what became of it. Raises InputError for an unknown id."""
    settings = load(config)
    found = read_explanation(settings.store_path, alert_id.strip().lower())
    if found is None:
        raise InputError(
            f'no alert "{alert_id}" in {settings.store_path}; its id is the eight characters in the footer, '
            f"and alerts are forgotten after dedup.keep"
        )
    return explain_text(found, time.time_ns())


def deliveries(config: Path, *, state: DeliveryState | None, destination: str | None, limit: int) -> str:
    """The newest deliveries, one a line. Raises InputError, UnavailableError."""
    settings = load(config)
    found = read_deliveries(settings.store_path, state=state, destination=destination, limit=limit)
    if not found:
        wanted = " ".join(part for part in (state, "deliveries", destination and f"to {destination}") if part)
        return f"no {wanted} in {settings.store_path}"
    return listing(found, time.time_ns())


def retry(config: Path, wanted: str) -> str:
    """Queue what failed again. Raises InputError where `wanted` names nothing that failed."""
    settings = load(config)
    now_ns = time.time_ns()
    found = retry_deliveries(settings.store_path, wanted, now_ns)
    return f"{listing(found, now_ns)}\nqueued: a running flowbot sends it now, else the next `flowbot run`"


def send_test(config: Path, destination: str) -> str:
    """Post one alert, marked TEST, and say where it went. Raises InputError, UnavailableError."""
    settings = ready(config)
    if destination not in settings.destinations:
        known = ", ".join(sorted(settings.destinations))
        raise InputError(f'no destination "{destination}" in {config}; it has {known}')
    outcome = asyncio.run(_send(settings, destination))
    if isinstance(outcome, Sent):
        return f"sent to {destination}: {outcome.url or outcome.message_id or 'the platform gives no link or id back'}"
    raise UnavailableError(f"{destination} did not take it: {logs.redactor.text(outcome.reason)}")


async def _send(settings: Settings, name: str) -> Outcome:
    async with open_destinations(settings, only=name) as (destination,):
        delivery = Delivery(_example(time.time_ns()), name, rules=("send-test",))
        return await destination.send(Batch("test" + format(time.time_ns(), "x"), name, (delivery,), time.time_ns()))


def _example(now_ns: int) -> Alert:
    """A made-up print that shows everything an alert can show."""
    now = datetime.fromtimestamp(now_ns / 1e9, UTC)
    today = new_york(now).date()
    expiry = today + timedelta(days=21 + (4 - today.weekday()) % 7)
    found = Print(
        provider="send-test", ticker="NVDA", received_ns=now_ns, type="call", strike=145.0, expiry=expiry,
        dte=(expiry - today).days, size=2400, volume=5100, open_interest=1200, vol_oi=4.25, premium=2_400_000.0,
        price=10.0, side="ask", kind="sweep", otm_pct=3.5, spot=140.1, iv=0.45, score=94.0, bias="bull",
        sector="Information Technology", time=now, notes=("a made-up print, sent by `flowbot send-test`",),
    )  # fmt: skip
    hit = RuleHit("send-test", (Clause("flowbot send-test was run", "yes", verdict=True),))
    return Alert("test0000", found, (hit,), created_ns=now_ns, is_test=True)
