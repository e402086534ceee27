"""The statements that record matches: stamps, cooldowns, alerts, deliveries, positions. Runs inside a transaction."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec

from bot.gate.verdict import TWIN_WINDOW_S, cooldown_key, is_twin
from bot.model.alerts import PRIORITY_RANK, Alert, Delivery, RuleHit
from bot.model.matches import Known, Match, Route
from bot.model.ports import Commit, Fit, Judge
from bot.model.prints import Print
from bot.outbox.batches import freeze

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no letter looks like a digit
_encode_alert = msgspec.msgpack.Encoder().encode
_encode_json = msgspec.json.Encoder().encode


def record(db: sqlite3.Connection, matches: Sequence[Match], judge: Judge, idle: Mapping[str, Fit]) -> Commit:
    """Judge each match against the store, in order, and write what follows from its verdict."""
    queued: dict[str, list[Delivery]] = defaultdict(list)
    alerts: list[Alert] = []
    suppressed: Counter[tuple[str, str]] = Counter()
    for match in matches:
        identity = match.print.identity
        known = look_up(db, match, identity)
        verdict = judge(match, known)
        for held in verdict.held:
            suppressed[held.rule, held.reason] += 1
            _count_suppressed(db, held.alert_id, held.rule, held.reason)
        if known.duplicate_of is not None:
            continue
        if not verdict.fires:
            _stamp(db, match.print, identity, verdict.held[0].alert_id)
            continue
        alert = _alert(db, match.print, identity, verdict.fires)
        alerts.append(alert)
        _stamp(db, match.print, identity, alert.id)
        _start_cooldowns(db, alert, verdict.fires)
        for delivery in deliveries_of(alert, verdict.fires):
            _insert_delivery(db, delivery)
            queued[delivery.destination].append(delivery)
    _advance_positions(db, matches)
    batches = [
        freeze(db, destination, idle[destination], now_ns=deliveries[-1].alert.created_ns)
        for destination, deliveries in queued.items()
        if destination in idle
    ]
    waiting = Counter({destination: len(deliveries) for destination, deliveries in queued.items()})
    for batch in batches:
        waiting[batch.destination] -= len(batch.deliveries)
    return Commit(queued=+waiting, batches=batches, alerts=alerts, suppressed=suppressed)


def look_up(db: sqlite3.Connection, match: Match, identity: bytes) -> Known:
    """What the store knows of this match; the first thing that decides is enough."""
    row = db.execute("SELECT alert_id FROM stamps WHERE identity = ?", (identity,)).fetchone()
    if row is not None:
        return Known(duplicate_of=row[0])
    twin = _twin(db, match.print)
    if twin is not None:
        return Known(twin_of=twin)
    cooling: dict[str, str] = {}
    for route in match.routes:
        key = cooldown_key(route, match.print)
        if key is not None:
            row = db.execute(
                "SELECT alert_id FROM cooldowns WHERE rule = ? AND key = ? AND until_ns > ?",
                (route.rule, key, match.print.received_ns),
            ).fetchone()
            if row is not None:
                cooling[route.rule] = row[0]
    return Known(cooling=cooling)


def _twin(db: sqlite3.Connection, found: Print) -> str | None:
    """The alert of the same trade from another provider. One print there is the twin of one print here."""
    contract = found.contract
    if contract is None or found.time is None:
        return None
    at_ms = int(found.time.timestamp() * 1000)
    slack_ms = int(TWIN_WINDOW_S * 1000) + 1
    rows = db.execute(
        "SELECT time_ms, size, premium, alert_id FROM stamps AS theirs"
        " WHERE contract = ? AND time_ms BETWEEN ? AND ? AND provider <> ?"
        " AND NOT EXISTS (SELECT 1 FROM stamps AS ours WHERE ours.contract = theirs.contract"
        "  AND ours.alert_id = theirs.alert_id AND ours.provider = ? AND ours.time_ms IS NOT NULL)",
        (contract, at_ms - slack_ms, at_ms + slack_ms, found.provider, found.provider),
    )
    for time_ms, size, premium, alert_id in rows:
        if is_twin(found, time=datetime.fromtimestamp(time_ms / 1000, UTC), size=size, premium=premium):
            return str(alert_id)
    return None


def _alert(db: sqlite3.Connection, found: Print, identity: bytes, fires: Sequence[Route]) -> Alert:
    hits = tuple(RuleHit(route.rule, route.explain(found)) for route in fires)
    salt = 0
    while True:
        alert = Alert(alert_id(identity, salt), found, hits, created_ns=found.received_ns)
        row = (alert.id, alert.created_ns, _encode_alert(alert))
        if db.execute("INSERT OR IGNORE INTO alerts VALUES (?, ?, ?)", row).rowcount:
            return alert
        salt += 1  # forty bits are few: another print has this id


def alert_id(identity: bytes, salt: int = 0) -> str:
    """Eight characters that follow from the print's identity, so that a replayed feed makes the same ids."""
    number = int.from_bytes(blake2b(identity, digest_size=5, salt=salt.to_bytes(4, "big")).digest(), "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))


def deliveries_of(alert: Alert, fires: Sequence[Route]) -> list[Delivery]:
    """One delivery per destination: all its rules, their highest priority, the union of their mentions."""
    by_destination: dict[str, list[Route]] = {}
    for route in fires:
        for destination in dict.fromkeys(route.send_to):
            by_destination.setdefault(destination, []).append(route)
    return [
        Delivery(
            alert,
            destination,
            rules=tuple(route.rule for route in routes),
            priority=min((route.priority for route in routes), key=PRIORITY_RANK.__getitem__),
            mentions=tuple(dict.fromkeys(mention for route in routes for mention in route.mentions)),
        )
        for destination, routes in by_destination.items()
    ]


def _insert_delivery(db: sqlite3.Connection, delivery: Delivery) -> None:
    score = delivery.alert.print.score
    db.execute(
        "INSERT INTO deliveries (alert_id, destination, rules, mentions, priority, score, state, updated_ns)"
        " VALUES (?, ?, ?, ?, ?, ?, 'queued', ?)",
        (
            delivery.alert.id,
            delivery.destination,
            _encode_json(delivery.rules).decode(),
            _encode_json(delivery.mentions).decode(),
            PRIORITY_RANK[delivery.priority],
            -1.0 if score is None else score,
            delivery.alert.created_ns,
        ),
    )


def _stamp(db: sqlite3.Connection, found: Print, identity: bytes, alert_id: str) -> None:
    time_ms = None if found.time is None else int(found.time.timestamp() * 1000)
    db.execute(
        "INSERT INTO stamps VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (identity, found.provider, found.contract, time_ms, found.size, found.premium, alert_id, found.received_ns),
    )


def _start_cooldowns(db: sqlite3.Connection, alert: Alert, fires: Sequence[Route]) -> None:
    for route in fires:
        key = cooldown_key(route, alert.print)
        if key is not None:
            until_ns = alert.created_ns + int(route.cooldown_s * 1e9)
            db.execute("INSERT OR REPLACE INTO cooldowns VALUES (?, ?, ?, ?)", (route.rule, key, until_ns, alert.id))


def _count_suppressed(db: sqlite3.Connection, alert_id: str, rule: str, reason: str) -> None:
    db.execute(
        "INSERT INTO suppressed VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
        (alert_id, rule, reason),
    )


def _advance_positions(db: sqlite3.Connection, matches: Sequence[Match]) -> None:
    newest = {match.print.provider: match.print for match in matches}
    for provider, found in newest.items():
        time_ms = None if found.time is None else int(found.time.timestamp() * 1000)
        db.execute("INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", (provider, found.received_ns, time_ms))
