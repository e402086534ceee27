"""A request as the text that is read back to it: what a button says, and what a record keeps. Pure."""

import re

from bot.commands.requests import (
    Audit,
    Congress,
    Deliveries,
    Heatmap,
    Help,
    Intent,
    Momentum,
    MuteFor,
    Mutes,
    Pause,
    Personal,
    Question,
    Reload,
    Report,
    Request,
    Resume,
    Retry,
    Rules,
    SendTest,
    Snooze,
    Status,
    Steering,
    Ticker,
    Top,
    Unmute,
    Unusual,
    WatchAdd,
    WatchList,
    WatchRemove,
    Why,
)
from bot.config.units import EXPONENTS, parse_money, write_duration
from bot.engine.session import Query

_USUAL = Query()
_PLAIN = re.compile(r"[A-Za-z0-9][^=<>!\"']*")


def says_of(request: Request, *, page: int | None = None) -> str:
    """`flow top ticker=NVDA page=2`, of which `reading.read_says` makes the same request; on another page, if told.

    Nobody can ask for a report: it says nothing. Of help, the problem is left out.
    """
    if isinstance(request, Steering):
        return _steering(request, page)
    return _personal(request) if isinstance(request, Personal) else _question(request, page)


def _question(request: Question, page: int | None) -> str:
    match request:
        case Top(query, at):
            return _line("flow top", **_query(query), page=_page(page or at))
        case Unusual(query, at):
            return _line("flow unusual", **_query(query), page=_page(page or at))
        case Momentum(ticker, at) | Intent(ticker, at) | Congress(ticker, at):
            return _line(f"flow {type(request).__name__.lower()}", ticker=ticker, page=_page(page or at))
        case Ticker(symbol):
            return f"flow ticker {symbol}"
        case Why(alert):
            return f"flow why {alert}"
        case Heatmap(by):
            return _line("flow heatmap", by=by)
        case Status():
            return "flow status"
        case Help(command=command):
            return f"{command} help"
        case Report():
            return ""


def _personal(request: Personal) -> str:
    match request:
        case WatchAdd(text, _, cooldown_s):
            return _line(f"watch add {text}", cooldown=None if cooldown_s is None else write_duration(cooldown_s))
        case WatchRemove(watch):
            return f"watch remove {watch or 'all'}"
        case WatchList():
            return "watch list"
        case Snooze(for_s):
            return f"snooze {'off' if for_s is None else write_duration(for_s)}"


def _steering(request: Steering, page: int | None) -> str:
    match request:
        case MuteFor(kind, name, for_s, reason):
            return f"flowadmin mute {kind} {name} for {write_duration(for_s)}{_reason(reason)}"
        case Unmute(kind, name):
            return f"flowadmin unmute {kind} {name}"
        case Mutes():
            return "flowadmin list"
        case SendTest(destination):
            return f"flowadmin test {destination}"
        case Pause(for_s, reason):
            if for_s is None:
                return _line("flowadmin pause", reason=reason)
            return f"flowadmin pause for {write_duration(for_s)}{_reason(reason)}"
        case Deliveries(state, destination, at):
            return _line("flowadmin deliveries", state=state, destination=destination, page=_page(page or at))
        case Retry(wanted):
            return f"flowadmin retry {wanted}"
        case Rules(at) | Audit(at):
            return _line(f"flowadmin {type(request).__name__.lower()}", page=_page(page or at))
        case Reload() | Resume():
            return f"flowadmin {type(request).__name__.lower()}"


def _reason(text: str) -> str:
    """As people type it behind a duration, unless it looks like something else."""
    if _PLAIN.fullmatch(text):
        return f" {text}"
    return f' reason="{text}"' if text else ""


def _line(command: str, **options: str | None) -> str:
    said = [
        f'{name}="{value}"' if " " in value or name == "reason" else f"{name}={value}"
        for name, value in options.items()
        if value
    ]
    return " ".join([command, *said])


def _page(number: int) -> str | None:
    return str(number) if number > 1 else None


def _query(query: Query) -> dict[str, str | None]:
    return {
        "limit": None if query.limit == _USUAL.limit else str(query.limit),
        "min_score": None if query.min_score is None else repr(query.min_score).removesuffix(".0"),
        "min_premium": None if query.min_premium is None else _money(query.min_premium),
        "ticker": query.ticker,
        "sector": query.sector,
        "side": query.side,
        "kind": query.kind,
        "type": query.type,
        "dte": None if query.dte is None else f"{query.dte[0]}-{query.dte[1]}",
    }


def _money(usd: float) -> str:
    """The shortest that means exactly this: `1.2m`."""
    written = [repr(usd).removesuffix(".0")]
    written += [f"{usd / float(f'1{power}'):.15g}{unit}" for unit, power in EXPONENTS.items() if unit]
    return min((text for text in written if "e" not in text and parse_money(text) == usd), key=len, default=written[0])
