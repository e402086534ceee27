"""Answers to traders' questions, the same on every platform. Knows no platform: text here is plain and unescaped."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date

from bot.commands.asker import Asker
from bot.commands.questions import COMMANDS, EXAMPLES
from bot.commands.requests import Help, Request, Status, Ticker, Top, Why
from bot.engine.session import LINE_FROM_USD, ContractFlow, Query, Session, TickerFlow, Totals
from bot.flow.market import is_open
from bot.model.alerts import Explanation
from bot.model.answers import Answer, Part, Tone
from bot.model.ports import ProviderStatus
from bot.model.prints import Bias, Print
from bot.render.explanation import explain_text
from bot.render.look import Bands
from bot.render.spans import clock_span
from bot.render.words import (
    BIAS_TAGS,
    KIND_TAGS,
    SIDE_TAGS,
    age,
    clock,
    contract_line,
    money,
    new_york,
    one_line,
    score_tag,
    trimmed,
)

MOST_LINES_OF_A_TICKER = 5
MAX_LINE = 300
"""Characters; a line is cut before it is escaped, so that no escape is cut in two."""


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


@dataclass(slots=True)
class Core:
    """What the answers are made from; handed in, so that a question can change nothing."""

    session: Session
    explain: Callable[[str], Awaitable[Explanation | None]]
    status: Callable[[], StatusReport]
    now_ns: Callable[[], int]
    bands: Bands

    async def answer(self, request: Request, asker: Asker) -> Answer:
        """The answer to one request. Only `why` waits, for the store."""
        now_ns = self.now_ns()
        match request:
            case Top(query):
                return _top(self.session, query, self.bands, now_ns)
            case Ticker(symbol):
                flow = self.session.ticker(symbol)
                return _no_ticker(self.session, symbol, now_ns) if flow is None else self._ticker(flow, now_ns)
            case Why(alert_id):
                explanation = await self.explain(alert_id)
                return _no_alert(alert_id) if explanation is None else _why(explanation, now_ns)
            case Status():
                return _status(self.status(), now_ns)
            case Help(problem):
                return _help(problem)
            case _:
                return trouble("Not yet")

    def _ticker(self, flow: TickerFlow, now_ns: int) -> Answer:
        totals = flow.totals
        tone: Tone = "bull" if totals.bull_usd > totals.bear_usd else "bear" if totals.bear_usd else "neutral"
        biggest = flow.biggest[:MOST_LINES_OF_A_TICKER]
        active = flow.most_active[:MOST_LINES_OF_A_TICKER]
        parts = [
            Part("", _totals(totals)),
            Part("Biggest prints", tuple(print_line(found, self.bands, now_ns) for found in biggest)),
            Part(
                f"Most active contracts (prints from {money(LINE_FROM_USD)})",
                tuple(_contract(flow.ticker, line, now_ns) for line in active),
            ),
        ]
        title = f"{flow.ticker}, {_day(self.session.day, now_ns)}"
        return Answer(title, tuple(part for part in parts if part.lines), tone)


def is_private(request: Request) -> bool:
    """Whether the answer is the asker's own business; Discord wants to know before there is an answer."""
    return isinstance(request, Why | Status | Help)


def trouble(title: str, *lines: str) -> Answer:
    """An answer that is none: what went wrong, and what to try."""
    return Answer(title, (Part("", lines),), "trouble", is_private=True)


def print_line(found: Print, bands: Bands, now_ns: int) -> str:
    """`NVDA 145C 7/17 (21d) · $2.4M · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME · 10:31:05 ET`, without what is missing."""
    kind = KIND_TAGS[found.kind] if found.kind else ""
    side = SIDE_TAGS[found.side] if found.side else ""
    facts = [
        contract_line(found, now_ns),
        "" if found.premium is None else money(found.premium),
        f"{kind} {side}".strip(),
        BIAS_TAGS[found.bias] if found.bias else "",
        "" if found.score is None else score_tag(found.score, bands, is_local=found.score_is_local),
        clock(found.time or new_york(found.received_ns), now_ns),
    ]
    return one_line(" · ".join(fact for fact in facts if fact), MAX_LINE)


def _top(session: Session, query: Query, bands: Bands, now_ns: int) -> Answer:
    found = session.top(query)
    if not found:
        return _nothing(session, query, now_ns)
    lines = tuple(f"{place}. {print_line(each, bands, now_ns)}" for place, each in enumerate(found, 1))
    asked = _asked(query)
    parts = (Part("", lines), *((Part("", (f"Asked for {asked}.",)),) if asked else ()))
    return Answer(f"Top flow, {_day(session.day, now_ns)}", parts)


def _nothing(session: Session, query: Query, now_ns: int) -> Answer:
    summary = session.summary()
    if not summary.totals.prints:
        return _no_prints(now_ns)
    seen = f"{_count(summary.totals.prints, 'print')} on {_count(summary.tickers, 'ticker')}"
    lines = (
        f"None of the {seen} qualifies: {_asked(query)}.",
        "Try a lower min_score or min_premium, or leave an option out.",
    )
    return Answer(f"Nothing like that, {_day(summary.day, now_ns)}", (Part("", lines),), is_private=True)


def _no_prints(now_ns: int) -> Answer:
    if is_open(new_york(now_ns)):
        lines = ("The market is open, so the feeds should be talking: see /flow status.",)
    else:
        lines = ("The market is closed. Regular hours are 9:30 to 16:00 New York; try again then.",)
    return Answer("No prints yet", (Part("", (*lines, "Counting begins anew at each start.")),), is_private=True)


