"""What a vendor's REST answer says, read leniently: rows apart from the rest, and each row's fields by any spelling.

Where a vendor documents no names, ours are looked for in snake_case, in camelCase and under the given aliases. A
missing fact is None, an unknown key is ignored, and numbers may be strings, as everywhere in `bot.flow`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, TypeVar, get_type_hints

import msgspec

from bot.flow.facts import load
from bot.flow.numbers import number, whole
from bot.flow.times import to_date, to_utc
from bot.model.errors import FrameError, VendorError

T = TypeVar("T", bound=msgspec.Struct)
Aliases = Mapping[str, tuple[str, ...]]
Scalar = str | int | float | bool | None

MAX_TEXT: Final = 200
"""Characters of a text that are worth keeping."""

_split = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw]).decode
_rows = msgspec.json.Decoder(list[msgspec.Raw] | None).decode


def split(body: bytes, *names: str) -> tuple[list[bytes], dict[str, object]]:
    """The rows under the first of `names` that the answer has, or of the array that it is; and what else it says.

    Rows are JSON texts, so that one that cannot be read costs no other. Raises VendorError: bad_answer.
    """
    try:
        found = _split(body)
        if isinstance(found, list):
            return [bytes(row) for row in found], {}
        name = _named(found, names)
        rows = [bytes(row) for row in _rows(found.pop(name)) or ()]
        return rows, {key: msgspec.json.decode(value) for key, value in found.items()}
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _split_loosely(body, names)


def _split_loosely(body: bytes, names: tuple[str, ...]) -> tuple[list[bytes], dict[str, object]]:
    """The same, of an answer with a NaN in it, which many encoders write; that row will be refused, and no other."""
    found = parse(body)
    rest: dict[str, object] = {}
    if isinstance(found, dict):
        rest = dict(found)
        found = rest.pop(_named(rest, names)) or []
    if not isinstance(found, list):
        raise VendorError("bad_answer", f"expected a list of rows, got {type(found).__name__}")
    return texts(found), rest


def texts(rows: Iterable[object]) -> list[bytes]:
    """Each row as JSON again; a NaN stays what it is."""
    return [json.dumps(row).encode() for row in rows]


def _named(found: Mapping[str, object], names: tuple[str, ...]) -> str:
    for name in names:
        if name in found:
            return name
    raise VendorError("bad_answer", f"the answer has no {' or '.join(map(repr, names))}")


def parse(body: bytes) -> object:
    """Any JSON. Raises VendorError: bad_answer."""
    try:
        return load(body)
    except FrameError:
        raise VendorError("bad_answer", "the answer is no JSON, or not all of it arrived") from None


def parse_object(body: bytes) -> dict[str, object]:
    """A JSON object. Raises VendorError: bad_answer."""
    found = parse(body)
    if not isinstance(found, dict):
        raise VendorError("bad_answer", f"expected a JSON object, got {type(found).__name__}")
    return found


def read(row: object, kind: type[T], aliases: Aliases | None = None) -> T:
    """The fields of `kind` in a JSON object. Raises FrameError for a value that cannot be what its name says.

    Fields of types that are no plain value are left at their default.
    """
    if not isinstance(row, Mapping):
        raise FrameError("bad_shape", f"expected a JSON object, got {type(row).__name__}")
    facts = {}
    for name, spellings, reader in _plan(kind):
        for spelling in (*spellings, *(aliases or {}).get(name, ())):
            value = row.get(spelling)
            if value is not None and value != "":
                facts[name] = reader(value, spelling)
                break
    return kind(**facts)


def read_all(rows: Iterable[object], kind: type[T], aliases: Aliases | None = None) -> tuple[tuple[T, ...], int]:
    """The rows that can be read, and how many cannot. A JSON text counts as what it says."""
    found, skipped = [], 0
    for row in rows:
        try:
            found.append(read(load(row) if isinstance(row, bytes) else row, kind, aliases))
        except FrameError:
            skipped += 1
    return tuple(found), skipped


def told(found: object, prefix: str = "") -> dict[str, Scalar]:
    """The plain values of an object and of the objects in it, by dotted names: `{"day.used": 12}`."""
    flat: dict[str, Scalar] = {}
    for name, value in found.items() if isinstance(found, Mapping) else ():
        if isinstance(value, Mapping):
            if not prefix:
                flat |= told(value, f"{name}.")
        elif value is None or isinstance(value, (str, int, float)):
            flat[f"{prefix}{name}"[:MAX_TEXT]] = _text(value, name) if isinstance(value, str) else value
    return flat


def _text(value: object, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise FrameError("bad_value", f"{name}: expected text, got {type(value).__name__}")
    if isinstance(value, int) and abs(value) >= 10**40:
        raise FrameError("bad_value", f"{name}: expected text, got a huge integer")
    plain = "".join(character if character.isprintable() else " " for character in str(value)[: 4 * MAX_TEXT])
    return " ".join(plain.split())[:MAX_TEXT]


def _flag(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return number(value, name) != 0


def _moment(value: object, name: str) -> datetime:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise FrameError("bad_date", f"{name}: expected a time, got {type(value).__name__}")
    return to_utc(value)


def day(value: object, name: str) -> date:
    """A calendar date. Raises FrameError."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise FrameError("bad_date", f"{name}: expected a date, got {type(value).__name__}")
    return to_date(value)


_READERS: dict[object, Callable[[object, str], Any]] = {
    str | None: _text, float | None: number, int | None: whole, bool | None: _flag, datetime | None: _moment,
    date | None: day,
}  # fmt: skip


@lru_cache
def _plan(kind: type[msgspec.Struct]) -> tuple[tuple[str, tuple[str, ...], Callable[[object, str], Any]], ...]:
    """Each field that can be read: its name, its spellings, its reader."""
    hints = get_type_hints(kind)
    plan = []
    for name in kind.__struct_fields__:
        head, *tail = name.split("_")
        spellings = (name, head + "".join(part.capitalize() for part in tail)) if tail else (name,)
        if hints[name] in _READERS:
            plan.append((name, spellings, _READERS[hints[name]]))
    return tuple(plan)
