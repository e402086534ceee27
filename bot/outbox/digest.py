"""The statements that freeze a digest: everything that overflows at one destination, ranked and added up.

Added up by SQLite over the alerts' columns: a burst leaves ten thousand, and only the best few are decoded.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from bot.model.alerts import Batch, Digest, Flow, TickerFlow
from bot.model.prints import Bias
from bot.outbox.rows import RANK, batch_id, deliveries, name

TOP = 5
"""Alerts shown by themselves: what a trader reads at a glance."""
TICKERS = 10
"""Tickers shown with their sums; as many lines as fit a phone's screen."""

_encode = msgspec.msgpack.Encoder().encode


class _Group(NamedTuple):
    """The alerts of one ticker and bias."""

    ticker: str
    bias: Bias | None
    flow: Flow


def freeze_digest(db: sqlite3.Connection, destination: str, *, now_ns: int) -> Batch:
    """Journal a digest of everything that overflows at `destination`; there must be something."""
    overflowing = db.execute(
        "SELECT alert_id, posts FROM deliveries WHERE destination = ? AND state = 'queued' AND overflow <> ''"
        " ORDER BY id",
        (destination,),
    ).fetchall()
    own_id = batch_id(name(f"{alert_id}@{destination}", posts) for alert_id, posts in overflowing)
    db.execute(
        "UPDATE deliveries SET state = 'sending', batch = ?, updated_ns = ?"
        " WHERE destination = ? AND state = 'queued' AND overflow <> ''",
        (own_id, now_ns, destination),
    )
    digest = _digest(db, own_id)
    db.execute(
        "INSERT INTO batches (id, destination, frozen_ns, body) VALUES (?, ?, ?, ?)",
        (own_id, destination, now_ns, _encode(digest)),
    )
    return Batch(own_id, destination, (), frozen_ns=now_ns, digest=digest)


def _digest(db: sqlite3.Connection, own_id: str) -> Digest:
    of_batch = "FROM deliveries JOIN alerts ON alerts.id = alert_id WHERE batch = ?"
    groups = [
        _Group(ticker, bias, Flow(count, premium_usd))
        for ticker, bias, count, premium_usd in db.execute(
            f"SELECT ticker, bias, COUNT(*), TOTAL(premium) {of_batch} GROUP BY ticker, bias", (own_id,)
        )
    ]
    first_ns, last_ns = db.execute(f"SELECT MIN(created_ns), MAX(created_ns) {of_batch}", (own_id,)).fetchone()
    tickers = _tickers(groups)
    return Digest(
        total=_sum(group.flow for group in groups),
        first_ns=first_ns,
        last_ns=last_ns,
        by_bias=_by_bias(groups),
        tickers=tuple(tickers[:TICKERS]),
        ticker_count=len(tickers),
        top=deliveries(db, f"WHERE batch = ? ORDER BY {RANK} LIMIT {TOP}", (own_id,)),
        why=dict(db.execute("SELECT overflow, COUNT(*) FROM deliveries WHERE batch = ? GROUP BY overflow", (own_id,))),
    )


def _tickers(groups: Iterable[_Group]) -> list[TickerFlow]:
    """All of them: most premium first, then most alerts, then by name."""
    by_ticker: dict[str, list[_Group]] = defaultdict(list)
    for group in groups:
        by_ticker[group.ticker].append(group)
    flows = [TickerFlow(ticker, _sum(g.flow for g in own), _by_bias(own)) for ticker, own in by_ticker.items()]
    return sorted(flows, key=lambda flow: (-flow.total.premium_usd, -flow.total.count, flow.ticker))


def _by_bias(groups: Iterable[_Group]) -> Mapping[Bias, Flow]:
    by_bias: dict[Bias, list[Flow]] = defaultdict(list)
    for group in groups:
        if group.bias is not None:
            by_bias[group.bias].append(group.flow)
    return {bias: _sum(flows) for bias, flows in by_bias.items()}


def _sum(flows: Iterable[Flow]) -> Flow:
    count, premium_usd = 0, 0.0
    for flow in flows:
        count, premium_usd = count + flow.count, premium_usd + flow.premium_usd
    return Flow(count, premium_usd)
