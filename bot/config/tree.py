"""Plain values, each with its path, its place and what its placeholders stood for. Knows no YAML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.config.placeholders import Filling
from bot.model.errors import Problem

PathTo = tuple[str | int, ...]
"""Keys and list indexes from the root: ("rules", 0, "when", "score")."""


class Place(NamedTuple):
    """Where a value stands; line and column count from 1, and are 0 for a file as a whole."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(slots=True)
class Tree:
    """What one file holds, or several that were joined."""

    file: str
    value: object = field(default=None, repr=False)
    """Mappings with text keys, lists, text, numbers, booleans and None."""
    problems: list[Problem] = field(default_factory=list)
    places: dict[PathTo, Place] = field(default_factory=dict, repr=False)
    key_places: dict[PathTo, Place] = field(default_factory=dict, repr=False)
    fillings: dict[PathTo, tuple[Filling, ...]] = field(default_factory=dict, repr=False)
    unfilled: set[PathTo] = field(default_factory=set)

    def forget(self, root: PathTo) -> None:
        """Drop what is known of the paths at and below `root`."""
        length = len(root)
        self.places = {path: place for path, place in self.places.items() if path[:length] != root}
        self.key_places = {path: place for path, place in self.key_places.items() if path[:length] != root}
        self.fillings = {path: found for path, found in self.fillings.items() if path[:length] != root}
        self.unfilled = {path for path in self.unfilled if path[:length] != root}


def child(value: object, step: str | int) -> object:
    """What `value` holds under `step`. Raises KeyError where that is nothing."""
    if isinstance(value, Mapping) and step in value:
        return value[step]
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    raise KeyError(step)
