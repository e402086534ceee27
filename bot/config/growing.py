"""Grows one file of YAML into a tree of plain values: fills its placeholders, remembers places, gathers problems."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from bot.config.placeholders import Surroundings, fill
from bot.config.syntax import MAX_DEPTH, MERGE_KEY, position, read_events, scalar
from bot.config.tree import PathTo, Place, Tree
from bot.model.errors import Problem

MAX_ALIASED = 10_000
"""Values that aliases may add to a file. Nine lines of them can otherwise stand for a billion."""


def grow(text: str, file: str, folder: Path, surroundings: Surroundings) -> Tree | Problem:
    """The tree of `text`, which stands in `file`, or why it is none; in placeholders, paths begin at `folder`."""
    events = read_events(text, file)
    if isinstance(events, Problem):
        return events
    if not events:
        return Problem(file, 0, 0, "the file is empty")
    builder = _Builder(events, file, folder, surroundings)
    builder.tree.value = builder.build(())
    return builder.tree


class _Builder:
    """Turns events into plain values and remembers places; collects every problem on the way.

    What an alias stands for is read again from where its anchor is.
    """

    def __init__(self, events: Sequence[yaml.Event], file: str, folder: Path, surroundings: Surroundings) -> None:
        self.tree = Tree(file)
        self._events = events
        self._at = 0
        self._folder = folder
        self._surroundings = surroundings
        self._anchors = self._find_anchors()
        self._open_aliases = 0
        self._aliased = 0
        self._is_refused = False

    def build(self, path: PathTo) -> object:
        """The value that begins with the next event."""
        event = self._next()
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        self.tree.places[path] = self._place(event)
        if self._open_aliases and self._is_too_much(event, path):
            self._skip(event)
            return None
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        return self._mapping(path) if isinstance(event, yaml.MappingStartEvent) else self._sequence(path)

    def _sequence(self, path: PathTo) -> list[object]:
        found: list[object] = []
        while not isinstance(self._events[self._at], yaml.SequenceEndEvent):
            found.append(self.build((*path, len(found))))
        self._at += 1
        return found

    def _mapping(self, path: PathTo) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(key := self._next(), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                complaint = "a key must be text"
            elif key.value in found:
                line = self.tree.key_places[*path, key.value].line
                complaint = f'duplicate key "{key.value}"; it stands first at line {line}'
            elif key.value == MERGE_KEY:
                complaint = "merge keys (<<) are not supported; write the fields out"
            else:
                here = (*path, key.value)
                self.tree.key_places[here] = self._place(key)
                found[key.value] = self.build(here)
                continue
            self._complain(key, complaint)
            self._skip(key)
            self._skip(self._next())
        return found

    def _scalar(self, event: yaml.ScalarEvent, path: PathTo) -> object:
        try:
            value = scalar(event)
        except ValueError as error:
            self._complain(event, str(error))
            self.tree.unfilled.add(path)
            return None
        if not isinstance(value, str) or "${" not in value:
            return value
        filled = fill(value, self._folder, self._surroundings)
        if filled.fillings:
            self.tree.fillings[path] = filled.fillings
        for problem in filled.problems:
            self.tree.unfilled.add(path)
            self._complain(event, problem)
        return filled.text

    def _alias(self, event: yaml.AliasEvent, path: PathTo) -> object:
        behind = self._at
        anchor = self._anchors.get(event.anchor, behind)
        if anchor >= behind or self._is_refused:
            self.tree.places[path] = self._place(event)
            self.tree.unfilled.add(path)
            if not self._is_refused:
                self._complain(
                    event, "an alias (*name) whose anchor (&name) is not above it; put text with a star in quotes"
                )
            return None
        self._at = anchor
        self._open_aliases += 1
        value = self.build(path)
        self._open_aliases -= 1
        self._at = behind
        return value

    def _is_too_much(self, event: yaml.Event, path: PathTo) -> bool:
        """A few lines of aliases of aliases stand for billions of values, and an alias inside itself never ends."""
        self._aliased += 1
        if self._aliased <= MAX_ALIASED and len(path) <= MAX_DEPTH:
            return self._is_refused
        if not self._is_refused:
            self._complain(event, f"aliases that add more than {MAX_ALIASED} values, or hold themselves; write it out")
        self._is_refused = True
        return True

    def _find_anchors(self) -> dict[str | None, int]:
        found: dict[str | None, int] = {}
        for index, event in enumerate(self._events):
            if not isinstance(event, yaml.NodeEvent) or isinstance(event, yaml.AliasEvent) or not event.anchor:
                continue
            if found.setdefault(event.anchor, index) != index:
                self._complain(event, f"there is an anchor &{event.anchor} above; give this one another name")
        return found

    def _next(self) -> yaml.Event:
        self._at += 1
        return self._events[self._at - 1]

    def _skip(self, event: yaml.Event) -> None:
        """Go behind the value that `event`, the last one taken, began."""
        depth = int(isinstance(event, yaml.CollectionStartEvent))
        while depth:
            event = self._next()
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)

    def _complain(self, event: yaml.Event, message: str) -> None:
        self.tree.problems.append(Problem(*self._place(event), message))

    def _place(self, event: yaml.Event) -> Place:
        return Place(self.tree.file, *position(event))
