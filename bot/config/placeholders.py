"""Fills `${NAME}` and `${file:/run/secrets/key}` in text; `$${` stands for `${`. Never shows what it filled in."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from bot.config.sources import Reader

MAX_SECRET_BYTES = 64 * 1024

MIN_LEAK = 9
"""A message that shares this many characters in a row with a filled-in value is not shown..."""
MIN_LEAK_ELSEWHERE = 5
"""... nor one that holds the whole of a shorter value; one about another field may share up to four by chance."""

_PLACEHOLDER = re.compile(r"\$\$\{|\$\{(?P<source>[^{}]*)(?P<closed>\})?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Filling(NamedTuple):
    """What one placeholder stood for. `text` must never be shown."""

    source: str
    """As between the braces: `NAME` or `file:/path`."""
    text: str


class Leaks:
    """Finds in messages what placeholders stood for, however many of both there are."""

    def __init__(self, fillings: Iterable[Filling], at_least: int = MIN_LEAK_ELSEWHERE) -> None:
        """A value shorter than `at_least` characters may appear by chance, and is not looked for."""
        self._pieces: dict[int, dict[str, str]] = {}
        for source, text in dict.fromkeys(fillings):
            length = min(len(text), MIN_LEAK)
            pieces = self._pieces.setdefault(length, {}) if length >= max(at_least, 1) else {}
            for i in range(len(text) - length + 1):
                pieces.setdefault(text[i : i + length], source)

    def source(self, message: str) -> str | None:
        """The placeholder whose value `message` repeats in part, or None."""
        for length, pieces in self._pieces.items():
            for i in range(len(message) - length + 1):
                if found := pieces.get(message[i : i + length]):
                    return found
        return None


class Surroundings(NamedTuple):
    """What placeholders are filled from."""

    variables: Mapping[str, str]
    reader: Reader
    beside: str = "this file"
    """Beside which file `.env` stands, for messages."""


class Filled(NamedTuple):
    text: str
    fillings: tuple[Filling, ...]
    problems: tuple[str, ...]
    """Messages; they name sources and hold no value. With any, `text` is the text as it was."""


def fill(text: str, folder: Path, surroundings: Surroundings) -> Filled:
    """Replace every placeholder in `text`, once; a relative `file:` path starts at `folder`."""
    if "${" not in text:
        return Filled(text, (), ())
    fillings: list[Filling] = []
    problems: list[str] = []

    def replace(found: re.Match[str]) -> str:
        if found[0] == "$${":
            return "${"
        if not found["closed"]:
            problems.append("${ without its closing }; write $${ if you mean the characters themselves")
            return ""
        try:
            filling = Filling(found["source"], _look_up(found["source"], folder, surroundings))
        except ValueError as error:
            problems.append(str(error))
            return ""
        fillings.append(filling)
        return filling.text

    filled = _PLACEHOLDER.sub(replace, text)
    return Filled(text if problems else filled, tuple(fillings), tuple(problems))


def _look_up(source: str, folder: Path, surroundings: Surroundings) -> str:
    if source.startswith("file:"):
        return _read(surroundings.reader, folder / source.removeprefix("file:"), source)
    if not _NAME.fullmatch(source):
        raise ValueError(f"${{{source}}} is no placeholder; the forms are ${{NAME}} and ${{file:/path}}")
    variables = surroundings.variables
    if not variables.get(source):  # an empty line of .env is a line still to be filled in
        state, where = "empty" if source in variables else "not set", f".env beside {surroundings.beside}"
        raise ValueError(f"the variable {source} is {state}; set it in the environment or in {where}")
    return variables[source]


def _read(reader: Reader, path: Path, source: str) -> str:
    try:
        content = reader.read(path)
        if len(content) > MAX_SECRET_BYTES:
            raise ValueError(f"${{{source}}} is larger than {MAX_SECRET_BYTES} bytes: is it the right file?")
        return content.decode().rstrip("\r\n")
    except IsADirectoryError:
        raise ValueError(f"${{{source}}} is no ordinary file") from None
    except OSError as error:
        raise ValueError(f"${{{source}}} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"${{{source}}} is not UTF-8 text") from None
