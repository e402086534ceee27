"""`/flow status`: how the service does, and what it did today."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.commands.answers.wording import MAX_LINE, parts_of
from bot.engine.today import DayCounts
from bot.model.answers import Answer, Part
from bot.model.people import person_at
from bot.model.ports import ProviderStatus
from bot.model.steering import Mute
from bot.render.spans import clock_span
from bot.render.words import age, clock, counted, dotted, new_york, one_line

HELD_BACK: Final[Mapping[str, str]] = {
    "duplicate": "duplicate",
    "twin": "told by two feeds",
    "cooldown": "in a cooldown",
    "repeat": "shown by an edit",
    "mute": "muted",
    "snooze": "snoozed",
}
"""Why a match was kept quiet, after its count."""


@dataclass(frozen=True, slots=True)
class ProviderReport:
    """One feed, as it knows itself."""

    name: str
    status: ProviderStatus


@dataclass(frozen=True, slots=True)
class DestinationReport:
    """One destination: deliveries that wait, and why it is parked, empty where it is not."""

    name: str
    waiting: int = 0
    parked: str = ""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """How the service does, as whoever built it knows. Times are unix nanoseconds, 0 = never."""

    started_ns: int
    providers: tuple[ProviderReport, ...] = ()
    destinations: tuple[DestinationReport, ...] = ()
    counts_today: Mapping[str, int] | None = None
    """In the order to show them: `{"prints": 12431, "alerts": 40, "suppressed": 3}`."""
    last_alert_ns: int = 0


def status(report: StatusReport, today: DayCounts, mutes: Sequence[Mute], now_ns: int) -> Answer:
    """Feeds, destinations, what is kept quiet, today's counts. People's own destinations are one line together."""
    shared = [each for each in report.destinations if person_at(each.name) is None]
    own = [each for each in report.destinations if person_at(each.name) is not None]
    parts = parts_of(
        Part("Feeds", tuple(_provider(each, now_ns) for each in report.providers) or ("none configured",)),
        Part("Destinations", (*(tuple(map(_destination, shared)) or ("none configured",)), *_people(own))),
        Part("Kept quiet", tuple(_quiet(mutes, now_ns))),
        Part("Today", (*_today(report, today), f"last alert: {_since(report.last_alert_ns, now_ns)}")),
    )
    is_heard = all(feed.status.is_connected for feed in report.providers)
    is_well = is_heard and not any(destination.parked for destination in shared)
    title = f"{'All is well' if is_well else 'Something needs a look'} · up {age((now_ns - report.started_ns) / 1e9)}"
    return Answer(title, parts, "neutral" if is_well else "trouble", is_private=True)


def deliveries_line(today: DayCounts) -> str:
    """`12 posted · 30 in digests · 2 expired · 1 not delivered`, without what did not happen; empty for a quiet day."""
    told = (
        (today.posted, "posted"),
        (today.digested, "in digests"),
        (today.expired, "expired"),
        (today.dead, "not delivered"),
    )
    return dotted(*(f"{count:,} {what}" for count, what in told if count))


def held_back_line(today: DayCounts) -> str:
    """`14 in a cooldown · 3 muted`, the most frequent first."""
    held = sorted(today.suppressed.items(), key=lambda item: (-item[1], item[0]))
    return dotted(*(f"{count:,} {HELD_BACK.get(reason) or one_line(reason, 30)}" for reason, count in held if count))


def _today(report: StatusReport, today: DayCounts) -> tuple[str, ...]:
    delivered, held_back = deliveries_line(today), held_back_line(today)
    lines = (
        *(f"{one_line(name, 40)}: {count:,}" for name, count in (report.counts_today or {}).items()),
        f"deliveries: {delivered}" if delivered else "",
        f"kept quiet: {held_back}" if held_back else "",
    )
    return tuple(line for line in lines if line)


def _quiet(mutes: Sequence[Mute], now_ns: int) -> list[str]:
    """A pause in full; of mutes and snoozes how many, for whose they are is the admins' business."""
    on = [mute for mute in mutes if mute.is_on(now_ns)]
    count = Counter(mute.kind for mute in on)
    lines = [_pause(mute, now_ns) for mute in on if mute.kind == "pause"]
    muted = [counted(count[kind], kind) for kind in ("rule", "ticker", "destination") if count[kind]]
    if muted:
        lines.append(f"🔇 muted: {', '.join(muted)}")
    if count["person"]:
        lines.append(f"💤 snoozing: {count['person']:,} {'person' if count['person'] == 1 else 'people'}")
    return lines


def _pause(mute: Mute, now_ns: int) -> str:
    until = "until somebody resumes" if mute.until_ns is None else f"until {clock(new_york(mute.until_ns), now_ns)}"
    reason = f" ({one_line(mute.reason, 100)})" if mute.reason else ""
    return f"⏸ paused {until}{reason}: alerts wait"


def _provider(report: ProviderReport, now_ns: int) -> str:
    status = report.status
    state = "🟢 connected" if status.is_connected else "🔴 not connected"
    facts = (
        f"{report.name}: {state}",
        {"stream": "", "poll": "polled", "inbound": "posts to us", "replay": "a tape"}[status.mode],
        "delayed" if status.is_delayed else "",
        f"last frame {_since(status.last_frame_ns, now_ns)}",
        status.last_error if not status.is_connected else "",
        _gaps(status, now_ns),
        status.budget,
    )
    return one_line(dotted(*facts), MAX_LINE)


def _gaps(status: ProviderStatus, now_ns: int) -> str:
    """`2 gaps (1 not recovered), 31 prints recovered, the last 10:31:05–10:31:40 ET`."""
    recovered, lost, last = status.gaps["recovered"], status.gaps["lost"], status.last_gap
    if not recovered + lost or last is None:
        return ""
    not_recovered = f" ({lost} not recovered)" if lost else ""
    told = f"{counted(recovered + lost, 'gap')}{not_recovered}, {counted(status.recovered, 'print')} recovered"
    return f"{told}, the last {clock_span(last.from_ns, last.to_ns, now_ns)}"


def _destination(report: DestinationReport) -> str:
    state = f"🔴 parked: {report.parked}" if report.parked else "🟢 open"
    return one_line(f"{report.name}: {state} · {report.waiting:,} waiting", MAX_LINE)


def _people(own: Sequence[DestinationReport]) -> tuple[str, ...]:
    """Who watches is nobody's business."""
    return (f"direct messages: {sum(each.waiting for each in own):,} waiting",) if own else ()


def _since(then_ns: int, now_ns: int) -> str:
    return f"{age((now_ns - then_ns) / 1e9)} ago" if then_ns else "never"
