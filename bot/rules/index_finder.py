"""Writes the function that looks a print up in columns, one after the other, until no rule is left."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeVar, cast

from bot.model.prints import Print
from bot.rules.index_columns import Column, Ordered
from bot.rules.vocabulary import FACTS

T = TypeVar("T")

MOST_SHAPES: Final = 256


def finder(
    columns: Mapping[str, Column],
    hit: Callable[[int, Print], Sequence[T]],
    more: Callable[[Print], Sequence[T]] | None = None,
) -> Callable[[Print], Sequence[T]]:
    """A function that gives what `hit` says of the slots that all columns leave over.

    Where they leave none it gives what `more` says, or the empty tuple. What is in columns may go on changing, but not
    which ones they are.
    """
    if more is not None and not columns:
        return more
    tables: list[object] = []
    for column in columns.values():
        tables += (column.keys, column.sets) if isinstance(column, Ordered) else (column,)
    shape = tuple((FACTS[field].attribute, isinstance(column, Ordered)) for field, column in columns.items())
    made = _maker(shape, more is not None)(hit, more, bisect_right, *tables)
    return cast("Callable[[Print], Sequence[T]]", made)


@lru_cache(MOST_SHAPES)
def _maker(shape: tuple[tuple[str, bool], ...], has_more: bool) -> Callable[..., object]:
    """Makes finders of columns for these attributes, each ordered or not.

    It is written out because a loop over the columns costs as much as the columns. No text of the user's is in it.
    """
    miss = "return more(found)" if has_more else "return ()"
    names, lines = ["hit", "more", "bisect"], []
    for n, (attribute, is_ordered) in enumerate(shape):
        left = "left &=" if n else "left ="
        if is_ordered:
            names += f"keys{n}", f"sets{n}"
            lines.append(f"value = found.{attribute}")
            lines.append(f"{left} sets{n}[-1 if value is None else bisect(keys{n}, value)]")
        else:
            names.append(f"words{n}")
            lines.append(f"{left} words{n}[found.{attribute}]")
        lines.append(f"if not left: {miss}")
    lines.append("return hit(left, found)" if shape else miss)
    body = "".join(f"        {line}\n" for line in lines)
    namespace: dict[str, Callable[..., object]] = {}
    exec(f"def make({', '.join(names)}):\n    def find(found):\n{body}    return find", namespace)  # noqa: S102 as said
    return namespace["make"]
