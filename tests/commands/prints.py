"""A few prints of one New York morning, and a core that knows them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.commands.core import Core, StatusReport
from bot.engine.session import Session
from bot.model.alerts import Alert, Clause, DeliveryRecord, Explanation, RuleHit
from bot.model.prints import Print
from bot.render.look import Bands

MORNING = datetime(2026, 7, 17, 14, 31, 5, tzinfo=UTC)
"""10:31:05 in New York, a Friday."""
NOW = MORNING + timedelta(minutes=5)
HOSTILE = "@everyone <@1> <!channel> *b* `c` [x](http://evil.example) \u202e&"


def ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9


def a_print(**facts: Any) -> Print:
    known: dict[str, Any] = {
        "provider": "tape", "ticker": "NVDA", "received_ns": ns(MORNING), "time": MORNING, "type": "call",
        "strike": 145.0, "expiry": date(2026, 8, 7), "dte": 21, "size": 1200, "premium": 2_400_000.0, "side": "ask",
        "kind": "sweep", "score": 94.0, "bias": "bull", "sector": "Information Technology",
    }  # fmt: skip
    return Print(**(known | facts))


def explanation(alert_id: str = "7kq2m9xd", clause: str = "premium >= $500K") -> Explanation:
    hit = RuleHit("extreme-sweeps", (Clause(clause, "$2.4M", verdict=True),))
    record = DeliveryRecord(alert_id, "whale-room", "sent", ("extreme-sweeps",), 1, ns(MORNING), message_id="55")
    return Explanation(Alert(alert_id, a_print(), (hit,), ns(MORNING)), (record,))


async def nothing_known(alert_id: str) -> Explanation | None:
    del alert_id
    return None


def core(
    *prints: Print,
    explain: Callable[[str], Awaitable[Explanation | None]] = nothing_known,
    status: StatusReport | None = None,
    now: datetime = NOW,
) -> Core:
    session = Session()
    for found in prints:
        session.add(found)
    report = status or StatusReport(started_ns=ns(MORNING))
    return Core(session, explain, lambda: report, lambda: ns(now), Bands())
