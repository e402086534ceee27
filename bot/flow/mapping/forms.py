"""Reads where a fact comes from, in any of the forms that a map may have it, and gathers every flaw."""

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from bot.config.wording import join, suggest
from bot.flow.facts import facts_from
from bot.flow.mapping.functions import PER_SECOND, Unit
from bot.flow.mapping.grammar import parse
from bot.flow.mapping.sources import Constant, FirstOf, Fixed, Flagged, Measured, Source, Translated, Written
from bot.flow.words import BIASES, KINDS, SIDES, TYPES
from bot.model.errors import FrameError

MAX_NESTING = 4
"""Lists and `from` within one another."""
MAX_CHOICES = 100
"""Aliases of one fact, words of one `map`, flags."""

FORMS = ("from", "map", "else", "unit", "flags", "constant")
UNITS: dict[str, tuple[str, ...]] = {
    "time": (*PER_SECOND, "iso"), "iv": ("percent", "fraction"), "otm_pct": ("percent", "fraction"),
}  # fmt: skip
"""The facts that can be told in several units; a time without one is told by its size or form."""
WORDS: dict[str, Mapping[str | None, object]] = {"type": TYPES, "side": SIDES, "kind": KINDS, "bias": BIASES}


class Flaw(NamedTuple):
    """One thing wrong with what an admin wrote; `path` begins at what was read."""

    path: tuple[str | int, ...]
    message: str
    """Quotes no value: it may have come from a secret. Empty for a key that does not exist."""


def read_source(fact: str, raw: object) -> tuple[Source | None, list[Flaw]]:
    """Where `fact` comes from, or None and every flaw."""
    reader = _Reader(fact)
    found = reader.source(raw, (), 0)
    return (None, reader.flaws) if reader.flaws else (found, [])


def read_expression(raw: object) -> Written:
    """Raises ValueError where `raw` is no expression."""
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError("expected a path into the frame or an expression, such as price or price * size * 100")
    return Written(parse(raw), raw.strip())


class _Reader:
    """Gathers flaws; a part that has one is None, and its neighbours are still read."""

    def __init__(self, fact: str) -> None:
        self.flaws: list[Flaw] = []
        self._fact = fact

    def source(self, raw: object, path: tuple[str | int, ...], depth: int) -> Source | None:
        if depth > MAX_NESTING:
            self._refuse(path, f"nested more than {MAX_NESTING} levels deep")
            return None
        if isinstance(raw, (bool, int, float)):
            return self._fixed(raw, path)
        if isinstance(raw, list):
            return self._first_of(raw, path, depth)
        if isinstance(raw, Mapping):
            return self._form(raw, path, depth)
        return self._written(raw, path)

    def _written(self, raw: object, path: tuple[str | int, ...]) -> Written | None:
        try:
            return read_expression(raw)
        except ValueError as error:
            self._refuse(path, str(error))
            return None

    def _fixed(self, raw: object, path: tuple[str | int, ...]) -> Fixed | None:
        value = self._constant(raw, path)
        return None if value is None else Fixed(value)

    def _constant(self, raw: object, path: tuple[str | int, ...]) -> Constant | None:
        """A value of the fact's own kind, in our words."""
        if not isinstance(raw, (str, int, float)) or raw == "":
            self._refuse(path, f"expected a value of {self._fact}")
            return None
        known = WORDS.get(self._fact)
        if known is not None:
            ours = known[raw] if isinstance(raw, str) else None
            if not isinstance(ours, str):
                words = sorted({word for word in known.values() if isinstance(word, str)})
                self._refuse(path, f"expected {join(words)}")
                return None
            return ours
        try:
            facts_from({self._fact: raw})
        except FrameError as error:
            self._refuse(path, f"no value of {self._fact} ({error.reason})")
            return None
        return raw

    def _first_of(self, raw: list[object], path: tuple[str | int, ...], depth: int) -> FirstOf | None:
        if not 0 < len(raw) <= MAX_CHOICES:
            self._refuse(path, f"expected 1 to {MAX_CHOICES} sources, the first of which that is there counts")
            return None
        options = [self.source(item, (*path, index), depth + 1) for index, item in enumerate(raw)]
        return FirstOf(tuple(option for option in options if option is not None))

    def _form(self, raw: Mapping[str, object], path: tuple[str | int, ...], depth: int) -> Source | None:
        unknown = [key for key in raw if key not in FORMS]
        self.flaws += [Flaw((*path, key), "") for key in unknown]
        heads = [key for key in ("from", "flags", "constant") if key in raw]
        if unknown:
            return None
        if len(heads) != 1 or (heads != ["from"] and len(raw) > 1):
            self._refuse(path, "expected from (with map, else or unit if need be), or flags or constant alone")
            return None
        if "constant" in raw:
            return self._fixed(raw["constant"], (*path, "constant"))
        if "flags" in raw:
            return self._flagged(raw["flags"], (*path, "flags"))
        found = self.source(raw["from"], (*path, "from"), depth + 1)
        if "else" in raw and "map" not in raw:
            self._refuse((*path, "else"), "else belongs to a map of words; for another source write a list")
            return None
        if found is not None and "map" in raw:
            found = self._translated(found, raw, path)
        return self._measured(found, raw["unit"], (*path, "unit")) if "unit" in raw and found else found

    def _translated(self, source: Source, raw: Mapping[str, Any], path: tuple[str | int, ...]) -> Translated | None:
        words = self._table(raw["map"], (*path, "map"))
        otherwise = self._constant(raw["else"], (*path, "else")) if "else" in raw else None
        return Translated(source, tuple(words.items()), otherwise)

    def _flagged(self, raw: object, path: tuple[str | int, ...]) -> Flagged | None:
        flags = []
        for text, word in self._table(raw, path).items():
            if flag := self._written(text, (*path, text)):
                flags.append((flag, word))
        return Flagged(tuple(flags))

    def _table(self, raw: object, path: tuple[str | int, ...]) -> dict[str, Constant]:
        if not isinstance(raw, Mapping) or not 0 < len(raw) <= MAX_CHOICES:
            self._refuse(path, f"expected a mapping of 1 to {MAX_CHOICES} words, such as {{BUY: ask, SELL: bid}}")
            return {}
        found = {key: self._constant(value, (*path, key)) for key, value in raw.items()}
        return {key: value for key, value in found.items() if value is not None}

    def _measured(self, source: Source, raw: object, path: tuple[str | int, ...]) -> Measured | None:
        known = UNITS.get(self._fact, ())
        if not known:
            self._refuse(path, f"{self._fact} has one unit only; write an expression, such as strike / 1000")
            return None
        unit = next((unit for unit in get_args(Unit) if unit == raw and unit in known), None)
        if unit is None:
            hint = suggest(raw, known) if isinstance(raw, str) and raw else ""
            self._refuse(path, f"expected {join(known)}" if not hint else f"unknown unit{hint}")
            return None
        return Measured(source, unit, self._fact)

    def _refuse(self, path: tuple[str | int, ...], message: str) -> None:
        self.flaws.append(Flaw(path, message))
