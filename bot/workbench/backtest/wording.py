"""The report in words: sheets of rows that the terminal and the page both show. Times are New York's."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from bot.config.units import write_duration
from bot.render.words import NEW_YORK, OVERFLOWS, money, trimmed
from bot.workbench.backtest.difference import Changed
from bot.workbench.backtest.report import (
    Busiest,
    DestinationReport,
    DifferenceReport,
    Report,
    RuleReport,
    SetReport,
    TapeReport,
)

MOST_CHANGES: Final = 20
"""Added, and removed, alerts that a person is shown; JSON has all of them."""
MOST_TICKERS: Final = 3
SHORT_WAIT_S: Final = 1.0
NONE: Final = "–"


class Column(NamedTuple):
    """One column of a sheet."""

    name: str
    is_number: bool = False


class Sheet(NamedTuple):
    """Rows under one heading."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


# --- the tape ----------------------------------------------------------------------------------------------


def tape_line(tape: TapeReport) -> str:
    """`22,067 prints, Fri 6 Jun 2014, 09:30 to 15:59 New York`."""
    first, last = (moment.astimezone(NEW_YORK) for moment in (tape.first, tape.last))
    begins = f"{first:%a} {first.day} {first:%b %Y}, {first:%H:%M}"
    is_one_day = first.date() == last.date()
    ends = f"{last:%H:%M}" if is_one_day else f"{last:%a} {last.day} {last:%b %Y}, {last:%H:%M}"
    by_provider = f" ({_listed(tape.providers)})" if len(tape.providers) > 1 else ""
    return f"{tape.prints:,} {'print' if tape.prints == 1 else 'prints'}{by_provider}, {begins} to {ends} New York"


def warnings(report: Report) -> list[str]:
    """What a reader must know before the figures."""
    tape = report.tape
    told = [f"The tape breaks off, and this is what came before: {why}" for why in tape.broken]
    if tape.lines_skipped:
        told.append(f"{_counted(tape.lines_skipped, 'line')} passed over: neither of a tape nor a print")
    if tape.rejected:
        told.append(f"{_counted(sum(tape.rejected.values()), 'frame')} rejected: {_listed(tape.rejected)}")
    return told


def remarks(config: SetReport) -> list[str]:
    """What is worth doing something about."""
    told = []
    if never := [rule.name for rule in config.rules if not rule.matches]:
        told.append(f"Never fired: {', '.join(never)}.")
    told += [
        f"{rule.name}: is silent for the tape's first {write_duration(rule.silent_s)}, until it knows what came before."
        for rule in config.rules
        if rule.silent_s
    ]
    if config.unplayed:
        told.append(f"Not played, because silence is the feed's and not a print's: {', '.join(config.unplayed)}.")
    for to in config.destinations:
        if to.minutes_over_limit and to.busiest_minute is not None:
            sharing = f", shared with {', '.join(to.shares_with)}" if to.shares_with else ""
            minutes = _counted(to.minutes_over_limit, "minute")
            told.append(
                f"{to.name}: in {minutes} more alerts came than it can carry, which is {to.limit_a_minute:,} a minute"
                f"{sharing}; {_busiest(to.busiest_minute)} were the most."
            )
        if digested := sum(to.digested.values()):
            reasons = (f"{count:,} {_why(reason)}" for reason, count in to.digested.items())
            told.append(f"{to.name}: {digested:,} of {_counted(to.alerts, 'alert')} digested: {', '.join(reasons)}.")
    return told


# --- sheets ------------------------------------------------------------------------------------------------


def rules_sheet(config: SetReport, *, has_dates: bool) -> Sheet:
    columns = (
        Column("rule"), Column("matches", True), Column("alerts", True), Column("suppressed"), Column("busiest hour"),
        Column("tickers"),
    )  # fmt: skip
    return Sheet("Rules", columns, tuple(_rule(rule, has_dates) for rule in config.rules))


def _rule(rule: RuleReport, has_dates: bool) -> tuple[str, ...]:
    tickers = ", ".join(f"{one.ticker} {one.alerts:,}" for one in rule.tickers[:MOST_TICKERS])
    return (
        rule.name,
        f"{rule.matches:,}" if rule.matches else "never",
        f"{rule.alerts:,}",
        _listed(rule.suppressed) or NONE,
        _busiest(rule.busiest_hour, has_dates=has_dates),
        tickers or NONE,
    )


def destinations_sheet(config: SetReport, *, has_dates: bool) -> Sheet:
    columns = (
        Column("destination"), Column("alerts", True), Column("messages", True), Column("edits", True),
        Column("digested", True), Column("expired", True), Column("busiest minute"), Column("limit a minute", True),
        Column("minutes over it", True), Column("longest wait"),
    )  # fmt: skip
    return Sheet("Destinations", columns, tuple(_destination(to, has_dates) for to in config.destinations))


