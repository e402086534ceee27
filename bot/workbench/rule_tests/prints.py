"""The prints of a test, as an admin writes them: facts under our names, and when each is received."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from bot.config.document import Document
from bot.config.tree import PathTo
from bot.config.units import parse_duration
from bot.flow.complete import complete
from bot.flow.facts import Facts
from bot.flow.market import NEW_YORK
from bot.model.errors import FrameError, Problem
from bot.model.prints import Print
from bot.workbench.rule_tests.facts import FIELDS, WHEN, Said, read_facts, read_time

_NS_PER_S: Final = 1_000_000_000
_APART_S: Final = 1.0
"""Between two prints that do not say: at one moment they could be one print, or legs of one order."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for every print of a test."""

    what: str
    """The test, for messages."""
    now: datetime
    defaults: Said
    providers: Collection[str]
    """The configured ones; the first is meant where a print names none."""


class PrintReader:
    """Reads one test's prints in order, each from where the one before left the clock."""

    def __init__(self, document: Document, setting: Setting) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._setting = setting
        self._clock_ns = _ns(setting.now)
        self._said: list[Said] = []

    def prints(self, raws: Sequence[Mapping[str, object]], path: PathTo) -> list[Print]:
        """Those that could be read; with `problems` they are not all."""
        return [
            found
            for index, raw in enumerate(raws)
            if (found := self._print(raw, (*path, index), index + 1)) is not None
        ]

    def _print(self, raw: Mapping[str, object], path: PathTo, number: int) -> Print | None:
        what = f"print {number} of {self._setting.what}"
        facts = {name: value for name, value in raw.items() if name not in WHEN}
        own, problems = read_facts(facts, path, self._document, what, self._setting.providers)
        self.problems += problems
        is_whole = self._move_clock(raw, path, what)
        same = self._same_as(raw, path, what)
        said = {**(self._setting.defaults if same is None else same), **own}
        self._said.append(said)
        if problems or not is_whole:
            return None
        return self._completed(said, path, what)

    def _same_as(self, raw: Mapping[str, object], path: PathTo, what: str) -> Said | None:
        if "same_as" not in raw:
            return None
        number, here = raw["same_as"], (*path, "same_as")
        if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= len(self._said):
            return self._said[number - 1]
        message = f"same_as of {what}: expected the number of a print above it{self._document.got(here)}"
        self.problems.append(self._document.problem(here, message))
        return None

    def _move_clock(self, raw: Mapping[str, object], path: PathTo, what: str) -> bool:
        """Whether the time of receipt could be read."""
        if "at" in raw and "after" in raw:
            message = f"{what}: give at (a time) or after (so long after the print above), not both"
            self.problems.append(self._document.problem((*path, "after"), message, at_key=True))
            return False
        name = "at" if "at" in raw else "after"
        try:
            if name == "at":
                moved_ns = _ns(_on_day(read_time(raw["at"]), self._clock_ns))
            else:
                apart: Any = raw.get("after", _APART_S if self._said else 0.0)
                moved_ns = self._clock_ns + round(parse_duration(apart) * _NS_PER_S)
            if moved_ns < self._clock_ns:
                raise ValueError("lies before the print above; list prints as they are received")  # noqa: TRY301 one way out
        except ValueError as error:
            here = (*path, name)
            message = f"{name} of {what}: {error}{self._document.got(here)}"
            self.problems.append(self._document.problem(here, message))
            return False
        self._clock_ns = moved_ns
        return True

    def _completed(self, said: Said, path: PathTo, what: str) -> Print | None:
        if not (said.get("ticker") or said.get("option_symbol")):
            message = f"{what} names no ticker; give one, here or in defaults"
            self.problems.append(self._document.problem(path, message))
            return None
        received_ns = self._clock_ns
        facts = {FIELDS.get(name, name): value for name, value in said.items() if name != "provider"}
        traded = said.get("time", _moment(received_ns))
        facts["time"] = _on_day(traded, received_ns) if isinstance(traded, float | datetime) else None
        provider = said.get("provider") or next(iter(self._setting.providers))
        try:
            return complete(Facts(**facts), str(provider), received_ns)  # type: ignore[arg-type]
        except FrameError as error:
            self.problems.append(self._document.problem(path, f"{what}: {error.detail}"))
            return None


def _ns(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000


def _moment(ns: int) -> datetime:
    seconds, rest = divmod(ns, _NS_PER_S)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)


def _on_day(moment: float | datetime, day_ns: int) -> datetime:
    """A time of day on the New York date of `day_ns`; a whole time as it is."""
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(_moment(day_ns).astimezone(NEW_YORK), time.min, NEW_YORK) + timedelta(seconds=moment)
