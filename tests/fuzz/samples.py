"""One frame of each feed, as its documents show it, by the reader's name."""

from typing import Any

SAMPLES: dict[str, Any] = {
    "radarpulse": {
        "ticker": "NVDA", "type": "CALL", "strike": 145, "expiry": "2026-07-18", "dte": 22, "volume": 2400,
        "openInterest": 1200, "volOI": 2.0, "premium": 2400000, "side": "ASK", "kind": "SWEEP", "otmPct": 3.5,
        "spot": 140.1, "iv": 0.45, "score": 94, "bias": "BULL", "sector": "Technology", "timestamp": 1784217590000,
        "scoreParts": {"volOI": 34, "premium": 28, "dte": 16, "otm": 13},
    },
    "optionwhales": {"type": "abnormal_trade", "data": {"ticker": "AAPL", "side": "BUY", "premium": 1250000}},
    "unusual_whales_flow_alerts": [
        "flow-alerts",
        {
            "id": "8efa", "rule_name": "RepeatedHits", "ticker": "JD", "option_chain": "JD250523P00034000",
            "underlying_price": 33.74, "volume": 815, "total_size": 341, "total_premium": 29326.0,
            "total_ask_side_prem": 16598.0, "total_bid_side_prem": 12728.0, "start_time": 1747419586888, "price": 0.86,
            "has_multileg": False, "has_sweep": False, "has_floor": False, "open_interest": 920,
            "volume_oi_ratio": 0.0, "executed_at": 1747419586893, "bid": "0.84", "ask": "0.87",
        },
    ],
    "unusual_whales_option_trades": [
        "option_trades",
        {
            "id": "x", "underlying_symbol": "TSLA", "executed_at": 1747419592926, "nbbo_bid": "0.07",
            "nbbo_ask": "0.08", "size": 1, "price": "0.07", "option_symbol": "TSLA250516C00355000",
            "tags": ["bid_side", "bearish"], "expiry": "2025-05-16", "option_type": "call", "open_interest": 30726,
            "strike": "355", "premium": "7.00", "volume": 162849, "underlying_price": "347.17",
            "implied_volatility": "0.0478", "exchange": "GMNI",
        },
    ],
    "massive_option_trades": [
        {
            "ev": "T", "sym": "O:SPXW251208C06840000", "x": 302, "p": 5.5, "s": 1, "c": [236], "t": 1765227583506,
            "q": 1864261653,
        }
    ],
    "tradier_timesale": {
        "type": "timesale", "symbol": "SPY251219C00500000", "bid": "2.08", "ask": "2.09", "last": "2.09",
        "size": "100", "date": "1557758874355", "cancel": False, "correction": False,
    },
    "thetadata_trades": {
        "header": {"type": "TRADE"},
        "contract": {"root": "SPY", "expiration": 20260102, "strike": 100000, "right": "C"},
        "trade": {"ms_of_day": 36000000, "sequence": 1, "size": 10, "price": 1.5, "date": 20251222},
    },
    "benzinga_option_activity": {
        "option_activity": [
            {
                "id": "1", "date": "2026-07-16", "time": "10:31:05", "ticker": "AMD", "sentiment": "BULLISH",
                "aggressor_ind": "0.9", "option_symbol": "AMD260717C00150000", "cost_basis": "120000",
                "put_call": "CALL", "strike_price": "150", "price": "1.2", "size": "1000",
                "date_expiration": "2026-07-17", "option_activity_type": "SWEEP", "trade_count": "9",
                "open_interest": "500", "volume": "2000", "bid": "1.15", "ask": "1.2", "midpoint": "1.175",
            }
        ]
    },
}  # fmt: skip
