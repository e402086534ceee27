"""Joins the trees of several files into one, so that every path of the whole still knows its own file."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.config.tree import PathTo, Tree
from bot.model.errors import Problem

LISTS: Final = frozenset({"rules"})
"""Sections whose items follow one another, file by file."""
NAMES: Final = frozenset({"providers", "destinations", "lists", "define", "watchlists", "links"})
"""Sections to which every file may add names of its own. Any other section stands in one file."""

_Move = Callable[[PathTo], PathTo | None]
"""Where a path of the part stands in the whole, or None where it does not."""


def join(whole: Tree, part: Tree) -> None:
    """Add `part` to `whole`, both mappings of sections; what is said twice is a problem, and the first stands."""
    whole.problems += part.problems
    sections, own = whole.value, part.value
    if not isinstance(sections, dict) or not isinstance(own, Mapping):
        return
    moves: dict[str | int, _Move] = {}
    for section, value in own.items():
        there = sections.get(section)
        if there is None:
            sections[section], moves[section] = value, _stay
        elif section in LISTS and isinstance(there, list) and isinstance(value, list):
            moves[section] = _shift(len(there))
            there += value
        elif section in NAMES and isinstance(there, dict) and isinstance(value, Mapping):
            moves[section] = _add_names(whole, part, section, there, value)
        elif value is not None:
            whole.problems.append(_twice(whole, part, (section,), f'the section "{section}"'))
    _move(whole, part, moves)


def _add_names(whole: Tree, part: Tree, section: str, there: dict[str, object], value: Mapping[str, object]) -> _Move:
    taken = value.keys() & there.keys()
    for name in value:
        if name in taken:
            whole.problems.append(_twice(whole, part, (section, name), f'"{name}" in {section}'))
        else:
            there[name] = value[name]
    return lambda path: path if len(path) > 1 and path[1] not in taken else None


def _twice(whole: Tree, part: Tree, path: PathTo, what: str) -> Problem:
    return Problem(*part.key_places[path], f"{what} is said twice; it stands first at {whole.key_places[path]}")


def _stay(path: PathTo) -> PathTo:
    return path


def _shift(by: int) -> _Move:
    return lambda path: (path[0], int(path[1]) + by, *path[2:]) if len(path) > 1 else None


def _move(whole: Tree, part: Tree, moves: Mapping[str | int, _Move]) -> None:
    def target(path: PathTo) -> PathTo | None:
        move = moves.get(path[0]) if path else None
        return move(path) if move else None

    for path, place in part.places.items():
        if moved := target(path):
            whole.places[moved] = place
    for path, place in part.key_places.items():
        if moved := target(path):
            whole.key_places[moved] = place
    for path, fillings in part.fillings.items():
        if moved := target(path):
            whole.fillings[moved] = fillings
    whole.unfilled.update(moved for path in part.unfilled if (moved := target(path)))