def _destination(to: DestinationReport, has_dates: bool) -> tuple[str, ...]:
    wait = NONE
    if to.longest_wait_at is not None:
        wait = f"{_span(to.longest_wait_s)} at {_clock(to.longest_wait_at, has_dates=has_dates)}"
    return (
        to.name,
        f"{to.alerts:,}",
        f"{to.messages:,}",
        f"{to.edits:,}",
        f"{sum(to.digested.values()):,}",
        f"{sum(to.expired.values()):,}",
        _busiest(to.busiest_minute, has_dates=has_dates),
        "any" if to.limit_a_minute is None else f"{to.limit_a_minute:,}",
        f"{to.minutes_over_limit:,}",
        wait,
    )


# --- the difference ----------------------------------------------------------------------------------------


def difference_line(difference: DifferenceReport) -> str:
    """`−212 alerts, +3`."""
    if not difference.changed:
        return "the same alerts at the same destinations"
    return f"−{_counted(difference.removed, 'alert')}, +{difference.added:,}"


def deltas_sheet(config: SetReport, other: SetReport) -> Sheet:
    """Rules and destinations, before and after: those that differ."""
    rows = [
        *_deltas("rule", "alerts", {r.name: r.alerts for r in config.rules}, {r.name: r.alerts for r in other.rules})
    ]
    for what in ("alerts", "messages", "digested", "expired", "minutes_over_limit"):
        pair = ({to.name: _figure(to, what) for to in one.destinations} for one in (config, other))
        rows += _deltas("destination", what.replace("_", " "), *pair)
    columns = (
        Column(""), Column("name"), Column("figure"), Column("before", True), Column("after", True),
        Column("change", True),
    )  # fmt: skip
    return Sheet("Changes", columns, tuple(rows))


def _figure(to: DestinationReport, what: str) -> int:
    value = getattr(to, what)
    return sum(value.values()) if isinstance(value, dict) else int(value)


def _deltas(sort: str, what: str, before: Mapping[str, int], after: Mapping[str, int]) -> Iterable[tuple[str, ...]]:
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name), after.get(name)
        if was != now:
            change = (now or 0) - (was or 0)
            yield (sort, name, what, _or_none(was), _or_none(now), f"{change:+,}".replace("-", "−"))


def changes_sheet(changed: Sequence[Changed], *, has_dates: bool) -> Sheet:
    """Each alert that was added or removed, the first of each."""
    shown = [*_first(changed, "removed"), *_first(changed, "added")]
    columns = (Column(""), Column("time"), Column("print"), Column("premium", True), Column("score", True),
               Column("destinations"), Column("rules"))  # fmt: skip
    return Sheet("Alerts", columns, tuple(_change(one, has_dates) for one in shown))


def left_out(changed: Sequence[Changed]) -> str:
    """How many changes the sheet has no room for; empty where it shows all."""
    more = len(changed) - len(_first(changed, "removed")) - len(_first(changed, "added"))
    return f"and {more:,} more, all of which --json lists" if more else ""


def _first(changed: Sequence[Changed], change: str) -> list[Changed]:
    return [one for one in changed if one.change == change][:MOST_CHANGES]


def _change(one: Changed, has_dates: bool) -> tuple[str, ...]:
    return (
        "+" if one.change == "added" else "−",
        _clock(one.at, has_dates=has_dates, has_seconds=True),
        one.contract,
        NONE if one.premium is None else money(one.premium),
        NONE if one.score is None else trimmed(one.score, 0),
        ", ".join(one.destinations),
        ", ".join(one.rules),
    )


# --- words -------------------------------------------------------------------------------------------------


def has_dates(report: Report) -> bool:
    """The tape is of more than one day, so that a time of day alone says little."""
    first, last = (moment.astimezone(NEW_YORK).date() for moment in (report.tape.first, report.tape.last))
    return first != last


def _busiest(busiest: Busiest | None, *, has_dates: bool = False) -> str:
    return NONE if busiest is None else f"{busiest.alerts:,} at {_clock(busiest.at, has_dates=has_dates)}"


def _clock(moment: datetime, *, has_dates: bool, has_seconds: bool = False) -> str:
    local = moment.astimezone(NEW_YORK)
    at = f"{local:%H:%M:%S}" if has_seconds else f"{local:%H:%M}"
    return f"{local.month}/{local.day} {at}" if has_dates else at


def _span(seconds: float) -> str:
    """`0 s`, `2.1 s`, `48 s`, `3m 05s`."""
    if seconds < SHORT_WAIT_S * 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest:02}s" if minutes else f"{rest} s"


def _why(reason: str) -> str:
    reasons: Mapping[str, str] = {str(why): words for why, words in OVERFLOWS.items()}
    return reasons.get(reason, reason)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _or_none(count: int | None) -> str:
    return NONE if count is None else f"{count:,}"
