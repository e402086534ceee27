"""A tree of YAML nodes as plain values, each with its path, its place and what its placeholders stood for."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from bot.config.placeholders import Filling, fill
from bot.config.syntax import MAX_DEPTH, MERGE_KEY, scalar
from bot.model.errors import Problem

PathTo = tuple[str | int, ...]
"""Keys and list indexes from the root: ("rules", 0, "when", "score")."""

MAX_ALIASED = 10_000
"""Values that aliases may add to a file. Nine lines of them can otherwise stand for a billion."""


class Place(NamedTuple):
    """Where a value stands; both count from 1."""

    line: int
    column: int


def child(value: object, step: str | int) -> object:
    """What `value` holds under `step`. Raises KeyError where that is nothing."""
    if isinstance(value, Mapping) and step in value:
        return value[step]
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    raise KeyError(step)


class TreeBuilder:
    """Turns nodes into plain values and remembers places; collects every problem on the way."""

    def __init__(self, file: str, variables: Mapping[str, str], folder: Path) -> None:
        self.problems: list[Problem] = []
        self.places: dict[PathTo, Place] = {}
        self.key_places: dict[PathTo, Place] = {}
        self.fillings: dict[PathTo, tuple[Filling, ...]] = {}
        self.unfilled: set[PathTo] = set()
        self._file = file
        self._variables = variables
        self._folder = folder
        self._seen: set[int] = set()
        self._aliased = 0
        self._is_refused = False

    def build(self, node: yaml.Node, path: PathTo) -> object:
        self.places[path] = _place(node)
        if self._is_too_much(node, path):
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, path: PathTo) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._complain(key, "a key must be text")
                continue
            name, here = key.value, (*path, key.value)
            if name in found:
                self._complain(key, f'duplicate key "{name}"; it stands first at line {self.key_places[here].line}')
                continue
            if name == MERGE_KEY:
                self._complain(key, "merge keys (<<) are not supported; write the fields out")
                continue
            self.key_places[here] = _place(key)
            found[name] = self.build(item, here)
        return found

    def _scalar(self, node: yaml.ScalarNode, path: PathTo) -> object:
        try:
            value = scalar(node)
        except ValueError as error:
            self._complain(node, str(error))
            self.unfilled.add(path)
            return None
        if not isinstance(value, str):
            return value
        filled = fill(value, self._variables, self._folder)
        if filled.fillings:
            self.fillings[path] = filled.fillings
        for problem in filled.problems:
            self.unfilled.add(path)
            self._complain(node, problem)
        return filled.text

    def _is_too_much(self, node: yaml.Node, path: PathTo) -> bool:
        """Aliases share their anchor's node: one met again is a copy, and one inside itself never ends."""
        if id(node) in self._seen:
            self._aliased += 1
        self._seen.add(id(node))
        if self._aliased > MAX_ALIASED or len(path) > MAX_DEPTH:
            if not self._is_refused:
                self._complain(
                    node, f"aliases that add more than {MAX_ALIASED} values, or hold themselves; write it out"
                )
            self._is_refused = True
            return True
        return False

    def _complain(self, node: yaml.Node, message: str) -> None:
        self.problems.append(Problem(self._file, *_place(node), message))


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
