"""A YAML file as plain values, with the place of each, and secrets filled in. Knows no setting.

What a placeholder stood for never leaves this room in a message: `got` and `hush` are how messages are made.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.config.dotenv import read_dotenv
from bot.config.placeholders import Filling
from bot.config.syntax import compose
from bot.config.tree import PathTo, Place, TreeBuilder, child
from bot.model.errors import Problem

MAX_QUOTED = 60
"""Characters of the user's own text that a message repeats."""
_KINDS = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*://)([^/?#]*@)?([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)

MIN_LEAK = 9
"""A message that shares this many characters in a row with a filled-in value is not shown..."""
MIN_LEAK_ELSEWHERE = 5
"""... nor one that holds the whole of a shorter value; one about another field may share up to four by chance."""


def _without_keys(text: str) -> str:
    """Of an address its host: keys stand before it, in the path and in the query. Other text as it is."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return text
    scheme, user, host, rest = found.groups()
    return f"{scheme}{'…@' if user else ''}{host}{'/…' if rest.strip('/') else rest}"


@dataclass(frozen=True, slots=True)
class Document:
    """One file, read. With `problems` it may still be checked further, to find them all at once."""

    file: str
    value: object = field(default=None, repr=False)
    """Mappings with text keys, lists, text, numbers, booleans and None."""
    problems: tuple[Problem, ...] = ()
    is_readable: bool = True
    """False where there is nothing to check: no file, or not YAML."""
    places: Mapping[PathTo, Place] = field(default_factory=dict, repr=False)
    key_places: Mapping[PathTo, Place] = field(default_factory=dict, repr=False)
    fillings: Mapping[PathTo, tuple[Filling, ...]] = field(default_factory=dict, repr=False)
    unfilled: frozenset[PathTo] = frozenset()
    """Values whose placeholder could not be filled: a problem already, so no second one about what they hold."""

    def mark(self, path: PathTo) -> tuple[str, int, int]:
        """File, line and column of the value at `path`, or of its nearest ancestor that exists."""
        return self._mark(self.places, path)

    def key_mark(self, path: PathTo) -> tuple[str, int, int]:
        """File, line and column of the key of `path`; of the value where that is an item of a list, or the root."""
        return self._mark({**self.places, **self.key_places}, path)

    def problem(self, path: PathTo, message: str, *, at_key: bool = False, is_warning: bool = False) -> Problem:
        """`message` at the place of `path`, unless it gives away what a placeholder stood for."""
        place = self.key_mark(path) if at_key else self.mark(path)
        return Problem(*place, self.hush(path, message), is_warning=is_warning)

    def at(self, path: PathTo) -> object:
        """The value at `path`. Raises KeyError where there is none."""
        value = self.value
        for step in path:
            value = child(value, step)
        return value

    def got(self, path: PathTo, *, quote: bool = True) -> str:
        """`, got "5 mins"` for the end of a message, `, got text` without `quote`, or the placeholder there."""
        if sources := [filling.source for filling in self.fillings.get(path, ())]:
            return f" (the value comes from ${{{sources[0]}}})"
        try:
            value = self.at(path)
        except KeyError:
            return ""
        if not quote or value is None or isinstance(value, (Mapping, list)):
            return f", got {_KINDS.get(type(value), 'a number')}"
        shown = json.dumps(_without_keys(value) if isinstance(value, str) else value, ensure_ascii=False)
        return f", got {shown if len(shown) <= MAX_QUOTED else shown[:MAX_QUOTED] + '…'}"

    def hush(self, path: PathTo, message: str) -> str:
        """`message`, or a blander one if it repeats what a placeholder stood for."""
        for place, fillings in self.fillings.items():
            is_about_it = path[: len(place)] == place
            for filling in fillings:
                if _leaks(message, filling.text, 1 if is_about_it else MIN_LEAK_ELSEWHERE):
                    return f"the value that comes from ${{{filling.source}}} is not accepted here"
        return message

    def _mark(self, places: Mapping[PathTo, Place], path: PathTo) -> tuple[str, int, int]:
        for length in range(len(path), -1, -1):
            if place := places.get(path[:length]):
                return self.file, *place
        return self.file, 0, 0


def read(path: Path | str, environ: Mapping[str, str]) -> Document:
    """Read the file at `path`, with `.env` beside it; where both set a variable, `environ` wins."""
    file = str(path)
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        message = "there is no such file; copy config.example.yaml to it, or name another with -c"
        return Document(file, None, (Problem(file, 0, 0, message),), is_readable=False)
    except OSError as error:
        return Document(file, None, (Problem(file, 0, 0, f"cannot be read: {error.strerror}"),), is_readable=False)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        column = error.start - error.object.rfind(b"\n", 0, error.start)
        problem = Problem(file, line, column, "not UTF-8; save the file in that encoding")
        return Document(file, None, (problem,), is_readable=False)
    folder = Path(path).parent
    variables, problems = read_dotenv(folder / ".env")
    return parse(text, file, {**variables, **environ}, folder, problems)


def parse(
    text: str,
    file: str,
    variables: Mapping[str, str],
    folder: Path = Path(),
    problems: Sequence[Problem] = (),
) -> Document:
    """The document in `text`; `problems` are those found on the way here."""
    node = compose(text, file)
    if isinstance(node, Problem):
        return Document(file, None, (*problems, node), is_readable=False)
    if node is None:
        return Document(file, None, (*problems, Problem(file, 0, 0, "the file is empty")), is_readable=False)
    builder = TreeBuilder(file, variables, folder)
    value = builder.build(node, ())
    return Document(
        file,
        value,
        (*problems, *builder.problems),
        places=builder.places,
        key_places=builder.key_places,
        fillings=builder.fillings,
        unfilled=frozenset(builder.unfilled),
    )


def _leaks(message: str, secret: str, at_least: int) -> bool:
    length = max(min(len(secret), MIN_LEAK), at_least)
    return any(secret[i : i + length] in message for i in range(len(secret) - length + 1))
