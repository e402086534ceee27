"""Follows `include:`: reads the files that a configuration names and joins them to it. Knows no setting."""

import os
from collections.abc import Iterable
from glob import has_magic
from pathlib import Path
from typing import Final, NamedTuple

from bot.config.growing import grow
from bot.config.joining import join
from bot.config.placeholders import Surroundings
from bot.config.sources import MAX_FILE_BYTES, Pattern, normal
from bot.config.tree import PathTo, Place, Tree
from bot.model.errors import Problem

INCLUDE: Final = "include"
MAX_NESTING: Final = 8
"""Files that include one another, below the main file."""
MAX_FILES: Final = 1_000
"""The main file among them."""


class Included(NamedTuple):
    """What following `include:` came to, besides what was added to the tree."""

    patterns: tuple[Pattern, ...]
    is_whole: bool
    """Whether all that was to be included could be."""


def follow(tree: Tree, folder: Path, surroundings: Surroundings) -> Included:
    """Add to `tree`, that of the main file, which stands in `folder`, all that it and those files include.

    A relative path begins at the folder of the file that says it. A pattern passes over files that are read already.
    What a placeholder puts into a path is no secret from then on: the names of files show it.
    """
    follower = _Follower(tree, surroundings._replace(beside=tree.file))
    follower.follow(follower.take_out(tree, folder), (Path(tree.file),))
    return Included(tuple(follower.patterns), follower.is_whole)


def decode(content: bytes, file: str) -> str | Problem:
    """The text of a file of YAML, or why it has none."""
    if len(content) > MAX_FILE_BYTES:
        return Problem(file, 0, 0, f"larger than {MAX_FILE_BYTES >> 20} MiB: is it the right file?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        column = error.start - error.object.rfind(b"\n", 0, error.start)
        return Problem(file, line, column, "not UTF-8; save the file in that encoding")


class _Entry(NamedTuple):
    """One path or pattern, as it was said."""

    text: str
    shown: str
    """For messages: what it names, or the placeholder that it came from."""
    folder: Path
    """Where it begins."""
    place: Place


class _Follower:
    def __init__(self, whole: Tree, surroundings: Surroundings) -> None:
        self.patterns: list[Pattern] = []
        self.is_whole = True
        self._whole = whole
        self._surroundings = surroundings
        self._places: dict[str, Place] = {_identity(Path(whole.file)): Place(whole.file, 0, 0)}
        """Of every file that was read, where it was included."""

    def take_out(self, tree: Tree, folder: Path) -> list[_Entry]:
        """What `tree` includes; from then on it does not say so any more."""
        if not isinstance(tree.value, dict) or INCLUDE not in tree.value:
            return []
        raw, root = tree.value.pop(INCLUDE), (INCLUDE,)
        items: list[tuple[PathTo, object]] = [(root, raw)]
        if isinstance(raw, list):
            items = [((*root, index), item) for index, item in enumerate(raw)]
        entries = []
        for path, item in items:
            if path in tree.unfilled:
                self.is_whole = False
            elif isinstance(item, str) and item.strip() and "\0" not in item:
                fillings = tree.fillings.get(path)
                shown = f"what ${{{fillings[0].source}}} names" if fillings else str(normal(folder / item))
                entries.append(_Entry(item, shown, folder, tree.places[path]))
            elif raw is not None:
                self._tell(Problem(*tree.places[path], "include: expected the path of a file, or a list of paths"))
        tree.forget(root)
        return entries

    def follow(self, entries: Iterable[_Entry], above: tuple[Path, ...]) -> None:
        """Read what `entries` name; `above` are the files on the way here."""
        for entry in entries:
            if len(above) > MAX_NESTING:
                self._refuse(entry, f"files include one another more than {MAX_NESTING} deep here")
            elif has_magic(entry.text):
                self._follow_pattern(entry, above)
            else:
                self._follow_path(entry, above)

    def _follow_path(self, entry: _Entry, above: tuple[Path, ...]) -> None:
        path = normal(entry.folder / entry.text)
        identity = _identity(path)
        self._surroundings.reader.note(path)
        if identity in map(_identity, above):
            self._refuse(entry, f"it includes itself: {' → '.join(map(str, (*above, path)))}")
        elif identity in self._places:
            self._refuse(entry, f"it is included already, at {self._places[identity]}")
        elif len(self._places) >= MAX_FILES:
            self._refuse(entry, f"these are more than {MAX_FILES} files")
        else:
            self._add(entry, path, entry.shown, above)

    def _follow_pattern(self, entry: _Entry, above: tuple[Path, ...]) -> None:
        if "**" in entry.text:
            self._refuse(entry, "** is not known here; name each folder, such as rules/*/*.yaml")
            return
        pattern = Pattern(entry.folder, entry.text)
        found = pattern.files()
        if len(self._places) + len(found) > MAX_FILES:
            self._refuse(entry, f"these are more than {MAX_FILES} files")
            return
        self.patterns.append(pattern)
        if all(_identity(path) == _identity(above[-1]) for path in found):
            self._refuse(entry, "no file matches")
        for path in found:
            self._surroundings.reader.note(path)
            if _identity(path) not in self._places:
                self._add(entry, path, str(path), above)

    def _add(self, entry: _Entry, path: Path, shown: str, above: tuple[Path, ...]) -> None:
        """Read one file, join it to the whole, and what it includes after it."""
        self._places[_identity(path)] = entry.place
        text = self._read(entry, path)
        tree = grow(text, str(path), path.parent, self._surroundings) if isinstance(text, str) else text
        if isinstance(tree, Tree):
            if not isinstance(tree.value, dict):
                self._refuse(entry, "the file must be a mapping of sections, such as rules:", shown)
            entries = self.take_out(tree, path.parent)
            join(self._whole, tree)
            self.follow(entries, (*above, path))
        elif tree.line:
            self._tell(tree)
        else:
            self._refuse(entry, tree.message, shown)

    def _read(self, entry: _Entry, path: Path) -> str | Problem:
        """The text of a file, or why it has none; on line 0 where that is no fault of what it holds."""
        try:
            return decode(self._surroundings.reader.read(path), str(path))
        except FileNotFoundError:
            message = "there is no such file"
        except IsADirectoryError:
            message = f"it is a folder; name its files, such as {entry.text.rstrip('/')}/*.yaml"
        except OSError as error:
            message = f"it cannot be read: {error.strerror}"
        return Problem(str(path), 0, 0, message)

    def _refuse(self, entry: _Entry, reason: str, shown: str = "") -> None:
        self._tell(Problem(*entry.place, f"cannot include {shown or entry.shown}: {reason}"))

    def _tell(self, problem: Problem) -> None:
        self._whole.problems.append(problem)
        self.is_whole = False


def _identity(path: Path) -> str:
    """The same for all names of a file."""
    return os.path.realpath(path)
