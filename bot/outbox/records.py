"""The statements that record matches: cooldowns, alerts, deliveries. Runs inside a transaction."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec

from bot.gate.verdict import cooldown_key
from bot.model.alerts import PRIORITY_RANK, Alert, Delivery, RuleHit
from bot.model.matches import Held, Match, Route, Verdict
from bot.model.people import destination_of, person_at
from bot.model.ports import Commit, Judge, Target
from bot.model.terms import Terms
from bot.outbox.lease import lease
from bot.outbox.repeats import hear
from bot.outbox.stamps import look_up, stamp

ALL_PEOPLE = destination_of("")
"""`dm:`, the target that has the terms of everybody's direct messages."""

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
    fresh: dict[str, None] = {}
    """Destinations with something new, in order."""
    first_row = _next_row(db)
    for match in matches:
        identity = match.print.identity
        seen = look_up(db, match, identity)
        verdict = judge(match, seen.known)
        heard = hear(db, match, verdict, lambda destination: _terms(targets, destination))
        edits |= heard.edits
        suppressed.update((held.rule, held.reason) for held in heard.held)
        _count_suppressed(db, match, heard.held)
        if seen.known.duplicate_of is not None:
            continue
        if not heard.fires:
            stamp(db, match.print, identity, _spoken_for(verdict), trade=seen.trade)
            continue
        alert = _alert(db, match, identity, heard.fires)
        alerts.append(alert)
        stamp(db, match.print, identity, alert.id, trade=seen.trade)
        _start_cooldowns(db, alert, verdict.fires)
        fresh |= _insert_deliveries(db, alert, heard.fires, targets)
    leases = {
        name: lease(db, name, target.fit, target.terms, now_ns=now_ns)
        for name in fresh
        if (target := targets.get(name)) is not None and target.fit is not None
    }
    return Commit(
        queued=_queued_of(db, first_row) if fresh else {},
        batches=[leased.batch for leased in leases.values() if leased.batch is not None],
        alerts=alerts,
        suppressed=suppressed,
        edits=frozenset(edits),
        expired={name: leased.expired for name, leased in leases.items() if leased.expired},
    )


def _terms(targets: Mapping[str, Target], destination: str) -> Terms:
    target = targets.get(destination)
    if target is None and person_at(destination) is not None:
        target = targets.get(ALL_PEOPLE)
    return Terms() if target is None else target.terms


def _next_row(db: sqlite3.Connection) -> int:
    """Of a delivery; rows count upwards."""
    (last,) = db.execute("SELECT MAX(id) FROM deliveries").fetchone()
    return (last or 0) + 1


def _queued_of(db: sqlite3.Connection, first_row: int) -> dict[str, int]:
    """How many of the new deliveries wait, or did until this commit's own lease ended them."""
    return dict(
        db.execute(
            "SELECT destination, COUNT(*) FROM deliveries WHERE id >= ? AND state IN ('queued', 'expired')"
            " GROUP BY destination",
            (first_row,),
        )
    )


def _spoken_for(verdict: Verdict) -> str:
    """The alert that says a print already that fires nothing; empty where only mutes hold it back."""
    return next((held.alert_id for held in verdict.held if held.alert_id), "")


def _alert(db: sqlite3.Connection, match: Match, identity: bytes, fires: Sequence[Route]) -> Alert:
    found = match.print
    hits = tuple(
        RuleHit(route.rule, route.explain(found), match.evidence.get(route.rule))
        for route in fires
        if route.rule in match.evidence or not _is_personal(route)
    )
    salt = 0
    while True:
        alert = Alert(alert_id(identity, salt), found, hits, created_ns=found.received_ns, is_test=match.is_test)
        inserted = db.execute(
            "INSERT OR IGNORE INTO alerts (id, created_ns, ticker, bias, premium, body) VALUES (?, ?, ?, ?, ?, ?)",
            (alert.id, alert.created_ns, found.ticker, found.bias, found.premium, _encode_alert(alert)),
        )
        if inserted.rowcount:
            return alert
        salt += 1  # forty bits are few: another print has this id


