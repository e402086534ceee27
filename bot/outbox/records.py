"""The statements that record matches: cooldowns, alerts, deliveries. Runs inside a transaction."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec

from bot.gate.verdict import cooldown_key
from bot.model.alerts import PRIORITY_RANK, Alert, Delivery, RuleHit
from bot.model.matches import Match, Route
from bot.model.ports import Commit, Judge, Target
from bot.model.terms import Terms
from bot.outbox.lease import lease
from bot.outbox.repeats import hear
from bot.outbox.stamps import look_up, stamp

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no letter looks like a digit
_encode_alert = msgspec.msgpack.Encoder().encode
_encode_json = msgspec.json.Encoder().encode


def record(
    db: sqlite3.Connection, matches: Sequence[Match], judge: Judge, targets: Mapping[str, Target], *, now_ns: int
) -> Commit:
    """Judge each match against the store, in order, and write what follows from its verdict."""
    alerts: list[Alert] = []
    suppressed: Counter[tuple[str, str]] = Counter()
    edits: set[str] = set()
    fresh: dict[str, int] = {}
    """Destinations with something new -> the row of the first of it."""
    for match in matches:
        identity = match.print.identity
        seen = look_up(db, match, identity)
        verdict = judge(match, seen.known)
        heard = hear(db, match, verdict, lambda destination: _terms(targets, destination))
        edits |= heard.edits
        for held in heard.held:
            suppressed[held.rule, held.reason] += 1
            if held.alert_id:
                _count_suppressed(db, held.alert_id, held.rule, held.reason)
        if seen.known.duplicate_of is not None:
            continue
        if not heard.fires:
            stamp(db, match.print, identity, verdict.held[0].alert_id, trade=seen.trade)
            continue
        alert = _alert(db, match, identity, heard.fires)
        alerts.append(alert)
        stamp(db, match.print, identity, alert.id, trade=seen.trade)
        _start_cooldowns(db, alert, verdict.fires)
        for delivery in deliveries_of(alert, heard.fires):
            stale_ns = _stale_ns(delivery, heard.fires, _terms(targets, delivery.destination))
            fresh.setdefault(delivery.destination, _insert_delivery(db, delivery, stale_ns))
    leases = {
        name: lease(db, name, target.fit, target.terms, now_ns=now_ns)
        for name in fresh
        if (target := targets.get(name)) is not None and target.fit is not None
    }
    return Commit(
        queued=_queued_of(db, fresh),
        batches=[leased.batch for leased in leases.values() if leased.batch is not None],
        alerts=alerts,
        suppressed=suppressed,
        edits=frozenset(edits),
        expired={name: leased.expired for name, leased in leases.items() if leased.expired},
    )


def _terms(targets: Mapping[str, Target], destination: str) -> Terms:
    target = targets.get(destination)
    return Terms() if target is None else target.terms


def _queued_of(db: sqlite3.Connection, fresh: Mapping[str, int]) -> dict[str, int]:
    """How many of the new deliveries wait, or did until this commit's own lease ended them; rows count upwards."""
    if not fresh:
        return {}
    return dict(
        db.execute(
            "SELECT destination, COUNT(*) FROM deliveries WHERE id >= ? AND state IN ('queued', 'expired')"
            " GROUP BY destination",
            (min(fresh.values()),),
        )
    )


def _alert(db: sqlite3.Connection, match: Match, identity: bytes, fires: Sequence[Route]) -> Alert:
    found = match.print
    hits = tuple(RuleHit(route.rule, route.explain(found), match.evidence.get(route.rule)) for route in fires)
    salt = 0
    while True:
        alert = Alert(alert_id(identity, salt), found, hits, created_ns=found.received_ns)
        inserted = db.execute(
            "INSERT OR IGNORE INTO alerts (id, created_ns, ticker, bias, premium, body) VALUES (?, ?, ?, ?, ?, ?)",
            (alert.id, alert.created_ns, found.ticker, found.bias, found.premium, _encode_alert(alert)),
        )
        if inserted.rowcount:
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


def _stale_ns(delivery: Delivery, fires: Sequence[Route], terms: Terms) -> int | None:
    """When it will have waited too long: the most patient of its rules decides. None: never."""
    ages_s = [
        terms.max_age_s if route.max_age_s is None else route.max_age_s
        for route in fires
        if route.rule in delivery.rules
    ]
    known_s = [age_s for age_s in ages_s if age_s is not None]
    return None if len(known_s) < len(ages_s) else delivery.alert.created_ns + int(max(known_s) * 1e9)


def _insert_delivery(db: sqlite3.Connection, delivery: Delivery, stale_ns: int | None) -> int:
    """Returns its row."""
    score = delivery.alert.print.score
    cursor = db.execute(
        "INSERT INTO deliveries (alert_id, destination, rules, mentions, priority, score, state, stale_ns, updated_ns)"
        " VALUES (?, ?, ?, ?, ?, ?, 'queued', ?, ?)",
        (
            delivery.alert.id,
            delivery.destination,
            _encode_json(delivery.rules).decode(),
            _encode_json(delivery.mentions).decode(),
            PRIORITY_RANK[delivery.priority],
            -1.0 if score is None else score,
            stale_ns,
            delivery.alert.created_ns,
        ),
    )
    return int(cursor.lastrowid or 0)


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
