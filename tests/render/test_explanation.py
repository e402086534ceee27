"""`explain`: why an alert fired, clause by clause, and what became of it."""

from bot.model.alerts import Alert, Clause, DeliveryRecord, Explanation, RuleHit, Suppressed
from bot.model.prints import ScorePart
from bot.render.explanation import explain_text
from tests.render.samples import NVDA, RECEIVED_NS, altered


def test_the_whole_story() -> None:
    """Every clause with its mark and value, groups indented, score parts, deliveries, and what was kept quiet."""
    found = altered(
        NVDA, score_is_local=True, score_parts=(ScorePart("vol/OI", 34.0, 40.0, 12.3), ScorePart("otm", 13, 10))
    )
    why = (
        Clause("premium >= $500K", "$2.4M", verdict=True),
        Clause("any", "", True, (Clause("otm_pct <= 3", "3.6%", False), Clause("iv > 40%", "missing", None))),
    )
    alert = Alert("a1b2c3d4", found, (RuleHit("extreme-sweeps", why),), RECEIVED_NS)
    deliveries = (
        DeliveryRecord("desk", "sent", ("extreme-sweeps",), 1, RECEIVED_NS + 10**9, "17.1", "https://x.example/p1"),
        DeliveryRecord(
            "hook", "dead", ("extreme-sweeps",), 2, RECEIVED_NS, reason="HTTP 404: Unknown Webhook (code 10015)"
        ),
        DeliveryRecord("late", "queued", ("extreme-sweeps",), 0, RECEIVED_NS),
    )
    suppressed = (Suppressed("extreme-sweeps", "cooldown", 3), Suppressed("", "duplicate", 1))
    text = explain_text(Explanation(alert, deliveries, suppressed), RECEIVED_NS + 100 * 10**9)
    assert text.splitlines() == [
        "a1b2c3d4  NVDA 145C 7/17 (21d) · $2.4M",
        "🏆 GOLDEN SWEEP · ⚡ SWEEP @ASK · 🐂 BULL · 94 EXTREME (local)",
        "decided 10:31:05 ET, 1 min 40 s ago",
        "",
        "rule extreme-sweeps",
        "  ✓ premium >= $500K  ($2.4M)",
        "  ✓ any",
        "    ✗ otm_pct <= 3  (3.6%)",
        "    ? iv > 40%  (missing)",
        "",
        "score (local)",
        "  vol/OI: 34 of 40  (from 12.3)",
        "  otm: 13 of 10",
        "",
        "deliveries",
        "  desk: sent, 1 attempt, 10:31:06 ET, 1 min 39 s ago, https://x.example/p1",
        "  hook: dead, 2 attempts, 10:31:05 ET, 1 min 40 s ago, HTTP 404: Unknown Webhook (code 10015)",
        "  late: queued, 10:31:05 ET, 1 min 40 s ago",
        "",
        "kept quiet since",
        "  3 × cooldown (extreme-sweeps)",
        "  1 × duplicate",
    ]


def test_an_alert_that_went_nowhere() -> None:
    """All of its destinations were taken out of the configuration."""
    text = explain_text(Explanation(Alert("a1b2c3d4", NVDA, (), RECEIVED_NS), ()), RECEIVED_NS)
    assert text.splitlines()[-1] == "no deliveries"
