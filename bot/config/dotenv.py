"""Reads a `.env` file: KEY=VALUE lines, with quotes, comments and `export`. Never shows a value."""

import re
from collections.abc import Callable
from pathlib import Path

from bot.model.errors import Problem

_LINE = re.compile(
    r"""\s*(?:export\s+)?
    (?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*
    (?:
        '(?P<literal>[^']*)'
      | "(?P<escaped>(?:[^"\\]|\\.)*)"
      | (?P<plain>(?!['"])(?:(?!\s\#)[^\r\n])*?)
    )
    \s*(?:(?<=\s)\#.*)?""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def read_dotenv(path: Path, read: Callable[[Path], bytes] = Path.read_bytes) -> tuple[dict[str, str], list[Problem]]:
    """The variables of the file at `path`, and its malformed lines. No file, no variables; the last line wins."""
    try:
        text = read(path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return {}, [Problem(str(path), 0, 0, f"cannot be read: {reason}")]
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if found := _LINE.fullmatch(line):
            values[found["name"]] = _value(found)
        else:
            column = len(line) - len(line.lstrip()) + 1
            problems.append(Problem(str(path), number, column, _complaint(line)))
    return values, problems


def _value(found: re.Match[str]) -> str:
    if found["escaped"] is not None:
        return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), found["escaped"])
    return found["literal"] if found["literal"] is not None else found["plain"]


def _complaint(line: str) -> str:
    name, equals, _ = line.partition("=")
    if not equals:
        return "expected KEY=VALUE"
    if not re.fullmatch(r"\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*", name):
        return "expected KEY=VALUE, where KEY holds only letters, digits and _"
    return "the value's quotes are not closed, or something follows them"