def _is_personal(route: Route) -> bool:
    """Nobody but its owner hears of it. Thousands may watch one ticker, and each delivery carries the alert: so it
    holds no word of such a rule, unless the rule has seen more than the print."""
    return all(map(person_at, route.send_to))


def alert_id(identity: bytes, salt: int = 0) -> str:
    """Eight characters that follow from the print's identity, so that a replayed feed makes the same ids."""
    number = int.from_bytes(blake2b(identity, digest_size=5, salt=salt.to_bytes(4, "big")).digest(), "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))


def deliveries_of(alert: Alert, fires: Sequence[Route]) -> list[Delivery]:
    """One delivery per destination: all its rules, their highest priority, the union of their mentions."""
    return [_delivery(alert, destination, routes) for destination, routes in _by_destination(fires).items()]


def _by_destination(fires: Sequence[Route]) -> dict[str, list[Route]]:
    found: dict[str, list[Route]] = {}
    for route in fires:
        for destination in dict.fromkeys(route.send_to):
            found.setdefault(destination, []).append(route)
    return found


def _delivery(alert: Alert, destination: str, routes: Sequence[Route]) -> Delivery:
    return Delivery(
        alert,
        destination,
        rules=tuple(route.rule for route in routes),
        priority=min((route.priority for route in routes), key=PRIORITY_RANK.__getitem__),
        mentions=tuple(dict.fromkeys(mention for route in routes for mention in route.mentions)),
    )


def _stale_ns(alert: Alert, routes: Sequence[Route], terms: Terms) -> int | None:
    """When it will have waited too long: the most patient of its rules decides. None: never."""
    ages_s = [terms.max_age_s if route.max_age_s is None else route.max_age_s for route in routes]
    known_s = [age_s for age_s in ages_s if age_s is not None]
    return None if len(known_s) < len(ages_s) else alert.created_ns + int(max(known_s) * 1e9)


def _insert_deliveries(
    db: sqlite3.Connection, alert: Alert, fires: Sequence[Route], targets: Mapping[str, Target]
) -> dict[str, None]:
    """The destinations, in order."""
    score = -1.0 if alert.print.score is None else alert.print.score
    routes_to = _by_destination(fires)
    rows = []
    for destination, routes in routes_to.items():
        delivery = _delivery(alert, destination, routes)
        words = (_encode_json(delivery.rules).decode(), _encode_json(delivery.mentions).decode())
        stale_ns = _stale_ns(alert, routes, _terms(targets, destination))
        ranked = (PRIORITY_RANK[delivery.priority], score, alert.is_test, stale_ns)
        rows.append((alert.id, destination, *words, *ranked, alert.created_ns))
    db.executemany(
        "INSERT INTO deliveries"
        " (alert_id, destination, rules, mentions, priority, score, solo, stale_ns, updated_ns, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued')",
        rows,
    )
    return dict.fromkeys(routes_to)


def _start_cooldowns(db: sqlite3.Connection, alert: Alert, fires: Sequence[Route]) -> None:
    begun = [
        (route.rule, key, alert.created_ns + int(route.cooldown_s * 1e9), alert.id)
        for route in fires
        if (key := cooldown_key(route, alert.print)) is not None
    ]
    db.executemany("INSERT OR REPLACE INTO cooldowns VALUES (?, ?, ?, ?)", begun)


def _count_suppressed(db: sqlite3.Connection, match: Match, held: Sequence[Held]) -> None:
    """People's own watches are counted together: whoever asks why sees how many, and nobody's number."""
    named = {route.rule for route in match.routes if not _is_personal(route)}
    counts = Counter(
        (one.alert_id, one.rule if not one.rule or one.rule in named else one.rule.partition(":")[0], one.reason)
        for one in held
        if one.alert_id
    )
    db.executemany(
        "INSERT INTO suppressed VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        [(*what, count) for what, count in counts.items()],
    )
