"""The commands that do one thing and end: simulate, send-test, explain, deliveries, audit, reload, watchlists."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

import click

from bot import logs
from bot.config.wording import suggest
from bot.engine.example import example_alert
from bot.model.alerts import Batch, Delivery, DeliveryState
from bot.model.errors import InputError, Problem, UnavailableError
from bot.model.outcomes import Outcome, Sent
from bot.outbox import beside as store
from bot.render.explanation import explain_text
from bot.render.listing import acts_listing, listing
from bot.requests import effective
from bot.rules.vocabulary import FACTS, read
from bot.settings import Settings, load
from bot.wiring import Destinations, ready
from bot.workbench.simulator import SimulateOptions, serve

RELOAD_ANSWER_S = 30.0
"""The service looks into its store once a second, and reads a large configuration in some seconds."""
RELOAD_LOOK_S = 0.1


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
    found = store.read_explanation(settings.store_path, alert_id.strip().lower())
    if found is None:
        raise InputError(
            f'no alert "{alert_id}" in {settings.store_path}; its id is the eight characters in the footer, '
            f"and alerts are forgotten after dedup.keep"
        )
    return explain_text(found, time.time_ns())


def deliveries(config: Path, *, state: DeliveryState | None, destination: str | None, limit: int) -> str:
    """The newest deliveries, one a line. Raises InputError, UnavailableError."""
    settings = load(config)
    found = store.read_deliveries(settings.store_path, state=state, destination=destination, limit=limit)
    if not found:
        wanted = " ".join(part for part in (state, "deliveries", destination and f"to {destination}") if part)
        return f"no {wanted} in {settings.store_path}"
    return listing(found, time.time_ns())


def retry(config: Path, wanted: str) -> str:
    """Queue what failed again. Raises InputError where `wanted` names nothing that failed."""
    settings = load(config)
    now_ns = time.time_ns()
    found = store.retry_deliveries(settings.store_path, wanted, now_ns)
    return f"{listing(found, now_ns)}\nqueued: a running flowbot sends it now, else the next `flowbot run`"


def audit(config: Path, limit: int) -> str:
    """The newest steering acts, one a line: who did what, when, and what came of it. Raises InputError,
    UnavailableError."""
    settings = load(config)
    found = store.read_acts(settings.store_path, limit)
    return acts_listing(found, time.time_ns()) or f"nobody has steered yet; the log is in {settings.store_path}"


def reload(config: Path) -> str:
    """Have the running service read its configuration anew, and say what came of it.

    Raises InputError where the file has problems, UnavailableError where nobody runs or nobody answers.
    """
    settings = load(config)
    path, asked = settings.store_path, secrets.token_hex(8)
    store.ask_reload(path, asked, time.time_ns())
    deadline = time.monotonic() + RELOAD_ANSWER_S
    while time.monotonic() < deadline:
        time.sleep(RELOAD_LOOK_S)
        if (answer := store.reload_answer(path, asked)) is not None:
            if not answer.is_good:
                places = (line.partition(": ") for line in answer.report.splitlines())
                raise InputError(*(Problem(place, 0, 0, message) for place, _, message in places))
            return f"reloaded: {answer.report}"
    raise UnavailableError(f"flowbot did not answer within {RELOAD_ANSWER_S:.0f} s; its log says more")


def watchlists(config: Path) -> str:
    """Each watchlist with what is on it. Raises InputError, UnavailableError."""
    settings = load(config)
    changed = store.read_watchlists(settings.store_path) if settings.store_path.exists() else {}
    on = effective(settings.watchlists, changed)
    return "\n".join(f"{name}: {', '.join(sorted(tickers)) or 'nothing'}" for name, tickers in on.items()) or (
        f"{config} names no watchlists; add  watchlists: {{earnings: [AAPL]}}  and use  ticker: earnings  in a rule"
    )


def change_watchlist(config: Path, name: str, tickers: Sequence[str], *, is_on: bool) -> str:
    """Put tickers on a watchlist, or take them off. Raises InputError, UnavailableError."""
    settings = load(config)
    if name not in settings.watchlists:
        raise InputError(f'{config}: no watchlist "{name}"{suggest(name, settings.watchlists)}')
    named = [_ticker(text) for text in tickers]
    store.change_watchlist(settings.store_path, name, named, is_on=is_on, now_ns=time.time_ns())
    return watchlists(config)


def _ticker(text: str) -> str:
    try:
        return str(read(FACTS["ticker"], text))
    except ValueError as error:
        raise InputError(f'"{text}": {error}') from None


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
    async with Destinations.open() as destinations:
        destination = await destinations.build(name, settings)
        delivery = Delivery(example_alert(time.time_ns(), "flowbot send-test"), name, rules=("test",))
        return await destination.send(Batch("test" + format(time.time_ns(), "x"), name, (delivery,), time.time_ns()))
