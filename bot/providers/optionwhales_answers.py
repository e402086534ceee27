"""What OptionWhales' REST answers say, typed. Pure.

Its documentation (Pro API) shows one answer, `/health`. Ranking fields and the names of lists are those that its public
clients use; what nobody shows is read leniently, and each field may be missing. Free keys get fewer rows and fields.
"""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from bot.flow.numbers import number
from bot.model.errors import FrameError, VendorError
from bot.providers.answers import Scalar, day, parse, read, split, texts, told
from bot.providers.pages import Page, Read, page_of


class Ranking(msgspec.Struct, frozen=True):
    """One ticker's intent and momentum: in a ranking, in one session of its history, or in one half hour."""

    ticker: str | None = None
    session: date | None = None
    time: datetime | None = None
    """The beginning of the half hour, aware UTC; its name on the wire is not shown anywhere."""
    momentum_fast: float | None = None
    """Positive: bullish and accelerating. `momentum_slow` is the same, smoothed."""
    momentum_slow: float | None = None
    coherence_last: float | None = None
    """How well the trades agree."""
    strength_last: float | None = None
    """How large their Greeks are together, in dollars."""
    net_delta_last: float | None = None
    net_gamma_last: float | None = None
    net_vega_last: float | None = None
    intent_label: str | None = None
    intent_primary: str | None = None
    """Directional, Gamma, LongVol, ShortVol or Mixed."""
    intent_confidence: float | None = None
    """0 to 1."""
    direction_bias: str | None = None
    """bullish, bearish or neutral."""
    key_strikes: tuple[float, ...] = ()
    """US dollars; on the wire one text, `450.00;400.00`."""


class Rankings(msgspec.Struct, frozen=True):
    """A session's tickers, in the vendor's order; a free key gets three."""

    session: date | None
    is_live: bool | None
    rows: tuple[Ranking, ...]
    skipped: int = 0
    """Rows that could not be read."""


class TickerDetail(msgspec.Struct, frozen=True):
    """One ticker in one session."""

    session: date | None
    is_live: bool | None
    ranking: Ranking | None
    clusters: tuple[Mapping[str, Scalar], ...]
    """Strategies that trades were sorted into; nobody shows their fields, so they are as sent."""
    trades: Page
    """The clusters' trades, under the names of the print vocabulary."""
    time_series: tuple[Ranking, ...]
    skipped: int = 0


class History(msgspec.Struct, frozen=True):
    """One ticker's momentum over sessions, in the vendor's order."""

    ticker: str
    rows: tuple[Ranking, ...]
    skipped: int = 0


class Sessions(msgspec.Struct, frozen=True):
    """The sessions that can be asked for, in the vendor's order."""

    days: tuple[date, ...]
    skipped: int = 0


class AbnormalTrades(msgspec.Struct, frozen=True):
    """A session's abnormal trades: the prints of the stream; a free key gets the last five."""

    session: date | None
    is_live: bool | None
    trades: Page


class Usage(msgspec.Struct, frozen=True):
    """What the vendor says of the key's plan and its use; nobody shows the fields."""

    tier: str | None
    facts: Mapping[str, Scalar]
    """The plain values of the answer, by dotted names, as sent."""


class Health(msgspec.Struct, frozen=True):
    """The documentation, "Health Check"."""

    status: str | None = None
    service: str | None = None
    version: str | None = None
    ws_connections: int | None = None

    @property
    def is_healthy(self) -> bool:
        return self.status == "healthy"


class _Head(msgspec.Struct, frozen=True):
    session: date | None = None
    is_live: bool | None = None


_ALIASES = {
    "ticker": ("symbol",),
    "session": ("session_date", "date"),
    "time": ("timestamp", "ts", "bucket", "bucket_start"),
}


def rankings_of(body: bytes) -> Rankings:
    """A row without a ticker ranks nothing, and is skipped. Raises VendorError: bad_answer."""
    rows, rest = split(body, "rankings", "data")
    head = _head(rest)
    found, skipped = _ranked(rows)
    named = tuple(row for row in found if row.ticker)
    return Rankings(head.session, head.is_live, named, skipped + len(found) - len(named))


def detail_of(found: Mapping[str, object], read_trade: Read) -> TickerDetail:
    """What is missing is empty: a plan may not include it."""
    head = _head(found)
    ranking, skipped = _ranked([found["ranking"]] if found.get("ranking") else [])
    series, more = _ranked(_list(found, "time_series"))
    return TickerDetail(
        session=head.session,
        is_live=head.is_live,
        ranking=ranking[0] if ranking else None,
        clusters=tuple(told(row) for row in _list(found, "clusters")),
        trades=page_of(texts(_list(found, "cluster_trades")), read_trade),
        time_series=series,
        skipped=skipped + more,
    )


def sessions_of(body: bytes) -> Sessions:
    """Dates, or objects that name one. Raises VendorError: bad_answer."""
    rows, _ = split(body, "sessions", "data")
    days, skipped = [], 0
    for row in rows:
        found = parse(row)
        if isinstance(found, dict):
            found = next((found[name] for name in ("session", *_ALIASES["session"]) if name in found), None)
        try:
            days.append(day(found, "session"))
        except FrameError:
            skipped += 1
    return Sessions(tuple(days), skipped)


def history_of(body: bytes, ticker: str) -> History:
    """Raises VendorError: bad_answer."""
    rows, _ = split(body, "history", "sessions", "data", "rankings")
    found, skipped = _ranked(rows)
    return History(ticker, found, skipped)


def trades_of(body: bytes, read_trade: Read) -> AbnormalTrades:
    """Raises VendorError: bad_answer."""
    rows, rest = split(body, "trades", "abnormal_trades", "data")
    head = _head(rest)
    return AbnormalTrades(head.session, head.is_live, page_of(rows, read_trade))


def usage_of(found: Mapping[str, object]) -> Usage:
    """Whatever it says."""
    facts = told(found)
    tier = next((value for name in ("tier", "plan") if isinstance(value := facts.get(name), str)), None)
    return Usage(tier, facts)


def health_of(found: Mapping[str, object]) -> Health:
    """Raises VendorError: bad_answer."""
    try:
        return read(found, Health)
    except FrameError as error:
        raise VendorError("bad_answer", f"the health cannot be read: {error.detail}") from None


def _ranked(rows: list[bytes] | list[object]) -> tuple[tuple[Ranking, ...], int]:
    ranked, skipped = [], 0
    for row in rows:
        try:
            found = parse(row) if isinstance(row, bytes) else row
            ranking = read(found, Ranking, _ALIASES)
            ranked.append(msgspec.structs.replace(ranking, key_strikes=_strikes(found)))
        except (FrameError, VendorError):
            skipped += 1
    return tuple(ranked), skipped


def _strikes(found: object) -> tuple[float, ...]:
    """`450.00;400.00`, a list, or nothing. Raises FrameError."""
    sent = found.get("key_strikes") if isinstance(found, dict) else None
    parts = sent.split(";") if isinstance(sent, str) else sent if isinstance(sent, list) else []
    return tuple(number(part, "key_strikes") for part in parts if part not in ("", None))


def _head(rest: Mapping[str, object]) -> _Head:
    """The session, as far as it is told; a wrapper that cannot be read costs no row."""
    try:
        return read(rest, _Head)
    except FrameError:
        return _Head()


def _list(found: Mapping[str, object], name: str) -> list[object]:
    rows = found.get(name)
    return rows if isinstance(rows, list) else []
