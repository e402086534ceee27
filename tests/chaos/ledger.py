"""The account of one run: what the store says, what the platform shows, and whether the two may differ so."""

import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bot.model.alerts import Alert
from tests.chaos.answers import BOTS
from tests.chaos.middleman import Attempt

FINAL = frozenset({"sent", "digested", "expired", "dead"})

_decode = msgspec.msgpack.Decoder(Alert).decode
Key = tuple[int, str]
"""Of a delivery: its print's size, which is unlike any other's, and its destination."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery as the store has it."""

    state: str
    reason: str
    is_named: bool
    """The store knows the message's id."""

    @property
    def is_ended(self) -> bool:
        """In a state that says what became of it."""
        return self.state in FINAL and bool(self.reason or self.state not in ("expired", "dead"))


class Reader:
    """Reads one store beside the process that owns it, and remembers which alert is of which size."""

    def __init__(self, path: Path) -> None:
        self.sizes: dict[str, int] = {}
        """Of every alert that was seen, by its id."""
        self._path = path

    def entries(self) -> dict[Key, Entry]:
        """All deliveries; empty while there is no store."""
        if not self._path.exists():
            return {}
        with closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as db:
            return self._entries(db)

    def entries_of_the_dead(self) -> dict[Key, Entry]:
        """The same, of a process that was killed: from a copy, for the store's recovery is the next process's work."""
        if not self._path.exists():
            return {}
        with tempfile.TemporaryDirectory(dir=self._path.parent) as folder:
            copy = Path(folder) / self._path.name
            for suffix in ("", "-wal"):
                if (part := self._path.with_name(self._path.name + suffix)).exists():
                    shutil.copy(part, copy.with_name(copy.name + suffix))
            with closing(sqlite3.connect(copy)) as db:
                return self._entries(db)

    def _entries(self, db: sqlite3.Connection) -> dict[Key, Entry]:
        try:
            rows = db.execute("SELECT alert_id, destination, state, reason, message_id FROM deliveries").fetchall()
            for alert_id in {row[0] for row in rows} - self.sizes.keys():
                body = db.execute("SELECT body FROM alerts WHERE id = ?", (alert_id,)).fetchone()
                self.sizes[alert_id] = _decode(body[0]).print.size or 0
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):  # it is being made
                return {}
            raise
        return {
            (self.sizes[alert_id], destination): Entry(state, reason, message_id is not None)
            for alert_id, destination, state, reason, message_id in rows
        }


@dataclass(frozen=True, slots=True)
class Tally:
    """One destination's account, in deliveries."""

    committed: int
    delivered: int
    """Of these, visible at the platform."""
    lost: int
    """Of these, without an end, or said to be sent and not visible."""
    doubled: int
    """Messages beyond the first that show the same alert."""
    excused: int
    """Of these, those after a request that was carried out and whose outcome flowbot had no way to know."""

    @property
    def is_good(self) -> bool:
        return self.lost == 0 and self.doubled == self.excused

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.committed + other.committed, self.delivered + other.delivered, self.lost + other.lost,
            self.doubled + other.doubled, self.excused + other.excused,
        )  # fmt: skip

    def __str__(self) -> str:
        mark = "!" if not self.is_good else "*" if self.excused else ""
        return f"{self.committed}/{self.delivered}/{self.lost}/{self.doubled}{mark}"


NOTHING = Tally(0, 0, 0, 0, 0)


def tally(
    destination: str,
    store: Reader,
    entries: Mapping[Key, Entry],
    visible: Mapping[int, int],
    attempts: Sequence[Attempt],
    unrecorded: Collection[Key] = (),
) -> Tally:
    """The account of one destination.

    `visible`: in how many messages each size is shown by itself; a digest shows some too, which only `attempts` tell.
    `unrecorded`: deliveries of which the first run, when it was killed, had recorded no end.
    """
    own = {size: entry for (size, where), entry in entries.items() if where == destination}
    told: dict[int, dict[str, bool]] = {}
    """Size -> the messages that tell of it, oldest first, and whether flowbot could not know of each."""
    for attempt in attempts:
        if destination in BOTS and not attempt.is_named:
            continue  # the platform may have known it already; `visible` tells whether it shows a second one
        for size in (store.sizes[id_] for id_ in attempt.ids & store.sizes.keys() if attempt.is_taken):
            was_cut_off = attempt.is_cut_off or (attempt.run == 1 and (size, destination) in unrecorded)
            told.setdefault(size, {}).setdefault(attempt.message, attempt.is_unclear or was_cut_off)
    counts = {size: max(len(told.get(size, ())), visible.get(size, 0)) for size in own}
    excused = [
        min(count - 1, sum(list(told.get(size, {}).values())[:-1])) for size, count in counts.items() if count > 1
    ]
    return Tally(
        committed=len(own),
        delivered=sum(visible.get(size, 0) > 0 for size in own),
        lost=sum(
            not entry.is_ended or (entry.state == "sent" and not visible.get(size)) for size, entry in own.items()
        ),
        doubled=sum(count - 1 for count in counts.values() if count > 1),
        excused=0 if destination in BOTS else sum(excused),
    )
