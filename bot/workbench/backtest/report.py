"""What a backtest found, as values that are shown as a table, as JSON, or as a page. Names are added, never changed."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from bot.model.ports import Rate
from bot.workbench.backtest.channel import Channel, Outlet
from bot.workbench.backtest.difference import Changed
from bot.workbench.backtest.playing import Heard
from bot.workbench.backtest.tally import HOUR_NS, MINUTE_NS, ChannelTally, RuleTally, moment
from bot.workbench.backtest.trial import Trial

MINUTE_S: Final = 60.0
TOP_TICKERS: Final = 5

# --- the values --------------------------------------------------------------------------------------------


class TapeReport(msgspec.Struct, frozen=True):
    """What was on the tapes."""

    files: tuple[str, ...]
    first: datetime
    """Receipt of the first frame, UTC."""
    last: datetime
    frames: int
    prints: int
    providers: dict[str, int]
    """Prints by provider."""
    rejected: dict[str, int]
    """Frames, or records in them, that became no print, by reason."""
    lines_skipped: int
    """Lines that are neither of a tape nor a print."""
    broken: tuple[str, ...]
    """Why a tape ends before its time."""


class Busiest(msgspec.Struct, frozen=True):
    """The hour, or minute, with most alerts."""

    at: datetime
    """When it begins, UTC."""
    alerts: int


class Named(msgspec.Struct, frozen=True):
    ticker: str
    alerts: int


class RuleReport(msgspec.Struct, frozen=True):
    """One rule."""

    name: str
    matches: int
    """Prints that fired it."""
    alerts: int
    """Of them, those that made an alert."""
    suppressed: dict[str, int]
    """Of them, those that made none: duplicate, twin, cooldown, repeat."""
    busiest_hour: Busiest | None
    tickers: tuple[Named, ...]
    """Those with most alerts."""
    silent_s: float
    """A rule with memory: so much of the tape passes before it can fire."""


class MinuteReport(msgspec.Struct, frozen=True):
    """One minute in which alerts arrived."""

    at: datetime
    alerts: dict[str, int]
    """By rule; an alert of several rules counts for the first of them."""
    digested: int
    """Of them, those that went to a digest."""
    is_over_limit: bool
    """More than the channel can carry in a minute."""


class DestinationReport(msgspec.Struct, frozen=True):
    """One destination."""

    name: str
    type: str
    alerts: int
    messages: int
    """All that were posted, digests too."""
    posted: int
    """Alerts that messages told of one by one."""
    edits: int
    digests: int
    """Messages that were digests."""
    digested: dict[str, int]
    """Alerts that digests told of, by reason."""
    expired: dict[str, int]
    """Alerts that ended unsaid, by reason."""
    limit_a_minute: int | None
    """Alerts that the channel can carry in a minute, if it is alone with its limits; None: any number."""
    shares_with: tuple[str, ...]
    """Destinations that post through the same bucket, such as another name for one webhook."""
    minutes_over_limit: int
    busiest_minute: Busiest | None
    longest_wait_s: float
    """Of an alert that was posted one by one, from receipt to sending."""
    longest_wait_at: datetime | None
    """When that one was received."""
    minutes: tuple[MinuteReport, ...]
    """Those in which alerts arrived."""


class SetReport(msgspec.Struct, frozen=True):
    """One configuration."""

    config: str
    alerts: int
    """Prints that made an alert, wherever it went."""
    rules: tuple[RuleReport, ...]
    destinations: tuple[DestinationReport, ...]
    unplayed: tuple[str, ...]
    """Rules that no tape can try: those about silence."""


class DifferenceReport(msgspec.Struct, frozen=True):
    """What the other configuration changes."""

    other: SetReport
    added: int
    """Alerts that only the other has somewhere."""
    removed: int
    """Alerts that it lacks somewhere."""
    changed: tuple[Changed, ...]


class Report(msgspec.Struct, frozen=True):
    """All of it."""

    tape: TapeReport
    config: SetReport
    difference: DifferenceReport | None = None


# --- how they are made -------------------------------------------------------------------------------------


def tape_report(heard: Heard, files: Sequence[str]) -> TapeReport:
    return TapeReport(
        files=tuple(files),
        first=moment(heard.first_ns),
        last=moment(heard.last_ns),
        frames=heard.frames,
        prints=heard.prints.total(),
        providers=dict(heard.prints.most_common()),
        rejected=dict(heard.rejected.most_common()),
        lines_skipped=heard.lines_skipped,
        broken=tuple(heard.broken),
    )


def set_report(trial: Trial) -> SetReport:
    channels = list(trial.channels.values())
    over = _minutes_over(channels)
    return SetReport(
        config=trial.rules.name,
        alerts=trial.alerts,
        rules=tuple(_rule(name, tally, trial.memories.wanted_s(name)) for name, tally in trial.tallies.items()),
        destinations=tuple(
            _destination(channel, over[channel.outlet.name], _sharing(channel.outlet, channels)) for channel in channels
        ),
        unplayed=trial.rules.unplayed,
    )


def difference_report(other: Trial, changed: Sequence[Changed]) -> DifferenceReport:
    changes = Counter(one.change for one in changed)
    return DifferenceReport(set_report(other), changes["added"], changes["removed"], tuple(changed))


def _rule(name: str, tally: RuleTally, silent_s: float) -> RuleReport:
    busiest = max(tally.hours.items(), key=lambda hour: (hour[1], -hour[0]), default=None)
    return RuleReport(
        name=name,
        matches=tally.matches,
        alerts=tally.alerts,
        suppressed=dict(tally.suppressed.most_common()),
        busiest_hour=None if busiest is None else Busiest(moment(busiest[0] * HOUR_NS), busiest[1]),
        tickers=tuple(Named(*one) for one in tally.tickers.most_common(TOP_TICKERS)),
        silent_s=silent_s,
    )


def _destination(channel: Channel, over: frozenset[int], sharing: tuple[str, ...]) -> DestinationReport:
    outlet, tally = channel.outlet, channel.tally
    limit = messages_a_minute([rate for rates in outlet.keys.values() for rate in rates])
    busiest = max(tally.minutes.items(), key=lambda minute: (minute[1].total, -minute[0]), default=None)
    return DestinationReport(
        name=outlet.name,
        type=outlet.type,
        alerts=tally.alerts,
        messages=tally.messages + tally.digests,
        posted=tally.posted,
        edits=tally.edits,
        digests=tally.digests,
        digested=dict(tally.digested.most_common()),
        expired=dict(tally.expired.most_common()),
        limit_a_minute=None if limit is None else limit * outlet.carries,
        shares_with=sharing,
        minutes_over_limit=len(over),
        busiest_minute=None if busiest is None else Busiest(moment(busiest[0] * MINUTE_NS), busiest[1].total),
        longest_wait_s=tally.longest_wait_ns / 1e9,
        longest_wait_at=moment(tally.longest_wait_at_ns) if tally.longest_wait_ns else None,
        minutes=_minutes(tally, over),
    )


def _minutes(tally: ChannelTally, over: frozenset[int]) -> tuple[MinuteReport, ...]:
    return tuple(
        MinuteReport(moment(at * MINUTE_NS), dict(minute.alerts), minute.digested, at in over)
        for at, minute in sorted(tally.minutes.items())
    )


def messages_a_minute(rates: Sequence[Rate]) -> int | None:
    """How many messages a channel with these limits can carry, minute after minute; None: any number."""
    return min((math.floor(rate.count * MINUTE_S / rate.window_s) for rate in rates), default=None)


def _sharing(own: Outlet, channels: Sequence[Channel]) -> tuple[str, ...]:
    """By the first key, which is the request's own: what a whole bot shares is for hundreds of channels."""
    key = next(iter(own.keys), None)
    others = (channel.outlet for channel in channels if channel.outlet is not own)
    return tuple(other.name for other in others if key is not None and key in other.keys)


def _minutes_over(channels: Sequence[Channel]) -> Mapping[str, frozenset[int]]:
    """By destination: the minutes whose alerts need more messages than a bucket carries, with all that share it."""
    over: dict[str, set[int]] = {channel.outlet.name: set() for channel in channels}
    for key in {key for channel in channels for key in channel.outlet.keys}:
        sharing = [channel for channel in channels if key in channel.outlet.keys]
        most = messages_a_minute([rate for channel in sharing for rate in channel.outlet.keys[key]])
        if most is None:
            continue
        needed: Counter[int] = Counter()
        for channel in sharing:
            for at, minute in channel.tally.minutes.items():
                needed[at] += math.ceil(minute.total / channel.outlet.carries)
        for channel in sharing:
            over[channel.outlet.name] |= {at for at in channel.tally.minutes if needed[at] > most}
    return {name: frozenset(minutes) for name, minutes in over.items()}
