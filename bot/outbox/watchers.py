"""People whose watches matched one print, where they are many: kept with the print's verdict, told some at a time.

Five thousand of them would hold the store for a sixth of a second, and no channel is to wait so long. Runs inside a
transaction.
"""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from bot.model.alerts import Priority
from bot.model.matches import Match, Route
from bot.model.people import person_at
from bot.model.prints import Print
from bot.model.terms import RepeatMode

AT_ONCE = 250
"""Watches of people that are judged in one transaction: bounds how long a commit behind it waits (about 10 ms)."""


class _Watch(msgspec.Struct, frozen=True, array_like=True):
    """A person's route without its reasons, which no alert holds."""

    rule: str
    destination: str
    priority: Priority
    mentions: tuple[str, ...]
    cooldown_s: float
    cooldown_by: Literal["contract", "ticker", "rule"]
    repeats: RepeatMode | None
    max_age_s: float | None


class Kept(NamedTuple):
    """Some people who wait, and the print."""

    identity: bytes
    match: Match


_encode = msgspec.msgpack.Encoder().encode
_decode_print = msgspec.msgpack.Decoder(Print).decode
_decode_watches = msgspec.msgpack.Decoder(list[_Watch]).decode


def part(match: Match) -> tuple[Match, Sequence[Route]]:
    """The match for whoever is judged with the print, and the routes of those who are kept: nobody's, unless of many.

    Nobody is in both: a print is told to each once, with all its rules.
    """
    if len(match.routes) <= AT_ONCE:
        return match, ()
    waiting: list[Route] = []
    told: set[str] = set()
    for route in match.routes:
        if _may_wait(route, match):
            waiting.append(route)
        else:
            told.update(route.send_to)
    later = [route for route in waiting if route.send_to[0] not in told]
    if len(later) <= AT_ONCE:
        return match, ()
    kept = {route.rule for route in later}
    return msgspec.structs.replace(match, routes=tuple(r for r in match.routes if r.rule not in kept)), later


def _may_wait(route: Route, match: Match) -> bool:
    """It tells one person, and nothing that only the match knows."""
    return len(route.send_to) == 1 and person_at(route.send_to[0]) is not None and route.rule not in match.evidence


def keep(db: sqlite3.Connection, found: Print, identity: bytes, routes: Sequence[Route]) -> None:
    """Have these told later; the print is stamped in the same transaction."""
    body = _encode(found)
    db.executemany(
        "INSERT INTO watchers (identity, print, routes) VALUES (?, ?, ?)",
        [(identity, body, _encode(some)) for some in _portions(routes)],
    )


def take(db: sqlite3.Connection) -> Kept | None:
    """Those who have waited longest, who wait no more; None where nobody does."""
    row = db.execute("SELECT id, identity, print, routes FROM watchers ORDER BY id LIMIT 1").fetchone()
    if row is None:
        return None
    own_id, identity, body, watches = row
    db.execute("DELETE FROM watchers WHERE id = ?", (own_id,))
    return Kept(identity, Match(_decode_print(body), tuple(map(_route, _decode_watches(watches)))))


def drop(db: sqlite3.Connection, identities: Collection[bytes]) -> None:
    """The trade was taken back: nobody need hear of it."""
    db.executemany("DELETE FROM watchers WHERE identity = ?", [(identity,) for identity in identities])


def amend(db: sqlite3.Connection, found: Print) -> None:
    """More is known of the print; when it was received stays."""
    row = db.execute("SELECT print FROM watchers WHERE identity = ?", (found.identity,)).fetchone()
    if row is not None:
        known = _decode_print(row[0])
        told = msgspec.structs.replace(found, received_ns=known.received_ns, is_recovered=known.is_recovered)
        db.execute("UPDATE watchers SET print = ? WHERE identity = ?", (_encode(told), found.identity))


def _portions(routes: Sequence[Route]) -> Iterator[list[_Watch]]:
    """All of one person's together."""
    portion: list[_Watch] = []
    for route in sorted(routes, key=lambda route: route.send_to):
        if len(portion) >= AT_ONCE and portion[-1].destination != route.send_to[0]:
            yield portion
            portion = []
        portion.append(_watch(route))
    yield portion


def _watch(route: Route) -> _Watch:
    (destination,) = route.send_to
    facts = (route.priority, route.mentions, route.cooldown_s, route.cooldown_by, route.repeats, route.max_age_s)
    return _Watch(route.rule, destination, *facts)


def _route(watch: _Watch) -> Route:
    return Route(
        rule=watch.rule,
        send_to=(watch.destination,),
        priority=watch.priority,
        mentions=watch.mentions,
        cooldown_s=watch.cooldown_s,
        cooldown_by=watch.cooldown_by,
        explain=lambda _: (),
        repeats=watch.repeats,
        max_age_s=watch.max_age_s,
    )
