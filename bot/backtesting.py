"""`flowbot backtest`: what the rules would have posted on a recorded tape; without secrets, store or network."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import click
import msgspec

from bot.config.wording import suggest
from bot.destinations import apprise, console
from bot.flow.known import Known
from bot.flow.legs import Legs
from bot.model.errors import InputError, UnavailableError
from bot.model.ports import Destination
from bot.providers import maps
from bot.providers.catalog import ProviderSettings
from bot.providers.decoders import VENDORS
from bot.providers.taped import decoder_of, sort_of
from bot.render import discord, payload, slack
from bot.rules.clauses import All, Any, Node, Not, Watched
from bot.rules.index import RuleIndex
from bot.secretless import load_without_secrets
from bot.settings import Settings
from bot.wiring import Destinations
from bot.workbench.backtest.channel import Outlet
from bot.workbench.backtest.playing import Player, Reader, Readers, Tapes
from bot.workbench.backtest.report import Report, difference_report, set_report, tape_report
from bot.workbench.backtest.trial import RuleSet, Trial

CARRIES: Final[Mapping[str, int]] = {
    "discord_webhook": discord.MAX_EMBEDS,
    "discord_channel": discord.MAX_EMBEDS,
    "slack_webhook": slack.MAX_ALERTS,
    "slack_channel": slack.MAX_ALERTS,
    "webhook": payload.MAX_ALERTS,
    "apprise": apprise.MAX_CARDS,
    "console": console.MAX_CARDS,
}
"""Alerts that fit one message of each type of destination, where they are of the usual length."""
OF_LEGS: Final = frozenset({"bias", "multi_leg"})
"""What a print's being one leg of an order changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestOptions:
    """What the command line says."""

    config: Path
    tapes: Sequence[Path]
    other: Path | None = None
    """A configuration to compare with."""
    frames_of: str = "radarpulse"
    """Whose frames those are that stand under a name which no provider has, and plain prints: a vendor, or a map."""
    day: date | None = None
    """Of the tapes this day alone, by New York's date."""
    is_json: bool = False
    html: Path | None = None
    """Where to write the report as a page too."""


def run(options: BacktestOptions) -> None:
    """Play the tapes and show what came of it.

    Raises InputError where a configuration or a tape is wrong; of a tape that breaks off after the report on what came
    before. Raises UnavailableError where the page cannot be written.
    """
    report = backtest(options)
    if options.html is not None:
        from bot.workbench.backtest.page import page

        try:
            options.html.write_text(page(report), encoding="utf-8")
        except OSError as error:
            raise UnavailableError(f"cannot write {options.html}: {error.strerror}") from error
    if options.is_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)))
    else:
        from bot.workbench.backtest.table import show

        show(report)
    if report.tape.broken:
        raise InputError(*report.tape.broken)


def backtest(options: BacktestOptions) -> Report:
    """Play the tapes. Raises InputError."""
    tapes = Tapes(options.tapes, options.day)
    settings = load_without_secrets(options.config)
    trial = Trial(_rule_set(options.config, settings))
    readers = _readers(settings.providers, options.frames_of, has_legs=_asks_about_legs(settings))
    if options.other is None:
        return _played(tapes, trial, None, readers)
    theirs = load_without_secrets(options.other)
    has_legs = readers.paired is not None or _asks_about_legs(theirs)
    readers = _readers({**theirs.providers, **settings.providers}, options.frames_of, has_legs=has_legs)
    return _played(tapes, trial, Trial(_rule_set(options.other, theirs)), readers)


def _played(tapes: Tapes, trial: Trial, other: Trial | None, readers: Readers) -> Report:
    player = Player(readers, trial, other)
    heard = tape_report(player.play(tapes, time.time_ns()), [str(path) for path in tapes.paths])
    if other is None:
        return Report(heard, set_report(trial))
    return Report(heard, set_report(trial), difference_report(other, player.difference.changed()))


# --- from the configuration --------------------------------------------------------------------------------


def _rule_set(config: Path, settings: Settings) -> RuleSet:
    rules = [rule.resolved(settings.watchlists) for rule in settings.rules]
    played = [(rule.name, rule.when, rule.route) for rule in rules if rule.when is not None]
    return RuleSet(
        name=str(config),
        routes=tuple(route for _, _, route in played),
        outlets=tuple(asyncio.run(_outlets(settings))),
        true_of=RuleIndex.of(played).match,
        unplayed=tuple(rule.name for rule in rules if rule.when is None),
    )


async def _outlets(settings: Settings) -> list[Outlet]:
    """The real destinations are asked for their buckets, and closed without having sent anything."""
    async with Destinations.open() as destinations:
        return [_outlet(await destinations.build(name, settings), settings) for name in settings.destinations]


def _outlet(destination: Destination, settings: Settings) -> Outlet:
    name, kind = destination.name, settings.destinations[destination.name].type
    options = settings.lane_options(name)
    keys = destination.buckets
    if options.rates is not None:  # as in a lane: the admin's own pace in the place of the documented rates
        keys = {**dict.fromkeys(keys, ()), f"{name}:pace": options.rates}
    terms = msgspec.structs.replace(options.terms, can_edit=destination.can_edit)
    return Outlet(name, kind, terms, keys, CARRIES[kind])


def _asks_about_legs(settings: Settings) -> bool:
    """Pairing legs takes as long as matching: where no rule asks what it finds, it would show in edits alone."""
    nodes = (node for rule in settings.rules for node in (rule.when, rule.sort) if node is not None)
    return any(OF_LEGS & _asked(node) for node in nodes)


def _asked(node: Node) -> frozenset[str]:
    """The facts that a tree asks about."""
    match node:
        case Not():
            return _asked(node.part)
        case All() | Any():
            return frozenset[str]().union(*map(_asked, node.parts))
        case Watched():
            return frozenset({"ticker"})
        case _:
            return frozenset({node.field})


def _readers(providers: Mapping[str, ProviderSettings], frames_of: str, *, has_legs: bool) -> Readers:
    """Names on a tape are the configured providers', and may be a vendor's."""
    known = (*VENDORS, *maps.names())
    if frames_of not in known:
        raise InputError(
            f'"{frames_of}" is neither a vendor nor a map that comes with flowbot{suggest(frames_of, known)}'
        )
    by_name: dict[str, Reader] = {vendor: (vendor, decoder_of(vendor)) for vendor in VENDORS}
    by_name |= {name: (name, decoder_of(sort_of(own))) for name, own in providers.items()}
    # Plain prints count as those of the first provider that sends such, so that a rule about a provider sees them.
    named = next((name for name, own in providers.items() if sort_of(own) == frames_of), frames_of)
    # Who is named first in the configuration is trusted first; one provider alone has nobody to ask.
    ranks = {name: rank for rank, name in enumerate(providers)}
    completed = Known(ranks).completed if len(ranks) > 1 else None
    paired = Legs().paired if has_legs else None
    return Readers(by_name, (named, decoder_of(frames_of)), completed, paired)
