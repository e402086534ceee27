"""Prints, alerts and deliveries for tests: one good example of each, changed by keyword."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec

from bot.model.alerts import Alert, Batch, Clause, Delivery, RuleHit
from bot.model.matches import Match, Route
from bot.model.prints import Print

NOON_NS = 1_784_217_600_000_000_000  # 2026-07-16 16:00:00 UTC, noon in New York

NVDA = Print(
    provider="radarpulse",
    ticker="NVDA",
    received_ns=NOON_NS,
    type="call",
    strike=145.0,
    expiry=date(2026, 8, 7),
    dte=22,
    size=2400,
    open_interest=1200,
    vol_oi=2.0,
    premium=2_400_000.0,
    price=10.0,
    side="ask",
    kind="sweep",
    otm_pct=3.5,
    spot=140.1,
    iv=0.45,
    score=94.0,
    bias="bull",
    sector="Information Technology",
    time=datetime(2026, 7, 16, 15, 59, 59, 900_000, tzinfo=UTC),
)


def a_print(**changes: Any) -> Print:
    return msgspec.structs.replace(NVDA, **changes)


def a_route(rule: str = "whales", **changes: Any) -> Route:
    route = Route(
        rule=rule,
        send_to=("desk",),
        priority="normal",
        mentions=(),
        cooldown_s=0.0,
        cooldown_by="contract",
        explain=lambda found: (Clause("premium >= $1M", "$2.4M", verdict=True),),
    )
    return msgspec.structs.replace(route, **changes)


def a_match(found: Print = NVDA, *routes: Route) -> Match:
    return Match(found, routes or (a_route(),))


def an_alert(found: Print = NVDA, **changes: Any) -> Alert:
    hits = (RuleHit("whales", (Clause("premium >= $1M", "$2.4M", verdict=True),)),)
    return msgspec.structs.replace(Alert("k3v9x2ab", found, hits, created_ns=found.received_ns), **changes)


def a_delivery(found: Print = NVDA, destination: str = "desk", **changes: Any) -> Delivery:
    return msgspec.structs.replace(Delivery(an_alert(found), destination, rules=("whales",)), **changes)


def a_batch(*deliveries: Delivery, destination: str = "desk", **changes: Any) -> Batch:
    batch = Batch("b0" * 12, destination, deliveries or (a_delivery(),), frozen_ns=NOON_NS)
    return msgspec.structs.replace(batch, **changes)
