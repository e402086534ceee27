"""What `when` means, as a tree: tests of single facts, joined by all, any and not. Values are normalised here."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

Value: TypeAlias = float | str | date | bool
Operator = Literal[">=", "<=", ">", "<", "==", "!="]


@dataclass(frozen=True, slots=True)
class Compare:
    """One fact against one value; text knows only == and !=."""

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class OneOf:
    """One fact among some values, in the order in which they were written; none at all is never true."""

    field: str
    values: tuple[Value, ...]
    name: str = ""
    """What the admin calls these values: one of `lists`, or of `watchlists`."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A ticker on a watchlist, which changes while the service runs: `resolve` makes a OneOf of it before anything
    judges it."""

    watchlist: str


@dataclass(frozen=True, slots=True)
class Between:
    """One fact from `low` to `high`, both included."""

    field: str
    low: Value
    high: Value


@dataclass(frozen=True, slots=True)
class All:
    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Any:
    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    part: "Node"


Test: TypeAlias = Compare | OneOf | Between
Node: TypeAlias = Test | Watched | All | Any | Not
