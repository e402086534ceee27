"""Records matches: each is judged against what the store knows, and what follows is written. Inside a transaction."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence

from bot.model.alerts import Alert
from bot.model.matches import Held, Known, Match, Route, SuppressedBy, Verdict
from bot.model.ports import Commit, Judge, Target
from bot.outbox import watchers
from bot.outbox.alerting import alert_id as alert_id
from bot.outbox.alerting import deliveries_of as deliveries_of
from bot.outbox.alerting import insert_deliveries, is_personal, start_cooldowns, terms_of, write_alert
from bot.outbox.lease import lease
from bot.outbox.repeats import hear
from bot.outbox.rows import read_alert
from bot.outbox.stamps import cooling, look_up, restamp, stamp, stamped


def record(
    db: sqlite3.Connection, matches: Sequence[Match], judge: Judge, targets: Mapping[str, Target], *, now_ns: int
) -> Commit:
    """Judge each match against the store, in order, and write what follows from its verdict.

    Where very many people watch for a print, they are judged later, by `tell_watchers`.
    """
    recording = _Recording(db, judge, targets)
    for match in matches:
        recording.record(match)
    return recording.commit(now_ns)


def tell_watchers(db: sqlite3.Connection, judge: Judge, targets: Mapping[str, Target], *, now_ns: int) -> Commit | None:
    """Judge some of the people who were kept; None where nobody is. The store knows a print until all are told."""
    kept = watchers.take(db)
    if kept is None:
        return None
    recording = _Recording(db, judge, targets)
    recording.record_more(*kept)
    return recording.commit(now_ns)


class _Recording:
    """What one transaction comes to."""

    def __init__(self, db: sqlite3.Connection, judge: Judge, targets: Mapping[str, Target]) -> None:
        self._db = db
        self._judge = judge
        self._targets = targets
        self._alerts: list[Alert] = []
        self._suppressed: Counter[tuple[str, str]] = Counter()
        self._edits: set[str] = set()
        self._fresh: dict[str, None] = {}
        """Destinations with something new, in order."""
        self._first_row = _next_row(db)

    def record(self, whole: Match) -> None:
        """A print and all its rules."""
        match, later = watchers.part(whole)
        identity = match.print.identity
        seen = look_up(self._db, match, identity)
        verdict, fires = self._verdict(match, seen.known)
        if (twice := _twice(seen.known)) is not None:
            self._hold(match, [Held(route.rule, *twice) for route in later])
        if seen.known.duplicate_of is not None:
            return
        if fires:
            alert = self._fire(match, identity, verdict, fires)
            stamp(self._db, match.print, identity, alert.id, trade=seen.trade)
        else:
            spoken_for = _spoken_for(verdict) if twice is None else twice[1]
            stamp(self._db, match.print, identity, spoken_for, trade=seen.trade)
        if later and twice is None:
            watchers.keep(self._db, match.print, identity, later)

    def record_more(self, identity: bytes, match: Match) -> None:
        """Further rules of a print that had its verdict; nothing of one that is forgotten."""
        alert_id = stamped(self._db, identity)
        if alert_id is None:
            return
        verdict, fires = self._verdict(match, Known(cooling=cooling(self._db, match)))
        if not fires:
            return
        alert = read_alert(self._db, alert_id)
        if alert is None or alert.print.identity != identity:  # nothing fired until now, or another print's alert
            alert = self._fire(match, identity, verdict, fires)
            restamp(self._db, identity, alert.id)
        else:
            self._deliver(alert, verdict, fires)

    def commit(self, now_ns: int) -> Commit:
        """What was recorded, with the batches of destinations that would send at once."""
        leases = {
            name: lease(self._db, name, target.fit, target.terms, now_ns=now_ns)
            for name in self._fresh
            if (target := self._targets.get(name)) is not None and target.fit is not None
        }
        return Commit(
            queued=_queued_of(self._db, self._first_row) if self._fresh else {},
            batches=[leased.batch for leased in leases.values() if leased.batch is not None],
            alerts=self._alerts,
            suppressed=self._suppressed,
            edits=frozenset(self._edits),
            expired={name: leased.expired for name, leased in leases.items() if leased.expired},
        )

    def _verdict(self, match: Match, known: Known) -> tuple[Verdict, tuple[Route, ...]]:
        """And who fires after all, with repeats dealt with."""
        verdict = self._judge(match, known)
        heard = hear(self._db, match, verdict, lambda destination: terms_of(self._targets, destination))
        self._edits |= heard.edits
        self._hold(match, heard.held)
        return verdict, heard.fires

    def _hold(self, match: Match, held: Sequence[Held]) -> None:
        self._suppressed.update((one.rule, one.reason) for one in held)
        _count_suppressed(self._db, match, held)

    def _fire(self, match: Match, identity: bytes, verdict: Verdict, fires: Sequence[Route]) -> Alert:
        alert = write_alert(self._db, match, identity, fires)
        self._alerts.append(alert)
        self._deliver(alert, verdict, fires)
        return alert

    def _deliver(self, alert: Alert, verdict: Verdict, fires: Sequence[Route]) -> None:
        start_cooldowns(self._db, alert, verdict.fires)
        self._fresh |= insert_deliveries(self._db, alert, fires, self._targets)


def _twice(known: Known) -> tuple[SuppressedBy, str] | None:
    """Why the whole print is held back, and the alert that says it already."""
    if known.duplicate_of is not None:
        return "duplicate", known.duplicate_of
    return None if known.twin_of is None else ("twin", known.twin_of)


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


def _count_suppressed(db: sqlite3.Connection, match: Match, held: Sequence[Held]) -> None:
    """People's own watches are counted together: whoever asks why sees how many, and nobody's number."""
    named = {route.rule for route in match.routes if not is_personal(route)}
    counts = Counter(
        (one.alert_id, one.rule if not one.rule or one.rule in named else one.rule.partition(":")[0], one.reason)
        for one in held
        if one.alert_id
    )
    db.executemany(
        "INSERT INTO suppressed VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        [(*what, count) for what, count in counts.items()],
    )
