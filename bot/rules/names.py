"""What an admin has given names to, beside rules: lists of values, clauses, and tickers to watch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.config.tree import PathTo
from bot.rules.clauses import Node


class Item(NamedTuple):
    """One value of a list, as it was written; what it means depends on the fact it is used for."""

    text: str
    path: PathTo
    """Where it stands, from the root of the file."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The sections `lists`, `define` and `watchlists`. Its names hold in every rule."""

    lists: Mapping[str, tuple[Item, ...] | None] = field(default_factory=dict)
    """Lists that a list names are written out in it. None: it has a problem, which was told."""
    definitions: Mapping[str, Node | None] = field(default_factory=dict)
    """None likewise."""
    watchlists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The tickers that the file gives them; commands change them later."""
    flawed: frozenset[PathTo] = frozenset()
    """Items of lists and watchlists of which a problem was told."""
    is_whole: bool = True
    """False where a file that may define more could not be read; then no name is unknown for sure."""
    meanings: dict[tuple[str, str], Node] = field(default_factory=dict, repr=False, compare=False)
    """What a list means for a fact, by their names: kept, because long lists are used often."""


NO_NAMES = Vocabulary()
