"""Repeats inside a cooldown: posted anew, told by the earlier alert's message, or dropped. Inside a transaction."""

import sqlite3
from collections.abc import Callable, Collection
from typing import NamedTuple

from bot.gate.repeats import fires as who_fires
from bot.gate.repeats import is_repeat, mode
from bot.model.matches import Held, Match, Route, Verdict
from bot.model.prints import Print
from bot.model.terms import RepeatMode, Terms
from bot.outbox.rows import decode_alert

TermsOf = Callable[[str], Terms]


class Heard(NamedTuple):
    """A verdict, with the repeats among what it held back dealt with."""

    fires: tuple[Route, ...]
    """In the match's order: the verdict's, and those whose repeats are posted anew, to those destinations only."""
    held: tuple[Held, ...]
    edits: frozenset[str] = frozenset()
    """Destinations with an earlier alert that has a repeat more to tell."""


def hear(db: sqlite3.Connection, match: Match, verdict: Verdict, terms_of: TermsOf) -> Heard:
    """Deal with the rules in cooldown whose alert said the same. A destination hears of a print once."""
    repeated = _repeated(db, match, verdict)
    if not repeated:
        return Heard(verdict.fires, verdict.held)
    modes = {rule: _modes(route, terms_of, verdict.quiet.get(rule)) for rule, (route, _) in repeated.items()}
    fires = who_fires(match, verdict, modes)
    covered = {destination for route in fires for destination in route.send_to}
    edits: set[str] = set()
    held = [one for one in verdict.held if one.rule not in repeated]
    for rule, (_, alert_id) in repeated.items():
        wanted = {destination for destination, how in modes[rule].items() if how == "edit"} - covered
        for destination in wanted - edits:
            if _count(db, match.print, alert_id, destination):
                edits.add(destination)
        if wanted & edits:
            held.append(Held(rule, "repeat", alert_id))
        elif any(how != "post" for how in modes[rule].values()):
            held.append(Held(rule, "cooldown", alert_id))
    return Heard(fires, tuple(held), frozenset(edits))


def _repeated(db: sqlite3.Connection, match: Match, verdict: Verdict) -> dict[str, tuple[Route, str]]:
    """The rules in cooldown whose alert said the same, with that alert's id."""
    cooling = {held.rule: held.alert_id for held in verdict.held if held.reason == "cooldown"}
    if not cooling or match.print.contract is None:
        return {}
    said = {alert_id: _said(db, match.print, alert_id) for alert_id in set(cooling.values())}
    routes = ((route, cooling[route.rule]) for route in match.routes if route.rule in cooling)
    return {route.rule: (route, alert_id) for route, alert_id in routes if said[alert_id]}


def _said(db: sqlite3.Connection, found: Print, alert_id: str) -> bool:
    row = db.execute("SELECT body FROM alerts WHERE id = ?", (alert_id,)).fetchone()
    return row is not None and is_repeat(found, decode_alert(row[0]).print)


def _modes(route: Route, terms_of: TermsOf, quiet: Collection[str] | None) -> dict[str, RepeatMode]:
    """Under a mute nothing is posted anew; a message that stands may still be edited, for that makes no noise."""
    modes = {destination: mode(route, terms_of(destination)) for destination in route.send_to}
    return {name: "drop" if how == "post" and name in (quiet or ()) else how for name, how in modes.items()}


def _count(db: sqlite3.Connection, found: Print, alert_id: str, destination: str) -> bool:
    """One repeat more, where the earlier alert's own message can still tell of it."""
    changed = db.execute(
        "UPDATE deliveries SET repeats = repeats + 1, repeats_usd = repeats_usd + ?,"
        " repeats_ns = MAX(repeats_ns, ?), news_ns = COALESCE(news_ns, ?) WHERE alert_id = ? AND destination = ?"
        " AND overflow = '' AND (state IN ('queued', 'sending') OR state = 'sent' AND message_id IS NOT NULL)",
        (found.premium or 0.0, found.received_ns, found.received_ns, alert_id, destination),
    )
    return changed.rowcount > 0