def _no_ticker(session: Session, symbol: str, now_ns: int) -> Answer:
    summary = session.summary()
    if not summary.totals.prints:
        return _no_prints(now_ns)
    lines = (
        f"{symbol} is not among the {_count(summary.tickers, 'ticker')} seen.",
        "Check the symbol; /flow top shows what is busy.",
    )
    return Answer(f"No {symbol} prints, {_day(summary.day, now_ns)}", (Part("", lines),), is_private=True)


def _no_alert(alert_id: str) -> Answer:
    return trouble(
        f"No alert {alert_id}",
        "The id is the eight letters and digits in the alert's footer: copy it from there.",
        "A very old alert may have been forgotten.",
    )


def _why(explanation: Explanation, now_ns: int) -> Answer:
    lines = explain_text(explanation, now_ns).splitlines()
    return Answer(f"Alert {explanation.alert.id}", (Part("", tuple(lines)),), is_private=True)


def _status(report: StatusReport, now_ns: int) -> Answer:
    today = tuple(f"{name}: {count:,}" for name, count in (report.counts_today or {}).items())
    parts = (
        Part("Feeds", tuple(_provider(each, now_ns) for each in report.providers) or ("none configured",)),
        Part("Destinations", tuple(map(_destination, report.destinations)) or ("none configured",)),
        Part("Today", (*today, f"last alert: {_since(report.last_alert_ns, now_ns)}")),
    )
    is_heard = all(feed.status.is_connected for feed in report.providers)
    is_well = is_heard and not any(destination.parked for destination in report.destinations)
    title = f"{'All is well' if is_well else 'Something needs a look'} · up {age((now_ns - report.started_ns) / 1e9)}"
    return Answer(title, parts, "neutral" if is_well else "trouble", is_private=True)


def _provider(report: ProviderReport, now_ns: int) -> str:
    status = report.status
    state = "🟢 connected" if status.is_connected else "🔴 not connected"
    facts = [
        f"{report.name}: {state}",
        {"stream": "", "poll": "polled", "inbound": "posts to us", "replay": "a tape"}[status.mode],
        "delayed" if status.is_delayed else "",
        f"last frame {_since(status.last_frame_ns, now_ns)}",
        status.last_error if not status.is_connected else "",
        _gaps(status, now_ns),
        status.budget,
    ]
    return one_line(" · ".join(fact for fact in facts if fact), MAX_LINE)


def _gaps(status: ProviderStatus, now_ns: int) -> str:
    """`2 gaps (1 not recovered), 31 prints recovered, the last 10:31:05–10:31:40 ET`."""
    recovered, lost, last = status.gaps["recovered"], status.gaps["lost"], status.last_gap
    if not recovered + lost or last is None:
        return ""
    not_recovered = f" ({lost} not recovered)" if lost else ""
    told = f"{_count(recovered + lost, 'gap')}{not_recovered}, {_count(status.recovered, 'print')} recovered"
    return f"{told}, the last {clock_span(last.from_ns, last.to_ns, now_ns)}"


def _destination(report: DestinationReport) -> str:
    state = f"🔴 parked: {report.parked}" if report.parked else "🟢 open"
    return one_line(f"{report.name}: {state} · {report.waiting:,} waiting", MAX_LINE)


def _since(then_ns: int, now_ns: int) -> str:
    return f"{age((now_ns - then_ns) / 1e9)} ago" if then_ns else "never"


def _help(problem: str) -> Answer:
    commands = tuple(
        " ".join([f"/flow {command.name}", *(option.name for option in command.options if option.is_required)])
        + f": {command.about}"
        for command in COMMANDS
    )
    parts = (Part("Commands", commands), Part("Try", EXAMPLES))
    if not problem:
        return Answer("What you can ask", parts, is_private=True)
    return Answer("That did not work", (Part("", (problem,)), *parts), "trouble", is_private=True)


def _totals(totals: Totals) -> tuple[str, ...]:
    by_bias: dict[Bias, float] = {"bull": totals.bull_usd, "bear": totals.bear_usd, "neutral": totals.neutral_usd}
    return (
        f"{_count(totals.prints, 'print')} · calls {money(totals.call_usd)} · puts {money(totals.put_usd)}",
        " · ".join(f"{BIAS_TAGS[bias]} {money(usd)}" for bias, usd in by_bias.items()),
    )


def _contract(ticker: str, line: ContractFlow, now_ns: int) -> str:
    contract = Print(provider="", ticker=ticker, received_ns=0, type=line.type, strike=line.strike, expiry=line.expiry)
    return (
        f"{contract_line(contract, now_ns)} · {money(line.premium_usd)}"
        f" · {_count(line.contracts, 'contract')} in {_count(line.prints, 'print')}"
    )


def _asked(query: Query) -> str:
    """What a query asks, in words; empty where it asks nothing."""
    asked = [
        query.ticker,
        query.type and f"{query.type}s",
        query.side and f"at the {query.side}",
        query.kind and f"{query.kind}s" if query.kind != "single" else "single prints",
        query.sector,
        None if query.min_score is None else f"score from {trimmed(query.min_score, 2)}",
        None if query.min_premium is None else f"premium from {money(query.min_premium)}",
    ]
    return ", ".join(words for words in asked if words)


def _day(day: date | None, now_ns: int) -> str:
    if day is None or day == new_york(now_ns).date():
        return "today"
    return f"{day:%a} {day.month}/{day.day} (the last day with prints)"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
