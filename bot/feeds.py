"""The commands about feeds: webhooks at the vendor, a day for the tape, and what a sample frame becomes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as midnight
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import structlog

from bot.config.wording import suggest
from bot.flow.mapping.settings import MapSettings
from bot.flow.market import NEW_YORK, session_date
from bot.model.errors import InputError, Problem, UnavailableError, VendorError
from bot.providers import maps
from bot.providers.inbound import InboundSettings
from bot.providers.mapped_sample import explain_sample, map_called
from bot.providers.mapped_settings import MappedSettings
from bot.providers.optionwhales import OptionWhalesSettings
from bot.providers.radarpulse import RadarPulseSettings
from bot.settings import Settings, load
from bot.wiring import ready

if TYPE_CHECKING:
    from bot.providers.radarpulse_rest import RadarPulseRest
    from bot.providers.source import Source

log = structlog.get_logger()
T = TypeVar("T")


# --- webhooks at the vendor --------------------------------------------------------------------------------


def register_webhook(config: Path, name: str, *, account: str | None, min_score: float) -> str:
    """Have RadarPulse post to the provider `name`. Raises InputError, UnavailableError."""
    from bot.providers import webhooks

    settings = ready(config)
    own = settings.providers.get(name)
    if not isinstance(own, InboundSettings):
        known = [other for other, each in settings.providers.items() if isinstance(each, InboundSettings)]
        raise InputError(f'{config}: no provider "{name}" of type webhook{suggest(name, known)}')
    folder, url = settings.store_path.parent, settings.http.public_url
    return _asked(settings, account, lambda rest: webhooks.register(rest, url, name, own, folder, min_score=min_score))


def list_webhooks(config: Path, *, account: str | None) -> str:
    """What is registered at RadarPulse. Raises InputError, UnavailableError."""
    from bot.providers import webhooks

    settings = ready(config)
    return _asked(settings, account, lambda rest: webhooks.listing(rest, settings.store_path.parent))


def delete_webhook(config: Path, id_: str, *, account: str | None) -> str:
    """End a registration. Raises InputError, UnavailableError."""
    from bot.providers import webhooks

    settings = ready(config)
    return _asked(settings, account, lambda rest: webhooks.delete(rest, id_, settings.store_path.parent))


def _asked(settings: Settings, account: str | None, ask: "Callable[[RadarPulseRest], Awaitable[str]]") -> str:
    """The answer of RadarPulse's REST API, with the key of the provider `account`, or of the only one there is."""
    from bot.providers.radarpulse_rest import RadarPulseRest

    keys = {name: own for name, own in settings.providers.items() if isinstance(own, RadarPulseSettings)}
    if account is None and len(keys) == 1:
        (account,) = keys
    own = keys.get(account or "")
    if own is None:
        known = ", ".join(keys) or "none"
        raise InputError(
            f"name the provider of type radarpulse whose key is to be used with --account; there is {known}"
        )

    async def talk() -> str:
        rest = RadarPulseRest(account or "", own)
        try:
            return await ask(rest)
        finally:
            await rest.close()

    return asyncio.run(talk())


# --- a day for the tape ------------------------------------------------------------------------------------


def fetch_day(config: Path, name: str, day: date, *, replace: bool) -> str:
    """Fill the tape of a day that is over from the vendor's history. Raises InputError, UnavailableError."""
    settings = ready(config)
    if settings.store.tape is None:
        raise InputError(f"{config}: store.tape is null: there is no tape to put the day on")
    if day >= session_date(datetime.now(UTC)):
        raise InputError(f"{day} is not over; a tape is fetched of days that are")
    own = settings.providers.get(name)
    if not isinstance(own, RadarPulseSettings | OptionWhalesSettings):
        known = ", ".join(settings.providers)
        raise InputError(f'{config}: no provider "{name}" whose vendor keeps a history; there is {known}')
    folder = settings.folder / settings.store.tape
    try:
        count = asyncio.run(_fetch(name, own, day, folder, replace=replace))
    except VendorError as refused:
        message = f"{name} did not give {day}: {refused.detail}"
        is_ours = refused.kind in ("unauthorized", "tier", "not_found")
        raise (InputError(message) if is_ours else UnavailableError(message)) from refused
    except OSError as error:
        raise UnavailableError(f"cannot write the tape in {folder}: {error.strerror}") from error
    return f"{count:,} prints of {day} are on the tape in {folder}" if count else f"{name} has no prints of {day}"


async def _fetch(
    name: str, own: RadarPulseSettings | OptionWhalesSettings, day: date, folder: Path, *, replace: bool
) -> int:
    from bot.engine.tape_days import write_day

    source = _history(name, own)
    begins = datetime.combine(day, midnight.min, NEW_YORK)
    from_ns, to_ns = (int(moment.timestamp()) * 1_000_000_000 for moment in (begins, begins + timedelta(days=1)))
    rows: dict[bytes, tuple[int, bytes]] = {}
    try:
        async for page in source.missed(from_ns, to_ns):
            for found, raw in zip(page.prints, page.raws, strict=True):
                if found.time is not None and session_date(found.time) == day:
                    traded_ns = int(found.time.timestamp() * 1000) * 1_000_000
                    rows.setdefault(found.identity, (traded_ns, source.frame(raw)))
    finally:
        await source.close()
    with write_day(folder, day, replace=replace) as fetched:
        for received_ns, raw in sorted(rows.values()):
            fetched.add(received_ns, name, raw)
    return len(rows)


def _history(name: str, own: RadarPulseSettings | OptionWhalesSettings) -> "Source":
    from bot.providers.surroundings import Surroundings

    if isinstance(own, RadarPulseSettings):
        from bot.providers.radarpulse_source import RadarPulseSource

        return RadarPulseSource(name, own, Surroundings())
    from bot.providers.optionwhales_source import OptionWhalesSource

    return OptionWhalesSource(name, own, Surroundings())


# --- what a sample frame becomes ---------------------------------------------------------------------------


def explain_map(sample: Path, *, name: str | None, config: Path | None) -> str:
    """What each frame of a file becomes: by the map `name` (one that comes with flowbot, or a file), or, with `config`,
    by that of its mapped provider `name`. Raises InputError.
    """
    settings = _map(name, config)
    try:
        return explain_sample(settings, sample.read_bytes(), time.time_ns())
    except OSError as error:
        raise InputError(Problem(str(sample), 0, 0, f"cannot be read: {error.strerror}")) from error


def _map(name: str | None, config: Path | None) -> MapSettings:
    if config is None:
        if name is None:
            raise InputError(
                f"name a map with --map ({', '.join(maps.names())}, or a file), or a configuration with -c"
            )
        return map_called(name)
    mapped = {each: own for each, own in load(config).providers.items() if isinstance(own, MappedSettings)}
    if name is None and len(mapped) == 1:
        (name,) = mapped
    if name not in mapped:
        known = ", ".join(mapped) or "none"
        raise InputError(f"name the provider of type mapped with --map; {config} has {known}")
    return mapped[name].map
