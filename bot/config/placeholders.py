"""Fills `${NAME}` and `${file:/run/secrets/key}` in text; `$${` stands for `${`. Never shows what it filled in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

MAX_SECRET_BYTES = 64 * 1024

_PLACEHOLDER = re.compile(r"\$\$\{|\$\{(?P<source>[^{}]*)(?P<closed>\})?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Filling(NamedTuple):
    """What one placeholder stood for. `text` must never be shown."""

    source: str
    """As between the braces: `NAME` or `file:/path`."""
    text: str


class Filled(NamedTuple):
    text: str
    fillings: tuple[Filling, ...]
    problems: tuple[str, ...]
    """Messages; they name sources and hold no value. With any, `text` is the text as it was."""


def fill(text: str, variables: Mapping[str, str], folder: Path) -> Filled:
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
            filling = Filling(found["source"], _look_up(found["source"], variables, folder))
        except ValueError as error:
            problems.append(str(error))
            return ""
        fillings.append(filling)
        return filling.text

    filled = _PLACEHOLDER.sub(replace, text)
    return Filled(text if problems else filled, tuple(fillings), tuple(problems))


def _look_up(source: str, variables: Mapping[str, str], folder: Path) -> str:
    if source.startswith("file:"):
        return _read(folder / source.removeprefix("file:"), source)
    if not _NAME.fullmatch(source):
        raise ValueError(f"${{{source}}} is no placeholder; the forms are ${{NAME}} and ${{file:/path}}")
    if not variables.get(source):  # an empty line of .env is a line still to be filled in
        state = "empty" if source in variables else "not set"
        raise ValueError(f"the variable {source} is {state}; set it in the environment or in .env beside this file")
    return variables[source]


def _read(path: Path, source: str) -> str:
    try:
        if path.exists() and not path.is_file():
            raise ValueError(f"${{{source}}} is no ordinary file")
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
        if len(content) > MAX_SECRET_BYTES:
            raise ValueError(f"${{{source}}} is larger than {MAX_SECRET_BYTES} bytes: is it the right file?")
        return content.decode().rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"${{{source}}} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"${{{source}}} is not UTF-8 text") from None
