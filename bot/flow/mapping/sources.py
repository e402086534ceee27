"""Where a fact can come from: an expression, aliases, a constant, words put into ours, flags, a unit."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.flow.mapping.expressions import Expression, Path, paths
from bot.flow.mapping.functions import Unit

Constant = str | float | bool


@dataclass(frozen=True, slots=True)
class Written:
    """An expression, as it was written."""

    expression: Expression
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same for every print."""

    value: Constant

    def __str__(self) -> str:
        return f"constant {self.value}"


@dataclass(frozen=True, slots=True)
class FirstOf:
    """The first of these that is there."""

    options: tuple["Source", ...]

    def __str__(self) -> str:
        return " | ".join(map(str, self.options))


@dataclass(frozen=True, slots=True)
class Translated:
    """The feed's word in ours; of a list of words (tags) the first one of the table that is in it."""

    source: "Source"
    words: tuple[tuple[str, Constant], ...]
    otherwise: Constant | None
    """For a word that the table lacks; None: missing."""

    def __str__(self) -> str:
        return f"{self.source}, by map"


@dataclass(frozen=True, slots=True)
class Flagged:
    """The word of the first flag that is up."""

    flags: tuple[tuple[Written, Constant], ...]

    def __str__(self) -> str:
        return f"flags {', '.join(flag.text for flag, _ in self.flags)}"


@dataclass(frozen=True, slots=True)
class Measured:
    """A value whose unit is known."""

    source: "Source"
    unit: Unit
    fact: str

    def __str__(self) -> str:
        return f"{self.source}, in {self.unit}"


Source = Written | Fixed | FirstOf | Translated | Flagged | Measured


def paths_of(source: Source) -> Iterator[Path]:
    """Every path that the source may read, in the order in which it is looked at."""
    match source:
        case Written(expression):
            yield from paths(expression)
        case FirstOf(options):
            for option in options:
                yield from paths_of(option)
        case Translated(inner) | Measured(inner):
            yield from paths_of(inner)
        case Flagged(flags):
            for flag, _ in flags:
                yield from paths(flag.expression)
        case Fixed():
            pass
