"""Sums over a session's prints: premium by sector and ticker, and the ranking of tickers by momentum.

The momentum of the real provider is a model of its own; this one only has its shape.
"""

from typing import Any

HALF_HOUR_MS = 1_800_000

Row = dict[str, Any]
"""A print in RadarPulse's spelling."""


def heat(rows: list[Row], by: str) -> list[Row]:
    """Premium by sector or ticker, the hottest first."""
    cells: dict[str, Row] = {}
    for row in rows:
        name = row.get(by)
        if not isinstance(name, str):
            continue
        cell = cells.setdefault(name, {by: name, "prints": 0, "premium": 0, "callPremium": 0, "putPremium": 0})
        cell["prints"] += 1
        cell["premium"] += row["premium"]
        cell["callPremium" if row.get("type") == "CALL" else "putPremium"] += row["premium"]
    return sorted(cells.values(), key=lambda cell: cell["premium"], reverse=True)


def rankings(rows: list[Row]) -> list[Row]:
    """One ranking a ticker, the strongest first."""
    by_ticker: dict[str, list[Row]] = {}
    for row in rows:
        by_ticker.setdefault(row["ticker"], []).append(row)
    ranked = [_ranking(ticker, its) for ticker, its in by_ticker.items()]
    return sorted(ranked, key=lambda ranking: float(ranking["strength_last"]), reverse=True)


def series(rows: list[Row]) -> list[Row]:
    """One ticker's ranking in each half hour, the earliest first."""
    halves: dict[int, list[Row]] = {}
    for row in rows:
        halves.setdefault(int(row["timestamp"]) // HALF_HOUR_MS * HALF_HOUR_MS, []).append(row)
    return [{"timestamp": begins, **rankings(its)[0]} for begins, its in sorted(halves.items())]


def _ranking(ticker: str, rows: list[Row]) -> Row:
    """One line of the momentum ranking: which way the premium of a ticker leans, and how firmly."""
    signs = {"BULL": 1, "BEAR": -1}
    total = sum(row["premium"] for row in rows)
    net = sum(row["premium"] * signs.get(str(row.get("bias")), 0) for row in rows)
    coherence = round(abs(net) / total, 3) if total else 0.0
    direction = "neutral" if coherence < 0.2 else "bullish" if net > 0 else "bearish"
    strikes: dict[float, float] = {}
    for row in rows:
        strikes[row["strike"]] = strikes.get(row["strike"], 0) + row["premium"]
    key_strikes = sorted(strikes, key=lambda strike: strikes[strike], reverse=True)[:2]
    return {
        "ticker": ticker,
        "momentum_fast": round(net / 1e6, 3),
        "momentum_slow": round(net / 3e6, 3),
        "coherence_last": coherence,
        "strength_last": round(total / 1e6, 3),
        "intent_label": f"{direction} flow",
        "intent_primary": "Directional" if coherence >= 0.5 else "Mixed",
        "intent_confidence": coherence,
        "direction_bias": direction,
        "key_strikes": ";".join(f"{strike:.2f}" for strike in key_strikes),
    }
