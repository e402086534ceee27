"""One test at work: the real facts, rules, verdict and store, by the prints' own clock. Nothing is posted."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from bot.engine.matching import Matching, TrueOf
from bot.flow.known import Known
from bot.flow.legs import Legs
from bot.flow.mapping.reading import Cancelled
from bot.gate.verdict import judge
from bot.model.alerts import Alert, Delivery
from bot.model.errors import FrameError
from bot.model.matches import Known as KnownOfMatch
from bot.model.matches import Match, SuppressedBy, Verdict
from bot.model.ports import Target
from bot.model.prints import Print
from bot.outbox import amendments, cancellations, records, rows
from bot.outbox.schema import prepare
from bot.rules.index import RuleIndex
from bot.workbench.rule_tests.reading import RuleTest, TapeToPlay
from bot.workbench.rule_tests.recollection import Recollection
from bot.workbench.rule_tests.rule_set import RuleSet
from bot.workbench.rule_tests.tapes import readings

MOST_KEPT: Final = 10_000
"""Prints of one test that are kept to explain what became of them: a tape may hold millions."""


@dataclass(frozen=True, slots=True)
class Told:
    """An alert that came."""

    number: int
    """Its print's, counted from 1."""
    alert: Alert
    at_first: tuple[Delivery, ...]
    """As it was posted, by destination."""
    in_the_end: tuple[Delivery, ...]
    """As its edited messages show it after the last print."""


@dataclass(frozen=True, slots=True)
class KeptQuiet:
    """A rule that matched a print and said nothing."""

    number: int
    rule: str
    reason: SuppressedBy
    since: int
    """The print whose alert says it already."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What came of one test's prints."""

    prints: Mapping[int, Print]
    """By number; of a long tape the first ones."""
    told: tuple[Told, ...]
    quiet: tuple[KeptQuiet, ...]
    rejected: Mapping[str, int] = field(default_factory=dict)
    """Frames of the tape that became no print, counted by why."""


class Trial:
    """flowbot in small, on a store that nobody else uses."""

    def __init__(self, rule_set: RuleSet, db: sqlite3.Connection, true_of: TrueOf, *, is_covered: bool) -> None:
        self._db = db
        self._recollection = Recollection(is_covered=is_covered)
        self._matching = Matching(true_of, self._recollection)
        self._targets = {name: Target(terms) for name, terms in rule_set.terms.items()}
        ranks = {name: rank for rank, name in enumerate(rule_set.readers)}
        self._complete: Callable[[Print], Print] | None = Known(ranks).completed if len(ranks) > 1 else None
        self._legs = Legs()
        self._count = 0
        self._prints: dict[int, Print] = {}
        self._told: dict[str, tuple[int, Alert, tuple[Delivery, ...]]] = {}
        self._quiet: list[KeptQuiet] = []
        self._verdict = Verdict(())

    def accept(self, found: Print) -> None:
        """What the intake does with a print, and the store at once."""
        self._recollection.begin(found.received_ns)
        if self._complete is not None:
            found = self._complete(found)
        found, legs = self._legs.paired(found)
        for leg in legs:
            amendments.amend(self._db, leg, now_ns=found.received_ns)
        self._count += 1
        if self._count <= MOST_KEPT:
            self._prints[self._count] = found
        match = self._matching.match(found)
        if match is not None:
            self._record(match)

    def cancel(self, found: Print) -> None:
        """The feed takes a trade back."""
        self._matching.forget(found)
        cancellations.cancel(self._db, found, now_ns=found.received_ns)

    def happened(self, rejected: Mapping[str, int] | None = None) -> Happened:
        """All of it, as it stands now."""
        told = tuple(
            Told(number, alert, at_first, self._deliveries(alert.id)) for number, alert, at_first in self._told.values()
        )
        return Happened(self._prints, told, tuple(self._quiet), rejected or {})

    def _record(self, match: Match) -> None:
        commit = records.record(self._db, [match], self._judge, self._targets, now_ns=match.print.received_ns)
        since = {held.rule: self._told[held.alert_id][0] for held in self._verdict.held}
        for rule, reason in commit.suppressed:
            self._quiet.append(KeptQuiet(self._count, rule, reason, since[rule]))  # type: ignore[arg-type]
        for alert in commit.alerts:
            self._told[alert.id] = (self._count, alert, self._deliveries(alert.id))

    def _judge(self, match: Match, known: KnownOfMatch) -> Verdict:
        """The gate's own verdict, whose alert ids the commit does not tell."""
        self._verdict = judge(match, known)
        return self._verdict

    def _deliveries(self, alert_id: str) -> tuple[Delivery, ...]:
        return rows.deliveries(self._db, "WHERE alert_id = ? ORDER BY deliveries.id", (alert_id,))


class Stage:
    """One configuration's rules, ready to be tried again and again. Every test finds the store empty."""

    def __init__(self, rule_set: RuleSet, db: sqlite3.Connection) -> None:
        """`db` is from `empty_store`."""
        self._rule_set = rule_set
        self._db = db
        rules = rule_set.rules.items()
        self._true_of = RuleIndex.of(
            (name, rule.when, rule.route) for name, rule in rules if rule.when is not None
        ).match

    def run(self, test: RuleTest) -> Happened:
        """What comes of the test's prints. Raises InputError for a tape that cannot be read."""
        self._db.execute("BEGIN")
        try:
            return self._run(test)
        finally:
            self._db.execute("ROLLBACK")

    def _run(self, test: RuleTest) -> Happened:
        trial = Trial(self._rule_set, self._db, self._true_of, is_covered=test.is_covered)
        if not isinstance(test.source, TapeToPlay):
            for found in test.source:
                trial.accept(found)
            return trial.happened()
        rejected: Counter[str] = Counter()
        for reading in readings(test.source, self._rule_set):
            match reading:
                case Cancelled():
                    trial.cancel(reading.print)
                case FrameError():
                    rejected[str(reading)] += 1
                case Print():
                    trial.accept(reading)
        return trial.happened(rejected)


@contextmanager
def empty_store() -> Iterator[sqlite3.Connection]:
    """A store in memory, which `Stage` leaves as empty as it finds it."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    try:
        prepare(db)
        yield db
    finally:
        db.close()
