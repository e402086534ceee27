"""An alert that is made up, to see that a destination works: everything it can show, marked TEST."""

from datetime import UTC, datetime, timedelta

from bot.flow.market import new_york
from bot.model.alerts import Alert, Clause, RuleHit
from bot.model.matches import Match, Route
from bot.model.prints import Print


def example_print(now_ns: int, source: str) -> Print:
    """A print that never was; `source` says what made it up: `flowbot send-test`."""
    now = datetime.fromtimestamp(now_ns / 1e9, UTC)
    today = new_york(now).date()
    expiry = today + timedelta(days=21 + (4 - today.weekday()) % 7)
    return Print(
        provider="test", provider_id=str(now_ns), ticker="NVDA", received_ns=now_ns, type="call", strike=145.0,
        expiry=expiry, dte=(expiry - today).days, size=2400, volume=5100, open_interest=1200, vol_oi=4.25,
        premium=2_400_000.0, price=10.0, side="ask", kind="sweep", otm_pct=3.5, spot=140.1, iv=0.45, score=94.0,
        bias="bull", sector="Information Technology", time=now, notes=(f"a made-up print, sent by `{source}`",),
    )  # fmt: skip


def example_alert(now_ns: int, source: str) -> Alert:
    """Its alert, for whoever sends it past the store."""
    hit = RuleHit("test", (_clause(source),))
    return Alert("test0000", example_print(now_ns, source), (hit,), created_ns=now_ns, is_test=True)


def example_match(now_ns: int, source: str, send_to: str) -> Match:
    """A match that becomes such an alert at the destination `send_to`, by the way that all alerts go."""
    route = Route(
        rule="test",
        send_to=(send_to,),
        priority="high",
        mentions=(),
        cooldown_s=0.0,
        cooldown_by="rule",
        explain=lambda _: (_clause(source),),
    )
    return Match(example_print(now_ns, source), (route,), is_test=True)


def _clause(source: str) -> Clause:
    return Clause(f"{source} was run", "yes", verdict=True)
