"""What a sample frame becomes, field by field, in lines for the person who writes the map."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from bot.config.wording import suggest
from bot.flow.complete import complete
from bot.flow.facts import load
from bot.flow.mapping.evaluate import value_at
from bot.flow.mapping.expressions import Call, Path
from bot.flow.mapping.forms import WORDS
from bot.flow.mapping.reading import Map, Skipped, to_facts
from bot.flow.mapping.sources import Flagged, Source, Translated, Written, paths_of
from bot.model.errors import FrameError
from bot.model.prints import Print

MAX_RECORDS_SHOWN = 5
MAX_SHOWN = 40
"""Characters of a value."""
MAX_KEYS_SHOWN = 30
HEADER = ("our name", "from", "in the frame", "becomes")

_NO_FACTS = frozenset(
    {"provider", "received_ns", "score_is_local", "score_parts", "notes", "is_recovered", "is_delayed"}
)


def explain_frame(map_: Map, frame: str | bytes, received_ns: int) -> list[str]:
    """What each record of the frame becomes: our name, where it comes from, what is there, and the result or why not.

    `received_ns`, in unix nanoseconds, stands for the time of receipt, from which days to expiry may be counted.
    """
    try:
        root = load(frame)
        records = map_.records(root)
    except FrameError as error:
        return [f"the frame: {error}"]
    if isinstance(records, Skipped):
        return [f"the frame is passed over, by {records.why}"]
    lines = [f"{len(records)} record{'' if len(records) == 1 else 's'} at {map_.settings.records}"]
    for number, record in enumerate(records[:MAX_RECORDS_SHOWN], 1):
        lines += [f"record {number}{line}" for line in _heading(map_, record, root, received_ns)]
        if map_.skipped(record, root) is None:
            lines += _table(map_, record, root, received_ns)
    if len(records) > MAX_RECORDS_SHOWN:
        lines.append(f"… and {len(records) - MAX_RECORDS_SHOWN} more")
    return lines


def _print(map_: Map, record: object, root: object, received_ns: int) -> Print | FrameError:
    try:
        return complete(map_.facts(record, root), "sample", received_ns)
    except FrameError as error:
        return error


def _heading(map_: Map, record: object, root: object, received_ns: int) -> Iterator[str]:
    if skipped := map_.skipped(record, root):
        yield f" is passed over, by {skipped.why}"
        return
    found = _print(map_, record, root, received_ns)
    if isinstance(found, FrameError):
        yield f" is no print: {found}"
    elif map_.is_cancelled(record, root):
        yield " takes back this print:"
    else:
        yield " is a print:"


def _table(map_: Map, record: object, root: object, received_ns: int) -> list[str]:
    found = _print(map_, record, root, received_ns)
    print_ = None if isinstance(found, FrameError) else found
    fields = map_.settings.fields
    rows = [HEADER]
    for name, source in fields.items():
        rows.append((name, _cut(str(source)), _there(source, record, root), _result(map_, name, record, root, print_)))
    if print_ is not None:
        rows += [(name, "derived", "", shown) for name, shown in _facts(print_) if name not in fields]
    lines = list(_aligned(rows))
    if print_ is not None and print_.notes:
        lines.append(f"  noted: {'; '.join(print_.notes)}")
    if unread := _unread(fields.values(), record):
        lines.append(f"  not read: {', '.join(unread)}")
    return lines


def _result(map_: Map, name: str, record: object, root: object, print_: Print | None) -> str:
    try:
        value = map_.read_field(name, record, root)
        to_facts({} if value is None else {name: value})
    except FrameError as error:
        return f"refused: {error}"
    fact = getattr(print_, name, None)
    if value is None:
        why = _why(map_.settings.fields[name], record, root)
    elif name in WORDS and WORDS[name][str(value)] is None:
        why = f"no word for {name} that we know"
    elif name not in Print.__struct_fields__:
        return f"{_short(value)}, for what is derived"
    elif fact is None and print_ is not None:
        why = f"{_short(value)} counts as nothing"
    else:
        return _short(value) if fact is None else _text(fact)
    return f"missing: {why}" if fact is None else f"{_text(fact)}, derived: {why}"


def _why(source: Source, record: object, root: object) -> str:
    """Why there is no value, for whoever misspelt a path."""
    paths = tuple(paths_of(source))
    if all(value_at(path)(record, root) is None for path in paths):
        return _gap(paths[0], record, root) if paths else "nothing"
    match source:
        case Translated():
            return "the word is not in the map"
        case Flagged():
            return "no flag is up"
        case Written(Call("occ")):
            return "no option symbol"
    return "part of it is missing, or a division by zero"


def _gap(path: Path, record: object, root: object) -> str:
    here: object = root if path.is_from_frame else record
    for step in path.steps:
        if isinstance(here, dict) and isinstance(step, str):
            if step not in here:
                names = [key for key in here if isinstance(key, str)][:MAX_KEYS_SHOWN]
                return f'there is no "{step}"{suggest(step, names)}'
            here = here[step]
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        else:
            return f"nothing stands at {path}"
    return "it is null" if here is None else "it is empty"


def _there(source: Source, record: object, root: object) -> str:
    """The raw values that the source looks at."""
    found = {path: value_at(path)(record, root) for path in paths_of(source)}
    present = {path: value for path, value in found.items() if value is not None}
    if len(found) == 1:
        return "".join(map(_short, present.values()))
    return _cut(", ".join(f"{path} = {_short(value)}" for path, value in present.items()))


def _unread(sources: Iterable[Source], record: object) -> list[str]:
    """Keys of the record that no field looks at."""
    if not isinstance(record, dict):
        return []
    read = {path.steps[0] for source in sources for path in paths_of(source) if path.steps}
    return [str(key)[:MAX_SHOWN] for key in record if key not in read][:MAX_KEYS_SHOWN]


def _facts(print_: Print) -> Iterator[tuple[str, str]]:
    for name in Print.__struct_fields__:
        value = getattr(print_, name)
        if value is not None and name not in _NO_FACTS:
            yield name, str(timedelta(seconds=value)) if name == "time_of_day" else _text(value)


def _text(fact: object) -> str:
    """A fact as the vocabulary has it."""
    if isinstance(fact, bool):
        return str(fact).lower()
    if isinstance(fact, float):
        return f"{fact:,.4f}".rstrip("0").rstrip(".")
    if isinstance(fact, datetime):
        return f"{fact:%Y-%m-%d %H:%M:%S.%f} UTC"
    return str(fact)


def _short(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = str(value)
    return _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  " + "  ".join([*cells, row[3]]).rstrip()
