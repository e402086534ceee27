"""`explain`: why an alert fired, clause by clause, and what became of it."""

from bot.model.alerts import Alert, Clause, DeliveryRecord, Explanation, RuleHit, Suppressed
from bot.model.prints import ScorePart
from bot.render.explanation import explain_text
from tests.render.samples import NVDA, RECEIVED_NS, SPARSE, altered


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
        DeliveryRecord(
            "a1b2c3d4", "desk", "sent", ("extreme-sweeps",), 1, RECEIVED_NS + 10**9, "17.1", "https://x.example/p1"
        ),
        DeliveryRecord(
            "a1b2c3d4",
            "hook",
            "dead",
            ("extreme-sweeps",),
            2,
            RECEIVED_NS,
            reason="HTTP 404: Unknown Webhook (code 10015)",
        ),
        DeliveryRecord("a1b2c3d4", "late", "queued", ("extreme-sweeps",), 0, RECEIVED_NS),
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


def test_repeats_and_digests_in_words() -> None:
    """How many prints a message stands for, why an alert is in a digest or goes to one, and what an edit showed."""
    alert = Alert("a1b2c3d4", SPARSE, (), RECEIVED_NS)
    deliveries = (
        DeliveryRecord("a1b2c3d4", "desk", "sent", (), 1, RECEIVED_NS, "17.1", repeats=6),
        DeliveryRecord("a1b2c3d4", "once", "sent", (), 1, RECEIVED_NS, repeats=1),
        DeliveryRecord("a1b2c3d4", "room", "digested", (), 1, RECEIVED_NS, "17.2", overflow="stale"),
        DeliveryRecord("a1b2c3d4", "night", "queued", (), 0, RECEIVED_NS, overflow="hours"),
        DeliveryRecord("a1b2c3d4", "full", "queued", (), 0, RECEIVED_NS, overflow="budget"),
        DeliveryRecord("a1b2c3d4", "busy", "dead", (), 1, RECEIVED_NS, reason="HTTP 400", overflow="backlog"),
    )
    suppressed = (Suppressed("", "repeat", 6), Suppressed("whales", "repeat", 1200))
    text = explain_text(Explanation(alert, deliveries, suppressed), RECEIVED_NS + 2 * 10**9)
    assert text.splitlines()[4:] == [
        "deliveries",
        "  desk: sent, ×7 (6 repeats), 1 attempt, 10:31:05 ET, 2 s ago, message 17.1",
        "  once: sent, ×2 (1 repeat), 1 attempt, 10:31:05 ET, 2 s ago",
        "  room: digested, waited too long, 1 attempt, 10:31:05 ET, 2 s ago, message 17.2",
        "  night: queued, for the digest: outside active hours, 10:31:05 ET, 2 s ago",
        "  full: queued, for the digest: over the hourly budget, 10:31:05 ET, 2 s ago",
        "  busy: dead, for the digest: behind the backlog, 1 attempt, 10:31:05 ET, 2 s ago, HTTP 400",
        "",
        "kept quiet since",
        "  6 × repeat (shown by editing the message)",
        "  1,200 × repeat (whales, shown by editing the message)",
    ]


def test_a_cancelled_trade_in_words() -> None:
    """Of what waited, and of what was posted, where a reason of its own stays readable."""
    alert = Alert("a1b2c3d4", SPARSE, (), RECEIVED_NS)
    deliveries = (
        DeliveryRecord("a1b2c3d4", "desk", "sent", (), 1, RECEIVED_NS, "17.1", reason="the trade was cancelled"),
        DeliveryRecord("a1b2c3d4", "room", "expired", (), 0, RECEIVED_NS, reason="the trade was cancelled"),
    )
    text = explain_text(Explanation(alert, deliveries), RECEIVED_NS + 2 * 10**9)
    assert text.splitlines()[5:] == [
        "  desk: sent, 1 attempt, 10:31:05 ET, 2 s ago, the trade was cancelled, message 17.1",
        "  room: expired, 10:31:05 ET, 2 s ago, the trade was cancelled",
    ]


def test_a_recovered_print_is_late_as_it_was_not_as_it_is_read() -> None:
    """Asking a day later makes no alert a day late."""
    alert = Alert("a1b2c3d4", altered(NVDA, is_recovered=True), (), RECEIVED_NS + 192 * 10**9)
    text = explain_text(Explanation(alert, ()), RECEIVED_NS + 86_400 * 10**9)
    assert text.splitlines()[1].endswith(" · ⏰ LATE 3m12s")


def test_an_alert_that_went_nowhere() -> None:
    """All of its destinations were taken out of the configuration."""
    text = explain_text(Explanation(Alert("a1b2c3d4", NVDA, (), RECEIVED_NS), ()), RECEIVED_NS)
    assert text.splitlines()[-1] == "no deliveries"
