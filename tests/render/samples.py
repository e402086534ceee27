"""Prints, alerts and batches as the tests of messages need them, with hand-written facts."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec

from bot.model.alerts import (
    Alert,
    Batch,
    Clause,
    Delivery,
    Digest,
    Flow,
    Notice,
    Repeats,
    RuleHit,
    TickerFlow,
)
from bot.model.answers import Answer, Button, Part, Picture
from bot.model.prints import Print

TRADED = datetime(2026, 6, 26, 14, 31, 5, tzinfo=UTC)
"""10:31:05 in New York, a Friday."""
RECEIVED_NS = 1_782_484_265_000_000_000
"""The same moment in unix nanoseconds."""
NOW_NS = RECEIVED_NS + 42_000_000

NVDA = Print(
    provider="radarpulse",
    ticker="NVDA",
    received_ns=RECEIVED_NS,
    type="call",
    strike=145.0,
    expiry=date(2026, 7, 17),
    dte=21,
    size=1200,
    volume=5000,
    open_interest=406,
    vol_oi=12.3,
    premium=2_400_000.0,
    price=20.0,
    side="ask",
    kind="sweep",
    otm_pct=3.6,
    spot=140.0,
    iv=0.45,
    score=94.0,
    bias="bull",
    sector="Information Technology",
    time=TRADED,
)
SPARSE = Print(provider="optionwhales", ticker="AAPL", received_ns=RECEIVED_NS, side="ask", premium=950_000.0)
HOSTILE_TEXT = "@everyone <@&1> <!channel> <@U1> [x](https://evil.example) `*_~|\\ \x1b[31m\n# big & <b>"


def altered(found: Print, **changes: Any) -> Print:
    return msgspec.structs.replace(found, **changes)


def alert(found: Print = NVDA, id: str = "a1b2c3d4", *, is_test: bool = False) -> Alert:  # noqa: A002 the model's word
    hit = RuleHit("extreme-sweeps", (Clause("premium >= $500K", "$2.4M", verdict=True),))
    return Alert(id, found, (hit,), found.received_ns, is_test)


def delivery(
    found: Print = NVDA,
    id: str = "a1b2c3d4",  # noqa: A002 the model's word
    *,
    rules: tuple[str, ...] = ("extreme-sweeps",),
    mentions: tuple[str, ...] = (),
    is_test: bool = False,
    repeats: Repeats | None = None,
    is_cancelled: bool = False,
) -> Delivery:
    told = alert(found, id, is_test=is_test)
    return Delivery(told, "room", rules, mentions=mentions, repeats=repeats, is_cancelled=is_cancelled)


def batch(*deliveries: Delivery, id: str = "batch0001") -> Batch:  # noqa: A002 the model's word
    return Batch(id, "room", deliveries or (delivery(),), RECEIVED_NS)


SECOND = 1_000_000_000
SIX_MORE = Repeats(6, 700_000.0, RECEIVED_NS + 121 * SECOND)
"""After NVDA's $2.4M: seven prints, $3.1M in two minutes."""
DIGEST = Digest(
    total=Flow(1234, 310_000_000.0),
    first_ns=RECEIVED_NS - 3664 * SECOND,  # 09:30:01 in New York
    last_ns=RECEIVED_NS - 3413 * SECOND,  # 09:34:12
    by_bias={"neutral": Flow(34, 10e6), "bear": Flow(400, 90e6), "bull": Flow(800, 210e6)},
    tickers=(
        TickerFlow("NVDA", Flow(120, 50e6), {"bull": Flow(90, 40e6), "bear": Flow(30, 10e6)}),
        TickerFlow("SPX", Flow(2, 4.5e6), {}),
    ),
    ticker_count=36,
    top=(delivery(mentions=("12", "S0WHALES")), delivery(SPARSE, "b1b2c3d4")),
    why={"backlog": 34, "stale": 1200},
)
NOTICE = Notice(
    "desk is parked: Slack refuses it",
    ("channel_is_archived", "3 deliveries wait. Flowbot tries again every 5 minutes."),
)
REPORT = Answer(
    "Midday recap, Fri 6/26",
    (
        Part("", ("1,234 prints · calls $210M · puts $100M", "🐂 BULL $200M · 🐻 BEAR $90M")),
        Part("Top tickers", ("NVDA $50M (120)", "SPX $4.5M (2)")),
    ),
    tone="bull",
    source="this session's prints",
    picture=Picture("heatmap.png", b"\x89PNG\r\n\x1a\n\x00\xff", "Information Technology leads with $50M."),
    buttons=(Button("More", "flow top page=2", is_replacing=True),),
)


def digest(shown: Digest = DIGEST) -> Batch:
    return Batch("d1g3st00xyz", "room", (), RECEIVED_NS, digest=shown)


def notice(shown: Notice = NOTICE) -> Batch:
    return Batch("n0t1ce00xyz", "room", (), RECEIVED_NS, notice=shown)


def report(shown: Answer = REPORT) -> Batch:
    return Batch("4ep04t00xyz", "room", (), RECEIVED_NS, report=shown)
