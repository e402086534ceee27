"""What a destination may send next: alerts that fit one message, a digest that is due, a report, or nothing until a
moment.

Runs inside a transaction, so that what is decided is what is journaled.
"""

import sqlite3

import msgspec

from bot.gate.hours import closed_until
from bot.model.ports import Fit, Lease
from bot.model.terms import ActiveHours, Terms
from bot.outbox import overflow
from bot.outbox.batches import freeze
from bot.outbox.cancellations import expire_returned
from bot.outbox.digest import freeze_digest
from bot.outbox.posts import expire_reports, freeze_report


def lease(db: sqlite3.Connection, destination: str, fit: Fit, terms: Terms, *, now_ns: int) -> Lease:
    """Freeze the next batch for `destination`. A digest that is due goes before alerts: it is the older news.

    A report goes after that and before alerts, unless one of high priority waits; it counts against no budget. Outside
    the hours it waits for them, whatever becomes of alerts there, as long as it is news.
    """
    ended = expire_returned(db, destination, now_ns) + expire_reports(db, destination, now_ns)
    found = _lease(db, destination, fit, terms, now_ns=now_ns)
    return msgspec.structs.replace(found, expired=found.expired + ended)


def _lease(db: sqlite3.Connection, destination: str, fit: Fit, terms: Terms, *, now_ns: int) -> Lease:
    opens_ns = closed_until(terms.hours, now_ns) if terms.hours is not None else None
    if terms.hours is not None and opens_ns is not None:
        expired = _close(db, destination, terms.hours, opens_ns, is_digested=terms.is_digested, now_ns=now_ns)
        return Lease(again_ns=opens_ns, expired=expired)
    if not terms.is_digested:
        overflow.take_back(db, destination)
        report = freeze_report(db, destination, now_ns=now_ns)
        return Lease(batch=report or freeze(db, destination, fit, now_ns=now_ns))
    overflow.mark_stale(db, destination, now_ns)
    due_ns = overflow.digest_due_ns(db, destination)
    if due_ns is not None and due_ns <= now_ns:
        return Lease(batch=freeze_digest(db, destination, now_ns=now_ns))
    left = None
    if terms.budget is not None:
        left = overflow.budget_left(db, destination, terms.budget, now_ns)
        if left == 0:
            overflow.mark_over_budget(db, destination, now_ns)
    if (report := freeze_report(db, destination, now_ns=now_ns)) is not None:
        return Lease(batch=report)
    batch = freeze(db, destination, fit, most=left, now_ns=now_ns)
    if batch is None:
        return Lease(again_ns=overflow.digest_due_ns(db, destination))
    if terms.backlog is not None:
        overflow.mark_backlog(db, destination, terms.backlog, now_ns)
    return Lease(batch=batch)


def _close(
    db: sqlite3.Connection, destination: str, hours: ActiveHours, opens_ns: int, *, is_digested: bool, now_ns: int
) -> int:
    """Outside the hours nothing is sent; how many deliveries ended by that."""
    if hours.outside == "drop":
        return overflow.expire_for_hours(db, destination, now_ns)
    if is_digested:
        overflow.close_for_hours(db, destination, opens_ns)
    return 0
