"""The statements that write an alert: itself, its deliveries, the cooldowns that it begins. Inside a transaction."""

import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache, partial
from hashlib import blake2b

import msgspec

from bot.gate.verdict import key_of
from bot.model.alerts import PRIORITY_RANK, Alert, Delivery, RuleHit
from bot.model.matches import Match, Route
from bot.model.people import destination_of, person_at
from bot.model.ports import Target
from bot.model.terms import Terms

ALL_PEOPLE = destination_of("")
"""`dm:`, the target that has the terms of everybody's direct messages."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no letter looks like a digit
_encode_alert = msgspec.msgpack.Encoder().encode
_encode_json = msgspec.json.Encoder().encode


def terms_of(targets: Mapping[str, Target], destination: str) -> Terms:
    """What a commit was told of a destination."""
    target = targets.get(destination)
    if target is None and person_at(destination) is not None:
        target = targets.get(ALL_PEOPLE)
    return Terms() if target is None else target.terms


def write_alert(db: sqlite3.Connection, match: Match, identity: bytes, fires: Sequence[Route]) -> Alert:
    found = match.print
    hits = tuple(
        RuleHit(route.rule, route.explain(found), match.evidence.get(route.rule))
        for route in fires
        if route.rule in match.evidence or not is_personal(route)
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


def is_personal(route: Route) -> bool:
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


def insert_deliveries(
    db: sqlite3.Connection, alert: Alert, fires: Sequence[Route], targets: Mapping[str, Target]
) -> dict[str, None]:
    """The destinations, in order."""
    score = -1.0 if alert.print.score is None else alert.print.score
    routes_to = _by_destination(fires)
    rows = []
    for destination, routes in routes_to.items():
        delivery = _delivery(alert, destination, routes)
        words = (_encode_json(delivery.rules).decode(), _encode_json(delivery.mentions).decode())
        stale_ns = _stale_ns(alert, routes, terms_of(targets, destination))
        ranked = (PRIORITY_RANK[delivery.priority], score, alert.is_test, stale_ns)
        rows.append((alert.id, destination, *words, *ranked, alert.created_ns))
    db.executemany(
        "INSERT INTO deliveries"
        " (alert_id, destination, rules, mentions, priority, score, solo, stale_ns, updated_ns, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued')",
        rows,
    )
    return dict.fromkeys(routes_to)


def start_cooldowns(db: sqlite3.Connection, alert: Alert, fires: Sequence[Route]) -> None:
    key = cache(partial(key_of, alert.print))
    begun = [
        (route.rule, key(route.cooldown_by), alert.created_ns + int(route.cooldown_s * 1e9), alert.id)
        for route in fires
        if route.cooldown_s > 0
    ]
    db.executemany("INSERT OR REPLACE INTO cooldowns VALUES (?, ?, ?, ?)", begun)
