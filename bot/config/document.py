"""A YAML file, and what it includes, as plain values, with the place of each, and secrets filled in. Knows no setting.

What a placeholder stood for never leaves this room in a message: `got` and `hush` are how messages are made.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bot.config.dotenv import read_dotenv
from bot.config.growing import grow
from bot.config.include import decode, follow
from bot.config.placeholders import Filling, Leaks, Surroundings
from bot.config.sources import Reader, Sources
from bot.config.tree import PathTo, Place, child
from bot.model.errors import Problem

MAX_QUOTED = 60
"""Characters of the user's own text that a message repeats."""
_KINDS = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*://)([^/?#]*@)?([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)


def _without_keys(text: str) -> str:
    """Of an address its host: keys stand before it, in the path and in the query. Other text as it is."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return text
    scheme, user, host, rest = found.groups()
    return f"{scheme}{'…@' if user else ''}{host}{'/…' if rest.strip('/') else rest}"


@dataclass(frozen=True, slots=True)
class Document:
    """One file and all that it includes, read. With `problems` it may still be checked further, to find them all."""

    file: str
    """The main one, as it was named."""
    value: object = field(default=None, repr=False)
    """Mappings with text keys, lists, text, numbers, booleans and None."""
    problems: tuple[Problem, ...] = ()
    is_readable: bool = True
    """False where there is nothing to check: no file, or not YAML."""
    is_whole: bool = True
    """False where part of it is missing, for a file that it includes could not be read: that is a problem already."""
    places: Mapping[PathTo, Place] = field(default_factory=dict, repr=False)
    key_places: Mapping[PathTo, Place] = field(default_factory=dict, repr=False)
    fillings: Mapping[PathTo, tuple[Filling, ...]] = field(default_factory=dict, repr=False)
    unfilled: frozenset[PathTo] = frozenset()
    """Values whose placeholder could not be filled: a problem already, so no second one about what they hold."""
    sources: Sources = field(default_factory=Sources, repr=False)
    """For whoever watches the files: these are named by a document that is not readable, too."""
    _leaks: list[Leaks] = field(default_factory=list, init=False, repr=False, compare=False)
    """One, once it is needed."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that was asked for, there or not: the main one, included ones, `.env`, those of `${file:…}`."""
        return tuple(self.sources.files)

    def mark(self, path: PathTo) -> tuple[str, int, int]:
        """File, line and column of the value at `path`, or of its nearest ancestor that exists."""
        for length in range(len(path), -1, -1):
            if place := self.places.get(path[:length]):
                return place
        return self.file, 0, 0

    def key_mark(self, path: PathTo) -> tuple[str, int, int]:
        """File, line and column of the key of `path`; of the value where that is an item of a list, or the root."""
        for length in range(len(path), -1, -1):
            if place := self.key_places.get(path[:length]) or self.places.get(path[:length]):
                return place
        return self.file, 0, 0

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
        if not self._leaks:
            self._leaks.append(Leaks(filling for fillings in self.fillings.values() for filling in fillings))
        source = self._leaks[0].source(message)
        for length in range(len(path) + 1):
            if source is None and (own := self.fillings.get(path[:length])):
                source = Leaks(own, at_least=1).source(message)
        return message if source is None else f"the value that comes from ${{{source}}} is not accepted here"


def read(path: Path | str, environ: Mapping[str, str]) -> Document:
    """Read the file at `path` and what it includes, with `.env` beside it; where both set a variable, `environ` wins.

    Places name an included file by its path from where the main one was named: `conf/rules/a.yaml`.
    """
    file, path, reader = str(path), Path(path), Reader()
    text = _text(path, file, reader)
    if isinstance(text, Problem):
        return Document(file, None, (text,), is_readable=False, sources=Sources(reader.digests))
    read_one = partial(reader.read, is_special_fine=True)  # some keep secrets in a pipe in place of .env
    variables, problems = read_dotenv(path.parent / ".env", read_one)
    return _parse(text, file, path.parent, Surroundings({**variables, **environ}, reader), problems)


def parse(
    text: str,
    file: str,
    variables: Mapping[str, str],
    folder: Path = Path(),
    problems: Sequence[Problem] = (),
) -> Document:
    """The document in `text` and what it includes; `problems` are those found on the way here."""
    return _parse(text, file, folder, Surroundings(variables, Reader()), problems)


def _text(path: Path, file: str, reader: Reader) -> str | Problem:
    try:
        return decode(reader.read(path, is_special_fine=True), file)
    except FileNotFoundError:
        message = "there is no such file; copy config.example.yaml to it, or name another with -c"
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
    return Problem(file, 0, 0, message)


def _parse(text: str, file: str, folder: Path, surroundings: Surroundings, problems: Sequence[Problem]) -> Document:
    files = surroundings.reader.digests
    tree = grow(text, file, folder, surroundings)
    if isinstance(tree, Problem):
        return Document(file, None, (*problems, tree), is_readable=False, sources=Sources(files))
    included = follow(tree, folder, surroundings)
    return Document(
        file,
        tree.value,
        (*problems, *tree.problems),
        is_whole=included.is_whole,
        places=tree.places,
        key_places=tree.key_places,
        fillings=tree.fillings,
        unfilled=frozenset(tree.unfilled),
        sources=Sources(files, included.patterns),
    )
