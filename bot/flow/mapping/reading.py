"""`Map`: turns the frames of a feed into prints, each record judged alone."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

import msgspec

from bot.flow.complete import complete
from bot.flow.facts import Facts, facts_from, load
from bot.flow.mapping.compiled import Test, compile_conditions, compile_field
from bot.flow.mapping.evaluate import Read, value_at
from bot.flow.mapping.settings import Condition, Conditions, MapSettings
from bot.flow.mapping.sources import paths_of
from bot.model.errors import FrameError
from bot.model.prints import Print

MAX_RECORDS = 10_000
"""Of one frame. A page of history has some thousand; ten times that is a broken server, or a hostile one."""


class Skipped(msgspec.Struct, frozen=True):
    """A record, or a frame, that the map passes over: a heartbeat, an acknowledgement, another kind of event."""

    why: str
    """The clause of the map: `only ev`, `skip status`."""


class Cancelled(msgspec.Struct, frozen=True):
    """The feed takes back a print that it sent before; this one says which."""

    print: Print


Reading = Print | Cancelled | Skipped | FrameError
"""What one record came to; a FrameError is told, not raised, so that its neighbours are still read."""

Clause = tuple[Test, Skipped]

_MADE: dict[str, type] = {"time": datetime, "expiry": date}
"""What our functions and units make, which no JSON holds, so that the reader of JSON would refuse it."""


class Map:
    """A map, compiled. Reads any number of frames; remembers none."""

    def __init__(self, settings: MapSettings) -> None:
        self.settings = settings
        self._records = value_at(settings.records.path)
        self._fields: tuple[tuple[str, Read], ...] = tuple(
            (name, compile_field(name, source)) for name, source in settings.fields.items()
        )
        self._only_frames, self._only = _clauses("only", settings.only)
        self._skip_frames, self._skip = _clauses("skip", settings.skip)
        self._cancels = tuple(test for test, _ in compile_conditions(settings.cancels))

    def read(self, frame: str | bytes, received_ns: int, provider: str) -> list[Reading]:
        """What each record of the frame is, in order. Raises nothing, whatever the frame holds.

        `received_ns` is when it came, in unix nanoseconds.
        """
        try:
            root = load(frame)
            records = self.records(root)
        except FrameError as error:
            return [error]
        if isinstance(records, Skipped):
            return [records]
        readings = [self._reading(record, root, received_ns, provider) for record in records[:MAX_RECORDS]]
        if len(records) > MAX_RECORDS:
            readings.append(FrameError("bad_shape", f"more than {MAX_RECORDS} records in one frame"))
        return readings

    def records(self, root: object) -> list[Any] | Skipped:
        """The records in a decoded frame, or why there are none. Raises FrameError where they should be and are not."""
        if skipped := _judge(root, root, self._only_frames, self._skip_frames):
            return skipped
        where = self.settings.records
        found = self._records(root, root) if where.path.steps else root
        if found is None:
            raise FrameError("bad_shape", f"there is nothing at {where}")
        return found if where.is_list and isinstance(found, list) else [found]

    def skipped(self, record: object, root: object) -> Skipped | None:
        """Why the map passes over this record; None where it does not."""
        return _judge(record, root, self._only, self._skip)

    def is_cancelled(self, record: object, root: object) -> bool:
        return any(test(record, root) for test in self._cancels)

    def facts(self, record: object, root: object) -> Facts:
        """What the record says, under our names. Raises FrameError."""
        found = {}
        for name, read in self._fields:
            value = read(record, root)
            if value is not None:
                found[name] = value
        return to_facts(found)

    def read_field(self, name: str, record: object, root: object) -> object:
        """The value of one field, as the map makes it. Raises FrameError."""
        return next(read for fact, read in self._fields if fact == name)(record, root)

    def _reading(self, record: object, root: object, received_ns: int, provider: str) -> Reading:
        if skipped := _judge(record, root, self._only, self._skip):
            return skipped
        try:
            found = complete(self.facts(record, root), provider, received_ns)
        except FrameError as error:
            return error
        return Cancelled(found) if self._cancels and self.is_cancelled(record, root) else found


def says(conditions: Conditions) -> Callable[[str | bytes], bool]:
    """Whether a frame, or an item of a list that it is, fulfils all the conditions: for answers to a first message."""
    tests = tuple(test for test, _ in compile_conditions(conditions))

    def is_said(frame: str | bytes) -> bool:
        try:
            root = load(frame)
        except FrameError:
            return False
        records = [root, *root[:MAX_RECORDS]] if isinstance(root, list) else [root]
        return any(all(test(record, root) for test in tests) for record in records)

    return is_said


def to_facts(found: dict[str, object]) -> Facts:
    """Values of any JSON type under our names as facts; digits in a text are numbers. Raises FrameError."""
    try:
        return msgspec.convert(found, Facts, strict=False)
    except (msgspec.ValidationError, UnicodeError):
        pass  # facts_from takes longer, accepts more and says precisely what is wrong
    made = {name: found.pop(name) for name, kind in _MADE.items() if type(found.get(name)) is kind}
    facts = facts_from(found)
    for name, value in made.items():
        setattr(facts, name, value)
    return facts


def _clauses(what: str, conditions: Conditions) -> tuple[tuple[Clause, ...], tuple[Clause, ...]]:
    """Those about the whole frame, which are judged before its records are looked for, and those about a record."""
    clauses = [
        (_is_about_frame(condition), (test, Skipped(f"{what} {condition.source}")))
        for test, condition in compile_conditions(conditions)
    ]
    return (
        tuple(clause for is_about_frame, clause in clauses if is_about_frame),
        tuple(clause for is_about_frame, clause in clauses if not is_about_frame),
    )


def _is_about_frame(condition: Condition) -> bool:
    return all(path.is_from_frame for path in paths_of(condition.source))


def _judge(record: object, root: object, only: Iterable[Clause], skip: Iterable[Clause]) -> Skipped | None:
    for test, skipped in only:
        if not test(record, root):
            return skipped
    for test, skipped in skip:
        if test(record, root):
            return skipped
    return None
