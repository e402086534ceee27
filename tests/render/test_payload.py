"""The JSON that webhooks receive: what the README promises to receivers, and its size."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.model.alerts import Batch
from bot.render.payload import FACTS, MAX_BYTES, body, fit
from tests.render.samples import NVDA, RECEIVED_NS, SIX_MORE, SPARSE, altered, batch, delivery, digest, notice, report

VOCABULARY = Path(__file__).parents[2] / "docs" / "vocabulary.md"


def content(one: Batch) -> dict[str, Any]:
    found = json.loads(body(one))
    assert isinstance(found, dict)
    return found


def test_an_alert_with_every_fact() -> None:
    """In the print vocabulary, with times in ISO 8601; amounts and counts are numbers."""
    found = altered(NVDA, received_ns=RECEIVED_NS + 123_456_789, provider_id="p-1", notes=("odd",))
    assert content(batch(delivery(found))) == {
        "type": "alerts",
        "id": "batch0001",
        "destination": "room",
        "created_at": "2026-06-26T14:31:05Z",
        "alerts": [
            {
                "id": "a1b2c3d4",
                "rules": ["extreme-sweeps"],
                "priority": "normal",
                "is_test": False,
                "created_at": "2026-06-26T14:31:05.123456Z",
                "print": {
                    "ticker": "NVDA",
                    "type": "call",
                    "strike": 145.0,
                    "expiry": "2026-07-17",
                    "dte": 21,
                    "size": 1200,
                    "volume": 5000,
                    "open_interest": 406,
                    "vol_oi": 12.3,
                    "premium": 2400000.0,
                    "price": 20.0,
                    "side": "ask",
                    "kind": "sweep",
                    "otm_pct": 3.6,
                    "spot": 140.0,
                    "iv": 0.45,
                    "score": 94.0,
                    "bias": "bull",
                    "sector": "Information Technology",
                    "time": "2026-06-26T14:31:05Z",
                    "session": None,
                    "time_of_day": None,
                    "opening": None,
                    "multi_leg": None,
                    "provider": "radarpulse",
                    "provider_id": "p-1",
                    "contract": "NVDA260717C00145000",
                    "score_is_local": False,
                    "is_delayed": False,
                    "is_recovered": False,
                    "notes": ["odd"],
                    "received_at": "2026-06-26T14:31:05.123456Z",
                },
                "why": [
                    {
                        "rule": "extreme-sweeps",
                        "clauses": [{"text": "premium >= $500K", "value": "$2.4M", "verdict": True, "parts": []}],
                        "evidence": None,
                    }
                ],
                "repeats": None,
            }
        ],
    }


def test_a_missing_fact_is_null() -> None:
    """Every name is there, whatever the print lacks."""
    (alert,) = content(batch(delivery(SPARSE)))["alerts"]
    given = {name: value for name, value in alert["print"].items() if value is not None}
    assert given == {
        "ticker": "AAPL",
        "premium": 950000.0,
        "side": "ask",
        "provider": "optionwhales",
        "score_is_local": False,
        "is_delayed": False,
        "is_recovered": False,
        "notes": [],
        "received_at": "2026-06-26T14:31:05Z",
    }
    assert list(alert["print"])[:24] == list(FACTS)


def test_the_names_are_those_of_the_vocabulary() -> None:
    """All of the document's, in its order."""
    documented = re.findall(r"^\| `(\w+)` \|", VOCABULARY.read_text(encoding="utf-8"), re.MULTILINE)
    assert documented[:24] == list(FACTS)


def test_only_the_rules_that_send_here_are_explained() -> None:
    """Another rule's clauses are another destination's business; a rule without a record has none."""
    (alert,) = content(batch(delivery(rules=("puts",))))["alerts"]
    assert alert["rules"] == ["puts"]
    assert alert["why"] == [{"rule": "puts", "clauses": [], "evidence": None}]


def test_repeats_are_counted() -> None:
    """Further prints, without the alert's own."""
    (alert,) = content(batch(delivery(repeats=SIX_MORE)))["alerts"]
    assert alert["repeats"] == {"count": 6, "premium": 700000.0, "last_at": "2026-06-26T14:33:06Z"}


def test_a_digest() -> None:
    """Sums, tickers, the best few as whole alerts, and why they were not sent one by one."""
    found = content(digest())
    assert {name: found[name] for name in ("type", "id")} == {"type": "digest", "id": "d1g3st00xyz"}
    inside = found["digest"]
    assert [alert["id"] for alert in inside.pop("top")] == ["a1b2c3d4", "b1b2c3d4"]
    assert inside == {
        "count": 1234,
        "premium": 310000000.0,
        "first_at": "2026-06-26T13:30:01Z",
        "last_at": "2026-06-26T13:34:12Z",
        "by_bias": {
            "neutral": {"count": 34, "premium": 10000000.0},
            "bear": {"count": 400, "premium": 90000000.0},
            "bull": {"count": 800, "premium": 210000000.0},
        },
        "tickers": [
            {
                "ticker": "NVDA",
                "count": 120,
                "premium": 50000000.0,
                "by_bias": {
                    "bull": {"count": 90, "premium": 40000000.0},
                    "bear": {"count": 30, "premium": 10000000.0},
                },
            },
            {"ticker": "SPX", "count": 2, "premium": 4500000.0, "by_bias": {}},
        ],
        "ticker_count": 36,
        "why": {"backlog": 34, "stale": 1200},
    }


def test_a_notice() -> None:
    """Its words as they are."""
    assert content(notice())["notice"] == {
        "title": "desk is parked: Slack refuses it",
        "lines": ["channel_is_archived", "3 deliveries wait. Flowbot tries again every 5 minutes."],
    }


def test_a_report() -> None:
    """Its words as they are; without its picture, which the lines tell, and its buttons, which nobody could press."""
    found = content(report())
    assert {name: found[name] for name in ("type", "id", "created_at")} == {
        "type": "report",
        "id": "4ep04t00xyz",
        "created_at": "2026-06-26T14:31:05Z",
    }
    assert found["report"] == {
        "title": "Midday recap, Fri 6/26",
        "tone": "bull",
        "parts": [
            {"heading": "", "lines": ["1,234 prints · calls $210M · puts $100M", "🐂 BULL $200M · 🐻 BEAR $90M"]},
            {"heading": "Top tickers", "lines": ["NVDA $50M (120)", "SPX $4.5M (2)"]},
        ],
        "source": "this session's prints",
    }


def test_nothing_that_is_no_json() -> None:
    """No NaN, which receivers' parsers refuse: it is null."""
    (alert,) = content(batch(delivery(altered(NVDA, iv=float("nan"), spot=float("inf")))))["alerts"]
    assert (alert["print"]["iv"], alert["print"]["spot"]) == (None, None)


@pytest.mark.parametrize(("length", "expected"), [(10, 50), (20_000, 12), (400_000, 1)])
def test_how_much_fits(length: int, expected: int) -> None:
    """Fifty alerts, or as many as 256 KiB hold, but at least one."""
    waiting = [delivery(altered(NVDA, notes=("x" * length,)))] * 60
    assert fit(waiting) == expected
    if expected > 1:
        assert len(body(batch(*waiting[:expected]))) <= MAX_BYTES


def test_nothing_fits_nothing() -> None:
    """The port's words hold for an empty sequence too."""
    assert fit([]) == 0
