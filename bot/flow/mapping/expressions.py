"""What the expressions of a map are made of: paths into a frame, numbers, arithmetic and a few functions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Operator = Literal["+", "-", "*", "/"]


class Function(NamedTuple):
    """One function of the closed set."""

    fewest: int
    most: int
    parts: tuple[str, ...] = ()
    """What can follow the call behind a dot."""


FUNCTIONS: dict[str, Function] = {
    "occ": Function(1, 1, ("ticker", "type", "strike", "expiry")),
    "et": Function(1, 2),
    "et_date_ms": Function(2, 2),
    "join": Function(2, 6),
}
"""What each does, `bot.flow.mapping.functions` says."""


@dataclass(frozen=True, slots=True)
class Path:
    """Where a value stands: keys and list indexes, from the record or, after `$`, from the whole frame."""

    steps: tuple[str | int, ...]
    is_from_frame: bool = False

    def __str__(self) -> str:
        text = "$" if self.is_from_frame else ""
        for step in self.steps:
            if isinstance(step, int):
                text += f"[{step}]"
            elif _NAME.fullmatch(step):
                text += f".{step}" if text else step
            else:
                text += f"['{step}']"
        return text


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Negation:
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Operation:
    operator: Operator
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple["Expression", ...]
    part: str = ""


Expression = Path | Number | Negation | Operation | Call


def paths(expression: Expression) -> Iterator[Path]:
    """The paths that it reads, from left to right."""
    match expression:
        case Path():
            yield expression
        case Negation(operand):
            yield from paths(operand)
        case Operation(_, left, right):
            yield from paths(left)
            yield from paths(right)
        case Call(_, arguments):
            for argument in arguments:
                yield from paths(argument)
        case Number():
            pass
