"""Makes closures of a map's sources and conditions, once."""

from collections.abc import Callable
from typing import Any

from bot.flow.mapping import functions
from bot.flow.mapping.evaluate import Read, compile_expression
from bot.flow.mapping.settings import Condition, Conditions
from bot.flow.mapping.sources import Constant, FirstOf, Fixed, Flagged, Measured, Source, Translated, Written
from bot.flow.numbers import number
from bot.model.errors import FrameError

Test = Callable[[Any, Any], bool]
"""Whether a condition holds, of the record and the whole frame."""

_YES = frozenset({"true", "yes", "y", "t", "1"})
_PERCENT = 100.0


def compile_field(fact: str, source: Source) -> Read:
    """The function that a source of this fact stands for."""
    read = compile_source(source)
    if fact != "expiry":
        return read

    def read_day(record: Any, frame: Any) -> Any:
        found = read(record, frame)
        return functions.calendar_day(found) if type(found) is int else found

    return read_day


def compile_source(source: Source) -> Read:
    """The function that a source stands for."""
    match source:
        case Written(expression):
            return compile_expression(expression)
        case Fixed(value):
            return lambda _record, _frame: value
        case FirstOf(options):
            return _first_of(tuple(map(compile_source, options)))
        case Translated(inner, words, otherwise):
            return _translated(compile_source(inner), dict(words), otherwise)
        case Flagged(flags):
            return _flagged(tuple((compile_expression(flag.expression), word) for flag, word in flags))
        case Measured():
            return _measured(source)


def _first_of(options: tuple[Read, ...]) -> Read:
    def read(record: Any, frame: Any) -> Any:
        for option in options:
            found = option(record, frame)
            if found is not None:
                return found
        return None

    return read


def _translated(read: Read, words: dict[str, Constant], otherwise: Constant | None) -> Read:
    folded = {_folded(word): ours for word, ours in words.items()}

    def translate(record: Any, frame: Any) -> Constant | None:
        found = read(record, frame)
        if found is None:
            return None
        if type(found) is str and found in words:
            return words[found]
        if type(found) is list:
            ours = _first_in(found, words)
            ours = _first_in([*map(_folded, found)], folded) if ours is None else ours
            return otherwise if ours is None else ours
        return folded.get(_folded(found), otherwise)

    return translate


def _first_in(tags: list[Any], words: dict[str, Constant]) -> Constant | None:
    for word, ours in words.items():
        if word in tags:
            return ours
    return None


def _folded(value: object) -> str:
    """A word in any case; of JSON's true, false and numbers, as YAML's keys spell them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip().casefold() if isinstance(value, (str, int, float)) else ""


def _flagged(flags: tuple[tuple[Read, Constant], ...]) -> Read:
    def read(record: Any, frame: Any) -> Constant | None:
        return next((word for flag, word in flags if _is_up(flag(record, frame))), None)

    return read


def _is_up(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() in _YES
    return isinstance(value, (int, float)) and value != 0


def _measured(source: Measured) -> Read:
    read, convert = compile_source(source.source), _conversion(source)

    def measure(record: Any, frame: Any) -> Any:
        found = read(record, frame)
        return None if found is None else convert(found)

    return measure


def _conversion(source: Measured) -> Callable[[Any], Any]:
    unit, fact = source.unit, source.fact
    if unit in functions.PER_SECOND:
        return functions.unix(functions.PER_SECOND[unit])
    if unit == "iso":
        return functions.iso
    if (unit == "percent") == (fact == "otm_pct"):
        return lambda value: number(value, fact)
    if unit == "percent":
        return lambda value: number(value, fact) / _PERCENT
    return lambda value: number(value, fact) * _PERCENT


def compile_conditions(conditions: Conditions) -> tuple[tuple[Test, Condition], ...]:
    """A test for each. What cannot be worked out (text in arithmetic) is no match."""
    return tuple((_test(condition), condition) for condition in conditions)


def _test(condition: Condition) -> Test:
    read, values, is_present = compile_expression(condition.source.expression), condition.values, condition.is_present

    def test(record: Any, frame: Any) -> bool:
        try:
            found = read(record, frame)
        except FrameError:
            found = None
        if is_present is not None:
            return (found is not None) is is_present
        return isinstance(found, (str, int, float)) and (isinstance(found, bool), found) in values

    return test
