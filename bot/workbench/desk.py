"""The desk: what the simulated providers answer to REST questions, from the frames that their streams have sent.

Pure: a path and a query in, an answer out. RadarPulse's shapes are those of its developer guide; OptionWhales' those
seen in its clients. What nobody documents (the heat map, Congress, the abnormal trades' wrapper) is plausible.
"""

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from bot.flow.market import is_open, session_date
from bot.flow.score import score_parts
from bot.workbench.heat import Row, heat, rankings, series
from bot.workbench.wire import Frame

HISTORY = 5_000
"""Frames remembered, the newest."""
EXTREME, ELEVATED, NOTABLE = 85, 70, 55

Query = Mapping[str, str]


class Answer(msgspec.Struct, frozen=True):
    """An HTTP status and the JSON to send with it."""

    status: int
    body: Row


class Desk:
    """Remembers the stream, and answers."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque(maxlen=HISTORY)
        self._routes: dict[str, Callable[[Query, datetime], Answer]] = {
            "/v1/flow/top": self._top,
            "/v1/flow": self._flow,
            "/v1/heatmap": self._heatmap,
            "/v1/flow/heatmap": self._heatmap,
            "/v1/score-explain": self._explain,
            "/v1/congress": self._congress,
            "/v1/flow/current": self._rankings,
            "/v1/momentum/rankings": self._rankings,
            "/v1/abnormal-trades/current": self._abnormal_trades,
        }

    def record(self, frame: Frame) -> None:
        self._frames.append(frame)

    def answer(self, path: str, query: Query, now: datetime) -> Answer:
        """400 for a parameter that cannot be read, 404 for a path that is not served."""
        route = self._routes.get(path) or self._of_ticker(path)
        if route is None:
            return Answer(404, {"error": f"nothing at {path}; served here: {', '.join(self._routes)}, /health"})
        try:
            return route(query, now)
        except ValueError as error:
            return Answer(400, {"error": f"bad parameter: {error}"})

    # --- RadarPulse ---

    def _top(self, query: Query, _now: datetime) -> Answer:
        rows = sorted(_filtered(self._prints(), query), key=lambda row: row["score"], reverse=True)
        return Answer(200, {"data": rows[: _limit(query, 25)]})

    def _flow(self, query: Query, _now: datetime) -> Answer:
        """Pages in order of time; `nextCursor` is there while more follows."""
        since, skip, limit = int(query.get("since", 0)), int(query.get("cursor", 0)), _limit(query, 100)
        rows = [row for row in _filtered(self._prints(), query) if row["timestamp"] >= since]
        page: Row = {"data": rows[skip : skip + limit]}
        if len(rows) > skip + limit:
            page["nextCursor"] = str(skip + limit)
        return Answer(200, page)

    def _heatmap(self, _query: Query, _now: datetime) -> Answer:
        rows = self._prints()
        return Answer(200, {"data": {"sectors": heat(rows, "sector"), "tickers": heat(rows, "ticker")}})

    def _explain(self, query: Query, _now: datetime) -> Answer:
        missing = [name for name in ("ticker", "strike", "type", "expiry") if name not in query]
        if missing:
            return Answer(400, {"error": f"missing: {', '.join(missing)}"})
        wanted = (query["ticker"].upper(), float(query["strike"]), query["type"].upper(), query["expiry"])
        rows = [row for row in self._prints() if _contract(row) == wanted]
        if not rows:
            return Answer(404, {"error": "no scored print of this contract in the current session"})
        return Answer(200, _explained(rows[-1]))

    def _congress(self, query: Query, now: datetime) -> Answer:
        """Filings by people who do not exist."""
        day = session_date(now)
        tickers = [cell["ticker"] for cell in heat(self._prints(), "ticker")[:6]] or ["NVDA", "XOM"]
        rows = [
            {
                "representative": f"Jane Example {number}", "chamber": ("House", "Senate")[number % 2],
                "party": ("D", "R", "I")[number % 3], "ticker": ticker,
                "transactionType": ("Purchase", "Sale (Partial)")[number % 2], "amountRange": "$15,001 - $50,000",
                "transactionDate": (day - timedelta(days=20 + number)).isoformat(),
                "disclosureDate": (day - timedelta(days=number)).isoformat(),
            }
            for number, ticker in enumerate(tickers, 1)
            if query.get("ticker", ticker).upper() == ticker
        ]  # fmt: skip
        return Answer(200, {"data": rows})

    # --- OptionWhales ---

    def _of_ticker(self, path: str) -> Callable[[Query, datetime], Answer] | None:
        """`/v1/flow/current/{ticker}` and `/v1/momentum/{ticker}/history`."""
        match path.removeprefix("/v1/").split("/"):
            case ["flow", "current", ticker]:
                return lambda _, now: self._detail(ticker.upper(), now)
            case ["momentum", ticker, "history"]:
                return lambda _, now: self._history(ticker.upper(), now)
        return None

    def _detail(self, ticker: str, now: datetime) -> Answer:
        rows = [row for row in self._prints() if row["ticker"] == ticker]
        if not rows:
            return Answer(404, {"detail": f"no flow of {ticker} in this session"})
        return Answer(
            200,
            {
                **_session(now), "ranking": rankings(rows)[0], "clusters": [],
                "cluster_trades": rows[-20:], "time_series": series(rows),
            },
        )  # fmt: skip

    def _history(self, ticker: str, now: datetime) -> Answer:
        rows = [row for row in self._prints() if row["ticker"] == ticker]
        history = [{"session": _session(now)["session"], **ranking} for ranking in rankings(rows)]
        return Answer(200, {"history": history})

    def _rankings(self, _query: Query, now: datetime) -> Answer:
        return Answer(200, {**_session(now), "rankings": rankings(self._prints())})

    def _abnormal_trades(self, query: Query, now: datetime) -> Answer:
        """The newest first."""
        envelopes = (_decoded(frame.envelope) for frame in reversed(self._frames))
        trades = [envelope["data"] for envelope in envelopes if envelope is not None]
        wanted = [trade for trade in trades if query.get("ticker", trade.get("ticker")) == trade.get("ticker")]
        return Answer(200, {**_session(now), "trades": wanted[: _limit(query, 100)]})

    def _prints(self) -> list[Row]:
        rows = (_decoded(frame.bare) for frame in self._frames)
        return [row for row in rows if row is not None and _is_sound(row)]


def _decoded(text: str) -> Row | None:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return None


def _is_sound(row: Row) -> bool:
    """Odd frames are part of the stream, not of the answers."""
    numbers = ("premium", "score", "timestamp", "strike")
    return isinstance(row.get("ticker"), str) and all(isinstance(row.get(name), int | float) for name in numbers)


def _filtered(rows: list[Row], query: Query) -> list[Row]:
    ticker = query.get("ticker", "").upper()
    min_score, min_premium = float(query.get("minScore", 0)), float(query.get("minPremium", 0))
    return [
        row
        for row in rows
        if row["score"] >= min_score and row["premium"] >= min_premium and ticker in ("", row["ticker"])
    ]


def _limit(query: Query, default: int) -> int:
    return max(0, min(int(query.get("limit", default)), 1_000))


def _contract(row: Row) -> tuple[str, float, str, str]:
    return row["ticker"], float(row["strike"]), str(row.get("type")), str(row.get("expiry"))


def _explained(row: Row) -> Row:
    parts = score_parts(
        # No open interest: the contract is new, and each of its prints unusual.
        vol_oi=row.get("volOI") or float(row.get("volume") or 0),
        premium=row["premium"],
        dte=row.get("dte") or 0,
        otm_pct=row.get("otmPct") or 0.0,
    )
    names = {"vol_oi": "volOI"}
    points = {names.get(part.name, part.name): round(part.points) for part in parts}
    return {"score": row["score"], "flag": _flag(row["score"]), "scoreParts": points}


def _flag(score: float) -> str:
    bands = ((EXTREME, "EXTREME"), (ELEVATED, "ELEVATED"), (NOTABLE, "NOTABLE"))
    return next((name for least, name in bands if score >= least), "NORMAL")


def _session(now: datetime) -> Row:
    return {"session": session_date(now).isoformat(), "is_live": is_open(now)}
